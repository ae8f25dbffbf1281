package reaper

import (
	"fmt"
	"strings"

	"github.com/opskit-go/opskit"
)

// Report is what one Run did.
type Report struct {
	// Reaped counts the orphans reaped.
	Reaped int `json:"reaped"`
	// Left are the dead children that were left alone when Run ended, by PID.
	Left []Left `json:"left,omitempty"`
	// Blind counts the looks at the children that could not judge any of them;
	// the last cause is in Err. Those children were left alone.
	Blind int            `json:"blind,omitempty"`
	Err   opskit.Failure `json:"error,omitzero"` // the last cause of Blind
	// Unseen is what the report cannot tell.
	Unseen []opskit.Gap `json:"unseen,omitempty"`
}

// String returns the verdict, one line for each child left alone, and what was
// not checked.
func (r Report) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s reaped, %s left alone\n", count(r.Reaped, "orphan", "orphans"), count(len(r.Left), "dead child", "dead children"))
	for _, left := range r.Left {
		fmt.Fprintf(&text, "  %s\n", left)
	}
	if !r.Err.IsZero() {
		fmt.Fprintf(&text, "  could not judge %s: %s\n", count(r.Blind, "time", "times"), r.Err)
	}
	text.WriteString(opskit.NotChecked(told(r.Unseen)))
	return text.String()
}

// told is a Report for the last line of its text.
type told []opskit.Gap

func (t told) Level() opskit.Level { return opskit.OK }
func (t told) Gaps() []opskit.Gap  { return t }
func (t told) String() string      { return opskit.NotChecked(t) }

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
