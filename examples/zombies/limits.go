package main

import (
	"context"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/procstate/limits"
)

// showLimits prints which limit stops the next fork of -parent, or of this
// program's user, and with -since when.
func (p *options) showLimits(ctx context.Context) int {
	var report *limits.Report
	var err error
	if p.From != "" {
		report, err = program.Read[*limits.Report](p.From)
	} else {
		report, err = limits.Read(ctx, limits.Query{PID: p.parent, Root: p.scanner.Root})
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
	code := exitCode(report.Verdict)
	if p.Since != "" {
		earlier, err := program.Read[*limits.Report](p.Since)
		if err != nil {
			return p.Fail(err)
		}
		for _, forecast := range limits.Predict([]*limits.Report{earlier, report}) {
			code = p.Print(forecast, code)
		}
	}
	return p.Print(report, code)
}
