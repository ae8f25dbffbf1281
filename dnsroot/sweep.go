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

	"github.com/opskit-go/opskit"
)

// Sweep is what every server of a zone did, on each of its addresses and over
// UDP and TCP, as one host saw it at one time. It is evidence only: [Assess]
// says what it means.
type Sweep struct {
	Zone         string        `json:"zone,omitempty"`         // with the final dot; empty: the root
	Vantage      string        `json:"vantage,omitempty"`      // what the host is called that looked
	Started      time.Time     `json:"started"`                // wall clock, UTC; signatures were judged at this time
	Took         time.Duration `json:"took_ns"`                // monotonic
	Stalled      time.Duration `json:"stalled_ns"`             // the longest time this process was kept from running; RTTs may be that much too long
	Lead         time.Duration `json:"lead_ns"`                // signatures that end sooner than that are told
	HintsUpdated time.Time     `json:"hints_updated,omitzero"` // of the hints used; zero: not told
	Anchors      []Anchor      `json:"anchors,omitzero"`       // the trust anchors used
	Probes       []Probe       `json:"probes,omitzero"`        // by server, then address, UDP before TCP
	Unseen       []opskit.Gap  `json:"unseen,omitempty"`       // what could not be asked from here
}

func (s *Sweep) zone() string { return cmp.Or(s.Zone, ".") }

// Sweep asks every server on every address of the hints, over UDP and TCP, for
// its SOA, NS and DNSKEY records and its identity, and validates what came.
//
// Who lost some of the questions is asked on, up to 64 questions and more slowly,
// until loss can be told from chance. Who is behind the newest validated serial,
// or slow, is asked once more: the zone may have been published meanwhile, or
// this host busy. Where an answer does not validate a second one is waited for:
// a forger's comes first.
//
// All addresses are asked side by side, paced, with at most 256 sockets open.
// The call blocks for two timeouts and the pacing if servers are dead, however
// many; for six if some lose what they are asked, and asking all letters on takes
// twelve seconds more. Client.Within ends it sooner, with what there is by then: a
// server that was still asked is not blamed for what it was not asked. An address
// family without a route from this host is a gap: its probes have neither
// Reachable nor loss.
//
// The error is not nil only if there is nothing to ask or ctx ended; in the
// latter case the sweep is returned as far as it came.
func (c *Client) Sweep(ctx context.Context) (*Sweep, error) {
	given := ctx
	if c.Within > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Within)
		defer cancel()
	}
	h := c.hints()
	s := &Sweep{Zone: h.zone(), Vantage: c.Vantage, Started: c.now().UTC(), Lead: c.lead(), HintsUpdated: h.Updated, Anchors: c.anchors()}
	begin := time.Now()
	var lost []opskit.Gap
	for _, server := range h.Servers {
		if len(server.Addrs) == 0 {
			lost = append(lost, opskit.Gap{What: server.Name, Why: "no address of it is to be had", Need: "an address record of that name"})
		}
		for _, addr := range server.Addrs {
			to := netip.AddrPortFrom(addr.Unmap(), c.port())
			s.Probes = append(s.Probes,
				Probe{Server: server.Name, Addr: to, Transport: TransportUDP},
				Probe{Server: server.Name, Addr: to, Transport: TransportTCP})
		}
	}
	if len(s.Probes) == 0 {
		return nil, &opskit.Error{Op: "sweep", Err: fmt.Errorf("%w: the hints name no address", ErrSyntax)}
	}
	slices.SortStableFunc(s.Probes, func(a, b Probe) int {
		return cmp.Or(cmp.Compare(a.Server, b.Server), a.Addr.Compare(b.Addr), -cmp.Compare(a.Transport, b.Transport))
	})
	stalled := watchStalls()
	pace := c.pacer()
	list := make([]*probing, len(s.Probes))
	for i := range s.Probes {
		list[i] = &probing{
			Probe: &s.Probes[i], client: c, pace: pace, zone: s.Zone, good: map[question]answer{},
			apart: time.Duration(len(s.Probes)) * pace.every,
		}
	}
	var done struct {
		sync.Mutex
		count int
	}
	each(list, func(p *probing) {
		p.run(ctx, s.Started)
		done.Lock()
		defer done.Unlock()
		done.count++
		name := "answered"
		if p.Reachable == nil || !*p.Reachable {
			name = "no_answer"
		}
		c.Observer.Report(opskit.Phase{Op: "sweep", Target: p.Server + " " + p.path(), Name: name, Done: done.count, Total: len(list)})
	})
	askOn(ctx, list)
	c.askAgain(ctx, list)
	s.Took, s.Stalled = time.Since(begin), stalled()
	s.Unseen = append(lost, unsent(s.Probes)...)
	if err := ended(given); err != nil {
		return s, &opskit.Error{Op: "sweep", Err: err}
	}
	if ended(ctx) != nil {
		s.Unseen = append(s.Unseen, opskit.Gap{What: "what was not asked yet", Why: fmt.Sprintf("the sweep was ended after %s, as it was told to be", c.Within), Need: "more time"})
	}
	return s, nil
}

func each(list []*probing, f func(*probing)) {
	var wg sync.WaitGroup
	for _, p := range list {
		wg.Go(func() { f(p) })
	}
	wg.Wait()
}

// askOn asks those on of whom cannot be told yet whether they lose questions,
// ten times as slowly: what this host's own link loses it must not cause.
func askOn(ctx context.Context, list []*probing) {
	slowly := &pacer{every: 10 * list[0].pace.every, slots: list[0].pace.slots}
	for range 3 {
		var unclear []*probing
		for _, p := range list {
			if p.Reachable != nil && *p.Reachable && p.loss() == lossUnclear {
				unclear = append(unclear, p)
			}
		}
		if len(unclear) == 0 || ctx.Err() != nil {
			return
		}
		each(unclear, func(p *probing) {
			p.pace, p.apart = slowly, time.Duration(len(unclear))*slowly.every
			p.ask(ctx, p.all().Sent, 16)
		})
	}
}

// askAgain asks those once more whose serial is behind or who were slow, and
// those whose answers do not validate, listening for a second one.
func (c *Client) askAgain(ctx context.Context, list []*probing) {
	newest, known := newestSerial(list[0].zone, list)
	listening := *c
	if c.Linger == 0 {
		listening.Linger = time.Second
	}
	each(list, func(p *probing) {
		behind := known && p.Serial != nil && trusted(p.SOA) && serialLess(*p.Serial, newest)
		invalid := p.Serial != nil && (p.SOA.Security == SecurityBogus || p.SOA.Security == SecurityUnsigned)
		client := c
		switch {
		case invalid && p.Transport == TransportUDP && c.Linger >= 0:
			client = &listening
		case !behind && !isSlow(p.Probe, 0):
			return
		}
		a := client.ask(ctx, p.pace, askSOA(p.zone), p.Addr, p.Transport)
		was := p.Serial
		p.take(askSOA(p.zone), a)
		p.Serial = was
		if a.err == nil && behind {
			if n, ok := serial(a.msg, p.zone); ok {
				p.SerialAgain = &n
			}
		}
	})
}

// trusted reports whether a set of records is proved, or cannot be for want of
// any trust anchor.
func trusted(v Validation) bool {
	return v.Security == SecuritySecure || v.Security == SecurityUnknown && v.Why.Err() != nil && strings.HasSuffix(v.Why.String(), errNoAnchor.Error())
}

// newestSerial is the newest among the validated ones: a forged answer must not
// make everybody else look stale.
func newestSerial(zone string, list []*probing) (newest uint32, ok bool) {
	for _, p := range list {
		if n := p.Serial; n != nil && trusted(p.SOA) {
			if !ok || serialLess(newest, *n) {
				newest, ok = *n, true
			}
		}
	}
	return newest, ok
}

// serialLess compares serials as RFC 1982 does: 4294967295 is before 1.
func serialLess(a, b uint32) bool { return int32(b-a) > 0 }

// unsent says what this host could not ask, once per family where a whole
// family is missing.
func unsent(probes []Probe) []opskit.Gap {
	type miss struct {
		servers, transports []string
		why                 string
	}
	all := map[string]int{}
	missed := map[string]*miss{}
	var order []string
	for i := range probes {
		p := &probes[i]
		family := p.family()
		all[family]++
		if p.Reachable != nil {
			continue
		}
		m := missed[family]
		if m == nil {
			m = &miss{why: "nothing could be sent"}
			if !p.Err.IsZero() {
				m.why = cause(p.Err.Err())
			}
			missed[family] = m
			order = append(order, family)
		}
		m.servers = append(m.servers, p.Server)
		m.transports = append(m.transports, strings.ToUpper(p.Transport.String()))
	}
	slices.Sort(order)
	var gaps []opskit.Gap
	for _, family := range order {
		m := missed[family]
		if len(m.servers) == all[family] {
			gaps = append(gaps, opskit.Gap{What: "every server over " + family, Why: m.why, Need: "a host with " + family})
			continue
		}
		slices.Sort(m.transports)
		gaps = append(gaps, opskit.Gap{
			What: fmt.Sprintf("%s over %s %s", names(m.servers), family, strings.Join(slices.Compact(m.transports), " and ")),
			Why:  m.why,
		})
	}
	return gaps
}

// cause is the innermost part of an error that still says something.
func cause(err error) string {
	if errors.Is(err, ErrNotSent) {
		_, detail, found := strings.Cut(err.Error(), ErrNotSent.Error()+": ")
		if found {
			return detail
		}
	}
	return err.Error()
}

// String prints one line for each probe and what was not seen.
func (s *Sweep) String() string {
	answered := 0
	for i := range s.Probes {
		if r := s.Probes[i].Reachable; r != nil && *r {
			answered++
		}
	}
	lines := []string{fmt.Sprintf("%d of %d probes answered, in %s", answered, len(s.Probes), s.Took.Round(time.Millisecond))}
	for i := range s.Probes {
		lines = append(lines, "  "+s.Probes[i].String())
	}
	return strings.Join(append(lines, opskit.NotChecked(seen{s.Unseen})), "\n")
}

// seen is evidence as a result: what it shows is another's to judge.
type seen struct{ gaps []opskit.Gap }

func (s seen) Level() opskit.Level { return opskit.OK }
func (s seen) Gaps() []opskit.Gap  { return s.gaps }
func (s seen) String() string      { return "" }

// String prints the probe on one line.
func (p *Probe) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s: ", label(p.Server), p.Addr, p.Transport)
	switch count := p.all(); {
	case p.Reachable == nil:
		b.WriteString("not asked")
	case !*p.Reachable:
		fmt.Fprintf(&b, "no answer to %d questions", count.Sent)
	default:
		fmt.Fprintf(&b, "%s, %d of %d lost", p.MedianRTT().Round(time.Microsecond), count.Lost, count.Sent)
		if n := p.latest(); n != nil {
			fmt.Fprintf(&b, ", serial %d", *n)
		}
		fmt.Fprintf(&b, ", %s", p.SOA.Security)
		if id := p.Identity.String(); id != "" {
			fmt.Fprintf(&b, ", %q", id)
		}
	}
	for _, d := range p.Doubled {
		fmt.Fprintf(&b, ", %d answers to %s", len(d.Answers), d.Question)
	}
	for _, d := range p.Discarded {
		fmt.Fprintf(&b, ", %d %s discarded", d.Count, d.Why)
	}
	if !p.Err.IsZero() {
		fmt.Fprintf(&b, ": %s", p.Err)
	}
	return opskit.Escape(b.String())
}
