package reach

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/opskit-go/opskit"
)

// Trace is how far SYNs to a port get: the routers that say that a packet's time
// was over, one distance after the other. Its Verdict is that of the farthest
// attempt, as of a [Connection].
type Trace struct {
	Target  netip.AddrPort `json:"target"`         // what was asked for
	Verdict Verdict        `json:"verdict"`        // set by Judge
	Hops    []Hop          `json:"hops,omitempty"` // by distance, from 1
	End     *Connection    `json:"end,omitempty"`  // the attempt with which it ended

	At        time.Time     `json:"at"`                  // when it began
	Took      time.Duration `json:"took_ns"`             // for all of it
	Unseen    []opskit.Gap  `json:"unseen,omitempty"`    // what who looked could not see
	Undecided []opskit.Gap  `json:"undecided,omitempty"` // what the evidence leaves open; set by Judge
}

// Hop is one router on the way.
type Hop struct {
	Distance int           `json:"distance"`      // how many routers a packet may pass to end there
	From     netip.Addr    `json:"from,omitzero"` // who answered; absent for nobody
	Took     time.Duration `json:"took_ns"`       // until the answer, or until it was given up
}

// What a trace does when nobody answers.
const (
	farthestHop = 30
	silentHops  = 4 // in a row, before the way is given up
	waitForHop  = 1200 * time.Millisecond
)

// Trace asks for one TCP port again and again with packets that may pass one
// router more each time (IP_TTL, ip(7)), from one source port, so that all take
// the same way where routers share out by flow. It needs Linux and no privilege.
// A silent target is asked until four distances in a row gave nothing.
//
// The error is that of [Prober.Connect], or matches errors.ErrUnsupported.
func (p *Prober) Trace(ctx context.Context, target netip.AddrPort) (*Trace, error) {
	t := &Trace{Target: clean(target), At: now()}
	defer func() { t.Took = time.Since(t.At) }()
	if p.DialContext != nil || !kernelEvidence {
		t.Judge()
		return t, fail("trace", t.Target, errors.ErrUnsupported)
	}
	probe := *p
	probe.Timeout = min(p.timeout(), waitForHop)
	var m manner
	quiet := 0
	for m.ttl = 1; m.ttl <= farthestHop && quiet < silentHops; m.ttl++ {
		c := &Connection{Target: t.Target, At: now()}
		if err := probe.attempt(ctx, c, m); err != nil {
			t.Judge()
			return t, err
		}
		m.from, m.fromPort = c.Source, c.sourcePort
		if !m.from.IsValid() {
			m.fromPort = 0
		}
		t.End = c
		passed := c.ICMP != nil && c.ICMP.TimeExceeded(c.contact().Addr().Is6())
		hop := Hop{Distance: m.ttl, Took: c.Took}
		switch {
		case passed:
			hop.From, quiet = c.ICMP.From, 0
		case c.TimedOut:
			quiet++
		default: // the end, whatever it is
			t.Judge()
			return t, nil
		}
		t.Hops = append(t.Hops, hop)
	}
	t.Hops = t.Hops[:len(t.Hops)-quiet]
	t.Judge()
	return t, nil
}

// Judge sets Verdict and Undecided from the other fields; it is pure.
func (t *Trace) Judge() opskit.Level {
	t.Verdict, t.Undecided = Unknown, nil
	if t.End == nil {
		t.gap("the way", "nothing was asked", "a trace on Linux")
		return t.Level()
	}
	t.End.Judge()
	switch t.Verdict = t.End.Verdict; {
	case t.End.TimedOut && t.End.ICMP == nil:
		t.Verdict = NoAnswer // asked once at each of several distances
		t.gap("what is behind the last router that answered", "nothing came back from beyond", "the same trace from the other side")
	case t.Verdict == Unknown:
		t.gap("how the way ends", "the last attempt does not tell", "a connection")
	}
	return t.Level()
}

func (t *Trace) gap(what, why, need string) {
	t.Undecided = append(t.Undecided, opskit.Gap{What: what, Why: why, Need: need})
}

// Where says in words where the way ends.
func (t *Trace) Where() string {
	last := Hop{}
	for _, h := range t.Hops {
		if h.From.IsValid() {
			last = h
		}
	}
	switch {
	case t.End == nil:
		return "the way was not traced"
	case t.Verdict != NoAnswer:
		return fmt.Sprintf("the way ends at distance %d: %s", len(t.Hops)+1, t.Verdict)
	case last.From.IsValid():
		return fmt.Sprintf("the last router that answers is %s, at distance %d", last.From, last.Distance)
	}
	return "no router on the way answers, not the first one either"
}

// Level is that of the end: OK for Open.
func (t *Trace) Level() opskit.Level { return level(t.Verdict) }

// Gaps returns Unseen and Undecided.
func (t *Trace) Gaps() []opskit.Gap { return gaps(t.Level(), t.Unseen, t.Undecided) }

// String returns the verdict, a line for each router and what was not checked.
func (t *Trace) String() string {
	var ev []string
	for _, h := range t.Hops {
		who := "no answer"
		if h.From.IsValid() {
			who = fmt.Sprintf("%s after %s", h.From, h.Took.Round(time.Microsecond))
		}
		ev = append(ev, fmt.Sprintf("%2d  %s", h.Distance, who))
	}
	return report(t, "trace "+t.Target.String()+": "+t.Verdict.String(), append(ev, t.Where()))
}
