package procstate

import (
	"context"
	"errors"
	"io/fs"

	"github.com/opskit-go/opskit/procstate/internal/coded"
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
func errorCodes() []coded.Code {
	return []coded.Code{
		{Text: "gone", Err: ErrGone},
		{Text: "reused", Err: ErrReused},
		{Text: "refused", Err: ErrRefused},
		{Text: "malformed", Err: ErrMalformed},
		{Text: "permission", Err: fs.ErrPermission},
		{Text: "not_found", Err: fs.ErrNotExist},
		{Text: "deadline", Err: context.DeadlineExceeded},
		{Text: "canceled", Err: context.Canceled},
		{Text: "unsupported", Err: errors.ErrUnsupported},
	}
}

// MarshalJSON writes the code of the sentinel ("other" if there is none) and the
// message.
func (e *Error) MarshalJSON() ([]byte, error) { return coded.MarshalError(e, errorCodes()) }

// UnmarshalJSON reads what MarshalJSON wrote. Op and Target stay inside the
// message.
func (e *Error) UnmarshalJSON(text []byte) error {
	saved, err := coded.UnmarshalError(text, errorCodes())
	if err != nil {
		return err
	}
	*e = Error{Err: saved}
	return nil
}
