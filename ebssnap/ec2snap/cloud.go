package ec2snap

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
)

// Cloud is the ebssnap.Cloud of AWS; it is also an ebssnap.Keeper and an ebssnap.Checker. Make one
// with New, or set Client. It is safe for concurrent use.
type Cloud struct {
	// Client is that of the volumes' region; it must be set. With an HTTP client other than the
	// SDK's own (an awshttp.BuildableClient, which New makes) nothing keeps it from making a
	// connection while writers are stopped; Result.Unseen tells that it did, or that it cannot be
	// told. Its aws.LogSigning is the one log mode that also logs then.
	Client *ec2.Client

	mu    sync.Mutex
	lines map[string]*line // by token: what the DryRun made for the request
}

// Create sends one CreateSnapshot, or CreateSnapshots for several volumes, without retries. After a
// DryRun with the same token it sends nothing else and makes no connection: if that of the DryRun
// has ended, the error matches ErrNotCreated and has a method RetryAfter.
func (c *Cloud) Create(ctx context.Context, r ebssnap.Request) ([]ebssnap.Snapshot, error) {
	snapshots, err := c.create(ctx, r)
	var e *opskit.Error
	if errors.Is(err, ebssnap.ErrUnknownVolume) && errors.As(err, &e) { // often it is only the region that is wrong
		err = &opskit.Error{Op: e.Op, Target: e.Target, Err: fmt.Errorf("%w; looked for in region %q", e.Err, c.Client.Options().Region)}
	}
	return snapshots, err
}

func (c *Cloud) create(ctx context.Context, r ebssnap.Request) ([]ebssnap.Snapshot, error) {
	if err := check(r); err != nil {
		return nil, err
	}
	if r.DryRun {
		return nil, c.rehearse(ctx, r)
	}
	l := c.line(r.Token)
	if l == nil { // nobody made a DryRun
		made, err := c.newLine(ctx, r)
		if err != nil {
			return nil, notCreated(failure("create snapshot", target(r), err))
		}
		defer made.close()
		l = made
	}
	l.last.Store(nil)
	snapshots, err := c.send(ctx, r, l)
	l.requested.Store(l.last.Load())
	return snapshots, creation(r, err, l)
}

// send sends r over l, or the DryRun of it.
func (c *Cloud) send(ctx context.Context, r ebssnap.Request, l *line) ([]ebssnap.Snapshot, error) {
	if len(r.Volumes) == 1 {
		return c.sendOne(ctx, r, l)
	}
	return c.sendSet(ctx, r, l)
}

func (c *Cloud) sendOne(ctx context.Context, r ebssnap.Request, l *line) ([]ebssnap.Snapshot, error) {
	output, err := c.Client.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{
		VolumeId: aws.String(r.Volumes[0]), Description: optional(r.Description), DryRun: dry(r),
		TagSpecifications: specification(r.Tags),
	}, l.options(r))
	if err != nil {
		return nil, err
	}
	return answered(r, []ebssnap.Snapshot{{
		ID: aws.ToString(output.SnapshotId), Volume: aws.ToString(output.VolumeId), State: string(output.State),
		Progress: aws.ToString(output.Progress), Started: aws.ToTime(output.StartTime).UTC(), Tags: tagMap(output.Tags),
	}})
}

func (c *Cloud) sendSet(ctx context.Context, r ebssnap.Request, l *line) ([]ebssnap.Snapshot, error) {
	input := *l.plan
	input.DryRun = dry(r)
	output, err := c.Client.CreateSnapshots(ctx, &input, l.options(r))
	if err != nil {
		return nil, err
	}
	var snapshots []ebssnap.Snapshot
	for _, s := range output.Snapshots {
		snapshots = append(snapshots, ebssnap.Snapshot{
			ID: aws.ToString(s.SnapshotId), Volume: aws.ToString(s.VolumeId), State: string(s.State),
			Progress: aws.ToString(s.Progress), Started: aws.ToTime(s.StartTime).UTC(), Tags: tagMap(s.Tags),
		})
	}
	return answered(r, snapshots)
}

// answered refuses an answer that names no snapshot, or those of another request: what became of
// this one must be searched for.
func answered(r ebssnap.Request, snapshots []ebssnap.Snapshot) ([]ebssnap.Snapshot, error) {
	if r.DryRun { // what it created all the same is told by who asked
		return snapshots, nil
	}
	for _, s := range snapshots {
		token, told := s.Tags[ebssnap.TagToken]
		if s.ID == "" || s.Volume == "" || told && token != r.Token {
			return nil, errors.New("the answer names no snapshot of this request")
		}
	}
	if len(snapshots) == 0 {
		return nil, errors.New("the answer names no snapshot")
	}
	return snapshots, nil
}

// plan returns the request for a set: which volumes of the instance to leave out.
func (c *Cloud) plan(ctx context.Context, r ebssnap.Request) (*ec2.CreateSnapshotsInput, error) {
	attached, err := c.attached(ctx, r)
	if err != nil {
		return nil, err
	}
	input := &ec2.CreateSnapshotsInput{
		Description: optional(r.Description), TagSpecifications: specification(r.Tags),
		InstanceSpecification: &types.InstanceSpecification{InstanceId: attached.InstanceId},
	}
	found := map[string]bool{}
	for _, mapping := range attached.BlockDeviceMappings {
		if mapping.Ebs == nil {
			continue
		}
		volume := aws.ToString(mapping.Ebs.VolumeId)
		switch {
		case slices.Contains(r.Volumes, volume):
			found[volume] = true
		case aws.ToString(mapping.DeviceName) == aws.ToString(attached.RootDeviceName):
			input.InstanceSpecification.ExcludeBootVolume = aws.Bool(true)
		default:
			input.InstanceSpecification.ExcludeDataVolumeIds = append(input.InstanceSpecification.ExcludeDataVolumeIds, volume)
		}
	}
	for _, volume := range r.Volumes {
		if !found[volume] {
			return nil, fmt.Errorf("%w: %q is not attached to %s", ebssnap.ErrUnknownVolume, volume, aws.ToString(attached.InstanceId))
		}
	}
	if n := len(input.InstanceSpecification.ExcludeDataVolumeIds); n > 40 {
		return nil, fmt.Errorf("%w: %d volumes of the instance would have to be left out, EC2 allows 40", ebssnap.ErrUsage, n)
	}
	return input, nil
}

// attached returns the instance that the volumes of r are attached to.
func (c *Cloud) attached(ctx context.Context, r ebssnap.Request) (*types.Instance, error) {
	input := &ec2.DescribeInstancesInput{}
	if r.Instance != "" {
		input.InstanceIds = []string{r.Instance}
	} else {
		input.Filters = []types.Filter{{Name: aws.String("block-device-mapping.volume-id"), Values: r.Volumes}}
	}
	var instances []types.Instance
	pages := ec2.NewDescribeInstancesPaginator(c.Client, input)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx, patient)
		if err != nil {
			return nil, err
		}
		for _, reservation := range page.Reservations {
			instances = append(instances, reservation.Instances...)
		}
	}
	if len(instances) != 1 {
		return nil, fmt.Errorf("%w: the volumes of an atomic set must be attached to one instance, these are on %d", ebssnap.ErrUnknownVolume, len(instances))
	}
	return &instances[0], nil
}

// perRequest is how many snapshots are asked for by ID at once.
const perRequest = 100

// Find returns this account's snapshots that match q. EC2 answers a request in which one of several
// IDs does not exist with an error that hides the others, so the halves are asked for then.
func (c *Cloud) Find(ctx context.Context, q ebssnap.Query) ([]ebssnap.Snapshot, error) {
	n := len(q.IDs)
	if n <= perRequest {
		found, err := c.find(ctx, q)
		var api smithy.APIError
		switch {
		case err == nil || !errors.As(err, &api) || !unknownSnapshot(api.ErrorCode()):
			return found, err
		case n <= 1:
			return nil, nil
		}
	}
	var all []ebssnap.Snapshot
	size := min(perRequest, (n+1)/2)
	for ids := range slices.Chunk(q.IDs, size) {
		part := q
		part.IDs = ids
		found, err := c.Find(ctx, part)
		all = append(all, found...)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// find sends one query.
func (c *Cloud) find(ctx context.Context, q ebssnap.Query) ([]ebssnap.Snapshot, error) {
	input := &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}, SnapshotIds: q.IDs}
	if q.Token != "" {
		input.Filters = []types.Filter{{Name: aws.String("tag:" + ebssnap.TagToken), Values: []string{q.Token}}}
	}
	if len(input.Filters) == 0 && len(q.IDs) == 0 {
		return nil, nil
	}
	var snapshots []ebssnap.Snapshot
	pages := ec2.NewDescribeSnapshotsPaginator(c.Client, input)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx, patient)
		if err != nil {
			return snapshots, failure("describe snapshots", "", err)
		}
		for _, s := range page.Snapshots {
			found := ebssnap.Snapshot{
				ID: aws.ToString(s.SnapshotId), Volume: aws.ToString(s.VolumeId), State: string(s.State), Reason: aws.ToString(s.StateMessage),
				Progress: aws.ToString(s.Progress), Started: aws.ToTime(s.StartTime).UTC(), Tags: tagMap(s.Tags),
			}
			if matches(found, q) {
				snapshots = append(snapshots, found)
			}
		}
	}
	return snapshots, nil
}

// matches reports whether a snapshot is what was asked for: not every endpoint that speaks EC2's
// protocol obeys every filter, and a filter's value may hold wildcards.
func matches(s ebssnap.Snapshot, q ebssnap.Query) bool {
	return (q.Token == "" || q.Token == s.Tags[ebssnap.TagToken]) && (len(q.IDs) == 0 || slices.Contains(q.IDs, s.ID))
}

// Tag sets tags with CreateTags. A snapshot that was created a moment ago is not known everywhere
// at once: one that EC2 does not find is tried again, four times within some four seconds.
func (c *Cloud) Tag(ctx context.Context, ids []string, tags map[string]string) error {
	for wait := tagAgain; ; wait *= 2 {
		_, err := c.Client.CreateTags(ctx, &ec2.CreateTagsInput{Resources: ids, Tags: tagList(tags)}, patient)
		if !unknownSnapshot(code(err)) || wait > 8*tagAgain {
			return failure("create tags", "", err)
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return failure("create tags", "", errors.Join(err, context.Cause(ctx)))
		}
	}
}

// tagAgain is the first pause before a snapshot that is not found is tagged again; each is twice
// the one before.
const tagAgain = 250 * time.Millisecond

func dry(r ebssnap.Request) *bool {
	if r.DryRun {
		return aws.Bool(true)
	}
	return nil
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return aws.String(text)
}

func specification(tags map[string]string) []types.TagSpecification {
	return []types.TagSpecification{{ResourceType: types.ResourceTypeSnapshot, Tags: tagList(tags)}}
}

func tagList(tags map[string]string) []types.Tag {
	var list []types.Tag
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return list
}

func tagMap(list []types.Tag) map[string]string {
	if len(list) == 0 {
		return nil
	}
	tags := make(map[string]string, len(list))
	for _, tag := range list {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return tags
}
