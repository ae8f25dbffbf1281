//go:build linux && !opskit_portable

package reach

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"
)

// nftables rejects with a few of the codes only. Here a router answers SYNs with
// every code that there is: RFC 792 and RFC 1812 for IPv4, RFC 4443, RFC 6550
// and RFC 8883 for IPv6.
func TestLabEveryUnreachableCodeWithItsSender(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.router.Nft(rules("forward", []string{"ip daddr 10.77.13.0/24 drop", "ip6 daddr fd77::d:0/112 drop"}))
	w.answerWithCodes(t)
	const fragNeeded = 4
	var targets []string
	for code := range 16 {
		targets = append(targets, fmt.Sprintf("10.77.13.%d:80", code+1))
	}
	for code := range 9 {
		targets = append(targets, fmt.Sprintf("[fd77::d:%d]:80", code+1))
	}
	got := w.connect(t, Prober{}, targets...)
	for code, target := range targets {
		typ, from, prohibited := uint8(3), routerV4, []int{9, 10, 13}
		if code >= 16 {
			code, typ, from, prohibited = code-16, 1, routerV6, []int{1, 5, 6}
		}
		c := got[target]
		if typ == 3 && code == fragNeeded { // about the path's MTU, which the kernel heeds: no answer to a SYN
			assert.Equal(t, NoAnswer, c.Verdict, "%s", c)
			continue
		}
		want := Unreachable
		for _, p := range prohibited {
			if p == code {
				want = Prohibited
			}
		}
		assert.Equal(t, want, c.Verdict, "%s", c)
		if assert.NotNil(t, c.ICMP, "%s", c) {
			assert.Equal(t, ICMP{Type: typ, Code: uint8(code), Name: icmpName(typ == 1, typ, uint8(code)), From: netip.MustParseAddr(from)}, *c.ICMP)
			assert.NotEqual(t, "other", c.ICMP.Name)
		}
	}
}

// answerWithCodes lets the router answer a SYN to 10.77.13.N or fd77::d:N with
// an ICMP unreachable of code N-1.
func (w *world) answerWithCodes(t *testing.T) {
	var sniffer int
	var v4, v6 net.PacketConn
	var errs [3]error
	w.router.Do(func() {
		protocol := int(binary.NativeEndian.Uint16([]byte{0, unix.ETH_P_ALL}))
		sniffer, errs[0] = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, protocol)
		v4, errs[1] = net.ListenPacket("ip4:icmp", "0.0.0.0")
		v6, errs[2] = net.ListenPacket("ip6:ipv6-icmp", "::")
	})
	for _, err := range errs {
		require.NoError(t, err)
	}
	// The sniffer looks up now and then, so that it ends with the test.
	require.NoError(t, unix.SetsockoptTimeval(sniffer, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 50_000}))
	stop := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		packet := make([]byte, 2048)
		for {
			n, _, err := unix.Recvfrom(sniffer, packet, 0)
			select {
			case <-stop:
				return
			default:
			}
			if err == nil {
				answer(packet[:n], v4, v6)
			}
		}
	})
	t.Cleanup(func() {
		close(stop)
		done.Wait()
		_, _, _ = unix.Close(sniffer), v4.Close(), v6.Close()
	})
}

// answer sends what a SYN's destination asks for to its source.
func answer(packet []byte, v4, v6 net.PacketConn) {
	switch {
	case len(packet) >= 40 && packet[0] == 0x45 && packet[9] == unix.IPPROTO_TCP && packet[16] == 10 && packet[17] == 77 && packet[18] == 13:
		m := icmp.Message{Type: ipv4.ICMPTypeDestinationUnreachable, Code: int(packet[19]) - 1, Body: &icmp.DstUnreach{Data: packet[:28]}}
		if text, err := m.Marshal(nil); err == nil {
			_, _ = v4.WriteTo(text, &net.IPAddr{IP: append(net.IP(nil), packet[12:16]...)})
		}
	case len(packet) >= 60 && packet[0]>>4 == 6 && packet[6] == unix.IPPROTO_TCP && packet[24] == 0xfd && packet[37] == 0xd:
		m := icmp.Message{Type: ipv6.ICMPTypeDestinationUnreachable, Code: int(packet[39]) - 1, Body: &icmp.DstUnreach{Data: packet[:60]}}
		if text, err := m.Marshal(nil); err == nil { // the kernel fills in the checksum
			_, _ = v6.WriteTo(text, &net.IPAddr{IP: append(net.IP(nil), packet[8:24]...)})
		}
	}
}
