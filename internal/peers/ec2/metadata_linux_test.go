package peers

import (
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/ebssnap/ec2snap"
	"github.com/opskit-go/opskit/ebssnap/volumes"
	"github.com/opskit-go/opskit/internal/lab"
)

// mockMetadata starts Amazon's mock of the metadata service, with IMDSv2 only.
func mockMetadata(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "ec2-metadata-mock")
	build := exec.Command("go", "build", "-o", program, "github.com/aws/amazon-ec2-metadata-mock/cmd/ec2-metadata-mock")
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s", output)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := listener.Addr().(*net.TCPAddr).Port
	require.NoError(t, listener.Close())
	t.Setenv("HOME", t.TempDir()) // it leaves its configuration there
	lab.StartDaemon(t, program, "--imdsv2", "-n", "127.0.0.1", "-p", fmt.Sprint(port))
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	lab.Eventually(t, 10*time.Second, "the mock answers", func() bool {
		connection, err := net.DialTimeout("tcp", url[len("http://"):], time.Second)
		if err == nil {
			connection.Close()
		}
		return err == nil
	})
	return url
}

// without takes away what the environment says of AWS.
func without(t *testing.T) {
	t.Helper()
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", "/nonexistent")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
}

// TestAmazonsMetadataMock: identity, region, the disks of the launch and credentials come from the mock, which answers nothing without a token.
func TestAmazonsMetadataMock(t *testing.T) {
	without(t)
	url := mockMetadata(t)
	response, err := http.Get(url + "/latest/meta-data/instance-id")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	http.DefaultClient.CloseIdleConnections()
	require.Equal(t, http.StatusUnauthorized, response.StatusCode, "the mock insists on IMDSv2")

	const instance, volume = "i-1234567890abcdef0", "vol-0123456789abcdef0" // the mock's instance
	server := ebssnaptest.NewServer()
	t.Cleanup(server.Close)
	server.AddInstance(ebssnaptest.Instance{ID: instance, Region: "us-east-1", Devices: map[string]string{"/dev/sdf": volume}})
	options := ec2snap.Options{Endpoint: server.URL, Metadata: url}
	here, err := ec2snap.Locate(t.Context(), "xvdf", options)
	require.NoError(t, err)
	assert.Equal(t, instance, here.Instance)
	assert.Equal(t, "us-east-1", here.Region)
	assert.Equal(t, volume, here.Volume)
	stores := 0
	for _, mapping := range here.Mappings {
		if mapping.Volume == "" {
			stores++
		}
	}
	assert.Equal(t, 1, stores, "the mock lists one disk of the instance's own: %v", here.Mappings)
	assert.Contains(t, here.Mappings, volumes.Mapping{Device: "/dev/sdf", Volume: volume})

	cloud, err := ec2snap.New(t.Context(), options)
	require.NoError(t, err)
	freezer := &ebssnaptest.Freezer{}
	result, err := ebssnap.Consistent(t.Context(), ebssnap.Volume{Cloud: cloud, IDs: []string{here.Volume}}, freezer, 5*time.Second)
	require.NoError(t, err, "with the mock's credentials")
	assert.Equal(t, ebssnap.VerdictConsistent, result.Verdict)
	lab.Bar(t, "metadata mock", "%d mappings, region and credentials from the mock, 1 consistent snapshot", len(here.Mappings))
}
