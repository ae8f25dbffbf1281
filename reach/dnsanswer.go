package reach

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/opskit-go/opskit"
)

// DNSAnswer is what one resolver said. Its Verdict is any but DNSDisagree.
type DNSAnswer struct {
	Resolver string         `json:"resolver"`     // its name or address
	Via      netip.AddrPort `json:"via,omitzero"` // asked in place of the resolver's address
	Verdict  DNSVerdict     `json:"verdict"`      // set by Judge

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
	// Unchecked is the rcode that came after SERVFAIL to the same question with
	// the CD bit, which asks not to check signatures (RFC 4035, 3.2.2): NOERROR
	// means that the zone's signatures are at fault.
	Unchecked string         `json:"unchecked,omitempty"`
	Fault     opskit.Failure `json:"fault,omitzero"` // why there is no answer to read

	At        time.Time     `json:"at"`                  // when it was asked
	Took      time.Duration `json:"took_ns"`             // until the answer, or until it was given up
	Unseen    []opskit.Gap  `json:"unseen,omitempty"`    // what who looked could not see
	Undecided []opskit.Gap  `json:"undecided,omitempty"` // what the evidence leaves open; set by Judge
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

// Judge sets Verdict and Undecided from the other fields; it is pure.
func (a *DNSAnswer) Judge() opskit.Level {
	a.Verdict, a.Undecided = "", nil
	gap := func(what, why, need string) {
		a.Undecided = append(a.Undecided, opskit.Gap{What: what, Why: why, Need: need})
	}
	who := cmp.Or(a.Resolver, "the resolver")
	rcodes := map[string]DNSVerdict{"NXDOMAIN": DNSNXDomain, "SERVFAIL": DNSServFail, "REFUSED": DNSRefused}
	switch {
	case a.Rcode == "NOERROR" && len(a.Data) > 0:
		a.Verdict = DNSAnswered
	case a.Rcode == "NOERROR":
		a.Verdict = DNSNoData
	case a.Rcode != "":
		a.Verdict = cmp.Or(rcodes[a.Rcode], DNSOtherRcode)
	case errors.Is(a.Fault.Err(), ErrMalformed):
		a.Verdict = DNSMalformed
	case a.TimedOut && a.Took >= silentResolver && (a.Queries == 0 || a.Queries >= silentQueries):
		a.Verdict = DNSNoAnswer
	case a.TimedOut:
		gap("whether "+who+" answers", fmt.Sprintf("%s is too short to judge", a.Took.Round(time.Millisecond)), "a timeout of 4s")
	case !a.TCP && slices.Contains([]string{"ENETUNREACH", "EHOSTUNREACH", "EINVAL", "EPERM"}, a.Errno), outOfResources(a.Errno):
		// To a datagram socket only hard ICMP errors are given, which these are not.
		a.Verdict = DNSLocalFailure
		gap("what "+who+" answers", "this host did not ask: "+a.Errno, "ip route get; nft list ruleset")
	case slices.Contains([]string{"ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EACCES", "EHOSTDOWN"}, a.Errno):
		a.Verdict = DNSUnreachable
		gap("who says that "+who+" is unreachable", "the error number "+a.Errno+" does not tell", "a connection to its port")
	default:
		gap("what "+who+" answers", "the exchange failed", "a new question")
	}
	return a.Level()
}

// sayable reports whether the resolver said something about the name.
func (a *DNSAnswer) sayable() bool {
	return a.Verdict == DNSAnswered || a.Verdict == DNSNXDomain || a.Verdict == DNSNoData
}

// Level is OK where records came, Warning where the name has none of the type,
// Unknown where this host did not ask or cannot tell, and else Problem.
func (a *DNSAnswer) Level() opskit.Level { return dnsLevel(a.Verdict) }

// Gaps returns Unseen and Undecided.
func (a *DNSAnswer) Gaps() []opskit.Gap { return gaps(a.Level(), a.Unseen, a.Undecided) }

// Seen tells whether anything was observed.
func (a *DNSAnswer) Seen() bool {
	return a != nil && (a.Rcode != "" || a.TimedOut || a.Errno != "" || !a.Fault.IsZero())
}

// String returns the verdict with the data on one line, and what was not checked.
func (a *DNSAnswer) String() string { return report(a, a.line(), nil) }

func (a *DNSAnswer) line() string {
	s := short(a.Resolver)
	if a.Via.IsValid() {
		s += " (asked at " + a.Via.String() + ")"
	}
	s += ": " + a.Verdict.String()
	if a.Verdict == DNSOtherRcode {
		s += " " + short(a.Rcode)
	}
	if len(a.Data) > 0 {
		s += " " + short(strings.Join(a.Data, " "))
	}
	if len(a.CNAMEs) > 0 {
		s += " via " + short(strings.Join(a.CNAMEs, " "))
	}
	if !a.Fault.IsZero() {
		s += " (" + short(a.Fault.String()) + ")"
	}
	if a.Unchecked != "" && a.Unchecked != a.Rcode {
		s += "; without checking signatures: " + short(a.Unchecked)
	}
	return s
}

// newQuery returns a query in wire format, with recursion desired and EDNS.
func newQuery(name string, qtype uint16, unchecked bool) ([]byte, error) {
	m := new(dns.Msg)
	m.CheckingDisabled = unchecked
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
