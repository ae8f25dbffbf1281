package traffic

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"maps"
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

	frames           uint64
	queries, answers uint64
	skipped          map[string]uint64
	broken           []opskit.Failure
	whole            sample // of all sources, finer than the epochs'
	seconds          map[int64]*chunk
	epochs           map[int64]*epoch
	shift            uint8

	last last
}

// bin is a second: queries and answers in it.
type bin struct{ queries, answers uint32 }

// chunk is what is counted of 256 seconds on end.
type chunk [256]bin

// maxChunks bounds how many seconds can be told apart: 24 days.
const maxChunks = 8192

// last is what the next message most likely has in common with the one before.
type last struct {
	second    int64
	bin       *bin
	epoch     *epoch
	name      []byte       // as it came
	texts     [2][272]byte // folded: the last name, and room for the next
	current   int
	hash      uint64
	size      int
	names     uint64 // not yet counted
	server    [17]byte
	serverSum uint64
	servers   uint64 // not yet counted
	ahead     [36]byte
	length    int // of the message that comes next in the stream ahead
}

// flow is what the segments of one direction of a stream have in common.
func flow(p *capture.Packet) (f [36]byte) {
	copy(f[:], p.Src[:])
	copy(f[16:], p.Dst[:])
	binary.BigEndian.PutUint16(f[32:], p.SrcPort)
	binary.BigEndian.PutUint16(f[34:], p.DstPort)
	return f
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
	r, err := capture.NewReader(src)
	if err != nil {
		return failure(err)
	}
	var f capture.Frame
	var p capture.Packet
	var d capture.Decoder
	ports := a.ports()
	for r.Next(&f) {
		a.frames++
		if a.frames&0xffff == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if why := d.Decode(&f, &p); why != capture.Decoded {
			a.skipped[why.String()]++
			continue
		}
		if why := a.packet(&p, f.Time, ports); why != "" {
			a.skipped[why]++
		}
	}
	if err := r.Err(); err != nil {
		err = failure(err)
		a.broken = append(a.broken, opskit.Fail(err))
		return err
	}
	return nil
}

// failure says in this package's errors why a capture could not be read on.
func failure(err error) error {
	return &opskit.Error{Op: "read capture", Err: capture.Explain(err, ErrNotCapture, ErrTruncated, ErrDamaged)}
}

// Observe takes in one message, from wherever the caller has it.
func (a *Analyzer) Observe(m *Message) {
	a.prepare()
	a.frames++
	src, dst := m.Src.Addr().Unmap(), m.Dst.Addr().Unmap()
	p := capture.Packet{Proto: capture.UDP, V6: src.Is6(), SrcPort: m.Src.Port(), DstPort: m.Dst.Port(), Payload: m.Payload, Length: len(m.Payload) + 28}
	if m.TCP {
		p.Proto = capture.TCP
	}
	copy(p.Src[:], src.AsSlice())
	copy(p.Dst[:], dst.AsSlice())
	if why := a.message(&p, m.Time.UnixNano(), a.ports(), m.Payload); why != "" {
		a.skipped[why]++
	}
}

func (a *Analyzer) prepare() {
	if a.epochs == nil {
		a.skipped, a.seconds, a.epochs = map[string]uint64{}, map[int64]*chunk{}, map[int64]*epoch{}
		a.whole.bound = wholeSources
	}
}

func (a *Analyzer) ports() []uint16 {
	if len(a.Ports) == 0 {
		return []uint16{53}
	}
	return a.Ports
}

// packet takes in a datagram, and says why not.
func (a *Analyzer) packet(p *capture.Packet, at int64, ports []uint16) (why string) {
	switch p.Proto {
	case capture.UDP:
		return a.message(p, at, ports, p.Payload)
	case capture.TCP:
		// A message that fills its segment, as queries and most answers do. What is
		// spread over several is counted as skipped: streams are not put together.
		if !slices.Contains(ports, p.SrcPort) && !slices.Contains(ports, p.DstPort) {
			return "not_dns"
		}
		switch b := p.Payload; {
		case len(b) == 0:
			return "tcp_control"
		case len(b) == 2: // the length, sent ahead
			a.last.ahead, a.last.length = flow(p), int(b[0])<<8|int(b[1])
			return "tcp_control"
		case len(b) == a.last.length && a.last.ahead == flow(p):
			a.last.length = 0
			return a.message(p, at, ports, b)
		case len(b) > 2 && int(b[0])<<8|int(b[1]) == len(b)-2:
			return a.message(p, at, ports, b[2:])
		}
		return "tcp_stream"
	}
	return "not_dns"
}

// message takes in a DNS message. This is the hot path.
func (a *Analyzer) message(p *capture.Packet, at int64, ports []uint16, b []byte) (why string) {
	toServer, fromServer := p.DstPort == ports[0], p.SrcPort == ports[0]
	if len(ports) > 1 {
		toServer, fromServer = slices.Contains(ports, p.DstPort), slices.Contains(ports, p.SrcPort)
	}
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
	for {
		if end >= len(b) || end > 12+254 {
			if p.Cut && end <= 12+254 {
				return "cut_short"
			}
			return "bad_name"
		}
		n := int(b[end])
		end++
		if n == 0 {
			break
		}
		if n > 63 {
			return "bad_name"
		}
		end += n
	}
	if end+4 > len(b) {
		if p.Cut {
			return "cut_short"
		}
		return "bad_name"
	}
	a.query(p, b[12:end], int(b[end])<<8|int(b[end+1]))
	return ""
}

func (a *Analyzer) query(p *capture.Packet, name []byte, typ int) {
	a.queries++
	a.last.bin.queries++
	e := a.last.epoch
	e.queries++
	e.queryBytes += uint64(p.Length)
	e.types[min(typ, 256)]++
	if p.V6 {
		e.v6++
	} else {
		e.octets[p.Src[0]]++
	}
	if p.Proto == capture.TCP {
		e.tcp++
	}
	source := mix(sourceKey(&p.Src, p.V6))
	if a.whole.takes(source) {
		a.whole.add(source, 1, nil)
	}
	if e.sources.takes(source) {
		e.sources.add(source, 1, nil)
	}
	if e.queries <= exactly {
		e.talkers.add(source, 1, nil)
	} else if e.queries*0x9e3779b97f4a7c15 < 1<<64/oneIn {
		e.talkers.add(source, oneIn, nil)
	}
	a.server(&p.Dst, p.V6)
	if string(name) == string(a.last.name) {
		a.last.names++
		return
	}
	a.name(name)
}

// name counts a name that is not, byte for byte, the last one.
func (a *Analyzer) name(name []byte) {
	l := &a.last
	hash := foldName(name, l.texts[1-l.current][:])
	if hash != l.hash || l.names == 0 {
		a.flushName()
		l.hash, l.size, l.current = hash, len(name), 1-l.current
	}
	l.name = append(l.name[:0], name...)
	l.names++
}

func (a *Analyzer) flushName() {
	l := &a.last
	if l.names > 0 {
		text := l.texts[l.current][:l.size]
		l.epoch.top.add(l.hash, l.names, text)
		if l.epoch.names.takes(l.hash) {
			l.epoch.names.add(l.hash, l.names, text)
		}
	}
	l.names = 0
	l.name = l.name[:0]
}

// Of the queries of an epoch, all count for who talks most up to exactly, and from
// there one in oneIn, by a sequence that no rhythm of the sources can follow: nobody
// who matters needs more, and it is what costs most.
const (
	exactly = 1 << 16
	oneIn   = 8
)

// server counts whom a query went to or an answer came from.
func (a *Analyzer) server(addr *[16]byte, v6 bool) {
	l := &a.last
	if l.servers > 0 {
		if v6 && l.server[16] == 6 && *addr == [16]byte(l.server[:16]) || !v6 && l.server[16] == 4 && [4]byte(addr[:4]) == [4]byte(l.server[:4]) {
			l.servers++
			return
		}
	}
	a.flushServer()
	copy(l.server[:], addr[:])
	l.server[16] = 4
	if v6 {
		l.server[16] = 6
	} else {
		clear(l.server[4:16])
	}
	l.serverSum = foldAddr(&l.server)
	l.servers = 1
}

func (a *Analyzer) flushServer() {
	if l := &a.last; l.servers > 0 {
		l.epoch.servers.add(l.serverSum, l.servers, l.server[:])
		l.servers = 0
	}
}

func (a *Analyzer) answer(p *capture.Packet, b []byte) {
	a.answers++
	a.last.bin.answers++
	e := a.last.epoch
	e.answers++
	e.answerBytes += uint64(p.Length)
	e.rcodes[b[3]&15]++
	a.server(&p.Src, p.V6)
	e.clients.add(mix(sourceKey(&p.Dst, p.V6)), 1, nil)
}

// turn goes over to another second.
func (a *Analyzer) turn(second int64) bool {
	c := a.seconds[second>>8]
	if c == nil {
		if len(a.seconds) >= maxChunks {
			return false
		}
		c = &chunk{}
		a.seconds[second>>8] = c
	}
	l := &a.last
	if l.bin == nil || second>>a.shift != l.second>>a.shift {
		a.flush()
		l.epoch = a.epochs[second>>a.shift]
		if l.epoch == nil {
			l.epoch = newEpoch()
			a.epochs[second>>a.shift] = l.epoch
			a.fit()
			l.epoch = a.epochs[second>>a.shift]
		}
	}
	l.second, l.bin = second, &c[second&255]
	return true
}

// flush counts what was put off.
func (a *Analyzer) flush() {
	if a.last.epoch != nil {
		a.flushName()
		a.flushServer()
	}
}

// fit joins epochs until they are few enough.
func (a *Analyzer) fit() {
	for len(a.epochs) > maxEpochs {
		a.coarsen(a.shift + 1)
	}
}

// coarsen joins epochs to that shift.
func (a *Analyzer) coarsen(shift uint8) {
	if shift <= a.shift {
		return
	}
	joined := make(map[int64]*epoch, maxEpochs)
	for _, key := range slices.Sorted(maps.Keys(a.epochs)) {
		to := key >> (shift - a.shift)
		if joined[to] == nil {
			joined[to] = a.epochs[key]
		} else {
			joined[to].merge(a.epochs[key])
		}
	}
	a.epochs, a.shift = joined, shift
}

// Merge adds what another Analyzer took in, which is of no use afterwards. Counts, windows
// and the numbers of sources become what they were if one had taken in everything,
// in whatever order; of the names and addresses that are printed, the bounds add up.
func (a *Analyzer) Merge(b *Analyzer) error {
	if a == b {
		return errors.New("merge: an analyzer with itself")
	}
	a.prepare()
	b.prepare()
	a.flush()
	b.flush()
	a.last, b.last = last{}, last{}
	a.frames += b.frames
	a.queries += b.queries
	a.answers += b.answers
	a.broken = append(a.broken, b.broken...)
	for why, n := range b.skipped {
		a.skipped[why] += n
	}
	a.whole.merge(&b.whole)
	for key, c := range b.seconds {
		mine := a.seconds[key]
		if mine == nil {
			if len(a.seconds) >= maxChunks {
				a.skipped["too_many_seconds"]++
				continue
			}
			mine = &chunk{}
			a.seconds[key] = mine
		}
		for i := range c {
			mine[i].queries += c[i].queries
			mine[i].answers += c[i].answers
		}
	}
	shift := max(a.shift, b.shift)
	a.coarsen(shift)
	b.coarsen(shift)
	for key, e := range b.epochs {
		if a.epochs[key] == nil {
			a.epochs[key] = e
		} else {
			a.epochs[key].merge(e)
		}
	}
	a.fit()
	return nil
}
