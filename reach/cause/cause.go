// Package cause names what can be behind a name that does not work. The one
// call that uses it is reach.Diagnose:
//
//	d := reach.Diagnose(evidence)
//	if d.Cause == cause.Migration { ... }
//
// # Usage
//
// A [Cause] appears in hypotheses and in evidence that a caller brings.
//
// # Privileges
//
// None; the package only holds names.
//
// # Platforms
//
// All.
//
// # Testing
//
// There is nothing to fake.
package cause

import "fmt"

// Cause is one explanation. The zero value is Unknown.
type Cause uint8

const (
	// Unknown: cannot tell.
	Unknown Cause = iota
	// Nothing: it works.
	Nothing
	// ThisHost: the trouble is here and not there.
	ThisHost
	// Resolution: the name does not lead to an address.
	Resolution
	// Path: a router on the way cannot forward.
	Path
	// Filtered: a packet filter on the way or on the host stops it.
	Filtered
	// HostDown: the machine is off, or nothing has its address.
	HostDown
	// ServiceDown: the machine is there and nothing listens.
	ServiceDown
	// Application: something listens and does not do its work.
	Application
	// Certificate: it answers and cannot prove its name.
	Certificate
	// Migration: it is being moved to another place.
	Migration
	// Attack: it is being flooded.
	Attack
)

// All returns every cause but Unknown, in the order of their values.
func All() []Cause {
	out := make([]Cause, 0, len(names())-1)
	for i := range names()[1:] {
		out = append(out, Cause(i+1))
	}
	return out
}

func names() []string {
	return []string{
		"unknown", "nothing", "this-host", "resolution", "path", "filtered", "host-down",
		"service-down", "application", "certificate", "migration", "attack",
	}
}

// String returns the stable lower-case text of c, the same as in JSON.
func (c Cause) String() string {
	if n := names(); int(c) < len(n) {
		return n[c]
	}
	return fmt.Sprintf("cause(%d)", uint8(c))
}

// MarshalText returns the text of String; a value that is no member is an error.
func (c Cause) MarshalText() ([]byte, error) {
	if int(c) >= len(names()) {
		return nil, fmt.Errorf("marshal cause %d: no such member", uint8(c))
	}
	return []byte(c.String()), nil
}

// UnmarshalText accepts exactly the texts of String.
func (c *Cause) UnmarshalText(b []byte) error {
	for i, n := range names() {
		if n == string(b) {
			*c = Cause(i)
			return nil
		}
	}
	return fmt.Errorf("unmarshal cause %q: no such member", b)
}
