package ec2snap_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/ebssnap/ec2snap"
	"github.com/opskit-go/opskit/internal/lab"
)

// knowing is a Cloud that knows the token of the snapshot that is being taken.
type knowing struct {
	*ec2snap.Cloud
	server *ebssnaptest.Server
	token  atomic.Pointer[string]
}

func (k *knowing) Create(ctx context.Context, r ebssnap.Request) ([]ebssnap.Snapshot, error) {
	k.token.Store(&r.Token)
	return k.Cloud.Create(ctx, r)
}

// cut closes the server's connections, and waits until the client knows.
func (k *knowing) cut(t *testing.T) {
	k.server.CloseConnections()
	lab.Eventually(t, 5*time.Second, "the client sees the end", func() bool { return !k.Kept(*k.token.Load()) })
}

// cutter is a freezer that closes the connections after its first step, as often as times says.
func cutter(t *testing.T, cloud *knowing, freezer ebssnap.Freezer, times int) ebssnap.Freezer {
	return ebssnap.Freezers(ebssnap.Hook{Name: "cut", Stop: func(context.Context) error {
		if times--; times >= 0 {
			cloud.cut(t)
		}
		return nil
	}}, freezer)
}

func TestConnectionThatEndsWhileWritersAreStopped(t *testing.T) {
	server, plain := quietWorld(t)
	cloud := &knowing{Cloud: plain, server: server}
	freezer := &ebssnaptest.Freezer{Took: 20 * time.Millisecond}
	result, err := ebssnap.Consistent(t.Context(), volume(cloud, volumeB), cutter(t, cloud, freezer, 1), 10*time.Second)
	require.NoError(t, err)
	assert.Equal(t, ebssnap.VerdictConsistent, result.Verdict)
	require.Len(t, result.Evidence.Attempts, 2, "one that was not sent, and one over a new connection")
	first := result.Evidence.Attempts[0]
	assert.True(t, first.Refused)
	require.ErrorIs(t, first.CreateError.Err(), ebssnap.ErrNotCreated)
	assert.ErrorContains(t, first.CreateError.Err(), "none is made while writers are stopped")
	assert.GreaterOrEqual(t, result.Timing.Stopped, 2*freezer.Took, "both count against the budget")
	seen := whileStopped(server, freezer)
	assert.Len(t, seen.requests, 1)
	assert.Zero(t, seen.connections)
	assert.Zero(t, seen.cold)

	impatient := volume(cloud, volumeB)
	impatient.Patience = time.Second
	result, err = ebssnap.Consistent(t.Context(), impatient, cutter(t, cloud, freezer, 99), 10*time.Second)
	require.ErrorIs(t, err, ebssnap.ErrNotCreated)
	assert.Equal(t, ebssnap.VerdictNone, result.Verdict)
	assert.Greater(t, len(result.Evidence.Attempts), 1)
	assert.Less(t, len(result.Evidence.Attempts), 6, "each pause is longer than the one before")
	assert.Len(t, server.Snapshots(), 1, "that of before")
	assert.Len(t, whileStopped(server, freezer).requests, 1)
	assert.Zero(t, whileStopped(server, freezer).connections)
}

// slow is a freezer whose preparation, such as writing dirty data, outlasts the connection.
type slow struct {
	*ebssnaptest.Freezer
	prepare func()
}

func (s slow) Prepare(context.Context) (ebssnap.Prepared, error) {
	s.prepare()
	return closer{s.Freezer}, nil
}

type closer struct{ *ebssnaptest.Freezer }

func (closer) Close() error { return nil }

func TestConnectionThatEndsBeforeWritersAreStopped(t *testing.T) {
	server, plain := quietWorld(t)
	cloud := &knowing{Cloud: plain, server: server}
	freezer := &ebssnaptest.Freezer{}
	result, err := ebssnap.Consistent(t.Context(), volume(cloud, volumeB), slow{freezer, func() { cloud.cut(t) }}, 10*time.Second)
	require.NoError(t, err)
	seen := whileStopped(server, freezer)
	assert.Zero(t, seen.connections)
	assert.Len(t, seen.requests, 1)
	assert.Len(t, result.Evidence.Attempts, 1, "nothing was stopped in vain")

	server.Deny("CreateSnapshot")
	before := len(freezer.Intervals())
	denied := &atomic.Bool{}
	_, err = ebssnap.Consistent(t.Context(), volume(denyLater{plain, denied}, volumeB), freezer, 10*time.Second)
	require.ErrorIs(t, err, ebssnap.ErrDenied)
	assert.Len(t, freezer.Intervals(), before, "the second DryRun was denied, before anything was stopped")
}

// denyLater is a Cloud whose first DryRun passes without being sent, so that nothing is kept of it.
type denyLater struct {
	*ec2snap.Cloud
	asked *atomic.Bool
}

func (d denyLater) Create(ctx context.Context, r ebssnap.Request) ([]ebssnap.Snapshot, error) {
	if !d.asked.Swap(true) {
		return nil, nil
	}
	return d.Cloud.Create(ctx, r)
}

func TestEndpointThatKeepsNoConnection(t *testing.T) {
	server, cloud := quietWorld(t)
	server.Brief = true
	freezer := &ebssnaptest.Freezer{}
	result, err := ebssnap.Consistent(t.Context(), volume(cloud, volumeB), freezer, time.Second)
	require.ErrorIs(t, err, ebssnap.ErrNotCreated)
	assert.ErrorContains(t, err, "the connection ends with each answer")
	assert.Equal(t, ebssnap.VerdictNone, result.Verdict)
	assert.Empty(t, freezer.Intervals(), "refused before anything was stopped")
	report, err := ebssnap.Check(t.Context(), volume(cloud, volumeB), freezer)
	require.NoError(t, err)
	assert.Contains(t, report.String(), "the connection ends with each answer")

	// A client of the caller's own may make connections when it likes. That is told.
	own := &ec2snap.Cloud{Client: client(server, &http.Client{Transport: &http.Transport{}})}
	result, err = ebssnap.Consistent(t.Context(), volume(own, volumeB), freezer, time.Second)
	require.NoError(t, err)
	assert.Equal(t, 1, whileStopped(server, freezer).connections)
	assert.Contains(t, result.String(), "made a connection for it")
}

func client(server *ebssnaptest.Server, over aws.HTTPClient) *ec2.Client {
	return ec2.New(ec2.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(server.URL), HTTPClient: over,
		Credentials: credentials.NewStaticCredentialsProvider("fake", "fake", ""),
	})
}

// mute is an HTTP client that does not know of net/http/httptrace.
type mute struct{ aws.HTTPClient }

func (m mute) Do(request *http.Request) (*http.Response, error) {
	blind, cancel := context.WithCancel(context.Background())
	context.AfterFunc(request.Context(), cancel)
	return m.HTTPClient.Do(request.WithContext(blind))
}

func TestHTTPClientOfTheCaller(t *testing.T) {
	server, _ := quietWorld(t)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	over := &http.Client{Transport: transport}
	freezer := &ebssnaptest.Freezer{}
	result, err := ebssnap.Consistent(t.Context(), volume(&ec2snap.Cloud{Client: client(server, over)}, volumeB), freezer, time.Second)
	require.NoError(t, err)
	assert.Zero(t, whileStopped(server, freezer).cold)
	assert.Len(t, result.Gaps(), 1, "net/http told that the connection was the DryRun's: %v", result.Gaps())

	silent := &ec2snap.Cloud{Client: client(server, mute{over})}
	result, err = ebssnap.Consistent(t.Context(), volume(silent, volumeB), freezer, time.Second)
	require.NoError(t, err)
	assert.Contains(t, result.String(), "does not tell whether it made a connection for it")

	// What tells nothing proves nothing: the answer is lost, and the snapshot exists.
	server.Next(ebssnaptest.FaultDropResponse)
	_, err = silent.Create(t.Context(), ebssnap.Request{Volumes: []string{volumeB}, Token: "lost"})
	require.Error(t, err)
	assert.NotErrorIs(t, err, ebssnap.ErrNotCreated)
	assert.Len(t, server.Snapshots(), 3)
}

// tunnels is a proxy that only knows CONNECT.
type tunnels struct {
	mu     sync.Mutex
	opened []time.Time
}

func (p *tunnels) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.opened = append(p.opened, time.Now())
	p.mu.Unlock()
	server, err := net.Dial("tcp", r.Host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusOK)
	browser, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	go func() {
		_, _ = io.Copy(server, buffered)
		server.Close()
	}()
	_, _ = io.Copy(browser, server)
	browser.Close()
}

func TestThroughAProxy(t *testing.T) {
	server, _ := tlsWorld(t)
	proxy := &tunnels{}
	listening := httptest.NewServer(proxy)
	defer listening.Close()
	address, err := url.Parse(listening.URL)
	require.NoError(t, err)
	over := awshttp.NewBuildableClient().WithTransportOptions(func(transport *http.Transport) {
		transport.Proxy = http.ProxyURL(address)
		transport.TLSClientConfig.RootCAs = pool(server)
	})
	cloud := &ec2snap.Cloud{Client: client(server, over)}
	freezer := &ebssnaptest.Freezer{}
	const count = 20
	for range count {
		result, err := ebssnap.Consistent(t.Context(), volume(cloud, volumeB), freezer, 5*time.Second)
		require.NoError(t, err)
		require.Len(t, result.Gaps(), 1, "%v", result.Gaps())
	}
	seen := whileStopped(server, freezer)
	assert.Len(t, seen.requests, count)
	assert.Zero(t, seen.cold+seen.connections)
	proxy.mu.Lock()
	defer proxy.mu.Unlock()
	assert.GreaterOrEqual(t, len(proxy.opened), count, "a tunnel for each DryRun")
	for _, at := range proxy.opened {
		assert.False(t, freezer.Within(at), "a tunnel while writers were stopped")
	}
	http.DefaultClient.CloseIdleConnections()
}

// TestSnapshotsAtOnce: snapshots that are taken at once over one Cloud do not take one another's
// connections.
func TestSnapshotsAtOnce(t *testing.T) {
	server, cloud := quietWorld(t)
	server.Latency = 20 * time.Millisecond
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			result, err := ebssnap.Consistent(t.Context(), volume(cloud, volumeB), &ebssnaptest.Freezer{}, 10*time.Second)
			if assert.NoError(t, err) {
				assert.Len(t, result.Evidence.Attempts, 1)
				assert.Len(t, result.Gaps(), 1, "%v", result.Gaps())
			}
		})
	}
	all.Wait()
	dry := map[string]bool{}
	for _, r := range server.Requests() {
		switch {
		case r.DryRun:
			dry[r.Remote] = true
		case r.Action == "CreateSnapshot":
			assert.True(t, dry[r.Remote], "not over a DryRun's connection")
			dry[r.Remote] = false // and over nobody else's
		}
	}
}
