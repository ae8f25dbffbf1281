package whoislookup_test

import (
	"bytes"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/rpsl"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

// answers reads the WHOIS answers of the corpora.
func answers(tb testing.TB) (out [][]byte, total int) {
	tb.Helper()
	for _, f := range corpusFiles(tb, "ip", "domain") {
		raw, err := os.ReadFile(f)
		require.NoError(tb, err)
		out = append(out, raw)
		total += len(raw)
	}
	return out, total
}

// fastest adds up the shortest run of each f over each answer, which the other
// programs on the machine disturb least. The runs go in rounds over all
// answers, so that a busy moment does not hit all runs of one.
func fastest(list [][]byte, rounds int, fs ...func(raw []byte)) []time.Duration {
	const inARow = 4
	best := make([]time.Duration, len(fs)*len(list))
	for round := range rounds {
		for i, raw := range list {
			for j, f := range fs {
				shortest := &best[i*len(fs)+j]
				for again := range inARow {
					start := time.Now()
					f(raw)
					if d := time.Since(start); round+again == 0 || d < *shortest {
						*shortest = d
					}
				}
			}
		}
	}
	total := make([]time.Duration, len(fs))
	for i, d := range best {
		total[i%len(fs)] += d
	}
	return total
}

// bareLines is the least that a reader of labelled lines has to do: find the
// line and the colon, trim, and fold the case of the label into a hash.
func bareLines(data []byte) (h uint32) {
	for len(data) > 0 {
		line := data
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			line, data = data[:i], data[i+1:]
		} else {
			data = nil
		}
		before, after, ok := bytes.Cut(line, []byte{':'})
		if !ok {
			continue
		}
		for _, c := range bytes.TrimSpace(before) {
			h = h*31 + uint32(c|0x20)
		}
		h += uint32(len(bytes.TrimSpace(after)))
	}
	return h
}

// TestBarSpeed measures Parse over the corpora, and the scanner against a bare
// line reader in the same run.
func TestBarSpeed(t *testing.T) {
	list, total := answers(t)
	rounds := map[lab.Size]int{lab.Small: 1, lab.CI: 10, lab.Full: 40}[lab.Bars()]
	mb := func(d time.Duration) float64 { return float64(total) / 1e6 / d.Seconds() }

	var allocs []float64
	for _, raw := range list[:min(len(list), 80*rounds)] {
		allocs = append(allocs, testing.AllocsPerRun(1, func() { whoislookup.Parse("", raw) }))
	}
	slices.Sort(allocs)
	sum := 0.0
	for _, a := range allocs {
		sum += a
	}
	var sink int
	times := fastest(list, rounds,
		func(raw []byte) { whoislookup.Parse("", raw) },
		func(raw []byte) {
			s := rpsl.NewScanner(raw)
			for s.Next() {
				sink += s.Line().Name.Len()
			}
		},
		func(raw []byte) { sink += int(bareLines(raw)) })
	parse, scan, bare := times[0], times[1], times[2]
	parseRatio := 100 * bare.Seconds() / parse.Seconds()
	ratio := 100 * bare.Seconds() / scan.Seconds()
	lab.BarTiming(t, "whois-parse-speed", "%.0f MB/s over %d answers, %.1f %% of a bare line reader, %.1f allocations per answer (median %.0f)", mb(parse), len(list), parseRatio, sum/float64(len(allocs)), allocs[len(allocs)/2])
	lab.BarTiming(t, "whois-scan-speed", "%.0f MB/s, %.0f %% of a bare line reader (%.0f MB/s)", mb(scan), ratio, mb(bare))
	if lab.Race || lab.Bars() == lab.Small {
		return
	}
	if lab.Bars() == lab.Full {
		assert.GreaterOrEqual(t, mb(parse), 150.0, "an absolute figure, which a slow machine misses")
	}
	assert.GreaterOrEqual(t, parseRatio, 1.0, "percent of a bare line reader in the same run, which does not depend on the machine")
	assert.LessOrEqual(t, sum/float64(len(allocs)), 250.0)
	assert.GreaterOrEqual(t, ratio, 50.0)
	assert.NotZero(t, sink)
}

func BenchmarkParseNetwork(b *testing.B) {
	raw := []byte(whoistest.Blog()["whois.lacnic.net"]["138.0.155.10"])
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		whoislookup.Parse("whois.lacnic.net", raw)
	}
}

func BenchmarkParseDomain(b *testing.B) {
	raw := []byte(registryAnswer)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		whoislookup.Parse("whois.verisign-grs.com", raw)
	}
}
