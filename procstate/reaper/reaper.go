package reaper

import (
	"context"
	"time"
)

// Defaults that the zero value of [Reaper] stands for.
const (
	// DefaultGrace is how long a child stays dead before it is judged.
	DefaultGrace = 50 * time.Millisecond
	// DefaultInterval is the longest time between two looks at the children.
	DefaultInterval = 250 * time.Millisecond
)

// Reaper says how orphans are reaped. The zero value works in a program that is
// PID 1 of its namespace or a subreaper already. The fields must not change
// while Run is at work. At most one Run may be at work in a process: two of
// them steal nothing, but each takes the other's pidfds for an owner's and
// leaves those children to it.
type Reaper struct {
	// Subreaper makes this process the adopter of its descendants' orphans
	// (prctl(2), PR_SET_CHILD_SUBREAPER) for as long as Run works. Run restores
	// what it found.
	Subreaper bool

	// Grace is how long a child must have been seen dead before it may be
	// reaped; 0 means DefaultGrace, below 0 no grace. It is not what protects
	// the children of os/exec, which are never at risk. It lets whoever waits
	// at this moment without a pidfd (system(3), syscall.ForkExec followed by
	// syscall.Wait4) come first.
	Grace time.Duration

	// Interval is the longest time between two looks at the children when no
	// SIGCHLD arrives; 0 means DefaultInterval.
	Interval time.Duration

	// Keep, if set, is asked about each dead child that would be reaped; true
	// leaves it alone. It is called after the child was seen dead, so a Keep
	// that takes the lock under which the program forks and notes its own
	// children cannot be too early. The argument is a PID of this process's
	// namespace.
	Keep func(pid int) bool

	// OnReap, if set, is called for each orphan reaped, in the goroutine of
	// Run, one call at a time.
	OnReap func(Reaped)

	// OnLeft, if set, is called once for each dead child that is left alone,
	// and again when the reason changes. Children within their grace are not
	// reported. It runs in the goroutine of Run.
	OnLeft func(Left)
}

// Run reaps orphans until ctx ends, then returns what it did; the end of ctx is
// not an error. It never reaps a child that os/exec or os.StartProcess started
// and that can still be waited for; see the package documentation for what that
// rests on.
//
// It returns at once with an error matching ErrNoPidfd, ErrNoProc or
// ErrNotAdopter where the ownership of a child could not be told, or no orphan
// would come; errors.ErrUnsupported where the system is not Linux. Nothing was
// changed then.
func (r Reaper) Run(ctx context.Context) (Report, error) { return r.run(ctx) }

// Check reports why Run would refuse to work here, or nil. It changes nothing,
// and with Subreaper set it does not ask who adopts.
func (r Reaper) Check() error { return r.check() }

func (r Reaper) grace() time.Duration {
	switch {
	case r.Grace < 0:
		return 0
	case r.Grace == 0:
		return DefaultGrace
	}
	return r.Grace
}

func (r Reaper) interval() time.Duration {
	if r.Interval <= 0 {
		return DefaultInterval
	}
	return r.Interval
}
