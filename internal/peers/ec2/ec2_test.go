package peers

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
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

// account is an instance with two volumes besides its own, in EC2 or what stands for it.
type account struct {
	server   string // for the reader
	options  ec2snap.Options
	instance string
	volumes  []string
}

// anAccount makes one in the server that OPSKIT_EC2 names, or else in ebssnaptest.
func anAccount(t *testing.T) account {
	t.Helper()
	without(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "fake")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "fake")
	if endpoint := os.Getenv("OPSKIT_EC2"); endpoint != "" {
		return elsewhere(t, endpoint)
	}
	server := ebssnaptest.NewServer()
	t.Cleanup(server.Close)
	a := account{server: "ebssnaptest", instance: "i-0abc", volumes: []string{"vol-0bbbbbbbbbbbbbbbb", "vol-0cccccccccccccccc"}}
	a.options = ec2snap.Options{Endpoint: server.URL, Region: "us-east-1"}
	server.AddInstance(ebssnaptest.Instance{
		ID: a.instance, Root: "/dev/sda1",
		Devices: map[string]string{"/dev/sda1": "vol-0aaaaaaaaaaaaaaaa", "/dev/sdf": a.volumes[0], "/dev/sdg": a.volumes[1], "/dev/sdh": "vol-0dddddddddddddddd"},
	})
	return a
}

// elsewhere is the account that OPSKIT_EC2_SET names, instance and volumes. A proxy before the server keeps connections, as EC2 does; moto's
// server speaks HTTP/1.0.
func elsewhere(t *testing.T, endpoint string) account {
	t.Helper()
	target, err := url.Parse(endpoint)
	require.NoError(t, err)
	proxy := httptest.NewServer(httputil.NewSingleHostReverseProxy(target))
	t.Cleanup(proxy.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	set := strings.Fields(os.Getenv("OPSKIT_EC2_SET"))
	require.Len(t, set, 3, "OPSKIT_EC2_SET is an instance and its two volumes")
	return account{server: endpoint, options: ec2snap.Options{Endpoint: proxy.URL, Region: "us-east-1"}, instance: set[0], volumes: set[1:]}
}

// TestEC2 makes every call of ec2snap.
func TestEC2(t *testing.T) {
	a := anAccount(t)
	cloud, err := ec2snap.New(t.Context(), a.options)
	require.NoError(t, err)
	volume := func(ids ...string) ebssnap.Volume {
		return ebssnap.Volume{Cloud: cloud, IDs: ids, Instance: a.instance, Description: "nightly", Tags: map[string]string{"Name": "db é"}, Settle: 3 * time.Second}
	}
	report, err := ebssnap.Check(t.Context(), volume(a.volumes[0]), &ebssnaptest.Freezer{})
	require.NoError(t, err)
	for _, c := range report.Capabilities {
		if c.Name != "ec2:DescribeInstances" || a.server == "ebssnaptest" { // moto has no filter block-device-mapping.volume-id
			assert.True(t, c.OK, "%v", report)
		}
	}

	var taken []string
	for _, set := range [][]string{a.volumes[:1], a.volumes} {
		result, err := ebssnap.Consistent(t.Context(), volume(set...), &ebssnaptest.Freezer{}, 10*time.Second)
		require.NoError(t, err)
		assert.Equal(t, ebssnap.VerdictConsistent, result.Verdict)
		var of []string
		for _, snapshot := range result.Snapshots() {
			of = append(of, snapshot.Volume)
			taken = append(taken, snapshot.ID)
			assert.False(t, snapshot.Started.IsZero())
		}
		assert.ElementsMatch(t, set, of, "no other volume of the instance")
		found, err := ebssnap.Settle(t.Context(), cloud, result.Evidence.Token)
		require.NoError(t, err)
		require.Len(t, found, len(set))
		for _, snapshot := range found {
			assert.Equal(t, "frozen", snapshot.Tags[ebssnap.TagConsistency])
			assert.Equal(t, "db é", snapshot.Tags["Name"])
		}
	}
	waiting, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for _, err := range ebssnap.Progress(waiting, cloud, 50*time.Millisecond, taken...) {
		require.NoError(t, err)
	}

	found, err := cloud.Find(t.Context(), ebssnap.Query{IDs: taken})
	require.NoError(t, err)
	assert.Len(t, found, len(taken))
	found, err = cloud.Find(t.Context(), ebssnap.Query{IDs: append([]string{"snap-00000000000000000"}, taken...)})
	require.NoError(t, err)
	assert.Len(t, found, len(taken), "those that exist, beside one that does not")

	_, err = ebssnap.Consistent(t.Context(), volume("vol-00000000000000000"), &ebssnaptest.Freezer{}, time.Second)
	require.ErrorIs(t, err, ebssnap.ErrUnknownVolume)
	_, err = ebssnap.Consistent(t.Context(), volume(a.volumes[0], "vol-00000000000000000"), &ebssnaptest.Freezer{}, time.Second)
	require.ErrorIs(t, err, ebssnap.ErrUnknownVolume)
	lab.Bar(t, "EC2 "+a.server, "%d snapshots taken, found and waited for", len(taken))
}
