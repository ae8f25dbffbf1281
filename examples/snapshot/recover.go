package main

import (
	"context"
	"fmt"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/examples/internal/program"
)

// thawLeftovers tells what is frozen now, and with -yes thaws what a run that died left.
func (c command) thawLeftovers(ctx context.Context) int {
	plan, err := ebssnap.Recover(ctx)
	if err != nil {
		return c.Fail(err)
	}
	if c.yes {
		err = plan.Apply(ctx)
	}
	code := c.Answer(plan)
	if err != nil {
		fmt.Fprintf(c.Stderr, "%s: %v\n", c.Name(), err)
		code = max(code, program.Problem)
	}
	return c.leftLine(plan, code)
}

// leftLine prints the last line of a plan.
func (c command) leftLine(plan *ebssnap.Recovery, code int) int {
	out := c.Stdout
	if c.JSON {
		out = c.Stderr
	}
	switch {
	case plan.Rescue() != "":
		return c.lastLine(code, c.Name()+" -recover -yes")
	case plan.Verdict == ebssnap.FrozenByOther:
		fmt.Fprintln(out, "still frozen, by a run that lives or by somebody else: left as it is")
		return code
	case plan.Level() == opskit.Unknown:
		run := "look as root, where the data is mounted"
		for _, f := range plan.Filesystems {
			if f.Frozen == ebssnap.FrozenUnknown && f.Waits {
				run = "if nothing that lives holds it frozen, run fsfreeze -u " + f.Mount
			}
		}
		fmt.Fprintf(out, "cannot tell whether it is frozen: %s\n", opskit.Escape(run))
		return code
	}
	return c.lastLine(code, "")
}

// checkOnly tells whether a snapshot could be taken: 0 is ready, 1 not ready, 2 cannot tell.
func (c command) checkOnly(ctx context.Context, volume ebssnap.Volume) int {
	report, err := ebssnap.Check(ctx, volume, c.freezer(c.mounts))
	if err != nil {
		return c.Fail(err)
	}
	outside, gaps := c.whole(ctx, volume.IDs)
	whole := opskit.Capability{Name: "all_data_in_the_set", OK: outside == nil}
	switch {
	case outside != nil:
		whole.Why = outside.Err().Error()
	case len(gaps) > 0: // a snapshot would be taken, and would say so too
		report.Unseen = append(report.Unseen, gaps...)
	}
	if len(gaps) == 0 {
		report.Capabilities = append(report.Capabilities, whole)
	}
	report.Judge()
	return c.Answer(report)
}
