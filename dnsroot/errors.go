package dnsroot

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Conditions that a caller may branch on. Errors of this package match them by
// errors.Is and are of type [*Error].
var (
	// ErrNotSent: the question never left this host, for a local reason such as
	// no route, an address family that is off, or a local packet filter. It says
	// nothing about the server. An [Exchanger] of the caller's own must return
	// it in that case.
	ErrNotSent = errors.New("not sent from this host")
	// ErrNoAnswer: the question was sent and nothing acceptable came back in time.
	ErrNoAnswer = errors.New("no answer")
	// ErrRefused: an ICMP error or a TCP reset came back in place of an answer.
	ErrRefused = errors.New("refused on the way or by the host")
	// ErrTruncated: the answer is cut off, over TCP too.
	ErrTruncated = errors.New("answer truncated")
	// ErrMalformed: the bytes are not the DNS answer to the question asked.
	ErrMalformed = errors.New("malformed answer")
	// ErrRcode: the server answered with an error code such as SERVFAIL, or
	// without the records asked for.
	ErrRcode = errors.New("server does not serve the zone")
	// ErrUnsigned: the records came without a signature.
	ErrUnsigned = errors.New("answer not signed")
	// ErrBogus: a signature is there but does not prove the records.
	ErrBogus = errors.New("validation failed")
	// ErrSyntax: a file or text (hints, anchors, a letter) cannot be read.
	ErrSyntax = errors.New("syntax")
)

// codes are the stable names of the sentinels in JSON.
var codes = []struct {
	code string
	err  error
}{
	{"truncated", ErrTruncated}, // first: it wraps why TCP did not help
	{"not_sent", ErrNotSent},
	{"no_answer", ErrNoAnswer},
	{"refused", ErrRefused},
	{"malformed", ErrMalformed},
	{"rcode", ErrRcode},
	{"unsigned", ErrUnsigned},
	{"bogus", ErrBogus},
	{"syntax", ErrSyntax},
}

// Error is the error type of this package: which operation failed, on what, and
// why. Its JSON form is {"code", "message"}; code is a stable name of the
// sentinel that it matches, or "other".
type Error struct {
	Op     string // such as "query . SOA"
	Target string // address, file or text; may be empty
	Err    error  // matches one of the Err sentinels, or a cause of the system
}

// Error returns "op target: cause", safe to print on a terminal.
func (e *Error) Error() string {
	s := e.Op
	if e.Target != "" {
		s += " " + e.Target
	}
	if s != "" {
		s += ": "
	}
	if e.Err == nil {
		return printable(s + "unknown cause")
	}
	return printable(s + e.Err.Error())
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// code returns the stable name of the condition, "other" if it is none of the
// sentinels.
func (e *Error) code() string {
	for _, c := range codes {
		if errors.Is(e.Err, c.err) {
			return c.code
		}
	}
	return "other"
}

type errorJSON struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// MarshalJSON writes {"code", "message"}.
func (e *Error) MarshalJSON() ([]byte, error) {
	return json.Marshal(errorJSON{Code: e.code(), Message: e.Error()})
}

// UnmarshalJSON reads what MarshalJSON wrote; errors.Is with the sentinel holds
// again, and the message is the same.
func (e *Error) UnmarshalJSON(text []byte) error {
	var read errorJSON
	if err := json.Unmarshal(text, &read); err != nil {
		return fmt.Errorf("read error: %w", err)
	}
	saved := &savedError{message: read.Message}
	for _, c := range codes {
		if c.code == read.Code {
			saved.is = c.err
		}
	}
	*e = Error{Err: saved}
	return nil
}

// savedError is an error that was read back from JSON.
type savedError struct {
	message string
	is      error
}

func (e *savedError) Error() string { return e.message }
func (e *savedError) Unwrap() error { return e.is }
