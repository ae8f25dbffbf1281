package procstate

import (
	"fmt"
	"strings"
	"time"
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
	Unseen  []Gap         `json:"unseen,omitempty"` // what could not be verified
}

// Judge returns the verdict, which rests on Reaped and Left alone: Healthy if
// nothing is left, Unknown if the plan was about no zombie.
func (o *Outcome) Judge() Verdict {
	switch {
	case len(o.Left) > 0:
		return Problem
	case len(o.Reaped) > 0:
		return Healthy
	}
	return Unknown
}

// String returns the verdict, the steps, and on the last line what was not seen.
func (o *Outcome) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %d reaped, %d left, after %v\n", o.Judge(), len(o.Reaped), len(o.Left), o.Elapsed.Round(time.Millisecond))
	for _, step := range o.Done {
		fmt.Fprintf(&text, "  done: %s\n", step)
	}
	for _, step := range o.Passed {
		fmt.Fprintf(&text, "next: %s\n", step)
	}
	text.WriteString(notChecked(o.Unseen))
	return text.String()
}
