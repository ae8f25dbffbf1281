//go:build linux && !opskit_portable

package ebssnap_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap/internal/guard"
	"github.com/opskit-go/opskit/internal/lab"
)

// TestDeathWhileTheFreezeIsUnderWay kills the owner while FIFREEZE waits for a device that does not
// answer: the freeze that nobody wants any more is undone when it ends at last.
func TestDeathWhileTheFreezeIsUnderWay(t *testing.T) {
	lab.Need(t, "root", "loop", "ext4", "program:fsfreeze")
	journal, outer := journalOn(t), lab.LoopFS(t, "ext4", 128)
	image, dir := filepath.Join(outer.Dir, "image"), t.TempDir()
	require.NoError(t, os.WriteFile(image, nil, 0o600))
	require.NoError(t, os.Truncate(image, 32<<20))
	require.NoError(t, exec.Command("mkfs.ext4", "-q", image).Run())
	require.NoError(t, exec.Command("mount", "-o", "loop", image, dir).Run())
	t.Cleanup(func() { require.NoError(t, exec.Command("umount", dir).Run()) })

	child := exec.Command(os.Args[0], "-test.run=^TestDeathChild$")
	child.Env = append(os.Environ(), envDeath+"=wait", envMount+"="+dir, envBudget+"=1m", envCall+"=hold", envJournal+"="+journal, envBelow+"="+outer.Dir)
	require.NoError(t, child.Start())
	defer outer.Thaw()
	lab.Eventually(t, 10*time.Second, "FIFREEZE to begin", func() bool { return journalState(journal, child.Process.Pid) == guard.Freezing })
	require.NoError(t, child.Process.Kill())
	_ = child.Wait()
	require.Equal(t, guard.Freezing, journalState(journal, child.Process.Pid), "nobody can stop it")
	require.True(t, outer.Thaw())
	lab.Eventually(t, 10*time.Second, "thaw", func() bool { return journalState(journal, child.Process.Pid) == guard.Thawed })
	require.True(t, writable(t, dir))
}

// journalState returns what the record of a process with one filesystem says of it.
func journalState(journal string, owner int) guard.State {
	for _, m := range recordOf(journal, owner) {
		return m.State
	}
	return guard.Idle
}
