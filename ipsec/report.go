package ipsec

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/opskit-go/opskit/ipsec/conf"
)

// Finding is one thing that a check found.
//
// Code is stable and in snake_case; the codes are listed in the package's
// documentation. Message says what is the matter, Fix what to do.
type Finding struct {
	Code     string   `json:"code"`            // stable, listed in the package's documentation
	Severity Severity `json:"severity"`        // never unknown
	Field    string   `json:"field,omitempty"` // the parameter of ipsec.conf or the field of Tunnel
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
		fmt.Fprintf(&b, "%s: ", printable(r.End))
	}
	b.WriteString(printable(r.File))
	if r.Line > 0 {
		fmt.Fprintf(&b, ":%d", r.Line)
	}
	if r.Text != "" {
		fmt.Fprintf(&b, ": %s", printable(r.Text))
	}
	return b.String()
}

// Report is the result of Tunnel.Check, Mirror and CheckLog: a verdict, the
// findings for it, worst first, and the evidence that both were derived from.
// It is safe for concurrent reading.
type Report struct {
	Subject  string    `json:"subject"`            // what was checked
	Verdict  Verdict   `json:"verdict"`            // follows from the worst finding
	Findings []Finding `json:"findings,omitempty"` // worst first
	Tunnel   *Tunnel   `json:"tunnel,omitempty"`   // evidence of Tunnel.Check
	Ends     []End     `json:"ends,omitempty"`     // evidence of Mirror: two of them
	Log      []Ref     `json:"log,omitempty"`      // evidence of CheckLog
	Unseen   []Gap     `json:"unseen,omitempty"`   // what the evidence cannot show
}

// Judge derives verdict and findings once more from the report's evidence, so
// that a report that was saved as JSON can be judged offline; it gives the same
// report. A report without evidence yields Unknown.
func (r *Report) Judge() *Report {
	switch {
	case r.Tunnel != nil:
		return r.Tunnel.Check()
	case len(r.Ends) == 2:
		return Mirror(r.Ends[0], r.Ends[1])
	case len(r.Log) > 0:
		return logReport(r.Subject, r.Log)
	}
	return &Report{Subject: r.Subject, Unseen: []Gap{{What: r.Subject, Why: "the report holds no evidence"}}}
}

// Worst returns the highest severity among the findings, SeverityUnknown when
// there are none.
func (r *Report) Worst() Severity {
	worst := SeverityUnknown
	for _, f := range r.Findings {
		worst = max(worst, f.Severity)
	}
	return worst
}

// Gaps that lie outside of what was asked: no file of either end would show
// them, so they do not make a report incomplete.
const (
	gapPorts = "UDP 500 and 4500 between the ends"
	gapHosts = "whether the hosts match the description"
)

// Complete reports whether everything was seen that the question needs. What
// Unseen then still lists is another question: whether the network lets the two
// ends talk, or whether a host has what the description says.
func (r *Report) Complete() bool {
	return r.Verdict != Unknown && !slices.ContainsFunc(r.Unseen, func(g Gap) bool { return g.What != gapPorts && g.What != gapHosts })
}

// Find returns the findings of one code.
func (r *Report) Find(code string) []Finding {
	var found []Finding
	for _, f := range r.Findings {
		if f.Code == code {
			found = append(found, f)
		}
	}
	return found
}

// String prints the verdict, each finding with its places and what to do, and
// what was not checked.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", r.Verdict, printable(r.Subject))
	if n := len(r.Findings); n > 0 {
		fmt.Fprintf(&b, ": %d findings, worst %s", n, r.Worst())
	}
	b.WriteByte('\n')
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "  %s %s: %s\n", f.Severity, printable(f.Code), printable(f.Message))
		for _, ref := range f.Refs {
			fmt.Fprintf(&b, "    %s\n", ref)
		}
		if f.Fix != "" {
			fmt.Fprintf(&b, "    next: %s\n", printable(f.Fix))
		}
	}
	notChecked(&b, r.Unseen)
	return b.String()
}

// settle sorts the findings and sets the verdict.
func (r *Report) settle() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Code, b.Code))
	})
	r.Findings = slices.CompactFunc(r.Findings, func(a, b Finding) bool {
		return a.Code == b.Code && a.Message == b.Message && slices.Equal(a.Refs, b.Refs)
	})
	switch worst := r.Worst(); {
	case worst >= Fatal:
		r.Verdict = Broken
	case worst >= Warning:
		r.Verdict = Flawed
	default:
		r.Verdict = Sound
	}
}

func (r *Report) add(code string, s Severity, field, fix string, refs []Ref, format string, args ...any) {
	r.Findings = append(r.Findings, Finding{
		Code: code, Severity: s, Field: field, Fix: fix, Refs: refs, Message: fmt.Sprintf(format, args...),
	})
}

// paramRef points at one parameter of an end's files.
func paramRef(end string, p conf.Param) Ref {
	return Ref{End: end, File: p.File, Line: p.Line, Text: p.Name + "=" + p.Value}
}
