//go:build linux && !opskit_portable

package guard

import (
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/internal/lab"
)

const envProcesses = "OPSKIT_TEST_PROCESSES"

// TestStartWithTooFewProcesses gives an ordinary user one process more at a time: first there is no
// guard, then one without a canary, then both.
func TestStartWithTooFewProcesses(t *testing.T) {
	lab.Need(t, "root")
	child := exec.Command("/proc/self/exe", "-test.run=^TestProcessesChild$", "-test.v")
	child.Dir = "/"
	child.Env = append(os.Environ(), envProcesses+"=1")
	child.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 64123, Gid: 64123}} // nobody else counts
	output, err := child.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.Contains(t, string(output), "--- PASS: TestProcessesChild")
}

// TestProcessesChild is the user of TestStartWithTooFewProcesses.
func TestProcessesChild(t *testing.T) {
	if os.Getenv(envProcesses) == "" {
		return
	}
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	spareThreads() // the runtime dies when it can start none
	dir := openDir(t, "/")
	var limit unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NPROC, &limit))
	seen := map[Watched]int{}
	refused := 0
	for n := uint64(0); seen[Unsettled] == 0 && n < 1000; n++ { // the runtime's own threads count too, and it may start more of them
		require.NoError(t, unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: n + 1, Max: limit.Max}))
		g, err := Start(t.Context(), Config{Dirs: []*os.File{dir}, Canaries: []bool{true}})
		require.NoError(t, unix.Setrlimit(unix.RLIMIT_NPROC, &limit))
		if err != nil {
			require.ErrorIs(t, err, ErrStart)
			require.ErrorIs(t, err, syscall.EAGAIN)
			refused++
			continue
		}
		seen[g.Watch()[0]]++
		require.NoError(t, g.Close())
	}
	assert.Positive(t, refused)
	assert.Positive(t, seen[Unwatched])
	assert.Equal(t, 1, seen[Unsettled])
}

// spareThreads leaves threads that wait for work.
func spareThreads() {
	var all, ready sync.WaitGroup
	ready.Add(12)
	for range 12 {
		all.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			ready.Done()
			ready.Wait()
		})
	}
	all.Wait()
}
