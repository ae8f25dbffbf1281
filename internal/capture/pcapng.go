package capture

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// The blocks of pcapng that matter here.
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 2 // obsolete, and still found
	blockSimple    = 3
	blockEnhanced  = 6
)

// face is an interface of a section.
type face struct {
	link   uint16
	snap   uint32
	unit   uint8 // if_tsresol: 10^-n seconds, or 2^-n with the top bit
	offset int64 // if_tsoffset, in seconds
}

// nextBlock reads blocks until one holds a frame.
func (r *Reader) nextBlock(f *Frame) bool {
	for {
		if !r.have(12) {
			return r.short()
		}
		typ := binary.BigEndian.Uint32(r.buf[r.head:])
		if typ == blockSection {
			if !r.section() {
				return false
			}
		}
		if r.order == nil {
			return r.fail(r.errs.Damaged, ": no section begins here")
		}
		typ = r.order.Uint32(r.buf[r.head:])
		size := r.order.Uint32(r.buf[r.head+4:])
		if size < 12 || size%4 != 0 || size > maxBlock {
			return r.fail(r.errs.Damaged, ": a block of %d bytes", size)
		}
		n := int(size)
		if !r.have(n) {
			return r.short()
		}
		if again := r.order.Uint32(r.buf[r.head+n-4:]); again != size {
			return r.fail(r.errs.Damaged, ": a block of %d bytes that ends as one of %d", size, again)
		}
		found, ok := r.body(typ, r.buf[r.head+8:r.head+n-4], f)
		if !ok {
			return r.fail(r.errs.Damaged, ": a block of type %d that does not hold what it must", typ)
		}
		r.head += n
		if found {
			r.frames++
			f.Number = r.frames
			return true
		}
	}
}

// section begins a new section, which has a byte order and interfaces of its own.
func (r *Reader) section() bool {
	switch magic := binary.BigEndian.Uint32(r.buf[r.head+8:]); magic {
	case 0x1a2b3c4d:
		r.order = binary.BigEndian
	case 0x4d3c2b1a:
		r.order = binary.LittleEndian
	default:
		return r.fail(r.errs.Damaged, ": a section of byte order %08x", magic)
	}
	r.faces = r.faces[:0]
	return true
}

// body reads a block's body. found tells that it is a frame's.
func (r *Reader) body(typ uint32, b []byte, f *Frame) (found, ok bool) {
	switch typ {
	case blockSection:
		return false, len(b) >= 16
	case blockInterface:
		if len(b) < 8 || len(r.faces) >= 1<<16 {
			return false, false
		}
		r.faces = append(r.faces, r.face(b))
		return false, true
	case blockEnhanced, blockPacket:
		if len(b) < 20 {
			return false, false
		}
		id := int(r.order.Uint32(b))
		if typ == blockPacket {
			id = int(r.order.Uint16(b))
		}
		captured, length := r.order.Uint32(b[12:]), r.order.Uint32(b[16:])
		if id >= len(r.faces) || captured > maxFrame || int(captured) > len(b)-20 {
			return false, false
		}
		in := &r.faces[id]
		stamp := uint64(r.order.Uint32(b[4:]))<<32 | uint64(r.order.Uint32(b[8:]))
		f.Time, f.Data, f.Length = in.time(stamp), b[20:20+captured], int(length)
		f.Link, f.Interface = in.link, id
		return true, true
	case blockSimple:
		if len(b) < 4 || len(r.faces) == 0 {
			return false, false
		}
		in := &r.faces[0]
		length := r.order.Uint32(b)
		captured := min(length, uint32(len(b)-4))
		if in.snap > 0 {
			captured = min(captured, in.snap)
		}
		if captured > maxFrame {
			return false, false
		}
		f.Time, f.Data, f.Length = NoTime, b[4:4+captured], int(length)
		f.Link, f.Interface = in.link, 0
		return true, true
	}
	return false, true // names, statistics, what others added
}

// face reads the description of an interface.
func (r *Reader) face(b []byte) face {
	in := face{link: r.order.Uint16(b), snap: r.order.Uint32(b[4:]), unit: 6}
	for o := b[8:]; len(o) >= 4; {
		code, n := r.order.Uint16(o), int(r.order.Uint16(o[2:]))
		if code == 0 || n > len(o)-4 {
			break
		}
		switch {
		case code == 9 && n == 1:
			in.unit = o[4]
		case code == 14 && n == 8:
			in.offset = int64(r.order.Uint64(o[4:]))
		}
		o = o[min(len(o), 4+(n+3)&^3):]
	}
	return in
}

// time turns a timestamp in the interface's units into nanoseconds since 1970.
func (in *face) time(stamp uint64) int64 {
	n, per := in.unit&0x7f, uint64(0)
	switch {
	case in.unit&0x80 != 0 && n < 64:
		per = 1 << n
	case in.unit&0x80 == 0 && n < 20:
		per = uint64(math.Pow10(int(n)))
	default:
		return NoTime
	}
	hi, lo := bits.Mul64(stamp%per, 1e9)
	nano, _ := bits.Div64(hi, lo, per)
	sec := stamp / per
	const most = math.MaxInt64/1_000_000_000 - 1
	if sec > most || in.offset > most-int64(sec) || in.offset < -most {
		return NoTime
	}
	return (int64(sec)+in.offset)*1e9 + int64(nano)
}
