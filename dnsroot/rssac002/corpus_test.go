package rssac002_test

import (
	"encoding/csv"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/rssac002"
	"github.com/opskit-go/opskit/internal/lab"
)

// table reads CSV files of the corpus into statistics.
func table(t testing.TB, names ...string) *rssac002.Statistics {
	t.Helper()
	s := &rssac002.Statistics{}
	for _, name := range names {
		f, err := os.Open(lab.Corpus(t, "dnsroot", name))
		require.NoError(t, err)
		figures, err := rssac002.ParseCSV(f)
		require.NoError(t, f.Close())
		require.NoError(t, err)
		s.Add(figures...)
	}
	return s
}

func event(t testing.TB, r *rssac002.Report, date string) rssac002.Day {
	t.Helper()
	for _, d := range r.Days {
		if d.Day.Format(time.DateOnly) == date {
			return d
		}
	}
	t.Fatalf("no day %s", date)
	return rssac002.Day{}
}

func impact(d rssac002.Day, l dnsroot.Letter) rssac002.Impact { return d.Letters[l-'a'].Impact }

// The event of 2015 as its published figures show it, for every letter and day
// of the table that says what is expected.
func TestBar2015(t *testing.T) {
	expected, err := os.Open(lab.Corpus(t, "dnsroot", "expected-verdict-2015.csv"))
	require.NoError(t, err)
	rows, err := csv.NewReader(expected).ReadAll()
	require.NoError(t, expected.Close())
	require.NoError(t, err)
	r := rssac002.Findings(table(t, "volume-2015-11_12.csv", "unique-sources-2015-11-29_12-01.csv"))
	require.Equal(t, rssac002.Attack, r.Verdict)

	want := map[string]rssac002.Impact{"yes": rssac002.ImpactHit, "no": rssac002.ImpactNotHit, "unknown": rssac002.ImpactNoData}
	judged := 0
	for _, row := range rows[1:] {
		l, err := dnsroot.ParseLetter(row[0])
		require.NoError(t, err)
		for i, date := range []string{"2015-11-30", "2015-12-01"} {
			d := event(t, r, date)
			assert.Equal(t, want[row[1+i]], impact(d, l), "%s on %s: %v", l, date, d.Letters[l-'a'].Evidence)
			assert.Equal(t, rssac002.Attack, d.Verdict)
			assert.Equal(t, rssac002.KindRandomSources, d.Kind)
			assert.Equal(t, "UDP on IPv4", d.Carrier)
			judged++
		}
	}
	assert.Equal(t, 26, judged)
	for _, d := range r.Days { // and no other day of the two months
		if date := d.Day.Format(time.DateOnly); date == "2015-11-30" || date == "2015-12-01" {
			continue
		}
		assert.NotEqual(t, rssac002.Attack, d.Verdict, d.String())
		for _, f := range d.Letters {
			assert.NotEqual(t, rssac002.ImpactHit, f.Impact, "%s: %v", d.Day, f)
		}
	}
	assert.Equal(t, rssac002.ImpactNotHit, impact(event(t, r, "2015-12-18"), 'd'), "1.6 times its baseline without an event")
	assert.Equal(t, rssac002.ImpactReportingGap, impact(event(t, r, "2015-12-15"), 'h'), "a third of everything on one day")
	assert.Equal(t, rssac002.ImpactNoData, impact(event(t, r, "2015-12-14"), 'b'), "b published from the 15th on")
	assert.NotEqual(t, rssac002.ImpactNoData, impact(event(t, r, "2015-12-15"), 'b'))
	lab.Bar(t, "rssac002_2015", "%d letter-days as expected, a c h j k hit, d l m not, b e f g i no data", judged)
}

// Shares of uniformly drawn sources as derived by hand from the same figures.
func TestShareOfRandomSources(t *testing.T) {
	r := rssac002.Findings(table(t, "volume-2015-11_12.csv", "unique-sources-2015-11-29_12-01.csv"))
	first := strings.Join(event(t, r, "2015-11-30").Evidence, "\n")
	assert.Contains(t, first, "c 4.5 %, j 4.6 %, a 4.8 %")
	second := strings.Join(event(t, r, "2015-12-01").Evidence, "\n")
	assert.Contains(t, second, "c 7.3 %, a 8.6 %")
}

func TestBarQuietMonths(t *testing.T) {
	r := rssac002.Findings(table(t, "volume-quiet-2016-04_05.csv"))
	assert.NotEqual(t, rssac002.Attack, r.Verdict)
	unclear := 0
	for _, d := range r.Days {
		for _, f := range d.Letters {
			require.NotEqual(t, rssac002.ImpactHit, f.Impact, "%s %s: %v", d.Day, f.Letter, f.Evidence)
			if f.Impact == rssac002.ImpactUnknown && f.Ratio != nil {
				unclear++
			}
		}
	}
	assert.LessOrEqual(t, unclear, 4, "only what doubles its baseline may be called unclear")
	lab.Bar(t, "rssac002_quiet", "0 hits in %d days, %d letter-days unclear", len(r.Days), unclear)
}

func TestChangeOfCountingIsNoHit(t *testing.T) {
	r := rssac002.Findings(table(t, "volume-artefact-c-2018-01.csv"))
	assert.NotEqual(t, rssac002.Attack, r.Verdict)
	for _, d := range r.Days {
		require.NotEqual(t, rssac002.ImpactHit, impact(d, 'c'), d.String())
	}
	for _, d := range r.Days { // 200 times in all columns, for good: what came before was not counted whole
		want := rssac002.ImpactReportingGap
		if d.Day.Format(time.DateOnly) >= "2018-01-22" {
			want = rssac002.ImpactNotHit
		}
		assert.Equal(t, want, impact(d, 'c'), d.String())
	}
}

// Published YAML and the table agree on what they both have.
func TestYAMLAgreesWithTheTables(t *testing.T) {
	s, err := rssac002.ReadDir(os.DirFS(lab.Corpus(t, "dnsroot", "rssac002")))
	require.NoError(t, err)
	require.Len(t, s.Figures, 5)
	want := table(t, "volume-2015-11_12.csv", "unique-sources-2015-11-29_12-01.csv")
	before := len(want.Figures)
	want.Add(s.Figures...)
	assert.Len(t, want.Figures, before)
	assert.Empty(t, want.Unseen, "no contradiction")
}

// dnscap's rssm plugin writes several documents in one file.
func TestYAMLOfRSSM(t *testing.T) {
	f, err := os.Open(lab.Corpus(t, "dnsroot", "pcap", "rssm-test1.gold"))
	require.NoError(t, err)
	defer f.Close()
	metrics, err := rssac002.ParseYAML(f)
	names := map[string]rssac002.Metric{}
	for _, m := range metrics {
		names[m.Name] = m
	}
	assert.Equal(t, uint64(41), names["traffic-volume"].Values["dns-udp-queries-received-ipv4"], "%v", err)
	assert.Equal(t, uint64(24), names["traffic-sizes"].Values["udp-request-sizes/16-31"])
	assert.Equal(t, uint64(41), names["rcode-volume"].Values["rcodes/0"])
	assert.Equal(t, uint64(1), names["unique-sources"].Values["num-sources-ipv4"])
}

// The quietest day scaled up by known factors must be found, whatever letter.
func TestEveryScaledDayIsFound(t *testing.T) {
	base := table(t, "volume-quiet-2016-04_05.csv")
	at := time.Date(2016, time.April, 24, 0, 0, 0, 0, time.UTC)
	s := &rssac002.Statistics{}
	for _, f := range base.Figures {
		if f.Day.Equal(at) && f.UDP4 != nil {
			n := uint64(math.Round(4 * float64(*f.UDP4)))
			f.UDP4 = &n
		}
		s.Add(f)
	}
	d := event(t, rssac002.Findings(s), "2016-04-24")
	for _, f := range d.Letters {
		if f.Ratio != nil {
			assert.Equal(t, rssac002.ImpactHit, f.Impact, "%s: %v", f.Letter, f.Evidence)
		}
	}
	assert.Equal(t, rssac002.Unknown, d.Verdict, "without sources nobody can tell an attack from a fault of resolvers")
}
