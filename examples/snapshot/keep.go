package main

import (
	"context"
	"fmt"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/retention"
	"github.com/opskit-go/opskit/examples/internal/program"
)

// keepLast tells which snapshots of the volumes may be deleted so that the last consistent ones stay, and with -yes deletes them.
func (c command) keepLast(ctx context.Context, volume ebssnap.Volume) int {
	inventory, err := retention.List(ctx, volume.Cloud, volume.IDs...)
	if err != nil {
		return c.Fail(err)
	}
	plan, err := retention.Plan(inventory, retention.Policy{Last: c.keep})
	if err != nil {
		return c.Fail(err)
	}
	code := program.Healthy
	if plan.Newest == "" {
		code = program.Problem // nothing to go back to
	}
	code = c.Print(plan, code)
	if !c.yes {
		return code
	}
	applied, err := retention.Apply(ctx, volume.Cloud, plan)
	code = c.Print(applied, code)
	if err != nil {
		fmt.Fprintf(c.Stderr, "%s: %v\n", c.Name(), err)
		return max(code, program.Problem)
	}
	return code
}
