//go:build linux && !opskit_portable

package ebssnap_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
)

// TestBarRefusedSystemCalls refuses one system call at a time, as filters of containers and hardened hosts do: the outcome is a snapshot or an error that says what
// is missing, and nothing is left frozen.
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
	fs := lab.LoopFS(t, "ext4", 64)
	for _, c := range calls {
		t.Run(c.call+" "+c.errno, func(t *testing.T) {
			child := exec.Command("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace="+c.call, "-e", "inject="+c.call+":error="+c.errno, os.Args[0], "-test.run=^TestHostileChild$")
			child.Env = append(os.Environ(), envHostile+"="+fs.Dir)
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
