package esp_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/capture/capturetest"
	"github.com/opskit-go/opskit/ipsec/esp"
)

// Each situation with what it is, from RFC 3948, 4303 and 792, and from what
// tcpdump shows of Linux's transforms.
func TestSituations(t *testing.T) {
	const encrypted, leaked, unknown = esp.Encrypted, esp.Leaked, esp.Unknown
	wan := func(src, dst string, proto uint8, payload []byte) []byte {
		return capturetest.Packet{Src: netip.AddrPortFrom(addr(src), 4500), Dst: netip.AddrPortFrom(addr(dst), 4500), Proto: proto, Payload: payload}.IP()
	}
	header := func(spi, seq uint32, size int) []byte {
		b := binary.BigEndian.AppendUint32(nil, spi)
		return append(binary.BigEndian.AppendUint32(b, seq), make([]byte, size)...)
	}
	a, b := "198.51.100.1", "198.51.100.2"
	for name, c := range map[string]struct {
		make            func(w *wire)
		verdict         esp.Verdict
		leaks, esp, ike uint64
		quoted          uint64
	}{
		"ESP without UDP": {func(w *wire) {
			w.frame(0, gateway, router, wan(a, b, 50, header(0x1000, 1, 124)))
			w.frame(ms, router, gateway, wan(b, a, 50, header(0x2000, 1, 124)))
			w.frame(ms, host, router, wan("192.0.2.1", "192.0.2.2", 17, nil))
		}, encrypted, 0, 2, 0, 0},
		"keepalives of a NAT are nothing": {func(w *wire) {
			w.both()
			w.frame(ms, gateway, router, wan(a, b, 17, []byte{0xff}))
		}, encrypted, 0, 2, 0, 0},
		"IKE behind the non-ESP marker": {func(w *wire) {
			w.both()
			w.frame(ms, gateway, router, wan(a, b, 17, make([]byte, 80)))
		}, encrypted, 0, 2, 1, 0},
		"a reserved SPI is no ESP": {func(w *wire) {
			w.frame(ms, gateway, router, wan(a, b, 17, header(255, 1, 124)))
		}, unknown, 0, 0, 0, 0},
		"an error that quotes ESP proves nothing": {func(w *wire) {
			quote := append([]byte{3, 1, 0, 0, 0, 0, 0, 0}, wan(a, b, 17, header(0x1000, 1, 20))...)
			w.frame(ms, router, gateway, wan(b, a, 1, quote))
		}, unknown, 0, 0, 0, 1},
		"plain TCP from the peer's network": {func(w *wire) {
			w.both()
			w.frame(100*ms, router, gateway, capturetest.Packet{Src: netip.MustParseAddrPort("10.0.1.1:80"), Dst: netip.MustParseAddrPort("172.31.1.1:4242"), Proto: 6, Payload: []byte("GET /")}.IP())
		}, leaked, 1, 2, 0, 0},
		"the gateways' own pings outside": {func(w *wire) {
			w.both()
			w.frame(ms, gateway, router, wan(a, b, 1, []byte{8, 0, 0, 0, 0, 0, 0, 0}))
		}, encrypted, 0, 2, 0, 0},
		"a copy whose size no suite makes is none": {func(w *wire) {
			w.both()
			w.esp(100*ms, 84, false)
			w.frame(ms, gateway, router, capturetest.Packet{Src: netip.MustParseAddrPort("172.31.1.1:1"), Dst: netip.MustParseAddrPort("10.0.1.1:2"), Payload: make([]byte, 900)}.IP())
		}, leaked, 1, 3, 0, 0},
		"a leak in fragments": {func(w *wire) {
			w.both()
			ip := capturetest.Packet{Src: netip.MustParseAddrPort("172.31.1.1:1"), Dst: netip.MustParseAddrPort("10.0.1.1:2"), Payload: make([]byte, 1600)}.IP()
			first, second := bytes.Clone(ip[:20+1480]), append(bytes.Clone(ip[:20]), ip[20+1480:]...)
			binary.BigEndian.PutUint16(first[2:], uint16(len(first)))
			binary.BigEndian.PutUint16(second[2:], uint16(len(second)))
			first[6], second[7] = 0x20, 1480/8
			w.frame(100*ms, gateway, router, first)
			w.frame(0, gateway, router, second)
		}, leaked, 1, 2, 0, 0},
		"half of the packets in clear": {func(w *wire) {
			for range 20 {
				w.both()
				w.frame(50*ms, gateway, router, inner(false))
			}
		}, leaked, 20, 40, 0, 0},
		"the peer's daemon died, ours lives": {func(w *wire) {
			w.both()
			for range 10 {
				w.esp(100*ms, 84, false)
				w.frame(50*ms, router, gateway, inner(true))
			}
		}, leaked, 10, 12, 0, 0},
		"a rekey": {func(w *wire) {
			w.both()
			for spi := range uint32(3) {
				w.frame(ms, gateway, router, wan(a, b, 17, header(0x3000+spi, 1, 124)))
				w.frame(ms, router, gateway, wan(b, a, 17, header(0x4000+spi, 1, 124)))
			}
		}, encrypted, 0, 8, 0, 0},
		"behind a NAT that changes the port": {func(w *wire) {
			p := capturetest.Packet{Src: netip.MustParseAddrPort("198.51.100.1:61234"), Dst: east, Payload: header(0x1000, 1, 124)}
			w.frame(0, gateway, router, p.IP())
			p.Src, p.Dst = p.Dst, p.Src
			w.frame(ms, router, gateway, p.IP())
			w.frame(ms, host, router, wan("192.0.2.1", "192.0.2.2", 17, nil))
		}, encrypted, 0, 2, 0, 0},
		"between the LANs' hosts of one side": {func(w *wire) {
			w.both()
			w.frame(ms, host, gateway, capturetest.Packet{Src: netip.MustParseAddrPort("172.31.1.1:1"), Dst: netip.MustParseAddrPort("172.31.1.2:2")}.IP())
		}, encrypted, 0, 2, 0, 0},
		"GRE around it": {func(w *wire) {
			w.both()
			w.frame(100*ms, gateway, router, wan(a, b, 47, append([]byte{0, 0, 8, 0}, inner(false)...)))
		}, unknown, 0, 2, 0, 0},
	} {
		w := newWire()
		c.make(w)
		p, err := esp.ReadCapture(t.Context(), w, blog(false))
		require.NoError(t, err, name)
		assert.Equal(t, c.verdict, p.Verdict, "%s: %s", name, p)
		assert.Equal(t, []uint64{c.leaks, c.esp, c.ike, c.quoted}, []uint64{p.Leaks(), p.ESP, p.IKE, p.Quoted}, "%s: %s", name, p)
	}
}

// Without the gateways' addresses a leak is seen all the same, by who sends ESP.
func TestGatewaysNeedNotBeNamed(t *testing.T) {
	tunnel := blog(false)
	tunnel.A.Gateways, tunnel.B.Gateways = nil, nil
	w := newWire()
	w.both()
	for range 10 {
		w.frame(50*ms, gateway, router, inner(false))
		w.esp(ms, 84, true)
	}
	p, err := esp.ReadCapture(t.Context(), w, tunnel)
	require.NoError(t, err)
	assert.Equal(t, esp.Leaked, p.Verdict, "%s", p)
	assert.Equal(t, uint64(10), p.Leaks())
	w = newWire()
	for range 5 {
		w.both()
		w.frame(20*time.Millisecond, host, gateway, inner(false))
		w.esp(100*time.Millisecond, 84, true)
		w.frame(0, router, gateway, inner(true)) // as the kernel shows what arrives
	}
	p, err = esp.ReadCapture(t.Context(), w, tunnel)
	require.NoError(t, err)
	assert.Equal(t, esp.Encrypted, p.Verdict, "%s", p)
}
