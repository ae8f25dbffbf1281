//go:build linux && !opskit_portable

package procstate_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBarZombiesIsBounded: thousands of zombies are listed well within the ten
// seconds that Zombies allows itself.
func TestBarZombiesIsBounded(t *testing.T) {
	n := map[lab.Size]int{lab.Small: 50, lab.CI: 1000, lab.Full: 10000}[lab.Bars()]
	parent := procstatetest.Zombies(t, n)
	start := time.Now()
	g := groupOf(t, parent.PID)
	took := time.Since(start)
	require.Len(t, g.Zombies, n)
	if lab.Bars() != lab.Small && !lab.Race {
		assert.Less(t, took, 5*time.Second)
	}
	lab.BarTiming(t, "procstate zombies bounded", "%d zombies grouped in %v", n, took.Round(time.Millisecond))
}

// TestReadsOnlyWhatCannotHang runs Zombies under strace(1) and checks every file
// that it opened.
func TestReadsOnlyWhatCannotHang(t *testing.T) {
	lab.Need(t, "program:strace")
	if os.Getenv("OPSKIT_UNDER_STRACE") != "" {
		_, err := procstate.Zombies()
		require.NoError(t, err)
		_, err = (&procstate.Scanner{Settle: time.Millisecond}).Zombies(t.Context())
		require.NoError(t, err)
		return
	}
	procstatetest.Zombies(t, 3)
	readsOnlyWhatCannotHang(t)
	t.Run("beside a process that holds reads back", func(t *testing.T) {
		lab.Need(t, "root", "fuse")
		hangExec(t)
		readsOnlyWhatCannotHang(t)
	})
}

func readsOnlyWhatCannotHang(t *testing.T) {
	t.Helper()
	trace := filepath.Join(t.TempDir(), "trace")
	cmd := exec.Command("strace", "-f", "-qq", "-e", "trace=open,openat,openat2", "-o", trace,
		"/proc/self/exe", "-test.run=^TestReadsOnlyWhatCannotHang$")
	self, err := os.Executable()
	require.NoError(t, err)
	cmd.Args[len(cmd.Args)-2] = self
	cmd.Env = append(os.Environ(), "OPSKIT_UNDER_STRACE=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	text, err := os.ReadFile(trace)
	require.NoError(t, err)
	allowed := regexp.MustCompile(`^"(/proc|\d+/(stat|status|cgroup|task|task/\d+/(sched|wchan|stat|status|cgroup|syscall|stack|children)|mountinfo|fdinfo/\d+)|/proc/\d+/fd|(/proc/)?self/(mountinfo|cgroup|status|fdinfo/\d+|task|task/\d+/(comm|status|sched))|/sys/devices/system/cpu/online|thread-self/sched|sys/kernel/random/boot_id|/proc/loadavg|/proc/sys/kernel/(threads-max|pid_max)|/sys/fs/cgroup/.*(pids\.(max|current)|cgroup\.freeze|freezer\.(state|self_freezing)))"$`)
	quoted := regexp.MustCompile(`"[^"]*"`)
	// From the first opening of /proc itself it is Zombies that reads.
	_, ours, found := strings.Cut(string(text), `"/proc", `)
	require.True(t, found)
	opened := 0
	for line := range strings.Lines(ours) {
		path := quoted.FindString(line)
		if path == "" || path == `"/proc/self/fd"` { // TestMain counts descriptors
			continue
		}
		opened++
		assert.Regexp(t, allowed, path)
	}
	assert.Greater(t, opened, 50)
}

// TestEndsCostNothing: processes that end between the list and the look are left
// out without an allocation.
func TestEndsCostNothing(t *testing.T) {
	tree := procstatetest.Tree{{PID: 1}}
	for pid := 100; pid < 400; pid++ {
		tree = append(tree, procstatetest.Process{Files: map[string]string{fmt.Sprintf("%d/comm", pid): "gone"}})
	}
	s := &procstate.Scanner{Root: tree.Dir(t)}
	n := 0
	allocations := testing.AllocsPerRun(3, func() {
		for _, err := range s.Processes(t.Context()) {
			require.NoError(t, err)
			n++
		}
	})
	assert.Equal(t, 4, n, "PID 1 at each of the four runs")
	assert.Less(t, allocations, 20.0, "for 300 that have ended")
}
