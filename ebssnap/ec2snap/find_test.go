package ec2snap_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/opskit-go/opskit/ebssnap"
)

// EC2 hides the snapshots that exist when one of those asked for does not.
func TestFindWhatIsThere(t *testing.T) {
	server, cloud, _ := world(t)
	var ids []string
	for n := range 3 {
		taken, err := cloud.Create(t.Context(), ebssnap.Request{Volumes: []string{volumeB}, Token: fmt.Sprint(n)})
		require.NoError(t, err)
		ids = append(ids, taken[0].ID)
	}
	found := func(ids ...string) (got []string) {
		t.Helper()
		list, err := cloud.Find(t.Context(), ebssnap.Query{IDs: ids})
		require.NoError(t, err)
		for _, s := range list {
			got = append(got, s.ID)
		}
		return got
	}
	assert.Equal(t, ids, found(ids...))
	_, err := cloud.Client.DeleteSnapshot(t.Context(), &ec2.DeleteSnapshotInput{SnapshotId: &ids[1]})
	require.NoError(t, err)
	left := []string{ids[0], ids[2]}
	assert.Equal(t, left, found(ids...))
	assert.Empty(t, found(ids[1]))
	asked := len(server.Requests())
	var many []string
	for n := range 250 {
		many = append(many, fmt.Sprintf("snap-a%016x", n))
	}
	assert.Equal(t, left, found(append(many, left...)...))
	assert.Less(t, len(server.Requests())-asked, 520)

	err = wait(t.Context(), cloud, time.Millisecond, left...)
	require.NoError(t, err)
	server.Deny("DescribeSnapshots")
	require.ErrorIs(t, wait(t.Context(), cloud, time.Millisecond, left...), ebssnap.ErrDenied)
	_, err = cloud.Find(t.Context(), ebssnap.Query{IDs: ids})
	require.ErrorIs(t, err, ebssnap.ErrDenied)
}

// wait waits until all are completed, or returns the last error.
func wait(ctx context.Context, cloud ebssnap.Cloud, every time.Duration, ids ...string) (last error) {
	for s, err := range ebssnap.Progress(ctx, cloud, every, ids...) {
		if last = err; s.ID != "" && err != nil {
			return err
		}
	}
	return last
}
