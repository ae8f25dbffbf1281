//go:build linux && !opskit_portable

package reaper_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate/reaper"
	"github.com/opskit-go/opskit/procstate/reaper/reapertest"
)

// running starts Run beside the test and returns what ends it.
func running(t *testing.T, r reaper.Reaper) (end func() reaper.Report) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	var report reaper.Report
	var err error
	group.Go(func() { report, err = r.Run(ctx) })
	end = sync.OnceValue(func() reaper.Report {
		cancel()
		group.Wait()
		assert.NoError(t, err)
		return report
	})
	t.Cleanup(func() { end() })
	return end
}

func TestBarReaper(t *testing.T) {
	commands := map[lab.Size]int{lab.Small: 60, lab.CI: 1500, lab.Full: 10000}[lab.Bars()]
	var mu sync.Mutex
	codes := map[int]int{}
	// The hardest case: no grace, and every second command is waited for late.
	end := running(t, reaper.Reaper{Subreaper: true, Grace: -1, OnReap: func(r reaper.Reaped) {
		mu.Lock()
		defer mu.Unlock()
		codes[r.Status.Code]++
	}})
	// Preparing the first command shows that Run is at work.
	lab.Eventually(t, 5*time.Second, "the process is a subreaper", isSubreaper)

	began := time.Now()
	tally, err := reapertest.Storm{Commands: commands / 2}.Run(t.Context())
	require.NoError(t, err)
	late, err := reapertest.Storm{Commands: commands / 2, Linger: 2 * time.Millisecond}.Run(t.Context())
	require.NoError(t, err)
	tally = reapertest.Tally{Commands: tally.Commands + late.Commands, Right: tally.Right + late.Right, Stolen: tally.Stolen + late.Stolen, Wrong: tally.Wrong + late.Wrong}
	took := time.Since(began)
	ended := time.Now()
	lab.Eventually(t, 20*time.Second, "no zombie is left", func() bool {
		dead, err := reapertest.Zombies()
		mu.Lock()
		defer mu.Unlock()
		return err == nil && len(dead) == 0 && codes[reapertest.EarlyCode]+codes[reapertest.LateCode] == 2*commands
	})
	last := time.Since(ended)

	assert.Equal(t, reapertest.Tally{Commands: commands, Right: commands}, tally)
	assert.Equal(t, map[int]int{reapertest.EarlyCode: commands, reapertest.LateCode: commands}, codes, "each orphan reaped once, with its own code")
	if !lab.Race {
		assert.Less(t, last, time.Second, "zombies after the last command")
	}
	report := end()
	assert.Equal(t, 2*commands, report.Reaped)
	assert.Empty(t, report.Left)
	assert.Zero(t, report.Blind, "%v", report.Err)
	lab.Bar(t, "reaper", "%s in %v beside %d orphans; last zombie gone %v after", tally, took.Round(time.Millisecond), 2*commands, last.Round(time.Millisecond))
}
