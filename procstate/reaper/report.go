package reaper

import (
	"fmt"
	"strings"
)

// Report is what one Run did.
type Report struct {
	// Reaped counts the orphans reaped.
	Reaped int `json:"reaped"`
	// Left are the dead children that were left alone when Run ended, by PID.
	Left []Left `json:"left,omitempty"`
	// Blind counts the looks at the children that could not judge any of them;
	// the last cause is in Err. Those children were left alone.
	Blind int    `json:"blind,omitempty"`
	Err   *Error `json:"error,omitempty"` // the last cause of Blind
	// Unseen is what the report can not tell.
	Unseen []string `json:"unseen,omitempty"`
}

// String returns the verdict, one line for each child left alone, and what was
// not checked.
func (r Report) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s reaped, %s left alone\n", count(r.Reaped, "orphan", "orphans"), count(len(r.Left), "dead child", "dead children"))
	for _, left := range r.Left {
		fmt.Fprintf(&text, "  %s\n", left)
	}
	if r.Err != nil {
		fmt.Fprintf(&text, "  could not judge %s: %q\n", count(r.Blind, "time", "times"), r.Err.Error())
	}
	unseen := "nothing more"
	if len(r.Unseen) > 0 {
		unseen = strings.Join(r.Unseen, "; ")
	}
	return text.String() + "not checked: " + unseen
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
