package conf

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// Errors that a caller branches on.
var (
	// ErrSyntax is matched by every *SyntaxError.
	ErrSyntax = errors.New("not the syntax of ipsec.conf(5)")
	// ErrNoSection is matched when a section that was asked for, or that an
	// also= names, is in none of the files read.
	ErrNoSection = errors.New("no such section")
)

// SyntaxError says where a file leaves the syntax of ipsec.conf(5).
type SyntaxError struct {
	File    string `json:"file"`            // as the caller or an include line names it
	Line    int    `json:"line"`            // counted from 1
	Field   string `json:"field,omitempty"` // the parameter or section type concerned, where known
	Read    string `json:"read"`            // what stands there, at most 80 bytes of it
	Problem string `json:"problem"`         // what is wrong with it and what is expected
}

// Error gives file, line, field, the problem and what was read, quoted.
func (e *SyntaxError) Error() string {
	field := ""
	if e.Field != "" {
		field = fmt.Sprintf("%q: ", e.Field)
	}
	return fmt.Sprintf("%s:%d: %s%s, read %q", plain(e.File), e.Line, field, e.Problem, e.Read)
}

// plain replaces what does not print, so that no name in a message reaches a
// terminal as a command to it.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// Unwrap returns ErrSyntax.
func (e *SyntaxError) Unwrap() error { return ErrSyntax }
