package main

import (
	"context"
	"fmt"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/examples/internal/program"
)

// thawLeftovers tells what a run that was killed left frozen, and with -yes thaws it.
func (c command) thawLeftovers(ctx context.Context) int {
	plan, err := ebssnap.Recover(ctx)
	if err != nil {
		return c.Fail(err)
	}
	if c.yes {
		err = plan.Apply(ctx, c.intended)
	}
	code := program.Healthy
	for _, l := range plan.Leftovers {
		if !l.Thawed && !l.Over {
			code = program.Problem
		}
	}
	if len(plan.Unseen) > 0 {
		code = max(code, program.CannotTell)
	}
	code = c.Print(plan, code)
	if err != nil {
		fmt.Fprintf(c.Stderr, "%s: %v\n", c.Name(), err)
		return c.thawed(max(code, program.Problem), err)
	}
	return c.leftLine(plan, code)
}

// leftLine prints the last line of a plan: what is recorded as frozen is, as far as anybody knows; of what was only intended that is not known.
func (c command) leftLine(plan *ebssnap.Recovery, code int) int {
	frozen, intended := false, false
	for _, l := range plan.Leftovers {
		left := !l.Thawed && !l.Over
		frozen, intended = frozen || left && l.Frozen, intended || left && !l.Frozen
	}
	out := c.Stdout
	if c.JSON {
		out = c.Stderr
	}
	switch {
	case frozen:
		fmt.Fprintf(out, "STILL FROZEN: run %s -recover -yes\n", c.Name())
	case intended:
		fmt.Fprintf(c.Stderr, "%s: if it is frozen, thaw it with -recover -yes -intended\n", c.Name())
	default:
		return c.thawed(code, nil)
	}
	return code
}

// checkOnly tells whether a snapshot could be taken: 0 is ready, 1 not ready, 2 cannot tell.
func (c command) checkOnly(ctx context.Context, volume ebssnap.Volume) int {
	report, err := ebssnap.Check(ctx, volume, c.freezer(c.mounts))
	if err != nil {
		return c.Fail(err)
	}
	outside, gaps := c.whole(ctx, volume.IDs)
	whole := ebssnap.Capability{Name: "all data in the set", OK: outside == nil}
	switch {
	case outside != nil:
		whole.Why = outside.Err().Error()
	case len(gaps) > 0: // a snapshot would be taken, and would say so too
		report.Unseen = append(report.Unseen, gaps...)
	}
	if len(gaps) == 0 {
		report.Capabilities = append(report.Capabilities, whole)
	}
	report.Ready = report.Ready && whole.OK
	code := program.Healthy
	switch {
	case !report.Ready:
		code = program.Problem
	case len(report.Unseen) > 0:
		code = program.CannotTell
	}
	return c.Print(report, code)
}
