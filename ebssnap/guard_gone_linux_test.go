//go:build linux && !opskit_portable

package ebssnap_test

import (
	"context"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/internal/lab"
)

// TestSnapshotWhoseGuardWasKilledIsNoProof: a guard that is killed makes this process thaw at once,
// while the request is under way.
func TestSnapshotWhoseGuardWasKilledIsNoProof(t *testing.T) {
	lab.Need(t, "root")
	for _, fstype := range filesystems() {
		t.Run(fstype, func(t *testing.T) {
			fs := lab.LoopFS(t, fstype, 64)
			cloud := &killingCloud{Cloud: &ebssnaptest.Cloud{}, meanwhile: func() {
				guards := childrenOf(t, os.Getpid())
				require.Len(t, guards, 1)
				require.NoError(t, syscall.Kill(guards[0], syscall.SIGKILL))
				lab.Eventually(t, 10*time.Second, "thaw", func() bool { return writable(t, fs.Dir) })
			}}
			result, err := ebssnap.Consistent(t.Context(), ebssnap.Volume{Cloud: cloud, IDs: []string{"vol-0a"}}, &ebssnap.FS{Mounts: []string{fs.Dir}}, 30*time.Second)
			require.ErrorIs(t, err, ebssnap.ErrThawedEarly)
			assert.Equal(t, ebssnap.VerdictUnproven, result.Verdict, "%v", result.Reasons)
			assert.False(t, fs.Thaw())
		})
	}
}

// TestForeignFreezeOutlivesAGuardThatWasKilled: what another program thawed and froze again is not
// ours, also when nobody is left but this process.
func TestForeignFreezeOutlivesAGuardThatWasKilled(t *testing.T) {
	lab.Need(t, "root", "program:fsfreeze")
	for _, fstype := range filesystems() {
		t.Run(fstype, func(t *testing.T) {
			fs := lab.LoopFS(t, fstype, 64)
			_, err := ebssnap.Hold(t.Context(), &ebssnap.FS{Mounts: []string{fs.Dir}}, 30*time.Second, func(context.Context) error {
				require.NoError(t, exec.Command("fsfreeze", "-u", fs.Dir).Run())
				require.NoError(t, exec.Command("fsfreeze", "-f", fs.Dir).Run())
				guards := childrenOf(t, os.Getpid())
				require.Len(t, guards, 1)
				require.NoError(t, syscall.Kill(guards[0], syscall.SIGKILL))
				lab.Eventually(t, 10*time.Second, "the guard to be gone", func() bool { return !running(guards[0]) })
				nap(200) // this process has seen it by then
				return nil
			})
			require.ErrorIs(t, err, ebssnap.ErrThawedEarly)
			assert.True(t, fs.Thaw(), "the freeze of another program is left as it is")
		})
	}
}

// killingCloud does something while writers are stopped, before the snapshot is taken.
type killingCloud struct {
	*ebssnaptest.Cloud

	meanwhile func()
}

func (c *killingCloud) Create(ctx context.Context, r ebssnap.Request) ([]ebssnap.Snapshot, error) {
	if !r.DryRun {
		c.meanwhile()
	}
	return c.Cloud.Create(ctx, r)
}
