package ec2snap_test

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go/logging"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/ebssnap/ec2snap"
)

// These tests hold what the SDK does by itself (retries, back-off, new credentials, another look at
// the clock) out of the time in which writers are stopped.

func TestNoRetryWhileWritersAreStopped(t *testing.T) {
	for _, set := range [][]string{{volumeB}, {volumeB, volumeC}} {
		for fault, attempts := range map[ebssnaptest.Fault]int{
			ebssnaptest.FaultNone: 1, ebssnaptest.FaultThrottle: 2, ebssnaptest.FaultServerError: 1, ebssnaptest.FaultDropRequest: 1, ebssnaptest.FaultDropResponse: 1,
			ebssnaptest.FaultLateExecution: 1, ebssnaptest.FaultHang: 1,
		} {
			server, cloud, _ := world(t)
			server.Next(fault)
			freezer := &ebssnaptest.Freezer{}
			vol := volume(cloud, set...)
			vol.Settle = 100 * time.Millisecond
			budget := 3 * time.Second
			if fault == ebssnaptest.FaultHang {
				budget = 300 * time.Millisecond
			}
			result, _ := ebssnap.Consistent(t.Context(), vol, freezer, budget)
			seen := whileStopped(server, freezer)
			assert.Len(t, result.Evidence.Attempts, attempts, "fault %d", fault)
			assert.Len(t, seen.requests, attempts, "fault %d, %v: %v", fault, set, seen.requests)
			assert.Zero(t, seen.connections, "fault %d", fault)
			if fault != ebssnaptest.FaultHang {
				assert.Less(t, result.Timing.Stopped, budget/2, "fault %d: no back-off", fault)
			}
		}
	}
}

func TestNoCredentialsAreAskedForWhileWritersAreStopped(t *testing.T) {
	server, cloud, _ := world(t)
	server.Expire = time.Second // which ends while writers are stopped
	freezer := &ebssnaptest.Freezer{}
	wait := ebssnap.Hook{Name: "wait", Stop: func(ctx context.Context) error {
		_, err := freezerOf(1200 * time.Millisecond).Freeze(ctx)
		return err
	}}
	result, err := ebssnap.Consistent(t.Context(), volume(cloud, volumeB), ebssnap.Freezers(freezer, wait), 5*time.Second)
	require.NoError(t, err)
	assert.Equal(t, ebssnap.VerdictConsistent, result.Verdict)
	seen := whileStopped(server, freezer)
	require.Len(t, seen.requests, 1, "the metadata service is not asked: %v", seen.requests)
	assert.Equal(t, "CreateSnapshot", seen.requests[0].Action)
}

func freezerOf(took time.Duration) *ebssnaptest.Freezer { return &ebssnaptest.Freezer{Took: took} }

// expiring is a source of credentials of which the first last for a while and the next for long.
type expiring struct {
	mu    sync.Mutex
	first time.Duration
	count int
}

func (e *expiring) Retrieve(context.Context) (aws.Credentials, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.count++
	lasts := e.first
	if e.count > 1 {
		lasts = time.Hour
	}
	return aws.Credentials{AccessKeyID: "fake", SecretAccessKey: "fake", CanExpire: true, Expires: time.Now().Add(lasts)}, nil
}

func TestCredentialsThatWouldExpireAreRenewedBefore(t *testing.T) {
	for name, test := range map[string]struct {
		lasts  time.Duration
		budget time.Duration
		asked  int
	}{
		"within the budget": {2 * time.Minute, 3 * time.Minute, 2},
		"just after it":     {3*time.Minute + 10*time.Second, 3 * time.Minute, 2},
		"long after it":     {10 * time.Minute, 3 * time.Minute, 1},
	} {
		server, _ := quietWorld(t)
		source := &expiring{first: test.lasts}
		cloud := &ec2snap.Cloud{Client: client(server, nil)}
		cloud.Client = ec2.New(cloud.Client.Options(), func(o *ec2.Options) { o.Credentials = aws.NewCredentialsCache(source) })
		_, err := ebssnap.Consistent(t.Context(), volume(cloud, volumeB), &ebssnaptest.Freezer{}, test.budget)
		require.NoError(t, err, name)
		assert.Equal(t, test.asked, source.count, name)
	}
}

// TestClockThatIsWrong: EC2 refuses the DryRun, the SDK learns the time from the answer, and the
// request is signed with it.
func TestClockThatIsWrong(t *testing.T) {
	for skew, set := range map[time.Duration][]string{time.Hour: {volumeB}, -time.Hour: {volumeB, volumeC}} {
		server, cloud, options := world(t)
		server.Skew = skew
		freezer := &ebssnaptest.Freezer{}
		result, err := ebssnap.Consistent(t.Context(), volume(cloud, set...), freezer, 5*time.Second)
		require.NoError(t, err, "%s", skew)
		assert.Equal(t, ebssnap.VerdictConsistent, result.Verdict)
		assert.Len(t, result.Evidence.Attempts, 1)
		assert.Len(t, whileStopped(server, freezer).requests, 1, "%s", skew)
		if skew > 0 {
			continue
		}
		cloud, err = ec2snap.New(t.Context(), options)
		require.NoError(t, err)
		report, err := ebssnap.Check(t.Context(), volume(cloud, set...), freezer)
		require.NoError(t, err)
		assert.True(t, report.Ready, "what Check says is what comes: %s", report)
		_, err = ec2snap.Locate(t.Context(), "/dev/sdb", options)
		require.NoError(t, err)
	}
}

// TestNoLogLineWhileWritersAreStopped: what the SDK would log may lie on the frozen filesystem.
func TestNoLogLineWhileWritersAreStopped(t *testing.T) {
	server, _, options := world(t)
	var log bytes.Buffer
	var mu sync.Mutex
	var lines []time.Time
	logger := logging.LoggerFunc(func(_ logging.Classification, format string, _ ...any) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, time.Now())
		log.WriteString(format)
	})
	t.Setenv("AWS_ACCESS_KEY_ID", "fake")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "fake")
	loaded, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("eu-west-1"), config.WithBaseEndpoint(options.Endpoint), config.WithLogger(logger),
		config.WithClientLogMode(aws.LogRequestWithBody|aws.LogResponseWithBody|aws.LogRetries))
	require.NoError(t, err)
	freezer := &ebssnaptest.Freezer{}
	_, err = ebssnap.Consistent(t.Context(), volume(&ec2snap.Cloud{Client: ec2.NewFromConfig(loaded)}, volumeB), freezer, time.Second)
	require.NoError(t, err)
	assert.NotEmpty(t, lines, "the DryRun is logged: %s", log.String())
	for _, at := range lines {
		assert.False(t, freezer.Within(at), "a log line while writers were stopped")
	}
	assert.Len(t, server.Snapshots(), 1)
}
