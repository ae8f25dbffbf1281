package ec2snap_test

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/ebssnap/ec2snap"
	"github.com/opskit-go/opskit/internal/lab"
)

// tlsWorld is world behind TLS, with a certificate that the SDK is told of as on a real machine;
// the credentials are in the environment.
func tlsWorld(t *testing.T) (*ebssnaptest.Server, *ec2snap.Cloud) {
	t.Helper()
	server := ebssnaptest.NewTLSServer()
	t.Cleanup(server.Close)
	server.AddInstance(ebssnaptest.Instance{ID: "i-8161a338", Devices: map[string]string{"/dev/sdb": volumeB, "/dev/sdc": volumeC}})
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	t.Setenv("AWS_CA_BUNDLE", bundle)
	t.Setenv("AWS_ACCESS_KEY_ID", "fake")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "fake")
	cloud, err := ec2snap.New(t.Context(), ec2snap.Options{Endpoint: server.URL, Region: "eu-west-1"})
	require.NoError(t, err)
	return server, cloud
}

func pool(server *ebssnaptest.Server) *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return roots
}

// stopped is what reached a server while writers were stopped.
type stopped struct {
	requests    []ebssnaptest.Request
	connections int
	cold        int // requests over a connection that no DryRun of the same snapshot had used
}

func whileStopped(server *ebssnaptest.Server, freezer *ebssnaptest.Freezer) stopped {
	var s stopped
	dry := ""
	for _, r := range server.Requests() {
		if r.DryRun {
			dry = r.Remote
		}
		if freezer.Within(r.At) {
			s.requests = append(s.requests, r)
			if r.Remote != dry {
				s.cold++
			}
		}
	}
	for _, at := range server.Connections() {
		if freezer.Within(at) {
			s.connections++
		}
	}
	return s
}

// TestBarWarmConnection: while writers are stopped one request is sent, over the connection of the
// DryRun just before.
func TestBarWarmConnection(t *testing.T) {
	count := map[lab.Size]int{lab.Small: 10, lab.CI: 50, lab.Full: 200}[lab.Bars()]
	tests := []struct {
		name    string
		world   func(*testing.T) (*ebssnaptest.Server, *ec2snap.Cloud)
		volumes []string
	}{
		{"HTTP", func(t *testing.T) (*ebssnaptest.Server, *ec2snap.Cloud) {
			server, cloud, _ := world(t)
			return server, cloud
		}, []string{volumeB}},
		{"TLS", tlsWorld, []string{volumeB}},
		{"TLS, set of two", tlsWorld, []string{volumeB, volumeC}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server, cloud := test.world(t)
			freezer := &ebssnaptest.Freezer{}
			for range count {
				result, err := ebssnap.Consistent(t.Context(), volume(cloud, test.volumes...), freezer, 10*time.Second)
				require.NoError(t, err)
				require.Len(t, result.Evidence.Attempts, 1)
				require.Len(t, result.Gaps(), 1, "nothing is doubtful of the request: %v", result.Gaps())
			}
			seen := whileStopped(server, freezer)
			assert.Len(t, server.Snapshots(), count*len(test.volumes))
			assert.Len(t, seen.requests, count, "requests while writers are stopped")
			assert.Zero(t, seen.cold, "over another connection than the DryRun's")
			assert.Zero(t, seen.connections, "connections made while writers are stopped")
			lab.Bar(t, "warm connection "+test.name, "%d snapshots: %d requests while writers were stopped, %d over a cold connection, %d connections made",
				count, len(seen.requests), seen.cold, seen.connections)
		})
	}
}
