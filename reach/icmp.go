package reach

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/opskit-go/opskit"
)

// ICMP is an ICMP error that came back for a probe: who sent it and what it
// says. Type and Code are those of RFC 792 and RFC 1812, or of RFC 4443 where
// From is an IPv6 address.
type ICMP struct {
	Type uint8      `json:"type"`          // 3 is unreachable (ICMPv6: 1)
	Code uint8      `json:"code"`          // within Type
	Name string     `json:"name"`          // the name that nftables and the RFCs use, such as "admin-prohibited"
	From netip.Addr `json:"from,omitzero"` // who sent it; zero if the kernel did not say
}

// String returns "name (type/code) from address".
func (i ICMP) String() string {
	s := opskit.Escape(fmt.Sprintf("icmp %s (%d/%d)", short(i.name()), i.Type, i.Code))
	if i.From.IsValid() {
		s += " from " + i.From.String()
	}
	return s
}

// name is Name, or where it is missing the numbers.
func (i ICMP) name() string {
	if i.Name == "" {
		return fmt.Sprintf("type %d code %d", i.Type, i.Code)
	}
	return i.Name
}

// prohibits reports whether the error names a policy.
func (i ICMP) prohibits(v6 bool) bool {
	if v6 {
		return i.Type == icmp6Unreachable && (i.Code == 1 || i.Code == 5 || i.Code == 6)
	}
	return i.Type == icmpUnreachable && (i.Code == 9 || i.Code == 10 || i.Code == 13)
}

// HostUnreachable reports whether the last router (or this host) found nobody
// at the address on its link.
func (i ICMP) HostUnreachable(v6 bool) bool {
	if v6 {
		return i.Type == icmp6Unreachable && i.Code == 3
	}
	return i.Type == icmpUnreachable && i.Code == 1
}

// PortUnreachable reports whether the error names a port: to a SYN it is a rule
// that answers so, since TCP itself would send a reset (RFC 9293, 3.10.7.1).
func (i ICMP) PortUnreachable(v6 bool) bool {
	if v6 {
		return i.Type == icmp6Unreachable && i.Code == 4
	}
	return i.Type == icmpUnreachable && i.Code == 3
}

// TimeExceeded reports whether the packet passed too many routers.
func (i ICMP) TimeExceeded(v6 bool) bool {
	if v6 {
		return i.Type == icmp6TimeExceeded
	}
	return i.Type == icmpTimeExceeded
}

const (
	icmpUnreachable   = 3
	icmpTimeExceeded  = 11
	icmp6Unreachable  = 1
	icmp6TimeExceeded = 3
)

func icmpName(v6 bool, typ, code uint8) string {
	unreachable := []string{
		"net-unreachable", "host-unreachable", "prot-unreachable", "port-unreachable", "frag-needed",
		"source-route-failed", "net-unknown", "host-unknown", "host-isolated", "net-prohibited",
		"host-prohibited", "net-unreachable-for-tos", "host-unreachable-for-tos", "admin-prohibited",
		"host-precedence-violation", "precedence-cutoff",
	}
	exceeded, unreachableType := uint8(icmpTimeExceeded), uint8(icmpUnreachable)
	if v6 {
		unreachable = []string{
			"no-route", "admin-prohibited", "beyond-scope", "addr-unreachable", "port-unreachable",
			"policy-fail", "reject-route", "source-routing-header", "headers-too-long",
		}
		exceeded, unreachableType = icmp6TimeExceeded, icmp6Unreachable
	}
	switch {
	case typ == unreachableType && int(code) < len(unreachable):
		return unreachable[code]
	case typ == exceeded && code == 0:
		return "ttl-exceeded"
	case typ == exceeded:
		return "reassembly-time-exceeded"
	}
	return "other"
}

// Origins of struct sock_extended_err (linux/errqueue.h).
const (
	originICMP  = 2
	originICMP6 = 3
)

// parseExtendedErr reads a struct sock_extended_err followed by the offender's
// sockaddr, as IP_RECVERR and IPV6_RECVERR deliver it (ip(7), linux/errqueue.h).
// ok is false for anything that is not an ICMP error.
func parseExtendedErr(b []byte) (icmp ICMP, errno uint32, ok bool) {
	if len(b) < 16 {
		return ICMP{}, 0, false
	}
	errno = binary.NativeEndian.Uint32(b)
	origin := b[4]
	icmp.Type, icmp.Code = b[5], b[6]
	if origin != originICMP && origin != originICMP6 {
		return ICMP{}, errno, false
	}
	icmp.Name = icmpName(origin == originICMP6, icmp.Type, icmp.Code)
	sa := b[16:]
	switch {
	case origin == originICMP && len(sa) >= 8:
		icmp.From = netip.AddrFrom4([4]byte(sa[4:8]))
	case origin == originICMP6 && len(sa) >= 24:
		icmp.From = netip.AddrFrom16([16]byte(sa[8:24])).Unmap()
	}
	if icmp.From.IsValid() && icmp.From.IsUnspecified() {
		icmp.From = netip.Addr{}
	}
	return icmp, errno, true
}
