package ebssnap

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
)

// Checker is a Freezer or a Cloud that can tell, changing nothing, whether it could do its work.
type Checker interface {
	// Check tells what may be done for these volumes, and what cannot be told. Names are stable; a
	// Fix is a line to paste.
	Check(ctx context.Context, volumes []string) ([]opskit.Capability, []opskit.Gap)
}

// CheckReport is what Check found.
type CheckReport struct {
	Ready        bool                `json:"ready"`                  // of Judge: everything that was checked may be done; with Unseen that is not all
	Capabilities []opskit.Capability `json:"capabilities,omitempty"` // one for each thing that was checked
	Unseen       []opskit.Gap        `json:"unseen,omitempty"`       // what could not be checked without freezing
}

// Check tells whether Consistent could do its work: it asks f and vol.Cloud, as far as they are
// Checkers, and makes the DryRun. It freezes nothing, creates nothing, and starts the guard only to
// see that it starts.
func Check(ctx context.Context, vol Volume, f Freezer) (*CheckReport, error) {
	if err := vol.check(f, 1); err != nil {
		return nil, err
	}
	r := &CheckReport{}
	if err := related(ctx, mountsOf(f), vol.IDs); err != nil {
		r.add(capability("volumes", err, ""))
	}
	r.ask(ctx, f, vol.IDs, "whether the freezer works")
	if _, ok := vol.Cloud.(Checker); ok {
		r.ask(ctx, vol.Cloud, vol.IDs, "")
	} else {
		_, err := vol.Cloud.Create(ctx, Request{
			Volumes: vol.IDs, Instance: vol.Instance, Token: "check", Description: vol.Description, DryRun: true,
			Tags: map[string]string{TagToken: "check", TagConsistency: tagUnproven},
		})
		r.add(capability("create_snapshot", err, ""))
	}
	r.Judge()
	return r, nil
}

// ask asks a freezer, or those that it is made of, or a cloud.
func (r *CheckReport) ask(ctx context.Context, what any, volumes []string, open string) {
	if all, ok := what.(chain); ok {
		for _, one := range all {
			r.ask(ctx, one, volumes, open)
		}
		return
	}
	checker, ok := what.(Checker)
	if !ok {
		r.Unseen = append(r.Unseen, opskit.Gap{What: open, Why: "it cannot tell without freezing"})
		return
	}
	found, gaps := checker.Check(ctx, volumes)
	r.add(found...)
	r.Unseen = append(r.Unseen, gaps...)
}

func (r *CheckReport) add(found ...opskit.Capability) {
	r.Capabilities = append(r.Capabilities, found...)
}

func capability(name string, err error, fix string) opskit.Capability {
	if err != nil {
		return opskit.Capability{Name: name, Why: err.Error(), Fix: fix}
	}
	return opskit.Capability{Name: name, OK: true}
}

// Judge derives Ready, and returns the level.
func (r *CheckReport) Judge() opskit.Level {
	r.Ready = len(r.Capabilities) > 0 && r.missing() == 0
	return r.Level()
}

func (r *CheckReport) missing() (n int) {
	for _, c := range r.Capabilities {
		if !c.OK {
			n++
		}
	}
	return n
}

// Level is Problem if anything is missing, Unknown if something could not be checked, and else OK.
func (r *CheckReport) Level() opskit.Level {
	switch {
	case r.missing() > 0:
		return opskit.Problem
	case len(r.Unseen) > 0 || !r.Ready:
		return opskit.Unknown
	}
	return opskit.OK
}

// Gaps returns Unseen.
func (r *CheckReport) Gaps() []opskit.Gap {
	if r.Level() == opskit.Unknown && len(r.Unseen) == 0 {
		return []opskit.Gap{{What: "whether a snapshot could be taken", Why: "nothing was checked"}}
	}
	return slices.Clone(r.Unseen)
}

// Seen tells whether anything was checked.
func (r *CheckReport) Seen() bool { return r != nil && len(r.Capabilities) > 0 }

// Since tells what changed since an earlier check: what may be done, each by its name.
func (r *CheckReport) Since(earlier *CheckReport) opskit.Changes {
	var c opskit.Changes
	if !r.Seen() || !earlier.Seen() {
		c.Unseen = []opskit.Gap{{What: "what changed", Why: "one of the two checked nothing"}}
		return c
	}
	state := map[bool]string{true: "yes", false: "no"}
	for _, now := range r.Capabilities {
		i := slices.IndexFunc(earlier.Capabilities, func(was opskit.Capability) bool { return was.Name == now.Name })
		if i < 0 {
			c.Unseen = append(c.Unseen, opskit.Gap{What: now.Name, Why: "it was not checked before"})
			continue
		}
		c.Compare(now.Name, state[earlier.Capabilities[i].OK], state[now.OK])
	}
	return c
}

// String returns "ready", "not ready" or "cannot tell", and a line for every capability.
func (r *CheckReport) String() string {
	var b strings.Builder
	switch r.Level() {
	case opskit.Problem:
		fmt.Fprintf(&b, "not ready: %d of %d things are missing\n", r.missing(), len(r.Capabilities))
	case opskit.OK:
		b.WriteString("ready\n")
	default:
		n := len(r.Gaps())
		fmt.Fprintf(&b, "cannot tell: nothing is missing, but %d %s could not be checked\n", n, plural(n, "thing"))
	}
	for _, c := range r.Capabilities {
		state := "yes"
		if !c.OK {
			state = "no "
		}
		fmt.Fprintf(&b, "  %s  %s", state, opskit.Escape(c.Name))
		if c.Why != "" {
			fmt.Fprintf(&b, ": %s", opskit.Escape(c.Why))
		}
		b.WriteString("\n")
		if c.Fix != "" {
			fmt.Fprintf(&b, "next: %s\n", opskit.Escape(c.Fix))
		}
	}
	b.WriteString(opskit.NotChecked(r))
	return b.String()
}
