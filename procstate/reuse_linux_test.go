//go:build linux && !opskit_portable

package procstate_test

import (
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// cloneAs forks a child with a PID of the caller's choice (clone3, set_tid),
// which forks a child of its own that ends, does not wait for it, and sleeps.
// In the children only system calls may be made.
//
//go:norace
//go:nosplit
func cloneAs(args *cloneArgs) syscall.Errno {
	pid, _, errno := syscall.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(args)), unsafe.Sizeof(*args), 0)
	if errno != 0 || pid != 0 {
		return errno
	}
	pid, _, _ = syscall.RawSyscall6(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	for pid == 0 {
		_, _, _ = syscall.RawSyscall(syscall.SYS_EXIT, 9, 0, 0)
	}
	for {
		_, _, _ = syscall.RawSyscall6(syscall.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
	}
}

// cloneArgs is struct clone_args of include/uapi/linux/sched.h.
type cloneArgs struct {
	flags, pidfd, childTID, parentTID, exitSignal, stack, stackSize, tls, setTID, setTIDSize, cgroup uint64
}

// cloneParentAs makes a parent with a zombie, with a PID of its choice; false
// means that the PID is taken.
func cloneParentAs(t *testing.T, pid int) bool {
	t.Helper()
	tid := int32(pid)
	args := cloneArgs{exitSignal: uint64(syscall.SIGCHLD), setTID: uint64(uintptr(unsafe.Pointer(&tid))), setTIDSize: 1}
	errno := cloneAs(&args)
	if errno == syscall.EEXIST {
		return false
	}
	require.Zero(t, errno)
	t.Cleanup(func() {
		if _, err := syscall.Wait4(pid, nil, syscall.WNOHANG, nil); err == nil { // it is ours, and alive
			_ = syscall.Kill(pid, syscall.SIGKILL)
			_, _ = syscall.Wait4(pid, nil, 0, nil)
		}
	})
	return true
}

// TestBarReuse: between the look and Apply another process is given the parent's
// PID, at once; it is never touched.
func TestBarReuse(t *testing.T) {
	lab.Need(t, "root")
	rounds := map[lab.Size]int{lab.Small: 5, lab.CI: 30, lab.Full: 1000}[lab.Bars()]
	wrong, reused := 0, 0
	reap := func(pid int) {
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		_, err := syscall.Wait4(pid, nil, 0, nil)
		require.NoError(t, err)
	}
	for pid := 20000; rounds > reused && pid < 32000; pid++ {
		if !cloneParentAs(t, pid) {
			continue
		}
		lab.Eventually(t, 10*time.Second, "its child is dead", func() bool {
			alive := children(t, pid)
			return len(alive) == 1 && alive[0].State == 'Z'
		})
		g := groupOf(t, pid)
		require.Equal(t, pid, g.Parent.PID)
		plan := hasty(g.Plan())
		reap(pid)
		if !cloneParentAs(t, pid) {
			continue // somebody else was quicker
		}
		reused++
		outcome, err := plan.Apply(t.Context())
		require.ErrorIs(t, err, procstate.ErrReused)
		assert.Empty(t, outcome.Done)
		if p := look(t, pid); p.State != 'S' && p.State != 'R' {
			wrong++
		}
		reap(pid)
	}
	assert.Zero(t, wrong)
	assert.Equal(t, rounds, reused)
	lab.Bar(t, "procstate pid reuse", "%d wrong kills in %d rounds", wrong, reused)
}
