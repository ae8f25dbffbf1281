//go:build linux && !opskit_portable

package esp_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/ipsec/esp"
)

// site is a gateway with strongSwan, and a host behind it.
type site struct {
	gateway, host *lab.NS
	dir           string
}

// newSite writes the gateway's files: its address and network, and the peer's.
func newSite(t *testing.T, auto, mine, mineNet, peer, peerNet string) *site {
	s := &site{gateway: lab.NewNS(t), host: lab.NewNS(t), dir: t.TempDir()}
	for name, text := range map[string]string{
		"ipsec.conf": fmt.Sprintf("conn tunnel\n keyexchange=ikev2\n authby=secret\n auto=%s\n ike=aes128-sha1-modp2048!\n esp=aes128-sha1!\n left=%s\n leftsubnet=%s\n right=%s\n rightsubnet=%s\n",
			auto, mine, mineNet, peer, peerNet),
		"ipsec.secrets": fmt.Sprintf("%s %s : PSK \"9Xo2aMSVn1pDz0Wf3yHq7LkTbUcR5eJg\"\n", mine, peer),
		"strongswan.conf": `charon {
  load_modular = no
  load = aes sha1 sha2 hmac kdf gmp curve25519 random nonce kernel-libipsec kernel-netlink socket-default stroke updown
  install_virtual_ip = no
  filelog { stderr { default = 1 } }
}
starter { load_warning = no }
`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600))
	}
	require.NoError(t, os.Mkdir(filepath.Join(s.dir, "run"), 0o755))
	for key, value := range map[string]string{"net.ipv4.ip_forward": "1", "net.ipv4.conf.all.rp_filter": "0", "net.ipv4.conf.default.rp_filter": "0"} {
		s.gateway.Sysctl(key, value)
	}
	return s
}

// shell is a command where /etc and /run are the site's own.
func (s *site) shell(command string) []string {
	return []string{"bash", "-c", fmt.Sprintf(`set -e
mount --bind %[1]s/ipsec.conf /etc/ipsec.conf
mount --bind %[1]s/ipsec.secrets /etc/ipsec.secrets
mount --bind %[1]s/run /run
export STRONGSWAN_CONF=%[1]s/strongswan.conf
exec %[2]s`, s.dir, command)}
}

func (s *site) start() *lab.Daemon {
	return s.gateway.Daemon(s.shell("unshare --pid --fork --kill-child ipsec start --nofork")...)
}

// pair is two sites with a tunnel between them, and a route beside it.
type pair struct {
	west, east *site
	wan        string // west's outer interface
}

// newPair makes two sites; guard keeps in what the tunnel does not take.
func newPair(t *testing.T, guard bool) *pair {
	p := &pair{
		west: newSite(t, "start", "198.51.100.1", "172.31.0.0/16", "198.51.100.2", "10.0.0.0/16"),
		east: newSite(t, "add", "198.51.100.2", "10.0.0.0/16", "198.51.100.1", "172.31.0.0/16"),
	}
	p.wan, _ = lab.Veth(t, p.west.gateway, "198.51.100.1/24", p.east.gateway, "198.51.100.2/24")
	for s, addrs := range map[*site][2]string{p.west: {"172.31.16.163/16", "172.31.17.235/16"}, p.east: {"10.0.61.63/16", "10.0.207.203/16"}} {
		lab.Veth(t, s.gateway, addrs[0], s.host, addrs[1])
		s.host.Run("ip", "route", "add", "default", "via", strings.TrimSuffix(addrs[0], "/16"))
	}
	p.west.gateway.Run("ip", "route", "add", "default", "via", "198.51.100.2")
	p.east.gateway.Run("ip", "route", "add", "default", "via", "198.51.100.1")
	if guard {
		p.west.gateway.Run("ip", "route", "add", "blackhole", "10.0.0.0/16", "metric", "4294967295")
	}
	answering := p.east.start()
	lab.Eventually(t, 20*time.Second, "the answering daemon's connection", func() bool {
		return strings.Contains(answering.Output(), "added configuration") // before it every offer is refused, for good
	})
	return p
}

// up starts the west's daemon and waits for the tunnel.
func (p *pair) up(t *testing.T) *lab.Daemon {
	daemon := p.west.start()
	lab.Eventually(t, 30*time.Second, "the tunnel to carry pings", func() bool {
		return strings.Contains(daemon.Output(), "established with SPIs") && p.ping(t, "-c", "1", "-W", "1") == nil
	})
	return daemon
}

// ping pings from the one host to the other.
func (p *pair) ping(t *testing.T, args ...string) error {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return p.west.host.Command(ctx, append(append([]string{"ping", "-n", "-q"}, args...), "10.0.207.203")...).Run()
}

// A daemon is killed in the middle of pings, with a route to the peer beside the
// tunnel: what goes in clear is seen, and with a blackhole route as guard nothing
// does.
func TestBarLiveLeak(t *testing.T) {
	lab.Need(t, "root", "netns", "tun", "program:ipsec", "program:tcpdump", "program:ping")
	if lab.Bars() == lab.Small {
		lab.Bar(t, "esp-live-leak", "")
		return
	}
	var leaked [2]uint64
	var text [2]string
	for guard := range 2 {
		sites := newPair(t, guard == 1)
		file := filepath.Join(t.TempDir(), "wan.pcap")
		dump := sites.west.gateway.Daemon("tcpdump", "--immediate-mode", "-U", "-n", "-s0", "-i", sites.wan, "-w", file)
		lab.Eventually(t, 10*time.Second, "tcpdump to listen", func() bool { return strings.Contains(dump.Output(), "listening on") })
		daemon := sites.up(t)
		require.NoError(t, sites.ping(t, "-c", "10", "-i", "0.05"))
		daemon.Stop()
		_ = sites.ping(t, "-c", "20", "-i", "0.05", "-W", "1")
		dump.Stop()
		p := read(t, file, esp.Tunnel{
			A:     esp.End{Gateways: []netip.Addr{addr("198.51.100.1")}, Networks: []netip.Prefix{netip.MustParsePrefix("172.31.0.0/16")}},
			B:     esp.End{Gateways: []netip.Addr{addr("198.51.100.2")}, Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}},
			Whole: true,
		})
		leaked[guard], text[guard] = p.Leaks(), p.String()
		assert.GreaterOrEqual(t, p.ESP, uint64(20), "%s", p)
		assert.Equal(t, map[int]esp.Verdict{0: esp.Leaked, 1: esp.Encrypted}[guard], p.Verdict, "%s", p)
	}
	assert.GreaterOrEqual(t, leaked[0], uint64(20), text[0])
	assert.Zero(t, leaked[1], text[1])
	t.Logf("%s\n%s", text[0], text[1])
	lab.Bar(t, "esp-live-leak", "daemon killed: %d packets in clear seen; with a blackhole route as guard %d", leaked[0], leaked[1])
}
