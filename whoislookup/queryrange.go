package whoislookup

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/opskit-go/opskit/whoislookup/internal/lex"
)

// rangeQuery reads a range of addresses or AS numbers, as a person takes it
// from a log or an answer. No protocol asks for one: RDAP (RFC 9082 section
// 3.1) knows addresses, prefixes and single numbers, and WHOIS servers agree
// on no more. So a range that is one prefix or one number is asked for as that,
// and for any other why says what to ask for. False if text is no range.
func rangeQuery(text string) (q Query, why string, ok bool) {
	from, to, two := strings.Cut(text, "-")
	if !two {
		return Query{}, "", false
	}
	from, to = strings.TrimSpace(from), strings.TrimSpace(to)
	if a, isAddr := lex.Addr(from); isAddr {
		b, isAddr := lex.Addr(to)
		if !isAddr {
			b, isAddr = lastOctet(a, to)
		}
		if !isAddr {
			return Query{}, "", false
		}
		return prefixesOf(Range{From: a, To: b})
	}
	m, ok1 := lex.ASN(from)
	n, ok2 := lex.ASN(to)
	switch {
	case !ok1 || !ok2:
		return Query{}, "", false
	case m > n:
		return Query{}, endsFirst, true
	case m == n:
		return asnQuery(m), "", true
	}
	return Query{}, fmt.Sprintf("a block of %d AS numbers: ask for each, from AS%d to AS%d", uint64(n)-uint64(m)+1, m, n), true
}

const endsFirst = "a range that ends before it starts"

// lastOctet reads "192.0.2.0-255" behind the dash.
func lastOctet(a netip.Addr, text string) (netip.Addr, bool) {
	v, ok := lex.Uint(text, 255)
	if !ok || !a.Is4() {
		return netip.Addr{}, false
	}
	b := a.As4()
	b[3] = byte(v)
	return netip.AddrFrom4(b), true
}

// prefixesOf is rangeQuery for addresses.
func prefixesOf(r Range) (q Query, why string, ok bool) {
	if r.From.Is4() != r.To.Is4() {
		return Query{}, "a range from one family of addresses into the other", true
	}
	if !r.IsValid() {
		return Query{}, endsFirst, true
	}
	const named = 4 // in the message; a range has 126 or 254 at most
	var names []string
	all := slices.Collect(r.Prefixes())
	for _, p := range all[:min(len(all), named)] {
		names = append(names, p.String())
	}
	if len(all) == 1 {
		return prefixQuery(all[0]), "", true
	}
	list := strings.Join(names, ", ")
	if more := len(all) - named; more > 0 {
		list += fmt.Sprintf(" and %d more (Range.Prefixes has them)", more)
	}
	return Query{}, "a range of more than one prefix: ask for each, " + list, true
}
