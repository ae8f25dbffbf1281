package esp

import (
	"context"
	"encoding/binary"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/capture"
)

// ReadCapture reads a capture to its end, from a file or from standard input
// while it is written, and judges what it shows of the tunnel. Of one that is
// damaged or cut off, the Proof has what was read, and the error matches
// ErrDamaged or ErrTruncated; ErrNotCapture if nothing could be read. The Proof
// is never nil. It returns early, with ctx's error, when ctx is done.
func ReadCapture(ctx context.Context, src io.Reader, t Tunnel) (*Proof, error) {
	l := &look{proof: &Proof{Tunnel: t, Skipped: map[string]uint64{}}, sizes: sizes(), sas: map[spi]*sa{}, flows: map[flow]*Flow{}}
	errs := capture.Errors{NotCapture: ErrNotCapture, Truncated: ErrTruncated, Damaged: ErrDamaged}
	frames, err := capture.Read(ctx, src, errs, l.proof.Skipped, l.one)
	l.proof.Packets = frames
	l.finish()
	if ctx.Err() == nil {
		l.proof.Failure = opskit.Fail(err)
	}
	l.proof.Judge()
	return l.proof, err
}

// look is a capture while it is read.
type look struct {
	proof  *Proof
	frame  *capture.Frame // at hand
	packet *capture.Packet
	sizes  []sized // of all suites
	sas    map[spi]*sa
	order  []*sa
	flows  map[flow]*Flow
	list   []flow
	recent [2][]seen // what was lately seen as ESP, by direction
	wait   [2][]seen // what was lately seen in clear, and has no companion yet
	paths  []path
}

type spi struct {
	src, dst netip.Addr
	spi      uint32
}

// sa is an SA with the last sequence numbers and the sizes that fit.
type sa struct {
	SA

	window uint64 // of the numbers up to ToSeq, the last 64
	unique uint64
	sizes  []sized
	way    int
}

// flow is what the packets of a Flow have in common, and where they were seen.
type flow struct {
	src, dst netip.Addr
	proto    uint8
	port     uint16
	way      int
	on       path
	copied   bool
}

// path is where a frame was seen: the interface, and who sent it there.
type path struct {
	link   uint16
	device uint32
	sender [6]byte
	next   [6]byte
	way    int
}

// seen is a packet lately seen.
type seen struct {
	at   int64
	size int // of ESP's payload, or of the whole packet
	flow flow
}

const (
	beside   = int64(10e6) // ns between a packet and its ESP, on one host
	maxFlows = 4096
)

// one looks at one packet.
func (l *look) one(f *capture.Frame, p *capture.Packet) capture.Reason {
	l.frame, l.packet = f, p
	src, dst := p.Addrs()
	body := p.Payload
	natt := p.Proto == capture.UDP && (p.SrcPort == 4500 || p.DstPort == 4500)
	switch {
	case p.Proto == capture.ESP:
		return l.esp(src, dst, body, false)
	case natt && len(body) == 1 && body[0] == 0xff: // keeps a NAT's binding (RFC 3948)
	case natt && len(body) >= 4 && binary.BigEndian.Uint32(body) == 0,
		p.Proto == capture.UDP && (p.SrcPort == 500 || p.DstPort == 500):
		l.proof.IKE++
	case natt && len(body) >= 8 && binary.BigEndian.Uint32(body) >= 256:
		return l.esp(src, dst, body, true)
	case quotes(p):
		l.proof.Quoted++
	case wraps(p) && (l.gateway(src) || l.gateway(dst)):
		l.proof.Wrapped++
	default:
		l.clear(src, dst)
	}
	return capture.Decoded
}

// quotes tells ICMP errors that quote a packet of ESP.
func quotes(p *capture.Packet) bool {
	b := p.Payload
	if len(b) < 8 || p.Proto != capture.ICMP && p.Proto != capture.ICMPv6 {
		return false
	}
	typ, inner := b[0], b[8:]
	var proto byte
	switch {
	case p.Proto == capture.ICMP && (typ == 3 || typ == 4 || typ == 5 || typ == 11 || typ == 12) && len(inner) >= 20:
		proto, inner = inner[9], inner[min(len(inner), int(inner[0]&15)*4):]
	case p.Proto == capture.ICMPv6 && typ >= 1 && typ <= 4 && len(inner) >= 40:
		proto, inner = inner[6], inner[40:]
	default:
		return false
	}
	return proto == capture.ESP || proto == capture.UDP && len(inner) >= 4 && (binary.BigEndian.Uint16(inner) == 4500 || binary.BigEndian.Uint16(inner[2:]) == 4500)
}

// wraps tells packets that can hold others in clear: IP in IP, GRE, AH, MPLS,
// L2TP, VXLAN, Geneve.
func wraps(p *capture.Packet) bool {
	switch p.Proto {
	case 4, 41, 47, 51, 115, 137:
		return true
	case capture.UDP:
		return p.DstPort == 1701 || p.DstPort == 4789 || p.DstPort == 6081
	}
	return false
}

// path is where the frame at hand was seen.
func (l *look) path(way int) path {
	on := path{link: l.frame.Link, device: l.packet.Device, way: way}
	if on.link == 1 && len(l.frame.Data) >= 12 {
		on.next, on.sender = [6]byte(l.frame.Data), [6]byte(l.frame.Data[6:])
	}
	return on
}

// esp counts a packet of ESP.
func (l *look) esp(src, dst netip.Addr, b []byte, udp bool) capture.Reason {
	if len(b) < 8 {
		return capture.Malformed
	}
	l.proof.ESP++
	key := spi{src, dst, binary.BigEndian.Uint32(b)}
	s := l.sas[key]
	seq, at := binary.BigEndian.Uint32(b[4:]), time.Unix(0, l.frame.Time).UTC()
	if s == nil {
		if len(l.sas) >= maxFlows {
			return capture.Decoded
		}
		way := -1
		switch t := l.proof.Tunnel; {
		case slices.Contains(t.A.Gateways, src) || slices.Contains(t.B.Gateways, dst):
			way = 0
		case slices.Contains(t.B.Gateways, src) || slices.Contains(t.A.Gateways, dst):
			way = 1
		}
		s = &sa{SA: SA{Src: src, Dst: dst, SPI: key.spi, UDP: udp, First: at, FromSeq: seq, ToSeq: seq}, sizes: slices.Clone(l.sizes), way: way}
		l.sas[key] = s
		l.order = append(l.order, s)
	}
	s.Packets++
	s.Last = at
	s.count(seq)
	size := len(b) + l.packet.Missing
	s.sizes = slices.DeleteFunc(s.sizes, func(z sized) bool { return !z.fits(size) })
	on := l.path(s.way)
	if !slices.Contains(l.paths, on) && len(l.paths) < maxFlows {
		l.paths = append(l.paths, on)
	}
	l.late()
	e := seen{at: l.frame.Time, size: size, flow: flow{on: on}}
	ways := []int{0, 1}
	if s.way >= 0 {
		ways = []int{s.way}
	}
	for _, way := range ways {
		if w, ok := take(&l.wait[way], func(w seen) bool { return l.companions(e, w) }); ok {
			w.flow.copied = true
			l.count(w)
			return capture.Decoded
		}
	}
	for _, way := range ways {
		l.recent[way] = append(l.recent[way], e)
	}
	return capture.Decoded
}

// take takes the first that fits from a list.
func take(list *[]seen, fits func(seen) bool) (one seen, ok bool) {
	i := slices.IndexFunc(*list, fits)
	if i < 0 {
		return one, false
	}
	one = (*list)[i]
	*list = slices.Delete(*list, i, i+1)
	return one, true
}

// companions tells whether a packet of ESP and one in clear, of about the same
// time, can be the same. Where the gateways are not named, both were sent by the
// same host to the same.
func (l *look) companions(e, w seen) bool {
	same := e.flow.on.link == 1 && e.flow.on.sender == w.flow.on.sender && e.flow.on.next == w.flow.on.next
	return (e.flow.on.way >= 0 || same) &&
		slices.ContainsFunc(l.sizes, func(z sized) bool { return z.Payload(w.size) == e.size })
}

// count notes a sequence number.
func (s *sa) count(seq uint32) {
	ahead, back := seq-s.ToSeq, s.ToSeq-seq
	switch {
	case s.unique == 0:
		s.window = 0
	case ahead != 0 && ahead < 1<<31:
		s.window <<= min(ahead, 64)
		s.ToSeq, back = seq, 0
	case back < 64 && s.window&(1<<back) != 0:
		s.Again++
		return
	case int32(seq-s.FromSeq) < 0:
		s.FromSeq = seq
	}
	if back < 64 {
		s.window |= 1 << back
	}
	s.unique++
}

// clear looks at a packet that is none of the tunnel's own.
func (l *look) clear(src, dst netip.Addr) {
	t := l.proof.Tunnel
	var way int
	switch {
	case within(t.A.Networks, src) && within(t.B.Networks, dst):
		way = 0
	case within(t.B.Networks, src) && within(t.A.Networks, dst):
		way = 1
	default:
		if !l.gateway(src) && !l.gateway(dst) {
			l.proof.Others++
		}
		return
	}
	p := l.packet
	w := seen{at: l.frame.Time, size: p.Length, flow: flow{src: src, dst: dst, proto: p.Proto, port: p.DstPort, way: way, on: l.path(way)}}
	l.late()
	if _, w.flow.copied = take(&l.recent[way], func(e seen) bool { return l.companions(e, w) }); w.flow.copied {
		l.count(w)
		return
	}
	l.wait[way] = append(l.wait[way], w)
}

func within(nets []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(nets, func(p netip.Prefix) bool { return p.Contains(a) })
}

// gateway tells the ends' own addresses, given or seen with ESP.
func (l *look) gateway(a netip.Addr) bool {
	t := l.proof.Tunnel
	return slices.Contains(t.A.Gateways, a) || slices.Contains(t.B.Gateways, a) ||
		slices.ContainsFunc(l.order, func(s *sa) bool { return s.Src == a || s.Dst == a })
}

// late gives up on companions that would have come by now.
func (l *look) late() {
	now := l.frame.Time
	for way := range l.wait {
		for len(l.wait[way]) > 0 && (now-l.wait[way][0].at > beside || len(l.wait[way]) > maxFlows) {
			l.count(l.wait[way][0])
			l.wait[way] = l.wait[way][1:]
		}
		for len(l.recent[way]) > 0 && (now-l.recent[way][0].at > beside || len(l.recent[way]) > maxFlows) {
			l.recent[way] = l.recent[way][1:]
		}
	}
}

// count adds a packet in clear to its flow.
func (l *look) count(w seen) {
	f := l.flows[w.flow]
	at := time.Unix(0, w.at).UTC()
	if f == nil {
		if len(l.flows) >= maxFlows {
			l.proof.More++
			return
		}
		f = &Flow{Src: w.flow.src, Dst: w.flow.dst, Protocol: protocol(w.flow.proto), Port: w.flow.port, First: at}
		l.flows[w.flow] = f
		l.list = append(l.list, w.flow)
	}
	f.Packets++
	f.Last = at
}

func protocol(n uint8) string {
	switch n {
	case capture.ICMP, capture.ICMPv6:
		return "icmp"
	case capture.TCP:
		return "tcp"
	case capture.UDP:
		return "udp"
	}
	return "protocol " + strconv.Itoa(int(n))
}

// finish says where the packets in clear were, now that it is known where ESP is.
func (l *look) finish() {
	for way := range l.wait {
		for _, w := range l.wait[way] {
			l.count(w)
		}
	}
	var last [2]time.Time
	var esp, copies [2]uint64
	for _, s := range l.order {
		s.Missing = uint64(s.ToSeq-s.FromSeq) + 1 - min(s.unique, uint64(s.ToSeq-s.FromSeq)+1)
		for _, z := range s.sizes {
			s.Suites = append(s.Suites, z.name)
		}
		if s.way < 0 {
			esp[0], esp[1] = esp[0]+s.Packets/2, esp[1]+s.Packets/2
		} else {
			esp[s.way] += s.Packets
			if s.Last.After(last[s.way]) {
				last[s.way] = s.Last
			}
		}
		l.proof.SAs = append(l.proof.SAs, s.SA)
	}
	for _, key := range l.list {
		if key.copied {
			copies[key.way] += l.flows[key].Packets
		}
	}
	for _, key := range l.list {
		f := l.flows[key]
		switch {
		case key.copied && copies[key.way]*5 >= esp[key.way]: // companions of most, not of a few by chance
			f.Place = PlaceCopy
		default:
			f.Place = l.place(key.on)
		}
		if t := last[key.way]; f.Place == PlaceOutside && !t.IsZero() && t.Before(f.First) {
			f.After = t
		}
		l.proof.Clear = append(l.proof.Clear, *f)
	}
}

// place tells by interface and sender on which side of the gateway a packet was.
func (l *look) place(on path) Place {
	here, mine, named := false, false, true
	for _, e := range l.paths {
		if e.link != on.link || e.device != on.device {
			continue
		}
		here = true
		named = named && e.way >= 0
		switch {
		case on.link != 1:
			mine = true
		case e.sender == on.sender && e.next == on.next, e.sender == on.next && e.next == on.sender: // between the same two
			mine = true
		}
	}
	switch {
	case len(l.paths) == 0, on.link == 113, on.link != 1 && !named: // no ESP anywhere, or nobody and nothing named
		return PlaceUnknown
	case !here, !mine:
		return PlaceInside
	}
	return PlaceOutside
}
