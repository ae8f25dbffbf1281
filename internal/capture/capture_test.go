package capture_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/capture"
	"github.com/opskit-go/opskit/internal/capture/capturetest"
	"github.com/opskit-go/opskit/internal/lab"
)

var errs = capture.Errors{NotCapture: errors.New("not a capture"), Truncated: errors.New("truncated"), Damaged: errors.New("damaged")}

var begin = time.Unix(1448866200, 123456789)

func query(name string) capturetest.Packet {
	return capturetest.Packet{
		Src: netip.MustParseAddrPort("192.0.2.7:4242"), Dst: netip.MustParseAddrPort("198.41.0.4:53"),
		Payload: capturetest.Question(7, name, 1),
	}
}

// all reads a capture to its end.
func all(t *testing.T, src io.Reader) (frames []capture.Frame, err error) {
	t.Helper()
	r, err := capture.NewReader(src, errs)
	if err != nil {
		return nil, err
	}
	var f capture.Frame
	for r.Next(&f) {
		kept := f
		kept.Data = bytes.Clone(f.Data)
		frames = append(frames, kept)
	}
	return frames, r.Err()
}

// ng writes a pcapng section of one interface with the options, and the blocks.
func ng(order binary.AppendByteOrder, blocks ...[]byte) []byte {
	var out []byte
	for _, b := range blocks {
		for len(b)%4 != 0 {
			b = append(b, 0)
		}
		out = append(out, b[:4]...)
		out = order.AppendUint32(out, uint32(len(b)+8))
		out = append(out, b[4:]...)
		out = order.AppendUint32(out, uint32(len(b)+8))
	}
	return out
}

func sectionHeader(order binary.AppendByteOrder) []byte {
	b := order.AppendUint32(nil, 0x0a0d0d0a)
	b = order.AppendUint32(b, 0x1a2b3c4d)
	b = order.AppendUint16(b, 1)
	b = order.AppendUint16(b, 0)
	return append(b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
}

func description(order binary.AppendByteOrder, link uint16, options ...byte) []byte {
	b := order.AppendUint32(nil, 1)
	b = order.AppendUint16(b, link)
	b = order.AppendUint16(b, 0)
	b = order.AppendUint32(b, 0)
	return append(b, options...)
}

func enhanced(order binary.AppendByteOrder, face uint32, stamp uint64, data []byte) []byte {
	b := order.AppendUint32(nil, 6)
	b = order.AppendUint32(b, face)
	b = order.AppendUint32(b, uint32(stamp>>32))
	b = order.AppendUint32(b, uint32(stamp))
	b = order.AppendUint32(b, uint32(len(data)))
	b = order.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

func TestEveryFormGivesTheSameFrame(t *testing.T) {
	data := capturetest.Ethernet(query("example.org").IP())
	classic := func(order binary.AppendByteOrder, magic, frac uint32, extra int) []byte {
		b := order.AppendUint32(nil, magic)
		b = order.AppendUint16(b, 2)
		b = order.AppendUint16(b, 4)
		b = append(b, make([]byte, 8)...)
		b = order.AppendUint32(b, 65535)
		b = order.AppendUint32(b, 1)
		b = order.AppendUint32(b, uint32(begin.Unix()))
		b = order.AppendUint32(b, frac)
		b = order.AppendUint32(b, uint32(len(data)))
		b = order.AppendUint32(b, uint32(len(data)))
		return append(append(b, make([]byte, extra)...), data...)
	}
	le, be := binary.AppendByteOrder(binary.LittleEndian), binary.AppendByteOrder(binary.BigEndian)
	micro, nano := uint64(begin.UnixMicro()), uint64(begin.UnixNano())
	binary30 := uint64(begin.Unix())<<30 | 1<<29
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, err := z.Write(classic(le, 0xa1b2c3d4, 123456, 0))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	for name, c := range map[string]struct {
		file []byte
		nano int64
	}{
		"microseconds":                 {classic(le, 0xa1b2c3d4, 123456, 0), 123456000},
		"big-endian":                   {classic(be, 0xa1b2c3d4, 123456, 0), 123456000},
		"nanoseconds":                  {classic(le, 0xa1b23c4d, 123456789, 0), 123456789},
		"nanoseconds big":              {classic(be, 0xa1b23c4d, 123456789, 0), 123456789},
		"long records":                 {classic(le, 0xa1b2cd34, 123456, 8), 123456000},
		"gzip":                         {zipped.Bytes(), 123456000},
		"pcapng":                       {ng(le, sectionHeader(le), description(le, 1), enhanced(le, 0, micro, data)), 123456000},
		"pcapng big":                   {ng(be, sectionHeader(be), description(be, 1), enhanced(be, 0, micro, data)), 123456000},
		"pcapng tsresol 9":             {ng(le, sectionHeader(le), description(le, 1, 9, 0, 1, 0, 9, 0, 0, 0), enhanced(le, 0, nano, data)), 123456789},
		"pcapng 2^-30":                 {ng(le, sectionHeader(le), description(le, 1, 9, 0, 1, 0, 0x80|30, 0, 0, 0), enhanced(le, 0, binary30, data)), 5e8},
		"pcapng unknown block between": {ng(le, sectionHeader(le), description(le, 1), append(le.AppendUint32(nil, 0xbad), 1, 2, 3), enhanced(le, 0, micro, data)), 123456000},
		"pcapng two sections":          {append(ng(be, sectionHeader(be), description(be, 101)), ng(le, sectionHeader(le), description(le, 1), enhanced(le, 0, micro, data))...), 123456000},
	} {
		for way, src := range map[string]io.Reader{"whole": bytes.NewReader(c.file), "byte by byte": iotest.OneByteReader(bytes.NewReader(c.file))} {
			frames, err := all(t, src)
			require.NoError(t, err, "%s, %s", name, way)
			require.Len(t, frames, 1, "%s, %s", name, way)
			assert.Equal(t, data, frames[0].Data, "%s, %s", name, way)
			assert.Equal(t, begin.Unix()*1e9+c.nano, frames[0].Time, "%s, %s", name, way)
			assert.Equal(t, uint16(1), frames[0].Link, "%s, %s", name, way)
		}
	}
}

// What was read comes with where it broke off.
func TestBrokenCapturesGiveWhatWasReadAndTheOffset(t *testing.T) {
	data := capturetest.Ethernet(query("example.org").IP())
	f := capturetest.NewPCAP(1)
	f.Frame(begin, data)
	f.Frame(begin, data)
	whole := bytes.Clone(f.Bytes())
	second := int64(24 + 16 + len(data))
	for cut := 24; cut < len(whole); cut++ {
		frames, err := all(t, bytes.NewReader(whole[:cut]))
		if cut == 24 || int64(cut) == second {
			require.NoError(t, err, cut)
			continue
		}
		require.ErrorIs(t, err, errs.Truncated, cut)
		require.ErrorContains(t, err, fmt.Sprintf(" at byte %d: ", map[bool]int64{true: 24, false: second}[int64(cut) < second]), cut)
		assert.Len(t, frames, map[bool]int{true: 0, false: 1}[int64(cut) < second], cut)
	}
	huge := bytes.Clone(whole)
	binary.LittleEndian.PutUint32(huge[second+8:], 1<<30)
	frames, err := all(t, bytes.NewReader(huge))
	require.ErrorIs(t, err, errs.Damaged)
	assert.Len(t, frames, 1)
	assert.ErrorContains(t, err, "at byte "+strconv.FormatInt(second, 10))

	broken := errors.New("the disk is on fire")
	frames, err = all(t, io.MultiReader(bytes.NewReader(whole), iotest.ErrReader(broken)))
	require.ErrorIs(t, err, broken)
	assert.Len(t, frames, 2)
	for _, text := range []string{"", "x", "what is this?", "\xa1\xb2\xc3\xd4", "\x1f\x8bnothing", "\x28\xb5\x2f\xfd0123"} {
		_, err = all(t, strings.NewReader(text))
		require.ErrorContains(t, err, " at byte 0", "%q", text)
	}
	_, err = all(t, strings.NewReader("what is this?"))
	require.ErrorIs(t, err, errs.NotCapture)
	order := binary.AppendByteOrder(binary.LittleEndian)
	for name, blocks := range map[string][]byte{
		"no interface":  ng(order, sectionHeader(order), enhanced(order, 0, 0, data)),
		"other end":     append(ng(order, sectionHeader(order)), 6, 0, 0, 0, 12, 0, 0, 0, 16, 0, 0, 0),
		"odd length":    append(ng(order, sectionHeader(order)), 6, 0, 0, 0, 13, 0, 0, 0, 13, 0, 0, 0),
		"no byte order": ng(order, append(order.AppendUint32(nil, 0x0a0d0d0a), make([]byte, 16)...)),
	} {
		_, err = all(t, bytes.NewReader(blocks))
		require.ErrorIs(t, err, errs.Damaged, name)
	}
}

// decode is what a single frame gives.
func decode(link uint16, data []byte) (capture.Packet, capture.Reason) {
	var d capture.Decoder
	var p capture.Packet
	why := d.Decode(&capture.Frame{Link: link, Data: data}, &p)
	return p, why
}

func TestEveryLinkTypeHoldsTheSameDatagram(t *testing.T) {
	v4 := query("example.org")
	v6 := v4
	v6.Src, v6.Dst = netip.MustParseAddrPort("[2001:db8::7]:4242"), netip.MustParseAddrPort("[2001:503:ba3e::2:30]:53")
	cooked := func(kind byte, typ ...byte) []byte {
		return append([]byte{0, kind, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0}, typ...)
	}
	cooked2 := func(kind byte, typ ...byte) []byte {
		return append(typ, 0, 0, 0, 0, 0, 9, 0, 1, kind, 6, 1, 2, 3, 4, 5, 6, 0, 0)
	}
	for name, c := range map[string]struct {
		link   uint16
		head   []byte
		packet capturetest.Packet
	}{
		"ethernet":    {1, capturetest.Ethernet([]byte{0x45})[:14], v4},
		"ethernet v6": {1, capturetest.Ethernet([]byte{0x60})[:14], v6},
		"vlan":        {1, append(make([]byte, 12), 0x81, 0, 0, 11, 8, 0), v4},
		"qinq":        {1, append(make([]byte, 12), 0x88, 0xa8, 0, 11, 0x81, 0, 0, 12, 0x86, 0xdd), v6},
		"sll in":      {113, cooked(0, 8, 0), v4},
		"sll out":     {113, cooked(4, 0x86, 0xdd), v6},
		"sll2 out":    {276, cooked2(4, 8, 0), v4},
		"raw":         {101, nil, v4},
		"raw v6":      {101, nil, v6},
		"raw bsd":     {12, nil, v4},
		"null":        {0, []byte{2, 0, 0, 0}, v4},
		"loop":        {108, []byte{0, 0, 0, 24}, v6},
	} {
		p, why := decode(c.link, append(bytes.Clone(c.head), c.packet.IP()...))
		require.Equal(t, capture.Decoded, why, name)
		src, dst := p.Addrs()
		assert.Equal(t, c.packet.Src, netip.AddrPortFrom(src, p.SrcPort), name)
		assert.Equal(t, c.packet.Dst, netip.AddrPortFrom(dst, p.DstPort), name)
		assert.Equal(t, c.packet.Payload, p.Payload, name)
		assert.Equal(t, len(c.packet.IP()), p.Length, name)
	}
}

// Trailing padding of short Ethernet frames is not part of the datagram.
func TestPaddingIsNotPayload(t *testing.T) {
	p, why := decode(1, append(capturetest.Ethernet(query("a").IP()), make([]byte, 20)...))
	require.Equal(t, capture.Decoded, why)
	assert.Equal(t, query("a").Payload, p.Payload)
}

func TestExtensionHeadersAreWalked(t *testing.T) {
	inner := query("example.org")
	inner.Src, inner.Dst = netip.MustParseAddrPort("[2001:db8::7]:4242"), netip.MustParseAddrPort("[2001:db8::53]:53")
	ip := inner.IP()
	hop := []byte{60, 0, 1, 4, 0, 0, 0, 0}
	options := []byte{51, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	ah := append([]byte{44, 4}, make([]byte, 22)...)
	atomic := []byte{17, 0, 0, 0, 1, 2, 3, 4}
	chain := bytes.Join([][]byte{hop, options, ah, atomic, ip[40:]}, nil)
	whole := append(bytes.Clone(ip[:40]), chain...)
	whole[6] = 0
	binary.BigEndian.PutUint16(whole[4:], uint16(len(chain)))
	p, why := decode(101, whole)
	require.Equal(t, capture.Decoded, why)
	assert.Equal(t, inner.Payload, p.Payload)

	loop := append(bytes.Clone(ip[:40]), bytes.Repeat([]byte{0, 0, 0, 0, 0, 0, 0, 0}, 40)...)
	loop[6] = 0
	binary.BigEndian.PutUint16(loop[4:], 320)
	_, why = decode(101, loop)
	assert.Equal(t, capture.Malformed, why, "headers without end")
}

func TestWhatIsSkippedIsSkippedForItsReason(t *testing.T) {
	ip := query("example.org").IP()
	edit := func(f func(b []byte)) []byte { b := bytes.Clone(ip); f(b); return b }
	for name, c := range map[string]struct {
		link uint16
		data []byte
		why  capture.Reason
	}{
		"arp":                   {1, append(make([]byte, 12), 8, 6, 0, 1), capture.NotIP},
		"802.3 length":          {1, append(make([]byte, 12), 0, 38, 0x42, 0x42), capture.NotIP},
		"wireless":              {105, ip, capture.Link},
		"empty":                 {1, nil, capture.CutShort},
		"cut in the ip header":  {101, ip[:19], capture.CutShort},
		"cut in the udp header": {101, ip[:27], capture.CutShort},
		"cut in a vlan tag":     {1, append(make([]byte, 12), 0x81, 0, 0), capture.CutShort},
		"version 5":             {101, edit(func(b []byte) { b[0] = 0x55 }), capture.NotIP},
		"header of 16 bytes":    {101, edit(func(b []byte) { b[0] = 0x44 }), capture.Malformed},
		"total below header":    {101, edit(func(b []byte) { b[2], b[3] = 0, 19 }), capture.Malformed},
		"udp length 7":          {101, edit(func(b []byte) { b[24], b[25] = 0, 7 }), capture.Malformed},
		"no room for udp":       {101, edit(func(b []byte) { b[2], b[3] = 0, 24 }), capture.Malformed},
		"tcp offset 4":          {101, edit(func(b []byte) { b[9], b[32] = 6, 0x40 }), capture.Malformed},
		"a later fragment":      {101, edit(func(b []byte) { b[6], b[7] = 0, 9 }), capture.Fragment},
		"a first fragment":      {101, edit(func(b []byte) { b[2], b[3], b[6] = 0, 44, 0x20 }), capture.Fragment},
	} {
		_, why := decode(c.link, c.data)
		assert.Equal(t, c.why, why, name)
	}
	p, why := decode(101, ip[:40])
	assert.Equal(t, capture.Decoded, why, "the headers are whole")
	assert.Equal(t, len(ip)-40, p.Missing)
	p, why = decode(101, edit(func(b []byte) { b[2], b[3] = 0, 0 }))
	assert.Equal(t, capture.Decoded, why, "a length of zero is what segmentation offload leaves")
	assert.Equal(t, query("example.org").Payload, p.Payload)
}

// Fragments in any order, with another datagram's between them, give it whole;
// overlapping ones do no harm.
func TestFragmentsArePutTogether(t *testing.T) {
	one := query(strings.Repeat("long.", 40) + "org")
	six := one
	six.Src, six.Dst = netip.MustParseAddrPort("[2001:db8::7]:4242"), netip.MustParseAddrPort("[2001:db8::53]:53")
	pieces := func(ip []byte, id byte) (parts [][]byte) {
		head := 20
		if ip[0]>>4 == 6 {
			head = 40
		}
		for at := 0; at < len(ip)-head; at += 64 {
			end := min(at+64, len(ip)-head)
			more := byte(0)
			if end < len(ip)-head {
				more = 1
			}
			b := bytes.Clone(ip[:head])
			if head == 20 {
				b[5], b[6], b[7] = id, more<<5, byte(at/8)
				binary.BigEndian.PutUint16(b[2:], uint16(20+end-at))
			} else {
				b[6] = 44
				binary.BigEndian.PutUint16(b[4:], uint16(8+end-at))
				b = append(b, 17, 0, 0, byte(at)|more, 0, 0, 0, id)
			}
			parts = append(parts, append(b, ip[head+at:head+end]...))
		}
		return parts
	}
	var d capture.Decoder
	whole := 0
	a, b, c := pieces(one.IP(), 1), pieces(one.IP(), 2), pieces(six.IP(), 1)
	for i := range a {
		for _, part := range [][]byte{a[i], a[i], b[len(b)-1-i], c[(i+2)%len(c)]} {
			var p capture.Packet
			if d.Decode(&capture.Frame{Link: 101, Data: part}, &p) == capture.Decoded {
				whole++
				assert.Equal(t, one.Payload, p.Payload)
				assert.Equal(t, uint16(53), p.DstPort)
			}
		}
	}
	assert.Equal(t, 3, whole)
	for i := range 1000 { // none of them ever whole: memory stays bounded
		part := bytes.Clone(a[0])
		part[4], part[5] = byte(i>>8), byte(i)
		var p capture.Packet
		assert.Equal(t, capture.Fragment, d.Decode(&capture.Frame{Link: 101, Data: part}, &p))
	}
}

func TestReadingAllocatesNothingForAPacket(t *testing.T) {
	f := capturetest.NewPCAP(1)
	for range 2000 {
		f.Frame(begin, capturetest.Ethernet(query("example.org").IP()))
	}
	r, err := capture.NewReader(bytes.NewReader(f.Bytes()), errs)
	require.NoError(t, err)
	var frame capture.Frame
	var p capture.Packet
	var d capture.Decoder
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		if !r.Next(&frame) || d.Decode(&frame, &p) != capture.Decoded {
			t.Error("no packet")
		}
	}))
}

// Every capture of the corpus: the frames, the addresses, protocols and ports
// that tshark sees, in the same run.
func TestBarCorpusLikeTshark(t *testing.T) {
	lab.Need(t, "program:tshark")
	files, packets := 0, 0
	for _, dir := range []string{"dnsroot/pcap", "ipsec/lab-captures", "ipsec/tcpdump-pcaps", "ipsec/zeek-ipsec"} {
		found, err := filepath.Glob(filepath.Join(lab.Corpus(t, filepath.FromSlash(dir)), "*.pcap*"))
		require.NoError(t, err)
		require.NotEmpty(t, found, dir)
		if lab.Bars() == lab.Small {
			found = found[:1]
		}
		for _, name := range found {
			files++
			packets += sameAsTshark(t, name)
		}
	}
	assert.GreaterOrEqual(t, files, map[bool]int{true: 4, false: 20}[lab.Bars() == lab.Small])
	lab.Bar(t, "capture-like-tshark", "%d packets of %d captures, 0 differences", packets, files)
}

func sameAsTshark(t *testing.T, name string) int {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "tshark", "-r", name, "-T", "fields", "-E", "occurrence=f", "-E", "separator=,", "-e", "frame.number", "-e", "frame.time_epoch", "-e", "frame.len", "-e", "ip.src",
		"-e", "ipv6.src", "-e", "ip.dst", "-e", "ipv6.dst", "-e", "udp.srcport", "-e", "udp.dstport", "-e", "tcp.srcport", "-e", "tcp.dstport").Output()
	require.NoError(t, err, name)
	file, err := os.Open(name)
	require.NoError(t, err)
	defer file.Close()
	r, err := capture.NewReader(file, errs)
	require.NoError(t, err, name)
	var f capture.Frame
	var p capture.Packet
	var d capture.Decoder
	n := 0
	for line := range strings.Lines(string(out)) {
		want := strings.Split(strings.TrimSpace(line), ",")
		require.True(t, r.Next(&f), "%s: frame %s", name, want[0])
		n++
		assert.Equal(t, want[0], strconv.FormatUint(f.Number, 10), name)
		seconds, fraction, _ := strings.Cut(want[1], ".")
		assert.Equal(t, seconds+fraction, fmt.Sprintf("%d%09d", f.Time/1e9, f.Time%1e9), "%s: frame %s", name, want[0])
		assert.Equal(t, want[2], strconv.Itoa(f.Length), "%s: frame %s", name, want[0])
		why := d.Decode(&f, &p)
		if why == capture.Fragment {
			continue // tshark names its addresses; that it is no more than a part is seen in the counts of DNS
		}
		if addr := want[3] + want[4]; addr == "" {
			assert.NotEqual(t, capture.Decoded, why, "%s: frame %s", name, want[0])
			continue
		}
		src, dst := p.Addrs()
		assert.Equal(t, []string{want[3] + want[4], want[5] + want[6]}, []string{src.String(), dst.String()}, "%s: frame %s", name, want[0])
		if p.Proto == capture.UDP || p.Proto == capture.TCP {
			assert.Equal(t, []string{want[7] + want[9], want[8] + want[10]}, []string{strconv.Itoa(int(p.SrcPort)), strconv.Itoa(int(p.DstPort))}, "%s: frame %s", name, want[0])
		}
	}
	assert.False(t, r.Next(&f), "%s: more frames than tshark has", name)
	require.NoError(t, r.Err(), name)
	return n
}

func FuzzReader(f *testing.F) {
	data := capturetest.Ethernet(query("example.org").IP())
	file := capturetest.NewPCAP(1)
	file.Frame(begin, data)
	f.Add(bytes.Clone(file.Bytes()))
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		f.Add(ng(order, sectionHeader(order), description(order, 1, 9, 0, 1, 0, 9, 0, 0, 0), enhanced(order, 0, 1, data)))
		f.Add(ng(order, sectionHeader(order), description(order, 101), append(order.AppendUint32(order.AppendUint32(nil, 3), 40), data...)))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := capture.NewReader(bytes.NewReader(raw), errs)
		if err != nil {
			require.ErrorContains(t, err, " at byte ")
			return
		}
		var frame capture.Frame
		var p capture.Packet
		var d capture.Decoder
		n := uint64(0)
		for r.Next(&frame) {
			n++
			if d.Decode(&frame, &p) == capture.Decoded {
				_, _ = p.Addrs()
				require.LessOrEqual(t, len(p.Payload), len(p.Inner))
			}
		}
		require.Equal(t, n, frame.Number)
		require.LessOrEqual(t, n, uint64(len(raw)))
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(uint16(1), capturetest.Ethernet(query("example.org").IP()), []byte{})
	f.Add(uint16(101), query("a").IP(), query("b").IP())
	f.Fuzz(func(t *testing.T, link uint16, one, two []byte) {
		var d capture.Decoder
		var p capture.Packet
		for _, data := range [][]byte{one, two, one} {
			if d.Decode(&capture.Frame{Link: link, Data: data}, &p) == capture.Decoded {
				require.LessOrEqual(t, len(p.Payload), len(p.Inner))
				require.LessOrEqual(t, len(p.Inner), 1<<16+len(data))
			}
		}
	})
}
