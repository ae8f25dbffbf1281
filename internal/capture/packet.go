package capture

import (
	"encoding/binary"
	"net/netip"
)

// Reason tells why a frame is of no use.
type Reason string

// The reasons.
const (
	Decoded   Reason = ""          // it is of use
	NotIP     Reason = "not_ip"    // ARP, spanning tree and the like
	Link      Reason = "link_type" // one that is not read here
	CutShort  Reason = "cut_short" // the snap length left out a header that is needed
	Malformed Reason = "malformed" // its lengths or versions contradict one another
	Fragment  Reason = "fragment"  // a part of a datagram that was not, or not yet, whole
)

// IP protocol numbers.
const (
	ICMP   = 1
	TCP    = 6
	UDP    = 17
	ESP    = 50
	ICMPv6 = 58
)

// Packet is one datagram.
type Packet struct {
	Src, Dst         [16]byte // an IPv4 address in the first four bytes
	V6               bool
	Proto            uint8 // behind all extension headers
	Missing          int   // bytes at its end that the snap length left out
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
	waiting []*datagram // the oldest first
}

// Link types of tcpdump.org's list.
const (
	linkEthernet = 1
	linkSLL2     = 276
)

// heads is how long the header of each link type is, and where in it an Ethernet
// type stands, -1 where there is none and IP tells itself which version it is.
var heads = map[uint16]struct{ size, typ int }{
	linkEthernet: {14, 12},
	113:          {16, 14}, // SLL
	linkSLL2:     {20, 0},
	0:            {4, -1}, // NULL, and below LOOP, of BSD's loopback
	108:          {4, -1},
	101:          {0, -1}, // RAW, and how some systems wrote it
	12:           {0, -1},
	14:           {0, -1},
	228:          {0, -1}, // IPV4
	229:          {0, -1}, // IPV6
}

// Decode fills p with the datagram of f, or says why there is none.
func (d *Decoder) Decode(f *Frame, p *Packet) Reason {
	b := f.Data
	p.Device = uint32(f.Interface)
	if f.Link == linkEthernet && len(b) > 34 && b[12] == 8 && b[13] == 0 { // what most are
		return d.v4(f, p, b[14:])
	}
	head, ok := heads[f.Link]
	switch {
	case !ok:
		return Link
	case len(b) < head.size:
		return CutShort
	case f.Link == linkSLL2:
		p.Device = binary.BigEndian.Uint32(b[4:])
	}
	typ, rest := -1, b[head.size:]
	if head.typ >= 0 {
		typ = int(binary.BigEndian.Uint16(b[head.typ:]))
	}
	for tags := 0; (typ == 0x8100 || typ == 0x88a8 || typ == 0x9100) && tags < 8; tags++ {
		if len(rest) < 4 {
			return CutShort
		}
		typ, rest = int(binary.BigEndian.Uint16(rest[2:])), rest[4:]
	}
	switch {
	case typ < 0 && len(rest) == 0:
		return CutShort
	case typ == 0x0800, typ < 0 && rest[0]>>4 == 4:
		return d.v4(f, p, rest)
	case typ == 0x86dd, typ < 0 && rest[0]>>4 == 6:
		return d.v6(f, p, rest)
	}
	return NotIP
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
	p.Missing = max(0, total-len(b))
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
	p.V6, p.Length, p.Missing = true, 40+size, max(0, size+40-len(b))
	p.Src, p.Dst = [16]byte(b[8:24]), [16]byte(b[24:40])
	return d.extensions(f, p, b[6], b[40:min(len(b), 40+size)])
}

// extensions walks the extension headers of IPv6, up to what they carry.
func (d *Decoder) extensions(f *Frame, p *Packet, next uint8, body []byte) Reason {
	for range 16 {
		unit := 8 // in which the header tells its length, beyond the first eight bytes
		switch next {
		case 0, 43, 44, 60, 135, 139, 140:
		case 51:
			unit = 4
		default:
			p.Proto = next
			return p.transport(body)
		}
		if len(body) < 8 {
			return p.lacking()
		}
		n := 8 + int(body[1])*unit
		if next == 44 {
			n = 8
			if part := binary.BigEndian.Uint16(body[2:]); part&0xfff9 != 0 {
				p.Proto = body[0]
				return d.join(f, p, binary.BigEndian.Uint32(body[4:]), int(part&0xfff8), part&1 != 0, body[8:])
			}
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
	if p.Missing > 0 {
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
