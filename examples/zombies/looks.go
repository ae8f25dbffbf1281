package main

import (
	"context"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/limits"
	"github.com/opskit-go/opskit/procstate/watch"
)

// The kinds of evidence that this program saves.
const (
	kindZombies = "procstate_zombies"
	kindBlocked = "procstate_blocked"
	kindLimits  = "procstate_limits"
)

// evidence looks, or reads what -from names, and saves it where -save says.
func evidence[E opskit.Evidence](p *options, kind string, look func() (E, time.Time, error)) (E, error) {
	if p.From != "" {
		saved, err := program.LoadEvidence[E](p.Program, p.From, kind)
		if err != nil {
			var none E
			return none, err
		}
		return saved[0], nil
	}
	seen, at, err := look()
	if err != nil || p.Save == "" {
		return seen, err
	}
	items := []E{seen}
	if p.Save == p.Since { // a history grows
		if earlier, err := program.LoadEvidence[E](p.Program, p.Since, kind); err == nil {
			items = append(earlier, seen)
		}
	}
	return seen, program.SaveEvidence(p.Save, kind, at, items...)
}

// showBlocked prints the tasks that are stuck in state D, why, and what ends
// that.
func (p *options) showBlocked(ctx context.Context) int {
	report, err := evidence(p, kindBlocked, func() (*procstate.BlockedReport, time.Time, error) {
		report, err := p.scanner.Uninterruptible(ctx)
		return report, report.At, err
	})
	if err != nil {
		return p.Fail(err)
	}
	return p.Answer(report)
}

// showLimits prints which limit stops the next fork of -parent, or of this
// program's user, and with -since when, by all that was seen then.
func (p *options) showLimits(ctx context.Context) int {
	report, err := evidence(p, kindLimits, func() (*limits.Report, time.Time, error) {
		report, err := limits.Read(ctx, limits.Query{PID: p.parent, Root: p.scanner.Root})
		return report, report.At, err
	})
	if err != nil {
		return p.Fail(err)
	}
	if p.Since != "" {
		earlier, err := program.LoadEvidence[*limits.Report](p.Program, p.Since, kindLimits)
		if err != nil {
			return p.Fail(err)
		}
		for _, forecast := range limits.Predict(append(earlier, report)) {
			p.Print(forecast, 0)
		}
	}
	return p.Answer(report)
}

// watching prints what happens until -watch has passed or it is interrupted, and
// ends with the problem code if a zombie is stuck then.
func (p *options) watching(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(ctx, p.watch)
	defer cancel()
	stuck := map[procstate.ID]bool{}
	code := program.Healthy
	every := p.scanner.Settle
	if every <= 0 {
		every = time.Second
	}
	config := watch.Config{Scanner: &p.scanner, Every: min(every, time.Second), Grace: every, Connector: p.connector}
	for event, err := range watch.Events(ctx, config) {
		if err != nil {
			code = program.Worse(program.CannotTell, p.Fail(err))
			continue
		}
		switch event.Kind {
		case watch.KindStuck:
			stuck[event.Zombie.ID] = true
		case watch.KindReaped:
			delete(stuck, event.Zombie.ID)
		}
		if p.Print(event, program.Healthy) != program.Healthy {
			return program.CannotTell
		}
	}
	if len(stuck) > 0 {
		return program.Problem
	}
	return code
}
