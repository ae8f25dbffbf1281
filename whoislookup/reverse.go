package whoislookup

import (
	"net/netip"
	"strings"
)

// reverseServer returns the WHOIS server for a name below in-addr.arpa or
// ip6.arpa: that of the registry that keeps the addresses, as it keeps the
// delegations too. False for another name, and for one so short that several
// registries have a part of it.
func (c *Client) reverseServer(name string) (string, bool) {
	p, ok := reversePrefix(name)
	if !ok {
		return "", false
	}
	first, ok1 := c.Table.Addr(p.Addr())
	end, ok2 := c.Table.Addr(last(p))
	return first, ok1 && ok2 && first == end
}

// reversePrefix returns the prefix that a name of the reverse zones stands for
// (RFC 1035 section 3.5, RFC 3596 section 2.5). What is in front of its
// numbers, as in the classless delegations of RFC 2317, counts for nothing.
func reversePrefix(name string) (netip.Prefix, bool) {
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
			v, ok := parseUint(label, 255)
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
