package procstate

import "github.com/opskit-go/opskit/procstate/internal/coded"

// Reason is why a parent does not reap, as far as its state tells.
type Reason uint8

const (
	// NotWaiting: the parent runs, leaves SIGCHLD at its default and does not call
	// wait(2). Nothing reminds it.
	NotWaiting Reason = iota + 1
	// Ignoring: it ignores SIGCHLD, which spares it zombies only of children that
	// end after it began to. These had ended before.
	Ignoring
	// Blocking: its main thread blocks SIGCHLD. Programs that read the signal with
	// sigwait(3) or signalfd(2) do so on purpose.
	Blocking
	// Handling: it has a handler for SIGCHLD, which does not wait for every child
	// that has ended: signals of one kind merge while they are pending.
	Handling
	// Stopped: it is stopped by a signal or a debugger and does not run at all.
	Stopped
	// Frozen: its control group is frozen.
	Frozen
	// InD: it sleeps uninterruptibly itself.
	InD
	// NamespaceInit: it is PID 1 of its PID namespace, adopts every orphan there,
	// and was not written to reap them.
	NamespaceInit
)

func reasonNames() []string {
	return []string{
		"unknown", "not-waiting", "ignoring", "blocking", "handling", "stopped", "frozen", "uninterruptible",
		"namespace-init",
	}
}

// String returns the reason's text, such as "not-waiting"; "unknown" for 0.
func (r Reason) String() string { return coded.Name(reasonNames(), r) }

// MarshalText writes what String returns.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what String returns; other text is an error.
func (r *Reason) UnmarshalText(text []byte) error { return coded.Value(reasonNames(), text, r) }

// Explain returns the reason as a clause for people.
func (r Reason) Explain() string {
	switch r {
	case NotWaiting:
		return "its parent runs, leaves SIGCHLD at its default and does not wait for its children"
	case Ignoring:
		return "its parent ignores SIGCHLD, but began to after these had ended"
	case Blocking:
		return "its parent blocks SIGCHLD and does not wait for its children"
	case Handling:
		return "its parent handles SIGCHLD, but its handler does not wait for every child"
	case Stopped:
		return "its parent is stopped and cannot run"
	case Frozen:
		return "its parent's control group is frozen"
	case InD:
		return "its parent sleeps uninterruptibly"
	case NamespaceInit:
		return "its parent is PID 1 of its PID namespace and does not reap what it adopts"
	}
	return "why its parent does not reap could not be seen"
}

// reason is the verdict about a parent. It rests on the evidence in the group
// alone.
func (g *Group) reason() Reason {
	switch {
	case g.Parent.Start == 0:
		return Unknown
	case g.Freezer != "":
		return Frozen
	case g.Parent.State == 'T' || g.Parent.State == 't':
		return Stopped
	case g.Parent.State == 'D':
		return InD
	case g.Parent.PID == 1 || g.Owner.NSPID == 1:
		return NamespaceInit
	}
	return g.SIGCHLD
}
