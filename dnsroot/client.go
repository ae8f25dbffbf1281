package dnsroot

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/miekg/dns"

	"github.com/opskit-go/opskit"
)

// Client asks the servers of a zone. The zero value asks the thirteen letters of
// [DefaultHints] on port 53 through real sockets and validates by
// [DefaultAnchors]. Hints of another zone make it that zone's. The fields must not change during a call; calls are safe
// for concurrent use if the Exchanger is.
type Client struct {
	Exchanger Exchanger        // nil: Sockets{}
	Hints     Hints            // no servers in it: DefaultHints()
	Anchors   []Anchor         // nil: DefaultAnchors() for the root, none for another zone
	Port      uint16           // 0: 53
	Timeout   time.Duration    // of one question over one transport; 0: 2 s
	Tries     int              // questions per address and transport that RTT and loss rest on at first; 0: 16
	Pace      time.Duration    // between the starts of any two questions; 0: 500 µs; negative: none
	Now       func() time.Time // the wall clock that signatures are judged by; nil: time.Now
	Within    time.Duration    // when a sweep ends at the latest, with what it has by then and a gap; 0: no bound
	Linger    time.Duration    // how long to wait for a second answer after each UDP one; 0: 1 s where the first does not validate; negative: never
	Lead      time.Duration    // signatures that end sooner are told; 0: 24 hours; negative: off
	Vantage   string           // what this host is called where sweeps of several are judged together; empty: it has no name
	Observer  opskit.Observer  // is told of each probe that a sweep has done
}

func (c *Client) exchanger() Exchanger {
	if c.Exchanger == nil {
		return Sockets{}
	}
	return c.Exchanger
}

func (c *Client) hints() Hints {
	if len(c.Hints.Servers) == 0 {
		return DefaultHints()
	}
	return c.Hints
}

// anchors are those of the zone that is asked for.
func (c *Client) anchors() []Anchor {
	zone := c.hints().zone()
	if c.Anchors == nil && zone == "." {
		return DefaultAnchors()
	}
	return slices.DeleteFunc(slices.Clone(c.Anchors), func(a Anchor) bool { return dns.CanonicalName(cmp.Or(a.Zone, ".")) != zone })
}

func (c *Client) port() uint16 {
	if c.Port == 0 {
		return 53
	}
	return c.Port
}

func (c *Client) timeout() time.Duration {
	if c.Timeout <= 0 {
		return 2 * time.Second
	}
	return c.Timeout
}

func (c *Client) tries() int {
	if c.Tries <= 0 {
		return 16
	}
	return c.Tries
}

func (c *Client) lead() time.Duration {
	if c.Lead == 0 {
		return 24 * time.Hour
	}
	return max(c.Lead, 0)
}

func (c *Client) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}

// pacer lets one question start at a time: a burst of all of them at once
// measures this host's queues and not the servers.
type pacer struct {
	mu    sync.Mutex
	next  time.Time
	every time.Duration
	slots chan struct{} // one for each question that is under way
}

// maxUnderWay bounds the sockets that are open at a time; it is enough for all
// tries of all letters with the zero value of Tries, even if none answers.
const maxUnderWay = 256

func (c *Client) pacer() *pacer {
	p := &pacer{every: c.Pace, slots: make(chan struct{}, maxUnderWay)}
	if c.Pace == 0 {
		p.every = 500 * time.Microsecond
	}
	p.every = max(p.every, 0)
	return p
}

// wait returns when the caller may send, or the context's error. The caller must
// call done afterwards in either case.
func (p *pacer) wait(ctx context.Context) (done func(), err error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return func() {}, ctx.Err()
	}
	p.mu.Lock()
	now := time.Now()
	slot := p.next
	if slot.Before(now) {
		slot = now
	}
	p.next = slot.Add(p.every)
	p.mu.Unlock()
	sleep(ctx, slot.Sub(now))
	return func() { <-p.slots }, ctx.Err()
}

func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// answer is one question's outcome.
type answer struct {
	reply     Reply
	msg       *dns.Msg // nil if err is not nil
	truncated bool     // the UDP answer was, and this one is TCP's
	err       error
}

// ask puts one question, paced and within the timeout. A truncated answer over
// UDP is asked for again over TCP, once.
func (c *Client) ask(ctx context.Context, p *pacer, q question, to netip.AddrPort, over Transport) answer {
	a := c.askOnce(ctx, p, q, to, over)
	if a.err != nil || !a.msg.Truncated {
		return a
	}
	if over == TransportTCP {
		a.err = fmt.Errorf("%w, over TCP too", ErrTruncated)
		return a
	}
	full := c.askOnce(ctx, p, q, to, TransportTCP)
	full.truncated = true
	full.reply.RTT, full.reply.Connect = a.reply.RTT, 0 // what was measured is the UDP answer
	for _, d := range a.reply.Discarded {
		full.reply.Discarded = discard(full.reply.Discarded, d.Why, d.Count)
	}
	switch {
	case full.err != nil:
		full.err = fmt.Errorf("%w over UDP, and over TCP: %w", ErrTruncated, full.err)
	case full.msg.Truncated:
		full.err = fmt.Errorf("%w, over TCP too", ErrTruncated)
	}
	return full
}

func (c *Client) askOnce(ctx context.Context, p *pacer, q question, to netip.AddrPort, over Transport) answer {
	query, err := q.wire()
	if err != nil {
		return answer{err: err}
	}
	done, err := p.wait(ctx)
	defer done()
	if err != nil {
		return answer{err: fmt.Errorf("%w: %w", ErrNotSent, err)}
	}
	bounded, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	reply, err := c.exchanger().Exchange(bounded, Query{Wire: query, To: to, Over: over, Linger: max(c.Linger, 0)})
	if err != nil {
		if over := ended(ctx); over != nil {
			err = fmt.Errorf("%w: stopped before the timeout: %w", ErrNotSent, over)
		}
		return answer{reply: reply, err: err}
	}
	if why := mismatch(query, reply.Wire); why != "" {
		return answer{reply: reply, err: fmt.Errorf("%w: %s", ErrMalformed, why)}
	}
	msg, err := unpack(reply.Wire)
	return answer{reply: reply, msg: msg, err: err}
}

// ended is the context's error, also in the instant before its timer notices: a
// wait cut short by the caller is no silence of the server.
func ended(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return ctx.Err()
}
