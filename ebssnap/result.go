package ebssnap

import (
	"fmt"
	"strings"
)

// Result is the outcome of Consistent. Verdict and Reasons are what Judge makes of Evidence.
type Result struct {
	Verdict  Verdict  `json:"verdict"`          // of Judge
	Reasons  []string `json:"reasons,omitzero"` // why the verdict is what it is
	Timing   Timing   `json:"timing"`           // of the last attempt; Stopped is the sum over all
	Evidence Evidence `json:"evidence"`         // what was done and what came of it
	Notes    []string `json:"notes,omitempty"`  // what freezers leave for a restore, as they write it
	Unseen   []Gap    `json:"unseen,omitempty"` // what no attempt can show
}

// Snapshots returns the snapshots that were created or found.
func (r *Result) Snapshots() []Snapshot { return r.Evidence.Snapshots }

// String returns the verdict, the evidence, what to do next and what was not seen, a line each.
func (r *Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", r.Verdict, escaped(strings.Join(r.Reasons, "; ")))
	for _, s := range r.Evidence.Snapshots {
		fmt.Fprintf(&b, "  snapshot %s of %s %s\n", escaped(s.ID), escaped(s.Volume), escaped(s.State))
	}
	for _, id := range r.Evidence.Deleted {
		fmt.Fprintf(&b, "  deleted %s, as asked for unproven snapshots\n", escaped(id))
	}
	if n := len(r.Evidence.Attempts); n > 0 {
		fmt.Fprintf(&b, "  writers were stopped for %s of at most %s, in %d %s: freeze %s, request %s, thaw %s\n",
			rounded(r.Timing.Stopped), r.Evidence.Budget, n, plural(n, "attempt"),
			rounded(r.Timing.Freeze), rounded(r.Timing.Work), rounded(r.Timing.Thaw))
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "  for a restore: %s\n", escaped(note))
	}
	if e := r.Evidence.Error; e != nil {
		fmt.Fprintf(&b, "  %s\n", escaped(e.Error()))
	}
	if next := r.next(); next != "" {
		fmt.Fprintf(&b, "next: %s\n", escaped(next))
	}
	b.WriteString(notChecked(r.Unseen))
	return b.String()
}

func (r *Result) next() string {
	if n := len(r.Evidence.Attempts); n > 0 {
		if e := r.Evidence.Attempts[n-1].ThawError; e != nil && e.Code() == "still_frozen" {
			return "thaw: " + e.Error()
		}
	}
	switch {
	case r.Verdict == VerdictUnknown:
		return "look again for the token " + r.Evidence.Token + " (Settle), and take another snapshot"
	case r.Verdict == VerdictUnproven:
		return "take another snapshot, with a larger budget if the budget ended"
	case r.Verdict == VerdictConsistent && !r.Evidence.Raised:
		return "set the tag " + TagConsistency + " to " + tagFrozen
	}
	return ""
}

// notChecked is the last line of every text.
func notChecked(gaps []Gap) string {
	if len(gaps) == 0 {
		return "not checked: nothing more"
	}
	var texts []string
	for _, g := range gaps {
		texts = append(texts, escaped(g.String()))
	}
	return "not checked: " + strings.Join(texts, "; ")
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

// escaped replaces what a terminal would obey in text from outside.
func escaped(text string) string {
	quoted := fmt.Sprintf("%q", text)
	quoted = quoted[1 : len(quoted)-1]
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(quoted)
}
