package ipsec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/opskit-go/opskit/ipsec/conf"
)

// Errors that a caller branches on; every error of this package that is one of
// these conditions matches it by errors.Is.
var (
	// ErrWeakKey is matched when a pre-shared key can be guessed.
	ErrWeakKey = errors.New("weak pre-shared key")
	// ErrKeyText is matched when a pre-shared key cannot stand in
	// ipsec.secrets, or when its text is not here because it came from JSON.
	ErrKeyText = errors.New("unusable pre-shared key")
	// ErrTunnel is matched when a Tunnel cannot be rendered; Tunnel.Check has
	// the findings.
	ErrTunnel = errors.New("tunnel description has fatal findings")
	// ErrNoStatus is matched when a text is not the output of a status command
	// that ParseStatus knows.
	ErrNoStatus = errors.New("not the output of a known status command")
	// ErrLink is matched when a file to be written is a symbolic link.
	ErrLink = errors.New("is a symbolic link")
)

// Error is what fails in this package: the operation, what it was done to, and
// the reason. It marshals as {"code","message"}; what is read back has the same
// message and matches the same sentinel, Op and Target are then empty.
type Error struct {
	Op     string // "render", "parse status", ...
	Target string // a file, connection or field; may be empty
	Err    error  // the reason; matches one of the sentinels where it is one of these conditions
}

// Error returns "op target: reason".
func (e *Error) Error() string {
	switch {
	case e.Op == "" && e.Target == "":
		return e.Err.Error()
	case e.Target == "":
		return fmt.Sprintf("%s: %v", e.Op, e.Err)
	}
	return fmt.Sprintf("%s %s: %v", e.Op, printable(e.Target), e.Err)
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// errorCodes are the stable codes of the conditions that an Error can wrap.
func errorCodes() []struct {
	code string
	err  error
} {
	return []struct {
		code string
		err  error
	}{
		{"weak_key", ErrWeakKey},
		{"key_text", ErrKeyText},
		{"tunnel", ErrTunnel},
		{"no_status", ErrNoStatus},
		{"link", ErrLink},
		{"syntax", conf.ErrSyntax},
		{"no_section", conf.ErrNoSection},
		{"unsupported", errors.ErrUnsupported},
		{"permission", fs.ErrPermission},
		{"not_exist", fs.ErrNotExist},
		{"canceled", context.Canceled},
		{"deadline_exceeded", context.DeadlineExceeded},
	}
}

// errorJSON is an Error on the wire.
type errorJSON struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// MarshalJSON returns {"code","message"}; the code is "other" for a reason that
// has none.
func (e *Error) MarshalJSON() ([]byte, error) {
	out := errorJSON{Code: "other", Message: e.Error()}
	var read *readError
	if errors.As(e.Err, &read) {
		out.Code = read.code
		return json.Marshal(out)
	}
	for _, c := range errorCodes() {
		if errors.Is(e.Err, c.err) {
			out.Code = c.code
			break
		}
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (e *Error) UnmarshalJSON(data []byte) error {
	var in errorJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return fmt.Errorf("read error: %w", err)
	}
	read := &readError{code: in.Code, message: in.Message}
	for _, c := range errorCodes() {
		if c.code == in.Code {
			read.err = c.err
		}
	}
	*e = Error{Err: read}
	return nil
}

// readError is the reason of an Error that was read from JSON.
type readError struct {
	code, message string
	err           error
}

func (r *readError) Error() string { return r.message }
func (r *readError) Unwrap() error { return r.err }
