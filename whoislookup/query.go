package whoislookup

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup/internal/lex"
	"github.com/opskit-go/opskit/whoislookup/internal/read"
)

// maxQuery is longer than any name (RFC 1035: 253) and any handle.
const maxQuery = 255

// ParseQuery reads an IP address, a prefix (also short, "138.0.152/22"), an AS
// number ("AS13335", "as 13335", "13335", asdot "1.10"), a domain name in any
// script, or a registry handle ("ORG-RIEN1-RIPE"). A range ("192.0.2.0 -
// 192.0.2.255", "192.0.2.0-255", "AS7-AS7") is asked for as the one prefix or
// number that it is; another cannot be asked for, and the error names the
// prefixes or numbers that can be, one by one. Anything that could reach a
// server as something else (line breaks, control bytes, blanks, a leading '-')
// is refused as well. Every error is an [*Error] that matches [ErrBadQuery].
func ParseQuery(s string) (Query, error) {
	text := strings.TrimSpace(s)
	bad := func(why string) (Query, error) {
		return Query{}, &opskit.Error{Op: "parse query", Target: s, Err: fmt.Errorf("%s: %w", why, ErrBadQuery)}
	}
	if strings.ContainsAny(s, "\r\n\x00") {
		return bad("line break or NUL inside")
	}
	if text == "" {
		return bad("empty")
	}
	if len(text) > maxQuery {
		return bad("longer than 255 bytes")
	}
	if text[0] == '-' || text[0] == '!' {
		return bad("starts like an option of the server")
	}
	if q, why, ok := rangeQuery(text); ok {
		if why != "" {
			return bad(why)
		}
		return q, nil
	}
	text = withoutRootDot(text)
	if instead := hostWithin(text); instead != "" {
		return bad("ask for " + instead)
	}
	if a, ok := lex.Addr(text); ok {
		return Query{Kind: KindIP, Text: strings.ToLower(text), Prefix: netip.PrefixFrom(a, a.BitLen())}, nil
	}
	if a, err := netip.ParseAddr(text); err == nil {
		if !a.Is4In6() {
			return bad("address with a zone")
		}
		a = a.Unmap()
		return Query{Kind: KindIP, Text: a.String(), Prefix: netip.PrefixFrom(a, 32)}, nil
	}
	if addr, length, ok := strings.Cut(text, "/"); ok {
		p, ok := lex.Prefix(addr, length)
		if mapped, err := netip.ParsePrefix(text); !ok && err == nil && mapped.Addr().Is4In6() {
			p, ok = mapped, mapped.Bits() >= 96
		}
		if !ok {
			return bad("no prefix")
		}
		return prefixQuery(p), nil
	}
	if n, ok := lex.ASN(text); ok {
		return asnQuery(n), nil
	}
	if digits := strings.TrimLeft(strings.TrimPrefix(strings.ToLower(text), "as"), " "); strings.Trim(digits, "0123456789") == "" {
		return bad("no AS number: they end at 4294967295")
	}
	for _, r := range text {
		if r <= ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return bad("blank or control byte inside")
		}
	}
	if strings.Contains(strings.TrimSuffix(text, "."), ".") || lex.IsLowerWord(text) || !lex.IsASCII(text) {
		name, err := lex.DomainName(text)
		if err != nil {
			return bad(err.Error())
		}
		if !strings.Contains(name, ".") && !lex.IsLowerWord(name) {
			return bad("one label that is no top-level domain")
		}
		return Query{Kind: KindDomain, Text: name}, nil
	}
	set := isSetName(strings.ToUpper(text)) // the only ones with a colon
	for i := range len(text) {
		c := text[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == ':' && set) {
			return bad("unexpected character")
		}
	}
	return Query{Kind: KindHandle, Text: text}, nil
}

// hostWithin returns what to ask for in place of a URL, a mail address, a host with a
// port, or an IPv4 address with zeros in front, which many programs read as octal.
func hostWithin(text string) string {
	host := text
	if _, rest, ok := strings.Cut(host, "://"); ok {
		host, _, _ = strings.Cut(strings.TrimPrefix(rest, "//"), "/")
		host, _, _ = strings.Cut(host, "?")
	}
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	if name, port, err := net.SplitHostPort(host); err == nil && port != "" && strings.Trim(port, "0123456789") == "" {
		host = name
	}
	host = strings.Trim(host, "[]")
	if parts := strings.Split(host, "."); len(parts) == 4 && slices.ContainsFunc(parts, func(p string) bool { return len(p) > 1 && p[0] == '0' }) {
		if a, ok := lex.Addr(host); ok {
			return a.String() + ", if zeros in front mean nothing"
		}
	}
	if host == text {
		return ""
	}
	if a, ok := lex.Addr(host); ok {
		return a.String()
	}
	if name, err := lex.DomainName(host); err == nil && strings.Contains(name, ".") {
		if upper := read.Registrable(Query{Kind: KindDomain, Text: name}); upper != "" {
			return upper
		}
		return name
	}
	return ""
}

// withoutRootDot takes the final dot off an IPv4 address, which looks like a
// name to whoever writes it so.
func withoutRootDot(s string) string {
	if short, ok := strings.CutSuffix(s, "."); ok {
		if a, ok := lex.Addr(short); ok && a.Is4() {
			return short
		}
	}
	return s
}

func addrQuery(a netip.Addr) Query {
	a = a.Unmap().WithZone("")
	return Query{Kind: KindIP, Text: a.String(), Prefix: netip.PrefixFrom(a, a.BitLen())}
}

func prefixQuery(p netip.Prefix) Query {
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	p = p.Masked()
	if p.IsSingleIP() {
		return addrQuery(p.Addr())
	}
	return Query{Kind: KindIP, Text: p.String(), Prefix: p}
}

func asnQuery(n uint32) Query {
	return Query{Kind: KindASN, Text: fmt.Sprintf("as%d", n), ASN: n}
}
