package dnsroot

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// unpack reads a message off the wire. The error matches [ErrMalformed].
func unpack(wire []byte) (*dns.Msg, error) {
	m := new(dns.Msg)
	if err := m.Unpack(wire); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return m, nil
}

// rcodeText returns such as "SERVFAIL", or "RCODE23" for what has no name.
func rcodeText(rcode int) string {
	if rcode == dns.RcodeBadVers { // 16 is BADSIG in TSIG and BADVERS in an OPT record, RFC 6891
		return "BADVERS"
	}
	if s, ok := dns.RcodeToString[rcode]; ok {
		return s
	}
	return fmt.Sprintf("RCODE%d", rcode)
}

// zoneSet returns the records of one type that a name, as the zone's own, has in
// the answer section, and the signatures over them.
func zoneSet(m *dns.Msg, zone string, qtype uint16) (set []dns.RR, sigs []*dns.RRSIG) {
	for _, rr := range m.Answer {
		h := rr.Header()
		if !strings.EqualFold(h.Name, zone) || h.Class != dns.ClassINET {
			continue
		}
		if sig, ok := rr.(*dns.RRSIG); ok {
			if sig.TypeCovered == qtype {
				sigs = append(sigs, sig)
			}
			continue
		}
		if h.Rrtype == qtype {
			set = append(set, rr)
		}
	}
	return set, sigs
}

// serial returns the zone's serial in an answer to the question for its SOA.
func serial(m *dns.Msg, zone string) (uint32, bool) {
	set, _ := zoneSet(m, zone, dns.TypeSOA)
	if len(set) != 1 {
		return 0, false
	}
	soa, ok := set[0].(*dns.SOA)
	if !ok {
		return 0, false
	}
	return soa.Serial, true
}

// servers returns the names in the zone's NS records, sorted.
func servers(m *dns.Msg, zone string) (list []string) {
	set, _ := zoneSet(m, zone, dns.TypeNS)
	for _, rr := range set {
		if ns, ok := rr.(*dns.NS); ok {
			list = append(list, strings.ToLower(ns.Ns))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// nsid returns the identifier of RFC 5001 as presentation text; nil if the
// server sent none.
func nsid(m *dns.Msg) *string {
	opt := m.IsEdns0()
	if opt == nil {
		return nil
	}
	for _, o := range opt.Option {
		if id, ok := o.(*dns.EDNS0_NSID); ok {
			raw, err := hex.DecodeString(id.Nsid)
			if err != nil || len(raw) == 0 {
				return nil // an empty option names nobody
			}
			text := presentation(raw)
			return &text
		}
	}
	return nil
}

// chaosText returns the TXT answer of class CH, its strings joined by a space;
// nil if the server does not tell.
func chaosText(m *dns.Msg) *string {
	if m.Rcode != dns.RcodeSuccess {
		return nil
	}
	for _, rr := range m.Answer {
		txt, ok := rr.(*dns.TXT)
		if !ok || rr.Header().Class != dns.ClassCHAOS {
			continue
		}
		text := ""
		for i, s := range txt.Txt {
			if i > 0 {
				text += " "
			}
			text += s // miekg/dns keeps strings in presentation form already
		}
		if text == "" {
			return nil
		}
		return &text
	}
	return nil
}

// presentation writes opaque bytes as RFC 1035 section 5.1 does: \DDD for what
// is not printable ASCII, and a backslash before a backslash.
func presentation(raw []byte) string {
	var b strings.Builder
	for _, c := range raw {
		switch {
		case c == '\\':
			b.WriteString(`\\`)
		case c >= 0x20 && c < 0x7f:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\%03d`, c)
		}
	}
	return b.String()
}
