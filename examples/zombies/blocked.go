package main

import (
	"context"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/procstate"
)

// showBlocked prints the tasks that are stuck in state D, why, and what ends
// that.
func (p *options) showBlocked(ctx context.Context) int {
	var report *procstate.BlockedReport
	var err error
	if p.From != "" {
		report, err = program.Read[*procstate.BlockedReport](p.From)
	} else {
		report, err = p.scanner.Uninterruptible(ctx)
	}
	if err != nil {
		return p.Fail(err)
	}
	report.Verdict = report.Judge()
	if p.Save != "" {
		if err := program.Write(p.Save, report); err != nil {
			return p.Fail(err)
		}
	}
	return p.Print(report, exitCode(report.Verdict))
}
