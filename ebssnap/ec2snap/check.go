package ec2snap

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"

	"github.com/opskit-go/opskit/ebssnap"
)

// Check tells for every IAM action that Consistent needs whether a DryRun of it is allowed, and whether the volumes are attached to one
// instance. Nothing is created. The tags at creation are part of the DryRun of CreateSnapshot; the condition
// of CreateTags on a tagged snapshot can only be seen on a real one, so a refusal of its DryRun is told with that doubt.
func (c *Cloud) Check(ctx context.Context, volumes []string) []ebssnap.Capability {
	found := []ebssnap.Capability{c.attachedCheck(ctx, volumes)}
	request := ebssnap.Request{
		Volumes: volumes, Token: "check " + rand.Text(), DryRun: true,
		Tags: map[string]string{ebssnap.TagToken: "check", ebssnap.TagConsistency: "unproven"},
	}
	name := "ec2:CreateSnapshot"
	if len(volumes) > 1 {
		name = "ec2:CreateSnapshots"
	}
	_, err := c.Create(ctx, request)
	c.Release(request.Token)
	found = append(found, allowed(name+" with tags", err))
	_, err = c.Client.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{DryRun: aws.Bool(true), OwnerIds: []string{"self"}}, patient)
	found = append(found, allowed("ec2:DescribeSnapshots", dryRun(request, err)))
	_, err = c.Client.CreateTags(ctx, &ec2.CreateTagsInput{
		DryRun: aws.Bool(true), Resources: []string{"snap-00000000000000000"}, Tags: tagList(map[string]string{ebssnap.TagConsistency: "frozen"}),
	}, patient)
	var api smithy.APIError
	if errors.As(err, &api) && unknownSnapshot(api.ErrorCode()) {
		err = nil // allowed so far that the snapshot was looked for
	}
	raise := allowed("ec2:CreateTags", dryRun(request, err))
	if !raise.OK {
		raise.Why += "; the policy may still allow it on snapshots tagged " + ebssnap.TagToken
	}
	return append(found, raise)
}

func (c *Cloud) attachedCheck(ctx context.Context, volumes []string) ebssnap.Capability {
	instance, err := c.attached(ctx, ebssnap.Request{Volumes: volumes})
	if err != nil {
		return allowed("ec2:DescribeInstances", failure("describe instances", "", err))
	}
	return ebssnap.Capability{Name: "ec2:DescribeInstances", OK: true, Why: "the volumes are attached to " + aws.ToString(instance.InstanceId)}
}

func allowed(name string, err error) ebssnap.Capability {
	if err == nil {
		return ebssnap.Capability{Name: name, OK: true}
	}
	fix := ""
	if errors.Is(err, ebssnap.ErrDenied) {
		fix = "allow " + name + " in the policy of the instance's role, see go doc ebssnap/ec2snap"
	}
	return ebssnap.Capability{Name: name, Why: err.Error(), Fix: fix}
}
