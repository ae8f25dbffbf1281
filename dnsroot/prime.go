package dnsroot

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// Priming is the outcome of a priming query (RFC 9609): the root servers as one
// of them lists them, compared with the hints.
type Priming struct {
	Letter    Letter         `json:"letter"`            // who answered
	Addr      netip.AddrPort `json:"addr"`              // on which address
	Transport Transport      `json:"transport"`         // TCP if the answer over UDP was truncated
	RTT       time.Duration  `json:"rtt_ns"`            // monotonic
	NS        Validation     `json:"ns"`                // of the list of names; their addresses are never signed
	Hints     Hints          `json:"hints"`             // what was got
	Others    []string       `json:"others,omitempty"`  // names in the answer that are no letter's
	Changes   []Change       `json:"changes,omitempty"` // what the hints have differently
	Tried     []*Error       `json:"tried,omitempty"`   // who was asked before and did not answer
	Unseen    []Gap          `json:"unseen,omitempty"`  // what could not be asked
}

// maxPriming bounds how many addresses are asked before priming gives up.
const maxPriming = 6

// Prime asks the root servers for their own list, as a resolver does when it
// starts: ". NS" to an address of the hints taken at random, another one if
// that does not answer, TCP if the answer is truncated, and the addresses that
// the answer leaves out (RFC 9609 allows that) one by one. The names are
// validated; a bogus answer is an answer, so see NS.Security.
//
// It blocks for at most six timeouts for dead addresses, plus one for each kind
// of address left out. The error matches what the last address failed with,
// such as [ErrNoAnswer], or [ErrNotSent] if this host could send nothing.
func (c *Client) Prime(ctx context.Context) (*Priming, error) {
	type target struct {
		letter Letter
		addr   netip.AddrPort
	}
	var targets []target
	for _, s := range c.hints().Servers {
		for _, a := range s.Addrs {
			targets = append(targets, target{s.Letter, netip.AddrPortFrom(a.Unmap(), c.port())})
		}
	}
	if len(targets) == 0 {
		return nil, &Error{Op: "prime", Err: fmt.Errorf("%w: the hints name no address", ErrSyntax)}
	}
	rand.Shuffle(len(targets), func(i, j int) { targets[i], targets[j] = targets[j], targets[i] })

	pace := c.pacer()
	var tried []*Error
	asked := 0
	for _, t := range targets {
		a := c.ask(ctx, pace, askNS, t.addr, UDP)
		if a.err == nil {
			a.err = priming(a.msg)
		}
		if a.err == nil {
			p := &Priming{Letter: t.letter, Addr: t.addr, Transport: UDP, RTT: a.reply.RTT, Tried: tried}
			if a.truncated {
				p.Transport = TCP
			}
			c.readPriming(ctx, pace, p, a)
			return p, nil
		}
		tried = append(tried, &Error{Op: "prime from " + t.letter.String(), Target: t.addr.String(), Err: a.err})
		if !errors.Is(a.err, ErrNotSent) {
			asked++
		}
		if asked == maxPriming || ctx.Err() != nil {
			break
		}
	}
	last := tried[len(tried)-1]
	for _, e := range tried { // a server's failure says more than a missing route
		if !errors.Is(e, ErrNotSent) {
			last = e
		}
	}
	return nil, &Error{Op: "prime", Err: fmt.Errorf("%d addresses asked, last: %w", len(tried), last)}
}

// priming tells whether the answer is one that RFC 9609 section 4 allows.
func priming(m *dns.Msg) error {
	set, _ := rootSet(m, dns.TypeNS)
	switch {
	case m.Rcode != dns.RcodeSuccess || len(set) == 0:
		return fmt.Errorf("%w: %s, %d NS records", ErrRcode, rcodeText(m.Rcode), len(set))
	case !m.Authoritative:
		return fmt.Errorf("%w: not authoritative, as if a resolver answered in the server's place", ErrRcode)
	}
	return nil
}

// missing is one kind of address of one letter.
type missing struct {
	letter Letter
	qtype  uint16
}

func (c *Client) readPriming(ctx context.Context, pace *pacer, p *Priming, a answer) {
	keys := c.ask(ctx, pace, askDNSKEY, p.Addr, UDP)
	if keys.err != nil {
		p.NS = unproven(SecurityUnknown, "validate . NS", fmt.Errorf("no key set: %w", keys.err))
	} else {
		p.NS = Validate(a.reply.Wire, keys.reply.Wire, c.anchors(), c.now())
	}

	addrs := map[Letter][]netip.Addr{}
	set, _ := rootSet(a.msg, dns.TypeNS)
	for _, rr := range set {
		name := rr.(*dns.NS).Ns
		l, err := letterOf(name)
		if err != nil {
			p.Others = append(p.Others, name)
			continue
		}
		addrs[l] = nil
	}
	slices.Sort(p.Others)
	glue(a.msg.Extra, addrs)
	unasked := map[missing]bool{} // may be missing only because nobody answered for it
	for l := range Letters() {
		if _, listed := addrs[l]; !listed {
			continue
		}
		for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA} {
			if slices.ContainsFunc(addrs[l], func(a netip.Addr) bool { return a.Is4() == (qtype == dns.TypeA) }) {
				continue
			}
			q := question{name: l.Name(), qtype: qtype}
			extra := c.ask(ctx, pace, q, p.Addr, UDP)
			if extra.err != nil {
				p.Unseen = append(p.Unseen, Gap{What: q.String() + ", left out of the answer", Why: extra.err.Error()})
				unasked[missing{l, qtype}] = true
				continue
			}
			glue(extra.msg.Answer, addrs)
		}
		slices.SortFunc(addrs[l], netip.Addr.Compare)
		p.Hints.Servers = append(p.Hints.Servers, Server{Letter: l, Addrs: slices.Compact(addrs[l])})
	}
	p.Changes = c.hints().Diff(p.Hints)
	p.Changes = slices.DeleteFunc(p.Changes, func(ch Change) bool {
		qtype := dns.TypeAAAA
		if ch.Old.Is4() {
			qtype = dns.TypeA
		}
		return ch.Old.IsValid() && unasked[missing{ch.Letter, qtype}]
	})
}

// glue takes the addresses of the letters that are listed.
func glue(records []dns.RR, addrs map[Letter][]netip.Addr) {
	for _, rr := range records {
		l, err := letterOf(rr.Header().Name)
		if err != nil || rr.Header().Class != dns.ClassINET {
			continue
		}
		listed, ok := addrs[l]
		if !ok {
			continue
		}
		var addr netip.Addr
		switch rr := rr.(type) {
		case *dns.A:
			addr, ok = netip.AddrFromSlice(rr.A.To4())
		case *dns.AAAA:
			addr, ok = netip.AddrFromSlice(rr.AAAA.To16())
		default:
			continue
		}
		if ok {
			addrs[l] = append(listed, addr)
		}
	}
}

// String prints who answered, how the list of names was proved, and every
// difference with the hints.
func (p *Priming) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d root servers listed, %s, ", len(p.Hints.Servers)+len(p.Others), p.NS.Security)
	if len(p.Changes) == 0 && len(p.Others) == 0 {
		b.WriteString("the hints hold\n")
	} else {
		fmt.Fprintf(&b, "the hints differ in %d places\n", len(p.Changes)+len(p.Others))
	}
	fmt.Fprintf(&b, "  answered by %s %s over %s in %s\n", p.Letter, p.Addr, p.Transport, p.RTT.Round(time.Microsecond))
	if p.NS.Why != nil {
		fmt.Fprintf(&b, "  %v\n", p.NS.Why)
	}
	for _, ch := range p.Changes {
		fmt.Fprintf(&b, "  %s\n", ch)
	}
	for _, name := range p.Others {
		fmt.Fprintf(&b, "  %s is none of the thirteen\n", printable(name))
	}
	for _, e := range p.Tried {
		fmt.Fprintf(&b, "  %v\n", e)
	}
	if len(p.Changes) > 0 && p.NS.Security == Secure {
		b.WriteString("next: fetch the current hints file from https://www.internic.net/domain/named.root\n")
	}
	notChecked(&b, p.Unseen)
	return b.String()
}
