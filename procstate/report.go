package procstate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
)

// Report is what [Scanner.Zombies] saw, and its verdict.
type Report struct {
	Verdict   Verdict       `json:"verdict"`             // of Judge
	Source    Source        `json:"source"`              // that listed the processes
	Fallback  string        `json:"fallback,omitempty"`  // why it is not the one that was asked for
	At        time.Time     `json:"at"`                  // when the first look began
	Parent    int           `json:"of_parent,omitempty"` // the one that alone was asked for: see Only
	Settle    time.Duration `json:"settle_ns,omitempty"` // time between the two looks; 0: there was no second one
	Patience  time.Duration `json:"patience_ns"`         // of the scanner: 0 is a minute
	Processes int           `json:"processes"`           // seen at the first look
	Reaped    int           `json:"reaped,omitempty"`    // zombies that were reaped between the looks: no problem
	Groups    []Group       `json:"groups,omitempty"`    // the largest first
	BootID    string        `json:"boot_id,omitempty"`   // the boot that start times belong to
	Unseen    []opskit.Gap  `json:"unseen,omitempty"`    // what may hide a zombie
	Undecided []opskit.Gap  `json:"undecided,omitempty"` // of Judge: what another look would decide
}

// Judge derives the kinds, the reasons, Undecided and Verdict from the rest of the
// report alone: a saved report is judged as it was when it was made. [Problem]
// means that there are groups in Stuck.
func (r *Report) Judge() opskit.Level {
	r.Verdict, r.Undecided = Unknown, nil
	for i := range r.Groups {
		g := &r.Groups[i]
		g.patience = r.Patience
		if g.Blocked != nil {
			g.Blocked.classify()
		}
		for j := range g.Zombies {
			for k := range g.Zombies[j].Holds {
				g.Zombies[j].Holds[k].classify()
			}
		}
		g.judge()
		if young := g.dead() - g.count(KindHeldByTracer); g.mayReap() && young > 0 && g.oldest() < patienceOf(r.Patience) {
			r.Undecided = append(r.Undecided, opskit.Gap{
				What: fmt.Sprintf("whether %s reaps %s", parentName(&g.Parent), plural(young, "zombie", "zombies")),
				Why:  fmt.Sprintf("dead for %v so far, which is not long for a parent that is slow", g.oldest().Round(time.Millisecond)),
				Need: fmt.Sprintf("another look after %v", (patienceOf(r.Patience) - g.oldest()).Round(time.Second)),
			})
		}
	}
	switch {
	case r.At.IsZero() || r.Processes <= 0:
	case len(r.Stuck()) > 0:
		r.Verdict = Problem
	case len(r.Unseen) == 0 && len(r.Undecided) == 0:
		r.Verdict = Healthy
	}
	return r.Level()
}

// Level is a problem where something is stuck: Healthy is OK.
func (r *Report) Level() opskit.Level { return level(r.Verdict) }

// Gaps returns what may hide a zombie, what is not known of the groups, and what
// another look would decide.
func (r *Report) Gaps() []opskit.Gap {
	gaps := slices.Clone(r.Unseen)
	for i := range r.Groups {
		g := &r.Groups[i]
		gaps = append(gaps, g.Unseen...)
		if g.Blocked != nil {
			gaps = append(gaps, g.Blocked.Unseen...)
		}
		for j := range g.Zombies {
			for k := range g.Zombies[j].Holds {
				gaps = append(gaps, g.Zombies[j].Holds[k].Unseen...)
			}
		}
	}
	gaps = append(gaps, r.Undecided...)
	if len(gaps) == 0 && opskit.ExitCode(r.Level()) == 2 {
		gaps = []opskit.Gap{{What: "the processes", Why: "nothing was looked at"}}
	}
	return whole(gaps)
}

// whole fills in what is missing of gaps that were read back.
func whole(gaps []opskit.Gap) []opskit.Gap {
	gaps = slices.Clone(gaps)
	for i := range gaps {
		gaps[i].What, gaps[i].Why = cmp.Or(gaps[i].What, "something"), cmp.Or(gaps[i].Why, "the reason is not known")
	}
	return gaps
}

// Seen reports whether there is anything in the report.
func (r *Report) Seen() bool { return r != nil && !r.At.IsZero() && r.Processes > 0 }

// Stuck returns the groups with only those zombies that last: whose parent cannot
// reap, or has not for as long as Patience says. Of processes whose main thread
// alone has ended it has those that cannot die.
func (r *Report) Stuck() []Group {
	settle := r.Settle
	if settle <= 0 {
		settle = defaultSettle
	}
	var stuck []Group
	for _, g := range r.Groups {
		least := settle
		if g.mayReap() {
			least = max(settle, patienceOf(r.Patience))
		}
		g.Zombies = slices.Clone(g.Zombies)
		g.Zombies = slices.DeleteFunc(g.Zombies, func(z Zombie) bool {
			switch z.Kind {
			case KindDeadLeader:
				return !z.cannotDie()
			case KindHeldByTracer:
				return z.DeadAtLeast < settle
			}
			return z.DeadAtLeast < least
		})
		if len(g.Zombies) > 0 {
			stuck = append(stuck, g)
		}
	}
	return stuck
}

// Only returns the report with only the zombies of one parent, judged.
func (r *Report) Only(parent int) *Report {
	one := *r
	one.Parent, one.Reaped = parent, 0 // whose those were is not known
	one.Groups = slices.DeleteFunc(slices.Clone(r.Groups), func(g Group) bool { return g.Parent.PID != parent })
	one.Judge()
	return &one
}

// Since tells which zombies are new or gone. Reports that are not of the same
// parents, or of two boots, cannot be compared.
func (r *Report) Since(earlier *Report) opskit.Changes {
	var c opskit.Changes
	if earlier == nil || !earlier.Seen() || !r.Seen() {
		return c
	}
	if earlier.Parent != 0 && earlier.Parent != r.Parent {
		c.Unseen = append(c.Unseen, opskit.Gap{What: "the zombies of other parents than " + fmt.Sprint(earlier.Parent), Why: "the earlier look left them out"})
		if r.Parent != 0 {
			return c
		}
		r = r.Only(earlier.Parent)
	} else if r.Parent != 0 {
		earlier = earlier.Only(r.Parent)
	}
	if earlier.BootID != r.BootID && earlier.BootID != "" && r.BootID != "" {
		c.Compare("boot", earlier.BootID, r.BootID)
	}
	c.Compare("verdict", earlier.Verdict.String(), r.Verdict.String())
	before, now := earlier.zombies(), r.zombies()
	compare := func(from, to map[ID]string, c *opskit.Changes, gone bool) {
		ids := make([]ID, 0, len(from))
		for id := range from {
			ids = append(ids, id)
		}
		slices.SortFunc(ids, func(a, b ID) int { return a.PID - b.PID })
		for _, id := range ids {
			text, both := to[id]
			switch {
			case gone && !both:
				c.Compare(fmt.Sprintf("zombie %d", id.PID), from[id], "")
			case !gone:
				c.Compare(fmt.Sprintf("zombie %d", id.PID), text, from[id])
			}
		}
	}
	compare(before, now, &c, true)
	compare(now, before, &c, false)
	return c
}

// zombies names the report's zombies by what they are and whose.
func (r *Report) zombies() map[ID]string {
	all := map[ID]string{}
	for _, g := range r.Groups {
		for _, z := range g.Zombies {
			all[z.ID] = fmt.Sprintf("%s of %d", z.Kind, g.Parent.PID)
		}
	}
	return all
}

// String returns the verdict, the groups with what to do about each, and what
// was not seen.
func (r *Report) String() string {
	var text strings.Builder
	total, parents, killed := 0, 0, 0
	counted := r.Groups
	if r.Verdict == Problem {
		counted = r.Stuck()
	}
	for i := range counted {
		n := counted[i].dead()
		total += n
		parents += min(n, 1)
		killed += len(counted[i].Zombies) - n
	}
	among := "among " + plural(r.Processes, "process", "processes")
	if r.Parent != 0 {
		among = fmt.Sprintf("of parent %d %s", r.Parent, among)
	}
	switch {
	case r.Verdict == Problem && total == 0:
		fmt.Fprintf(&text, "problem: %s that cannot end\n", plural(killed, "process without its main thread", "processes without their main threads"))
	case r.Verdict == Problem:
		fmt.Fprintf(&text, "problem: %s that nobody reaps, of %s\n", plural(total, "zombie", "zombies"), plural(parents, "parent", "parents"))
	case r.Verdict == Healthy:
		fmt.Fprintf(&text, "healthy: no zombies %s\n", among)
	default:
		fmt.Fprintf(&text, "%s: %s %s\n", r.Verdict, plural(total, "zombie", "zombies"), among)
	}
	if r.Reaped > 0 {
		fmt.Fprintf(&text, "  %s reaped between two looks, %v apart\n", plural(r.Reaped, "zombie was", "zombies were"), r.Settle)
	}
	for i := range r.Groups {
		r.Groups[i].write(&text, "  ")
	}
	text.WriteString(opskit.NotChecked(r))
	return text.String()
}
