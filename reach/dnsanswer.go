package reach

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// DNSAnswer is what one resolver said. Its Verdict is one of Answered (records
// of the type came), NXDomain, NoData, ServFail, Refused (rcode REFUSED),
// OtherRcode, NoAnswer, Unreachable (an ICMP error, or a refused TCP
// connection), Malformed, LocalFailure and Unknown.
type DNSAnswer struct {
	Resolver string         `json:"resolver"`     // its name or address
	Via      netip.AddrPort `json:"via,omitzero"` // asked in place of the resolver's address
	Verdict  Verdict        `json:"verdict"`      // set by Judge

	Rcode string `json:"rcode,omitempty"` // IANA's name, such as "NXDOMAIN"
	// Data holds the records of the type in presentation format, sorted, each
	// once. CNAMEs holds the aliases that led to them, in order.
	Data   []string `json:"data,omitempty"`
	CNAMEs []string `json:"cnames,omitempty"` // the aliases that led to Data, in order
	// TTL is the lowest of the records in Data.
	TTL time.Duration `json:"ttl_ns,omitempty"`

	Queries  int    `json:"queries,omitempty"`   // sent over UDP by this package; absent with an Exchanger
	TCP      bool   `json:"tcp,omitempty"`       // the answer over UDP was cut, so TCP was used
	TimedOut bool   `json:"timed_out,omitempty"` // the time was over before an answer came
	Errno    string `json:"errno,omitempty"`     // name of the error that a socket gave
	Fault    *Error `json:"fault,omitempty"`     // why there is no answer to read

	At     time.Time     `json:"at"`               // when it was asked
	Took   time.Duration `json:"took_ns"`          // until the answer, or until it was given up
	Unseen []Gap         `json:"unseen,omitempty"` // what could not be seen
}

// Addrs returns the addresses in Data.
func (a *DNSAnswer) Addrs() []netip.Addr {
	var out []netip.Addr
	for _, d := range a.Data {
		if ip, err := netip.ParseAddr(d); err == nil {
			out = append(out, ip.Unmap())
		}
	}
	return out
}

// What silence of a resolver must have been like to be judged.
const (
	silentQueries  = 2
	silentResolver = 2 * time.Second
)

// Judge sets Verdict and Unseen from the other fields; it is pure.
func (a *DNSAnswer) Judge() {
	a.Verdict, a.Unseen = Unknown, nil
	gap := func(what, why, need string) { a.Unseen = append(a.Unseen, Gap{What: what, Why: why, Need: need}) }
	switch {
	case a.Rcode == "NOERROR" && len(a.Data) > 0:
		a.Verdict = Answered
	case a.Rcode == "NOERROR":
		a.Verdict = NoData
	case a.Rcode == "NXDOMAIN":
		a.Verdict = NXDomain
	case a.Rcode == "SERVFAIL":
		a.Verdict = ServFail
	case a.Rcode == "REFUSED":
		a.Verdict = Refused
	case a.Rcode != "":
		a.Verdict = OtherRcode
	case errors.Is(a.Fault, ErrMalformed):
		a.Verdict = Malformed
	case a.TimedOut && a.Took >= silentResolver && (a.Queries == 0 || a.Queries >= silentQueries):
		a.Verdict = NoAnswer
	case a.TimedOut:
		gap("whether "+a.Resolver+" answers", fmt.Sprintf("%s is too short to judge", a.Took.Round(time.Millisecond)), "a timeout of 4s")
	case outOfResources(a.Errno), a.Errno == "EINVAL", a.Errno == "EPERM":
		a.Verdict = LocalFailure
	case slices.Contains([]string{"ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EACCES", "EHOSTDOWN"}, a.Errno):
		a.Verdict = Unreachable
		gap("who says that "+a.Resolver+" is unreachable", "the error number "+a.Errno+" does not tell", "Prober.Connect to its port")
	default:
		gap("what "+a.Resolver+" answers", "the exchange failed", "")
	}
}

// sayable reports whether the resolver said something about the name.
func (a *DNSAnswer) sayable() bool {
	switch a.Verdict {
	case Answered, NXDomain, NoData:
		return true
	}
	return false
}

// String returns the verdict with the data on one line, and what was not checked.
func (a *DNSAnswer) String() string { return report(a.line(), nil, nil, a.Unseen) }

func (a *DNSAnswer) line() string {
	s := printable(a.Resolver) + ": " + a.Verdict.String()
	if a.Via.IsValid() {
		s = printable(a.Resolver) + " (asked at " + a.Via.String() + "): " + a.Verdict.String()
	}
	if a.Verdict == OtherRcode {
		s += " " + printable(a.Rcode)
	}
	if len(a.Data) > 0 {
		s += " " + printable(strings.Join(a.Data, " "))
	}
	if len(a.CNAMEs) > 0 {
		s += " via " + printable(strings.Join(a.CNAMEs, " "))
	}
	if a.Fault != nil {
		s += " (" + printable(a.Fault.Error()) + ")"
	}
	return s
}

// newQuery returns a query in wire format, with recursion desired and EDNS.
func newQuery(name string, qtype uint16) ([]byte, error) {
	m := new(dns.Msg)
	m.SetQuestion(name, qtype)
	m.SetEdns0(1232, false) // DNS flag day 2020
	return m.Pack()
}

// parseAnswer fills in what the answer to query says. Malformed means that it
// is no DNS message, or one to another question.
func (a *DNSAnswer) parseAnswer(name string, qtype uint16, query, answer []byte) error {
	m := new(dns.Msg)
	if err := m.Unpack(answer); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	switch {
	case len(query) < 2 || m.Id != uint16(query[0])<<8|uint16(query[1]):
		return fmt.Errorf("%w: it has another message id", ErrMalformed)
	case !m.Response:
		return fmt.Errorf("%w: it is a query", ErrMalformed)
	case len(m.Question) == 0 && m.Rcode == dns.RcodeSuccess,
		len(m.Question) > 0 && (len(m.Question) != 1 || !strings.EqualFold(m.Question[0].Name, name) || m.Question[0].Qtype != qtype):
		return fmt.Errorf("%w: it answers another question", ErrMalformed)
	case m.Truncated:
		return fmt.Errorf("%w: it is cut", ErrMalformed)
	}
	if a.Rcode = dns.RcodeToString[m.Rcode]; a.Rcode == "" {
		a.Rcode = fmt.Sprintf("RCODE%d", m.Rcode)
	}
	owner := dns.CanonicalName(name)
	for range len(m.Answer) { // follow the aliases in whatever order they come
		i := slices.IndexFunc(m.Answer, func(rr dns.RR) bool {
			c, ok := rr.(*dns.CNAME)
			return ok && qtype != dns.TypeCNAME && dns.CanonicalName(c.Hdr.Name) == owner
		})
		if i < 0 {
			break
		}
		alias := dns.CanonicalName(m.Answer[i].(*dns.CNAME).Target)
		if slices.Contains(a.CNAMEs, alias) {
			break
		}
		a.CNAMEs, owner = append(a.CNAMEs, alias), alias
	}
	for _, rr := range m.Answer {
		h := rr.Header()
		if h.Rrtype != qtype || dns.CanonicalName(h.Name) != owner {
			continue
		}
		if ttl := time.Duration(h.Ttl) * time.Second; len(a.Data) == 0 || ttl < a.TTL {
			a.TTL = ttl
		}
		data := strings.TrimPrefix(rr.String(), h.String())
		if qtype == dns.TypeNS || qtype == dns.TypeMX || qtype == dns.TypeCNAME || qtype == dns.TypePTR {
			data = strings.ToLower(data)
		}
		a.Data = append(a.Data, data)
	}
	slices.Sort(a.Data)
	a.Data = slices.Compact(a.Data)
	return nil
}
