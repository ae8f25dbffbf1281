package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/inject"
)

// applyTo carries out the plan for every parent, one after the other. Apply itself
// waits until a parent cannot only be slow.
func (p *options) applyTo(ctx context.Context, report *procstate.Report) int {
	if len(report.Groups) == 0 {
		return p.Answer(report)
	}
	code := program.Healthy
	for _, g := range report.Groups {
		plan := g.Plan()
		if len(plan.Zombies) == 0 { // nothing of it is dead
			code = program.Worse(code, p.Print(plan, opskit.ExitCode(report.Only(g.Parent.PID).Level())))
			continue
		}
		outcome, err := plan.Apply(ctx)
		if err != nil {
			fmt.Fprintf(p.Stderr, "zombies: %v\n", err)
		}
		code = program.Worse(code, p.Answer(outcome))
	}
	return code
}

// reapFor makes every parent wait for its zombies, and lets it go on.
func (p *options) reapFor(ctx context.Context, report *procstate.Report) int {
	if len(report.Groups) == 0 {
		return p.Answer(report)
	}
	code := program.Healthy
	for _, g := range report.Groups {
		var in inject.Injector
		plan, err := in.Prepare(ctx, g.Parent.ID)
		switch {
		case errors.Is(err, inject.ErrNoZombies):
			continue
		case err != nil:
			code = program.Worse(code, p.Fail(err))
			continue
		}
		result, err := in.Apply(ctx, plan)
		if err != nil {
			fmt.Fprintf(p.Stderr, "zombies: %v\n", err)
		}
		left := program.Healthy
		if err != nil || len(result.Left) > 0 || len(plan.Left) > 0 {
			left = program.Problem
		}
		code = program.Worse(code, p.Print(result, left))
	}
	return code
}
