package reaper

import (
	"fmt"
	"strconv"

	"github.com/opskit-go/opskit"
)

// Left is a dead child that was not reaped.
type Left struct {
	PID    int    `json:"pid"`    // in this process's PID namespace
	Reason Reason `json:"reason"` // why it was left alone
	// FD is the descriptor of this process that owns the child, -1 for none.
	FD int `json:"fd"`
	// Err tells why the child could not be judged; set with ReasonUnknown only.
	Err opskit.Failure `json:"error,omitzero"`
}

// String returns "pid 42: owned: descriptor 7 is a pidfd of it".
func (l Left) String() string {
	text := "pid " + strconv.Itoa(l.PID) + ": " + l.Reason.String()
	switch {
	case !l.Err.IsZero():
		return text + ": " + l.Err.String()
	case l.Reason == ReasonOwned:
		return fmt.Sprintf("%s: descriptor %d is a pidfd of it", text, l.FD)
	}
	return text
}

type reasonKind struct{}

// Reason is why a dead child was left alone. The zero value is that it could not be
// judged.
type Reason = opskit.Enum[reasonKind]

// The reasons.
const (
	ReasonUnknown Reason = ""       // it could not be judged
	ReasonOwned   Reason = "owned"  // this process holds a pidfd of it, as os/exec does until Wait
	ReasonKept    Reason = "kept"   // Reaper.Keep asked for it
	ReasonForked  Reason = "forked" // a child of a thread other than the first, so this process forked it itself: the kernel gives orphans to the first thread
	ReasonCloned  Reason = "cloned" // made by clone(2) with another exit signal than SIGCHLD, which the kernel would have reset had it been adopted
	ReasonTraced  Reason = "traced" // a debugger is attached to it
	ReasonYoung   Reason = "young"  // its grace is not over
)
