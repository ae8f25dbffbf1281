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
func (r *Reader) classic() error {
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
		return &Error{Err: ErrTruncated, Detail: "in the file's head"}
	}
	major, minor := r.order.Uint16(r.buf[4:]), r.order.Uint16(r.buf[6:])
	if major != 2 {
		return &Error{Offset: 4, Err: ErrNotCapture, Detail: "a version of pcap that nobody wrote"}
	}
	// Before version 2.3 the two lengths stood the other way round, in 2.3 by some writers.
	r.swapped = func(captured, length int) bool { return minor < 3 || minor == 3 && captured > length }
	if minor > 3 {
		r.swapped = nil
	}
	r.link = uint16(r.order.Uint32(r.buf[20:])) // above stands the length of the frame check sequence
	r.head = 24
	return nil
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
	if r.swapped != nil && r.swapped(int(captured), int(length)) {
		captured, length = length, captured
	}
	if captured > maxFrame {
		return r.fail(ErrDamaged, "a packet of %d bytes", captured)
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
