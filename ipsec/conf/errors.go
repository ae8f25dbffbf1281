package conf

import (
	"fmt"

	"github.com/opskit-go/opskit"
)

// Errors that a caller branches on.
var (
	// ErrSyntax is matched by every *SyntaxError.
	ErrSyntax = opskit.Sentinel("ipsec_conf_syntax", "not the syntax of the file's dialect")
	// ErrNoSection is matched when a section that was asked for, or that an
	// also= names, is in none of the files read.
	ErrNoSection = opskit.Sentinel("ipsec_conf_no_section", "no such section")
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
	return fmt.Sprintf("%s:%d: %s%s, read %q", opskit.Escape(e.File), e.Line, field, e.Problem, e.Read)
}

// Unwrap returns ErrSyntax.
func (e *SyntaxError) Unwrap() error { return ErrSyntax }
