package main

import (
	"fmt"
	"strings"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/ipsec"
)

// changes is what is different since an earlier run.
type changes struct {
	New  []string `json:"new,omitempty"`
	Gone []string `json:"gone,omitempty"`
}

// String lists what is new and what is gone.
func (c changes) String() string {
	if len(c.New)+len(c.Gone) == 0 {
		return "since then: no change\n" + program.InBetween
	}
	var b strings.Builder
	b.WriteString("since then:")
	for _, s := range c.New {
		fmt.Fprintf(&b, "\n  new: %s", s)
	}
	for _, s := range c.Gone {
		fmt.Fprintf(&b, "\n  gone: %s", s)
	}
	return b.String() + "\n" + program.InBetween
}

// difference compares two lists of lines.
func difference(before, now []string) changes {
	in := func(list []string) map[string]bool {
		set := map[string]bool{}
		for _, s := range list {
			set[s] = true
		}
		return set
	}
	old, current := in(before), in(now)
	var c changes
	for _, s := range now {
		if !old[s] {
			c.New = append(c.New, s)
		}
	}
	for _, s := range before {
		if !current[s] {
			c.Gone = append(c.Gone, s)
		}
	}
	return c
}

// findings are a report's findings as lines.
func findings(r *ipsec.Report) []string {
	lines := []string{"verdict " + r.Verdict.String()}
	for _, f := range r.Findings {
		lines = append(lines, fmt.Sprintf("%s %s: %q", f.Severity, f.Code, f.Message))
	}
	return lines
}
