package why

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
)

type (
	verdictKind struct{}
	stateKind   struct{}
)

// Verdict is how the whole of a [Case] stands. The zero value means that it cannot
// be told.
type Verdict = opskit.Enum[verdictKind]

// The verdicts.
const (
	// VerdictUnknown: cannot tell whether it works; the gaps say what would.
	VerdictUnknown Verdict = ""
	// VerdictWorks: all that was asked works.
	VerdictWorks Verdict = "works"
	// VerdictDegraded: it works, and something about it should be looked at.
	VerdictDegraded Verdict = "degraded"
	// VerdictPartly: a part of it works and another does not.
	VerdictPartly Verdict = "partly"
	// VerdictDown: it does not work from here.
	VerdictDown Verdict = "down"
)

// State is how one thing that was asked stands.
type State = opskit.Enum[stateKind]

// The states.
const (
	StateUnknown  State = ""         // cannot tell
	StateWorks    State = "works"    // seen to work
	StateDegraded State = "degraded" // works, and should be looked at
	StateBroken   State = "broken"   // does not
)

// Finding is what became of one thing that was asked: an address and port, a
// page, a resolver.
type Finding struct {
	Scope string   `json:"scope"`          // what was asked, in words
	State State    `json:"state"`          // how it stands
	Seen  []string `json:"seen,omitempty"` // what says so

	// Cause is the one that is left, or Unknown. Dated means that more are left,
	// and that this one is told because two changes were recorded between the last
	// time it worked and the first that it did not, and this host is not in doubt.
	Cause  Cause    `json:"cause"`
	Dated  bool     `json:"dated,omitempty"`  // see Cause
	Left   []Cause  `json:"left,omitempty"`   // what could explain it and is not excluded, likeliest first
	Struck []Struck `json:"struck,omitempty"` // what could explain it and is excluded
	Ask    string   `json:"ask,omitempty"`    // the question that would separate what is left

	do string // what to do about Cause
}

// Struck is a cause that something excludes.
type Struck struct {
	Cause Cause  `json:"cause"` // what is excluded
	By    string `json:"by"`    // by what
}

// Diagnosis is what a [Case] comes to: for each thing that was asked the causes
// that are left, and the question that would separate them.
type Diagnosis struct {
	Case Case `json:"case"` // the evidence

	Verdict   Verdict      `json:"verdict"`             // set by Judge, as all below
	Cause     Cause        `json:"cause"`               // of all that does not work; Nothing where all works
	Findings  []Finding    `json:"findings,omitempty"`  // what does not work first
	Notes     []string     `json:"notes,omitempty"`     // what else the evidence shows
	Next      []string     `json:"next,omitempty"`      // what to do now
	Undecided []opskit.Gap `json:"undecided,omitempty"` // what the evidence leaves open
}

// Diagnose judges everything in c. It asks nobody and reads no clock: the same
// case gives the same diagnosis.
//
// It cannot see an attack, a migration or maintenance, which are not visible from
// outside: they are thought of where the caller brings a fact that speaks for one.
func Diagnose(c Case) *Diagnosis {
	d := &Diagnosis{Case: c}
	d.Judge()
	return d
}

// Judge sets all but Case anew. Causes are struck out by what excludes them and
// never outvoted: a fact counts once, however many ports or addresses show it.
func (d *Diagnosis) Judge() opskit.Level {
	*d = Diagnosis{Case: d.Case}
	d.Case.judge()
	w := newWeighing(&d.Case)
	w.resolution()
	w.leads()
	w.site()
	slices.SortStableFunc(w.findings, func(a, b Finding) int { return cmp.Compare(rank(a.State), rank(b.State)) })
	d.Findings, d.Undecided = w.findings, w.gaps
	d.Notes = w.notes()
	d.conclude(w)
	return d.Level()
}

func rank(s State) int {
	return slices.Index([]State{StateBroken, StateDegraded, StateUnknown, StateWorks}, s)
}

// conclude draws the verdict and the cause from the findings. That a name
// resolves is no answer to whether the site works.
func (d *Diagnosis) conclude(w *weighing) {
	has := map[State]int{}
	for _, f := range d.Findings {
		if f.State != StateWorks || w.siteAsked == 0 || f.Scope != w.nameScope {
			has[f.State]++
		}
	}
	switch {
	case len(d.Findings) == 0:
		d.gap("whether it works", "nothing was asked", "its name, an address or a page")
	case has[StateBroken] > 0 && has[StateWorks]+has[StateDegraded] > 0:
		d.Verdict = VerdictPartly
	case has[StateBroken] > 0:
		d.Verdict = VerdictDown
	case has[StateUnknown] > 0:
	case w.siteAsked == 0:
		d.gap("whether the site answers", "nothing but its name was asked for", "a connection to its addresses, and its page")
	case has[StateDegraded] > 0:
		d.Verdict = VerdictDegraded
	default:
		d.Verdict, d.Cause = VerdictWorks, CauseNothing
	}
	d.theCause()
	for _, f := range d.Findings {
		if f.Cause == CauseUnknown && len(f.Left) > 1 {
			d.gap("which of "+join(f.Left)+" it is, of "+f.Scope, "each would look the same from here", f.Ask)
		} else if f.Cause == CauseUnknown && f.State != StateWorks {
			d.gap("why "+f.Scope+" is so", "nothing that this package knows explains it", "the capture of one attempt")
		}
	}
	d.gap("the target's own traffic and maintenance plans", "neither an attack nor a migration is visible from outside", "whoever runs it")
}

// theCause is the one that explains all that is not well.
func (d *Diagnosis) theCause() {
	one, open := CauseUnknown, false
	for _, f := range d.Findings {
		if f.State == StateWorks {
			continue
		}
		open = open || f.Cause == CauseUnknown || one != CauseUnknown && one != f.Cause
		one = cmp.Or(one, f.Cause)
		if next := cmp.Or(f.do, f.Ask); next != "" {
			d.Next = append(d.Next, next)
		}
	}
	if d.Cause == CauseUnknown && !open {
		d.Cause = one
	}
	if d.Case.Contact != "" && d.Verdict != VerdictWorks {
		d.Next = append(d.Next, "whom to call about the address: "+d.Case.Contact)
	}
	d.Next = once(d.Next)
}

func (d *Diagnosis) gap(what, why, need string) {
	d.Undecided = append(d.Undecided, opskit.Gap{What: what, Why: why, Need: need})
}

// Level is OK for works, Warning for degraded, Problem for partly and down: but
// Unknown where it is down and this host may be why.
func (d *Diagnosis) Level() opskit.Level {
	switch d.Verdict {
	case VerdictWorks:
		return opskit.OK
	case VerdictDegraded:
		return opskit.Warning
	case VerdictPartly:
		return opskit.Problem
	case VerdictDown:
		for _, f := range d.Findings {
			if f.State == StateBroken && (f.Cause != CauseUnknown || !slices.Contains(f.Left, CauseThisHost)) {
				return opskit.Problem
			}
		}
	}
	return opskit.Unknown
}

// Gaps returns what who looked could not see, and what the evidence leaves open.
func (d *Diagnosis) Gaps() []opskit.Gap {
	all := append(append([]opskit.Gap{}, d.Case.Unseen...), d.Undecided...)
	if len(all) == 0 {
		all = append(all, opskit.Gap{What: "whether it works", Why: "it was not judged"})
	}
	return all
}

// Seen tells whether anything was observed.
func (d *Diagnosis) Seen() bool { return d != nil && d.Case.Seen() }

// Since tells what differs from an earlier diagnosis of the same name.
func (d *Diagnosis) Since(earlier *Diagnosis) opskit.Changes {
	var c opskit.Changes
	if earlier == nil || !earlier.Seen() || !d.Seen() {
		return c
	}
	c.Compare("verdict", earlier.Verdict.String(), d.Verdict.String())
	c.Compare("cause", earlier.Cause.String(), d.Cause.String())
	before := map[string]Finding{}
	for _, f := range earlier.Findings {
		before[f.Scope] = f
	}
	for _, f := range d.Findings {
		old, ok := before[f.Scope]
		delete(before, f.Scope)
		if !ok {
			c.Unseen = append(c.Unseen, opskit.Gap{What: f.Scope, Why: "it was not asked at the earlier look"})
			continue
		}
		c.Compare(f.Scope, old.text(), f.text())
	}
	for _, f := range earlier.Findings {
		if _, left := before[f.Scope]; left {
			c.Unseen = append(c.Unseen, opskit.Gap{What: f.Scope, Why: "it was not asked at this look"})
		}
	}
	return c
}

// String returns the verdict, a line for each finding with its evidence, what to
// do and what was not checked.
func (d *Diagnosis) String() string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, opskit.Escape(fmt.Sprintf(format, args...))) }
	add("%s", d.headline())
	for _, f := range d.Findings {
		add("  %s: %s", f.Scope, f.text())
		for _, s := range f.Seen {
			add("    %s", s)
		}
		for _, s := range f.Struck {
			add("    not %s: %s", s.Cause, s.By)
		}
	}
	for _, n := range d.Notes {
		add("  %s", n)
	}
	for _, n := range d.Next {
		add("next: %s", n)
	}
	return strings.Join(append(lines, opskit.NotChecked(d)), "\n")
}

// headline is the verdict in one line: what is dead and what works, or the cause.
func (d *Diagnosis) headline() string {
	name := cmp.Or(d.Case.Name, d.Case.URL, "the target") + ": "
	verdict := map[Verdict]string{
		VerdictWorks: "works", VerdictDegraded: "works, not well", VerdictPartly: "works in part", VerdictDown: "down from here",
	}[d.Verdict]
	if verdict == "" {
		return name + "cannot tell whether it works"
	}
	name += verdict
	switch {
	case d.Verdict == VerdictPartly:
		var parts []string
		for _, f := range d.Findings {
			parts = append(parts, f.Scope+" "+f.text())
		}
		return name + ": " + strings.Join(parts, "; ")
	case d.Cause != CauseUnknown && d.Cause != CauseNothing:
		return name + ": " + d.Cause.String()
	case d.Cause == CauseNothing:
		return name
	}
	for _, f := range d.Findings {
		if len(f.Left) > 1 && f.Cause == CauseUnknown {
			return name + ": cannot tell why: " + join(f.Left)
		}
	}
	return name + ": more than one thing is wrong"
}

// text is the state of a finding and its cause.
func (f Finding) text() string {
	switch {
	case f.State == StateWorks:
		return "works"
	case f.Cause != CauseUnknown && f.Dated:
		return f.State.String() + ": " + f.Cause.String() + ", by the time of the change"
	case f.Cause != CauseUnknown:
		return f.State.String() + ": " + f.Cause.String()
	case len(f.Left) > 1:
		return f.State.String() + ": " + join(f.Left)
	}
	return f.State.String()
}

func join(causes []Cause) string {
	var words []string
	for _, c := range causes {
		words = append(words, c.String())
	}
	return strings.Join(words, " or ")
}

func once(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
