package main

import (
	"context"
	"fmt"
	"time"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/watch"
)

// watching prints what happens until -watch has passed or it is interrupted, and
// ends with the problem code if a zombie is stuck then.
func (p *options) watching(ctx context.Context) int {
	ctx, cancel := context.WithTimeout(ctx, p.watch)
	defer cancel()
	stuck := map[procstate.ID]bool{}
	failed := false
	config := watch.Config{Scanner: &p.scanner, Every: min(p.scanner.Settle, time.Second), Grace: p.scanner.Settle, Connector: p.connector}
	for event, err := range watch.Events(ctx, config) {
		if err != nil {
			fmt.Fprintf(p.Stderr, "zombies: %v\n", err)
			failed = true
			continue
		}
		switch event.Kind {
		case watch.Stuck:
			stuck[event.Zombie.ID] = true
		case watch.Reaped:
			delete(stuck, event.Zombie.ID)
		}
		if p.Print(event, program.Healthy) != program.Healthy {
			return program.CannotTell
		}
	}
	switch {
	case len(stuck) > 0:
		return program.Problem
	case failed:
		return program.CannotTell
	}
	return program.Healthy
}
