package rssac002_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/rssac002"
)

var update = flag.Bool("update", false, "write the golden files anew")

var firstDay = time.Date(2020, time.March, 1, 0, 0, 0, 0, time.UTC)

// world is forty days of made-up figures: each letter has a level of its own, a
// weekly rhythm of 6 % and IPv4 sources.
type world map[dnsroot.Letter][]rssac002.Figures

func newWorld(letters string) world {
	w := world{}
	for i, l := range []byte(letters) {
		for d := range 40 {
			level := uint64(3_000_000_000 + 100_000_000*i)
			wave := []uint64{100, 102, 103, 102, 101, 97, 97}[d%7]
			w[dnsroot.Letter(l)] = append(w[dnsroot.Letter(l)], rssac002.Figures{
				Letter: dnsroot.Letter(l), Day: firstDay.AddDate(0, 0, d),
				UDP4: new(level * wave / 100), TCP4: new(level * wave / 10000), UDP6: new(level * wave / 1000), TCP6: new(level * wave / 100000),
				IPv4: new(2_500_000 * wave / 100),
			})
		}
	}
	return w
}

// scale multiplies figures of one letter on one day.
func (w world) scale(l dnsroot.Letter, d int, queries, sources float64) {
	f := &w[l][d]
	f.UDP4 = new(uint64(float64(*f.UDP4) * queries))
	f.IPv4 = new(uint64(float64(*f.IPv4) * sources))
}

func (w world) statistics() *rssac002.Statistics {
	s := &rssac002.Statistics{}
	for _, figures := range w {
		s.Add(figures...)
	}
	return s
}

func (w world) judge(d int) rssac002.Day { return rssac002.Findings(w.statistics()).Days[d] }

func TestFindings(t *testing.T) {
	const at = 30
	type impacts map[dnsroot.Letter]rssac002.Impact
	for name, test := range map[string]struct {
		letters string
		change  func(w world)
		verdict rssac002.Verdict
		kind    rssac002.Kind
		want    impacts
	}{
		"nothing": {"abcdef", func(world) {}, rssac002.Quiet, rssac002.KindUnknown, impacts{'a': rssac002.ImpactNotHit, 'g': rssac002.ImpactNoData}},
		"two stand out, one comes along, one does not": {"abcdef", func(w world) {
			w.scale('a', at, 8, 400)
			w.scale('b', at, 3, 150)
			w.scale('c', at, 1.6, 40)
			w.scale('d', at, 1.2, 1.1)
		}, rssac002.Attack, rssac002.KindRandomSources, impacts{
			'a': rssac002.ImpactHit, 'b': rssac002.ImpactHit, 'c': rssac002.ImpactHit, 'd': rssac002.ImpactNotHit, 'm': rssac002.ImpactNoData,
		}},
		"more traffic without the event's sources is no hit": {"abcdef", func(w world) {
			w.scale('a', at, 8, 400)
			w.scale('b', at, 3, 150)
			w.scale('c', at, 1.6, 1.1)
		}, rssac002.Attack, rssac002.KindRandomSources, impacts{'c': rssac002.ImpactNotHit}},
		"sources multiplied, not beyond what exists": {"abcdef", func(w world) {
			w.scale('a', at, 8, 10)
			w.scale('b', at, 3, 10)
		}, rssac002.Attack, rssac002.KindManySources, impacts{'a': rssac002.ImpactHit}},
		"the usual sources asking more": {"abcdef", func(w world) {
			w.scale('a', at, 8, 1.1)
			w.scale('b', at, 3, 1)
		}, rssac002.Unknown, rssac002.KindKnownSources, impacts{'a': rssac002.ImpactHit}},
		"no sources published": {"abcdef", func(w world) {
			for _, l := range []dnsroot.Letter{'a', 'b'} {
				w.scale(l, at, 8, 1)
				w[l][at].IPv4 = nil
			}
		}, rssac002.Unknown, rssac002.KindUnknown, impacts{'a': rssac002.ImpactHit}},
		"no volume, but the event's sources": {"abcdef", func(w world) {
			w.scale('a', at, 8, 400)
			w.scale('b', at, 3, 150)
			w.scale('c', at, 1, 100)
			w['c'][at].UDP4 = nil
		}, rssac002.Attack, rssac002.KindRandomSources, impacts{'c': rssac002.ImpactHit}},
		"one letter alone": {
			"abcdef", func(w world) { w.scale('a', at, 8, 10) },
			rssac002.Unknown, rssac002.KindUnknown,
			impacts{'a': rssac002.ImpactHit, 'b': rssac002.ImpactNotHit},
		},
		"one letter alone, by more sources than exist": {
			"abcdef", func(w world) { w.scale('a', at, 20, 600) },
			rssac002.Attack, rssac002.KindRandomSources,
			impacts{'a': rssac002.ImpactHit},
		},
		"twice the baseline, alone": {
			"abcdef", func(w world) { w.scale('a', at, 2.1, 1) },
			rssac002.Unknown, rssac002.KindUnknown,
			impacts{'a': rssac002.ImpactUnknown},
		},
		"1.8 times the baseline, alone": {
			"abcdef", func(w world) { w.scale('a', at, 1.8, 1) },
			rssac002.Quiet, rssac002.KindUnknown,
			impacts{'a': rssac002.ImpactNotHit},
		},
		"1.8 times with nobody to compare": {
			"ab", func(w world) { w.scale('a', at, 1.8, 1) },
			rssac002.Unknown, rssac002.KindUnknown,
			impacts{'a': rssac002.ImpactUnknown, 'b': rssac002.ImpactNotHit},
		},
		"0 queries are no data": {
			"abcdef", func(w world) { w['a'][at].UDP4 = new(uint64(0)) },
			rssac002.Quiet, rssac002.KindUnknown,
			impacts{'a': rssac002.ImpactNoData},
		},
		"all columns fall": {"abcdef", func(w world) {
			f := &w['a'][at]
			for _, n := range []**uint64{&f.UDP4, &f.TCP4, &f.UDP6, &f.TCP6} {
				*n = new(**n / 3)
			}
		}, rssac002.Quiet, rssac002.KindUnknown, impacts{'a': rssac002.ImpactReportingGap}},
		"one column falls": {
			"abcdef", func(w world) { w.scale('a', at, 0.3, 1) },
			rssac002.Unknown, rssac002.KindUnknown,
			impacts{'a': rssac002.ImpactUnknown},
		},
		"all columns rise for good a day later": {"abcdef", func(w world) {
			for d := at + 1; d < 40; d++ {
				f := &w['a'][d]
				for _, n := range []**uint64{&f.UDP4, &f.TCP4, &f.UDP6, &f.TCP6} {
					*n = new(**n * 100)
				}
			}
		}, rssac002.Quiet, rssac002.KindUnknown, impacts{'a': rssac002.ImpactReportingGap}},
		"one column rises for good": {"abcdef", func(w world) {
			for d := at; d < 40; d++ {
				w.scale('a', d, 5, 1)
			}
		}, rssac002.Unknown, rssac002.KindUnknown, impacts{'a': rssac002.ImpactUnknown}},
		"a flood over IPv6": {"abcdef", func(w world) {
			for _, l := range []dnsroot.Letter{'a', 'b'} {
				w[l][at].UDP6 = new(*w[l][at].UDP6 * 60)
			}
		}, rssac002.Unknown, rssac002.KindKnownSources, impacts{'a': rssac002.ImpactHit, 'b': rssac002.ImpactHit, 'c': rssac002.ImpactNotHit}},
		"TCP doubling tenfold on little traffic": {"abcdef", func(w world) {
			for _, l := range []dnsroot.Letter{'a', 'b'} {
				w[l][at].TCP4 = new(*w[l][at].TCP4 * 10)
			}
		}, rssac002.Quiet, rssac002.KindUnknown, impacts{'a': rssac002.ImpactNotHit}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(test.letters)
			test.change(w)
			d := w.judge(at)
			assert.Equal(t, test.verdict, d.Verdict, d.String())
			assert.Equal(t, test.kind, d.Kind, d.String())
			for l, want := range test.want {
				assert.Equal(t, want, impact(d, l), "%s: %v", l, d.Letters[l-'a'].Evidence)
			}
		})
	}
}

// Both days of an event lie in each other's baseline, and the days after it too.
func TestEventOfSeveralDaysKeepsItsBaseline(t *testing.T) {
	w := newWorld("abcdef")
	for d := 30; d < 32; d++ {
		w.scale('a', d, 9, 400)
		w.scale('b', d, 4, 150)
	}
	r := rssac002.Findings(w.statistics())
	for d, want := range map[int]rssac002.Impact{29: rssac002.ImpactNotHit, 30: rssac002.ImpactHit, 31: rssac002.ImpactHit, 32: rssac002.ImpactNotHit} {
		assert.Equal(t, want, impact(r.Days[d], 'b'), "day %d", d)
	}
}

func TestTooFewDaysIsUnknown(t *testing.T) {
	w := newWorld("abcdef")
	for l := range w {
		w[l] = w[l][:5]
	}
	w.scale('a', 4, 20, 1)
	r := rssac002.Findings(w.statistics())
	assert.Equal(t, rssac002.Unknown, r.Verdict)
	assert.Equal(t, rssac002.ImpactUnknown, impact(r.Days[4], 'a'))
	assert.Equal(t, rssac002.Unknown, rssac002.Findings(&rssac002.Statistics{}).Verdict)
	assert.Equal(t, rssac002.Unknown, rssac002.Findings(nil).Verdict)
}

func TestContradictionIsDroppedAndTold(t *testing.T) {
	s := &rssac002.Statistics{}
	f := func(n uint64) rssac002.Figures {
		return rssac002.Figures{Letter: 'a', Day: firstDay.Add(time.Hour), UDP4: new(n)}
	}
	s.Add(f(1), f(1), f(2), f(1))
	require.Len(t, s.Figures, 1)
	assert.Nil(t, s.Figures[0].UDP4)
	require.Len(t, s.Unseen, 1)
	assert.Equal(t, "udp4 of a on 2020-03-01 (published as 1 and as 2)", s.Unseen[0].String())
	assert.Equal(t, firstDay, s.Figures[0].Day)
}

func golden[T any](t *testing.T, name string, value *T) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden.json")
	text, err := json.MarshalIndent(value, "", "  ")
	require.NoError(t, err)
	text = append(text, '\n')
	if *update {
		require.NoError(t, os.WriteFile(file, text, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(text))
	read := new(T)
	require.NoError(t, json.Unmarshal(text, read))
	again, err := json.MarshalIndent(read, "", "  ")
	require.NoError(t, err)
	assert.Equal(t, string(text), string(again)+"\n", "what was written reads back as the same")
}

func TestGoldenJSON(t *testing.T) {
	w := newWorld("abcdef")
	w.scale('a', 30, 8, 400)
	w.scale('b', 30, 3, 150)
	r := rssac002.Findings(w.statistics())
	r.Days, r.Figures = r.Days[30:31], r.Figures[180:183]
	golden(t, "report", r)
	golden(t, "statistics", &rssac002.Statistics{
		Figures: []rssac002.Figures{
			{Letter: 'a', Day: firstDay, UDP4: new(uint64(3)), TCP4: new(uint64(0)), UDP6: new(uint64(1)), TCP6: new(uint64(1))},
			{Letter: 'b', Day: firstDay, IPv4: new(uint64(3)), IPv6: new(uint64(2)), IPv6Aggregate: new(uint64(1))},
		},
		Unseen: []opskit.Gap{{What: "udp4 of c on 2020-03-01", Why: "published as 1 and as 2"}},
	})
	golden(t, "metric", &rssac002.Metric{
		Service: "a.root-servers.net", Version: "rssac002v3", Name: "rcode-volume", Start: firstDay,
		Values: map[string]uint64{"rcodes/0": 7, "rcodes/3": 5},
	})
}

func TestSavedEvidenceSameVerdict(t *testing.T) {
	w := newWorld("abcdef")
	w.scale('a', 30, 8, 400)
	w.scale('b', 30, 3, 150)
	w['c'][30].UDP4 = nil
	live := w.statistics()
	text, err := json.Marshal(live)
	require.NoError(t, err)
	var saved rssac002.Statistics
	require.NoError(t, json.Unmarshal(text, &saved))
	assert.Equal(t, rssac002.Findings(live), rssac002.Findings(&saved))
}
