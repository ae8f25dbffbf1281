package main

import (
	"context"
	"fmt"
	"time"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ec2snap"
	"github.com/opskit-go/opskit/ebssnap/volumes"
	"github.com/opskit-go/opskit/examples/internal/program"
)

// hook is the database that was named.
func (c command) hook() database {
	if c.postgres.client != "" {
		return c.postgres.hook()
	}
	return c.mariadb.hook()
}

// onlyTry locks, freezes and lets go, as around a snapshot.
func (c command) onlyTry(ctx context.Context) int {
	timing, err := ebssnap.Hold(ctx, ebssnap.Freezers(c.hook(), c.freezer(c.mounts)), c.timeout, func(context.Context) error { return nil })
	if err != nil {
		return c.thawed(c.Fail(err), err)
	}
	return c.thawed(c.Print(tried(timing), program.Healthy), nil)
}

type tried ebssnap.Timing

// String says how long writers were stopped, and that there is no snapshot.
func (t tried) String() string {
	return fmt.Sprintf("tried: locked, frozen and let go, and no snapshot asked for\n  writers were stopped for %s\nnot checked: what the cloud would answer, and where the files lie", t.Stopped.Round(100*time.Microsecond))
}

// look fills in what paths lie on. Xen disks need the instance's block device mappings for that, so Locate is asked for them if that may help.
func (c command) look(ctx context.Context, o *outcome, set, paths []string) error {
	for {
		layout, err := c.finder.Find(ctx, paths...)
		if err != nil {
			return err
		}
		o.Report = layout.Check(set...)
		if o.Report.Verdict != volumes.VerdictUnknown || c.finder.Mappings != nil || c.options.Region != "" {
			return nil
		}
		here, err := ec2snap.Locate(ctx, "", c.options)
		if err != nil || here.Mappings == nil {
			return nil //nolint:nilerr // not on an instance: the report says what cannot be told
		}
		c.finder.Mappings = here.Mappings
	}
}
