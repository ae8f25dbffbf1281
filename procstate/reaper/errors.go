package reaper

import (
	"errors"

	"github.com/opskit-go/opskit/procstate/internal/coded"
)

// Sentinels that the errors of this package match with errors.Is.
var (
	// ErrNoPidfd: package os does not hold pidfds of the children it starts
	// (kernel before 5.4, a seccomp filter, or a failure when os first tried),
	// so its children can not be told from orphans.
	ErrNoPidfd = errors.New("pidfds are not in use, so children of os/exec can not be told from orphans")
	// ErrNoProc: /proc does not show this process's children and descriptors
	// as this process sees them.
	ErrNoProc = errors.New("/proc does not show this process's own children and descriptors")
	// ErrNotAdopter: no orphan would ever come to this process.
	ErrNotAdopter = errors.New("this process is neither PID 1 nor a subreaper; set Reaper.Subreaper")
)

// Error is the error type of this package. It marshals to {"code", "message"},
// and a decoded one still matches the sentinel that it stood for.
type Error struct {
	Op  string // what was being done, such as "read descriptors"
	Err error  // why it failed
}

// Error returns "op: cause".
func (e *Error) Error() string {
	if e.Op == "" {
		return e.Err.Error()
	}
	return e.Op + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func errorCodes() []coded.Code {
	return []coded.Code{
		{Text: "no_pidfd", Err: ErrNoPidfd},
		{Text: "no_proc", Err: ErrNoProc},
		{Text: "not_adopter", Err: ErrNotAdopter},
		{Text: "unsupported", Err: errors.ErrUnsupported},
	}
}

// MarshalJSON writes the code of the sentinel ("other" if there is none) and
// the message.
func (e *Error) MarshalJSON() ([]byte, error) { return coded.MarshalError(e, errorCodes()) }

// UnmarshalJSON reads what MarshalJSON wrote. Op stays inside the message.
func (e *Error) UnmarshalJSON(text []byte) error {
	saved, err := coded.UnmarshalError(text, errorCodes())
	if err != nil {
		return err
	}
	*e = Error{Err: saved}
	return nil
}
