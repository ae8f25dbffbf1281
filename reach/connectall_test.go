package reach

import (
	"context"
	"errors"
	"iter"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/reach/reachtest"
)

// endless yields loopback addresses for ever, counting.
func endless(port uint16, read *atomic.Int64) iter.Seq[netip.AddrPort] {
	return func(yield func(netip.AddrPort) bool) {
		a := netip.MustParseAddr("127.0.0.1")
		for yield(netip.AddrPortFrom(a, port)) {
			read.Add(1)
		}
	}
}

func TestConnectAllAsksEveryTargetOnce(t *testing.T) {
	web, err := reachtest.StartHTTP(nil)
	require.NoError(t, err)
	defer web.Close()
	var targets []netip.AddrPort
	for i := range 200 {
		port := web.Addr().Port()
		if i%2 == 1 {
			port = 1 // closed
		}
		targets = append(targets, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port))
	}
	targets = append(targets, netip.AddrPort{})
	got := map[Verdict]int{}
	bad := 0
	for c, err := range (&Prober{Window: 8}).ConnectAll(t.Context(), slices.Values(targets)) {
		if err != nil {
			require.ErrorIs(t, err, ErrTarget)
			bad++
			continue
		}
		got[c.Verdict]++
	}
	assert.Equal(t, map[Verdict]int{Open: 100, Refused: 100}, got)
	assert.Equal(t, 1, bad, "a target that is none is yielded with its error")
}

func TestConnectAllLeavesNothingBehind(t *testing.T) {
	silent, err := reachtest.StartSilent()
	require.NoError(t, err)
	defer silent.Close()
	before := runtime.NumGoroutine()
	var read atomic.Int64
	p := &Prober{Window: 4, Via: func(a netip.AddrPort) netip.AddrPort {
		if a.Port() == 1 {
			return silent.Addr()
		}
		return a
	}}
	start := time.Now()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	n := 0
	for range p.ConnectAll(ctx, endless(1, &read)) {
		n++
	}
	assert.Less(t, time.Since(start), 2*time.Second, "a canceled run does not wait for silent targets")
	assert.LessOrEqual(t, n, 4)
	assert.LessOrEqual(t, read.Load(), int64(5), "targets are read as room becomes free")

	for range p.ConnectAll(t.Context(), endless(2, &read)) {
		break
	}
	lab.Eventually(t, 5*time.Second, "every goroutine to end", func() bool { return runtime.NumGoroutine() <= before })
}

// Who held what was missing may be over by the time that the failure is known.
func TestShortageOfOthersThatHaveEnded(t *testing.T) {
	first, second := addr("192.0.2.1:80"), addr("192.0.2.2:80")
	begun, told := make(chan struct{}), make(chan struct{})
	tries := 0
	p := &Prober{Window: 2, DialContext: func(_ context.Context, _, address string) (net.Conn, error) {
		if address == second.String() {
			if tries++; tries == 1 {
				close(begun)
				<-told
				return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("socket", errTooManyFiles)}
			}
		} else {
			<-begun
		}
		here, there := net.Pipe()
		_ = there.Close()
		return here, nil
	}}
	n := 0
	for c, err := range p.ConnectAll(t.Context(), slices.Values([]netip.AddrPort{first, second})) {
		require.NoError(t, err)
		assert.Equal(t, Open, c.Verdict)
		if n++; c.Target == first {
			close(told)
		}
	}
	assert.Equal(t, 2, n)
	assert.Equal(t, 2, tries)
}

// A shortage of descriptors here is no verdict on anybody.
func TestConnectAllAsksAgainAfterAShortage(t *testing.T) {
	var mu sync.Mutex
	used, asked := 0, map[string]int{}
	p := &Prober{Window: 32, DialContext: func(_ context.Context, _, address string) (net.Conn, error) {
		mu.Lock()
		asked[address]++
		if used >= 4 {
			mu.Unlock()
			return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("socket", errTooManyFiles)}
		}
		used++
		mu.Unlock()
		runtime.Gosched()
		here, there := net.Pipe()
		_ = there.Close()
		mu.Lock()
		used--
		mu.Unlock()
		return here, nil
	}}
	var targets []netip.AddrPort
	for i := range 500 {
		targets = append(targets, netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), uint16(i+1)))
	}
	seen := map[netip.AddrPort]bool{}
	for c, err := range p.ConnectAll(t.Context(), slices.Values(targets)) {
		require.NoError(t, err)
		assert.Equal(t, Open, c.Verdict)
		assert.False(t, seen[c.Target], "yielded twice")
		seen[c.Target] = true
	}
	assert.Len(t, seen, len(targets), "none is lost")

	p.DialContext = func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("socket", errTooManyFiles)}
	}
	n := 0
	for c, err := range p.ConnectAll(t.Context(), slices.Values(targets[:3])) {
		require.ErrorIs(t, err, ErrLocal, "a shortage that nothing of ours causes is said")
		assert.Equal(t, LocalFailure, c.Verdict)
		n++
	}
	assert.Equal(t, 3, n)
}

func TestSilenceBesideRejectionsIsMarked(t *testing.T) {
	rejecting := map[netip.Addr]int{}
	quiet := silentTo("192.0.2.7:80")
	noteRejections(&quiet, rejecting)
	assert.Empty(t, quiet.Unseen, "no router has rejected anything")
	router, other := netip.MustParseAddr("203.0.113.1"), netip.MustParseAddr("203.0.113.2")
	for _, from := range []netip.Addr{router, other, router} {
		c := rejectedWith("192.0.2.8:80", ICMP{Type: 3, Code: 13, From: from})
		noteRejections(&c, rejecting)
	}
	noteRejections(&quiet, rejecting)
	require.Len(t, quiet.Unseen, 1)
	assert.Contains(t, quiet.String(), "203.0.113.1 rejected 2 other targets")
	quiet.Judge()
	assert.Len(t, quiet.Unseen, 1, "judging again keeps what only the run knew")
	open := openTo("192.0.2.9:80")
	noteRejections(&open, rejecting)
	assert.Empty(t, open.Unseen)
}

func TestPreflight(t *testing.T) {
	var names []string
	for _, c := range Preflight(t.Context()) {
		names = append(names, c.Name)
		if !c.OK {
			assert.NotEmpty(t, c.Why, c.Name)
			if kernelEvidence || c.Name != "icmp_codes" && c.Name != "ping" { // no line makes this host a Linux
				assert.NotEmpty(t, c.Fix, c.Name)
			}
		}
	}
	assert.Equal(t, []string{"ipv4", "ipv6", "icmp_codes", "ping", "resolvers", "open_files"}, names)
}

func TestSystemResolvers(t *testing.T) {
	rs, err := SystemResolvers()
	switch {
	case err == nil:
		assert.NotEmpty(t, rs)
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, os.ErrNotExist), errors.Is(err, ErrTarget):
	default:
		t.Fatal(err)
	}
}
