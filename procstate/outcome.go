package procstate

import (
	"fmt"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
)

// Outcome is what [Plan.Apply] did and what came of it.
type Outcome struct {
	Verdict Verdict       `json:"verdict"`          // Healthy: all were reaped
	Parent  ID            `json:"parent,omitzero"`  // of the plan
	Done    []Step        `json:"done,omitempty"`   // the steps that were taken
	Passed  []Step        `json:"passed,omitempty"` // the steps that are for people
	Reaped  []ID          `json:"reaped,omitempty"` // zombies that are gone
	Left    []ID          `json:"left,omitempty"`   // zombies that are still there
	Elapsed time.Duration `json:"elapsed_ns"`       // from the first step to the verdict
	Unseen  []opskit.Gap  `json:"unseen,omitempty"` // what could not be verified
}

// Judge derives the verdict from Reaped and Left alone: Healthy if nothing is
// left, Unknown if the plan was about no zombie.
func (o *Outcome) Judge() opskit.Level {
	o.Verdict = Unknown
	switch {
	case len(o.Left) > 0:
		o.Verdict = Problem
	case len(o.Reaped) > 0:
		o.Verdict = Healthy
	}
	return o.Level()
}

// Level is OK if all were reaped.
func (o *Outcome) Level() opskit.Level { return level(o.Verdict) }

// Gaps returns Unseen, or that there was nothing to be reaped.
func (o *Outcome) Gaps() []opskit.Gap {
	if len(o.Unseen) == 0 && opskit.ExitCode(o.Level()) == 2 {
		return []opskit.Gap{{What: "whether it helped", Why: "the plan was about no zombie"}}
	}
	return whole(o.Unseen)
}

// String returns the verdict, the steps, and on the last line what was not seen.
func (o *Outcome) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %d reaped, %d left, after %v\n", o.Verdict, len(o.Reaped), len(o.Left), o.Elapsed.Round(time.Millisecond))
	for _, step := range o.Done {
		fmt.Fprintf(&text, "  done: %s\n", step)
	}
	for _, step := range o.Passed {
		fmt.Fprintf(&text, "next: %s\n", step)
	}
	text.WriteString(opskit.NotChecked(o))
	return text.String()
}
