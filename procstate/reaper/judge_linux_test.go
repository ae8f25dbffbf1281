//go:build linux && !opskit_portable

package reaper

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/internal/lab"

	"github.com/opskit-go/opskit"
)

func TestOnlyCertainOrphansAreReaped(t *testing.T) {
	failed := &opskit.Error{Op: "read status", Err: errors.New("no")}
	for name, c := range map[string]struct {
		evidence
		orphan bool
		left   Left
	}{
		"nobody's, under the first thread": {evidence{pid: 1, first: true, fd: -1}, true, Left{}},
		"a pidfd of it is open":            {evidence{pid: 1, first: true, fd: 7}, false, Left{PID: 1, Reason: ReasonOwned, FD: 7}},
		"under another thread":             {evidence{pid: 1, fd: -1}, false, Left{PID: 1, Reason: ReasonForked, FD: -1}},
		"another exit signal":              {evidence{pid: 1, first: true, cloned: true, fd: -1}, false, Left{PID: 1, Reason: ReasonCloned, FD: -1}},
		"a debugger is attached":           {evidence{pid: 1, first: true, traced: true, fd: -1}, false, Left{PID: 1, Reason: ReasonTraced, FD: -1}},
		"something could not be read":      {evidence{pid: 1, first: true, fd: -1, err: failed}, false, Left{PID: 1, FD: -1, Err: opskit.Fail(failed)}},
	} {
		t.Run(name, func(t *testing.T) {
			orphan, left := c.verdict()
			assert.Equal(t, c.orphan, orphan)
			assert.Equal(t, c.left, left)
		})
	}
}

// deadChild is a dead child of this process that nothing protects but the
// answer of read.
func deadChild(t *testing.T, read func(pinned) (map[int]int, error)) (*exec.Cmd, *look) {
	t.Helper()
	command := exec.Command("/bin/sh", "-c", "exit 3")
	require.NoError(t, command.Start())
	lab.Eventually(t, 5*time.Second, "the child is dead", func() bool { return dead(command.Process.Pid) })
	return command, &look{pid: os.Getpid(), since: map[int]time.Time{}, told: map[int]Left{}, read: read}
}

func TestAPidfdThatMovedWhileItWasLookedFor(t *testing.T) {
	readings := 0
	var pid int
	command, look := deadChild(t, func(pinned) (map[int]int, error) {
		readings++
		if readings == 1 {
			return nil, nil // its old place was passed after, its new one before the move
		}
		return map[int]int{pid: 4}, nil
	})
	pid = command.Process.Pid
	look.judge([]child{{pid: pid, first: true}})
	assert.Equal(t, map[int]Left{pid: {PID: pid, Reason: ReasonOwned, FD: 4}}, look.told)
	_ = command.Wait()
	assert.Equal(t, 3, command.ProcessState.ExitCode())
}

func TestAReadingThatFailsItsControlJudgesNobody(t *testing.T) {
	command, look := deadChild(t, func(pinned) (map[int]int, error) { return nil, errControl })
	pid := command.Process.Pid
	look.judge([]child{{pid: pid, first: true}})
	assert.Equal(t, ReasonUnknown, look.told[pid].Reason)
	assert.ErrorIs(t, look.told[pid].Err.Err(), errControl)
	assert.Positive(t, look.report.Blind)
	_ = command.Wait()
	assert.Equal(t, 3, command.ProcessState.ExitCode())
}

func TestTheControlIsNotFoundWhereItIsNot(t *testing.T) {
	_, err := owned(pinned{1 << 20: os.Getpid()})
	assert.ErrorIs(t, err, errControl)
}

func TestOwnedFindsEveryPidfd(t *testing.T) {
	self := os.Getpid()
	fd, err := unix.PidfdOpen(self, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	control, err := unix.PidfdOpen(self, 0)
	require.NoError(t, err)
	defer unix.Close(control)
	command := exec.CommandContext(t.Context(), "sleep", "60")
	require.NoError(t, command.Start())
	found, err := owned(pinned{control: self})
	require.NoError(t, err)
	assert.Equal(t, fd, found[self], "its own are not counted")
	assert.Contains(t, found, command.Process.Pid)
	require.NoError(t, command.Process.Kill())
	_ = command.Wait()
	found, err = owned(pinned{control: self})
	require.NoError(t, err)
	assert.NotContains(t, found, command.Process.Pid)
}

func TestSavedEvidenceSameVerdict(t *testing.T) {
	saved := Report{Reaped: 2, Left: []Left{{PID: 5, Reason: ReasonOwned, FD: 9}}, Unseen: []opskit.Gap{{What: "x", Why: "y"}}}
	text, err := json.Marshal(saved)
	require.NoError(t, err)
	var back Report
	require.NoError(t, json.Unmarshal(text, &back))
	assert.Equal(t, saved.String(), back.String())
}

func BenchmarkOwned(b *testing.B) {
	control, err := unix.PidfdOpen(os.Getpid(), 0)
	require.NoError(b, err)
	defer unix.Close(control)
	for _, open := range []int{0, 1000, 10000} {
		var files []*os.File
		for range open {
			file, err := os.Open("/dev/null")
			require.NoError(b, err)
			files = append(files, file)
		}
		b.Run(strconv.Itoa(open)+" more descriptors", func(b *testing.B) {
			for b.Loop() {
				if _, err := owned(pinned{control: os.Getpid()}); err != nil {
					b.Fatal(err)
				}
			}
		})
		for _, file := range files {
			file.Close()
		}
	}
}
