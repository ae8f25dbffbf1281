package dnsroottest

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"net"
	"strings"

	"github.com/miekg/dns"

	"github.com/opskit-go/opskit/dnsroot"
)

// answer builds the message that a letter with this fault sends back, nil for
// what is no query.
func (l *server) answer(query []byte, fault Fault, over dnsroot.Transport) []byte {
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
	if over == dnsroot.TransportUDP && m.Len() > size {
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

func (l *server) nsid(asked, opt *dns.OPT, fault Fault) {
	for _, o := range asked.Option {
		if o.Option() == dns.EDNS0NSID && !fault.NoIdentity {
			opt.Option = append(opt.Option, &dns.EDNS0_NSID{
				Code: dns.EDNS0NSID, Nsid: hex.EncodeToString([]byte(l.identity(fault))),
			})
		}
	}
}

// identity is made of the first label of the server's name.
func (l *server) identity(fault Fault) string {
	return cmp.Or(fault.Identity, strings.SplitN(l.name, ".", 2)[0]+"1.lab.root")
}

// forge is an answer with another serial, and the signatures of the true one;
// nil where there is no serial in it.
func (l *server) forge(query []byte, fault Fault) []byte {
	fault.Forged = false
	m := new(dns.Msg)
	if m.Unpack(l.answer(query, fault, dnsroot.TransportUDP)) != nil {
		return nil
	}
	for _, rr := range m.Answer {
		if soa, ok := rr.(*dns.SOA); ok {
			soa.Serial++
			if wire, err := m.Pack(); err == nil {
				return wire
			}
		}
	}
	return nil
}

func (l *server) chaos(m *dns.Msg, fault Fault) {
	name := strings.ToLower(m.Question[0].Name)
	if fault.NoIdentity || m.Question[0].Qtype != dns.TypeTXT || (name != "hostname.bind." && name != "id.server.") {
		m.Rcode = dns.RcodeRefused
		return
	}
	text := l.identity(fault)
	if name == "id.server." {
		text = cmp.Or(fault.IDServer, text)
	}
	m.Answer = []dns.RR{&dns.TXT{
		Hdr: dns.RR_Header{Name: m.Question[0].Name, Rrtype: dns.TypeTXT, Class: dns.ClassCHAOS},
		Txt: []string{text},
	}}
}

func (l *server) records(m *dns.Msg, fault Fault, signed bool) {
	z := l.zoneFor(fault)
	q := m.Question[0]
	if !strings.EqualFold(q.Name, z.name) {
		l.other(m, fault, z)
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
		for _, rr := range z.glue {
			if last := z.sets[dns.TypeNS]; !fault.Referral && !fault.NoAddress || rr.Header().Name != last[len(last)-2].(*dns.NS).Ns {
				m.Extra = append(m.Extra, rr)
			}
		}
	}
}

// other answers for a name that is not the zone's own.
func (l *server) other(m *dns.Msg, fault Fault, z *zone) {
	q := m.Question[0]
	sets := z.sets[dns.TypeNS]
	last := strings.EqualFold(q.Name, sets[len(sets)-2].(*dns.NS).Ns)
	known := false
	for _, rr := range z.glue {
		if strings.EqualFold(rr.Header().Name, q.Name) {
			known = true
			if rr.Header().Rrtype == q.Qtype && !(last && (fault.Referral || fault.NoAddress)) {
				m.Answer = append(m.Answer, rr)
			}
		}
	}
	switch {
	case len(m.Answer) > 0:
	case last && fault.Referral:
		m.Authoritative = false
		m.Ns = append(m.Ns, &dns.NS{Hdr: z.header("net.", dns.TypeNS), Ns: "a.gtld-servers.net."})
	case fault.Rewritten && q.Qtype == dns.TypeA:
		m.Answer = append(m.Answer, &dns.A{Hdr: z.header(q.Name, dns.TypeA), A: net.IPv4(192, 0, 2, 80)})
	case !dns.IsSubDomain(z.name, q.Name):
		m.Rcode = dns.RcodeRefused
	default:
		m.Ns = append(m.Ns, z.sets[dns.TypeSOA][0])
		if !known {
			m.Rcode = dns.RcodeNameError
		}
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
