package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/opskit-go/opskit"
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
		return c.thawed(c.Answer(outside), nil)
	}
	result, err := ebssnap.Consistent(ctx, volume, c.freezer(c.mounts), c.timeout)
	if result == nil {
		return c.thawed(c.Fail(err), err)
	}
	result.Unseen = append(result.Unseen, gaps...)
	if err != nil {
		fmt.Fprintf(c.Stderr, "%s: %v\n", c.Name(), err)
	}
	unfinished := c.wait && !c.waitFor(ctx, volume.Cloud, result)
	code := c.report(result)
	if err != nil || unfinished {
		code = max(code, program.Problem) // consistent, but something was left undone
	}
	if c.Save != "" {
		if err := program.SaveEvidence(c.Save, kind, result.Evidence.Started, result); err != nil {
			fmt.Fprintf(c.Stderr, "%s: %v\n", c.Name(), err)
			code = max(code, program.Problem)
		}
	}
	return c.thawed(code, err)
}

// waitFor waits until the snapshots are completed, and notes in the result what became of them. It
// returns whether they are. Everything has been thawed long before.
func (c command) waitFor(ctx context.Context, cloud ebssnap.Cloud, result *ebssnap.Result) bool {
	if result.Level() != opskit.OK {
		fmt.Fprintf(c.Stderr, "%s: not waited: this snapshot is not in order\n", c.Name())
		return false
	}
	snapshots := result.Snapshots()
	var ids []string
	for _, s := range snapshots {
		ids = append(ids, s.ID)
	}
	fmt.Fprintf(c.Stderr, "%s: %s, and thawed; waits until it is completed\n", c.Name(), result.Verdict)
	completed := 0
	for s, err := range ebssnap.Progress(ctx, cloud, c.every, ids...) {
		if err != nil {
			fmt.Fprintf(c.Stderr, "%s: %v\n", c.Name(), err)
		}
		for i := range snapshots {
			if snapshots[i].ID == s.ID {
				snapshots[i].State, snapshots[i].Progress, snapshots[i].Reason = s.State, s.Progress, s.Reason
			}
		}
		if s.State == "completed" {
			completed++
		}
		if program.Terminal(c.Stderr) {
			fmt.Fprintf(c.Stderr, "%s: %s %s %s\n", c.Name(), s.ID, s.State, s.Progress)
		}
	}
	result.Judge()
	return completed == len(ids)
}
