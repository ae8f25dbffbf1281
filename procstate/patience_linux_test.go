//go:build linux && !opskit_portable

package procstate_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate"
	"github.com/stretchr/testify/assert"
)

// TestBarSlowReapers: a parent that reaps at a rhythm of its own is never sent a
// signal, and its zombies go without one.
func TestBarSlowReapers(t *testing.T) {
	lab.Need(t, "program:python3")
	patience := map[lab.Size]time.Duration{lab.Small: 2 * time.Second, lab.CI: 15 * time.Second}[lab.Bars()] // at full size a minute
	rhythms := map[lab.Size][]float64{lab.Small: {0.6}, lab.CI: {1, 3, 7}}[lab.Bars()]
	random := rand.New(rand.NewPCG(10, 45))
	for lab.Bars() == lab.Full && len(rhythms) < 16 {
		rhythms = append(rhythms, 1+44*random.Float64())
	}
	var group sync.WaitGroup
	parents := map[int]bool{}
	for _, rhythm := range rhythms {
		parent := startProgram(t, "python3", "-c", `
import os, sys, time
while True:
    for i in range(3):
        if os.fork() == 0: os._exit(i)
    print("ready", flush=True)
    time.sleep(`+fmt.Sprint(rhythm)+`)
    try:
        while os.waitpid(-1, os.WNOHANG)[0]: pass
    except ChildProcessError: pass
`)
		parents[parent] = true
		group.Go(func() {
			var one *procstate.Report
			assert.Eventually(t, func() bool {
				report, err := (&procstate.Scanner{Settle: -1, Patience: patience}).Zombies(t.Context())
				one = report.Only(parent)
				return err == nil && len(one.Groups) > 0
			}, time.Minute, 50*time.Millisecond, "it has zombies")
			assert.NotEqual(t, procstate.Problem, one.Verdict, "%s", one)
			outcome, err := one.Groups[0].Plan().Apply(t.Context())
			assert.Empty(t, outcome.Done, "%v", err)
		})
	}
	group.Wait()
	for pid := range parents {
		assert.Contains(t, []procstate.State{'S', 'R', 'D'}, look(t, pid).State, "it lives")
	}
	lab.Bar(t, "procstate slow reapers", "%d parents with rhythms of %.1f to %.1f s: none was sent a signal", len(rhythms), slices.Min(rhythms), slices.Max(rhythms))
}
