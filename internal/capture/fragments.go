package capture

import (
	"bytes"
	"slices"
)

const (
	// maxDatagrams is how many datagrams may wait for their parts: where more do, the
	// oldest is given up, and its parts stay counted as fragments.
	maxDatagrams = 64
	// patience is how long a datagram waits for its parts (RFC 8200, section 4.5).
	patience = int64(60e9)
)

// fragment is what the parts of one datagram have in common.
type fragment struct {
	src, dst [16]byte
	v6       bool
	proto    uint8
	id       uint32
}

// datagram is one that is being put together.
type datagram struct {
	fragment

	since     int64
	parts     map[int][]byte // by where they begin
	size, end int            // of the parts together, and of the whole: 0 while the last has not come
}

// join keeps a part, and goes on with the whole datagram once all are there. One
// whose parts overlap, as no sender makes them, is dropped, as hosts do (RFC 5722).
func (d *Decoder) join(f *Frame, p *Packet, id uint32, at int, more bool, body []byte) Reason {
	switch {
	case p.Missing > 0:
		return CutShort
	case len(body) == 0 || more && len(body)%8 != 0 || at+len(body) > 1<<16:
		return Malformed
	}
	key := fragment{p.Src, p.Dst, p.V6, p.Proto, id}
	if !p.V6 {
		clear(key.src[4:])
		clear(key.dst[4:])
	}
	d.waiting = slices.DeleteFunc(d.waiting, func(g *datagram) bool { return g.fragment == key && f.Time-g.since > patience })
	i := slices.IndexFunc(d.waiting, func(g *datagram) bool { return g.fragment == key })
	if i < 0 {
		d.waiting = append(d.waiting[max(0, len(d.waiting)-maxDatagrams+1):], &datagram{fragment: key, since: f.Time, parts: map[int][]byte{}})
		i = len(d.waiting) - 1
	}
	g := d.waiting[i]
	if len(g.parts[at]) == len(body) {
		return Fragment // sent, or captured, twice
	}
	g.parts[at] = bytes.Clone(body)
	g.size += len(body)
	if !more {
		g.end = at + len(body)
	}
	if g.size <= 1<<16 && (g.end == 0 || g.size < g.end) {
		return Fragment
	}
	d.waiting = slices.Delete(d.waiting, i, i+1)
	var whole []byte
	for len(g.parts[len(whole)]) > 0 {
		whole = append(whole, g.parts[len(whole)]...)
	}
	if g.size != g.end || len(whole) != g.end {
		return Malformed
	}
	if p.V6 {
		p.Length = 40 + g.end
		return d.extensions(f, p, p.Proto, whole)
	}
	p.Length = 20 + g.end
	return p.transport(whole)
}
