package limits

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit/procstate"
)

// Limit is one limit on processes and how far it is used up.
type Limit struct {
	// Name is "rlimit.nproc", "cgroup.pids.max", "kernel.pid_max" or
	// "kernel.threads-max".
	Name    string `json:"name"`
	Scope   string `json:"scope"`             // for whom: "uid 1000", a control group's folder, "pid namespace" or "host"
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
	text := fmt.Sprintf("%s of %q: %d of %d used, %d left", l.Name, l.Scope, l.Used, l.Max, l.Left())
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
	Unseen  []procstate.Gap   `json:"unseen,omitempty"` // limits and uses that could not be counted
}

// narrow is the share of a limit that must be left for a host to be well.
const narrow = 10

// Judge returns the verdict, which rests on the report's other fields alone:
// [procstate.Problem] if less than a tenth of a limit is left.
func (r *Report) Judge() procstate.Verdict {
	for _, l := range r.Limits {
		if l.Left() < l.Max/narrow || l.Left() == 0 {
			return procstate.Problem
		}
	}
	if r.At.IsZero() || len(r.Limits) == 0 || len(r.Unseen) > 0 {
		return procstate.Unknown
	}
	return procstate.Healthy
}

// String returns the verdict and every limit, the binding one first.
func (r *Report) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: ", r.Judge())
	if len(r.Limits) == 0 {
		text.WriteString("no limit could be read\n")
	} else {
		fmt.Fprintf(&text, "pid %d can make %d more tasks\n", r.For.PID, r.Limits[0].Left())
	}
	for _, l := range r.Limits {
		fmt.Fprintf(&text, "  %s\n", l)
	}
	text.WriteString("not checked: ")
	if len(r.Unseen) == 0 {
		text.WriteString("nothing more")
	}
	for i, gap := range r.Unseen {
		if i > 0 {
			text.WriteString("; ")
		}
		text.WriteString(gap.String())
	}
	return text.String()
}

// sortLimits puts the binding limit first.
func sortLimits(limits []Limit) {
	slices.SortStableFunc(limits, func(a, b Limit) int {
		return cmp.Or(cmp.Compare(a.Left(), b.Left()), cmp.Compare(a.Name, b.Name))
	})
}
