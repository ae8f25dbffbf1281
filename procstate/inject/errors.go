package inject

import (
	"strconv"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/procstate"
)

// ErrRefused is matched by every refusal below: the parent was not certain to
// be safe, and was let go as it was. What matches none of them is a failure.
var ErrRefused = opskit.Sentinel("procstate_inject_refused", "refused", procstate.ErrRefused)

// The refusals. Each also matches ErrRefused.
var (
	// ErrNoIdentity: Parent.Start is 0, so the process could not be told from another.
	ErrNoIdentity = opskit.Sentinel("procstate_inject_no_identity", "no start time: a process is named by PID and start time", ErrRefused)
	// ErrReused: the PID belongs to another process now, or the plan is of another boot.
	ErrReused = opskit.Sentinel("procstate_inject_reused", "pid belongs to another process now", ErrRefused, procstate.ErrReused)
	// ErrGone: the parent has ended.
	ErrGone = opskit.Sentinel("procstate_inject_gone", "process is gone", ErrRefused, procstate.ErrGone)
	// ErrInit: the parent is PID 1.
	ErrInit = opskit.Sentinel("procstate_inject_init", "process is PID 1", ErrRefused)
	// ErrNamespaceInit: the parent is PID 1 of another PID namespace; a mistake would end a container.
	ErrNamespaceInit = opskit.Sentinel("procstate_inject_namespace_init", "process is PID 1 of its own PID namespace", ErrRefused)
	// ErrSelf: the parent is the calling process.
	ErrSelf = opskit.Sentinel("procstate_inject_self", "process is the caller itself", ErrRefused)
	// ErrAncestor: the parent is an ancestor of the calling process.
	ErrAncestor = opskit.Sentinel("procstate_inject_ancestor", "process is an ancestor of the caller", ErrRefused)
	// ErrKernelThread: the parent is a kernel thread.
	ErrKernelThread = opskit.Sentinel("procstate_inject_kernel_thread", "process is a kernel thread", ErrRefused)
	// ErrSeccomp: a thread of the parent runs under seccomp, which may kill it for a call that it never makes.
	ErrSeccomp = opskit.Sentinel("procstate_inject_seccomp", "process runs under seccomp", ErrRefused)
	// ErrTraced: a debugger is attached already.
	ErrTraced = opskit.Sentinel("procstate_inject_traced", "process is traced already; let its tracer act", ErrRefused)
	// ErrCompat: the parent runs 32-bit code or another system call ABI.
	ErrCompat = opskit.Sentinel("procstate_inject_compat", "process does not use this system's native system calls", ErrRefused)
	// ErrStopped: the parent is stopped by a job control signal; continue it first.
	ErrStopped = opskit.Sentinel("procstate_inject_stopped", "process is stopped; send SIGCONT and let it reap by itself", ErrRefused)
	// ErrFrozen: the parent's control group is frozen; thaw it first.
	ErrFrozen = opskit.Sentinel("procstate_inject_frozen", "process is frozen; thaw its control group", ErrRefused)
	// ErrVfork: the parent waits in vfork(2) for a child that shares its memory.
	ErrVfork = opskit.Sentinel("procstate_inject_vfork", "process waits in vfork for a child that shares its memory", ErrRefused)
	// ErrUninterruptible: a thread of the parent is in uninterruptible sleep.
	ErrUninterruptible = opskit.Sentinel("procstate_inject_uninterruptible", "process is in uninterruptible sleep", ErrRefused)
	// ErrRunning: no thread of the parent sleeps in a system call.
	ErrRunning = opskit.Sentinel("procstate_inject_running", "process is running: no thread sleeps in a system call", ErrRefused)
	// ErrCall: no thread sleeps in a system call that the kernel restarts without a trace.
	ErrCall = opskit.Sentinel("procstate_inject_call", "no thread sleeps in a system call that restarts cleanly", ErrRefused)
	// ErrExec: the parent is about to execute another program.
	ErrExec = opskit.Sentinel("procstate_inject_exec", "process is executing another program", ErrRefused)
	// ErrBusy: at every attempt a signal or something else came first; try again.
	ErrBusy = opskit.Sentinel("procstate_inject_busy", "thread was busy with something else at every attempt", ErrRefused)
	// ErrLimit: a limit keeps this program from starting a thread, without which it cannot trace and
	// which its runtime would not survive; run it from outside of that limit.
	ErrLimit = opskit.Sentinel("procstate_inject_limit", "no thread can be started", ErrRefused)
	// ErrNoZombies: the parent has no dead child that wait4(2) would reap.
	ErrNoZombies = opskit.Sentinel("procstate_inject_no_zombies", "process has no child to reap", ErrRefused)
	// ErrForeignProc: /proc shows another PID namespace than the caller's.
	ErrForeignProc = opskit.Sentinel("procstate_inject_foreign_proc", "/proc does not show the caller's PID namespace", ErrRefused)
)

// failed is an error about a process; they are of type [opskit.Error].
func failed(op string, pid int, err error) error {
	return &opskit.Error{Op: op, Target: "pid " + strconv.Itoa(pid), Err: err}
}
