package dnsroottest

import (
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/miekg/dns"

	"github.com/opskit-go/opskit/dnsroot"
)

// answer builds the message that a letter with this fault sends back, nil for
// what is no query.
func (l *letter) answer(query []byte, fault Fault, over dnsroot.Transport) []byte {
	q := new(dns.Msg)
	if err := q.Unpack(query); err != nil || q.Response || len(q.Question) != 1 {
		return nil
	}
	m := new(dns.Msg)
	m.SetReply(q)
	m.Authoritative, m.Compress = !fault.Intercepted, true
	m.RecursionAvailable = fault.Intercepted
	signed, size := false, dns.MinMsgSize
	if opt := q.IsEdns0(); opt != nil {
		signed, size = opt.Do(), max(size, int(opt.UDPSize()))
		m.SetEdns0(1232, signed)
		l.nsid(opt, m.IsEdns0(), fault)
	}
	switch {
	case fault.Truncated:
		m.Truncated = true
	case fault.Rcode != 0:
		m.Rcode = fault.Rcode
	case q.Question[0].Qclass == dns.ClassCHAOS:
		l.chaos(m, fault)
	default:
		l.records(m, fault, signed)
	}
	if over == dnsroot.UDP && m.Len() > size {
		// Addresses may be left out without a word, as Knot does.
		m.Extra = m.Extra[:0]
		if q.IsEdns0() != nil {
			m.SetEdns0(1232, signed)
		}
		m.Truncate(size)
	}
	wire, err := m.Pack()
	if err != nil {
		return nil
	}
	if fault.WrongID {
		wire[0] ^= 0xff
	}
	if fault.Garbage {
		wire = append(wire[:len(query)], 0xc0, 0xff, 0xff)
		wire[6], wire[7] = 0, 9 // nine answers, of which none is there
	}
	return wire
}

func (l *letter) nsid(asked, opt *dns.OPT, fault Fault) {
	for _, o := range asked.Option {
		if o.Option() == dns.EDNS0NSID && !fault.NoIdentity {
			opt.Option = append(opt.Option, &dns.EDNS0_NSID{
				Code: dns.EDNS0NSID, Nsid: hex.EncodeToString([]byte(l.identity())),
			})
		}
	}
}

func (l *letter) identity() string { return l.letter.String() + "1.lab.root" }

func (l *letter) chaos(m *dns.Msg, fault Fault) {
	name := strings.ToLower(m.Question[0].Name)
	if fault.NoIdentity || m.Question[0].Qtype != dns.TypeTXT || (name != "hostname.bind." && name != "id.server.") {
		m.Rcode = dns.RcodeRefused
		return
	}
	m.Answer = []dns.RR{&dns.TXT{
		Hdr: dns.RR_Header{Name: m.Question[0].Name, Rrtype: dns.TypeTXT, Class: dns.ClassCHAOS},
		Txt: []string{l.identity()},
	}}
}

func (l *letter) records(m *dns.Msg, fault Fault, signed bool) {
	z := l.zoneFor(fault)
	q := m.Question[0]
	if q.Name != "." {
		for _, rr := range z.glue {
			if strings.EqualFold(rr.Header().Name, q.Name) && rr.Header().Rrtype == q.Qtype {
				m.Answer = append(m.Answer, rr)
			}
		}
		if len(m.Answer) == 0 {
			m.Rcode = dns.RcodeRefused
		}
		return
	}
	for _, rr := range z.sets[q.Qtype] {
		rr = dns.Copy(rr)
		switch rr := rr.(type) {
		case *dns.RRSIG:
			if !signed || fault.Unsigned {
				continue
			}
			if fault.BadSignature {
				rr.Signature = damaged(rr.Signature)
			}
		case *dns.SOA:
			if fault.WrongAnswer {
				rr.Ns, rr.Mbox = "wrong.example.", "nobody.example."
			}
		case *dns.NS:
			if fault.WrongAnswer {
				rr.Ns = "wrong.example."
			}
		}
		m.Answer = append(m.Answer, rr)
	}
	if len(m.Answer) == 0 {
		m.Ns = append(m.Ns, z.sets[dns.TypeSOA][0])
	}
	if q.Qtype == dns.TypeNS && !fault.NoGlue {
		m.Extra = append(m.Extra, z.glue...)
	}
}

// damaged flips one bit of a signature.
func damaged(signature string) string {
	raw, err := base64.StdEncoding.DecodeString(signature)
	if err != nil || len(raw) == 0 {
		return signature
	}
	raw[len(raw)/2] ^= 1
	return base64.StdEncoding.EncodeToString(raw)
}
