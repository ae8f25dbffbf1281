// Package lex reads numbers, addresses and names as people and registries write them.
package lex

import (
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/net/idna"
)

// Prefix reads a prefix, short ("138.0.152" of 22 bits) and padded ones too.
func Prefix(addr, length string) (netip.Prefix, bool) {
	n, ok := Uint(strings.TrimSpace(length), 128)
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
			v, good := Uint(part, 255)
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
	a, ok := Addr(addr)
	if !ok || a.Is4() {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, int(n)).Masked(), true
}

// Addr is netip.ParseAddr that also takes decimal octets padded with
// zeros, as ARIN writes them ("074.125.000.000"): they are decimal, never octal.
func Addr(s string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(s); err == nil {
		return a, !a.Is4In6() && a.Zone() == ""
	}
	if strings.Count(s, ".") != 3 || strings.Contains(s, ":") {
		return netip.Addr{}, false
	}
	var b [4]byte
	for i := range b {
		part, rest, _ := strings.Cut(s, ".")
		v, ok := Uint(part, 255)
		if !ok {
			return netip.Addr{}, false
		}
		b[i], s = byte(v), rest
	}
	return netip.AddrFrom4(b), true
}

// WrittenAddr is parseAddr for what registries write: "::" also where all eight
// groups are there, so that it stands for none ("2001:db8::0:ffff:..." in the
// examples of RFC 7483), and an IPv4 address mapped into IPv6 as what it is.
func WrittenAddr(s string) (netip.Addr, bool) {
	if a, ok := Addr(s); ok {
		return a, true
	}
	if strings.Count(s, ":") == 8 {
		s = strings.Replace(s, "::", ":", 1)
	}
	a, err := netip.ParseAddr(s)
	return a.Unmap(), err == nil && a.Zone() == ""
}

// Uint reads up to ten decimal digits, leading zeros allowed.
func Uint(s string, limit uint64) (uint64, bool) {
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

// AnyAddr also takes the forms that are only good for hiding an address.
func AnyAddr(s string) (netip.Addr, bool) {
	if a, ok := Addr(s); ok {
		return a, true
	}
	a, err := netip.ParseAddr(s)
	return a.Unmap(), err == nil
}

// Last returns the last address of a prefix.
func Last(p netip.Prefix) netip.Addr {
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

// ASN reads "AS13335", "as 13335", "ASN13335", "13335", "AS1.10" and
// "1.10".
func ASN(s string) (uint32, bool) {
	if len(s) > 2 && (s[0]|0x20) == 'a' && (s[1]|0x20) == 's' {
		if s = s[2:]; (s[0] | 0x20) == 'n' {
			s = s[1:]
		}
		s = strings.TrimLeft(s, " ")
	}
	if high, low, dot := strings.Cut(s, "."); dot {
		h, ok1 := Uint(high, 1<<16-1)
		l, ok2 := Uint(low, 1<<16-1)
		return uint32(h<<16 | l), ok1 && ok2
	}
	n, ok := Uint(s, 1<<32-1)
	return uint32(n), ok
}

// IsASCII reports whether s has no byte above 0x7f.
func IsASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// IsLowerWord reports whether s can only be meant as a top-level domain: one
// label of lower-case letters. Handles are written in upper case.
func IsLowerWord(s string) bool {
	if strings.HasPrefix(s, "xn--") {
		return true
	}
	for i := range len(s) {
		if s[i] < 'a' || s[i] > 'z' {
			return false
		}
	}
	return true
}

// DomainName returns the name in lower case with A-labels and no final dot.
func DomainName(s string) (string, error) {
	s = strings.TrimSuffix(s, ".")
	if !IsASCII(s) {
		// Lookup mapping of UTS 46; hyphen and underscore rules are the registry's.
		p := idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))
		a, err := p.ToASCII(s)
		if err != nil {
			return "", fmt.Errorf("no domain name (%v)", err)
		}
		s = a
	}
	s = strings.ToLower(s)
	if len(s) > 253 {
		return "", fmt.Errorf("name longer than 253 bytes")
	}
	if top := s[strings.LastIndexByte(s, '.')+1:]; strings.Trim(top, "0123456789-") == "" {
		return "", fmt.Errorf("no domain name (top-level domain without a letter)")
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return "", fmt.Errorf("no domain name (bad label %q)", label)
		}
		for i := range len(label) {
			c := label[i]
			if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
				return "", fmt.Errorf("no domain name (character %q)", c)
			}
		}
	}
	return s, nil
}

// IsHost reports whether s, in lower case, can be a host name.
func IsHost(s string) bool {
	if len(s) < 3 || len(s) > 253 || s[0] == '.' || s[0] == '-' || !strings.Contains(s, ".") {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c >= 0x80) {
			return false
		}
	}
	return !strings.Contains(s, "..")
}

// HostKey is a name of a host or domain as DNS compares it.
func HostKey(s string) string {
	if name, err := DomainName(s); err == nil {
		return name
	}
	return strings.ToLower(strings.TrimSuffix(s, "."))
}

// Under reports whether a name lies below a zone.
func Under(name, zone string) bool {
	return zone != "" && strings.HasSuffix(name, "."+zone)
}
