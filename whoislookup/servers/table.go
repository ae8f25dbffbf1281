package servers

import (
	_ "embed"
	"net/netip"
	"strconv"
	"strings"
)

//go:embed tld.txt
var tldText string

//go:embed ip.txt
var ipText string

//go:embed asn.txt
var asnText string

// Table maps names, addresses and AS numbers to WHOIS servers. The zero value
// is the embedded table. It is a value without state: safe for concurrent use.
type Table struct {
	Zones     string // lines "zone server", lower case; "" means the embedded ones
	Addresses string // lines "prefix server"
	Numbers   string // lines "first last server"
}

// Date returns the month as of which the embedded table was made.
func (Table) Date() string { return "2026-08" }

// IANA is the server that knows all others: it answers any query with a
// referral, at the price of one more round trip.
const IANA = "whois.iana.org"

func or(s, embedded string) string {
	if s == "" {
		return embedded
	}
	return s
}

// Domain returns the server for a name in lower case with A-labels: that of
// the longest zone in the table. A top-level domain that is not in it has its
// server at whois.nic.TLD, as ICANN's base registry agreement demands
// (specification 4). False for an empty name, and for a two-letter domain or
// "arpa" that is not in the table: those follow no rule, so ask IANA.
func (t Table) Domain(name string) (string, bool) {
	if zone := t.Zone(name); zone != "" {
		return lookup(or(t.Zones, tldText), zone)
	}
	zone := name[strings.LastIndexByte(name, '.')+1:]
	if len(zone) <= 2 || zone == "arpa" {
		return "", false
	}
	return "whois.nic." + zone, true
}

// Zone returns the longest zone in the table that holds a name in lower case
// with A-labels, or is that name; empty if there is none.
func (t Table) Zone(name string) string {
	text := or(t.Zones, tldText)
	for zone, more := name, true; more; _, zone, more = strings.Cut(zone, ".") {
		if _, ok := lookup(text, zone); ok {
			return zone
		}
	}
	return ""
}

// lookup finds the line that starts with key and a blank.
func lookup(text, key string) (string, bool) {
	if key == "" {
		return "", false
	}
	for from := 0; ; {
		i := strings.Index(text[from:], key)
		if i < 0 {
			return "", false
		}
		at := from + i
		end := at + len(key)
		if (at == 0 || text[at-1] == '\n') && end < len(text) && text[end] == ' ' {
			value, _, _ := strings.Cut(text[end+1:], "\n")
			return value, true
		}
		from = end
	}
}

// Addr returns the server of the registry that keeps an address: that of the
// longest prefix in the table. False if there is none.
func (t Table) Addr(a netip.Addr) (string, bool) {
	a = a.Unmap()
	best, host := -1, ""
	for line := range strings.Lines(or(t.Addresses, ipText)) {
		key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !ok || key[0] == '#' || strings.Contains(key, ":") != a.Is6() {
			continue
		}
		if p, err := netip.ParsePrefix(key); err == nil && p.Contains(a) && p.Bits() > best {
			best, host = p.Bits(), value
		}
	}
	return host, best >= 0
}

// ASN returns the server of the registry that keeps an AS number: that of the
// narrowest line in the table. False if there is none.
func (t Table) ASN(n uint32) (string, bool) {
	width, host := uint64(1)<<33, ""
	for line := range strings.Lines(or(t.Numbers, asnText)) {
		first, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !ok || first[0] == '#' {
			continue
		}
		last, value, _ := strings.Cut(rest, " ")
		from, err1 := strconv.ParseUint(first, 10, 32)
		to, err2 := strconv.ParseUint(last, 10, 32)
		if err1 == nil && err2 == nil && from <= uint64(n) && uint64(n) <= to && to-from < width {
			width, host = to-from, value
		}
	}
	return host, host != ""
}
