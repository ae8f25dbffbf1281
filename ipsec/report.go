package ipsec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
)

// Report is the result of Tunnel.Check, Mirror and CheckLog: a verdict, the
// findings for it, worst first, and the evidence that both were derived from.
// It is safe for concurrent reading.
type Report struct {
	Subject   string       `json:"subject"`             // what was checked
	Verdict   Verdict      `json:"verdict"`             // follows from findings and gaps
	Findings  []Finding    `json:"findings,omitempty"`  // worst first; of one connection, or of both ends' files
	Pairs     []Pair       `json:"pairs,omitempty"`     // where Mirror compared several connections: each of them
	Recovery  []Recovery   `json:"recovery,omitempty"`  // what brings one connection back, by event
	Tunnel    *Tunnel      `json:"tunnel,omitempty"`    // evidence of Tunnel.Check
	Ends      []End        `json:"ends,omitempty"`      // evidence of Mirror: two of them
	Log       []Ref        `json:"log,omitempty"`       // evidence of CheckLog
	Undecided []opskit.Gap `json:"undecided,omitempty"` // what the evidence cannot show, or was not understood
}

// Pair is what Mirror found of one connection among several.
type Pair struct {
	Subject   string       `json:"subject"`             // the connection's name at both ends
	Verdict   Verdict      `json:"verdict"`             // follows from findings and gaps
	Findings  []Finding    `json:"findings,omitempty"`  // worst first
	Recovery  []Recovery   `json:"recovery,omitempty"`  // what brings it back, by event
	Undecided []opskit.Gap `json:"undecided,omitempty"` // what the files cannot show, or was not understood
}

// Level is that of the verdict; see the package's documentation.
func (p Pair) Level() opskit.Level { return level(p.Verdict, p.Findings) }

// Gaps returns Undecided.
func (p Pair) Gaps() []opskit.Gap { return orNothing(p.Undecided, p.Level()) }

// String prints the verdict, the findings and what was not checked.
func (p Pair) String() string { return text(p, p.Subject, p.Verdict, p.Findings, nil) }

// Level is that of the verdict; see the package's documentation.
func (r *Report) Level() opskit.Level {
	all := slices.Clone(r.Findings)
	for _, p := range r.Pairs {
		all = append(all, p.Findings...)
	}
	return level(r.Verdict, all)
}

// Gaps returns what stands in Undecided, of every pair too.
func (r *Report) Gaps() []opskit.Gap {
	gaps, seen := slices.Clone(r.Undecided), map[opskit.Gap]bool{}
	for _, p := range r.Pairs {
		for _, g := range p.Undecided {
			if !seen[g] && !slices.Contains(r.Undecided, g) {
				gaps = append(gaps, g)
			}
			seen[g] = true
		}
	}
	return orNothing(gaps, r.Level())
}

// orNothing gives an Unknown that has no gap the one that always holds.
func orNothing(gaps []opskit.Gap, l opskit.Level) []opskit.Gap {
	if l == opskit.Unknown && len(gaps) == 0 {
		return []opskit.Gap{{What: "everything", Why: "nothing was judged", Need: "evidence, and Judge"}}
	}
	return gaps
}

// Seen tells whether there is anything to judge.
func (r *Report) Seen() bool {
	return r != nil && (r.Tunnel != nil || len(r.Log) > 0 ||
		slices.ContainsFunc(r.Ends, func(e End) bool { return e.Conf != nil && len(e.Conf.Sections) > 0 }))
}

// Judge derives verdict, findings and gaps once more from the report's evidence,
// so that a report that was saved can be judged offline. A report without
// evidence yields Unknown.
func (r *Report) Judge() opskit.Level {
	var o outcome
	r.Pairs = nil
	switch {
	case r.Tunnel != nil:
		o = r.Tunnel.judge()
		r.Subject, r.Verdict = "description of tunnel "+r.Tunnel.Name, o.verdict()
	case len(r.Ends) == 2:
		o = r.mirror()
	case len(r.Log) > 0:
		o.findings = logFindings("", r.Log)
		o.beyond("everything else in the log", "only lines about the kernel's IPsec stack are known", "")
		if r.Verdict = o.verdict(); len(o.findings) == 0 {
			r.Verdict = Unknown
		}
	default:
		o.unread(quotedOr(r.Subject, "what was to be checked"), "the report holds no evidence", "")
		r.Verdict = Unknown
	}
	r.Findings, r.Undecided, r.Recovery = settled(o.findings), o.gaps, o.recovery
	return r.Level()
}

// Worst returns the highest severity among the findings, those of the pairs too;
// SeverityUnknown when there are none.
func (r *Report) Worst() Severity {
	all := slices.Clone(r.Findings)
	for _, p := range r.Pairs {
		all = append(all, p.Findings...)
	}
	return worst(all)
}

// Find returns the findings of one code, those of the pairs too.
func (r *Report) Find(code string) []Finding {
	var found []Finding
	pick := func(list []Finding) {
		for _, f := range list {
			if f.Code == code {
				found = append(found, f)
			}
		}
	}
	pick(r.Findings)
	for _, p := range r.Pairs {
		pick(p.Findings)
	}
	return found
}

// Since tells what changed from an earlier report of the same thing: the verdict,
// and findings that are new or gone.
func (r *Report) Since(earlier *Report) opskit.Changes {
	var c opskit.Changes
	if !r.Seen() || !earlier.Seen() {
		c.Unseen = []opskit.Gap{{What: "what changed", Why: "one of the two reports holds no evidence"}}
		return c
	}
	c.Compare("verdict", earlier.Verdict.String(), r.Verdict.String())
	compareFindings(&c, earlier.all(), r.all())
	return c
}

// all are the findings, those of a pair with its connection's name.
func (r *Report) all() []Finding {
	all := slices.Clone(r.Findings)
	for _, p := range r.Pairs {
		for _, f := range p.Findings {
			f.Code = p.Subject + " " + f.Code
			all = append(all, f)
		}
	}
	return all
}

func compareFindings(c *opskit.Changes, earlier, now []Finding) {
	lines := func(list []Finding) []string {
		var out []string
		for _, f := range list {
			out = append(out, fmt.Sprintf("%s: %s", f.Severity, f.Message))
		}
		return out
	}
	old, current := lines(earlier), lines(now)
	for i, line := range old {
		if slices.Contains(current, line) {
			c.Compare(earlier[i].Code, line, line)
		} else {
			c.Compare(earlier[i].Code, line, "")
		}
	}
	for i, line := range current {
		if !slices.Contains(old, line) {
			c.Compare(now[i].Code, "", line)
		}
	}
}

// String prints the verdict, each finding with its places and what to do, and
// what was not checked.
func (r *Report) String() string { return text(r, r.Subject, r.Verdict, r.Findings, r.Pairs) }

func text(r opskit.Result, subject string, v Verdict, findings []Finding, pairs []Pair) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", v, opskit.Escape(subject))
	if n := len(findings); n > 0 {
		fmt.Fprintf(&b, ": %d findings, worst %s", n, worst(findings))
	}
	b.WriteByte('\n')
	writeFindings(&b, findings)
	for _, p := range pairs {
		fmt.Fprintf(&b, "%s: %s\n", p.Verdict, opskit.Escape(p.Subject))
		writeFindings(&b, p.Findings)
	}
	return b.String() + opskit.NotChecked(r)
}
