package capture

import (
	"encoding/binary"
	"net/netip"
)

// Reason tells why a frame is of no use.
type Reason uint8

// The reasons.
const (
	Decoded   Reason = iota // it is of use
	NotIP                   // ARP, spanning tree and the like
	Link                    // a link type that is not read here
	CutShort                // the snap length left out a header that is needed
	Malformed               // its lengths or versions contradict one another
	Fragment                // a part of a datagram that was not, or not yet, whole
	Reasons                 // how many there are
)

// String returns the reason in snake_case.
func (r Reason) String() string {
	return [...]string{"decoded", "not_ip", "link_type", "cut_short", "malformed", "fragment", "unknown"}[min(r, Reasons)]
}

// IP protocol numbers.
const (
	ICMP   = 1
	TCP    = 6
	UDP    = 17
	ESP    = 50
	ICMPv6 = 58
)

// Direction is which way a frame went, where its header says so.
type Direction uint8

// The directions.
const (
	Unknown Direction = iota
	Inbound
	Outbound
)

// Packet is one datagram.
type Packet struct {
	Src, Dst         [16]byte // an IPv4 address in the first four bytes
	V6               bool
	Proto            uint8 // behind all extension headers
	Direction        Direction
	Cut              bool // the snap length left out part of Payload
	SrcPort, DstPort uint16
	Payload          []byte // behind the header of UDP or TCP, or of IP; valid until the next frame
	Inner            []byte // behind the header of IP
	Length           int    // of the whole datagram, by its header
	Device           uint32 // the index of the interface, where SLL2 or pcapng has it
}

// Addrs returns the addresses.
func (p *Packet) Addrs() (src, dst netip.Addr) { return Addr(p.Src, p.V6), Addr(p.Dst, p.V6) }

// Addr returns an address of a Packet.
func Addr(b [16]byte, v6 bool) netip.Addr {
	if v6 {
		return netip.AddrFrom16(b)
	}
	return netip.AddrFrom4([4]byte(b[:4]))
}

// Decoder finds datagrams in frames, and remembers fragments. The zero value is
// ready. It is for one capture.
type Decoder struct {
	parts  map[fragment]*datagram
	oldest []fragment
}

// Link types of tcpdump.org's list.
const (
	linkNull     = 0
	linkEthernet = 1
	linkRaw      = 101
	linkLoop     = 108
	linkSLL      = 113
	linkIPv4     = 228
	linkIPv6     = 229
	linkSLL2     = 276
)

// Decode fills p with the datagram of f, or says why there is none.
func (d *Decoder) Decode(f *Frame, p *Packet) Reason {
	b := f.Data
	p.Direction, p.Device = Unknown, uint32(f.Interface)
	if f.Link == linkEthernet {
		if len(b) < 14 {
			return CutShort
		}
		typ := uint16(b[12])<<8 | uint16(b[13])
		if typ == 0x0800 {
			return d.v4(f, p, b[14:])
		}
		return d.ether(f, p, typ, b[14:])
	}
	return d.other(f, p, b)
}

// ether goes on behind an Ethernet type.
func (d *Decoder) ether(f *Frame, p *Packet, typ uint16, b []byte) Reason {
	for tags := 0; (typ == 0x8100 || typ == 0x88a8 || typ == 0x9100) && tags < 8; tags++ {
		if len(b) < 4 {
			return CutShort
		}
		typ, b = uint16(b[2])<<8|uint16(b[3]), b[4:]
	}
	switch typ {
	case 0x0800:
		return d.v4(f, p, b)
	case 0x86dd:
		return d.v6(f, p, b)
	}
	return NotIP
}

// other finds the datagram behind the headers of all link types but Ethernet.
func (d *Decoder) other(f *Frame, p *Packet, b []byte) Reason {
	need := 0
	switch f.Link {
	case linkNull, linkLoop:
		need = 4
	case linkSLL:
		need = 16
	case linkSLL2:
		need = 20
	}
	if len(b) < need {
		return CutShort
	}
	switch f.Link {
	case linkSLL:
		p.Direction = direction(uint16(b[0])<<8 | uint16(b[1]))
		return d.ether(f, p, binary.BigEndian.Uint16(b[14:]), b[16:])
	case linkSLL2:
		p.Direction, p.Device = direction(uint16(b[10])), binary.BigEndian.Uint32(b[4:])
		return d.ether(f, p, binary.BigEndian.Uint16(b), b[20:])
	case linkNull, linkLoop, linkRaw, linkIPv4, linkIPv6, 12, 14: // 12 and 14 are how some systems wrote raw IP
		b = b[need:]
		switch {
		case len(b) == 0:
			return CutShort
		case b[0]>>4 == 4:
			return d.v4(f, p, b)
		case b[0]>>4 == 6:
			return d.v6(f, p, b)
		}
		return NotIP
	}
	return Link
}

// direction is that of the packet types of Linux's cooked headers.
func direction(typ uint16) Direction {
	switch typ {
	case 0, 1, 2:
		return Inbound
	case 4:
		return Outbound
	}
	return Unknown
}

func (d *Decoder) v4(f *Frame, p *Packet, b []byte) Reason {
	if len(b) < 20 {
		return CutShort
	}
	head, total := int(b[0]&15)*4, int(b[2])<<8|int(b[3])
	if b[0]>>4 != 4 || head < 20 || total != 0 && total < head {
		return Malformed
	}
	if len(b) < head {
		return CutShort
	}
	if total == 0 { // left to the card by segmentation offload
		total = len(b)
	}
	p.V6, p.Proto, p.Length = false, b[9], total
	*(*[4]byte)(p.Src[:4]) = [4]byte(b[12:16])
	*(*[4]byte)(p.Dst[:4]) = [4]byte(b[16:20])
	p.Cut = total > len(b)
	part := uint16(b[6])<<8 | uint16(b[7])
	body := b[head:min(total, len(b))]
	if part&0x3fff == 0 {
		return p.transport(body)
	}
	id := uint32(b[4])<<8 | uint32(b[5])
	return d.join(f, p, id, int(part&0x1fff)*8, part&0x2000 != 0, body)
}

func (d *Decoder) v6(f *Frame, p *Packet, b []byte) Reason {
	if len(b) < 40 {
		return CutShort
	}
	if b[0]>>4 != 6 {
		return Malformed
	}
	size := int(b[4])<<8 | int(b[5])
	if size == 0 { // a jumbogram, or left to the card
		size = len(b) - 40
	}
	p.V6, p.Length, p.Cut = true, 40+size, size > len(b)-40
	p.Src, p.Dst = [16]byte(b[8:24]), [16]byte(b[24:40])
	return d.extensions(f, p, b[6], b[40:min(len(b), 40+size)])
}

// extensions walks the extension headers of IPv6, up to what they carry.
func (d *Decoder) extensions(f *Frame, p *Packet, next uint8, body []byte) Reason {
	for range 16 {
		var n int
		switch next {
		case 0, 43, 60, 135, 139, 140:
			if len(body) < 8 {
				return p.lacking()
			}
			n = (int(body[1]) + 1) * 8
		case 51:
			if len(body) < 8 {
				return p.lacking()
			}
			n = (int(body[1]) + 2) * 4
		case 44:
			if len(body) < 8 {
				return p.lacking()
			}
			part := binary.BigEndian.Uint16(body[2:])
			if part&0xfff9 != 0 {
				p.Proto = body[0]
				return d.join(f, p, binary.BigEndian.Uint32(body[4:]), int(part&0xfff8), part&1 != 0, body[8:])
			}
			n = 8
		default:
			p.Proto = next
			return p.transport(body)
		}
		if len(body) < n {
			return p.lacking()
		}
		next, body = body[0], body[n:]
	}
	return Malformed
}

// lacking tells a header that the snap length left out from one that the
// datagram has no room for.
func (p *Packet) lacking() Reason {
	if p.Cut {
		return CutShort
	}
	return Malformed
}

// transport goes on behind the headers of IP.
func (p *Packet) transport(b []byte) Reason {
	p.Inner, p.Payload, p.SrcPort, p.DstPort = b, b, 0, 0
	switch p.Proto {
	case UDP:
		if len(b) < 8 {
			return p.lacking()
		}
		size := int(b[4])<<8 | int(b[5])
		if size < 8 && size != 0 {
			return Malformed
		}
		p.Payload = b[8:]
		if size != 0 && size < len(b) {
			p.Payload = b[8:size]
		}
	case TCP:
		if len(b) < 20 {
			return p.lacking()
		}
		head := int(b[12]>>4) * 4
		if head < 20 {
			return Malformed
		}
		if head > len(b) {
			return p.lacking()
		}
		p.Payload = b[head:]
	default:
		return Decoded
	}
	p.SrcPort, p.DstPort = uint16(b[0])<<8|uint16(b[1]), uint16(b[2])<<8|uint16(b[3])
	return Decoded
}
