package whoislookup

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/opskit-go/opskit/whoislookup/servers"
)

// localHop answers from the special-purpose registries, if they have the
// query: nobody has to be asked about 10.0.0.1. The answer is a text like any
// other, so that it can be saved and read again.
func localHop(q Query) (Hop, bool) {
	var p servers.Purpose
	var ok bool
	switch q.Kind {
	case KindIP:
		p, ok = servers.Special(q.Prefix)
	case KindASN:
		p, ok = servers.SpecialASN(q.ASN)
	case KindDomain:
		p, ok = servers.SpecialName(q.Text)
	}
	if !ok {
		return Hop{}, false
	}
	var b strings.Builder
	b.WriteString("% Special-purpose space, answered without asking a registry.\n\n")
	if q.Kind == KindDomain {
		fmt.Fprintf(&b, "domain: %s\nstatus: reserved\nremarks: %s (%s)\n", q.Text, p.Name, p.RFC)
		return Hop{Server: "special-use names", Protocol: "local", Raw: []byte(b.String()), Charset: "utf-8"}, true
	}
	if q.Kind == KindIP {
		fmt.Fprintf(&b, "inetnum: %s\n", p.Prefix)
		fmt.Fprintf(&b, "netname: %s\n", p.Name)
	} else {
		fmt.Fprintf(&b, "as-block: AS%d - AS%d\n", p.From, p.To)
		fmt.Fprintf(&b, "as-name: %s\n", p.Name)
	}
	fmt.Fprintf(&b, "status: %s\n", p.RFC)
	return Hop{Server: "special-purpose registry", Protocol: "local", Raw: []byte(b.String()), Charset: "utf-8"}, true
}

// embedded returns the IPv4 addresses inside a 6to4 address (RFC 3056 section
// 2) or a Teredo address (RFC 4380 section 4: the client's, stored inverted,
// then the server's).
func embedded(p netip.Prefix) []netip.Addr {
	if !p.IsSingleIP() || !p.Addr().Is6() {
		return nil
	}
	b := p.Addr().As16()
	switch {
	case b[0] == 0x20 && b[1] == 0x02:
		return []netip.Addr{netip.AddrFrom4([4]byte(b[2:6]))}
	case b[0] == 0x20 && b[1] == 0x01 && b[2] == 0 && b[3] == 0:
		client := netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]})
		return []netip.Addr{client, netip.AddrFrom4([4]byte(b[4:8]))}
	}
	return nil
}
