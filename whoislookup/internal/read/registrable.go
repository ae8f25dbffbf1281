package read

import (
	"net/netip"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/opskit-go/opskit/whoislookup/answer"
	"github.com/opskit-go/opskit/whoislookup/internal/lex"
	"github.com/opskit-go/opskit/whoislookup/servers"
)

// Registrable returns the name that a registry keeps where the query is for a
// name below it, such as a host; empty where a registry may keep the name
// itself. No registry keeps "www.example.com": that it finds none says nothing
// of whether the domain is registered.
func Registrable(q answer.Query) string {
	if q.Kind != answer.KindDomain {
		return ""
	}
	if _, ok := ReversePrefix(q.Text); ok { // delegated at any label: what is above may be
		_, upper, _ := strings.Cut(q.Text, ".")
		if _, ok := ReversePrefix(upper); ok {
			return upper
		}
		return ""
	}
	suffix, icann := publicsuffix.PublicSuffix(q.Text)
	for !icann && strings.Contains(suffix, ".") { // of somebody who rents names out, not of a registry
		_, upper, _ := strings.Cut(suffix, ".")
		suffix, icann = publicsuffix.PublicSuffix(upper)
	}
	if zone := (servers.Table{}).Zone(q.Text); len(zone) > len(suffix) {
		suffix = zone
	}
	below, ok := strings.CutSuffix(q.Text, "."+suffix)
	if !ok || !strings.Contains(below, ".") {
		return ""
	}
	return below[strings.LastIndexByte(below, '.')+1:] + "." + suffix
}

// ReversePrefix returns the prefix that a name of the reverse zones stands for
// (RFC 1035 section 3.5, RFC 3596 section 2.5). What is in front of its
// numbers, as in the classless delegations of RFC 2317, counts for nothing.
func ReversePrefix(name string) (netip.Prefix, bool) {
	below, four := strings.CutSuffix(name, ".in-addr.arpa")
	if !four {
		var six bool
		if below, six = strings.CutSuffix(name, ".ip6.arpa"); !six {
			return netip.Prefix{}, false
		}
	}
	var b [16]byte
	bits := 0
	for below != "" {
		dot := strings.LastIndexByte(below, '.')
		label := below[dot+1:]
		below = below[:max(dot, 0)]
		if four {
			v, ok := lex.Uint(label, 255)
			if !ok || bits == 32 {
				break
			}
			b[bits/8] = byte(v)
			bits += 8
			continue
		}
		v := strings.Index("0123456789abcdef", label)
		if v < 0 || len(label) != 1 || bits == 128 {
			break
		}
		b[bits/8] |= byte(v) << (4 - bits%8)
		bits += 4
	}
	if bits == 0 {
		return netip.Prefix{}, false
	}
	if four {
		return netip.PrefixFrom(netip.AddrFrom4([4]byte(b[:4])), bits), true
	}
	return netip.PrefixFrom(netip.AddrFrom16(b), bits), true
}
