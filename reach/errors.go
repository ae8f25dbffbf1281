package reach

import (
	"context"
	"encoding/json"
	"errors"
	"os"
)

// The conditions that a caller branches on. A verdict such as [Refused] is an
// answer and not an error; these are for what could not be asked or read.
var (
	// ErrTarget: the target, URL, name or resolver given cannot be used as it
	// stands. Nothing was sent.
	ErrTarget = errors.New("target is not usable")
	// ErrLocal: this host lacked what the question needs (descriptors, local
	// ports, memory). Nothing can be said of the target.
	ErrLocal = errors.New("this host could not ask")
	// ErrNoRoute: this host's own routing table or packet filter answered in
	// place of the network.
	ErrNoRoute = errors.New("this host does not send there")
	// ErrMalformed: bytes came back that are not what the protocol says.
	ErrMalformed = errors.New("answer is malformed")
	// ErrCertificate: the certificate that the server showed does not prove
	// the name that was asked for.
	ErrCertificate = errors.New("certificate does not prove the name")
)

// Error is the typed error of this package and its sub-packages: what was
// done, to what, and why it failed. It unwraps to Err, so errors.Is works with
// the sentinels of this package, with context.Canceled,
// context.DeadlineExceeded, os.ErrPermission, os.ErrNotExist and
// errors.ErrUnsupported, also after a trip through JSON.
type Error struct {
	Op     string // what was being done: "connect", "ping", "http", ...
	Target string // to what; may be empty
	Err    error  // why it failed; never nil in an Error of this package
}

// Error returns "op target: why".
func (e *Error) Error() string {
	head := e.Op
	if e.Target != "" {
		head += " " + printable(e.Target)
	}
	switch {
	case e.Err == nil:
		return head
	case e.Op == "":
		return e.Err.Error()
	}
	return head + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// MarshalJSON writes {"code", "message"}. The code is the stable snake_case
// name of the sentinel that Err wraps, or "other".
func (e *Error) MarshalJSON() ([]byte, error) {
	return json.Marshal(savedError{Code: code(e.Err), Message: e.Error()})
}

// UnmarshalJSON reads what MarshalJSON wrote. Op and Target stay empty; the
// message holds them.
func (e *Error) UnmarshalJSON(b []byte) error {
	var s savedError
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*e = Error{Err: &s}
	return nil
}

// savedError is an error as JSON keeps it.
type savedError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func (s *savedError) Error() string { return s.Message }

func (s *savedError) Unwrap() error {
	for _, c := range codes() {
		if c.name == s.Code {
			return c.err
		}
	}
	return nil
}

type errorCode struct {
	name string
	err  error
}

// codes lists every sentinel with its name in JSON, the more specific first.
func codes() []errorCode {
	return []errorCode{
		{"target", ErrTarget},
		{"local", ErrLocal},
		{"no_route", ErrNoRoute},
		{"malformed", ErrMalformed},
		{"certificate", ErrCertificate},
		{"canceled", context.Canceled},
		{"deadline_exceeded", context.DeadlineExceeded},
		{"permission", os.ErrPermission},
		{"not_exist", os.ErrNotExist},
		{"unsupported", errors.ErrUnsupported},
	}
}

func code(err error) string {
	for _, c := range codes() {
		if errors.Is(err, c.err) {
			return c.name
		}
	}
	return "other"
}
