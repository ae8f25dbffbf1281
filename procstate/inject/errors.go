package inject

import (
	"context"
	"errors"
	"io/fs"
	"strconv"

	"github.com/opskit-go/opskit/procstate/internal/coded"
)

// ErrRefused is matched by every refusal below: the parent was not certain to
// be safe, and was let go as it was. What matches none of them is a failure.
var ErrRefused = errors.New("refused")

// The refusals. Each also matches ErrRefused.
var (
	// ErrNoIdentity: Parent.Start is 0, so the process could not be told from another.
	ErrNoIdentity error = refusal("no start time: a process is named by PID and start time")
	// ErrReused: the PID belongs to another process now, or the plan is of another boot.
	ErrReused error = refusal("pid belongs to another process now")
	// ErrGone: the parent has ended.
	ErrGone error = refusal("process is gone")
	// ErrInit: the parent is PID 1.
	ErrInit error = refusal("process is PID 1")
	// ErrNamespaceInit: the parent is PID 1 of another PID namespace; a mistake would end a container.
	ErrNamespaceInit error = refusal("process is PID 1 of its own PID namespace")
	// ErrSelf: the parent is the calling process.
	ErrSelf error = refusal("process is the caller itself")
	// ErrAncestor: the parent is an ancestor of the calling process.
	ErrAncestor error = refusal("process is an ancestor of the caller")
	// ErrKernelThread: the parent is a kernel thread.
	ErrKernelThread error = refusal("process is a kernel thread")
	// ErrSeccomp: a thread of the parent runs under seccomp, which may kill it for a call that it never makes.
	ErrSeccomp error = refusal("process runs under seccomp")
	// ErrTraced: a debugger is attached already.
	ErrTraced error = refusal("process is traced already; let its tracer act")
	// ErrCompat: the parent runs 32-bit code or another system call ABI.
	ErrCompat error = refusal("process does not use this system's native system calls")
	// ErrStopped: the parent is stopped by a job control signal; continue it first.
	ErrStopped error = refusal("process is stopped; send SIGCONT and let it reap by itself")
	// ErrFrozen: the parent's control group is frozen; thaw it first.
	ErrFrozen error = refusal("process is frozen; thaw its control group")
	// ErrVfork: the parent waits in vfork(2) for a child that shares its memory.
	ErrVfork error = refusal("process waits in vfork for a child that shares its memory")
	// ErrUninterruptible: a thread of the parent is in uninterruptible sleep.
	ErrUninterruptible error = refusal("process is in uninterruptible sleep")
	// ErrRunning: no thread of the parent sleeps in a system call.
	ErrRunning error = refusal("process is running: no thread sleeps in a system call")
	// ErrCall: no thread sleeps in a system call that the kernel restarts without a trace.
	ErrCall error = refusal("no thread sleeps in a system call that restarts cleanly")
	// ErrExec: the parent is about to execute another program.
	ErrExec error = refusal("process is executing another program")
	// ErrBusy: at every attempt a signal or something else came first; try again.
	ErrBusy error = refusal("thread was busy with something else at every attempt")
	// ErrNoZombies: the parent has no dead child that wait4(2) would reap.
	ErrNoZombies error = refusal("process has no child to reap")
	// ErrForeignProc: /proc shows another PID namespace than the caller's.
	ErrForeignProc error = refusal("/proc does not show the caller's PID namespace")
)

// refusal is a sentinel that matches ErrRefused too.
type refusal string

func (r refusal) Error() string        { return string(r) }
func (r refusal) Is(target error) bool { return target == ErrRefused }

// Error is the error type of this package. It marshals to {"code", "message"},
// and a decoded one still matches the sentinel that it stood for.
type Error struct {
	Op  string // what was being done, such as "prepare"
	PID int    // the parent
	Err error  // why it failed
}

// Error returns "op pid N: cause".
func (e *Error) Error() string {
	if e.Op == "" {
		return e.Err.Error()
	}
	return e.Op + " pid " + strconv.Itoa(e.PID) + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func errorCodes() []coded.Code {
	return []coded.Code{
		{Text: "no_identity", Err: ErrNoIdentity},
		{Text: "reused", Err: ErrReused},
		{Text: "gone", Err: ErrGone},
		{Text: "init", Err: ErrInit},
		{Text: "namespace_init", Err: ErrNamespaceInit},
		{Text: "self", Err: ErrSelf},
		{Text: "ancestor", Err: ErrAncestor},
		{Text: "kernel_thread", Err: ErrKernelThread},
		{Text: "seccomp", Err: ErrSeccomp},
		{Text: "traced", Err: ErrTraced},
		{Text: "compat", Err: ErrCompat},
		{Text: "stopped", Err: ErrStopped},
		{Text: "frozen", Err: ErrFrozen},
		{Text: "vfork", Err: ErrVfork},
		{Text: "uninterruptible", Err: ErrUninterruptible},
		{Text: "running", Err: ErrRunning},
		{Text: "call", Err: ErrCall},
		{Text: "exec", Err: ErrExec},
		{Text: "busy", Err: ErrBusy},
		{Text: "no_zombies", Err: ErrNoZombies},
		{Text: "foreign_proc", Err: ErrForeignProc},
		{Text: "refused", Err: ErrRefused},
		{Text: "permission", Err: fs.ErrPermission},
		{Text: "canceled", Err: context.Canceled},
		{Text: "deadline", Err: context.DeadlineExceeded},
		{Text: "unsupported", Err: errors.ErrUnsupported},
	}
}

// MarshalJSON writes the code of the sentinel ("other" if there is none) and
// the message.
func (e *Error) MarshalJSON() ([]byte, error) { return coded.MarshalError(e, errorCodes()) }

// UnmarshalJSON reads what MarshalJSON wrote. Op and PID stay inside the message.
func (e *Error) UnmarshalJSON(text []byte) error {
	saved, err := coded.UnmarshalError(text, errorCodes())
	if err != nil {
		return err
	}
	*e = Error{Err: saved}
	return nil
}
