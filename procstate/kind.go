package procstate

import (
	"github.com/opskit-go/opskit/procstate/internal/coded"
)

// Kind tells apart what ps(1) shows as one and the same 'Z'.
type Kind uint8

const (
	// Reapable is a zombie in the ordinary sense: every thread has ended, and the
	// parent has not asked how.
	Reapable Kind = iota + 1
	// DeadLeader is a process whose main thread has ended and whose other threads
	// run on. It cannot be reaped, holds its memory and files, and does end when
	// it is killed itself.
	DeadLeader
	// HeldByTracer is a zombie that its parent will only hear of when the process
	// that traces it has waited for it or has ended.
	HeldByTracer
	// NotSIGCHLD is a zombie that was cloned to end without SIGCHLD: its parent is
	// not told in the usual way, and finds it only with __WALL or __WCLONE
	// (wait(2)).
	NotSIGCHLD
)

func kindNames() []string {
	return []string{"unknown", "reapable", "dead-leader", "held-by-tracer", "not-sigchld"}
}

// String returns the kind's text, such as "dead-leader"; "unknown" for 0.
func (k Kind) String() string { return coded.Name(kindNames(), k) }

// MarshalText writes what String returns.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what String returns; other text is an error.
func (k *Kind) UnmarshalText(text []byte) error { return coded.Value(kindNames(), text, k) }
