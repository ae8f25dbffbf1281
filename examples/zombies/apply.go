package main

import (
	"context"
	"fmt"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/procstate"
)

// applyTo carries out the plan for every zombie that lasted, one parent after
// the other.
func (p *options) applyTo(ctx context.Context, report *procstate.Report) int {
	code := exitCode(report.Verdict)
	if report.Verdict == procstate.Problem {
		code = program.Healthy
	}
	for _, g := range report.Stuck() {
		outcome, err := g.Plan().Apply(ctx)
		if err != nil {
			fmt.Fprintf(p.Stderr, "zombies: %v\n", err)
		}
		if err != nil || outcome.Verdict == procstate.Problem {
			code = max(code, program.Problem)
		}
		code = p.Print(outcome, code)
	}
	if len(report.Groups) == 0 {
		return p.Print(report, code)
	}
	return code
}
