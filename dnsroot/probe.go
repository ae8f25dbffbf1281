package dnsroot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// Probe is what one letter did on one address over one transport. Fields that
// could not be observed are absent.
type Probe struct {
	Letter    Letter         `json:"letter"`    // whose address it is
	Addr      netip.AddrPort `json:"addr"`      // where the questions went
	Transport Transport      `json:"transport"` // UDP or TCP

	// Reachable is true if any answer came, false if the questions were sent and
	// none did; nil if nothing could be sent from this host.
	Reachable *bool `json:"reachable,omitempty"`
	Sent      int   `json:"sent"` // questions for SOA (several), NS and DNSKEY
	Lost      int   `json:"lost"` // of those, how many went unanswered

	RTT     []time.Duration `json:"rtt_ns,omitempty"`     // of each answered question for the SOA, monotonic, in the order sent; over TCP without the handshake
	Connect []time.Duration `json:"connect_ns,omitempty"` // the TCP handshakes of the same

	Rcode         string  `json:"rcode,omitempty"`         // of the first answer: "NOERROR", "SERVFAIL", ...
	Authoritative *bool   `json:"authoritative,omitempty"` // AA of the first answer; a root server sets it
	Recursive     *bool   `json:"recursive,omitempty"`     // RA of the first answer; a root server does not set it
	Truncated     bool    `json:"truncated,omitempty"`     // a UDP answer was cut off and asked for again over TCP
	Serial        *uint32 `json:"serial,omitempty"`        // of the zone served
	SerialAgain   *uint32 `json:"serial_again,omitempty"`  // asked again at the sweep's end, where Serial was behind

	Identity Identity   `json:"identity"` // which machine answered
	SOA      Validation `json:"soa"`      // of the zone's serial
	NS       Validation `json:"ns"`       // of the list of name servers
	DNSKEY   Validation `json:"dnskey"`   // of the zone's keys

	Discarded []Discarded `json:"discarded,omitempty"` // what came and was no answer
	Err       *Error      `json:"error,omitempty"`     // the first thing that went wrong, if anything did
}

// Identity is which machine behind the letter's address answered, by its own
// words. Each is in presentation form (\DDD for unprintable bytes), nil if the
// server did not tell; operators choose and change these names freely.
type Identity struct {
	NSID         *string `json:"nsid,omitempty"`          // RFC 5001
	HostnameBind *string `json:"hostname_bind,omitempty"` // hostname.bind CH TXT, RFC 4892
	IDServer     *string `json:"id_server,omitempty"`     // id.server CH TXT, RFC 4892
}

// String returns the first of the three that is there, or "".
func (id Identity) String() string {
	for _, s := range []*string{id.NSID, id.HostnameBind, id.IDServer} {
		if s != nil {
			return printable(*s)
		}
	}
	return ""
}

// MedianRTT returns the median round trip, 0 if nothing was answered.
func (p *Probe) MedianRTT() time.Duration {
	if len(p.RTT) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(p.RTT))
	return sorted[(len(sorted)-1)/2]
}

// family returns "IPv4" or "IPv6".
func (p *Probe) family() string { return familyOf(p.Addr.Addr()) }

func familyOf(a netip.Addr) string {
	if a.Unmap().Is4() {
		return "IPv4"
	}
	return "IPv6"
}

// group is what a local cause would hit as a whole.
func (p *Probe) group() string { return p.family() + " " + strings.ToUpper(p.Transport.String()) }

// latest is the serial after the second question, if there was one.
func (p *Probe) latest() *uint32 {
	if p.SerialAgain != nil {
		return p.SerialAgain
	}
	return p.Serial
}

// probe asks one address over one transport: the tries first, that far apart so
// that one stall of this host does not hit them all, then the rest at once. A dead address costs one timeout, since the tries wait side by
// side and nothing follows when none is answered.
func (c *Client) probe(ctx context.Context, pace *pacer, apart time.Duration, target Probe, at time.Time) Probe {
	p := target
	tries := make([]answer, c.tries())
	var wg sync.WaitGroup
	for i := range tries {
		wg.Go(func() {
			sleep(ctx, time.Duration(i)*apart)
			tries[i] = c.ask(ctx, pace, askSOA, p.Addr, p.Transport)
		})
	}
	wg.Wait()
	first := p.count(tries)
	if first == nil {
		return p
	}
	p.read(first.msg)

	questions := []question{askNS, askDNSKEY, askHostname, askServer}
	if p.Transport == TCP {
		questions = questions[:2] // the identity of a connection's other end is NSID's to tell
	}
	rest := make([]answer, len(questions))
	again := make([]bool, len(questions))
	for i, q := range questions {
		wg.Go(func() {
			rest[i] = c.ask(ctx, pace, q, p.Addr, p.Transport)
			if errors.Is(rest[i].err, ErrNoAnswer) && !q.chaos { // one lost packet is not a missing proof
				again[i] = true
				second := c.ask(ctx, pace, q, p.Addr, p.Transport)
				second.reply.Discarded = append(rest[i].reply.Discarded, second.reply.Discarded...)
				rest[i] = second
			}
		})
	}
	wg.Wait()
	for i, a := range rest {
		p.took(a)
		if !questions[i].chaos && !errors.Is(a.err, ErrNotSent) {
			p.Sent++
			if again[i] {
				p.Sent, p.Lost = p.Sent+1, p.Lost+1
			}
			if errors.Is(a.err, ErrNoAnswer) {
				p.Lost++
			}
		}
		switch {
		case a.err != nil && !questions[i].chaos:
			p.fail(questions[i], a.err)
		case a.err == nil && questions[i] == askHostname:
			p.Identity.HostnameBind = chaosText(a.msg)
		case a.err == nil && questions[i] == askServer:
			p.Identity.IDServer = chaosText(a.msg)
		}
	}
	p.validate(first.reply.Wire, rest[0], rest[1], c.anchors(), at)
	return p
}

// count fills in what the tries measured and returns the first good answer,
// nil if there is none.
func (p *Probe) count(tries []answer) *answer {
	var first *answer
	var silent error
	for i := range tries {
		a := &tries[i]
		p.took(*a)
		answered := a.err == nil || a.reply.Wire != nil || errors.Is(a.err, ErrTruncated)
		if !answered && errors.Is(a.err, ErrNotSent) {
			silent = cmp.Or(silent, a.err)
			continue
		}
		p.Sent++
		if !answered {
			p.Lost++
			silent = cmp.Or(silent, a.err)
			continue
		}
		p.RTT = append(p.RTT, a.reply.RTT)
		if p.Transport == TCP {
			p.Connect = append(p.Connect, a.reply.Connect)
		}
		switch {
		case a.err != nil:
			p.fail(askSOA, a.err)
		case first == nil:
			first = a
		case first.msg.Rcode != dns.RcodeSuccess && a.msg.Rcode == dns.RcodeSuccess:
			p.read(first.msg) // notes the failure; the good answer tells the rest
			first = a
		}
	}
	if p.Sent > 0 {
		p.Reachable = new(p.Lost < p.Sent)
	}
	if silent != nil && (p.Reachable == nil || !*p.Reachable) {
		p.fail(askSOA, silent)
	}
	return first
}

// took adds up what is counted over all questions.
func (p *Probe) took(a answer) {
	p.Truncated = p.Truncated || a.truncated
	for _, d := range a.reply.Discarded {
		p.Discarded = discard(p.Discarded, d.Why, d.Count)
	}
}

// fail keeps the first error.
func (p *Probe) fail(q question, err error) {
	if p.Err == nil {
		p.Err = &Error{Op: "query " + q.String() + " over " + p.Transport.String(), Target: p.Addr.String(), Err: err}
	}
}

// read takes the facts of the first answer to ". SOA".
func (p *Probe) read(m *dns.Msg) {
	p.Rcode = rcodeText(m.Rcode)
	p.Authoritative, p.Recursive = new(m.Authoritative), new(m.RecursionAvailable)
	p.Identity.NSID = nsid(m)
	if n, ok := serial(m); ok {
		p.Serial = &n
	} else {
		p.fail(askSOA, fmt.Errorf("%w: %s, no SOA of the root in the answer", ErrRcode, p.Rcode))
	}
}

// validate judges the answers of this address by the keys of this address.
func (p *Probe) validate(soa []byte, ns, keys answer, anchors []Anchor, at time.Time) {
	if keys.err != nil {
		v := unproven(SecurityUnknown, "validate", fmt.Errorf("no key set: %w", keys.err))
		p.SOA, p.NS, p.DNSKEY = v, v, v
		return
	}
	p.DNSKEY = Validate(keys.reply.Wire, keys.reply.Wire, anchors, at)
	p.SOA = Validate(soa, keys.reply.Wire, anchors, at)
	if ns.err != nil {
		p.NS = unproven(SecurityUnknown, "validate . NS", ns.err)
		return
	}
	p.NS = Validate(ns.reply.Wire, keys.reply.Wire, anchors, at)
}
