//go:build linux && !opskit_portable

package reach

import (
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
)

func TestLabLocalFailuresAreKeptApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, kind := range []string{"unreachable", "prohibit", "blackhole"} {
		w.client.Run("ip", "route", "add", kind, fmt.Sprintf("10.99.%d.0/24", i+1))
	}
	w.client.Run("ip", "-6", "route", "add", "prohibit", "fd99::/64")
	w.client.Nft(rules("output", []string{
		"ip daddr 10.77.1.2 meta l4proto tcp reject with icmp admin-prohibited",
		"ip daddr 10.77.1.3 meta l4proto tcp reject with icmp port-unreachable",
		"ip daddr 10.77.1.4 drop",
		"ip6 daddr fd77::14 meta l4proto tcp reject with icmpv6 admin-prohibited",
		"ip daddr 10.77.1.9 meta l4proto icmp drop",
	}))
	const absent = "10.70.1.77:80" // on the client's own link
	got := w.connect(t, Prober{}, "10.99.1.1:80", "10.99.2.1:80", "10.99.3.1:80", "[fd99::1]:80",
		"10.77.1.2:80", "10.77.1.3:80", "10.77.1.4:80", "[fd77::14]:80", absent)
	for target, errno := range map[string]string{
		"10.99.1.1:80": "EHOSTUNREACH", "10.99.2.1:80": "EACCES", "10.99.3.1:80": "EINVAL", "[fd99::1]:80": "EACCES",
	} {
		c := got[target]
		assert.Equal(t, LocalFailure, c.Verdict, "%s", c)
		assert.Equal(t, errno, c.Errno)
		require.ErrorIs(t, c.Fault.Err(), ErrNoRoute)
	}
	for _, target := range []string{"10.77.1.2:80", "10.77.1.3:80", "[fd77::14]:80"} {
		c := got[target]
		assert.Equal(t, LocalFailure, c.Verdict, "a rule on this host: %s", c)
		require.NotNil(t, c.ICMP)
		assert.Equal(t, c.Source, c.ICMP.From)
	}
	// None of its SYNs was let out, so nobody was silent.
	dropped := got["10.77.1.4:80"]
	assert.Equal(t, Unknown, dropped.Verdict, "%s", dropped)
	assert.Contains(t, dropped.String(), "could not send")
	assert.NotContains(t, dropped.String(), "SYNs sent")
	c := got[absent]
	assert.Equal(t, Unreachable, c.Verdict, "nobody on the link has the address: %s", c)
	require.NotNil(t, c.ICMP)
	assert.Equal(t, clientV4, c.ICMP.From.String())
	assert.Contains(t, c.String(), "local packet filter")
	require.NotNil(t, c.Route)
	assert.False(t, c.Route.Gateway.IsValid(), "it is on the link")

	short := w.connect(t, Prober{Timeout: 1500 * time.Millisecond}, "10.70.1.78:80")["10.70.1.78:80"]
	assert.Equal(t, Unknown, short.Verdict, "%s", short)
	assert.Contains(t, short.String(), "no SYN has left this host")

	w.client.Sysctl("net.ipv4.ping_group_range", "0 2147483647")
	w.unprivileged(t, func() {
		p, err := (&Prober{Timeout: time.Second}).Ping(t.Context(), netip.MustParseAddr("10.77.1.9"), 1)
		assert.NoError(t, err)
		assert.Equal(t, LocalFailure, p.Verdict, "%s", p)
		assert.Equal(t, "EPERM", p.Errno)
	})
}

// What a router's routing table answers comes only after the first SYN was
// sent again, and what it finds no neighbour for after three seconds.
func TestLabSlowRouters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.router.Run("ip", "route", "add", "unreachable", "10.98.1.0/24")
	w.router.Run("ip", "route", "add", "prohibit", "10.98.2.0/24")
	w.router.Run("ip", "route", "add", "blackhole", "10.98.3.0/24")
	const unreachable, prohibited, blackhole, absent = "10.98.1.1:80", "10.98.2.1:80", "10.98.3.1:80", "10.70.2.77:80"
	got := w.connect(t, Prober{}, unreachable, prohibited, blackhole, absent)
	router := netip.MustParseAddr(routerV4)
	for target, want := range map[string]ICMP{
		unreachable: {Type: 3, Code: 1, Name: "host-unreachable", From: router},
		prohibited:  {Type: 3, Code: 13, Name: "admin-prohibited", From: router},
		absent:      {Type: 3, Code: 1, Name: "host-unreachable", From: router},
	} {
		require.NotNil(t, got[target].ICMP, "%s", got[target])
		assert.Equal(t, want, *got[target].ICMP)
	}
	assert.Equal(t, Prohibited, got[prohibited].Verdict)
	assert.Equal(t, NoAnswer, got[blackhole].Verdict)
	assert.Greater(t, got[absent].Took, 2*time.Second)

	// Asked for less than that, nobody is called silent.
	short := w.connect(t, Prober{Timeout: 1900 * time.Millisecond}, "10.70.2.78:80")["10.70.2.78:80"]
	assert.Equal(t, Unknown, short.Verdict, "%s", short)
	assert.Contains(t, short.String(), "too short to judge")
}

func TestLabHopLimitIsNoUnreachableHost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.client.Sysctl("net.ipv4.ip_default_ttl", "1")
	w.client.Sysctl("net.ipv6.conf.all.hop_limit", "1")
	w.client.Sysctl("net.ipv6.conf."+w.clientDev+".hop_limit", "1")
	got := w.connect(t, Prober{}, "10.77.0.1:80", "[fd77::1000]:80")
	for target, from := range map[string]string{"10.77.0.1:80": routerV4, "[fd77::1000]:80": routerV6} {
		c := got[target]
		require.NotNil(t, c.ICMP, "%s", c)
		assert.Equal(t, "ttl-exceeded", c.ICMP.Name)
		assert.Equal(t, from, c.ICMP.From.String())
		assert.Equal(t, Unreachable, c.Verdict)
	}
}

func TestLabPing(t *testing.T) {
	t.Parallel()
	lab.Need(t, "program:ping")
	w := newWorld(t)
	w.router.Nft(rules("forward", []string{
		"ip daddr 10.77.12.1 drop", "ip daddr 10.77.12.2 reject with icmp host-prohibited", "ip6 daddr fd77::1 reject with icmpv6 admin-prohibited",
		"ip saddr 10.77.12.3 drop",
	}))
	ping := func(as func(func()), target string) *Ping {
		var p *Ping
		var err error
		as(func() {
			p, err = (&Prober{Interval: 20 * time.Millisecond, Timeout: 1200 * time.Millisecond}).Ping(t.Context(), netip.MustParseAddr(target), 3)
		})
		require.NoError(t, err, target)
		return p
	}
	root := func(f func()) { w.client.Do(f) }
	user := func(f func()) { w.unprivileged(t, f) }
	for rule, tt := range map[string]struct {
		groups string
		as     func(func())
		method string
	}{
		"an ordinary user whom the sysctl lets": {"0 2147483647", user, "unprivileged"},
		"root where the sysctl lets nobody":     {"1 0", root, "raw"},
	} {
		t.Run(rule, func(t *testing.T) {
			w.client.Sysctl("net.ipv4.ping_group_range", tt.groups)
			for _, target := range []string{"10.77.0.1", "fd77::1000"} {
				p := ping(tt.as, target)
				assert.Equal(t, Answered, p.Verdict, "%s", p)
				assert.Equal(t, tt.method, p.Method)
				assert.Len(t, p.Replies, 3)
				assert.Zero(t, p.Duplicates)
				for i, e := range p.Replies {
					assert.Equal(t, i, e.Seq)
					assert.Equal(t, 63, e.TTL, "one router on the way: %s", p)
					assert.Less(t, e.RTT, time.Second)
				}
			}
			for target, want := range map[string]Verdict{
				"10.77.12.1": NoAnswer, "10.77.12.3": NoAnswer, "10.77.12.2": Prohibited, "fd77::1": Prohibited,
			} {
				p := ping(tt.as, target)
				assert.Equal(t, want, p.Verdict, "%s", p)
				if want == Prohibited {
					assert.Contains(t, []string{routerV4, routerV6}, p.ICMP.From.String())
				}
			}
		})
	}
	w.client.Sysctl("net.ipv4.ping_group_range", "1 0")
	p := ping(user, "10.77.0.1")
	assert.Equal(t, Unknown, p.Verdict, "neither kind of socket: %s", p)
	assert.Contains(t, p.String(), pingFix)
	out := w.client.Run("ping", "-n", "-c", "1", "10.77.0.1")
	assert.Contains(t, out, "ttl=63", "ping(8) is the oracle")
}

// A firewall that completes handshakes in the name of a dead host, or lets
// only handshakes through, is found by asking for a page.
func TestLabHandshakeWithNobodyBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.listenSilently(t, "10.77.0.9:8080")
	w.router.Nft(rules("forward", []string{"ip daddr 10.77.0.9 tcp dport 8080 tcp flags & psh == psh drop"}))
	var a *HTTPAnswer
	w.unprivileged(t, func() {
		var err error
		a, err = new(Prober).HTTP(t.Context(), HTTPRequest{URL: "http://www.example.org/", At: addr("10.77.0.9:8080")})
		assert.NoError(t, err)
	})
	assert.Equal(t, Open, a.Connection.Verdict)
	assert.Equal(t, Silent, a.Verdict, "%s", a)
	require.NotNil(t, a.RequestAcked)
	assert.False(t, *a.RequestAcked, "the request itself is lost")
}

// listenSilently accepts connections and says nothing.
func (w *world) listenSilently(t *testing.T, address string) {
	var l net.Listener
	var err error
	w.server.Do(func() { l, err = net.Listen("tcp", address) })
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
}

// After a verdict nothing more is sent: the kernel would go on trying a socket
// that is not closed.
func TestLabNoSYNAfterTheVerdict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.router.Nft(rules("forward", []string{"ip daddr 10.77.12.1 counter meta l4proto tcp reject with icmp host-unreachable", "ip daddr 10.77.12.2 drop"}))
	c := w.connect(t, Prober{}, "10.77.12.1:80")["10.77.12.1:80"]
	require.Equal(t, Unreachable, c.Verdict)
	// The time in which it would be sent again, spent on another target.
	w.connect(t, Prober{Timeout: 2500 * time.Millisecond}, "10.77.12.2:80")
	assert.Contains(t, w.router.Run("nft", "list", "ruleset"), "counter packets 1 ")
}

// The round trip of a handshake whose SYN was sent twice is ambiguous (Karn).
func TestLabRepeatedSYNHasNoRTT(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.router.Nft(rules("forward", []string{"ip daddr 10.77.0.5 tcp flags & (syn | ack) == syn numgen inc mod 2 == 0 drop"}))
	c := w.connect(t, Prober{}, "10.77.0.5:80")["10.77.0.5:80"]
	assert.Equal(t, Open, c.Verdict, "%s", c)
	assert.Equal(t, 1, *c.SYNRetransmits)
	assert.Zero(t, c.RTT)
	assert.Contains(t, c.String(), "2 SYNs sent")
}

// A reset in the host's name cannot be told from its own, wherever it is made,
// and that is said.
func TestLabResetHasNoSender(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.client.Nft(rules("output", []string{"ip daddr 10.77.1.3 meta l4proto tcp reject with tcp reset"}))
	for target, c := range w.connect(t, Prober{}, "10.77.1.3:80", "10.77.1.4:81") {
		assert.Equal(t, Refused, c.Verdict, target)
		assert.Contains(t, c.String(), "who sent the reset")
	}
}

// A SYN proxy completes the handshake for a host that does not exist.
func TestLabSYNProxyInFrontOfNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.Nft(rules("input", []string{"ip daddr 10.77.9.9 drop"}))
	w.router.Nft("table inet p {\n chain pre {\n  type filter hook prerouting priority raw; policy accept;\n  ip daddr 10.77.9.9 tcp flags syn notrack\n }\n" +
		" chain onward {\n  type filter hook forward priority 0; policy accept;\n  ip daddr 10.77.9.9 ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm\n }\n}\n")
	w.router.Sysctl("net.netfilter.nf_conntrack_tcp_loose", "0")
	var a *HTTPAnswer
	w.unprivileged(t, func() {
		var err error
		a, err = new(Prober).HTTP(t.Context(), HTTPRequest{URL: "http://www.example.org/", At: addr("10.77.9.9:80")})
		assert.NoError(t, err)
	})
	assert.Equal(t, Open, a.Connection.Verdict)
	assert.Equal(t, Silent, a.Verdict, "%s", a)
	require.NotNil(t, a.Connection.Window)
	assert.Zero(t, *a.Connection.Window, "a proxy says that it takes nothing yet")
	assert.Contains(t, a.Connection.String(), "whether anything serves behind the handshake")
}
