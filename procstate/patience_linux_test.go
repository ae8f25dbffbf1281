//go:build linux && !opskit_portable

package procstate_test

import (
	"testing"
	"time"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBarSlowReapers: a parent that reaps at a rhythm of its own is never sent a
// signal, and its zombies go without one.
func TestBarSlowReapers(t *testing.T) {
	lab.Need(t, "program:python3")
	rhythms := map[lab.Size][]string{lab.Small: {"0.6"}, lab.CI: {"1", "3", "7"}, lab.Full: {"1", "2", "5", "9", "17", "30", "45"}}[lab.Bars()]
	patience := map[lab.Size]time.Duration{lab.Small: 2 * time.Second, lab.CI: 15 * time.Second}[lab.Bars()]
	for _, rhythm := range rhythms {
		parent := startProgram(t, "python3", "-c", `
import os, sys, time
while True:
    for i in range(3):
        if os.fork() == 0: os._exit(i)
    print("ready", flush=True)
    time.sleep(float(`+rhythm+`))
    try:
        while os.waitpid(-1, os.WNOHANG)[0]: pass
    except ChildProcessError: pass
`)
		var one *procstate.Report
		lab.Eventually(t, time.Minute, "it has zombies", func() bool {
			report, err := (&procstate.Scanner{Settle: -1, Patience: patience}).Zombies(t.Context())
			require.NoError(t, err)
			one = report.Only(parent)
			return len(one.Groups) > 0
		})
		assert.NotEqual(t, procstate.Problem, one.Verdict, "%s", one)
		outcome, err := one.Groups[0].Plan().Apply(t.Context())
		assert.Empty(t, outcome.Done, "%v", err)
		assert.Contains(t, []procstate.State{'S', 'R', 'D'}, look(t, parent).State, "it lives")
	}
	lab.Bar(t, "procstate slow reapers", "%d parents with rhythms of up to %s s: none was sent a signal", len(rhythms), rhythms[len(rhythms)-1])
}
