package inject

import (
	"slices"

	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/internal/procfile"
)

// evidence is everything that speaks for or against touching a parent.
type evidence struct {
	caller    int   // the caller's PID
	ancestors []int // of the caller
	foreign   bool  // /proc is not of the caller's PID namespace
	boot      string
	parent    procfile.Stat
	spaces    []int // the parent's PIDs, from /proc's namespace to its own (NSpid)
	threads   []thread
}

// thread is one thread of the parent.
type thread struct {
	tid     int
	state   byte
	seccomp int
	tracer  int
	cpu     int    // where it ran last
	wchan   string // the kernel function that it sleeps in, "" unknown
	call    call
}

// call is the system call that a thread is in.
type call struct {
	number int64 // -1 if it is in none
	name   string
	args   [6]uint64
	file   string // what the first argument refers to, for a read
}

// runningCall names what /proc/PID/syscall shows of a thread that runs.
const runningCall = "running"

// refusal returns the reason not to touch the parent, or the thread to use. It
// is a pure function of the evidence.
func (e evidence) refusal(want procstate.ID) (thread, error) {
	if err := e.whoRefusal(want); err != nil {
		return thread{}, err
	}
	var best thread
	rank := len(cleanCalls())
	reason := ErrRunning
	for _, t := range e.threads {
		if err := t.refusal(); err != nil {
			return thread{}, err
		}
		if t.state == 'Z' || t.state == 'X' { // a first thread that ended before the others
			continue
		}
		if t.call.number >= 0 {
			reason = ErrCall
		}
		if r := t.call.rank(); t.state == 'S' && r < rank {
			best, rank = t, r
		}
	}
	if rank == len(cleanCalls()) {
		return thread{}, reason
	}
	return best, nil
}

// whoRefusal judges who the parent is.
func (e evidence) whoRefusal(want procstate.ID) error {
	const kernelThread = 0x00200000 // PF_KTHREAD, include/linux/sched.h
	switch {
	case e.foreign:
		return ErrForeignProc
	case want.PID == 1:
		return ErrInit
	case want.PID <= 0 || want.Start == 0:
		return ErrNoIdentity
	case e.parent.Start != want.Start:
		return ErrReused
	case want.PID == e.caller:
		return ErrSelf
	case slices.Contains(e.ancestors, want.PID):
		return ErrAncestor
	case e.parent.Flags&kernelThread != 0:
		return ErrKernelThread
	case len(e.spaces) == 0:
		return ErrForeignProc
	case e.spaces[len(e.spaces)-1] == 1:
		return ErrNamespaceInit
	case len(e.threads) == 0:
		return ErrGone
	case (e.parent.State == 'Z' || e.parent.State == 'X') && len(e.threads) == 1:
		return ErrGone
	}
	return nil
}

// refusal judges what a thread does: one that is not safe to disturb makes the
// whole process unsafe.
func (t thread) refusal() error {
	switch {
	case t.seccomp != 0:
		return ErrSeccomp
	case t.tracer != 0 || t.state == 't':
		return ErrTraced
	case t.state == 'T':
		return ErrStopped
	case t.state == 'D' && (t.call.name == "vfork" || t.call.name == "clone" || t.call.name == "clone3"):
		return ErrVfork
	case t.state == 'D':
		return ErrUninterruptible
	case t.wchan == "do_freezer_trap" || t.wchan == "get_signal":
		return ErrFrozen
	case t.call.name == "execve" || t.call.name == "execveat":
		return ErrExec
	}
	return nil
}

// cleanCalls lists the system calls that go on after an interruption as if there
// had been none, the least disturbed first. signal(7) tells them from those that
// fail with EINTR; the kernel's ERESTART codes in the functions named there are
// the source.
func cleanCalls() []string {
	return []string{
		"futex", "pause", "rt_sigsuspend", "wait4", "waitid", "read", "epoll_wait", "epoll_pwait",
		"poll", "ppoll", "select", "pselect6", "nanosleep", "clock_nanosleep", "restart_syscall",
	}
}

// rank is the place among cleanCalls, or their number for any other call.
func (c call) rank() int {
	calls := cleanCalls()
	if c.number < 0 || !c.restarts() {
		return len(calls)
	}
	if i := slices.Index(calls, c.name); i >= 0 {
		return i
	}
	return len(calls)
}

// restarts looks at the arguments where the name is not enough.
func (c call) restarts() bool {
	switch c.name {
	case "futex":
		const command, wait, waitBitset = 0x7f, 0, 9
		operation := c.args[1] & command
		return operation == wait || operation == waitBitset
	case "read":
		return isPipe(c.file) // a socket may have a timeout of its own
	case "epoll_wait", "epoll_pwait":
		return c.endlessPoll()
	}
	return true
}

// endlessPoll tells an epoll_wait without a timeout. The kernel ends it with
// EINTR, but as it has nothing to count down it can be restarted.
func (c call) endlessPoll() bool {
	return (c.name == "epoll_wait" || c.name == "epoll_pwait") && int32(c.args[3]) < 0
}

func isPipe(link string) bool { return len(link) > 5 && link[:5] == "pipe:" }
