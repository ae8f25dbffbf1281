package ec2snap_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/ebssnap/ec2snap"
	"github.com/opskit-go/opskit/internal/lab"
)

func TestMain(m *testing.M) { lab.Main(m) }

const volumeB, volumeC = "vol-0bbbbbbbbbbbbbbbb", "vol-0cccccccccccccccc"

// world is a server with one instance, and a Cloud that gets everything from it: region and
// credentials from the metadata service, as on an instance.
func world(t *testing.T) (*ebssnaptest.Server, *ec2snap.Cloud, ec2snap.Options) {
	t.Helper()
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", "/nonexistent")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
	server := ebssnaptest.NewServer()
	t.Cleanup(server.Close)
	server.AddInstance(ebssnaptest.Instance{
		ID: "i-8161a338", Root: "/dev/xvda",
		Devices: map[string]string{"/dev/xvda": "vol-0aaaaaaaaaaaaaaaa", "/dev/sdb": volumeB, "/dev/sdc": volumeC, "/dev/sdd": "vol-0dddddddddddddddd"},
	})
	options := ec2snap.Options{Endpoint: server.URL, Metadata: server.URL}
	cloud, err := ec2snap.New(t.Context(), options)
	require.NoError(t, err)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return server, cloud, options
}

func volume(cloud ebssnap.Cloud, ids ...string) ebssnap.Volume {
	return ebssnap.Volume{Cloud: cloud, IDs: ids, Description: "nightly", Tags: map[string]string{"Name": "db é"}, Settle: time.Second}
}

func TestLocateAsTheBlogDid(t *testing.T) {
	server, _, options := world(t)
	for _, device := range []string{"/dev/sdb", "/dev/xvdb", "sdb"} {
		here, err := ec2snap.Locate(t.Context(), device, options)
		require.NoError(t, err)
		assert.Len(t, here.Mappings, 4)
		here.Mappings = nil
		assert.Equal(t, ec2snap.Location{Instance: "i-8161a338", Region: "eu-west-1", Zone: "eu-west-1a", Device: "/dev/sdb", Volume: volumeB}, here)
	}
	here, err := ec2snap.Locate(t.Context(), "/dev/sdz", options)
	require.ErrorIs(t, err, ebssnap.ErrUnknownVolume)
	assert.Len(t, here.Mappings, 4, "the rest is known")
	assert.ErrorContains(t, err, "/dev/sdb")
	var version1 int
	for _, r := range server.Requests() {
		if r.Action == "GET /latest/meta-data/instance-id" {
			version1++
		}
	}
	assert.Zero(t, version1)
	assert.Equal(t, "PUT /latest/api/token", server.Requests()[0].Action, "IMDSv2")
}

func TestLocateOutsideAWS(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := "http://" + listener.Addr().String()
	require.NoError(t, listener.Close())
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	_, err = ec2snap.Locate(ctx, "", ec2snap.Options{Metadata: closed})
	require.ErrorContains(t, err, "not on an EC2 instance")
}

func TestConsistentOverTheWire(t *testing.T) {
	server, cloud, _ := world(t)
	freezer := &ebssnaptest.Freezer{}
	result, err := ebssnap.Consistent(t.Context(), volume(cloud, volumeB), freezer, 10*time.Second)
	require.NoError(t, err)
	assert.Equal(t, ebssnap.VerdictConsistent, result.Verdict)
	snapshots := server.Snapshots()
	require.Len(t, snapshots, 1)
	assert.Equal(t, volumeB, snapshots[0].Volume)
	assert.Equal(t, "db é", snapshots[0].Tags["Name"])
	assert.Equal(t, "frozen", snapshots[0].Tags[ebssnap.TagConsistency])
	assert.Equal(t, snapshots[0].ID, result.Snapshots()[0].ID)
	assert.True(t, freezer.Within(snapshots[0].Taken))

	var frozen []ebssnaptest.Request
	for _, r := range server.Requests() {
		if freezer.Within(r.At) {
			frozen = append(frozen, r)
		}
	}
	require.Len(t, frozen, 1, "one request while writers are stopped")
	assert.Equal(t, "CreateSnapshot", frozen[0].Action)
	assert.Zero(t, whileStopped(server, freezer).cold, "over the DryRun's connection")
}

func TestSetOfVolumesIsOneRequest(t *testing.T) {
	server, cloud, _ := world(t)
	freezer := &ebssnaptest.Freezer{}
	result, err := ebssnap.Consistent(t.Context(), volume(cloud, volumeB, volumeC), freezer, 10*time.Second)
	require.NoError(t, err)
	assert.Equal(t, ebssnap.VerdictConsistent, result.Verdict)
	snapshots := server.Snapshots()
	require.Len(t, snapshots, 2, "not the root, not /dev/sdd")
	assert.Equal(t, snapshots[0].Taken, snapshots[1].Taken)
	inside := 0
	for _, r := range server.Requests() {
		if freezer.Within(r.At) {
			inside++
		}
	}
	assert.Equal(t, 1, inside)

	_, err = ebssnap.Consistent(t.Context(), volume(cloud, volumeB, "vol-0eeeeeeeeeeeeeeee"), freezer, time.Second)
	require.ErrorIs(t, err, ebssnap.ErrUnknownVolume)
	assert.Len(t, freezer.Intervals(), 1, "refused before anything was stopped")
}

func TestFaults(t *testing.T) {
	tests := []struct {
		name      string
		fault     ebssnaptest.Fault
		verdict   ebssnap.Verdict
		err       error // nil: none
		snapshots int
	}{
		{"none", ebssnaptest.FaultNone, ebssnap.VerdictConsistent, nil, 1},
		{"throttled once", ebssnaptest.FaultThrottle, ebssnap.VerdictConsistent, nil, 1},
		{"server error", ebssnaptest.FaultServerError, ebssnap.VerdictUnknown, ebssnap.ErrOutcomeUnknown, 0},
		{"request lost", ebssnaptest.FaultDropRequest, ebssnap.VerdictUnknown, ebssnap.ErrOutcomeUnknown, 0},
		{"answer lost", ebssnaptest.FaultDropResponse, ebssnap.VerdictUnknown, ebssnap.ErrOutcomeUnknown, 1},
		{"answer lost, visible later", ebssnaptest.FaultDropLateVisibility, ebssnap.VerdictUnknown, ebssnap.ErrOutcomeUnknown, 1},
		{"executed later", ebssnaptest.FaultLateExecution, ebssnap.VerdictUnknown, ebssnap.ErrOutcomeUnknown, 1},
		{"slow", ebssnaptest.FaultLate, ebssnap.VerdictConsistent, nil, 1},
		{"visible later", ebssnaptest.FaultLateVisibility, ebssnap.VerdictConsistent, nil, 1},
		{"hang", ebssnaptest.FaultHang, ebssnap.VerdictUnknown, ebssnap.ErrOutcomeUnknown, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server, cloud := quietWorld(t)
			server.Next(test.fault)
			freezer := &ebssnaptest.Freezer{}
			result, err := ebssnap.Consistent(t.Context(), volume(cloud, volumeB), freezer, 800*time.Millisecond)
			if test.err == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, test.err)
			}
			assert.Equal(t, test.verdict, result.Verdict, "%v", result)
			assert.Len(t, server.Snapshots(), test.snapshots)
			assert.False(t, freezer.Frozen())
		})
	}
}

// quietWorld is world without the environment, for parallel tests.
func quietWorld(t *testing.T) (*ebssnaptest.Server, *ec2snap.Cloud) {
	t.Helper()
	server := ebssnaptest.NewServer()
	t.Cleanup(server.Close)
	server.AddInstance(ebssnaptest.Instance{ID: "i-8161a338", Devices: map[string]string{"/dev/sdb": volumeB}})
	cloud, err := ec2snap.New(t.Context(), ec2snap.Options{Endpoint: server.URL, Metadata: server.URL, Region: "eu-west-1"})
	require.NoError(t, err)
	return server, cloud
}

func TestDenied(t *testing.T) {
	tests := []struct {
		name, action, statement string
		froze                   bool
	}{
		{"create", "CreateSnapshot", "Create", false},
		{"tags at creation", "CreateTags:CreateSnapshot", "TagAtCreation", false},
		{"raising the tag", "CreateTags", "RaiseConsistency", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server, cloud, _ := world(t)
			server.Deny(test.action)
			freezer := &ebssnaptest.Freezer{}
			result, err := ebssnap.Consistent(t.Context(), volume(cloud, volumeB), freezer, time.Second)
			require.ErrorIs(t, err, ebssnap.ErrDenied)
			assert.ErrorContains(t, err, test.statement)
			assert.Equal(t, test.froze, len(freezer.Intervals()) > 0)
			if test.froze {
				assert.Equal(t, ebssnap.VerdictConsistent, result.Verdict, "the snapshot is what it is")
				assert.Equal(t, "unproven", server.Snapshots()[0].Tags[ebssnap.TagConsistency])
			}
		})
	}
}

func TestNothingWasSent(t *testing.T) {
	// A connection that is refused has carried no request.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	dead := "http://" + listener.Addr().String()
	require.NoError(t, listener.Close())
	t.Setenv("AWS_ACCESS_KEY_ID", "fake")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "fake")
	refused, err := ec2snap.New(t.Context(), ec2snap.Options{Endpoint: dead, Region: "eu-west-1"})
	require.NoError(t, err)
	_, err = refused.Create(t.Context(), ebssnap.Request{Volumes: []string{volumeB}, Token: "T"})
	require.ErrorIs(t, err, ebssnap.ErrNotCreated)
}

func TestLimitsOfEC2(t *testing.T) {
	cloud := &ec2snap.Cloud{}
	for name, r := range map[string]ebssnap.Request{
		"no volume":        {},
		"long description": {Volumes: []string{volumeB}, Description: strings.Repeat("é", 256)},
		"reserved tag":     {Volumes: []string{volumeB}, Tags: map[string]string{"aws:x": ""}},
		"long tag":         {Volumes: []string{volumeB}, Tags: map[string]string{"x": strings.Repeat("y", 257)}},
	} {
		_, err := cloud.Create(t.Context(), r)
		require.ErrorIs(t, err, ebssnap.ErrUsage, name)
		require.ErrorIs(t, err, ebssnap.ErrNotCreated, name)
	}
}

func TestUnknownVolumeOverTheWire(t *testing.T) {
	server, cloud, _ := world(t)
	freezer := &ebssnaptest.Freezer{}
	result, err := ebssnap.Consistent(t.Context(), volume(cloud, "vol-0eeeeeeeeeeeeeeee"), freezer, time.Second)
	require.ErrorIs(t, err, ebssnap.ErrUnknownVolume)
	require.ErrorContains(t, err, `looked for in region "eu-west-1"`)
	assert.Equal(t, ebssnap.VerdictNone, result.Verdict)
	assert.False(t, freezer.Frozen())
	assert.Empty(t, server.Snapshots())
}

// TestASnapshotThatStaysPendingStopsNobody: what counts is the answer, not the completion, which
// may take hours.
func TestASnapshotThatStaysPendingStopsNobody(t *testing.T) {
	server, cloud, _ := world(t)
	server.Pending = 1000
	freezer := &ebssnaptest.Freezer{}
	result, err := ebssnap.Consistent(t.Context(), volume(cloud, volumeB), freezer, time.Second)
	require.NoError(t, err)
	assert.Equal(t, ebssnap.VerdictConsistent, result.Verdict)
	assert.Less(t, result.Timing.Stopped, time.Second)
	require.Len(t, freezer.Intervals(), 1)
	seen := 0
	for snapshot, err := range ebssnap.Progress(t.Context(), cloud, time.Millisecond, result.Snapshots()[0].ID) {
		require.NoError(t, err)
		require.Equal(t, "pending", snapshot.State)
		assert.False(t, freezer.Frozen())
		if seen++; seen == 3 {
			break
		}
	}
}

func TestFind(t *testing.T) {
	_, cloud, _ := world(t)
	result, err := ebssnap.Consistent(t.Context(), volume(cloud, volumeB), &ebssnaptest.Freezer{}, time.Second)
	require.NoError(t, err)
	for name, q := range map[string]ebssnap.Query{
		"token": {Token: result.Evidence.Token}, "id": {IDs: []string{result.Snapshots()[0].ID}},
	} {
		found, err := cloud.Find(t.Context(), q)
		require.NoError(t, err, name)
		require.Len(t, found, 1, name)
		assert.Equal(t, result.Evidence.Token, found[0].Tags[ebssnap.TagToken])
		assert.Equal(t, "completed", found[0].State)
	}
	found, err := cloud.Find(t.Context(), ebssnap.Query{})
	require.NoError(t, err)
	assert.Empty(t, found, "an empty query selects nothing")
}

// TestPolicyInTheDocumentation checks that the policy to paste is JSON and allows what the package
// calls.
func TestPolicyInTheDocumentation(t *testing.T) {
	source, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	text := regexp.MustCompile(`(?m)^//\t?`).ReplaceAllString(string(source), "")
	policy := regexp.MustCompile(`(?s)\{\n  "Version".*?\n\}\n`).FindString(text)
	var decoded struct {
		Version   string
		Statement []struct {
			Sid, Effect string
			Action      any
		}
	}
	require.NoError(t, json.Unmarshal([]byte(policy), &decoded))
	var actions []string
	for _, statement := range decoded.Statement {
		assert.Equal(t, "Allow", statement.Effect)
		switch action := statement.Action.(type) {
		case string:
			actions = append(actions, action)
		case []any:
			for _, one := range action {
				actions = append(actions, one.(string))
			}
		}
	}
	assert.Subset(t, actions, []string{"ec2:DescribeInstances", "ec2:DescribeSnapshots", "ec2:CreateSnapshot", "ec2:CreateSnapshots", "ec2:CreateTags"})
}
