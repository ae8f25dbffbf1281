package ebssnap

import (
	"context"
	"fmt"
	"strings"
)

// Checker is a Freezer or a Cloud that can tell, changing nothing, whether it could do its work.
type Checker interface {
	// Check tells what may be done for these volumes. Names are stable; a Fix is a line to paste.
	Check(ctx context.Context, volumes []string) []Capability
}

// CheckReport is what Check found.
type CheckReport struct {
	Ready        bool         `json:"ready"`                 // everything that was checked may be done; with Unseen that is not all
	Capabilities []Capability `json:"capabilities,omitzero"` // one for each thing that was checked
	Unseen       []Gap        `json:"unseen,omitempty"`      // what could not be checked without freezing
}

// Check tells whether Consistent could do its work: it asks f and vol.Cloud, as far as they are Checkers, and makes the DryRun. It freezes
// nothing, creates nothing, and starts the guard only to see that it starts.
func Check(ctx context.Context, vol Volume, f Freezer) (*CheckReport, error) {
	if err := vol.check(f, 1); err != nil {
		return nil, err
	}
	r := &CheckReport{}
	if err := related(ctx, mountsOf(f), vol.IDs); err != nil {
		r.Capabilities = append(r.Capabilities, capability("volumes", err, ""))
	}
	if checker, ok := f.(Checker); ok {
		r.Capabilities = append(r.Capabilities, checker.Check(ctx, vol.IDs)...)
	} else {
		r.Unseen = append(r.Unseen, Gap{What: "whether the freezer works", Why: "it cannot tell without freezing"})
	}
	if checker, ok := vol.Cloud.(Checker); ok {
		r.Capabilities = append(r.Capabilities, checker.Check(ctx, vol.IDs)...)
	} else {
		_, err := vol.Cloud.Create(ctx, Request{
			Volumes: vol.IDs, Instance: vol.Instance, Token: "check", Description: vol.Description, DryRun: true,
			Tags: map[string]string{TagToken: "check", TagConsistency: tagUnproven},
		})
		r.Capabilities = append(r.Capabilities, capability("create snapshot", err, ""))
	}
	r.Ready = true
	for _, c := range r.Capabilities {
		r.Ready = r.Ready && c.OK
	}
	return r, nil
}

func capability(name string, err error, fix string) Capability {
	if err != nil {
		return Capability{Name: name, Why: err.Error(), Fix: fix}
	}
	return Capability{Name: name, OK: true}
}

// String returns "ready", "not ready" or "cannot tell", and a line for every capability.
func (r *CheckReport) String() string {
	var b strings.Builder
	missing := 0
	for _, c := range r.Capabilities {
		if !c.OK {
			missing++
		}
	}
	switch n := len(r.Unseen); {
	case !r.Ready:
		fmt.Fprintf(&b, "not ready: %d of %d things are missing\n", missing, len(r.Capabilities))
	case n > 0:
		fmt.Fprintf(&b, "cannot tell: nothing is missing, but %d %s could not be checked\n", n, plural(n, "thing"))
	default:
		b.WriteString("ready\n")
	}
	for _, c := range r.Capabilities {
		state := "yes"
		if !c.OK {
			state = "no "
		}
		fmt.Fprintf(&b, "  %s  %s", state, escaped(c.Name))
		if c.Why != "" {
			fmt.Fprintf(&b, ": %s", escaped(c.Why))
		}
		b.WriteString("\n")
		if c.Fix != "" {
			fmt.Fprintf(&b, "next: %s\n", escaped(c.Fix))
		}
	}
	b.WriteString(notChecked(r.Unseen))
	return b.String()
}
