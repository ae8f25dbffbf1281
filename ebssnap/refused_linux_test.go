//go:build linux && !opskit_portable

package ebssnap_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/internal/lab"
)

// TestBarRefusedSystemCalls refuses one system call at a time, as filters of containers and
// hardened hosts do: the outcome is a snapshot or an error that says what is missing, and nothing
// is left frozen.
func TestBarRefusedSystemCalls(t *testing.T) {
	lab.Need(t, "root", "program:strace")
	calls := []struct{ call, errno, says string }{
		{"unlinkat", "EACCES", "unlinkat: permission denied"}, // the guard must not take that for a thaw by another program
		{"signalfd4", "ENOMEM", wantNoGuard},
		{"memfd_create", "ENOSYS", "consistent: "},
		{"socketpair", "EMFILE", wantNoGuard},
		{"statx", "ENOSYS", "consistent: "},
		{"statx", "EPERM", "consistent: "},
		{"close_range", "ENOSYS", "consistent: "},
		{"mlockall", "EPERM", "consistent: "},
		{"sched_setscheduler", "EPERM", "consistent: "},
		{"prctl", "EINVAL", "consistent: "},
		{"getrusage", "EPERM", "consistent: "},
		{"recvfrom", "EPERM", wantNoGuard},
		{"syncfs", "EIO", "input/output error"},
		{"capget", "EPERM", "read capabilities"},
		{"ioctl", "ENOTTY", "inappropriate ioctl"},
		{"ioctl", "EPERM", "permission denied"},
	}
	if lab.Bars() == lab.Small {
		calls = calls[:1]
	}
	fs, journal := lab.LoopFS(t, "ext4", 64), journalOn(t) // a record that may not be unlinked stays
	for _, c := range calls {
		t.Run(c.call+" "+c.errno, func(t *testing.T) {
			child := exec.Command("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace="+c.call, "-e", "inject="+c.call+":error="+c.errno, os.Args[0], "-test.run=^TestHostileChild$")
			child.Env = append(os.Environ(), envHostile+"="+fs.Dir, envJournal+"="+journal)
			output, err := child.CombinedOutput()
			require.NoError(t, err, "%s", output)
			assert.Contains(t, string(output), c.says)
			_, said, _ := strings.Cut(string(output), "error: ")
			assert.NotContains(t, said, "another program")
			assert.False(t, fs.Thaw(), "left frozen: %s", output)
		})
	}
	lab.Bar(t, "refused system calls", "%d, none leaves anything frozen", len(calls))
}

// TestNoCanaryOutlivesItsGuard: one that met what somebody else froze ends when that is thawed, also
// where the kernel refused to tell it of its guard's end.
func TestNoCanaryOutlivesItsGuard(t *testing.T) {
	lab.Need(t, "root", "program:strace", "program:fsfreeze")
	fs, foreign, journal := lab.LoopFS(t, "ext4", 64), lab.LoopFS(t, "ext4", 64), journalOn(t)
	require.NoError(t, exec.Command("fsfreeze", "-f", foreign.Dir).Run())
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=prctl", "-e", "inject=prctl:error=EINVAL", os.Args[0], "-test.run=^TestHostileChild$")
	child.Env = append(os.Environ(), envHostile+"="+fs.Dir, envJournal+"="+journal)
	output, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	lines := bufio.NewScanner(output)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "recover: ") {
	}
	foreign.Thaw()
	for lines.Scan() {
	}
	assert.NoError(t, child.Wait(), "strace ends with the last process that it follows")
}

// TestSecondFreezeRefused lets the kernel refuse the second of two filesystems: the first is
// thawed, and the error names the second.
func TestSecondFreezeRefused(t *testing.T) {
	lab.Need(t, "root", "program:strace")
	first, second := lab.LoopFS(t, "ext4", 64), lab.LoopFS(t, "ext4", 64)
	for errno, want := range map[string]string{"EOPNOTSUPP": "filesystem cannot be frozen", "EBUSY": "already frozen by another program", "EPERM": "permission denied"} {
		child := exec.Command("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=ioctl", "-e", "inject=ioctl:error="+errno+":when=2", os.Args[0], "-test.run=^TestDeathChild$")
		child.Env = append(os.Environ(), envDeath+"=return", envMount+"="+first.Dir+":"+second.Dir, envBudget+"=20s", envCall+"=hold")
		output, err := child.CombinedOutput()
		require.NoError(t, err, "%s", output)
		assert.Contains(t, string(output), "returned freeze "+first.Dir+": "+want) // the last mounted was frozen first
		assert.NotContains(t, string(output), "frozen "+second.Dir)
		assert.False(t, first.Thaw())
		assert.False(t, second.Thaw())
	}
}

func TestJournalOnADisk(t *testing.T) {
	lab.Need(t, "root")
	fs := lab.LoopFS(t, "ext4", 64)
	journal := filepath.Join(fs.Dir, "journal")
	require.NoError(t, os.Mkdir(journal, 0o700))
	result, err := ebssnap.Consistent(t.Context(), volume(&ebssnaptest.Cloud{}), &ebssnap.FS{Mounts: []string{fs.Dir}, Journal: journal}, 5*time.Second)
	require.NoError(t, err)
	assert.Contains(t, result.String(), "no journal: "+journal+" is not in memory", "a store into a page of the frozen filesystem would sleep")
	assert.False(t, fs.Thaw())
}
