package capture

import (
	"encoding/binary"
	"math/bits"
)

// The magic numbers of classic pcap, as their writer's byte order has them.
const (
	magicMicro = 0xa1b2c3d4
	magicNano  = 0xa1b23c4d
	magicLong  = 0xa1b2cd34 // of a patched libpcap: eight bytes more for each record
)

// classic reads the head of a file of classic pcap.
func (r *Reader) classic() bool {
	r.order = binary.LittleEndian
	magic := binary.LittleEndian.Uint32(r.buf)
	if b := r.buf[0]; b == 0xa1 {
		magic, r.order, r.big = binary.BigEndian.Uint32(r.buf), binary.BigEndian, true
	}
	r.header, r.unit = 16, 1000
	switch magic {
	case magicMicro:
	case magicNano:
		r.unit = 1
	case magicLong:
		r.header = 24
	default:
		return r.none()
	}
	if !r.have(24) {
		return r.fail(r.errs.Truncated, ": in the file's head")
	}
	if r.order.Uint16(r.buf[4:]) != 2 {
		return r.fail(r.errs.NotCapture, ": a version of pcap that nobody wrote")
	}
	r.old = r.order.Uint16(r.buf[6:]) <= 3
	r.link = uint16(r.order.Uint32(r.buf[20:])) // above stands the length of the frame check sequence
	r.head = 24
	return true
}

func (r *Reader) nextRecord(f *Frame) bool {
	if r.tail-r.head < r.header && !r.have(r.header) {
		return r.short()
	}
	h := r.buf[r.head : r.head+16 : r.head+16]
	sec, frac := binary.LittleEndian.Uint32(h), binary.LittleEndian.Uint32(h[4:])
	captured, length := binary.LittleEndian.Uint32(h[8:]), binary.LittleEndian.Uint32(h[12:])
	if r.big {
		sec, frac = bits.ReverseBytes32(sec), bits.ReverseBytes32(frac)
		captured, length = bits.ReverseBytes32(captured), bits.ReverseBytes32(length)
	}
	if r.old && captured > length {
		captured, length = length, captured
	}
	if captured > maxFrame {
		return r.fail(r.errs.Damaged, ": a packet of %d bytes", captured)
	}
	size := r.header + int(captured)
	if r.tail-r.head < size && !r.have(size) {
		return r.short()
	}
	r.frames++
	f.Number = r.frames
	f.Time = int64(sec)*1e9 + int64(frac)*r.unit
	f.Data = r.buf[r.head+r.header : r.head+size]
	f.Length = int(length)
	f.Link = r.link
	r.head += size
	return true
}
