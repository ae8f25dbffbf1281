// Package capturetest writes captures for tests: files of classic pcap and
// pcapng, and the packets in them.
package capturetest

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"time"
)

// Packet describes one datagram.
type Packet struct {
	Src, Dst netip.AddrPort
	Proto    uint8 // 0 is UDP
	Payload  []byte
}

// IP returns the datagram, UDP's and TCP's headers included. Checksums are zero.
func (p Packet) IP() []byte {
	body := p.Payload
	switch p.Proto {
	case 0, 17:
		p.Proto = 17
		head := binary.BigEndian.AppendUint16(nil, p.Src.Port())
		head = binary.BigEndian.AppendUint16(head, p.Dst.Port())
		head = binary.BigEndian.AppendUint16(head, uint16(8+len(body)))
		body = append(append(head, 0, 0), body...)
	case 6:
		head := make([]byte, 20, 20+len(body))
		binary.BigEndian.PutUint16(head, p.Src.Port())
		binary.BigEndian.PutUint16(head[2:], p.Dst.Port())
		head[12] = 5 << 4
		body = append(head, body...)
	}
	src, dst := p.Src.Addr(), p.Dst.Addr()
	if src.Is6() {
		b := []byte{0x60, 0, 0, 0, byte(len(body) >> 8), byte(len(body)), p.Proto, 64}
		return append(append(append(b, src.AsSlice()...), dst.AsSlice()...), body...)
	}
	b := []byte{0x45, 0, byte((20 + len(body)) >> 8), byte(20 + len(body)), 0, 0, 0, 0, 64, p.Proto, 0, 0}
	return append(append(append(b, src.AsSlice()...), dst.AsSlice()...), body...)
}

// Ethernet puts a datagram behind an Ethernet header.
func Ethernet(ip []byte) []byte {
	b := []byte{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0}
	if ip[0]>>4 == 6 {
		b[12], b[13] = 0x86, 0xdd
	}
	return append(b, ip...)
}

// PCAP is a file of classic pcap, little-endian with nanoseconds.
type PCAP struct{ bytes.Buffer }

// NewPCAP begins a file of a link type; 1 is Ethernet.
func NewPCAP(link uint32) *PCAP {
	f := &PCAP{}
	for _, word := range []uint32{0xa1b23c4d, 2 | 4<<16, 0, 0, 65535, link} {
		f.Write(binary.LittleEndian.AppendUint32(nil, word))
	}
	return f
}

// Frame adds a frame.
func (f *PCAP) Frame(at time.Time, data []byte) {
	head := binary.LittleEndian.AppendUint32(make([]byte, 0, 16), uint32(at.Unix()))
	head = binary.LittleEndian.AppendUint32(head, uint32(at.Nanosecond()))
	head = binary.LittleEndian.AppendUint32(head, uint32(len(data)))
	f.Write(binary.LittleEndian.AppendUint32(head, uint32(len(data))))
	f.Write(data)
}

// Question is a query for a name of labels joined by dots, without escapes.
func Question(id uint16, name string, qtype uint16) []byte {
	b := append(binary.BigEndian.AppendUint16(nil, id), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0)
	for label := range bytes.SplitSeq([]byte(name), []byte(".")) {
		if len(label) > 0 {
			b = append(append(b, byte(len(label))), label...)
		}
	}
	return append(binary.BigEndian.AppendUint16(append(b, 0), qtype), 0, 1)
}

// Answer turns a query into its answer: with a response code, and as many bytes
// more as it shall be longer.
func Answer(query []byte, rcode byte, longer int) []byte {
	b := append(bytes.Clone(query), make([]byte, longer)...)
	b[2] |= 0x84
	b[3] = rcode
	return b
}
