package ec2snap_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/ebssnap/ec2snap"
	"github.com/opskit-go/opskit/internal/lab"
)

// schedule is one random course of events, made from a seed.
type schedule struct {
	seed    uint64
	faults  []ebssnaptest.Fault
	latency time.Duration
	delay   time.Duration
	took    time.Duration
	budget  time.Duration
	cancel  time.Duration // zero: never
	denied  bool          // CreateTags
}

func newSchedule(seed uint64) schedule {
	r := rand.New(rand.NewPCG(seed, 2015))
	ms := func(n int) time.Duration { return time.Duration(r.IntN(n)) * time.Millisecond }
	s := schedule{seed: seed, latency: ms(40), delay: ms(150), took: ms(30), budget: 20*time.Millisecond + ms(200), denied: r.IntN(10) == 0}
	for range 1 + r.IntN(3) {
		s.faults = append(s.faults, ebssnaptest.Fault(r.IntN(int(ebssnaptest.FaultDropLateVisibility)+1)))
		if s.faults[len(s.faults)-1] == ebssnaptest.FaultVolumeRate { // 15 s of waiting are for another test
			s.faults[len(s.faults)-1] = ebssnaptest.FaultThrottle
		}
	}
	if r.IntN(4) == 0 {
		s.cancel = 10*time.Millisecond + ms(150)
	}
	return s
}

// TestBarFaultSchedules: never two snapshots for a token, never "consistent" for an instant outside
// the freeze, never left frozen.
func TestBarFaultSchedules(t *testing.T) {
	count := 1000
	switch lab.Bars() {
	case lab.Small:
		count = 8
	case lab.CI:
		count = 400
	}
	var mu sync.Mutex
	verdicts := map[ebssnap.Verdict]int{}
	workers := make(chan struct{}, 32)
	var all sync.WaitGroup
	for seed := range uint64(count) {
		workers <- struct{}{}
		all.Go(func() {
			defer func() { <-workers }()
			verdict := follow(t, newSchedule(seed))
			mu.Lock()
			defer mu.Unlock()
			verdicts[verdict]++
		})
	}
	all.Wait()
	if lab.Bars() != lab.Small {
		for _, verdict := range []ebssnap.Verdict{ebssnap.VerdictUnknown, ebssnap.VerdictConsistent, ebssnap.VerdictNone} {
			assert.Positive(t, verdicts[verdict], "no schedule came to %s", verdict)
		}
	}
	lab.Bar(t, "fault schedules", "%d schedules: %d consistent, %d unknown, %d unproven, %d without a snapshot; none with two snapshots, a false verdict, or a freeze left behind",
		count, verdicts[ebssnap.VerdictConsistent], verdicts[ebssnap.VerdictUnknown], verdicts[ebssnap.VerdictUnproven], verdicts[ebssnap.VerdictNone])
}

func follow(t *testing.T, s schedule) ebssnap.Verdict {
	server := ebssnaptest.NewServer()
	server.AddInstance(ebssnaptest.Instance{ID: "i-0a", Devices: map[string]string{"/dev/sdb": volumeB}})
	server.Latency, server.Delay = s.latency, s.delay
	server.Next(s.faults...)
	if s.denied {
		server.Deny("CreateTags")
	}
	cloud, err := ec2snap.New(t.Context(), ec2snap.Options{Endpoint: server.URL, Metadata: server.URL, Region: "eu-west-1"})
	if !assert.NoError(t, err) {
		return ebssnap.VerdictUnknown
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if s.cancel > 0 {
		defer time.AfterFunc(s.cancel, cancel).Stop()
	}
	freezer := &ebssnaptest.Freezer{Took: s.took}
	vol := volume(cloud, volumeB)
	vol.Settle = 250 * time.Millisecond
	result, err := ebssnap.Consistent(ctx, vol, freezer, s.budget)
	server.Close() // also waits for what is executed late
	snapshots := server.Snapshots()
	assert.LessOrEqual(t, len(snapshots), 1, "seed %d: two snapshots for a token", s.seed)
	assert.False(t, freezer.Frozen(), "seed %d: left frozen", s.seed)
	switch result.Verdict {
	case ebssnap.VerdictConsistent:
		if assert.Len(t, snapshots, 1, "seed %d", s.seed) {
			assert.True(t, freezer.Within(snapshots[0].Taken), "seed %d: taken while writers ran: %v", s.seed, result)
		}
	case ebssnap.VerdictNone:
		assert.Empty(t, snapshots, "seed %d: a snapshot that is said not to be there", s.seed)
	}
	nothingLeft := result.Verdict == ebssnap.VerdictConsistent && result.Evidence.Raised
	assert.Equal(t, nothingLeft, err == nil, "seed %d: %v", s.seed, err)
	if len(snapshots) == 1 && snapshots[0].Tags[ebssnap.TagConsistency] == "frozen" {
		assert.True(t, freezer.Within(snapshots[0].Taken), "seed %d: a tag that lies", s.seed)
	}
	return result.Verdict
}

func TestVolumeRateWaitsThawed(t *testing.T) {
	server, cloud, _ := world(t)
	server.Next(ebssnaptest.FaultVolumeRate)
	request := ebssnap.Request{Volumes: []string{volumeB}, Token: "T"}
	_, err := cloud.Create(t.Context(), request)
	require.ErrorIs(t, err, ebssnap.ErrThrottled)
	require.ErrorIs(t, err, ebssnap.ErrNotCreated)
	var says interface{ RetryAfter() time.Duration }
	require.ErrorAs(t, err, &says)
	assert.Equal(t, 15*time.Second, says.RetryAfter())
}
