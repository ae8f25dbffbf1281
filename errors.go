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
func Sentinel(code, text string, is ...error) error { return &sentinel{code, text, is} }

type sentinel struct {
	code, text string
	is         []error
}

func (s *sentinel) Error() string   { return s.text }
func (s *sentinel) Unwrap() []error { return s.is }

// standard lists the conditions of the standard library that have a code.
func standard() []sentinel {
	return []sentinel{
		{code: "canceled", is: []error{context.Canceled}},
		{code: "deadline_exceeded", is: []error{context.DeadlineExceeded}},
		{code: "io_timeout", is: []error{os.ErrDeadlineExceeded}},
		{code: "permission", is: []error{fs.ErrPermission}},
		{code: "not_exist", is: []error{fs.ErrNotExist}},
		{code: "exist", is: []error{fs.ErrExist}},
		{code: "closed", is: []error{fs.ErrClosed}},
		{code: "unsupported", is: []error{errors.ErrUnsupported}},
	}
}

// Codes lists the codes of all conditions that err matches, the outermost first: of sentinels, of the
// standard library (canceled, deadline_exceeded, io_timeout, permission, not_exist, exist, closed,
// unsupported), and those that an error read back from JSON came with, known here or not.
func Codes(err error) (codes []string) {
	add := func(more ...string) {
		for _, code := range more {
			if !slices.Contains(codes, code) {
				codes = append(codes, code)
			}
		}
	}
	switch known := err.(type) {
	case nil:
		return nil
	case *sentinel:
		add(known.code)
	case *restored:
		add(known.codes...)
	}
	matcher, matches := err.(interface{ Is(error) bool })
	for _, s := range standard() {
		if err == s.is[0] || matches && matcher.Is(s.is[0]) {
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
	text := strings.TrimSpace(e.Op + " " + e.Target)
	switch {
	case e.Err != nil && text != "":
		text += ": " + e.Err.Error()
	case e.Err != nil:
		text = e.Err.Error()
	case text == "":
		text = "unknown cause"
	}
	return Escape(text)
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
	known := &restored{message: in.Message, codes: append([]string{in.Code}, in.Also...)}
	known.codes = slices.DeleteFunc(known.codes, func(code string) bool { return code == "" || code == "other" })
	f.err = known
	return nil
}

// restored is an error that was read back. It is compared by codes: a sentinel need not be known
// where the text is read.
type restored struct {
	message string
	codes   []string
}

func (r *restored) Error() string { return r.message }

func (r *restored) Is(target error) bool {
	known, ok := target.(*sentinel)
	for _, s := range standard() {
		if target == s.is[0] {
			known, ok = &s, true
		}
	}
	return ok && slices.Contains(r.codes, known.code)
}
