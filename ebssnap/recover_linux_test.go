//go:build linux && !opskit_portable

package ebssnap_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/internal/lab"
)

// journalOn is a tmpfs of the test's own for a journal.
func journalOn(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, syscall.Mount("opskit", dir, "tmpfs", 0, "mode=0700"))
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(dir, 0)) })
	return dir
}

// killedTogether freezes fs in a child and kills the child and its guard, so that nobody is left to
// thaw.
func killedTogether(t *testing.T, fs *lab.FS, journal string) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestDeathChild$")
	child.Env = append(os.Environ(), envDeath+"=wait", envMount+"="+fs.Dir, envBudget+"=1m", envCall+"=hold", envJournal+"="+journal)
	stdout, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	awaitLine(t, bufio.NewScanner(stdout), "frozen")
	pid := child.Process.Pid
	guards := childrenOf(t, pid)
	require.Len(t, guards, 1)
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP)) // or it thaws when it sees the guard die
	lab.Eventually(t, 10*time.Second, "the child to be stopped", func() bool { return stopped(pid) })
	for _, guard := range guards {
		require.NoError(t, syscall.Kill(guard, syscall.SIGKILL))
	}
	lab.Eventually(t, time.Second, "the guard to be gone", func() bool { return !running(guards[0]) })
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	_ = child.Wait()
	require.False(t, writable(t, fs.Dir), "frozen, and nobody left")
}

// stopped reports whether every thread of a process is.
func stopped(pid int) bool {
	threads, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/stat")
	for _, path := range threads {
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), ") T") {
			return false
		}
	}
	return len(threads) > 0
}

func running(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(text), ") Z")
}

// seen returns what a plan says of the filesystem at a mount point.
func seen(t *testing.T, plan *ebssnap.Recovery, mount string) ebssnap.Filesystem {
	t.Helper()
	for _, f := range plan.Filesystems {
		if f.Mount == mount {
			return f
		}
	}
	require.Fail(t, "not in the plan", "%s: %s", mount, plan)
	return ebssnap.Filesystem{}
}

func childrenOf(t *testing.T, pid int) []int {
	t.Helper()
	var children []int
	processes, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(t, err)
	for _, path := range processes {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		number, rest, _ := strings.Cut(string(text), " (")
		_, rest, _ = strings.Cut(rest, ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			child, err := strconv.Atoi(number)
			require.NoError(t, err)
			children = append(children, child)
		}
	}
	return children
}

func TestBarRecover(t *testing.T) {
	lab.Need(t, "root", "program:fsfreeze")
	types := filesystems()
	if lab.Bars() == lab.Small {
		types = types[:1]
	}
	for _, fstype := range types {
		t.Run(fstype, func(t *testing.T) {
			journal := journalOn(t)
			fs, other := lab.LoopFS(t, fstype, 64), lab.LoopFS(t, "ext4", 64)
			killedTogether(t, fs, journal)
			require.NoError(t, exec.Command("fsfreeze", "-f", other.Dir).Run())

			plan, err := ebssnap.Recover(t.Context(), journal)
			require.NoError(t, err)
			left, foreign := seen(t, plan, fs.Dir), seen(t, plan, other.Dir)
			assert.Equal(t, ebssnap.FrozenByDeadRun, left.Frozen)
			assert.True(t, left.Asleep)
			assert.True(t, left.Waits)
			assert.Equal(t, ebssnap.FrozenUnknown, foreign.Frozen, foreign.Why)
			assert.Equal(t, opskit.Problem, plan.Level())
			assert.Contains(t, plan.String(), fs.Dir+" (device "+left.Device+"): by_dead_run: ")
			assert.False(t, writable(t, fs.Dir), "a plan changes nothing")

			require.NoError(t, plan.Apply(t.Context()))
			assert.True(t, seen(t, plan, fs.Dir).Thawed)
			assert.True(t, writable(t, fs.Dir))
			assert.Equal(t, opskit.Unknown, plan.Level(), "somebody waits, and it is not told for whom: %s", plan)
			assert.Contains(t, plan.String(), "fsfreeze -u "+other.Dir)
			assert.True(t, other.Thaw(), "the freeze of another program is left alone")

			plan, err = ebssnap.Recover(t.Context(), journal)
			require.NoError(t, err)
			assert.Equal(t, ebssnap.FrozenNot, seen(t, plan, fs.Dir).Frozen)
			assert.Equal(t, ebssnap.FrozenNot, seen(t, plan, other.Dir).Frozen)
			left2, err := filepath.Glob(filepath.Join(journal, "*"))
			require.NoError(t, err)
			assert.Empty(t, left2, "the record is gone")
		})
	}
	lab.Bar(t, "recover", "owner and guard killed together on %d filesystems: exactly that filesystem thawed", len(types))
}

func TestRecoverLeavesWhatAnotherProgramThawedAndFroze(t *testing.T) {
	lab.Need(t, "root", "program:fsfreeze")
	journal, fs := journalOn(t), lab.LoopFS(t, "ext4", 64)
	killedTogether(t, fs, journal)
	require.NoError(t, exec.Command("fsfreeze", "-u", fs.Dir).Run())
	require.NoError(t, exec.Command("fsfreeze", "-f", fs.Dir).Run())
	plan, err := ebssnap.Recover(t.Context(), journal)
	require.NoError(t, err)
	assert.Equal(t, ebssnap.FrozenByOther, seen(t, plan, fs.Dir).Frozen)
	require.NoError(t, plan.Apply(t.Context()))
	assert.True(t, fs.Thaw(), "still frozen by the other program")
}

// TestAnOldPlanThawsNoNewFreeze: between the plan and its Apply somebody thawed, and another
// program froze.
func TestAnOldPlanThawsNoNewFreeze(t *testing.T) {
	lab.Need(t, "root", "program:fsfreeze")
	for _, by := range []string{"another run", "another program"} {
		t.Run(by, func(t *testing.T) {
			journal, fs := journalOn(t), lab.LoopFS(t, "ext4", 64)
			killedTogether(t, fs, journal)
			plan, err := ebssnap.Recover(t.Context(), journal)
			require.NoError(t, err)
			require.True(t, seen(t, plan, fs.Dir).Asleep)
			if by == "another run" {
				first, err := ebssnap.Recover(t.Context(), journal)
				require.NoError(t, err)
				require.NoError(t, first.Apply(t.Context()))
			} else {
				require.True(t, fs.Thaw())
			}
			require.NoError(t, exec.Command("fsfreeze", "-f", fs.Dir).Run())
			require.NoError(t, plan.Apply(t.Context()))
			assert.Equal(t, ebssnap.FrozenUnknown, seen(t, plan, fs.Dir).Frozen)
			assert.False(t, seen(t, plan, fs.Dir).Thawed)
			assert.True(t, fs.Thaw(), "the new freeze is left alone")
		})
	}
}

func TestRecoverFindsItMountedElsewhereOrNowhere(t *testing.T) {
	lab.Need(t, "root")
	journal, fs := journalOn(t), lab.LoopFS(t, "ext4", 64)
	killedTogether(t, fs, journal)
	keep := t.TempDir() // keeps the loop device, which the last unmount of a frozen filesystem would lose
	require.NoError(t, syscall.Mount(fs.Dir, keep, "", syscall.MS_BIND, ""))
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(keep, 0)) })
	require.NoError(t, syscall.Unmount(fs.Dir, syscall.MNT_DETACH))
	plan, err := ebssnap.Recover(t.Context(), journal)
	require.NoError(t, err)
	require.NoError(t, plan.Apply(t.Context()))
	assert.True(t, seen(t, plan, keep).Thawed)
	assert.True(t, writable(t, keep))
}

func TestRecoverDoesNotObeyStrangers(t *testing.T) {
	lab.Need(t, "root")
	journal := journalOn(t)
	require.NoError(t, os.WriteFile(filepath.Join(journal, "1-X"), []byte("garbage"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(journal, "2-X"), make([]byte, 5000), 0o600))
	plan, err := ebssnap.Recover(t.Context(), journal)
	require.NoError(t, err)
	assert.Len(t, plan.Unseen, 2)
	require.NoError(t, os.Chmod(journal, 0o777))
	plan, err = ebssnap.Recover(t.Context(), journal)
	require.NoError(t, err)
	assert.Len(t, plan.Unseen, 1)
	assert.Contains(t, plan.String(), "could have been written by another user")
}

func TestGoldenRecovery(t *testing.T) {
	plan := &ebssnap.Recovery{
		At: time.Date(2026, 11, 22, 4, 0, 0, 1000, time.UTC),
		Filesystems: []ebssnap.Filesystem{{
			Mount: "/data", Device: "259:3", Mounted: true, Owner: 4711, Since: time.Date(2026, 11, 22, 3, 0, 0, 1000, time.UTC), Froze: true,
			Asleep: true, Waits: true, Error: opskit.Fail(&opskit.Error{Op: "thaw", Target: "/data", Err: ebssnap.ErrPermission}),
		}, {Mount: "/srv", Device: "259:4", Mounted: true, Waits: true}, {Mount: "/", Device: "259:1", Mounted: true, Passed: true}},
		Unseen: []opskit.Gap{{What: "a thing", Why: "a reason"}},
	}
	plan.Judge()
	golden(t, "recovery", plan, &ebssnap.Recovery{})
}

// TestAProbeThatSleepsHoldsNoOtherFilesystem: what Recover asked and was answered by can be
// unmounted, although a process of its own still sleeps in another program's freeze.
func TestAProbeThatSleepsHoldsNoOtherFilesystem(t *testing.T) {
	lab.Need(t, "root", "program:fsfreeze")
	frozen, other := lab.LoopFS(t, "ext4", 64), lab.LoopFS(t, "ext4", 64)
	require.NoError(t, exec.Command("fsfreeze", "-f", frozen.Dir).Run())
	plan, err := ebssnap.Recover(t.Context(), journalOn(t))
	require.NoError(t, err)
	assert.True(t, seen(t, plan, frozen.Dir).Waits)
	assert.True(t, seen(t, plan, other.Dir).Passed)
	require.NoError(t, exec.Command("umount", other.Dir).Run())
	assert.True(t, frozen.Thaw())
}
