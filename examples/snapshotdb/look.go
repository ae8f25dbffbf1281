package main

import (
	"context"

	"github.com/opskit-go/opskit/ebssnap/ec2snap"
	"github.com/opskit-go/opskit/ebssnap/volumes"
)

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
