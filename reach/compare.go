package reach

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/opskit-go/opskit"
)

// Comparison is what several resolvers said about one name. Its Verdict is
// DNSDisagree if those that spoke about the name (DNSAnswered, DNSNXDomain,
// DNSNoData) differ, else what they said; if none did, what all of them share
// (DNSServFail, DNSRefused, DNSNoAnswer, ...), else "".
type Comparison struct {
	Name      string       `json:"name"`                // as asked for
	Type      string       `json:"type"`                // in upper case, such as "AAAA"
	Verdict   DNSVerdict   `json:"verdict"`             // see above; set by Judge
	Answers   []DNSAnswer  `json:"answers,omitzero"`    // in the order of the resolvers
	Unseen    []opskit.Gap `json:"unseen,omitempty"`    // what who looked could not see
	Undecided []opskit.Gap `json:"undecided,omitempty"` // what the evidence leaves open; set by Judge
}

// Compare asks each resolver for the records of one type ("A", "AAAA", "NS",
// ...) of name, all at once, and tells apart what they say: data, NXDOMAIN, no
// data, SERVFAIL, REFUSED, other rcodes, silence, an ICMP error. Without
// resolvers it asks the Prober's, or those of the system. Records are compared
// as sets. After SERVFAIL it asks once more not to check signatures.
//
// Each is asked over UDP up to three times within Timeout, and over TCP if
// the answer is cut; a silence shorter than 2 s is Unknown. Nothing is
// validated, cached, or looked up in /etc/hosts. Different answers need not be
// an error: round robin, geography and a move under way look the same.
//
// The error is not nil for an unusable name, type or resolver (ErrTarget) or a
// canceled ctx; the result is never nil.
func (p *Prober) Compare(ctx context.Context, name, recordType string, resolvers ...Resolver) (*Comparison, error) {
	c := &Comparison{Name: name, Type: strings.ToUpper(recordType)}
	fail := func(err error) (*Comparison, error) {
		c.Judge()
		return c, &opskit.Error{Op: "compare", Target: name, Err: err}
	}
	qtype, ok := dns.StringToType[c.Type]
	if !ok {
		return fail(fmt.Errorf("record type %q is unknown: %w", recordType, ErrTarget))
	}
	if _, ok := dns.IsDomainName(name); !ok || name == "" {
		return fail(fmt.Errorf("no domain name: %w", ErrTarget))
	}
	name = dns.Fqdn(name)
	if len(resolvers) == 0 {
		resolvers = p.Resolvers
	}
	if len(resolvers) == 0 {
		var err error
		if resolvers, err = SystemResolvers(); err != nil {
			return fail(err)
		}
	}
	for _, r := range resolvers {
		if r.Exchanger == nil {
			if err := checkTarget("compare", r.addr()); err != nil {
				return fail(err)
			}
		}
	}
	c.Answers = make([]DNSAnswer, len(resolvers))
	var all sync.WaitGroup
	for i, r := range resolvers {
		all.Go(func() { c.Answers[i] = p.ask(ctx, r, name, qtype) })
	}
	all.Wait()
	c.Judge()
	if canceled(ctx) {
		return fail(ctx.Err())
	}
	return c, nil
}

// ask puts the question to one resolver.
func (p *Prober) ask(ctx context.Context, r Resolver, name string, qtype uint16) DNSAnswer {
	a := p.exchange(ctx, r, name, qtype, false)
	if a.Verdict == DNSServFail && ctx.Err() == nil {
		again := p.exchange(ctx, r, name, qtype, true)
		a.Unchecked = again.Rcode
	}
	return a
}

func (p *Prober) exchange(ctx context.Context, r Resolver, name string, qtype uint16, unchecked bool) DNSAnswer {
	a := DNSAnswer{Resolver: r.label(), At: now()}
	fault := func(err error) {
		a.Fault = opskit.Fail(&opskit.Error{Op: "exchange", Target: a.Resolver, Err: err})
	}
	query, err := newQuery(name, qtype, unchecked)
	if err != nil {
		fault(fmt.Errorf("%w: %w", ErrTarget, err))
		a.Judge()
		return a
	}
	start := time.Now()
	deadline := p.deadline(ctx)
	x := r.Exchanger
	if x == nil {
		var contact netip.AddrPort
		contact, a.Via = p.via(r.addr())
		x = wire{addr: contact, deadline: deadline, sent: &a.Queries, tcp: &a.TCP}
	}
	asking, stop := context.WithDeadline(ctx, deadline.Add(time.Second))
	if r.Exchanger != nil {
		stop()
		asking, stop = context.WithDeadline(ctx, deadline)
	}
	answer, err := x.Exchange(asking, query)
	stop()
	a.Took = time.Since(start)
	if err == nil {
		err = a.parseAnswer(name, qtype, query, answer)
	}
	if err != nil {
		a.Errno = errnoName(err)
		var timeout net.Error
		a.TimedOut = errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) ||
			a.Errno == "" && errors.As(err, &timeout) && timeout.Timeout()
		fault(err)
	}
	a.Judge()
	return a
}

// Judge judges every answer again and sets Verdict and Undecided; it is pure.
func (c *Comparison) Judge() opskit.Level {
	c.Verdict, c.Undecided = "", nil
	var said, others []*DNSAnswer
	for i := range c.Answers {
		a := &c.Answers[i]
		a.Judge()
		if a.sayable() {
			said = append(said, a)
			continue
		}
		others = append(others, a)
	}
	switch {
	case len(said) > 0:
		c.Verdict = said[0].Verdict
		for _, a := range said[1:] {
			if a.Verdict != said[0].Verdict || !slices.Equal(a.Data, said[0].Data) {
				c.Verdict = DNSDisagree
			}
		}
		for _, a := range others {
			c.Undecided = append(c.Undecided, opskit.Gap{What: "what " + a.Resolver + " knows of the name", Why: "it gave no answer: " + a.Verdict.String()})
		}
	case len(others) > 0:
		c.Verdict = others[0].Verdict
		for _, a := range others[1:] {
			if a.Verdict != c.Verdict {
				c.Verdict = ""
			}
		}
		if c.Verdict == "" {
			c.Undecided = append(c.Undecided, opskit.Gap{What: "whether the name resolves", Why: "no resolver said anything of it, each for another reason", Need: "another resolver"})
		}
	default:
		c.Undecided = append(c.Undecided, opskit.Gap{What: "whether the name resolves", Why: "no resolver was asked", Need: "a resolver's address"})
	}
	return c.Level()
}

// Level is OK where records came, Warning where the name has none of the type or
// the resolvers differ, Unknown where this host did not ask or cannot tell, and
// else Problem.
func (c *Comparison) Level() opskit.Level { return dnsLevel(c.Verdict) }

// Gaps returns those of the answers, Unseen and Undecided.
func (c *Comparison) Gaps() []opskit.Gap {
	var all []opskit.Gap
	for i := range c.Answers {
		all = append(append(all, c.Answers[i].Unseen...), c.Answers[i].Undecided...)
	}
	return gaps(c.Level(), append(all, c.Unseen...), c.Undecided)
}

// Seen tells whether anything was observed.
func (c *Comparison) Seen() bool {
	return c != nil && slices.ContainsFunc(c.Answers, func(a DNSAnswer) bool { return a.Seen() })
}

// Addrs returns every address that a resolver gave, sorted, each once.
func (c *Comparison) Addrs() []netip.Addr {
	var out []netip.Addr
	for i := range c.Answers {
		out = append(out, c.Answers[i].Addrs()...)
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out)
}

// String returns the verdict, a line per resolver and what was not checked.
func (c *Comparison) String() string {
	var ev []string
	for i := range c.Answers {
		ev = append(ev, c.Answers[i].line())
	}
	return report(c, fmt.Sprintf("%s %s: %s", short(c.Name), short(c.Type), c.Verdict), ev)
}
