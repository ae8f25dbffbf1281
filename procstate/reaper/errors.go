package reaper

import (
	"encoding/json"
	"errors"
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

type codedError struct {
	code     string
	sentinel error
}

func errorCodes() []codedError {
	return []codedError{
		{"no_pidfd", ErrNoPidfd},
		{"no_proc", ErrNoProc},
		{"not_adopter", ErrNotAdopter},
		{"unsupported", errors.ErrUnsupported},
	}
}

type errorJSON struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// MarshalJSON writes the code of the sentinel ("other" if there is none) and
// the message.
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

// UnmarshalJSON reads what MarshalJSON wrote. Op stays inside the message.
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
