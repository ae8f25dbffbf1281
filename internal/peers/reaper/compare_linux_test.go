package peers

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"testing"
	"time"

	reap "github.com/hashicorp/go-reap"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate/reaper"
	"github.com/opskit-go/opskit/procstate/reaper/reapertest"
)

// reapers are the candidates; each works until ctx ends.
var reapers = map[string]func(ctx context.Context){
	"none": func(ctx context.Context) { <-ctx.Done() },
	"ours": func(ctx context.Context) { _, _ = reaper.Reaper{}.Run(ctx) },
	// As its README starts it, without the lock that it offers: with the lock a
	// command holds up all reaping for as long as it runs, and code that does
	// not know the lock (a library that starts a command) is stolen from.
	"go-reap": func(ctx context.Context) {
		done := make(chan struct{})
		defer context.AfterFunc(ctx, func() { close(done) })()
		reap.ReapChildren(nil, nil, done, nil)
	},
	"wait4(-1)": func(ctx context.Context) {
		death := make(chan os.Signal, 1)
		signal.Notify(death, unix.SIGCHLD)
		defer signal.Stop(death)
		for {
			select {
			case <-ctx.Done():
				return
			case <-death:
			}
			for {
				pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
				if err != unix.EINTR && pid <= 0 {
					break
				}
			}
		}
	},
}

// storm runs one candidate and returns what it stole and what it left.
func storm(t *testing.T, name string, commands int) (tally reapertest.Tally, zombies int) {
	t.Helper()
	require.NoError(t, unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { reapers[name](ctx) })
	tally, err := reapertest.Storm{Commands: commands}.Run(ctx)
	require.NoError(t, err)
	<-time.After(time.Second)
	dead, err := reapertest.Zombies()
	require.NoError(t, err)
	cancel()
	group.Wait()
	require.NoError(t, unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0))
	// What the candidate left must not count for the next.
	for {
		pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
		if err != unix.EINTR && pid <= 0 {
			break
		}
	}
	return tally, len(dead)
}

func TestBarReaperAgainstPeers(t *testing.T) {
	commands := map[lab.Size]int{lab.Small: 100, lab.CI: 1000, lab.Full: 10000}[lab.Bars()]
	none, left := storm(t, "none", commands/10)
	assert.Equal(t, none.Commands, none.Right)
	assert.Equal(t, 2*none.Commands, left, "the harness leaves two orphans a command")

	ours, left := storm(t, "ours", commands)
	assert.Equal(t, reapertest.Tally{Commands: commands, Right: commands}, ours)
	assert.Zero(t, left)

	goreap, goreapLeft := storm(t, "go-reap", commands)
	wait4, wait4Left := storm(t, "wait4(-1)", commands)
	assert.Zero(t, goreapLeft)
	assert.Zero(t, wait4Left)
	if lab.Bars() != lab.Small { // few commands may go well by chance
		assert.Positive(t, goreap.Stolen)
		assert.Positive(t, wait4.Stolen)
	}
	lab.Bar(t, "reaper against peers", "ours %d of %d stolen; hashicorp/go-reap %d; wait4(-1) %d", ours.Stolen, commands, goreap.Stolen, wait4.Stolen)
}
