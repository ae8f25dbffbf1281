package opskit

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// Sentinel returns an error for one condition that callers branch on with errors.Is. The code is its
// stable name in JSON, unique over the module and begun by the package ("procstate_gone"); is lists
// the wider conditions that it matches besides, such as fs.ErrPermission.
func Sentinel(code, text string, is ...error) error { return &coded{text, []string{code}, is} }

// coded is a sentinel, or an error that was read back from JSON. It is compared by code: a sentinel
// need not be known where the text is read.
type coded struct {
	text  string
	codes []string
	is    []error
}

func (c *coded) Error() string   { return c.text }
func (c *coded) Unwrap() []error { return c.is }

// Is matches a sentinel, and a condition of the standard library, by its code.
func (c *coded) Is(target error) bool {
	if sentinel, ok := target.(*coded); ok {
		return len(sentinel.codes) == 1 && slices.Contains(c.codes, sentinel.codes[0])
	}
	return slices.ContainsFunc(standard(), func(s condition) bool { return target == s.err && slices.Contains(c.codes, s.code) })
}

type condition struct {
	err  error
	code string
}

// standard lists the conditions of the standard library that have a code.
func standard() []condition {
	return []condition{
		{context.Canceled, "canceled"},
		{context.DeadlineExceeded, "deadline_exceeded"},
		{os.ErrDeadlineExceeded, "io_timeout"},
		{fs.ErrPermission, "permission"},
		{fs.ErrNotExist, "not_exist"},
		{fs.ErrExist, "exist"},
		{fs.ErrClosed, "closed"},
		{errors.ErrUnsupported, "unsupported"},
	}
}

// Codes lists the codes of all conditions that err matches, the outermost first: of sentinels, of the
// standard library, and those that an error read back from JSON came with, known here or not.
func Codes(err error) (codes []string) {
	add := func(more ...string) {
		for _, code := range more {
			if !slices.Contains(codes, code) {
				codes = append(codes, code)
			}
		}
	}
	if err == nil {
		return nil
	}
	if known, ok := err.(*coded); ok {
		add(known.codes...)
	}
	matcher, matches := err.(interface{ Is(error) bool })
	for _, s := range standard() {
		if err == s.err || matches && matcher.Is(s.err) {
			add(s.code)
		}
	}
	switch wrapper := err.(type) {
	case interface{ Unwrap() error }:
		add(Codes(wrapper.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, inner := range wrapper.Unwrap() {
			add(Codes(inner)...)
		}
	}
	return codes
}

// Error is the error type of all packages: what was being done, to what, and why it failed. It
// matches what Err matches.
type Error struct {
	Op     string // "read stat", "create snapshot"
	Target string // "pid 42", "vol-1"; may be empty
	Err    error  // why it failed
}

// Error returns "op target: cause" on one line, escaped.
func (e *Error) Error() string {
	if e == nil {
		return "no error"
	}
	text, cause := strings.TrimSpace(e.Op+" "+e.Target), "unknown cause"
	if e.Err != nil {
		cause = e.Err.Error()
	}
	return Escape(strings.TrimPrefix(text+": "+cause, ": "))
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// MarshalJSON writes what [Failure] writes.
func (e *Error) MarshalJSON() ([]byte, error) { return Fail(e).MarshalJSON() }

// Failure is an error as a value in a result: {"code", "message"} in JSON, with "also" where it
// matches several conditions. Read back it matches the same sentinels and conditions. The zero value
// is no error: mark the field omitzero.
type Failure struct{ err error }

// Fail holds err; nil, and a nil *Error, make the zero value.
func Fail(err error) Failure {
	if e, ok := err.(*Error); ok && e == nil {
		return Failure{}
	}
	return Failure{err}
}

// Err returns the error, nil where there is none.
func (f Failure) Err() error { return f.err }

// IsZero tells whether there is none.
func (f Failure) IsZero() bool { return f.err == nil }

// String returns the message on one line, escaped; "" for none.
func (f Failure) String() string {
	if f.err == nil {
		return ""
	}
	return Escape(f.err.Error())
}

type failureJSON struct {
	Code    string   `json:"code"` // "other" where no condition is known
	Message string   `json:"message"`
	Also    []string `json:"also,omitempty"`
}

// MarshalJSON writes the object, and null for no error.
func (f Failure) MarshalJSON() ([]byte, error) {
	if f.err == nil {
		return []byte("null"), nil
	}
	codes := append(Codes(f.err), "other")
	return json.Marshal(failureJSON{codes[0], f.String(), codes[min(1, len(codes)-1) : len(codes)-1]})
}

// UnmarshalJSON reads what MarshalJSON wrote. Op and Target stay inside the message.
func (f *Failure) UnmarshalJSON(text []byte) error {
	var in *failureJSON
	f.err = nil
	if err := json.Unmarshal(text, &in); err != nil || in == nil {
		return err
	}
	codes := slices.DeleteFunc(append([]string{in.Code}, in.Also...), func(code string) bool { return code == "" || code == "other" })
	f.err = &coded{text: in.Message, codes: codes}
	return nil
}
