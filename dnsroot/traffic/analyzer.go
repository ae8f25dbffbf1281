package traffic

import (
	"context"
	"encoding/json"
	"io"
	"net/netip"
	"slices"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/capture"
)

// Analyzer takes in captures, or messages one by one, and says what they were:
// see Report. The zero value is ready. It holds at most about 40 MB, however
// much it takes in, and is not safe for concurrent use: several captures are read
// by an Analyzer each and put together by Merge.
type Analyzer struct {
	// Ports are those of the DNS servers; none means 53. Parts that are merged
	// were read with the same.
	Ports []uint16

	state state
	last  last
}

// last is what the next message most likely has in common with the one before.
type last struct {
	second       int64
	bin          *bin
	epoch        *epoch
	name, server run
	folded       [272]byte
	ahead        stream // of which the next message's length came ahead
	length       int
}

// run is a key that comes many times on end, and is counted once.
type run struct {
	raw     []byte // as it came
	hash, n uint64
	text    []byte
}

// again counts the key, if it is still the same.
func (r *run) again(raw []byte) bool {
	if string(raw) != string(r.raw) {
		return false
	}
	r.n++
	return true
}

// next counts another key, which differs from the last one perhaps by no more than
// the case of its letters.
func (r *run) next(raw []byte, hash uint64, text []byte, tables ...*table) {
	if hash != r.hash {
		r.flush(tables...)
		r.hash, r.text = hash, append(r.text[:0], text...)
	}
	r.raw = append(r.raw[:0], raw...)
	r.n++
}

func (r *run) flush(tables ...*table) {
	for _, t := range tables {
		if r.n > 0 {
			t.add(r.hash, r.n, r.text)
		}
	}
	r.n = 0
}

// stream is one direction of a connection of TCP.
type stream struct {
	src, dst         [16]byte
	srcPort, dstPort uint16
}

// Message is one DNS message as it was sent.
type Message struct {
	Time    time.Time      // when it was seen
	Src     netip.AddrPort // who sent it
	Dst     netip.AddrPort // to whom
	TCP     bool           // over TCP, without the two bytes of length
	Payload []byte         // in wire format; not kept
}

// ReadCapture takes in a capture: pcap or pcapng, also compressed by gzip, from a
// file or from standard input while it is written. Of one that is damaged or cut
// off, what was read counts, the Report says so, and the error matches ErrDamaged
// or ErrTruncated; ErrNotCapture if nothing could be read at all. It returns
// early, with ctx's error, when ctx is done.
func (a *Analyzer) ReadCapture(ctx context.Context, src io.Reader) error {
	a.prepare()
	errs := capture.Errors{NotCapture: ErrNotCapture, Truncated: ErrTruncated, Damaged: ErrDamaged}
	frames, err := capture.Read(ctx, src, errs, a.state.Skipped, func(f *capture.Frame, p *capture.Packet) capture.Reason {
		return a.packet(p, f.Time)
	})
	a.state.Frames += frames
	if frames > 0 && err != nil && ctx.Err() == nil {
		text, _ := json.Marshal(opskit.Fail(err))
		a.state.Broken = append(a.state.Broken, text)
	}
	return err
}

// Observe takes in one message, from wherever the caller has it.
func (a *Analyzer) Observe(m *Message) {
	a.prepare()
	a.state.Frames++
	src, dst := m.Src.Addr().Unmap(), m.Dst.Addr().Unmap()
	p := capture.Packet{Proto: capture.UDP, V6: src.Is6(), SrcPort: m.Src.Port(), DstPort: m.Dst.Port(), Payload: m.Payload, Length: len(m.Payload) + 28}
	if m.TCP {
		p.Proto = capture.TCP
	}
	copy(p.Src[:], src.AsSlice())
	copy(p.Dst[:], dst.AsSlice())
	if why := a.message(&p, m.Time.UnixNano(), m.Payload); why != "" {
		a.state.Skipped[string(why)]++
	}
}

func (a *Analyzer) prepare() {
	if a.state.Epochs == nil {
		a.state = newState()
	}
}

// serves tells the ports of servers.
func (a *Analyzer) serves(port uint16) bool {
	if len(a.Ports) == 0 {
		return port == 53
	}
	return slices.Contains(a.Ports, port)
}

// packet takes in a datagram, and says why not.
func (a *Analyzer) packet(p *capture.Packet, at int64) (why capture.Reason) {
	switch p.Proto {
	case capture.UDP:
		return a.message(p, at, p.Payload)
	case capture.TCP:
		// A message that fills its segment, as queries and most answers do. What is
		// spread over several is counted as skipped: streams are not put together.
		if !a.serves(p.SrcPort) && !a.serves(p.DstPort) {
			return "not_dns"
		}
		on := stream{p.Src, p.Dst, p.SrcPort, p.DstPort}
		switch b := p.Payload; {
		case len(b) == 0:
			return "tcp_control"
		case len(b) == 2: // the length, sent ahead
			a.last.ahead, a.last.length = on, int(b[0])<<8|int(b[1])
			return "tcp_control"
		case len(b) == a.last.length && a.last.ahead == on:
			a.last.length = 0
			return a.message(p, at, b)
		case len(b) > 2 && int(b[0])<<8|int(b[1]) == len(b)-2:
			return a.message(p, at, b[2:])
		}
		return "tcp_stream"
	}
	return "not_dns"
}

// message takes in a DNS message. This is the hot path.
func (a *Analyzer) message(p *capture.Packet, at int64, b []byte) (why capture.Reason) {
	toServer, fromServer := a.serves(p.DstPort), a.serves(p.SrcPort)
	if !toServer && !fromServer {
		return "not_dns"
	}
	if len(b) < 12 {
		return "short_message"
	}
	answer := b[2]&0x80 != 0
	if answer && !fromServer || !answer && !toServer {
		return "wrong_direction"
	}
	if at == capture.NoTime {
		return "no_time"
	}
	if second := at / 1e9; second != a.last.second || a.last.bin == nil {
		if !a.turn(second) {
			return "too_many_seconds"
		}
	}
	if answer {
		a.answer(p, b)
		return ""
	}
	if b[4] != 0 || b[5] != 1 {
		return "not_one_question"
	}
	end := 12
	for end < len(b) && end <= 12+254 && 0 < b[end] && b[end] < 64 {
		end += 1 + int(b[end])
	}
	switch {
	case end > 12+254 || end < len(b) && b[end] > 63:
		return "bad_name"
	case end+5 > len(b) && p.Missing > 0:
		return "cut_short"
	case end+5 > len(b):
		return "bad_name"
	}
	end++
	a.query(p, b[12:end], int(b[end])<<8|int(b[end+1]))
	return ""
}

func (a *Analyzer) query(p *capture.Packet, name []byte, typ int) {
	l, e := &a.last, a.last.epoch
	l.bin.Queries++
	e.N[queries]++
	e.N[queryBytes] += uint64(p.Length)
	e.N[types+min(typ, 256)]++
	if p.V6 {
		e.N[overIPv6]++
	} else {
		e.N[octets+int(p.Src[0])]++
	}
	source := mix(sourceKey(&p.Src, p.V6))
	a.state.Sources.add(source, 1, nil)
	e.Sources.add(source, 1, nil)
	if n := e.N[queries]; n <= exactly {
		e.Talkers.add(source, 1, nil)
	} else if n*0x9e3779b97f4a7c15 < 1<<64/oneIn {
		e.Talkers.add(source, oneIn, nil)
	}
	a.server(&p.Dst, p.V6)
	if !l.name.again(name) {
		l.name.next(name, foldName(name, l.folded[:]), l.folded[:len(name)], &e.Top, &e.Names)
	}
}

// Of the queries of an epoch, all count for who talks most up to exactly, and from
// there one in oneIn, by a sequence that no rhythm of the sources can follow: nobody
// who matters needs more, and it is what costs most.
const (
	exactly = 1 << 15
	oneIn   = 16
)

func (a *Analyzer) answer(p *capture.Packet, b []byte) {
	e := a.last.epoch
	a.last.bin.Answers++
	e.N[answers]++
	e.N[answerBytes] += uint64(p.Length)
	e.N[rcodes+int(b[3]&15)]++
	a.server(&p.Src, p.V6)
	e.Clients.add(mix(sourceKey(&p.Dst, p.V6)), 1, nil)
}

// server counts whom a query went to or an answer came from.
func (a *Analyzer) server(addr *[16]byte, v6 bool) {
	text := addr[:]
	if !v6 {
		text = addr[:4]
	}
	if r := &a.last.server; !r.again(text) {
		r.next(text, hashAddr(text), text, &a.last.epoch.Servers)
	}
}

// turn goes over to another second.
func (a *Analyzer) turn(second int64) bool {
	c := a.state.chunk(second >> 8)
	if c == nil {
		return false
	}
	a.flush()
	l := &a.last
	l.epoch = a.state.epoch(second)
	l.second, l.bin = second, &c[second&255]
	return true
}

// flush counts what was put off.
func (a *Analyzer) flush() {
	a.prepare()
	if e := a.last.epoch; e != nil {
		a.last.name.flush(&e.Top, &e.Names)
		a.last.server.flush(&e.Servers)
	}
}
