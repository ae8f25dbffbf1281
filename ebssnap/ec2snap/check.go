package ec2snap

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
)

// Check tells for every IAM action that Consistent needs whether a DryRun of it is allowed, and
// whether the volumes are attached to one instance. Nothing is created. The tags at creation are
// part of the DryRun of CreateSnapshot; the condition of CreateTags on a tagged snapshot can only
// be seen on a real one, so a refusal of its DryRun is told with that doubt.
func (c *Cloud) Check(ctx context.Context, volumes []string) ([]opskit.Capability, []opskit.Gap) {
	found := []opskit.Capability{c.attachedCheck(ctx, volumes)}
	request := ebssnap.Request{
		Volumes: volumes, Token: "check " + rand.Text(), DryRun: true,
		Tags: map[string]string{ebssnap.TagToken: "check", ebssnap.TagConsistency: "unproven"},
	}
	name, action := "create_snapshot", "ec2:CreateSnapshot with tags"
	if len(volumes) > 1 {
		name, action = "create_snapshots", "ec2:CreateSnapshots with tags"
	}
	_, err := c.Create(ctx, request)
	c.Release(request.Token)
	found = append(found, allowed(name, action, err))
	_, err = c.Client.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{DryRun: aws.Bool(true), OwnerIds: []string{"self"}}, patient)
	found = append(found, allowed("describe_snapshots", "ec2:DescribeSnapshots", dryRun(request, err)))
	_, err = c.Client.CreateTags(ctx, &ec2.CreateTagsInput{
		DryRun: aws.Bool(true), Resources: []string{"snap-00000000000000000"}, Tags: tagList(map[string]string{ebssnap.TagConsistency: "frozen"}),
	}, patient)
	if unknownSnapshot(code(err)) {
		err = nil // allowed so far that the snapshot was looked for
	}
	raise := allowed("create_tags", "ec2:CreateTags", dryRun(request, err))
	if !raise.OK {
		raise.Why += "; the policy may still allow it on snapshots tagged " + ebssnap.TagToken
	}
	return append(found, raise), nil
}

func (c *Cloud) attachedCheck(ctx context.Context, volumes []string) opskit.Capability {
	instance, err := c.attached(ctx, ebssnap.Request{Volumes: volumes})
	if err != nil {
		return allowed("describe_instances", "ec2:DescribeInstances", failure("describe instances", "", err))
	}
	return opskit.Capability{Name: "describe_instances", OK: true, Why: "the volumes are attached to " + aws.ToString(instance.InstanceId)}
}

func allowed(name, action string, err error) opskit.Capability {
	if err == nil {
		return opskit.Capability{Name: name, OK: true}
	}
	fix := ""
	if errors.Is(err, ebssnap.ErrDenied) {
		fix = "allow " + action + " in the policy of the instance's role, see go doc ebssnap/ec2snap"
	}
	return opskit.Capability{Name: name, Why: err.Error(), Fix: fix}
}
