package ipsec

import (
	"fmt"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ipsec/conf"
)

// Finding is one thing that a check found.
//
// Code is stable and in snake_case; the codes are listed in the package's
// documentation. Message says what is the matter, Fix what to do.
type Finding struct {
	Code     string   `json:"code"`            // stable, listed in the package's documentation
	Severity Severity `json:"severity"`        // never unknown
	Field    string   `json:"field,omitempty"` // the parameter of the configuration or the field of Tunnel
	Message  string   `json:"message"`         // one sentence, never a key
	Fix      string   `json:"fix,omitempty"`   // what to do; empty when there is nothing to do
	Refs     []Ref    `json:"refs,omitempty"`  // where it stands; empty for a Tunnel, which has no files
}

// Ref is a place in a file or in a command's output.
type Ref struct {
	End  string `json:"end,omitempty"`  // the name of the end that the file belongs to
	File string `json:"file,omitempty"` // as the configuration or source is named
	Line int    `json:"line,omitempty"` // counted from 1; 0: the whole file
	Text string `json:"text,omitempty"` // what stands there
}

// String returns "file:line", with the end in front and the text behind it
// where there are any.
func (r Ref) String() string {
	var b strings.Builder
	if r.End != "" {
		fmt.Fprintf(&b, "%s: ", r.End)
	}
	b.WriteString(r.File)
	if r.Line > 0 {
		fmt.Fprintf(&b, ":%d", r.Line)
	}
	if r.Text != "" {
		fmt.Fprintf(&b, ": %s", r.Text)
	}
	return opskit.Escape(b.String())
}

// paramRef points at one parameter of an end's files.
func paramRef(end string, p conf.Param) Ref {
	return Ref{End: end, File: p.File, Line: p.Line, Text: p.Name + "=" + p.Value}
}

// outcome is what judging comes to, while it is under way.
type outcome struct {
	findings []Finding
	gaps     []opskit.Gap
	recovery []Recovery
	open     bool // a gap could change the verdict
}

func (o *outcome) add(code string, s Severity, field, fix string, refs []Ref, format string, args ...any) {
	o.findings = append(o.findings, Finding{
		Code: code, Severity: s, Field: field, Fix: fix, Refs: refs, Message: fmt.Sprintf(format, args...),
	})
}

// beyond notes what lies outside of what was given: no file of either end would
// show it.
func (o *outcome) beyond(what, why, need string) {
	o.gaps = append(o.gaps, opskit.Gap{What: what, Why: why, Need: need})
}

// unread notes what was given and not understood, or is missing from it: a
// verdict that it could change is not reached.
func (o *outcome) unread(what, why, need string) {
	o.beyond(what, why, need)
	o.open = true
}

// verdict folds findings and gaps: what is seen to be wrong stands whatever else
// was not understood, and what was not understood may be worse than a warning.
func (o *outcome) verdict() Verdict {
	switch top := rank(worst(o.findings)); {
	case top >= rank(SeverityFatal):
		return Broken
	case top >= rank(SeverityProblem):
		return Flawed
	case o.open:
		return Unknown
	case top >= rank(SeverityWarning):
		return Flawed
	}
	return Sound
}

// writeFindings prints findings with their places and what to do.
func writeFindings(b *strings.Builder, findings []Finding) {
	for _, f := range findings {
		fmt.Fprintf(b, "  %s %s: %s\n", f.Severity, opskit.Escape(f.Code), opskit.Escape(f.Message))
		for _, ref := range f.Refs {
			fmt.Fprintf(b, "    %s\n", ref)
		}
		if f.Fix != "" {
			fmt.Fprintf(b, "    next: %s\n", opskit.Escape(f.Fix))
		}
	}
}
