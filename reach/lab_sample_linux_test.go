//go:build linux && !opskit_portable

package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
)

// One dead address of three, one lost packet in fifty and three seconds until a port
// opens, each to addresses of its own.
func TestBarSampleTellsThreeKindsApart(t *testing.T) {
	if lab.Bars() == lab.Small { // TestLabSample shows two: silence alone takes seconds
		lab.Bar(t, "reach-sample", "small")
		return
	}
	trials := map[lab.Size]int{lab.CI: 5, lab.Full: 20}[lab.Bars()]
	if !lab.Inside(t, func() *lab.NS {
		w := newWorld(t)
		// What is slow is let through once its first SYN is 2.5 s old.
		lines := []string{
			"ip daddr 10.77.33.0/24 tcp dport 80 tcp sport . ip daddr @wait drop", "ip daddr 10.77.33.0/24 tcp dport 80 tcp sport . ip daddr @known accept",
			"ip daddr 10.77.33.0/24 tcp dport 80 add @known { tcp sport . ip daddr } add @wait { tcp sport . ip daddr } drop", "ip daddr 10.77.31.0/24 drop",
		}
		for i := range trials {
			lines = append(lines, fmt.Sprintf("ip daddr 10.77.32.%d tcp flags & (syn | ack) == syn numgen inc mod 50 == 0 drop", i+1))
		}
		sets := "table inet f {\n set wait {\n  type inet_service . ipv4_addr; flags dynamic, timeout; timeout 2500ms\n }\n set known {\n  type inet_service . ipv4_addr; flags dynamic, timeout; timeout 60s\n }\n}\n"
		w.router.Nft(sets + rules("forward", lines))
		return w.client
	}) {
		return
	}
	var failed sync.Map
	var all sync.WaitGroup
	for i := 1; i <= trials; i++ {
		for _, kind := range []struct {
			n         int
			timeout   time.Duration
			want      Verdict
			addresses []string
		}{
			{20, 0, PartlyOpen, []string{fmt.Sprintf("10.77.30.%d", i), fmt.Sprintf("10.77.31.%d", i), fmt.Sprintf("10.77.29.%d", i)}},
			{400, 0, Lossy, []string{fmt.Sprintf("10.77.32.%d", i)}},
			{20, 15 * time.Second, Slow, []string{fmt.Sprintf("10.77.33.%d", i)}},
		} {
			all.Go(func() {
				p := &Prober{Timeout: kind.timeout, Resolvers: []Resolver{{Name: "x", Exchanger: exchangeAddresses(kind.addresses...)}}}
				s, err := p.Sample(t.Context(), "www.example.org:80", kind.n)
				assert.NoError(t, err)
				if s.Verdict != kind.want {
					failed.Store(kind.addresses[0], s.String())
				}
			})
		}
	}
	all.Wait()
	failed.Range(func(at, text any) bool { t.Errorf("%s: %s", at, text); return true })
	lab.Bar(t, "reach-sample", "%d of %d times one dead address of three, 2 %% loss (400 connections) and 3 s told apart", trials, trials)
}

// Targets of four kinds at defaults, behind a router that answers all it is asked.
func TestBarManyMixedTargets(t *testing.T) {
	mixed(t, "reach-mixed", 0, 4, map[lab.Size]int{lab.CI: 1024, lab.Full: 4096}[lab.Bars()], 12*time.Second)
}

// The same with 64 descriptors, of which the program holds some, and one in twenty silent.
func TestBarSixtyFourDescriptors(t *testing.T) {
	mixed(t, "reach-64-descriptors", 64, 20, map[lab.Size]int{lab.CI: 1024, lab.Full: 4096}[lab.Bars()], time.Minute)
}

// mixed asks for size targets, of which one in silentOf gives no answer.
func mixed(t *testing.T, bar string, descriptors uint64, silentOf, size int, limit time.Duration) {
	if lab.Bars() == lab.Small { // TestLabFewDescriptors shows it: silence alone takes seconds
		lab.Bar(t, bar, "small")
		return
	}
	if !lab.Inside(t, func() *lab.NS {
		w := newWorld(t)
		w.router.Nft(rules("forward", []string{"ip daddr 10.77.64.0/18 drop", "ip daddr 10.77.128.0/18 meta l4proto tcp reject with icmp admin-prohibited"}))
		return w.client
	}) {
		return
	}
	if descriptors > 0 {
		var before syscall.Rlimit
		require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before))
		require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: descriptors, Max: before.Max}))
		defer func() { assert.NoError(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before)) }()
	}
	var targets []netip.AddrPort
	for i := range size {
		third, port := []byte{0, 128, 0}[i%3], []uint16{80, 80, 81}[i%3]
		if i%silentOf == 0 {
			third, port = 64, 80
		}
		targets = append(targets, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 77, third + byte(i>>8), byte(i)}), port))
	}
	seen, wrong, begun := map[netip.AddrPort]bool{}, 0, time.Now()
	for c, err := range new(Prober).ConnectAll(t.Context(), slices.Values(targets)) {
		require.NoError(t, err)
		seen[c.Target] = true
		want := map[bool]Verdict{true: Open, false: Refused}[c.Target.Port() == 80]
		switch third := c.Target.Addr().As4()[2]; {
		case third >= 128:
			want = Prohibited
		case third >= 64:
			want = NoAnswer
		}
		if c.Verdict != want {
			wrong++
			t.Log(c)
		}
	}
	took := time.Since(begun)
	assert.Len(t, seen, size, "none is lost")
	assert.Zero(t, wrong)
	if !lab.Race {
		assert.Less(t, took, limit)
	}
	lab.BarTiming(t, bar, "%d targets, one in %d silent: %s, 0 lost, %d wrong", size, silentOf, took.Round(100*time.Millisecond), wrong)
}
