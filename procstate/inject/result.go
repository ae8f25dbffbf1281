package inject

import (
	"fmt"
	"strings"
	"time"

	"github.com/opskit-go/opskit/procstate/internal/coded"
)

// Result is what Apply did.
type Result struct {
	Parent Parent `json:"parent"` // of the plan
	// Reaped are the children that the parent was made to wait for; the kernel
	// confirmed each.
	Reaped []Zombie `json:"reaped,omitempty"`
	// Left are the zombies of the plan that it was not, and why.
	Left []Left `json:"left,omitempty"`
	// Thread is the parent's thread that was used last, 0 if none was.
	Thread int `json:"thread,omitempty"`
	// Stops counts how often it was stopped, Longest and Stopped are the
	// longest stop and all of them together, from the request to the release.
	Stops   int           `json:"stops"`
	Longest time.Duration `json:"longest_ns"` // the longest stop
	Stopped time.Duration `json:"stopped_ns"` // all stops together
}

// String returns what was done, each child that was left, and what was not
// checked.
func (r Result) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "pid %d was made to wait for %s, %d left\n", r.Parent.PID, children(len(r.Reaped)), len(r.Left))
	if r.Stops > 0 {
		fmt.Fprintf(&text, "  its thread %d stopped %s, %v at most, %v together\n", r.Thread, times(r.Stops), r.Longest, r.Stopped)
	}
	for _, left := range r.Left {
		fmt.Fprintf(&text, "  %s\n", left)
	}
	return text.String() + "not checked: what the parent does when it misses them"
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// Left is a dead child that is not waited for.
type Left struct {
	Zombie
	Reason Reason `json:"reason"` // why it was left
}

// String returns "pid 42: traced".
func (l Left) String() string { return fmt.Sprintf("pid %d: %s", l.PID, l.Reason) }

// Reason is why a dead child is left alone.
type Reason uint8

const (
	// NotTried: the plan ended before its turn. The zero value.
	NotTried Reason = iota
	// Gone: it has been reaped meanwhile, or its PID belongs to another process.
	Gone
	// LiveThreads: its first thread ended before the others; it is not dead yet.
	LiveThreads
	// Traced: a debugger must wait for it first.
	Traced
	// OtherSignal: it was made by clone(2) with another exit signal than SIGCHLD.
	OtherSignal
	// NotOffered: the kernel did not offer it to wait4(2).
	NotOffered
)

func reasonNames() []string {
	return []string{"not_tried", "gone", "live_threads", "traced", "other_signal", "not_offered"}
}

// String returns the stable lower-case name.
func (r Reason) String() string { return coded.Name(reasonNames(), r) }

// MarshalText writes what String returns.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText wrote; another text is an error.
func (r *Reason) UnmarshalText(text []byte) error { return coded.Value(reasonNames(), text, r) }
