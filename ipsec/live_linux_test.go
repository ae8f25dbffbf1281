//go:build linux && !opskit_portable

package ipsec_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/conf"
)

// region is one of the two regions: a gateway, a host behind it, and the
// Internet gateway that gives the first its public address by 1:1 NAT.
type region struct {
	gateway, host, nat *lab.NS
	directory          string // with the rendered files below it
}

const charonConf = `charon {
  load_modular = no
  load = aes sha1 sha2 hmac kdf gmp curve25519 random nonce kernel-libipsec kernel-netlink socket-default stroke updown
  retransmit_tries = 3
  retransmit_timeout = 1.0
  install_virtual_ip = no
  filelog { stderr { default = 1 } }
}
starter { load_warning = no }
`

// newRegion builds a region whose gateway has address gw, e.g. 172.31.16.163,
// with a host in the next network, and the public address pub.
func newRegion(t *testing.T, gw, router, inner, host, pub string) *region {
	r := &region{gateway: lab.NewNS(t), host: lab.NewNS(t), nat: lab.NewNS(t), directory: t.TempDir()}
	lab.Veth(t, r.gateway, gw+"/24", r.nat, router+"/24")
	lab.Veth(t, r.gateway, inner+"/24", r.host, host+"/24")
	r.gateway.Run("ip", "route", "add", "default", "via", router)
	r.host.Run("ip", "route", "add", "default", "via", inner)
	r.nat.Sysctl("net.ipv4.ip_forward", "1")
	r.nat.Nft(fmt.Sprintf(`table ip opskit {
	chain in { type nat hook prerouting priority dstnat; ip daddr %s dnat to %s; }
	chain out { type nat hook postrouting priority srcnat; ip saddr %s snat to %s; }
}`, pub, gw, gw, pub))
	return r
}

// shell runs a command where the daemon's /etc and /run are this region's.
func (r *region) shell(command string) []string {
	script := fmt.Sprintf(`set -e
mount --bind %[1]s/etc/ipsec.conf /etc/ipsec.conf
mount --bind %[1]s/etc/ipsec.secrets /etc/ipsec.secrets
mount --bind %[1]s/run /run
export STRONGSWAN_CONF=%[1]s/strongswan.conf
exec %[2]s`, r.directory, command)
	return []string{"bash", "-c", script}
}

// prepare writes one end's files and applies its sysctls. It comes before any
// daemon is started: the thread that enters a namespace ends, and with it the
// daemons that it happened to start.
func (r *region) prepare(t *testing.T, tunnel *ipsec.Tunnel, side ipsec.Side) {
	t.Helper()
	files, err := tunnel.Render(side)
	require.NoError(t, err)
	root, err := os.OpenRoot(r.directory)
	require.NoError(t, err)
	defer root.Close()
	require.NoError(t, files.WriteTo(root))
	require.NoError(t, root.Mkdir("run", 0o755))
	require.NoError(t, root.WriteFile("strongswan.conf", []byte(charonConf), 0o644))

	// The sysctl list, applied to the gateway's own interfaces.
	proc, err := os.OpenRoot("/proc/sys")
	require.NoError(t, err)
	defer proc.Close()
	var before, after ipsec.Sysctls
	r.gateway.Do(func() {
		var devices []net.Interface
		if devices, err = net.Interfaces(); err != nil {
			return
		}
		var names []string
		for _, d := range devices {
			names = append(names, d.Name)
		}
		list := tunnel.Sysctls(names...)
		before = list.Read(proc.FS()).Differing()
		err = list.Apply(proc)
		after = list.Read(proc.FS()).Differing()
	})
	require.NoError(t, err)
	assert.NotEmpty(t, before, "a new namespace forwards nothing")
	assert.Empty(t, after)
}

func (r *region) start() {
	r.gateway.Daemon(r.shell("unshare --pid --fork --kill-child ipsec start --nofork")...)
}

func (r *region) status(t *testing.T, command string) (*ipsec.Status, error) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	out, _ := r.gateway.Command(ctx, r.shell(command)...).CombinedOutput() // its exit code is not part of the format
	return ipsec.ParseStatus(command, string(out))
}

// A pair rendered from the blog's tunnel brings it up between two daemons, each
// behind a 1:1 NAT as in EC2, and the capture between them shows ESP in UDP and
// no plaintext.
func TestBarLiveTunnel(t *testing.T) {
	lab.Need(t, "root", "netns", "nftables", "tun", "program:ipsec", "program:tcpdump", "program:ping")
	tunnel := blogTunnel(conf.DialectStrongSwan)
	west := newRegion(t, "172.31.16.163", "172.31.16.1", "172.31.17.1", "172.31.17.235", "198.51.100.1")
	east := newRegion(t, "10.0.61.63", "10.0.61.1", "10.0.207.1", "10.0.207.203", "198.51.100.2")
	wan, _ := lab.Veth(t, west.nat, "198.51.100.1/24", east.nat, "198.51.100.2/24")
	west.prepare(t, tunnel, ipsec.SideA)
	east.prepare(t, tunnel, ipsec.SideB)
	east.start()
	lab.Eventually(t, 10*time.Second, "the answering daemon to listen", func() bool {
		s, err := east.status(t, "ipsec status")
		return err == nil && s.Running != nil && *s.Running
	})
	s, err := east.status(t, "ipsec statusall")
	require.NoError(t, err)
	assert.Equal(t, ipsec.LinkDown, s.State("tunnel").Verdict, "nobody has opened it yet")

	pcap := filepath.Join(t.TempDir(), "wan.pcap")
	dump := west.nat.Daemon("tcpdump", "--immediate-mode", "-U", "-n", "-s0", "-i", wan, "-w", pcap)
	lab.Eventually(t, 10*time.Second, "tcpdump to listen", func() bool { return strings.Contains(dump.Output(), "listening on") })
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("on the wire:\n%s", west.nat.Run("tcpdump", "-n", "-r", pcap))
		}
	})
	begin := time.Now()
	west.start()
	lab.Eventually(t, 20*time.Second, "the tunnel to come up", func() bool {
		s, err := west.status(t, "ipsec statusall")
		return err == nil && s.State("tunnel").Verdict == ipsec.LinkUp
	})
	took := time.Since(begin)

	const pings, pattern = 5, "6f70736b6974706c61696e74657874" // "opskitplaintext"
	west.host.Run("ping", "-n", "-c", fmt.Sprint(pings), "-i", "0.02", "-p", pattern, "10.0.207.203")
	s, err = west.status(t, "ipsec statusall")
	require.NoError(t, err)
	st := s.State("tunnel")
	assert.Equal(t, ipsec.LinkUp, st.Verdict, "%s", st)
	assert.Equal(t, uint64(pings*84), *st.Tunnels[0].OutBytes)
	assert.Equal(t, uint64(pings*84), *st.Tunnels[0].InBytes)
	require.Len(t, s.Child, 1)
	assert.True(t, *s.Child[0].InUDP)
	assert.Empty(t, st.Gaps())

	dump.Stop()
	got := readCapture(t, pcap, []byte("opskitplaintext"))
	assert.Equal(t, [2]int{pings, pings}, got.esp, "ESP in UDP, to the east and to the west")
	assert.Zero(t, got.plain, "packets between the protected networks")
	assert.Zero(t, got.pattern, "packets that hold the ping's payload")
	assert.Positive(t, got.ike)

	var listeners *ipsec.ListenerReport
	west.gateway.Do(func() { // net/udp of this thread's namespace
		listeners, err = ipsec.Listeners(t.Context(), threadProc{})
	})
	require.NoError(t, err)
	assert.Equal(t, ipsec.Sound, listeners.Verdict)
	require.NotEmpty(t, listeners.Listeners)
	for _, l := range listeners.Listeners {
		require.Len(t, l.Processes, 1, "%s", l.Local)
		assert.Equal(t, "charon", l.Processes[0].Comm)
	}
	lab.BarTiming(t, "live-tunnel", "up %d ms after the start, %d ESP packets, 0 in clear", took.Milliseconds(), got.esp[0]+got.esp[1])
}

// The reader of captures is itself tried on one that has plaintext: a daemon
// died there while pings went on.
func TestCaptureWithALeak(t *testing.T) {
	got := readCapture(t, lab.Corpus(t, "ipsec", "lab-captures", "leak.pcap"), []byte("+,-./01234567"))
	assert.Equal(t, 115, got.esp[0]+got.esp[1])
	assert.Equal(t, 45, got.plain)
	assert.Equal(t, 7, got.ike)
	assert.Equal(t, 45, got.pattern, "what ping sends by default")
}

// capture counts what a tcpdump file holds.
type capture struct {
	esp     [2]int // ESP in UDP towards 198.51.100.2, and towards .1
	ike     int    // packets with the non-ESP marker, or on port 500
	plain   int    // packets from or to the protected networks
	pattern int    // packets with the payload in clear
}

// readCapture reads a pcap file of Ethernet frames.
func readCapture(t *testing.T, name string, payload []byte) capture {
	t.Helper()
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Greater(t, len(data), 24)
	require.Equal(t, uint32(0xa1b2c3d4), binary.LittleEndian.Uint32(data))
	require.Equal(t, uint32(1), binary.LittleEndian.Uint32(data[20:]), "Ethernet")
	var c capture
	for data = data[24:]; len(data) >= 16; {
		size := int(binary.LittleEndian.Uint32(data[8:]))
		require.GreaterOrEqual(t, len(data), 16+size)
		frame := data[16 : 16+size]
		data = data[16+size:]
		if bytes.Contains(frame, payload) {
			c.pattern++
		}
		if binary.BigEndian.Uint16(frame[12:]) != 0x0800 {
			continue
		}
		ip := frame[14:]
		src, dst := netip.AddrFrom4([4]byte(ip[12:16])), netip.AddrFrom4([4]byte(ip[16:20]))
		if src.IsPrivate() || dst.IsPrivate() {
			c.plain++
		}
		if ip[9] != 17 {
			continue
		}
		udp := ip[int(ip[0]&15)*4:]
		switch body := udp[8:binary.BigEndian.Uint16(udp[4:])]; {
		case binary.BigEndian.Uint16(udp[2:]) != 4500, len(body) > 4 && binary.BigEndian.Uint32(body) == 0:
			c.ike++
		case len(body) > 1 && dst == netip.MustParseAddr("198.51.100.2"):
			c.esp[0]++
		case len(body) > 1:
			c.esp[1]++
		}
	}
	return c
}
