package servers

import (
	_ "embed"
	"net/netip"
	"strings"
)

//go:embed special.txt
var specialText string

// Purpose is a block that is set aside, so that no registry has a holder of it.
type Purpose struct {
	Prefix netip.Prefix // the block; not valid for AS numbers
	From   uint32       // for AS numbers: the block
	To     uint32       // equal to From for a single number
	Name   string       // "Private-Use"
	RFC    string       // "RFC 1918"
}

// Special returns the special-purpose block of IANA's registries (RFC 6890)
// that holds all of p, the most specific one. Blocks that are globally
// reachable and registered like any other, such as AS112's, are not special.
func Special(p netip.Prefix) (Purpose, bool) {
	var best Purpose
	if a := p.Addr(); a.Is4In6() && p.Bits() > 96 {
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	a := p.Addr()
	found := false
	for line := range strings.Lines(specialText) {
		key, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "|")
		if !ok || strings.Contains(key, ":") != a.Is6() {
			continue
		}
		block, err := netip.ParsePrefix(key)
		if err != nil || !block.Contains(a) || block.Bits() > p.Bits() || found && block.Bits() < best.Prefix.Bits() {
			continue
		}
		rfc, name, _ := strings.Cut(rest, "|")
		best, found = Purpose{Prefix: block, Name: name, RFC: rfc}, true
	}
	return best, found
}

//go:embed specialname.txt
var specialNames string

// SpecialName returns the special-use name that a name, in lower case, is or lies
// below, which no registry keeps: asking one would only tell others of it. Names
// of RFC 6761 for documentation are not among them: they are registered, or asked
// for in vain.
func SpecialName(name string) (Purpose, bool) {
	for line := range strings.Lines(specialNames) {
		zone, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "|")
		if ok && (name == zone || strings.HasSuffix(name, "."+zone)) {
			rfc, purpose, _ := strings.Cut(rest, "|")
			return Purpose{Name: zone + ": " + purpose, RFC: rfc}, true
		}
	}
	return Purpose{}, false
}

// SpecialASN returns the special-purpose block of AS numbers (IANA's registry
// of RFC 7249) that holds n.
func SpecialASN(n uint32) (Purpose, bool) {
	for _, p := range [...]Purpose{
		{From: 0, To: 0, Name: "Reserved", RFC: "RFC 7607"},
		{From: 23456, To: 23456, Name: "AS_TRANS", RFC: "RFC 6793"},
		{From: 64496, To: 64511, Name: "Documentation and sample code", RFC: "RFC 5398"},
		{From: 64512, To: 65534, Name: "Private use", RFC: "RFC 6996"},
		{From: 65535, To: 65535, Name: "Last 16-bit AS number", RFC: "RFC 7300"},
		{From: 65536, To: 65551, Name: "Documentation and sample code", RFC: "RFC 5398"},
		{From: 4200000000, To: 4294967294, Name: "Private use", RFC: "RFC 6996"},
		{From: 4294967295, To: 4294967295, Name: "Last 32-bit AS number", RFC: "RFC 7300"},
	} {
		if p.From <= n && n <= p.To {
			return p, true
		}
	}
	return Purpose{}, false
}
