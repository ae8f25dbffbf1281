package answer

import (
	"fmt"
	"iter"
	"math/bits"
	"net/netip"
	"strings"

	"github.com/opskit-go/opskit/whoislookup/internal/lex"
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

// Smaller reports whether r has fewer addresses than o; both are valid.
func (r Range) Smaller(o Range) bool {
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
		if lex.Last(p) == r.To {
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
	got, ok := ParseRange(string(text))
	if !ok {
		return fmt.Errorf("parse range %q: neither a range nor a prefix", text)
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
				if wider.Addr() != from || lex.Last(wider).Compare(r.To) > 0 {
					break
				}
				p = wider
			}
			if !yield(p) {
				return
			}
			end := lex.Last(p)
			if end.Compare(r.To) >= 0 {
				return
			}
			from = end.Next()
		}
	}
}

func halves(a netip.Addr) (hi, lo uint64) {
	b := a.As16()
	for i := range 8 {
		hi = hi<<8 | uint64(b[i])
		lo = lo<<8 | uint64(b[8+i])
	}
	return hi, lo
}

// RangeOf is the range that a prefix is.
func RangeOf(p netip.Prefix) Range {
	p = p.Masked()
	return Range{p.Addr(), lex.Last(p)}
}

// ParseRange reads the forms that registries write: "192.0.2.0 - 192.0.2.255",
// "192.0.2.0-192.0.2.255", a prefix, also short ("138.0.152/22") or padded
// with zeros ("2001:0240:010c::/48"), and KRNIC's "a - b (/16+/18)".
func ParseRange(s string) (Range, bool) {
	s = strings.TrimSpace(s)
	if i := strings.IndexByte(s, '('); i > 0 {
		s = strings.TrimSpace(s[:i])
	}
	if before, after, ok := strings.Cut(s, "/"); ok {
		if strings.ContainsAny(s, "- ,") {
			return Range{}, false
		}
		p, ok := lex.Prefix(before, after)
		if !ok {
			return Range{}, false
		}
		return RangeOf(p), true
	}
	from, to, two := strings.Cut(s, "-")
	a, ok := lex.WrittenAddr(strings.TrimSpace(from))
	if !ok {
		return Range{}, false
	}
	if !two {
		return Range{a, a}, true
	}
	b, ok := lex.WrittenAddr(strings.TrimSpace(to))
	r := Range{a, b}
	return r, ok && r.IsValid()
}
