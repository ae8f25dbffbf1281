// Package coded writes errors and enumerations of procstate and its sub-packages
// as stable texts, and reads them back.
package coded

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Code is the stable code of a sentinel.
type Code struct {
	Text string // such as "gone"
	Err  error  // the sentinel
}

// body is the JSON form of an error.
type body struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// MarshalError writes the code of the first sentinel that err matches, or
// "other", and the message.
func MarshalError(err error, codes []Code) ([]byte, error) {
	b := body{Code: "other", Message: err.Error()}
	for _, c := range codes {
		if errors.Is(err, c.Err) {
			b.Code = c.Text
			break
		}
	}
	return json.Marshal(b)
}

// UnmarshalError reads what MarshalError wrote: an error with the message, which
// still matches the sentinel.
func UnmarshalError(text []byte, codes []Code) (saved, err error) {
	var b body
	if err := json.Unmarshal(text, &b); err != nil {
		return nil, err
	}
	e := &savedError{message: b.Message}
	for _, c := range codes {
		if b.Code == c.Text {
			e.sentinel = c.Err
		}
	}
	return e, nil
}

// savedError is an error that was read back.
type savedError struct {
	message  string
	sentinel error
}

func (e *savedError) Error() string { return e.message }
func (e *savedError) Unwrap() error { return e.sentinel }

// Name returns the text of an enumeration's value; a value that has none is shown
// like the zero value.
func Name[E ~uint8](names []string, value E) string {
	if int(value) < len(names) {
		return names[value]
	}
	return names[0]
}

// Value finds the value that a text stands for.
func Value[E ~uint8](names []string, text []byte, value *E) error {
	for i, name := range names {
		if name == string(text) {
			*value = E(i)
			return nil
		}
	}
	return fmt.Errorf("unknown %T %q", *value, text)
}
