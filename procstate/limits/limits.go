package limits

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/opskit-go/opskit/procstate"

	"github.com/opskit-go/opskit"
)

// Limit is one limit on processes and how far it is used up.
type Limit struct {
	// Name is "rlimit.nproc", "cgroup.pids.max", "kernel.pid_max" or
	// "kernel.threads-max".
	Name    string `json:"name"`
	Scope   string `json:"scope"`             // for whom: "uid 1000", a control group's directory, "pid namespace" or "host"
	Used    uint64 `json:"used"`              // tasks that count: threads and zombies, too
	Max     uint64 `json:"max"`               // the fork that would exceed it fails
	Zombies uint64 `json:"zombies,omitempty"` // how many of Used are zombies, as far as that is known
}

// Left returns how many more tasks can be made before the limit is reached.
func (l Limit) Left() uint64 {
	if l.Used >= l.Max {
		return 0
	}
	return l.Max - l.Used
}

// String returns the limit on one line.
func (l Limit) String() string {
	text := fmt.Sprintf("%s of %q: %d of %d used, %d left", opskit.Escape(l.Name), l.Scope, l.Used, l.Max, l.Left())
	if l.Zombies > 0 {
		text += fmt.Sprintf(", %d are zombies", l.Zombies)
	}
	return text
}

// Report is what [Read] counted, and its verdict.
type Report struct {
	Verdict procstate.Verdict `json:"verdict"`          // Problem if a limit is reached
	At      time.Time         `json:"at"`               // when it was counted, UTC
	For     procstate.ID      `json:"for"`              // the process that would fork
	Limits  []Limit           `json:"limits,omitempty"` // the one with the least left first
	Unseen  []opskit.Gap      `json:"unseen,omitempty"` // limits and uses that could not be counted
}

// narrow is the share of a limit that must be left for a host to be well.
const narrow = 10

// Judge derives Verdict from the rest of the report alone: [procstate.Problem] if
// less than a tenth of a limit is left.
func (r *Report) Judge() opskit.Level {
	r.Verdict = procstate.Unknown
	narrowed := slices.ContainsFunc(r.Limits, func(l Limit) bool { return l.Left() < l.Max/narrow || l.Left() == 0 })
	switch {
	case narrowed:
		r.Verdict = procstate.Problem
	case !r.At.IsZero() && len(r.Limits) > 0 && len(r.Unseen) == 0:
		r.Verdict = procstate.Healthy
	}
	return r.Level()
}

// Level is a problem where a limit is near: Healthy is OK.
func (r *Report) Level() opskit.Level {
	return map[procstate.Verdict]opskit.Level{procstate.Healthy: opskit.OK, procstate.Problem: opskit.Problem}[r.Verdict]
}

// Gaps returns the limits and uses that could not be counted.
func (r *Report) Gaps() []opskit.Gap {
	if len(r.Unseen) == 0 && opskit.ExitCode(r.Level()) == 2 {
		return []opskit.Gap{{What: "the limits", Why: "none could be read"}}
	}
	gaps := slices.Clone(r.Unseen)
	for i := range gaps { // of a report that was read back
		gaps[i].What, gaps[i].Why = cmp.Or(gaps[i].What, "something"), cmp.Or(gaps[i].Why, "the reason is not known")
	}
	return gaps
}

// Seen reports whether there is anything in the report.
func (r *Report) Seen() bool { return r != nil && !r.At.IsZero() && len(r.Limits) > 0 }

// Since tells which limits and uses have changed.
func (r *Report) Since(earlier *Report) opskit.Changes {
	var c opskit.Changes
	if !earlier.Seen() || !r.Seen() {
		return c
	}
	for _, now := range r.Limits {
		before := slices.IndexFunc(earlier.Limits, func(l Limit) bool { return l.Name == now.Name && l.Scope == now.Scope })
		if before < 0 {
			c.Unseen = append(c.Unseen, opskit.Gap{What: now.Name + " of " + strconv.Quote(now.Scope), Why: "the earlier look did not have it"})
			continue
		}
		c.Compare(now.Name+" of "+strconv.Quote(now.Scope), fmt.Sprintf("%d of %d", earlier.Limits[before].Used, earlier.Limits[before].Max), fmt.Sprintf("%d of %d", now.Used, now.Max))
	}
	return c
}

// String returns the verdict and every limit, the binding one first.
func (r *Report) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: ", r.Verdict)
	switch {
	case len(r.Limits) == 0:
		text.WriteString("no limit could be read\n")
	case len(r.Unseen) > 0:
		fmt.Fprintf(&text, "pid %d can make at most %d more tasks, as far as could be seen\n", r.For.PID, r.Limits[0].Left())
	default:
		fmt.Fprintf(&text, "pid %d can make %d more tasks\n", r.For.PID, r.Limits[0].Left())
	}
	for _, l := range r.Limits {
		fmt.Fprintf(&text, "  %s\n", l)
	}
	text.WriteString(opskit.NotChecked(r))
	return text.String()
}

// sortLimits puts the binding limit first.
func sortLimits(limits []Limit) {
	slices.SortStableFunc(limits, func(a, b Limit) int {
		return cmp.Or(cmp.Compare(a.Left(), b.Left()), cmp.Compare(a.Name, b.Name))
	})
}
