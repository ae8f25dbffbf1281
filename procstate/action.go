package procstate

import "github.com/opskit-go/opskit/procstate/internal/coded"

// Action is what a [Step] does.
type Action uint8

const (
	// Wait: nothing is to be done, or nothing can be.
	Wait Action = iota + 1
	// Continue sends SIGCONT to a stopped parent.
	Continue
	// Thaw unfreezes the parent's control group.
	Thaw
	// Poke sends SIGCHLD to a parent that handles it, again and again while each
	// signal gets a zombie reaped.
	Poke
	// TellTracer is for whoever runs the tracer: it must wait for the zombie,
	// detach or end.
	TellTracer
	// Restart is for whoever runs the container: with PID 1 of its namespace
	// everything in it ends.
	Restart
	// Terminate asks the parent to end (SIGTERM).
	Terminate
	// Kill ends the parent (SIGKILL).
	Kill
)

func actionNames() []string {
	return []string{"unknown", "wait", "continue", "thaw", "poke", "tell-tracer", "restart", "terminate", "kill"}
}

// String returns the action's text, such as "kill"; "unknown" for 0.
func (a Action) String() string { return coded.Name(actionNames(), a) }

// MarshalText writes what String returns.
func (a Action) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what String returns; other text is an error.
func (a *Action) UnmarshalText(text []byte) error { return coded.Value(actionNames(), text, a) }

// manual reports whether the action is for people: Apply passes over it.
func (a Action) manual() bool { return a == Wait || a == TellTracer || a == Restart }
