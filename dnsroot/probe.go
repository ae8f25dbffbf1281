package dnsroot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/opskit-go/opskit"
)

// Probe is what one server did on one address over one transport. Fields that
// could not be observed are absent.
type Probe struct {
	Server    string         `json:"server"`    // whose address it is: "k.root-servers.net."
	Addr      netip.AddrPort `json:"addr"`      // where the questions went
	Transport Transport      `json:"transport"` // UDP or TCP

	// Reachable is true if any answer came, false if the questions were sent and
	// none did; nil if nothing could be sent from this host.
	Reachable *bool `json:"reachable,omitempty"`
	Small     Count `json:"small"` // questions whose answers fit into 512 bytes
	Large     Count `json:"large"` // questions for what the zone has of records with signatures

	RTT     []time.Duration `json:"rtt_ns,omitempty"`     // of each answered question, monotonic; over TCP without the handshake
	Connect []time.Duration `json:"connect_ns,omitempty"` // the TCP handshakes of the same

	Rcode         string   `json:"rcode,omitempty"`         // of the first answer: "NOERROR", "SERVFAIL", ...
	Authoritative *bool    `json:"authoritative,omitempty"` // AA of the first answer; a zone's server sets it
	Recursive     *bool    `json:"recursive,omitempty"`     // RA of the first answer; a root server does not set it
	Truncated     bool     `json:"truncated,omitempty"`     // a UDP answer was cut off and asked for again over TCP
	Serial        *uint32  `json:"serial,omitempty"`        // of the zone served
	SerialAgain   *uint32  `json:"serial_again,omitempty"`  // asked again at the sweep's end, where Serial was behind
	Servers       []string `json:"servers,omitempty"`       // the zone's name servers by its own records
	NoSuchName    string   `json:"no_such_name,omitempty"`  // root only: what a name at random that is not there was answered with

	Identity Identity   `json:"identity"` // which machine answered
	SOA      Validation `json:"soa"`      // of the zone's serial
	NS       Validation `json:"ns"`       // of the list of name servers
	DNSKEY   Validation `json:"dnskey"`   // of the zone's keys

	Doubled   []Doubled      `json:"doubled,omitempty"`   // questions that got several answers
	Discarded []Discarded    `json:"discarded,omitempty"` // what came and was no answer
	Err       opskit.Failure `json:"error,omitzero"`      // the first thing that went wrong, if anything did
}

// Count is how many questions were sent and how many of them went unanswered.
type Count struct {
	Sent int `json:"sent"` // questions
	Lost int `json:"lost"` // of those, without an answer
}

func (c Count) plus(d Count) Count { return Count{c.Sent + d.Sent, c.Lost + d.Lost} }

// all counts the questions of both sizes.
func (p *Probe) all() Count { return p.Small.plus(p.Large) }

// Doubled is one question that several different answers came to: only one of
// them is the server's.
type Doubled struct {
	Question string  `json:"question"`         // ". SOA"
	Answers  []given `json:"answers,omitzero"` // in the order in which they came
}

// given is one of several answers.
type given struct {
	After    time.Duration `json:"after_ns"`         // since the question was sent
	Serial   *uint32       `json:"serial,omitempty"` // in it
	Security Security      `json:"security"`         // whether it validates
}

// String returns such as "serial 2026112201, bogus, after 1ms".
func (g given) String() string {
	text := "no serial"
	if g.Serial != nil {
		text = fmt.Sprintf("serial %d", *g.Serial)
	}
	return fmt.Sprintf("%s, %s, after %s", text, g.Security, g.After.Round(10*time.Microsecond))
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

// path is what a local cause would hit as a whole.
func (p *Probe) path() string { return p.family() + " " + strings.ToUpper(p.Transport.String()) }

// latest is the serial after the second question, if there was one.
func (p *Probe) latest() *uint32 {
	if p.SerialAgain != nil {
		return p.SerialAgain
	}
	return p.Serial
}

// try is one question of a probe and its outcome.
type try struct {
	question question
	answer   answer
}

// questions are the tries: as many small as large, in an order without a period
// (Thue and Morse), so that loss by size shows and is not one by turns.
func questions(zone string, from, count int) []try {
	list := make([]try, 0, count)
	for i := from; i < from+count; i++ {
		q := askSmall(zone)
		switch {
		case i == 0:
			q = askSOA(zone)
		case bits.OnesCount(uint(i))%2 == 1: // small
		case i%3 == 0:
			q = askDNSKEY(zone)
		default:
			q = askNS(zone)
		}
		list = append(list, try{question: q})
	}
	return list
}

// probing is one probe while its questions are asked.
type probing struct {
	*Probe
	client *Client
	pace   *pacer
	zone   string
	cut    bool          // some questions could not be asked
	apart  time.Duration // between the tries, so that one stall of this host does not hit them all
	good   map[question]answer
}

// firstTries is how many questions go out before anything is known of a server;
// as many more when none of them is answered, and then it is dead.
const firstTries = 4

// run asks one address over one transport.
func (p *probing) run(ctx context.Context, at time.Time) {
	all := p.client.tries()
	p.ask(ctx, 0, min(firstTries, all))
	if p.Reachable != nil && !*p.Reachable {
		p.ask(ctx, all, min(firstTries, all))
	}
	if p.Reachable == nil || !*p.Reachable {
		return
	}
	p.ask(ctx, firstTries, all-firstTries)
	p.identify(ctx)
	for _, q := range []question{askSOA(p.zone), askNS(p.zone), askDNSKEY(p.zone)} {
		for range 2 { // one lost packet is not a missing proof
			if _, ok := p.good[q]; !ok && !errors.Is(p.Err.Err(), ErrNotSent) {
				p.take(q, p.client.ask(ctx, p.pace, q, p.Addr, p.Transport))
			}
		}
	}
	p.validate(at)
}

// ask puts the tries from one number on, side by side.
func (p *probing) ask(ctx context.Context, from, count int) {
	tries := questions(p.zone, from, max(count, 0))
	var wg sync.WaitGroup
	for i := range tries {
		wg.Go(func() {
			sleep(ctx, time.Duration(i)*p.apart)
			tries[i].answer = p.client.ask(ctx, p.pace, tries[i].question, p.Addr, p.Transport)
		})
	}
	wg.Wait()
	for _, t := range tries {
		p.take(t.question, t.answer)
	}
}

// take counts one answer and keeps what it says.
func (p *probing) take(q question, a answer) {
	p.Truncated = p.Truncated || a.truncated
	for _, d := range a.reply.Discarded {
		p.Discarded = discard(p.Discarded, d.Why, d.Count)
	}
	if len(a.reply.Later) > 0 {
		p.double(q, a.reply)
	}
	answered := a.err == nil || a.reply.Wire != nil || errors.Is(a.err, ErrTruncated)
	if !answered && errors.Is(a.err, ErrNotSent) {
		p.cut = true
		p.fail(q, a.err)
		return
	}
	count := &p.Large
	if q.plain {
		count = &p.Small
	}
	count.Sent++
	if !answered {
		count.Lost++
	} else {
		p.RTT = append(p.RTT, a.reply.RTT)
		if p.Transport == TransportTCP {
			p.Connect = append(p.Connect, a.reply.Connect)
		}
	}
	p.Reachable = new(p.all().Lost < p.all().Sent)
	had, ok := p.good[q]
	switch {
	case a.err != nil && (answered || !*p.Reachable):
		p.fail(q, a.err)
	case a.err == nil && (!ok || had.msg.Rcode != dns.RcodeSuccess && a.msg.Rcode == dns.RcodeSuccess):
		p.good[q] = a
	}
	switch {
	case a.err != nil:
	case q == askSOA(p.zone) || p.Rcode == "":
		p.read(a.msg, q)
	case a.msg.Rcode != dns.RcodeSuccess:
		p.fail(q, fmt.Errorf("%w: %s", ErrRcode, rcodeText(a.msg.Rcode)))
	}
}

// double notes different answers to one question.
func (p *probing) double(q question, reply Reply) {
	d := Doubled{Question: q.String()}
	for _, r := range append([]Reply{reply}, reply.Later...) {
		g := given{After: r.RTT}
		if m, err := unpack(r.Wire); err == nil {
			if n, ok := serial(m, p.zone); ok {
				g.Serial = &n
			}
			if keys, ok := p.good[askDNSKEY(p.zone)]; ok {
				g.Security = Validate(r.Wire, keys.reply.Wire, p.client.anchors(), p.client.now()).Security
			}
		}
		d.Answers = append(d.Answers, g)
	}
	p.Doubled = append(p.Doubled, d)
}

// identify asks who answers, and the root for a name that is not there: what
// rewrites answers on the way invents one.
func (p *probing) identify(ctx context.Context) {
	list := []question{askHostname, askServer}
	if p.Transport == TransportTCP { // the identity of a connection's other end is NSID's to tell
		list = nil
	}
	random := question{name: fmt.Sprintf("opskit-%016x.", rand.Uint64()), qtype: dns.TypeA}
	if p.zone == "." {
		list = append(list, random)
	}
	answers := make([]answer, len(list))
	var wg sync.WaitGroup
	for i, q := range list {
		wg.Go(func() {
			for range 2 {
				answers[i] = p.client.ask(ctx, p.pace, q, p.Addr, p.Transport)
				if !errors.Is(answers[i].err, ErrNoAnswer) {
					return
				}
			}
		})
	}
	wg.Wait()
	for i, q := range list {
		a := answers[i]
		for _, d := range a.reply.Discarded {
			p.Discarded = discard(p.Discarded, d.Why, d.Count)
		}
		switch {
		case a.err != nil:
		case q == askHostname:
			p.Identity.HostnameBind = chaosText(a.msg)
		case q == askServer:
			p.Identity.IDServer = chaosText(a.msg)
		default:
			p.NoSuchName = rcodeText(a.msg.Rcode)
			if len(a.msg.Answer) > 0 {
				p.NoSuchName += fmt.Sprintf(" with %d records", len(a.msg.Answer))
			}
		}
	}
}

// fail keeps the first error.
func (p *Probe) fail(q question, err error) {
	if p.Err.IsZero() {
		p.Err = opskit.Fail(&opskit.Error{Op: "query " + q.String() + " over " + p.Transport.String(), Target: p.Addr.String(), Err: err})
	}
}

// read takes the facts of an answer about the zone.
func (p *probing) read(m *dns.Msg, q question) {
	p.Rcode = rcodeText(m.Rcode)
	p.Authoritative, p.Recursive = new(m.Authoritative), new(m.RecursionAvailable)
	p.Identity.NSID = cmp.Or(p.Identity.NSID, nsid(m))
	if q.qtype != dns.TypeSOA {
		return
	}
	if n, ok := serial(m, p.zone); ok {
		p.Serial = &n
	} else {
		p.fail(q, fmt.Errorf("%w: %s, no SOA of %s in the answer", ErrRcode, p.Rcode, p.zone))
	}
}

// validate judges the answers of this address by the keys of this address.
func (p *probing) validate(at time.Time) {
	anchors := p.client.anchors()
	lost := func(q question) Validation {
		err := p.good[q].err
		switch {
		case err == nil && p.cut:
			err = ErrNotSent
		case err == nil:
			err = ErrNoAnswer
		}
		return unproven(SecurityUnknown, "validate "+q.String(), err)
	}
	keys, ok := p.good[askDNSKEY(p.zone)]
	if !ok {
		v := lost(askDNSKEY(p.zone))
		p.SOA, p.NS, p.DNSKEY = v, v, v
		return
	}
	p.DNSKEY = Validate(keys.reply.Wire, keys.reply.Wire, anchors, at)
	p.SOA, p.NS = lost(askSOA(p.zone)), lost(askNS(p.zone))
	if soa, ok := p.good[askSOA(p.zone)]; ok {
		p.SOA = Validate(soa.reply.Wire, keys.reply.Wire, anchors, at)
	} else if soa, ok := p.good[askSmall(p.zone)]; ok && p.Serial == nil {
		p.read(soa.msg, askSmall(p.zone))
	}
	if ns, ok := p.good[askNS(p.zone)]; ok {
		p.NS = Validate(ns.reply.Wire, keys.reply.Wire, anchors, at)
		p.Servers = servers(ns.msg, p.zone)
	}
}
