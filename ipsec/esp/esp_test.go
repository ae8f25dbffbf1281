package esp_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/capture"
	"github.com/opskit-go/opskit/internal/capture/capturetest"
	"github.com/opskit-go/opskit/internal/contract"
	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/ipsec/esp"
	"github.com/opskit-go/opskit/ipsec/suite"
)

var begin = time.Date(2015, time.November, 25, 22, 52, 38, 0, time.UTC)

func addr(text string) netip.Addr { return netip.MustParseAddr(text) }

// blog is the tunnel of two regions, between two gateways.
func blog(whole bool) esp.Tunnel {
	return esp.Tunnel{
		A:     esp.End{Gateways: []netip.Addr{addr("198.51.100.1"), addr("2001:db8:f::1")}, Networks: []netip.Prefix{netip.MustParsePrefix("172.31.0.0/16")}},
		B:     esp.End{Gateways: []netip.Addr{addr("198.51.100.2"), addr("2001:db8:f::2")}, Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}},
		Whole: whole,
	}
}

func read(t *testing.T, name string, tunnel esp.Tunnel) *esp.Proof {
	t.Helper()
	file, err := os.Open(name)
	require.NoError(t, err)
	defer file.Close()
	p, err := esp.ReadCapture(t.Context(), file, tunnel)
	require.NoError(t, err, name)
	return p
}

// The recorded captures: what tshark counts, and what happened.
func TestBarCorpus(t *testing.T) {
	dir := lab.Corpus(t, "ipsec")
	p := read(t, filepath.Join(dir, "lab-captures", "leak.pcap"), blog(false))
	t.Log(p)
	assert.Equal(t, esp.Leaked, p.Verdict)
	assert.Equal(t, []uint64{45, 115, 10, 7}, []uint64{p.Leaks(), p.ESP, p.Quoted, p.IKE})
	require.Len(t, p.Clear, 1)
	assert.Equal(t, esp.PlaceOutside, p.Clear[0].Place)
	assert.False(t, p.Clear[0].After.IsZero(), "the daemon's death")
	for _, c := range []struct{ file, suite string }{
		{"esp_4_aes128-sha1.pcap", "aes128-sha1"}, {"esp_4_aes128gcm16.pcap", "aes128gcm16"}, {"esp_6_aes256-sha256.pcap", "aes128-sha256"}, {"ping_cbc_sha1.pcap", "aes128-sha1"},
	} {
		p := read(t, filepath.Join(dir, "lab-captures", c.file), blog(true))
		assert.Equal(t, esp.Encrypted, p.Verdict, "%s: %s", c.file, p)
		assert.Zero(t, p.Leaks(), c.file)
		for _, s := range p.SAs {
			assert.Contains(t, s.Suites, c.suite, c.file)
			assert.Zero(t, s.Missing, c.file)
		}
		if strings.HasPrefix(c.file, "esp_") { // made with the filter udp port 4500
			p = read(t, filepath.Join(dir, "lab-captures", c.file), blog(false))
			assert.Equal(t, esp.Unknown, p.Verdict, "a filter may have hidden the rest")
		}
	}
	captures := 5
	text, err := os.ReadFile(filepath.Join(dir, "PCAP_COUNTS.tshark-4.0.17.txt"))
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		var name string
		var packets, encrypted, ike uint64
		if _, err := fmt.Sscanf(line, "%s packets=%d esp=%d isakmp=%d", &name, &packets, &encrypted, &ike); err != nil {
			continue
		}
		found, err := filepath.Glob(filepath.Join(dir, "*", name))
		require.NoError(t, err)
		require.Len(t, found, 1, name)
		p := read(t, found[0], esp.Tunnel{})
		assert.Equal(t, []uint64{packets, encrypted, ike}, []uint64{p.Packets, p.ESP, p.IKE}, name)
		assert.NotEqual(t, esp.Leaked, p.Verdict, name)
		captures++
	}
	assert.Equal(t, 12, captures)
	lab.Bar(t, "esp-corpus", "%d captures, counts as tshark's; leak.pcap: %d leaked, %d ESP, %d quoted", captures, p.Leaks(), p.ESP, p.Quoted)
}

// Every packet of ESP in the recorded captures of which it is known what was pinged,
// by the arithmetic: pings of 22 sizes, each there and back, and pings of 56 bytes.
func TestBarSizes(t *testing.T) {
	sha1 := suite.ESP{IV: 16, Block: 16, ICV: 12}
	each := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 56, 100, 1000, 1372}
	checked := 0
	for name, c := range map[string]struct {
		suite suite.ESP
		pings []int
	}{
		"esp_4_aes128-sha1.pcap":   {sha1, each},
		"esp_4_aes128gcm16.pcap":   {suite.ESP{IV: 8, Block: 4, ICV: 16}, each},
		"esp_6_aes256-sha256.pcap": {suite.ESP{IV: 16, Block: 16, ICV: 16}, each},
		"ping_cbc_sha1.pcap":       {sha1, []int{56}},
		"leak.pcap":                {suite.ESP{IV: 8, Block: 4, ICV: 16}, []int{56}},
	} {
		file, err := os.Open(filepath.Join(lab.Corpus(t, "ipsec", "lab-captures"), name))
		require.NoError(t, err)
		r, err := capture.NewReader(file, capture.Errors{})
		require.NoError(t, err)
		var f capture.Frame
		var p capture.Packet
		var d capture.Decoder
		for i := 0; r.Next(&f); {
			if d.Decode(&f, &p) != capture.Decoded || p.Proto != capture.UDP || p.DstPort != 4500 || binary.BigEndian.Uint32(p.Payload) == 0 {
				continue // IKE, and what leaked
			}
			assert.Len(t, p.Payload, c.suite.Payload(28+c.pings[i/2%len(c.pings)]), "%s: packet %d", name, f.Number)
			i++
			checked++
		}
		require.NoError(t, r.Err())
		file.Close()
	}
	assert.Equal(t, 132, sha1.Payload(84), "the blog's")
	assert.GreaterOrEqual(t, checked, 250)
	lab.Bar(t, "esp-sizes", "%d packets, 0 differences", checked)
}

// wire makes a capture packet by packet.
type wire struct {
	*capturetest.PCAP

	at  time.Time
	seq [2]uint32
}

func newWire() *wire { return &wire{PCAP: capturetest.NewPCAP(1), at: begin} }

// frame adds a datagram between two hosts of a segment, d later.
func (w *wire) frame(d time.Duration, from, to byte, ip []byte) {
	w.at = w.at.Add(d)
	b := capturetest.Ethernet(ip)
	b[5], b[11] = to, from
	w.Frame(w.at, b)
}

// Hosts of the segment, by the last byte of their Ethernet address.
const (
	gateway, router, host = 1, 2, 3
	ms                    = time.Millisecond
)

var west, east = netip.MustParseAddrPort("198.51.100.1:4500"), netip.MustParseAddrPort("198.51.100.2:4500")

// esp adds ESP in UDP that holds a packet of that size, from the west or back.
func (w *wire) esp(d time.Duration, inner int, back bool) {
	p := capturetest.Packet{Src: west, Dst: east}
	way, from, to := 0, byte(gateway), byte(router)
	if back {
		p.Src, p.Dst, way, from, to = east, west, 1, router, gateway
	}
	w.seq[way]++
	p.Payload = make([]byte, suite.ESP{IV: 16, Block: 16, ICV: 12}.Payload(inner))
	binary.BigEndian.PutUint32(p.Payload, uint32(0x71e9743c+way))
	binary.BigEndian.PutUint32(p.Payload[4:], w.seq[way])
	w.frame(d, from, to, p.IP())
}

// inner is a packet of 84 bytes between the networks, as ping sends it.
func inner(back bool) []byte {
	p := capturetest.Packet{Src: netip.MustParseAddrPort("172.31.17.235:0"), Dst: netip.MustParseAddrPort("10.0.207.203:0"), Proto: 1, Payload: make([]byte, 64)}
	p.Payload[0] = 8
	if back {
		p.Src, p.Dst = p.Dst, p.Src
	}
	return p.IP()
}

// both adds ESP in both directions and a stranger's packet.
func (w *wire) both() {
	w.esp(100*ms, 84, false)
	w.esp(ms, 84, true)
	w.frame(ms, host, router, capturetest.Packet{Src: netip.MustParseAddrPort("192.0.2.9:5"), Dst: netip.MustParseAddrPort("192.0.2.10:6")}.IP())
}

func TestWhereAPacketInClearWas(t *testing.T) {
	for name, c := range map[string]struct {
		make    func(w *wire)
		verdict esp.Verdict
		leaks   uint64
	}{
		"nothing in clear":       {func(w *wire) { w.both() }, esp.Encrypted, 0},
		"one packet between ESP": {func(w *wire) { w.both(); w.frame(50*ms, gateway, router, inner(false)); w.both() }, esp.Leaked, 1},
		"an arriving packet, which the kernel shows twice": {func(w *wire) {
			for range 5 {
				w.both()
				w.esp(20*ms, 84, true)
				w.frame(0, router, gateway, inner(true))
			}
		}, esp.Encrypted, 0},
		"a gateway with one interface": {func(w *wire) {
			for range 5 {
				w.frame(20*ms, host, gateway, inner(false))
				w.both()
			}
		}, esp.Encrypted, 0},
		"a gateway with one interface, whose daemon died": {func(w *wire) {
			w.both()
			for range 5 {
				w.frame(20*ms, host, gateway, inner(false))
				w.frame(0, gateway, router, inner(false))
			}
		}, esp.Leaked, 5},
		"the answers come as ESP, the questions go in clear": {func(w *wire) {
			w.both()
			for range 20 {
				w.frame(100*ms, gateway, router, inner(false))
				w.esp(ms, 84, true)
			}
		}, esp.Leaked, 20},
		"a leak just after much ESP": {func(w *wire) {
			for range 100 {
				w.esp(ms, 84, false)
				w.esp(ms, 84, true)
			}
			for range 10 {
				w.frame(ms, gateway, router, inner(false))
			}
		}, esp.Leaked, 10},
		"one direction only": {func(w *wire) { w.esp(0, 84, false); w.esp(ms, 84, false) }, esp.Unknown, 0},
		"no ESP, all clear":  {func(w *wire) { w.frame(0, gateway, router, inner(false)) }, esp.Unknown, 0},
		"nothing":            {func(*wire) {}, esp.Unknown, 0},
		"gateways only":      {func(w *wire) { w.esp(0, 84, false); w.esp(ms, 84, true) }, esp.Unknown, 0},
		"other networks": {func(w *wire) {
			w.both()
			w.frame(ms, gateway, router, capturetest.Packet{Src: netip.MustParseAddrPort("172.31.17.235:5"), Dst: netip.MustParseAddrPort("192.0.2.10:6")}.IP())
		}, esp.Encrypted, 0},
	} {
		w := newWire()
		c.make(w)
		p, err := esp.ReadCapture(t.Context(), w, blog(false))
		require.NoError(t, err, name)
		assert.Equal(t, c.verdict, p.Verdict, "%s: %s", name, p)
		assert.Equal(t, c.leaks, p.Leaks(), "%s: %s", name, p)
	}
}

// On a TUN device, or on interface any without the interfaces' names, inside and
// outside cannot be told apart.
func TestPlacesThatHideIt(t *testing.T) {
	tun := capturetest.NewPCAP(101)
	tun.Frame(begin, inner(false))
	tun.Frame(begin, inner(true))
	p, err := esp.ReadCapture(t.Context(), tun, blog(true))
	require.NoError(t, err)
	assert.Equal(t, esp.Unknown, p.Verdict)
	assert.Equal(t, uint64(2), p.Clear[0].Packets+p.Clear[1].Packets)

	cooked := func(device byte, kind byte, ip []byte) []byte {
		return append([]byte{8, 0, 0, 0, 0, 0, 0, device, 0, 1, kind, 6, 2, 0, 0, 0, 0, 1, 0, 0}, ip...)
	}
	encrypted := func(src, dst netip.AddrPort) []byte {
		b := make([]byte, 132)
		b[0], b[7] = 1, 1
		return capturetest.Packet{Src: src, Dst: dst, Payload: b}.IP()
	}
	for device, want := range map[byte]esp.Verdict{2: esp.Leaked, 3: esp.Encrypted} {
		sll2 := capturetest.NewPCAP(276)
		sll2.Frame(begin, cooked(2, 4, encrypted(west, east)))
		sll2.Frame(begin, cooked(2, 0, encrypted(east, west)))
		sll2.Frame(begin.Add(time.Second), cooked(device, 4, inner(false)))
		p, err = esp.ReadCapture(t.Context(), sll2, blog(true))
		require.NoError(t, err)
		assert.Equal(t, want, p.Verdict, "interface %d: %s", device, p)
	}
	sll := capturetest.NewPCAP(113)
	sll.Frame(begin, append([]byte{0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0}, encrypted(west, east)...))
	sll.Frame(begin, append([]byte{0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0}, encrypted(east, west)...))
	sll.Frame(begin.Add(time.Second), append([]byte{0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0}, inner(false)...))
	p, err = esp.ReadCapture(t.Context(), sll, blog(true))
	require.NoError(t, err)
	assert.Equal(t, esp.Unknown, p.Verdict, "%s", p)
}

func TestSequenceNumbers(t *testing.T) {
	w := newWire()
	for _, n := range []uint32{10, 11, 13, 12, 15, 15, 200, 199, 201, 9} {
		w.seq[0] = n - 1
		w.esp(ms, 84, false)
	}
	p, err := esp.ReadCapture(t.Context(), w, blog(true))
	require.NoError(t, err)
	require.Len(t, p.SAs, 1)
	s := p.SAs[0]
	assert.Equal(t, []uint64{9, 201, 1, 193 - 9}, []uint64{uint64(s.FromSeq), uint64(s.ToSeq), s.Again, s.Missing})
}

func TestContract(t *testing.T) {
	make := func(tunnel esp.Tunnel, f func(w *wire)) *esp.Proof {
		w := newWire()
		f(w)
		p, err := esp.ReadCapture(t.Context(), w, tunnel)
		require.NoError(t, err)
		return p
	}
	leak := make(blog(false), func(w *wire) { w.both(); w.frame(50*ms, gateway, router, inner(false)) })
	good := make(blog(false), func(w *wire) { w.both() })
	cut, err := esp.ReadCapture(t.Context(), strings.NewReader(capturetest.NewPCAP(1).String()+"x"), blog(true))
	require.ErrorIs(t, err, esp.ErrTruncated)
	_, err = esp.ReadCapture(t.Context(), strings.NewReader("what?"), blog(true))
	require.ErrorIs(t, err, esp.ErrNotCapture)
	contract.Check(t, contract.Package{
		Prefix:    "ipsec_",
		Sentinels: []error{esp.ErrNotCapture, esp.ErrTruncated, esp.ErrDamaged},
		Results:   map[string]opskit.Result{"leak": leak, "encrypted": good, "cut": cut, "nothing": make(esp.Tunnel{}, func(*wire) {})},
	})
	assert.Equal(t, opskit.Problem, leak.Level())
	assert.Equal(t, opskit.OK, good.Level())
}

func ExampleReadCapture() {
	w := newWire()
	w.both()
	w.frame(50*ms, gateway, router, inner(false)) // the daemon has died
	proof, err := esp.ReadCapture(context.Background(), w, blog(false))
	fmt.Println(proof, err)
	// Output:
	// leaked: 1 packets in clear between the tunnel's networks, 2 of ESP
	//   172.31.17.235 > 10.0.207.203 icmp: 1 packets from 2015-11-25T22:52:38.152Z to 2015-11-25T22:52:38.152Z, in clear outside, after the last ESP of that direction at 2015-11-25T22:52:38.100Z
	//   SPI 71e9743c 198.51.100.1 > 198.51.100.2: 1 packets, sequence 1 to 1, 0 missing
	//   SPI 71e9743d 198.51.100.2 > 198.51.100.1: 1 packets, sequence 1 to 1, 0 missing
	//   next: ip route add blackhole NETWORK metric 4294967295 at the leaking gateway, for each network of the other end
	// not checked: nothing more <nil>
}

func FuzzReadCapture(f *testing.F) {
	w := newWire()
	w.both()
	w.frame(50*ms, gateway, router, inner(false))
	f.Add(bytes.Clone(w.Bytes()))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, _ := esp.ReadCapture(t.Context(), bytes.NewReader(raw), blog(false))
		_ = p.String()
		level := p.Level()
		require.Equal(t, level, p.Judge())
	})
}

func TestJSONIsStable(t *testing.T) {
	text, err := json.MarshalIndent(golden(t), "", "  ")
	require.NoError(t, err)
	golden := filepath.Join("testdata", "proof.golden.json")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, append(text, '\n'), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(text)+"\n")
}

func golden(t *testing.T) *esp.Proof {
	t.Helper()
	w := newWire()
	w.both()
	w.frame(50*ms, gateway, router, inner(false))
	p, err := esp.ReadCapture(t.Context(), w, blog(false))
	require.NoError(t, err)
	return p
}
