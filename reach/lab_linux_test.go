//go:build linux && !opskit_portable

package reach

import (
	"encoding/xml"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/internal/lab"
)

// world is three namespaces in a row: a client, a router with a packet filter,
// and a server that has every address of 10.77.0.0/16 and fd77::/64 and
// listens on port 80 of them all.
type world struct {
	client, router, server *lab.NS
	clientDev              string
}

const (
	routerV4 = "10.70.1.1"
	routerV6 = "fd70:1::1"
	clientV4 = "10.70.1.2"
)

func newWorld(t *testing.T) *world {
	lab.Need(t, "root", "netns", "nftables", "ipv6")
	w := &world{client: lab.NewNS(t), router: lab.NewNS(t), server: lab.NewNS(t)}
	var routerDev, serverDev string
	w.clientDev, _ = lab.Veth(t, w.client, clientV4+"/24", w.router, routerV4+"/24")
	routerDev, serverDev = lab.Veth(t, w.router, "10.70.2.1/24", w.server, "10.70.2.2/24")
	w.client.Run("ip", "addr", "add", "fd70:1::2/64", "dev", w.clientDev, "nodad")
	clientPeer := peer(w.router, routerDev)
	w.router.Run("ip", "addr", "add", routerV6+"/64", "dev", clientPeer, "nodad")
	w.router.Run("ip", "addr", "add", "fd70:2::1/64", "dev", routerDev, "nodad")
	w.server.Run("ip", "addr", "add", "fd70:2::2/64", "dev", serverDev, "nodad")
	w.router.Sysctl("net.ipv4.ip_forward", "1")
	w.router.Sysctl("net.ipv6.conf.all.forwarding", "1")
	w.router.Sysctl("net.ipv4.icmp_ratelimit", "0")
	w.router.Sysctl("net.ipv6.icmp.ratelimit", "0")
	w.client.Run("ip", "route", "add", "default", "via", routerV4)
	w.client.Run("ip", "-6", "route", "add", "default", "via", routerV6)
	w.server.Run("ip", "route", "add", "default", "via", "10.70.2.1")
	w.server.Run("ip", "-6", "route", "add", "default", "via", "fd70:2::1")
	w.router.Run("ip", "route", "add", "10.77.0.0/16", "via", "10.70.2.2")
	w.router.Run("ip", "-6", "route", "add", "fd77::/64", "via", "fd70:2::2")
	w.server.Run("ip", "route", "add", "local", "10.77.0.0/16", "dev", "lo")
	w.server.Run("ip", "-6", "route", "add", "local", "fd77::/64", "dev", "lo")
	w.listen(t, "[::]:80")
	// Neighbour discovery waits until the link-local addresses are usable.
	lab.Eventually(t, 20*time.Second, "IPv6 across the router", func() bool {
		c := w.connect(t, Prober{Timeout: 300 * time.Millisecond}, "[fd77::ffff]:80")["[fd77::ffff]:80"]
		return c.Verdict == Open && *c.SYNRetransmits == 0
	})
	return w
}

// peer returns the other device of n than dev and lo.
func peer(n *lab.NS, dev string) string {
	for line := range strings.Lines(n.Run("ip", "-br", "link")) {
		name, _, _ := strings.Cut(strings.Fields(line)[0], "@")
		if name != "lo" && name != dev {
			return name
		}
	}
	return ""
}

// listen accepts and closes connections in the server.
func (w *world) listen(t *testing.T, addr string) {
	var l net.Listener
	var err error
	w.server.Do(func() { l, err = net.Listen("tcp", addr) })
	require.NoError(t, err)
	var done sync.WaitGroup
	done.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	})
	t.Cleanup(func() { _ = l.Close(); done.Wait() })
}

// unprivileged runs f in the client as an ordinary user without capabilities.
func (w *world) unprivileged(t *testing.T, f func()) {
	t.Helper()
	w.client.Do(func() {
		const nobody = 65534 // of this thread only, which does not last
		_, _, errno := unix.RawSyscall(unix.SYS_SETRESGID, nobody, nobody, nobody)
		if errno == 0 {
			_, _, errno = unix.RawSyscall(unix.SYS_SETRESUID, nobody, nobody, nobody)
		}
		if assert.Zero(t, errno) {
			f()
		}
	})
}

// connect asks for several targets at once, unprivileged.
func (w *world) connect(t *testing.T, p Prober, targets ...string) map[string]*Connection {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	out := map[string]*Connection{}
	for _, target := range targets {
		all.Go(func() {
			w.unprivileged(t, func() {
				c, err := p.Connect(t.Context(), netip.MustParseAddrPort(target))
				assert.NoError(t, err)
				mu.Lock()
				defer mu.Unlock()
				out[target] = c
			})
		})
	}
	all.Wait()
	return out
}

// rejections are the rules of nftables that answer, and what must be seen.
var rejectionsV4 = []struct {
	rule, nmap string
	verdict    Verdict
	code       uint8
}{
	{"net-unreachable", "net-unreach", Unreachable, 0},
	{"host-unreachable", "host-unreach", Unreachable, 1},
	{"prot-unreachable", "proto-unreach", Unreachable, 2},
	{"port-unreachable", "port-unreach", Unreachable, 3},
	{"net-prohibited", "net-prohibited", Prohibited, 9},
	{"host-prohibited", "host-prohibited", Prohibited, 10},
	{"admin-prohibited", "admin-prohibited", Prohibited, 13},
}

var rejectionsV6 = []struct {
	rule    string
	verdict Verdict
	code    uint8
}{
	{"no-route", Unreachable, 0},
	{"admin-prohibited", Prohibited, 1},
	{"addr-unreachable", Unreachable, 3},
	{"port-unreachable", Unreachable, 4},
	{"policy-fail", Prohibited, 5},
	{"reject-route", Prohibited, 6},
}

func rules(hook string, lines []string) string {
	return "table inet f {\n chain c {\n  type filter hook " + hook + " priority 0; policy accept;\n  " +
		strings.Join(lines, "\n  ") + "\n }\n}\n"
}

func TestLabEveryRuleOfTheRouterIsItsOwnVerdict(t *testing.T) {
	t.Parallel()
	everyRule(t)
}

func TestBarEveryRuleOfTheRouterIsItsOwnVerdict(t *testing.T) {
	if lab.Bars() > lab.Small {
		everyRule(t) // at Small, TestLab shows it: silence alone takes seconds
	}
	lab.Bar(t, "reach-rules", "%d IPv4 and %d IPv6 rules of a router, each its own verdict with the right sender, unprivileged", len(rejectionsV4)+2, len(rejectionsV6)+2)
}

func everyRule(t *testing.T) {
	lab.Need(t, "program:nmap")
	w := newWorld(t)
	var lines, v4 []string
	for i, r := range rejectionsV4 {
		lines = append(lines, fmt.Sprintf("ip daddr 10.77.12.%d meta l4proto tcp reject with icmp %s", i+1, r.rule))
		v4 = append(v4, fmt.Sprintf("10.77.12.%d:80", i+1))
	}
	lines = append(lines,
		"ip daddr 10.77.12.100 drop", "ip daddr 10.77.12.101 meta l4proto tcp reject with tcp reset",
		"ip saddr 10.77.12.102 drop", // only the way back is cut
	)
	var v6 []string
	for i, r := range rejectionsV6 {
		lines = append(lines, fmt.Sprintf("ip6 daddr fd77::%d meta l4proto tcp reject with icmpv6 %s", i+1, r.rule))
		v6 = append(v6, fmt.Sprintf("[fd77::%d]:80", i+1))
	}
	lines = append(lines, "ip6 daddr fd77::100 drop", "ip6 daddr fd77::101 meta l4proto tcp reject with tcp reset")
	w.router.Nft(rules("forward", lines))

	const open, closed, dropped, reset, oneWay = "10.77.0.1:80", "10.77.0.1:81", "10.77.12.100:80", "10.77.12.101:80", "10.77.12.102:80"
	const open6, closed6, dropped6, reset6 = "[fd77::1000]:80", "[fd77::1000]:81", "[fd77::100]:80", "[fd77::101]:80"
	got := w.connect(t, Prober{}, append(append(v4, v6...), open, closed, dropped, reset, oneWay, open6, closed6, dropped6, reset6)...)

	for i, r := range rejectionsV4 {
		c := got[v4[i]]
		require.NotNil(t, c.ICMP, "%s: %s", r.rule, c)
		assert.Equal(t, r.verdict, c.Verdict, r.rule)
		assert.Equal(t, ICMP{Type: 3, Code: r.code, Name: r.rule, From: netip.MustParseAddr(routerV4)}, *c.ICMP)
		assert.Less(t, c.Took, time.Second, "nftables answers the first SYN")
	}
	for i, r := range rejectionsV6 {
		c := got[v6[i]]
		require.NotNil(t, c.ICMP, "%s: %s", r.rule, c)
		assert.Equal(t, r.verdict, c.Verdict, r.rule)
		assert.Equal(t, ICMP{Type: 1, Code: r.code, Name: r.rule, From: netip.MustParseAddr(routerV6)}, *c.ICMP)
	}
	for _, target := range []string{open, open6} {
		assert.Equal(t, Open, got[target].Verdict)
		assert.Positive(t, got[target].RTT, "%s", got[target])
		assert.Less(t, got[target].RTT, time.Second)
		assert.Empty(t, got[target].Unseen)
	}
	for _, target := range []string{closed, closed6, reset, reset6} {
		assert.Equal(t, Refused, got[target].Verdict, target)
		assert.Nil(t, got[target].ICMP)
	}
	for _, target := range []string{dropped, dropped6, oneWay} {
		c := got[target]
		assert.Equal(t, NoAnswer, c.Verdict, target)
		require.NotNil(t, c.SYNRetransmits)
		assert.GreaterOrEqual(t, *c.SYNRetransmits, silentRetransmits)
		assert.True(t, c.Fault.IsZero())
	}

	reasons := nmapReasons(t, w, v4, open, closed, dropped, reset)
	for i, r := range rejectionsV4 {
		assert.Equal(t, r.nmap+" "+routerV4, reasons[v4[i]], "nmap -sS as root is the oracle")
	}
	assert.Equal(t, "syn-ack ", reasons[open])
	assert.Equal(t, "reset ", reasons[closed])
	assert.Equal(t, "reset ", reasons[reset])
	assert.Equal(t, "no-response ", reasons[dropped])
}

// nmapReasons returns what nmap's raw SYN scan says of each target, as
// "reason sender".
func nmapReasons(t *testing.T, w *world, targets []string, more ...string) map[string]string {
	hosts := map[string]bool{}
	argv := []string{"nmap", "-n", "-Pn", "-sS", "--reason", "--max-retries", "1", "-p80,81", "-oX", "-"}
	for _, target := range append(targets, more...) {
		host, _, _ := strings.Cut(target, ":")
		if !hosts[host] {
			argv = append(argv, host)
		}
		hosts[host] = true
	}
	out := w.client.Run(argv...)
	var doc struct {
		Host []struct {
			Address struct {
				Addr string `xml:"addr,attr"`
			} `xml:"address"`
			Port []struct {
				ID    int `xml:"portid,attr"`
				State struct {
					Reason string `xml:"reason,attr"`
					IP     string `xml:"reason_ip,attr"`
				} `xml:"state"`
			} `xml:"ports>port"`
		} `xml:"host"`
	}
	start := strings.Index(out, "<?xml")
	require.GreaterOrEqual(t, start, 0, out)
	require.NoError(t, xml.Unmarshal([]byte(out[start:]), &doc), out)
	reasons := map[string]string{}
	for _, h := range doc.Host {
		for _, p := range h.Port {
			reasons[fmt.Sprintf("%s:%d", h.Address.Addr, p.ID)] = p.State.Reason + " " + p.State.IP
		}
	}
	return reasons
}
