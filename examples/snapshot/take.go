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
	if c.check {
		return c.checkOnly(ctx, volume)
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
	switch {
	case c.wait && code == program.Healthy:
		code = c.waitFor(ctx, volume.Cloud, result.Snapshots())
	case c.wait:
		fmt.Fprintf(c.Stderr, "%s: not waited: this snapshot is not in order\n", c.Name())
	}
	return c.thawed(code, err)
}
