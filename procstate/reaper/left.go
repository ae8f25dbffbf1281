package reaper

import (
	"fmt"
	"strconv"

	"github.com/opskit-go/opskit/procstate/internal/coded"
)

// Left is a dead child that was not reaped.
type Left struct {
	PID    int    `json:"pid"`    // in this process's PID namespace
	Reason Reason `json:"reason"` // why it was left alone
	// FD is the descriptor of this process that owns the child, -1 for none.
	FD int `json:"fd"`
	// Err tells why the child could not be judged; set with Unknown only.
	Err *Error `json:"error,omitempty"`
}

// String returns "pid 42: owned: descriptor 7 is a pidfd of it".
func (l Left) String() string {
	text := "pid " + strconv.Itoa(l.PID) + ": " + l.Reason.String()
	switch {
	case l.Err != nil:
		return text + ": " + strconv.Quote(l.Err.Error())
	case l.Reason == Owned:
		return fmt.Sprintf("%s: descriptor %d is a pidfd of it", text, l.FD)
	}
	return text
}

// Reason is why a dead child was left alone.
type Reason uint8

const (
	// Unknown: it could not be judged. The zero value.
	Unknown Reason = iota
	// Owned: this process holds a pidfd of it, as os/exec does until Wait.
	Owned
	// Kept: Reaper.Keep asked for it.
	Kept
	// Forked: it is a child of a thread other than the first, so this process
	// forked it itself: the kernel gives orphans to the first thread.
	Forked
	// Cloned: it was made by clone(2) with another exit signal than SIGCHLD,
	// which the kernel would have reset had it been adopted.
	Cloned
	// Traced: a debugger is attached to it.
	Traced
	// Young: its grace is not over.
	Young
)

func reasonNames() []string {
	return []string{"unknown", "owned", "kept", "forked", "cloned", "traced", "young"}
}

// String returns the stable lower-case name.
func (r Reason) String() string { return coded.Name(reasonNames(), r) }

// MarshalText writes what String returns.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText wrote; another text is an error.
func (r *Reason) UnmarshalText(text []byte) error { return coded.Value(reasonNames(), text, r) }
