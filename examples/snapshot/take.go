package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ec2snap"
	"github.com/opskit-go/opskit/examples/internal/program"
)

// take takes the snapshot and prints the result, and then does what else was asked for.
func (c command) take(ctx context.Context) int {
	volume := ebssnap.Volume{Description: c.description}
	for _, name := range c.volumes {
		if strings.HasPrefix(name, "vol-") {
			volume.IDs = append(volume.IDs, name)
			continue
		}
		here, err := ec2snap.Locate(ctx, name, c.options)
		if err != nil {
			return c.thawed(c.Fail(err), nil)
		}
		volume.IDs = append(volume.IDs, here.Volume)
		volume.Instance, c.options.Region, c.mappings = here.Instance, here.Region, here.Mappings
	}
	cloud, err := ec2snap.New(ctx, c.options)
	if err != nil {
		return c.thawed(c.Fail(err), nil)
	}
	volume.Cloud = cloud
	switch {
	case c.check:
		return c.checkOnly(ctx, volume)
	case len(c.mounts) == 0:
		return c.thawed(c.keepLast(ctx, volume), nil)
	}
	outside, gaps := c.whole(ctx, volume.IDs)
	if outside != nil {
		return c.thawed(c.Print(outside, program.CannotTell), nil)
	}
	result, err := ebssnap.Consistent(ctx, volume, c.freezer(c.mounts), c.timeout)
	if result == nil {
		return c.thawed(c.Fail(err), err)
	}
	result.Unseen = append(result.Unseen, gaps...)
	if err != nil {
		fmt.Fprintf(c.Stderr, "%s: %v\n", c.Name(), err)
	}
	code := c.report(result)
	if err != nil {
		code = max(code, program.Problem) // consistent, but something was left undone
	}
	if c.Save != "" {
		if err := program.Write(c.Save, result); err != nil {
			fmt.Fprintf(c.Stderr, "%s: %v\n", c.Name(), err)
			code = max(code, program.Problem)
		}
	}
	return c.thawed(c.after(ctx, volume, result, code), err)
}

// after does what was asked for besides the snapshot, if that is consistent.
func (c command) after(ctx context.Context, volume ebssnap.Volume, result *ebssnap.Result, code int) int {
	if code != program.Healthy && (c.wait || c.keep > 0) {
		fmt.Fprintf(c.Stderr, "%s: neither waited nor looked at older snapshots: this one is not in order\n", c.Name())
		return code
	}
	if c.wait {
		code = c.waitFor(ctx, volume.Cloud, result.Snapshots())
	}
	if c.keep > 0 && code == program.Healthy {
		code = c.keepLast(ctx, volume)
	}
	return code
}
