package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/limits"
)

// showZombies prints the zombies, their plans, or what became of them.
func (p *options) showZombies(ctx context.Context) int {
	report, err := p.look(ctx)
	if err != nil {
		return p.Fail(err)
	}
	code := 0
	if p.Since != "" {
		earlier, err := program.LoadEvidence[*procstate.Report](p.Program, p.Since, kindZombies)
		if err != nil {
			return p.Fail(err)
		}
		code = p.Answer(report.Since(earlier[0]))
		// A change alone is no problem of the zombies' own.
		code = map[int]int{program.CannotTell: program.CannotTell}[code]
	}
	switch {
	case p.plan, (p.apply || p.reap) && !p.yes:
		for _, g := range report.Groups {
			p.Print(g.Plan(), 0)
		}
		if len(report.Groups) == 0 && !p.JSON {
			p.Print(report, 0)
		}
		if !p.plan {
			return p.Misused("nothing was done: -apply and -reap need -yes")
		}
		return opskit.ExitCode(report.Level())
	case p.apply:
		return p.applyTo(ctx, report)
	case p.reap:
		return p.reapFor(ctx, report)
	}
	if !p.JSON {
		p.printLimits(ctx, report)
	}
	return program.Worse(code, p.Answer(report))
}

// look looks at the host, or at what was saved.
func (p *options) look(ctx context.Context) (report *procstate.Report, err error) {
	report, err = evidence(p, kindZombies, func() (*procstate.Report, time.Time, error) {
		if err := p.parentThere(); err != nil {
			return nil, time.Time{}, err
		}
		report, err := p.scanner.Zombies(ctx)
		return report, report.At, err
	})
	if err == nil && p.parent != 0 {
		report = report.Only(p.parent)
	}
	return report, err
}

// parentThere returns an error for a -parent that cannot be seen: that it has no
// zombies would be true of any number.
func (p *options) parentThere() error {
	if p.parent == 0 {
		return nil
	}
	_, err := os.Stat(filepath.Join(cmp.Or(p.scanner.Root, "/proc"), strconv.Itoa(p.parent)))
	if err != nil {
		return fmt.Errorf("parent %d is not there, or hidden from this user: %w", p.parent, err)
	}
	return nil
}

// printLimits prints, to people, which limit the largest groups' parents run into:
// each costs a walk over all processes. A parent that has gone meanwhile has none.
func (p *options) printLimits(ctx context.Context, report *procstate.Report) {
	const most = 3
	if p.From != "" || report.Verdict != procstate.Problem {
		return
	}
	for i, g := range report.Stuck() {
		if g.Parent.Start == 0 || i == most {
			return
		}
		r, err := limits.Read(ctx, limits.Query{PID: g.Parent.PID, Root: p.scanner.Root})
		if err == nil && r.For == g.Parent.ID && len(r.Limits) > 0 {
			fmt.Fprintf(p.Stderr, "limit that stops the next fork of %d: %s\n", g.Parent.PID, r.Limits[0])
		}
	}
}
