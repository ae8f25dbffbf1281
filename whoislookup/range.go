package whoislookup

import (
	"fmt"
	"iter"
	"math/bits"
	"net/netip"
	"strings"
)

// Range is a run of addresses of one family, both ends included. The zero
// value is no range. Registries hand out ranges, which need not be prefixes.
type Range struct {
	From, To netip.Addr // the first address and the last one
}

// IsValid reports whether r has both ends in one family, in order.
func (r Range) IsValid() bool {
	return r.From.IsValid() && r.To.IsValid() && r.From.Is4() == r.To.Is4() && r.From.Compare(r.To) <= 0
}

// Contains reports whether a lies in r. A mapped IPv4 address (::ffff:0:0/96)
// counts as the IPv4 address, zones are ignored.
func (r Range) Contains(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return r.IsValid() && a.IsValid() && a.Is4() == r.From.Is4() && r.From.Compare(a) <= 0 && a.Compare(r.To) <= 0
}

// Covers reports whether all of o lies in r. A range of mapped IPv4 addresses
// counts as one of IPv4.
func (r Range) Covers(o Range) bool {
	if o.From.Is4In6() && o.To.Is4In6() {
		o = Range{From: o.From.Unmap(), To: o.To.Unmap()}
	}
	return r.IsValid() && o.IsValid() && o.From.Is4() == r.From.Is4() && r.From.Compare(o.From) <= 0 && o.To.Compare(r.To) <= 0
}

// smaller reports whether r has fewer addresses than o; both are valid.
func (r Range) smaller(o Range) bool {
	rh, rl := r.size()
	oh, ol := o.size()
	return rh < oh || rh == oh && rl < ol
}

// size returns the number of addresses minus one, as 128 bits.
func (r Range) size() (hi, lo uint64) {
	fh, fl := halves(r.From)
	th, tl := halves(r.To)
	lo, borrow := bits.Sub64(tl, fl, 0)
	hi, _ = bits.Sub64(th, fh, borrow)
	return hi, lo
}

// String returns the prefix if r is one ("138.0.152.0/22"), else "from - to".
func (r Range) String() string {
	if !r.IsValid() {
		return ""
	}
	for p := range r.Prefixes() {
		if last(p) == r.To {
			return p.String()
		}
		break
	}
	return r.From.String() + " - " + r.To.String()
}

// MarshalText writes what String returns.
func (r Range) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText wrote; the empty text is the zero
// Range. Anything else that is no range is an error.
func (r *Range) UnmarshalText(text []byte) error {
	*r = Range{}
	if len(text) == 0 {
		return nil
	}
	got, ok := parseRange(string(text))
	if !ok {
		return fmt.Errorf("parse range %q: %w", text, ErrBadQuery)
	}
	*r = got
	return nil
}

// Prefixes yields the fewest prefixes that make up r exactly, in order. An
// invalid range has none.
func (r Range) Prefixes() iter.Seq[netip.Prefix] {
	return func(yield func(netip.Prefix) bool) {
		if !r.IsValid() {
			return
		}
		from := r.From
		for {
			p := netip.PrefixFrom(from, from.BitLen())
			for p.Bits() > 0 {
				wider, _ := from.Prefix(p.Bits() - 1)
				if wider.Addr() != from || last(wider).Compare(r.To) > 0 {
					break
				}
				p = wider
			}
			if !yield(p) {
				return
			}
			end := last(p)
			if end.Compare(r.To) >= 0 {
				return
			}
			from = end.Next()
		}
	}
}

// prefixes is Prefixes as a slice.
func (r Range) prefixes() []netip.Prefix {
	var list []netip.Prefix
	for p := range r.Prefixes() {
		list = append(list, p)
	}
	return list
}

func halves(a netip.Addr) (hi, lo uint64) {
	b := a.As16()
	for i := range 8 {
		hi = hi<<8 | uint64(b[i])
		lo = lo<<8 | uint64(b[8+i])
	}
	return hi, lo
}

// last returns the last address of a prefix.
func last(p netip.Prefix) netip.Addr {
	a := p.Addr()
	if a.Is4() {
		b := a.As4()
		for i := range b {
			b[i] |= hostBits(p.Bits(), i)
		}
		return netip.AddrFrom4(b)
	}
	b := a.As16()
	for i := range b {
		b[i] |= hostBits(p.Bits(), i)
	}
	return netip.AddrFrom16(b)
}

// hostBits returns the bits of byte i that lie behind the prefix length.
func hostBits(length, i int) byte {
	switch n := length - 8*i; {
	case n >= 8:
		return 0
	case n <= 0:
		return 0xff
	default:
		return 0xff >> n
	}
}

func rangeOf(p netip.Prefix) Range {
	p = p.Masked()
	return Range{p.Addr(), last(p)}
}

// parseRange reads the forms that registries write: "192.0.2.0 - 192.0.2.255",
// "192.0.2.0-192.0.2.255", a prefix, also short ("138.0.152/22") or padded
// with zeros ("2001:0240:010c::/48"), and KRNIC's "a - b (/16+/18)".
func parseRange(s string) (Range, bool) {
	s = strings.TrimSpace(s)
	if i := strings.IndexByte(s, '('); i > 0 {
		s = strings.TrimSpace(s[:i])
	}
	if before, after, ok := strings.Cut(s, "/"); ok {
		if strings.ContainsAny(s, "- ,") {
			return Range{}, false
		}
		p, ok := parsePrefix(before, after)
		if !ok {
			return Range{}, false
		}
		return rangeOf(p), true
	}
	from, to, two := strings.Cut(s, "-")
	a, ok := writtenAddr(strings.TrimSpace(from))
	if !ok {
		return Range{}, false
	}
	if !two {
		return Range{a, a}, true
	}
	b, ok := writtenAddr(strings.TrimSpace(to))
	r := Range{a, b}
	return r, ok && r.IsValid()
}

func parsePrefix(addr, length string) (netip.Prefix, bool) {
	n, ok := parseUint(strings.TrimSpace(length), 128)
	if !ok {
		return netip.Prefix{}, false
	}
	addr = strings.TrimSpace(addr)
	if !strings.Contains(addr, ":") {
		var b [4]byte
		rest, ok := addr, true
		for i := 0; i < 4 && rest != ""; i++ {
			var part string
			var more bool
			part, rest, more = strings.Cut(rest, ".")
			v, good := parseUint(part, 255)
			if !good || more && rest == "" || i == 3 && more {
				ok = false
				break
			}
			b[i] = byte(v)
		}
		if !ok || addr == "" || n > 32 {
			return netip.Prefix{}, false
		}
		return netip.PrefixFrom(netip.AddrFrom4(b), int(n)).Masked(), true
	}
	a, ok := parseAddr(addr)
	if !ok || a.Is4() {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, int(n)).Masked(), true
}

// parseAddr is netip.ParseAddr that also takes decimal octets padded with
// zeros, as ARIN writes them ("074.125.000.000"): they are decimal, never octal.
func parseAddr(s string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(s); err == nil {
		return a, !a.Is4In6() && a.Zone() == ""
	}
	if strings.Count(s, ".") != 3 || strings.Contains(s, ":") {
		return netip.Addr{}, false
	}
	var b [4]byte
	for i := range b {
		part, rest, _ := strings.Cut(s, ".")
		v, ok := parseUint(part, 255)
		if !ok {
			return netip.Addr{}, false
		}
		b[i], s = byte(v), rest
	}
	return netip.AddrFrom4(b), true
}

// writtenAddr is parseAddr for what registries write: "::" also where all eight
// groups are there, so that it stands for none ("2001:db8::0:ffff:..." in the
// examples of RFC 7483), and an IPv4 address mapped into IPv6 as what it is.
func writtenAddr(s string) (netip.Addr, bool) {
	if a, ok := parseAddr(s); ok {
		return a, true
	}
	if strings.Count(s, ":") == 8 {
		s = strings.Replace(s, "::", ":", 1)
	}
	a, err := netip.ParseAddr(s)
	return a.Unmap(), err == nil && a.Zone() == ""
}

// parseUint reads up to ten decimal digits, leading zeros allowed.
func parseUint(s string, limit uint64) (uint64, bool) {
	if s == "" || len(s) > 10 {
		return 0, false
	}
	var v uint64
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		v = v*10 + uint64(s[i]-'0')
	}
	return v, v <= limit
}

// parseAnyAddr also takes the forms that are only good for hiding an address.
func parseAnyAddr(s string) (netip.Addr, bool) {
	if a, ok := parseAddr(s); ok {
		return a, true
	}
	a, err := netip.ParseAddr(s)
	return a.Unmap(), err == nil
}
