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

func rules(hook string, lines []string) string {
	return "table inet f {\n chain c {\n  type filter hook " + hook + " priority 0; policy accept;\n  " +
		strings.Join(lines, "\n  ") + "\n }\n}\n"
}

// readNmap reads nmap's XML as "reason sender" by target.
func readNmap(t *testing.T, out string) map[string]string {
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
			reasons[net.JoinHostPort(h.Address.Addr, fmt.Sprint(p.ID))] = p.State.Reason + " " + p.State.IP
		}
	}
	return reasons
}
