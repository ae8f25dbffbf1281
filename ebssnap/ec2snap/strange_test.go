package ec2snap_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/ebssnap/ec2snap"
)

// strange returns a Cloud over an endpoint that answers as server does, after change has had its
// way with the request; true is "answered already".
func strange(t *testing.T, server *ebssnaptest.Server, change func(w http.ResponseWriter, form url.Values) bool) *ec2snap.Cloud {
	t.Helper()
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if !change(w, r.PostForm) {
			server.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(endpoint.Close)
	cloud, err := ec2snap.New(t.Context(), ec2snap.Options{Endpoint: endpoint.URL, Metadata: server.URL})
	require.NoError(t, err)
	return cloud
}

func TestAnEndpointThatObeysNoFilter(t *testing.T) {
	server, _, _ := world(t)
	cloud := strange(t, server, func(_ http.ResponseWriter, form url.Values) bool {
		for key := range form {
			if strings.HasPrefix(key, "Filter.") {
				form.Del(key)
			}
		}
		return false
	})
	taken, err := cloud.Create(t.Context(), ebssnap.Request{Volumes: []string{volumeB}, Token: "ONE", Tags: map[string]string{ebssnap.TagToken: "ONE"}})
	require.NoError(t, err)
	_, err = cloud.Create(t.Context(), ebssnap.Request{Volumes: []string{volumeC}, Token: "TWO"})
	require.NoError(t, err)
	for name, query := range map[string]ebssnap.Query{"token": {Token: "ONE"}} {
		found, err := cloud.Find(t.Context(), query)
		require.NoError(t, err)
		require.Len(t, found, 1, name)
		assert.Equal(t, taken[0].ID, found[0].ID, name)
	}
	found, err := cloud.Find(t.Context(), ebssnap.Query{Token: "*"})
	require.NoError(t, err)
	assert.Empty(t, found, "a token is no pattern")
}

func TestAnEndpointThatObeysNoDryRun(t *testing.T) {
	server, _, _ := world(t)
	cloud := strange(t, server, func(_ http.ResponseWriter, form url.Values) bool {
		form.Del("DryRun")
		return false
	})
	freezer := &ebssnaptest.Freezer{}
	result, err := ebssnap.Consistent(t.Context(), volume(cloud, volumeB), freezer, time.Second)
	require.ErrorIs(t, err, ebssnap.ErrOutcomeUnknown)
	require.ErrorContains(t, err, server.Snapshots()[0].ID)
	assert.Equal(t, ebssnap.VerdictUnknown, result.Verdict, "a snapshot exists")
	assert.Empty(t, freezer.Intervals())
	assert.Len(t, server.Snapshots(), 1)
}

func TestAnInstanceOnTheSecondPage(t *testing.T) {
	server, _, _ := world(t)
	cloud := strange(t, server, func(w http.ResponseWriter, form url.Values) bool {
		if form.Get("Action") != "DescribeInstances" || form.Get("NextToken") != "" {
			return false
		}
		w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
		fmt.Fprint(w, `<DescribeInstancesResponse><requestId>1</requestId><reservationSet/><nextToken>more</nextToken></DescribeInstancesResponse>`)
		return true
	})
	result, err := ebssnap.Consistent(t.Context(), volume(cloud, volumeB, volumeC), &ebssnaptest.Freezer{}, time.Second)
	require.NoError(t, err)
	assert.Equal(t, ebssnap.VerdictConsistent, result.Verdict)
}

func TestOneNameOfTwoVolumes(t *testing.T) {
	_, _, options := world(t)
	server := ebssnaptest.NewServer()
	t.Cleanup(server.Close)
	server.AddInstance(ebssnaptest.Instance{ID: "i-1", Devices: map[string]string{"/dev/sdb": volumeB, "/dev/xvdb": volumeC}})
	options.Endpoint, options.Metadata = server.URL, server.URL
	for device, want := range map[string]string{"/dev/sdb": volumeB, "/dev/xvdb": volumeC} {
		here, err := ec2snap.Locate(t.Context(), device, options)
		require.NoError(t, err)
		assert.Equal(t, want, here.Volume)
	}
	here, err := ec2snap.Locate(t.Context(), "sdb", options)
	require.ErrorIs(t, err, ebssnap.ErrUnknownVolume)
	require.ErrorContains(t, err, `"/dev/sdb" "/dev/xvdb"`)
	assert.Empty(t, here.Volume)
}

// TestTagsOfASnapshotThatIsNotKnownYet: EC2 does not know everywhere at once what it has just
// created.
func TestTagsOfASnapshotThatIsNotKnownYet(t *testing.T) {
	server, cloud, _ := world(t)
	server.Delay = 300 * time.Millisecond
	server.Next(ebssnaptest.FaultLateVisibility)
	result, err := ebssnap.Consistent(t.Context(), volume(cloud, volumeB), &ebssnaptest.Freezer{}, time.Second)
	require.NoError(t, err)
	assert.True(t, result.Evidence.Raised)
	assert.Equal(t, "frozen", server.Snapshots()[0].Tags[ebssnap.TagConsistency])

	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	err = cloud.Tag(short, []string{"snap-0123456789abcdef0"}, map[string]string{"a": "b"})
	require.ErrorContains(t, err, "InvalidSnapshot.NotFound")
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// TestWhyASnapshotFailed: of an encrypted volume a snapshot fails after it was created, when its
// key may not be used.
func TestWhyASnapshotFailed(t *testing.T) {
	server, _, _ := world(t)
	cloud := strange(t, server, func(w http.ResponseWriter, form url.Values) bool {
		if form.Get("Action") != "DescribeSnapshots" {
			return false
		}
		w.Header().Set("Content-Type", "text/xml;charset=UTF-8")
		fmt.Fprint(w, `<DescribeSnapshotsResponse><requestId>1</requestId><snapshotSet><item><snapshotId>snap-1</snapshotId><volumeId>vol-1</volumeId>`+
			`<status>error</status><statusMessage>the key is not accessible</statusMessage></item></snapshotSet></DescribeSnapshotsResponse>`)
		return true
	})
	err := wait(t.Context(), cloud, time.Millisecond, "snap-1")
	require.ErrorIs(t, err, ebssnap.ErrFailed)
	require.ErrorContains(t, err, `"the key is not accessible": see to that`)
}

func TestSettleEndsWhenDenied(t *testing.T) {
	server, cloud, _ := world(t)
	server.Deny("DescribeSnapshots")
	_, err := ebssnap.Settle(t.Context(), cloud, "TOKEN")
	require.ErrorIs(t, err, ebssnap.ErrDenied)
	require.ErrorIs(t, err, ebssnap.ErrOutcomeUnknown)
}
