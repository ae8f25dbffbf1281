package dnsroot

import (
	"fmt"

	"github.com/miekg/dns"
)

// ednsSize is the UDP payload size offered: 1232 bytes pass every path that
// carries IPv6 (DNS flag day 2020), so no answer is lost to fragmentation.
const ednsSize = 1232

// question is one thing that a probe asks.
type question struct {
	name  string
	qtype uint16
	chaos bool // class CH, without EDNS
	plain bool // without EDNS
	nsid  bool
	rd    bool // recursion desired
	cd    bool // checking disabled
}

// The questions that a probe asks of a zone's servers. Answers to the small one
// fit into 512 bytes; those to the others are as large as the zone has them.
func askSmall(zone string) question  { return question{name: zone, qtype: dns.TypeSOA, plain: true} }
func askSOA(zone string) question    { return question{name: zone, qtype: dns.TypeSOA, nsid: true} }
func askNS(zone string) question     { return question{name: zone, qtype: dns.TypeNS} }
func askDNSKEY(zone string) question { return question{name: zone, qtype: dns.TypeDNSKEY} }

var (
	askHostname = question{name: "hostname.bind.", qtype: dns.TypeTXT, chaos: true}
	askServer   = question{name: "id.server.", qtype: dns.TypeTXT, chaos: true}
)

// String returns such as ". SOA".
func (q question) String() string { return q.name + " " + dns.TypeToString[q.qtype] }

// wire packs the query: recursion not desired, since the letters are
// authoritative, DNSSEC records wanted, and NSID (RFC 5001) where asked for.
func (q question) wire() ([]byte, error) {
	m := new(dns.Msg)
	m.SetQuestion(q.name, q.qtype)
	m.RecursionDesired, m.CheckingDisabled = q.rd, q.cd
	switch {
	case q.chaos:
		m.Question[0].Qclass = dns.ClassCHAOS
	case q.plain:
	default:
		m.SetEdns0(ednsSize, true)
		if q.nsid {
			opt := m.IsEdns0()
			opt.Option = append(opt.Option, &dns.EDNS0_NSID{Code: dns.EDNS0NSID})
		}
	}
	wire, err := m.Pack()
	if err != nil {
		return nil, fmt.Errorf("%w: pack %s: %w", ErrNotSent, q, err)
	}
	return wire, nil
}
