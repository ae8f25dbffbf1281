package procstate

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
)

// Sentinels that the errors of this package match with errors.Is. A missing
// permission matches fs.ErrPermission, a reached deadline
// context.DeadlineExceeded, and a call that this system does not have
// errors.ErrUnsupported.
var (
	// ErrGone: the process has ended and been reaped.
	ErrGone = errors.New("process is gone")
	// ErrReused: its PID now belongs to another process, which is left alone.
	ErrReused = errors.New("pid belongs to another process now")
	// ErrRefused: this package never does that; the message says why.
	ErrRefused = errors.New("refused")
	// ErrMalformed: a /proc file does not have the form that proc(5) gives it.
	ErrMalformed = errors.New("malformed /proc file")
)

// Error is the error type of this package. It marshals to {"code", "message"},
// and a decoded one still matches the sentinel that it stood for.
type Error struct {
	Op     string // what was being done, such as "read stat"
	Target string // of what, such as "pid 42"
	Err    error  // why it failed
}

// Error returns "op target: cause".
func (e *Error) Error() string {
	switch {
	case e.Op == "":
		return e.Err.Error()
	case e.Target == "":
		return e.Op + ": " + e.Err.Error()
	}
	return e.Op + " " + e.Target + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// errorCodes returns the stable code of every sentinel, in the order of search.
func errorCodes() []codedError {
	return []codedError{
		{"gone", ErrGone},
		{"reused", ErrReused},
		{"refused", ErrRefused},
		{"malformed", ErrMalformed},
		{"permission", fs.ErrPermission},
		{"not_found", fs.ErrNotExist},
		{"deadline", context.DeadlineExceeded},
		{"canceled", context.Canceled},
		{"unsupported", errors.ErrUnsupported},
	}
}

type codedError struct {
	code     string
	sentinel error
}

type errorJSON struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// MarshalJSON writes the code of the sentinel ("other" if there is none) and the
// message.
func (e *Error) MarshalJSON() ([]byte, error) {
	body := errorJSON{Code: "other", Message: e.Error()}
	for _, c := range errorCodes() {
		if errors.Is(e, c.sentinel) {
			body.Code = c.code
			break
		}
	}
	return json.Marshal(body)
}

// UnmarshalJSON reads what MarshalJSON wrote. Op and Target stay inside the
// message.
func (e *Error) UnmarshalJSON(text []byte) error {
	var body errorJSON
	if err := json.Unmarshal(text, &body); err != nil {
		return err
	}
	saved := &savedError{message: body.Message}
	for _, c := range errorCodes() {
		if body.Code == c.code {
			saved.sentinel = c.sentinel
		}
	}
	*e = Error{Err: saved}
	return nil
}

// savedError is a cause that was read back from JSON.
type savedError struct {
	message  string
	sentinel error
}

func (e *savedError) Error() string { return e.message }
func (e *savedError) Unwrap() error { return e.sentinel }
