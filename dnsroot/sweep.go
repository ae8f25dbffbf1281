package dnsroot

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

// Sweep is what every letter did, on each of its addresses and over UDP and
// TCP, as one host saw it at one time. It is evidence only: [Assess] says what
// it means.
type Sweep struct {
	Started      time.Time     `json:"started"`                // wall clock, UTC; signatures were judged at this time
	Took         time.Duration `json:"took_ns"`                // monotonic
	Stalled      time.Duration `json:"stalled_ns"`             // the longest time this process was kept from running; RTTs may be that much too long
	HintsUpdated time.Time     `json:"hints_updated,omitzero"` // of the hints used; zero: not told
	Anchors      []Anchor      `json:"anchors,omitzero"`       // the trust anchors used
	Probes       []Probe       `json:"probes,omitzero"`        // by letter, then address, UDP before TCP
	Unseen       []Gap         `json:"unseen,omitempty"`       // what could not be asked from here
}

// Sweep asks every letter on every address of the hints, over UDP and TCP, for
// its SOA (Tries times, for RTT and loss), NS and DNSKEY records and its
// identity, and validates what came. Who is behind the newest validated serial,
// or slow, is asked once more at the end: the zone may have been published
// meanwhile, or this host busy.
//
// All addresses are asked side by side, paced, with at most 256 sockets open.
// The call blocks for one timeout and the pacing if letters are dead, however
// many; for six at most, if answers come truncated and are lost at every stage.
// An address family without a route from this host is a [Gap]: its probes have
// neither Reachable nor loss.
//
// The error is not nil only if there is nothing to ask or ctx ended; in the
// latter case the sweep is returned as far as it came.
func (c *Client) Sweep(ctx context.Context) (*Sweep, error) {
	h := c.hints()
	s := &Sweep{Started: c.now().UTC(), HintsUpdated: h.Updated, Anchors: c.anchors()}
	begin := time.Now()
	pace := c.pacer()
	for _, server := range h.Servers {
		for _, addr := range server.Addrs {
			to := netip.AddrPortFrom(addr.Unmap(), c.port())
			s.Probes = append(s.Probes,
				Probe{Letter: server.Letter, Addr: to, Transport: UDP},
				Probe{Letter: server.Letter, Addr: to, Transport: TCP})
		}
	}
	if len(s.Probes) == 0 {
		return nil, &Error{Op: "sweep", Err: fmt.Errorf("%w: the hints name no address", ErrSyntax)}
	}
	slices.SortStableFunc(s.Probes, func(a, b Probe) int {
		if a.Letter != b.Letter {
			return int(a.Letter) - int(b.Letter)
		}
		if c := a.Addr.Compare(b.Addr); c != 0 {
			return c
		}
		return int(a.Transport) - int(b.Transport)
	})
	stalled := watchStalls()
	var wg sync.WaitGroup
	apart := time.Duration(len(s.Probes)) * pace.every
	for i := range s.Probes {
		wg.Go(func() { s.Probes[i] = c.probe(ctx, pace, apart, s.Probes[i], s.Started) })
	}
	wg.Wait()
	c.askAgain(ctx, pace, s.Probes)
	s.Took, s.Stalled = time.Since(begin), stalled()
	s.Unseen = unsent(s.Probes)
	if err := ended(ctx); err != nil {
		return s, &Error{Op: "sweep", Err: err}
	}
	return s, nil
}

// askAgain asks those once more whose serial is behind or who were slow: a zone
// may have been published meanwhile, and this host may have been busy.
func (c *Client) askAgain(ctx context.Context, pace *pacer, probes []Probe) {
	newest, known := newestSerial(probes)
	var wg sync.WaitGroup
	for i := range probes {
		p := &probes[i]
		behind := known && p.Serial != nil && p.SOA.Security == Secure && serialLess(*p.Serial, newest)
		if !behind && !isSlow(p, 0) {
			continue
		}
		wg.Go(func() {
			a := c.ask(ctx, pace, askSOA, p.Addr, p.Transport)
			p.took(a)
			if a.err != nil {
				return
			}
			p.RTT = append(p.RTT, a.reply.RTT)
			if p.Transport == TCP {
				p.Connect = append(p.Connect, a.reply.Connect)
			}
			if n, ok := serial(a.msg); ok && behind {
				p.SerialAgain = &n
			}
		})
	}
	wg.Wait()
}

// newestSerial is the newest among the validated ones: a forged answer must not
// make everybody else look stale.
func newestSerial(probes []Probe) (newest uint32, ok bool) {
	for i := range probes {
		p := &probes[i]
		if n := p.Serial; n != nil && p.SOA.Security == Secure {
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
func unsent(probes []Probe) []Gap {
	type miss struct {
		letters    []Letter
		transports []string
		why        string
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
			if p.Err != nil {
				m.why = cause(p.Err)
			}
			missed[family] = m
			order = append(order, family)
		}
		m.letters = append(m.letters, p.Letter)
		m.transports = append(m.transports, p.Transport.String())
	}
	slices.Sort(order)
	var gaps []Gap
	for _, family := range order {
		m := missed[family]
		if len(m.letters) == all[family] {
			gaps = append(gaps, Gap{What: "every letter over " + family, Why: m.why, Need: "a host with " + family})
			continue
		}
		slices.Sort(m.transports)
		letters := slices.Compact(m.letters)
		gaps = append(gaps, Gap{
			What: fmt.Sprintf("letters %s over %s %s", names(letters), family, strings.Join(slices.Compact(m.transports), " and ")),
			Why:  m.why,
		})
	}
	return gaps
}

// cause is the innermost part of an error that still says something.
func cause(e *Error) string {
	if errors.Is(e, ErrNotSent) {
		_, detail, found := strings.Cut(e.Error(), ErrNotSent.Error()+": ")
		if found {
			return detail
		}
	}
	return e.Error()
}

// String prints one line for each letter and what was not seen.
func (s *Sweep) String() string {
	var b strings.Builder
	answered := 0
	for i := range s.Probes {
		if r := s.Probes[i].Reachable; r != nil && *r {
			answered++
		}
	}
	fmt.Fprintf(&b, "%d of %d probes answered, in %s\n", answered, len(s.Probes), s.Took.Round(time.Millisecond))
	for i := range s.Probes {
		fmt.Fprintf(&b, "  %s\n", s.Probes[i].String())
	}
	notChecked(&b, s.Unseen)
	return b.String()
}

// String prints the probe on one line.
func (p *Probe) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s: ", p.Letter, p.Addr, p.Transport)
	switch {
	case p.Reachable == nil:
		b.WriteString("not asked")
	case !*p.Reachable:
		fmt.Fprintf(&b, "no answer to %d questions", p.Sent)
	default:
		fmt.Fprintf(&b, "%s, %d of %d lost", p.MedianRTT().Round(time.Microsecond), p.Lost, p.Sent)
		if n := p.latest(); n != nil {
			fmt.Fprintf(&b, ", serial %d", *n)
		}
		fmt.Fprintf(&b, ", %s", p.SOA.Security)
		if id := p.Identity.String(); id != "" {
			fmt.Fprintf(&b, ", %q", id)
		}
	}
	for _, d := range p.Discarded {
		fmt.Fprintf(&b, ", %d %s discarded", d.Count, d.Why)
	}
	if p.Err != nil {
		fmt.Fprintf(&b, ": %v", p.Err)
	}
	return b.String()
}
