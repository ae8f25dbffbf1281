package procstate

import "github.com/opskit-go/opskit/procstate/internal/coded"

// Verdict says how a host fares. Its zero value is [Unknown].
type Verdict uint8

// Unknown is the zero value of every enumeration of this package: not seen, or
// not to be told.
const Unknown = 0

const (
	// Healthy: nothing is stuck, and nothing unseen could hide it.
	Healthy Verdict = iota + 1
	// Problem: something is stuck.
	Problem
)

func verdictNames() []string { return []string{"unknown", "healthy", "problem"} }

// String returns "unknown", "healthy" or "problem".
func (v Verdict) String() string { return coded.Name(verdictNames(), v) }

// MarshalText writes what String returns.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what String returns; other text is an error.
func (v *Verdict) UnmarshalText(text []byte) error { return coded.Value(verdictNames(), text, v) }
