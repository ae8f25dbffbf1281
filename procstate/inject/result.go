package inject

import (
	"fmt"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/procstate"
)

// Result is what Apply did.
type Result struct {
	Parent procstate.ID `json:"parent"` // of the plan
	// Reaped are the children that the parent was made to wait for; the kernel
	// confirmed each.
	Reaped []procstate.ID `json:"reaped,omitempty"`
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
	text.WriteString(opskit.NotChecked(missed{What: "what the parent does when it misses them", Why: "only its program knows"}))
	return text.String()
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// Left is a dead child that is not waited for.
type Left struct {
	procstate.ID
	Reason Reason `json:"reason"` // why it was left
}

// String returns "pid 42: traced".
func (l Left) String() string { return fmt.Sprintf("pid %d: %s", l.PID, l.Reason) }

// Reason is why a dead child is left alone.
type Reason = opskit.Enum[reasonKind]

// The reasons.
const (
	ReasonNotTried    Reason = "not_tried"    // the plan ended before its turn
	ReasonGone        Reason = "gone"         // it has been reaped meanwhile, or its PID belongs to another process
	ReasonLiveThreads Reason = "live_threads" // its first thread ended before the others; it is not dead yet
	ReasonTraced      Reason = "traced"       // a debugger must wait for it first
	ReasonOtherSignal Reason = "other_signal" // it was made by clone(2) with another exit signal than SIGCHLD
	ReasonNotOffered  Reason = "not_offered"  // the kernel did not offer it to wait4(2)
)
