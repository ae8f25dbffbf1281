//go:build linux && !opskit_portable

package reach

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
)

// http asks in the client, as an ordinary user.
func (w *world) http(t *testing.T, r HTTPRequest) *HTTPAnswer {
	t.Helper()
	var a *HTTPAnswer
	w.unprivileged(t, func() {
		var err error
		a, err = new(Prober).HTTP(t.Context(), r)
		assert.NoError(t, err)
	})
	return a
}

// serve answers requests in the server with a header of some size.
func (w *world) serve(t *testing.T, address string, size int) {
	var l net.Listener
	var err error
	w.server.Do(func() { l, err = net.Listen("tcp", address) })
	require.NoError(t, err)
	s := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("X-Big", strings.Repeat("x", size))
		_, _ = io.Copy(io.Discard, r.Body)
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close(); <-done })
}

// The neighbour that does not answer is the gateway where the target is behind one.
func TestLabDeadGatewayIsThisHosts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.client.Run("ip", "route", "add", "10.92.3.0/24", "via", "10.70.1.99")
	w.client.Run("ip", "-6", "route", "add", "fd92::/64", "via", "fd70:1::99")
	for target, c := range w.connect(t, Prober{}, "10.92.3.1:80", "[fd92::1]:80") {
		assert.Equal(t, LocalFailure, c.Verdict, "%s", c)
		require.ErrorIs(t, c.Fault.Err(), ErrNoRoute, target)
		assert.Contains(t, c.String(), "the gateway ")
	}
	w.client.Sysctl("net.ipv4.ping_group_range", "0 2147483647")
	w.unprivileged(t, func() {
		way, err := new(Prober).Way(t.Context(), netip.MustParseAddr("10.92.3.1"))
		assert.NoError(t, err)
		assert.Equal(t, LocalFailure, way.Verdict, "%s", way)
		way, err = new(Prober).Way(t.Context(), netip.MustParseAddr("10.77.0.1"))
		assert.NoError(t, err)
		assert.Equal(t, Answered, way.Verdict, "%s", way)
	})
}

// What came back and was no answer is not silence.
func TestLabStrayIsNoSilence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.router.Nft(rules("forward", []string{
		"ip saddr 10.77.4.1 tcp flags & (syn | ack) == syn | ack tcp ackseq set 12345",
		"ip6 saddr fd77::41 tcp flags & (syn | ack) == syn | ack tcp ackseq set 12345",
	}))
	for target, c := range w.connect(t, Prober{}, "10.77.4.1:80", "[fd77::41]:80") {
		assert.Equal(t, Unknown, c.Verdict, "%s: %s", target, c)
		assert.Positive(t, c.Strays)
		assert.Contains(t, c.String(), "something came back that this host's kernel did not accept")
	}
}

// An ICMP error on an open connection is a router's word, not the other side's end.
func TestLabProhibitedOnData(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve(t, "10.77.1.16:8080", 10)
	w.router.Nft(rules("forward", []string{"ip daddr 10.77.1.16 tcp flags & syn == 0 ip length > 60 reject with icmp admin-prohibited"}))
	a := w.http(t, HTTPRequest{URL: "http://www.example.org/", At: addr("10.77.1.16:8080")})
	assert.Equal(t, Open, a.Connection.Verdict)
	if a.ICMP == nil { // a kernel that keeps no packet of an error on an open connection
		assert.Equal(t, Unreachable, a.Verdict, "%s", a)
	} else {
		assert.Equal(t, Prohibited, a.Verdict, "%s", a)
		assert.Equal(t, routerV4, a.ICMP.From.String())
	}
	assert.NotContains(t, a.String(), "ended by the other side")
}

// A path that eats big packets is told from a hung server by asking in small ones.
func TestLabBigPacketsAreLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.serve(t, "10.77.1.17:8080", 4000)
	w.listenSilently(t, "10.77.1.18:8080")
	w.router.Nft(rules("forward", []string{"ip saddr 10.77.1.17 ip length > 1300 drop"}))
	ask := func(target string, segment int) *HTTPAnswer {
		return w.http(t, HTTPRequest{URL: "http://www.example.org/", At: addr(target), MaxSegment: segment})
	}
	a := ask("10.77.1.17:8080", 0)
	assert.Equal(t, Silent, a.Verdict, "%s", a)
	assert.Contains(t, a.String(), "with a small segment size")
	a = ask("10.77.1.17:8080", 536)
	assert.Equal(t, Answered, a.Verdict, "%s", a)
	assert.Equal(t, Silent, ask("10.77.1.18:8080", 536).Verdict, "a hung server is silent in small packets too")
}

// The drop is found at whatever router of a chain of five, without privileges.
func TestLabTraceFindsTheDrop(t *testing.T) {
	t.Parallel()
	lab.Need(t, "root", "netns", "nftables")
	const hops = 5
	chain := []*lab.NS{lab.NewNS(t)}
	w := &world{client: chain[0]}
	for i := range hops + 1 {
		next := lab.NewNS(t)
		lab.Veth(t, chain[i], fmt.Sprintf("10.71.%d.1/24", i), next, fmt.Sprintf("10.71.%d.2/24", i))
		chain[i].Run("ip", "route", "add", "default", "via", fmt.Sprintf("10.71.%d.2", i))
		next.Sysctl("net.ipv4.ip_forward", "1")
		next.Sysctl("net.ipv4.icmp_ratelimit", "0")
		for back := range i {
			next.Run("ip", "route", "add", fmt.Sprintf("10.71.%d.0/24", back), "via", fmt.Sprintf("10.71.%d.1", i))
		}
		chain = append(chain, next)
	}
	w.server = chain[hops+1]
	w.listen(t, "10.71.5.2:80")
	trace := func() (out *Trace) {
		w.unprivileged(t, func() {
			var err error
			out, err = new(Prober).Trace(t.Context(), addr("10.71.5.2:80"))
			assert.NoError(t, err)
		})
		return out
	}
	whole := trace()
	assert.Equal(t, Open, whole.Verdict, "%s", whole)
	assert.Len(t, whole.Hops, hops)
	for i, h := range whole.Hops {
		assert.Equal(t, fmt.Sprintf("10.71.%d.2", i), h.From.String(), "%s", whole)
	}
	for k := 1; k <= hops; k++ {
		chain[k].Nft(rules("forward", []string{"tcp dport 80 drop"}))
		out := trace()
		assert.Equal(t, NoAnswer, out.Verdict, "%s", out)
		assert.Contains(t, out.Where(), fmt.Sprintf("10.71.%d.2, at distance %d", k-1, k))
		chain[k].Run("nft", "delete", "table", "inet", "f")
	}
}

// One dead address of three, lost packets and nothing at all are told apart.
func TestLabSampleTellsLossFromADeadAddress(t *testing.T) {
	t.Parallel()
	if !lab.Inside(t, func() *lab.NS {
		w := newWorld(t)
		w.router.Nft(rules("forward", []string{
			"ip daddr 10.77.8.1 drop", "ip daddr 10.77.8.2 tcp flags & (syn | ack) == syn numgen inc mod 50 == 0 drop",
		}))
		return w.client
	}) {
		return
	}
	sample := func(n int, addresses ...string) *Sample {
		resolver := exchangeAddresses(addresses...)
		s, err := (&Prober{Timeout: 3500 * time.Millisecond, Resolvers: []Resolver{{Name: "x", Exchanger: resolver}}}).Sample(t.Context(), "www.example.org:80", n)
		require.NoError(t, err)
		return s
	}
	s := sample(20, "10.77.0.1", "10.77.8.1", "10.77.0.2")
	assert.Equal(t, PartlyOpen, s.Verdict, "%s", s)
	assert.Contains(t, s.String(), "the failures follow an address: 10.77.8.1:80")
	s = sample(200, "10.77.8.2")
	assert.Equal(t, Lossy, s.Verdict, "%s", s)
	assert.InDelta(t, 4, s.Addresses[0].lost(), 1)
	assert.Equal(t, Open, sample(50, "10.77.0.1", "10.77.0.2").Verdict)
}
