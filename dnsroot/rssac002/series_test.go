package rssac002_test

import (
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/rssac002"
	"github.com/opskit-go/opskit/internal/lab"
)

// all scales every column of one letter on one day.
func (w world) all(l dnsroot.Letter, d int, factor float64) {
	f := &w[l][d]
	for _, n := range []**uint64{&f.UDP4, &f.TCP4, &f.UDP6, &f.TCP6} {
		*n = new(uint64(float64(**n) * factor))
	}
}

// What the sources, the columns and the days of an event say, as rules.
func TestSeriesRules(t *testing.T) {
	t.Run("sources alone open an event", func(t *testing.T) {
		w := newWorld("acdhjklm")
		for l := range w {
			w.scale(l, 30, 1.7, 280)
		}
		d := w.judge(30)
		assert.Equal(t, rssac002.Attack, d.Verdict, d.String())
		assert.Equal(t, rssac002.KindRandomSources, d.Kind)
		assert.Contains(t, d.String(), "not a reflection")
		for l := range w {
			assert.Equal(t, rssac002.ImpactHit, impact(d, l))
		}
	})
	t.Run("an event of days is one from its first day to its last", func(t *testing.T) {
		w := newWorld("abcdefg")
		for d := 20; d < 24; d++ {
			for _, l := range []dnsroot.Letter{'a', 'b', 'c'} {
				w.all(l, d, 5)
				w.scale(l, d, 1, 300)
			}
		}
		r := rssac002.Findings(w.statistics())
		require.Len(t, r.Events, 1)
		assert.Equal(t, []dnsroot.Letter{'a', 'b', 'c'}, r.Events[0].Letters)
		assert.Equal(t, firstDay.AddDate(0, 0, 20), r.Events[0].First)
		assert.Equal(t, firstDay.AddDate(0, 0, 23), r.Events[0].Last)
		assert.True(t, r.Events[0].Attack)
		assert.Contains(t, r.String(), "2020-03-21 to 2020-03-24: attack")
		assert.Contains(t, r.String(), "36 of 40 days quiet")
	})
	t.Run("a counter at its limit says nothing", func(t *testing.T) {
		w := newWorld("abcdefg")
		for l := range w {
			for d := range w[l] {
				w[l][d].IPv4 = new(uint64(2_000_000))
			}
		}
		for _, l := range []dnsroot.Letter{'a', 'b', 'c'} {
			w.scale(l, 30, 6, 1)
		}
		r := rssac002.Findings(w.statistics())
		assert.Equal(t, rssac002.KindUnknown, r.Days[30].Kind)
		assert.Equal(t, rssac002.Unknown, r.Days[30].Verdict)
		assert.Equal(t, rssac002.ImpactHit, impact(r.Days[30], 'a'))
		assert.Contains(t, r.String(), "the IPv4 sources of a b c d e f g above 2000000 (the counter stands at that figure as at a limit")
	})
	t.Run("the low days are the ones that were not counted, all of them", func(t *testing.T) {
		for name, low := range map[string][2]int{"from the start": {0, 25}, "to the end": {25, 40}, "between": {10, 14}} {
			w := newWorld("abcdefg")
			for d := low[0]; d < low[1]; d++ {
				w.all('c', d, 0.006)
			}
			r := rssac002.Findings(w.statistics())
			for n, d := range r.Days {
				want := rssac002.ImpactNotHit
				if n >= low[0] && n < low[1] {
					want = rssac002.ImpactReportingGap
				}
				assert.Equal(t, want, impact(d, 'c'), "%s: %s", name, d.String())
				assert.Equal(t, rssac002.ImpactNotHit, impact(d, 'a'), name)
			}
		}
	})
	t.Run("a level that stays in one column has one label on all of its days", func(t *testing.T) {
		w := newWorld("abcdefg")
		for d := 15; d < 40; d++ {
			w.scale('b', d, 4, 1)
		}
		r := rssac002.Findings(w.statistics())
		for n, d := range r.Days {
			assert.Equal(t, n >= 15, impact(d, 'b') == rssac002.ImpactUnknown, "%d: %s", n, d.String())
		}
	})
}

func TestSizesShowOneName(t *testing.T) {
	const head = "version: rssac002v5\nservice: a.root-servers.net\nmetric: traffic-sizes\nstart-period: 2020-03-"
	s, err := rssac002.ReadDir(fstest.MapFS{
		"1.yaml": {Data: []byte(head + "30\nudp-request-sizes:\n  16-31: 463008637\n  32-47: 2673126193\n  48-63: 1257214811\n")},
		"2.yaml": {Data: []byte(head + "31\nudp-request-sizes:\n  16-31: 463108637\n  32-47: 5.1e+10\n  48-63: 1285030350\n")},
	})
	require.NoError(t, err)
	w := newWorld("abcdef")
	w.scale('a', 30, 8, 400)
	w.scale('b', 30, 3, 150)
	s.Add(w.statistics().Figures...)
	d := rssac002.Findings(s).Days[30]
	assert.Equal(t, "32-47", d.Size, d.String())
	assert.Contains(t, d.String(), "a: 99.9 % of the excess of 4.84e+10 requests over UDP had 32-47 bytes: one name")
}

// Series with known truth: letters, days, ratios, columns and limits drawn.
func TestBarSeriesWithKnownTruth(t *testing.T) {
	spikes, found, low, named, attacks, seeds := 0, 0, 0, 0, 0, map[lab.Size]int{lab.Small: 12, lab.CI: 40, lab.Full: 200}[lab.Bars()]
	for seed := range uint64(seeds) {
		rng := rand.New(rand.NewPCG(seed, 15))
		w := newWorld(string([]byte("abcdefghijklm")[:5+rng.IntN(9)]))
		for l := range w {
			for d := range w[l] {
				w.all(l, d, math.Exp(0.03*rng.NormFloat64()))
				w.scale(l, d, 1, math.Exp(0.02*rng.NormFloat64()))
			}
		}
		letters := []dnsroot.Letter("abcdefghijklm")[:len(w)]
		hit := map[[2]int]bool{}
		first, days := 9+rng.IntN(25), 1+rng.IntN(5)
		joint := rng.IntN(4) > 0
		if joint {
			column := rng.IntN(3)
			for i, l := range letters {
				if i > 1 && rng.IntN(2) == 0 {
					continue
				}
				ratio := 2.8 + 8*rng.Float64()
				for d := first; d < min(first+days, 40); d++ {
					hit[[2]int{int(l), d}] = true
					excess := ratio * (0.95 + 0.1*rng.Float64())
					switch column {
					case 0:
						w.scale(l, d, excess, 1)
					case 1:
						w.all(l, d, excess)
					default:
						w[l][d].UDP6 = new(uint64(float64(*w[l][d].UDP6) * (5 + excess)))
					}
					w.scale(l, d, 1, 250+100*rng.Float64())
				}
			}
		}
		gap := map[int]bool{}
		if last := letters[len(letters)-1]; rng.IntN(2) == 0 {
			from, length, factor := rng.IntN(40), 1+rng.IntN(25), math.Exp(-0.8-4*rng.Float64())
			for d := from; d < min(from+length, 40); d++ {
				if !hit[[2]int{int(last), d}] && (d < first-1 || d > first+days) {
					gap[d] = true
					w.all(last, d, factor)
				}
			}
			if len(gap) > 20 { // which of two levels is the whole one cannot be told then
				continue
			}
		}
		r := rssac002.Findings(w.statistics())
		for n, d := range r.Days {
			for _, l := range letters {
				got := impact(d, l)
				switch {
				case hit[[2]int{int(l), n}]:
					spikes++
					if got == rssac002.ImpactHit {
						found++
					}
				case gap[n] && l == letters[len(letters)-1]:
					low++
					if got == rssac002.ImpactReportingGap {
						named++
					} else {
						t.Logf("seed %d day %d %s: %s", seed, n, l, d.String())
					}
				default:
					assert.NotEqual(t, rssac002.ImpactHit, got, "seed %d: %s", seed, d.String())
				}
			}
			if d.Verdict == rssac002.Attack && (!joint || n < first || n >= first+days) {
				attacks++
			}
		}
	}
	assert.Zero(t, attacks)
	assert.GreaterOrEqual(t, float64(found), 0.9*float64(spikes))
	assert.GreaterOrEqual(t, float64(named), 0.9*float64(low))
	lab.Bar(t, "rssac002_series", "%d of %d spike days hit, %d false attacks, %d of %d low days named (%d series)", found, spikes, attacks, named, low, seeds)
}

// Floating point is how one letter published some days of 2019.
func TestCountsInFloatingPoint(t *testing.T) {
	const head = "service: l.root-servers.net\nstart-period: '2024-06-13T00:00:00Z'\nmetric: unique-sources\nnum-sources-ipv4: "
	for text, want := range map[string]uint64{"0.0e+00": 0, "3.1e+05": 310000, "12.0": 12, "1E3": 1000, "9007199254740993": 9007199254740993} {
		s, err := rssac002.ReadDir(fstest.MapFS{"a.yaml": {Data: []byte(head + text + "\n")}})
		require.NoError(t, err, text)
		assert.Equal(t, want, *s.Figures[0].IPv4, text)
	}
	for _, text := range []string{"1.5", "-1", "-0.5e1", "1e400", "NaN", "inf", "0x1p4", "1_0.0", "1e19", "e5"} {
		_, err := rssac002.ReadDir(fstest.MapFS{"a.yaml": {Data: []byte(head + text + "\n")}})
		require.ErrorIs(t, err, dnsroot.ErrSyntax, text)
	}
}

// The sizes that a published table of two days has: one name on each.
func TestSizesOf2015(t *testing.T) {
	_, err := os.Stat(lab.Corpus(t, "dnsroot", "a-root-udp-request-sizes.csv"))
	require.NoError(t, err)
	s := table(t, "volume-2015-11_12.csv", "unique-sources-2015-11-29_12-01.csv")
	for date, sizes := range map[string]map[string]uint64{
		"2015-11-30": {"16-31": 463008637, "32-47": 51044950006, "48-63": 1285030350},
		"2015-12-01": {"16-31": 18433505493, "32-47": 2673126193, "48-63": 1257214811},
	} {
		for i := range s.Figures {
			if s.Figures[i].Letter == 'a' && s.Figures[i].Day.Format("2006-01-02") == date {
				s.Figures[i].UDPRequestSizes = sizes
			}
		}
	}
	r := rssac002.Findings(s)
	assert.Equal(t, "32-47", event(t, r, "2015-11-30").Size)
	assert.Equal(t, "16-31", event(t, r, "2015-12-01").Size)
}
