package ec2snap_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
)

func TestCheckAsksEveryActionByDryRun(t *testing.T) {
	server, cloud, _ := world(t)
	report, err := ebssnap.Check(t.Context(), volume(cloud, volumeB), &ebssnaptest.Freezer{})
	require.NoError(t, err)
	assert.True(t, report.Ready, "%v", report)
	assert.Empty(t, server.Snapshots())
	for action, name := range map[string]string{
		"CreateSnapshot": "create_snapshot", "DescribeSnapshots": "describe_snapshots", "CreateTags": "create_tags", "DescribeInstances": "describe_instances",
	} {
		server.Deny(action)
		report, err := ebssnap.Check(t.Context(), volume(cloud, volumeB), &ebssnaptest.Freezer{})
		require.NoError(t, err)
		assert.False(t, report.Ready)
		assert.Contains(t, report.String(), "  no   "+name+": ")
	}
}
