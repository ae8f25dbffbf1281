package bulk

import (
	"iter"
	"net/netip"
	"slices"

	"github.com/opskit-go/opskit/whoislookup"
)

// Prefixes returns the fewest prefixes that make up the union of the ranges
// exactly, IPv4 first, in order. Overlapping and adjacent ranges are joined,
// invalid ones left out.
func Prefixes(ranges iter.Seq[whoislookup.Range]) []netip.Prefix {
	sorted := slices.SortedFunc(ranges, func(a, b whoislookup.Range) int { return a.From.Compare(b.From) })
	var joined []whoislookup.Range
	for _, r := range sorted {
		if !r.IsValid() {
			continue
		}
		if n := len(joined); n > 0 && joined[n-1].From.Is4() == r.From.Is4() {
			last := &joined[n-1]
			if next := last.To.Next(); !next.IsValid() || r.From.Compare(next) <= 0 {
				if r.To.Compare(last.To) > 0 {
					last.To = r.To
				}
				continue
			}
		}
		joined = append(joined, r)
	}
	var out []netip.Prefix
	for _, r := range joined {
		out = slices.AppendSeq(out, r.Prefixes())
	}
	return out
}

// rangeOf returns the addresses of a prefix.
func rangeOf(p netip.Prefix) whoislookup.Range {
	p = p.Masked()
	b := p.Addr().AsSlice()
	for i := range b {
		if n := p.Bits() - 8*i; n <= 0 {
			b[i] = 0xff
		} else if n < 8 {
			b[i] |= 0xff >> n
		}
	}
	to, _ := netip.AddrFromSlice(b)
	return whoislookup.Range{From: p.Addr(), To: to}
}
