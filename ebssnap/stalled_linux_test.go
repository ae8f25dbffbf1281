//go:build linux && !opskit_portable

package ebssnap_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/internal/guard"
	"github.com/opskit-go/opskit/internal/lab"
)

// stalling is a filesystem whose FIFREEZE does not end before below is thawed, as on a device that
// does not answer, and one that is frozen before it.
type stalling struct {
	below *lab.FS
	dir   string // does not end
	other *lab.FS

	released chan struct{}
	release  func() // lets the device answer, and hooks return
}

func newStalling(t *testing.T) stalling {
	t.Helper()
	s := stalling{below: lab.LoopFS(t, "ext4", 128), dir: t.TempDir(), released: make(chan struct{})}
	s.release = sync.OnceFunc(func() {
		s.below.Thaw()
		close(s.released)
	})
	image := filepath.Join(s.below.Dir, "image")
	require.NoError(t, os.WriteFile(image, nil, 0o600))
	require.NoError(t, os.Truncate(image, 32<<20))
	require.NoError(t, exec.Command("mkfs.ext4", "-q", image).Run())
	require.NoError(t, exec.Command("mount", "-o", "loop", image, s.dir).Run())
	t.Cleanup(func() {
		lab.Eventually(t, 20*time.Second, "unmounting", func() bool { return exec.Command("umount", s.dir).Run() == nil })
	})
	s.other = lab.LoopFS(t, "ext4", 64) // mounted last, and so frozen first
	t.Cleanup(s.release)                // before anything is unmounted
	return s
}

// stop stops the device.
func (s stalling) stop(ctx context.Context) error {
	return exec.CommandContext(ctx, "fsfreeze", "-f", s.below.Dir).Run()
}

// stall is a freezer that stops the device after everything was prepared.
func (s stalling) stall() ebssnap.Freezer { return ebssnap.Hook{Name: "stall", Stop: s.stop} }

// TestBarStepsThatHang lets the device stop answering before each step, and hooks not return: the
// call returns a second after its budget and says what is pending; what was frozen before runs again
// by then, and the rest when the device answers.
func TestBarStepsThatHang(t *testing.T) {
	lab.Need(t, "root", "loop", "ext4", "program:fsfreeze")
	const budget = time.Second
	dirty := func(s stalling) {
		assert.NoError(t, os.WriteFile(filepath.Join(s.dir, "dirty"), make([]byte, 4<<20), 0o600))
	}
	tests := map[string]struct {
		before func(s stalling)                                     // the call
		freeze func(s stalling, fs ebssnap.Freezer) ebssnap.Freezer // what is frozen
		work   func(s stalling)                                     // while it is
		says   string
		frozen bool // what hangs is told as still frozen, with the command
	}{
		"sync":   {before: func(s stalling) { dirty(s); assert.NoError(t, s.stop(t.Context())) }, says: "sync "},
		"freeze": {freeze: func(s stalling, fs ebssnap.Freezer) ebssnap.Freezer { return ebssnap.Freezers(s.stall(), fs) }, says: "in FIFREEZE", frozen: true},
		"thaw":   {work: func(s stalling) { assert.NoError(t, s.stop(t.Context())) }, says: "FITHAW", frozen: true},
		"stop hook": {freeze: func(s stalling, fs ebssnap.Freezer) ebssnap.Freezer {
			return ebssnap.Freezers(fs, ebssnap.Hook{Name: "h", Stop: func(context.Context) error { <-s.released; return nil }})
		}, says: "stop h: still frozen: it has not returned"},
		"start hook": {freeze: func(s stalling, fs ebssnap.Freezer) ebssnap.Freezer {
			return ebssnap.Freezers(fs, ebssnap.Hook{Name: "h", Start: func() error { <-s.released; return nil }})
		}, says: "start h: still frozen: it has not returned"},
	}
	for name, test := range tests {
		for _, choice := range []string{"guard", "none"} {
			if choice == "none" && name != "freeze" {
				continue
			}
			t.Run(name+" "+choice, func(t *testing.T) {
				s := newStalling(t)
				var freezer ebssnap.Freezer = &ebssnap.FS{Mounts: []string{s.dir, s.other.Dir}, NoGuard: choice == "none"}
				if test.freeze != nil {
					freezer = test.freeze(s, freezer)
				}
				if test.before != nil {
					test.before(s)
				}
				began := time.Now()
				_, err := ebssnap.Hold(t.Context(), freezer, budget, func(ctx context.Context) error {
					if test.work != nil {
						test.work(s)
						<-ctx.Done()
					}
					return nil
				})
				took := time.Since(began)
				assert.True(t, writable(t, s.other.Dir), "what was frozen before runs again")
				require.ErrorContains(t, err, test.says)
				if test.frozen {
					var frozen *ebssnap.ThawError
					require.ErrorAs(t, err, &frozen)
					assert.Equal(t, "fsfreeze -u "+s.dir, frozen.Rescue())
					assert.Regexp(t, `process \d+ waits for the device`, err.Error())
				}
				s.release()
				lab.Eventually(t, 20*time.Second, "all to run", func() bool { return writable(t, s.dir) })
				assert.False(t, s.other.Thaw())
				if lab.Bars() != lab.Small && !lab.Race {
					assert.Less(t, took, budget+2*time.Second, "a second after the budget, and what a busy host adds")
				}
				lab.BarTiming(t, "hang in "+name+", "+choice, "returned %.1f s after a budget of %s", (took - budget).Seconds(), budget)
			})
		}
	}
}

// TestRecoverWhileAFreezeDoesNotEnd kills the owner while its guard is held up in one FIFREEZE: the
// guard cannot thaw the other filesystem then, Recover can.
func TestRecoverWhileAFreezeDoesNotEnd(t *testing.T) {
	lab.Need(t, "root", "loop", "ext4", "program:fsfreeze")
	s, journal := newStalling(t), journalOn(t)
	child := exec.Command(os.Args[0], "-test.run=^TestDeathChild$")
	child.Env = append(os.Environ(), envDeath+"=wait", envMount+"="+s.dir+":"+s.other.Dir, envBudget+"=1m", envCall+"=hold", envJournal+"="+journal, envBelow+"="+s.below.Dir)
	require.NoError(t, child.Start())
	states := func() (all []guard.State) {
		for _, m := range recordOf(journal, child.Process.Pid) {
			all = append(all, m.State)
		}
		return all
	}
	lab.Eventually(t, 10*time.Second, "one to be frozen, one to begin", func() bool { return slices.Equal(states(), []guard.State{guard.Frozen, guard.Freezing}) })
	require.NoError(t, child.Process.Kill())
	_ = child.Wait()
	require.False(t, writable(t, s.other.Dir))

	plan, err := ebssnap.Recover(t.Context(), journal)
	require.NoError(t, err)
	require.NoError(t, plan.Apply(t.Context()))
	require.True(t, writable(t, s.other.Dir))
	require.True(t, s.below.Thaw())
	lab.Eventually(t, 10*time.Second, "the freeze that ends at last to be undone", func() bool { return states()[1] == guard.Thawed })
	assert.Equal(t, guard.Lost, states()[0])
	assert.True(t, writable(t, s.dir))
	assert.False(t, s.other.Thaw())
}
