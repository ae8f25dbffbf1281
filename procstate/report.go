package procstate

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Report is what [Scanner.Zombies] saw, and its verdict.
type Report struct {
	Verdict   Verdict       `json:"verdict"`             // of Judge
	Source    Source        `json:"source"`              // that listed the processes
	Fallback  string        `json:"fallback,omitempty"`  // why it is not the one that was asked for
	At        time.Time     `json:"at"`                  // when the first look began
	Settle    time.Duration `json:"settle_ns,omitempty"` // time between the two looks; 0: there was no second one
	Processes int           `json:"processes"`           // seen at the first look
	Reaped    int           `json:"reaped,omitempty"`    // zombies that were reaped between the looks: no problem
	Groups    []Group       `json:"groups,omitempty"`    // the largest first
	Unseen    []Gap         `json:"unseen,omitempty"`    // what may hide a zombie
}

// Judge returns the verdict, which rests on the report's other fields alone: a
// saved report is judged as it was when it was made. [Problem] means that there
// are groups in Stuck.
func (r *Report) Judge() Verdict {
	switch {
	case r.At.IsZero():
		return Unknown
	case len(r.Stuck()) > 0:
		return Problem
	case len(r.Unseen) > 0:
		return Unknown
	}
	return Healthy
}

// Stuck returns the groups with only those zombies that last: that have been
// dead since the first look, or after a single look for at least a second. A
// process whose main thread alone has ended is none of them.
func (r *Report) Stuck() []Group {
	least := r.Settle
	if least <= 0 {
		least = defaultSettle
	}
	var stuck []Group
	for _, g := range r.Groups {
		g = g.Lasting(least)
		g.Zombies = slices.DeleteFunc(g.Zombies, func(z Zombie) bool { return z.Kind == DeadLeader })
		if len(g.Zombies) > 0 {
			stuck = append(stuck, g)
		}
	}
	return stuck
}

// String returns the verdict, the groups with what to do about each, and what
// was not seen.
func (r *Report) String() string {
	var text strings.Builder
	total, parents, gaps := 0, 0, r.Unseen
	counted := r.Groups
	if r.Settle <= 0 && r.Judge() == Problem { // the others may be gone in a moment
		counted = r.Stuck()
	}
	for i := range counted {
		n := counted[i].dead()
		total += n
		parents += min(n, 1)
	}
	switch r.Judge() {
	case Problem:
		fmt.Fprintf(&text, "problem: %s that nobody reaps, of %s\n", plural(total, "zombie", "zombies"), plural(parents, "parent", "parents"))
	case Healthy:
		fmt.Fprintf(&text, "healthy: no zombies among %s\n", plural(r.Processes, "process", "processes"))
	default:
		fmt.Fprintf(&text, "unknown: %s among %s\n", plural(total, "zombie", "zombies"), plural(r.Processes, "process", "processes"))
	}
	if r.Reaped > 0 {
		fmt.Fprintf(&text, "  %s reaped between two looks, %v apart\n", plural(r.Reaped, "zombie was", "zombies were"), r.Settle)
	}
	for i := range r.Groups {
		r.Groups[i].write(&text, "  ")
		gaps = append(gaps[:len(gaps):len(gaps)], r.Groups[i].Unseen...)
	}
	text.WriteString(notChecked(gaps))
	return text.String()
}
