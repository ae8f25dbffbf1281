package capture

import "slices"

// maxDatagrams is how many datagrams may wait for their parts: where more do, the
// oldest is given up, and its parts stay counted as fragments.
const maxDatagrams = 64

// patience is how long a datagram waits for its parts (RFC 8200, section 4.5).
const patience = int64(60e9)

// fragment is what the parts of one datagram have in common.
type fragment struct {
	src, dst [16]byte
	v6       bool
	proto    uint8
	id       uint32
}

// datagram is one that is being put together.
type datagram struct {
	since int64
	data  []byte
	have  [][2]int // the ranges of data that are there, in order, not touching
	end   int      // 0 while the last part has not come
}

// join keeps a part, and goes on with the whole datagram once all are there.
func (d *Decoder) join(f *Frame, p *Packet, id uint32, at int, more bool, body []byte) Reason {
	if p.Cut {
		return CutShort
	}
	if len(body) == 0 || more && len(body)%8 != 0 || at+len(body) > 1<<16 {
		return Malformed
	}
	key := fragment{p.Src, p.Dst, p.V6, p.Proto, id}
	if !p.V6 {
		clear(key.src[4:])
		clear(key.dst[4:])
	}
	g := d.parts[key]
	if g == nil || f.Time-g.since > patience {
		g = d.fresh(key, f.Time)
	}
	if end := at + len(body); !more {
		g.end = end
	}
	g.put(at, body)
	if g.end == 0 || len(g.have) != 1 || g.have[0] != [2]int{0, g.end} {
		return Fragment
	}
	d.forget(key)
	if p.V6 {
		p.Length = 40 + g.end
		return d.extensions(f, p, p.Proto, g.data[:g.end])
	}
	p.Length = 20 + g.end
	return p.transport(g.data[:g.end])
}

// fresh begins a datagram, in the memory of the oldest where there are too many.
func (d *Decoder) fresh(key fragment, now int64) *datagram {
	if d.parts == nil {
		d.parts = make(map[fragment]*datagram, maxDatagrams)
	}
	if d.parts[key] != nil {
		d.forget(key)
	}
	if len(d.oldest) >= maxDatagrams {
		d.forget(d.oldest[0])
	}
	g := &datagram{since: now}
	d.parts[key] = g
	d.oldest = append(d.oldest, key)
	return g
}

func (d *Decoder) forget(key fragment) {
	delete(d.parts, key)
	if i := slices.Index(d.oldest, key); i >= 0 {
		d.oldest = slices.Delete(d.oldest, i, i+1)
	}
}

// put keeps a part. Where parts overlap, the first stays, as Linux and Windows
// drop such datagrams and no sender makes them.
func (g *datagram) put(at int, body []byte) {
	end := at + len(body)
	if end > len(g.data) {
		g.data = append(g.data, make([]byte, end-len(g.data))...)
	}
	from := at
	for _, h := range g.have {
		if h[0] > from {
			copy(g.data[from:min(h[0], end)], body[from-at:])
		}
		if from = max(from, h[1]); from >= end {
			break
		}
	}
	if from < end {
		copy(g.data[from:end], body[from-at:])
	}
	g.have = append(g.have, [2]int{at, end})
	slices.SortFunc(g.have, func(a, b [2]int) int { return a[0] - b[0] })
	merged := g.have[:1]
	for _, h := range g.have[1:] {
		if last := &merged[len(merged)-1]; h[0] <= last[1] {
			last[1] = max(last[1], h[1])
		} else {
			merged = append(merged, h)
		}
	}
	g.have = merged
}
