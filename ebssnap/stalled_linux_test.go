//go:build linux && !opskit_portable

package ebssnap_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
}

func newStalling(t *testing.T) stalling {
	t.Helper()
	s := stalling{below: lab.LoopFS(t, "ext4", 128), dir: t.TempDir()}
	image := filepath.Join(s.below.Dir, "image")
	require.NoError(t, os.WriteFile(image, nil, 0o600))
	require.NoError(t, os.Truncate(image, 32<<20))
	require.NoError(t, exec.Command("mkfs.ext4", "-q", image).Run())
	require.NoError(t, exec.Command("mount", "-o", "loop", image, s.dir).Run())
	t.Cleanup(func() { assert.NoError(t, exec.Command("umount", s.dir).Run()) })
	s.other = lab.LoopFS(t, "ext4", 64)  // mounted last, and so frozen first
	t.Cleanup(func() { s.below.Thaw() }) // before anything is unmounted
	return s
}

// stall is a freezer that stops the device after everything was prepared.
func (s stalling) stall() ebssnap.Freezer {
	return ebssnap.Hook{Name: "stall", Stop: func(ctx context.Context) error { return exec.CommandContext(ctx, "fsfreeze", "-f", s.below.Dir).Run() }}
}

// TestDeviceThatDoesNotAnswerHoldsUpNoOther: a FIFREEZE that does not end cannot be stopped, but
// what was frozen before it is thawed at the end of the budget.
func TestDeviceThatDoesNotAnswerHoldsUpNoOther(t *testing.T) {
	lab.Need(t, "root", "loop", "ext4", "program:fsfreeze")
	for _, choice := range []string{"memfd", "none"} {
		t.Run(choice, func(t *testing.T) {
			s := newStalling(t)
			freezer := ebssnap.Freezers(s.stall(), &ebssnap.FS{Mounts: []string{s.dir, s.other.Dir}, NoGuard: choice == "none"})
			ended := make(chan error, 1)
			go func() {
				_, err := ebssnap.Hold(t.Context(), freezer, time.Second, func(context.Context) error { return nil })
				ended <- err
			}()
			lab.Eventually(t, 10*time.Second, "a freeze", func() bool { return !writable(t, s.other.Dir) })
			lab.Eventually(t, 5*time.Second, "thaw of the other", func() bool { return writable(t, s.other.Dir) })
			select {
			case err := <-ended:
				t.Errorf("returned while FIFREEZE was running: %v", err)
			default:
			}
			require.True(t, s.below.Thaw())
			require.ErrorIs(t, <-ended, ebssnap.ErrThawedEarly)
			assert.True(t, writable(t, s.dir))
			assert.False(t, s.other.Thaw())
		})
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
