package dnsroot

import (
	"encoding/hex"
	"fmt"

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
	if s, ok := dns.RcodeToString[rcode]; ok {
		return s
	}
	return fmt.Sprintf("RCODE%d", rcode)
}

// rootSet returns the records of one type that the root itself has in the
// answer section, and the signatures over them.
func rootSet(m *dns.Msg, qtype uint16) (set []dns.RR, sigs []*dns.RRSIG) {
	for _, rr := range m.Answer {
		h := rr.Header()
		if h.Name != "." || h.Class != dns.ClassINET {
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

// serial returns the zone's serial in an answer to ". SOA".
func serial(m *dns.Msg) (uint32, bool) {
	set, _ := rootSet(m, dns.TypeSOA)
	if len(set) != 1 {
		return 0, false
	}
	soa, ok := set[0].(*dns.SOA)
	if !ok {
		return 0, false
	}
	return soa.Serial, true
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
