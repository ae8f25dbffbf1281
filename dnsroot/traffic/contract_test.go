package traffic_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/dnsroot/traffic"
	"github.com/opskit-go/opskit/internal/capture/capturetest"
	"github.com/opskit-go/opskit/internal/contract"
)

func sentinels() []error {
	return []error{traffic.ErrNotCapture, traffic.ErrTruncated, traffic.ErrDamaged, traffic.ErrNotPart}
}

// flooded is a minute of ordinary traffic, one of a flood, and one more.
func flooded(seed uint64, attack func(w *world, at time.Time)) *traffic.Report {
	w := newWorld(seed)
	for s := range 180 {
		second := begin.Add(time.Duration(s) * time.Second)
		w.spread(second, 50, w.ordinary)
		if attack != nil && s >= 60 && s < 120 {
			w.spread(second, 300, func(at time.Time) { attack(w, at) })
		}
	}
	return w.a.Report()
}

func TestContract(t *testing.T) {
	var answers traffic.Analyzer
	for i := range 100 {
		answers.Observe(&traffic.Message{Time: begin, Src: root, Dst: v4(uint32(i)), Payload: capturetest.Answer(capturetest.Question(1, "a\nnot checked: nothing more", 1), 3, 9)})
	}
	var broken traffic.Analyzer
	require.ErrorIs(t, broken.ReadCapture(t.Context(), strings.NewReader(capturetest.NewPCAP(1).String()+"x")), traffic.ErrTruncated)
	quiet, surge := flooded(1, nil), flooded(1, func(w *world, at time.Time) { w.ordinary(at) })
	contract.Check(t, contract.Package{
		Prefix:    "dnsroot_",
		Sentinels: sentinels(),
		Results: map[string]opskit.Result{
			"quiet":  quiet,
			"attack": flooded(1, func(w *world, at time.Time) { w.see(at, w.Uint32(), "www.336901.com", 1) }),
			"surge":  surge,
			"random": flooded(1, func(w *world, at time.Time) {
				w.see(at, w.Uint32(), strings.Repeat("x", 1+w.IntN(60))+"."+strings.Repeat("y", 1+w.IntN(60))+".victim\x1b.example", 1)
			}),
			"reflection": flooded(1, func(w *world, at time.Time) { w.see(at, 0xcb007107, "", 255) }),
			"answers":    answers.Report(),
			"broken":     broken.Report(),
			"nothing":    (&traffic.Analyzer{}).Report(),
		},
	})
	assert.Equal(t, opskit.OK, quiet.Level())
	assert.Equal(t, opskit.Warning, surge.Level())
}

// A capture that could not be read whole, or that holds much that was not
// understood, is not quiet.
func TestWhatWasNotUnderstoodForbidsQuiet(t *testing.T) {
	w := newWorld(1)
	for s := range 180 {
		w.spread(begin.Add(time.Duration(s)*time.Second), 50, w.ordinary)
	}
	assert.Equal(t, traffic.Quiet, w.a.Report().Verdict)
	bad := capturetest.Question(1, "a.example", 1)
	bad[12] = 0xc0
	for range 300 {
		w.a.Observe(&traffic.Message{Time: begin, Src: v4(1), Dst: root, Payload: bad})
	}
	r := w.a.Report()
	assert.Equal(t, traffic.Unknown, r.Verdict)
	assert.Contains(t, r.String(), "300 of 9300 packets (300 bad_name)")
}

func TestJSONIsStable(t *testing.T) {
	r := flooded(1, func(w *world, at time.Time) { w.see(at, w.Uint32(), "www.336901.com", 1) })
	golden := filepath.Join("testdata", "report.golden.json")
	text := marshal(t, r)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(text), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), text)
}

func TestNotACapture(t *testing.T) {
	var a traffic.Analyzer
	err := a.ReadCapture(t.Context(), strings.NewReader("GET / HTTP/1.1"))
	require.ErrorIs(t, err, traffic.ErrNotCapture)
	require.NotErrorIs(t, err, traffic.ErrDamaged)
	assert.ErrorContains(t, err, "not a packet capture")
	assert.False(t, a.Report().Seen())
}
