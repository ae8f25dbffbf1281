package bulk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup"
)

const (
	firstPause = 10 * time.Second // after a throttled answer that does not say how long
	lastPause  = 5 * time.Minute  // pauses double up to this
	strikesOut = 3                // failures in a row after which a server counts as down
)

// errNoTurn marks errors that come from here and not from a server.
var errNoTurn = errors.New("not asked")

// pacer gives out turns to ask servers. It knows nothing of connections and
// takes the time from its callers. The zero value is ready.
type pacer struct {
	mu      sync.Mutex
	servers map[string]*turns
}

// turns is the state of one server.
type turns struct {
	next     time.Time     // the first turn that nobody has
	until    time.Time     // the server wants to be left alone until then
	throttle int           // throttled answers since the last good one
	strikes  int           // failures to answer at all since the last good one
	down     bool          // until is because of strikes
	changed  chan struct{} // closed when until moves, so that nobody waits in vain
}

func (p *pacer) server(name string) *turns {
	name = strings.ToLower(name)
	if p.servers == nil {
		p.servers = map[string]*turns{}
	}
	if p.servers[name] == nil {
		p.servers[name] = &turns{changed: make(chan struct{})}
	}
	return p.servers[name]
}

// reserve returns the time of the next free turn. It takes none, and says why,
// if the server is down, wants a pause longer than patience, or deadline (zero
// is none) comes first.
func (p *pacer) reserve(name string, now time.Time, every, patience time.Duration, deadline time.Time) (time.Time, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.server(name)
	pause := t.until.Sub(now)
	if pause > 0 && t.down {
		return time.Time{}, refusal(name, pause, fmt.Errorf("%w: %d failures in a row: %w", errNoTurn, t.strikes, whoislookup.ErrUnreachable))
	}
	slot := latest(now, t.next, t.until)
	if pause > patience || !deadline.IsZero() && deadline.Before(slot) {
		return time.Time{}, refusal(name, slot.Sub(now), fmt.Errorf("%w: next turn in %s: %w", errNoTurn, slot.Sub(now).Round(time.Millisecond), whoislookup.ErrThrottled))
	}
	t.next = slot.Add(every)
	return slot, nil
}

func refusal(name string, after time.Duration, err error) error {
	return &opskit.Error{Op: "wait for", Target: name, Err: pause{err, after}}
}

// pause is a [whoislookup.Pause] of our own.
type pause struct {
	error
	after time.Duration
}

func (p pause) Unwrap() error             { return p.error }
func (p pause) RetryAfter() time.Duration { return p.after }

// good reports whether a turn still stands when its time has come: not if the
// server asked for a pause meanwhile.
func (p *pacer) good(name string, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.server(name).until.After(now)
}

// giveBack frees a turn that is not used, if nobody stands behind it.
func (p *pacer) giveBack(name string, slot time.Time, every time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.server(name); t.next.Equal(slot.Add(every)) {
		t.next = slot
	}
}

// answered tells of a good answer. One that was under way when the server
// asked for a pause does not end the pause.
func (p *pacer) answered(name string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.server(name); !t.until.After(now) {
		t.throttle, t.strikes, t.down = 0, 0, false
	}
}

// throttled tells of an answer that asks for a pause; after is 0 if it does not
// say how long.
func (p *pacer) throttled(name string, now time.Time, after time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.server(name)
	if !t.until.After(now) {
		t.throttle++
	}
	if after <= 0 {
		after = doubled(t.throttle)
	}
	t.until, t.down = latest(t.until, now.Add(after)), false
	t.wake()
}

// failed tells of no answer at all.
func (p *pacer) failed(name string, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.server(name)
	if t.until.After(now) {
		return
	}
	if t.strikes++; t.strikes >= strikesOut {
		t.until, t.down = now.Add(doubled(t.strikes-strikesOut+1)), true
		t.wake()
	}
}

// wake ends all waiting for a turn: it is reserved anew, or refused.
func (t *turns) wake() {
	close(t.changed)
	t.changed, t.next = make(chan struct{}), time.Time{}
}

// news returns what is closed when a server's pause begins.
func (p *pacer) news(name string) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.server(name).changed
}

// doubled returns the n-th pause, counted from 1.
func doubled(n int) time.Duration {
	d := firstPause
	for i := 1; i < n && d < lastPause; i++ {
		d *= 2
	}
	return min(d, lastPause)
}

func latest(first time.Time, more ...time.Time) time.Time {
	for _, t := range more {
		if t.After(first) {
			first = t
		}
	}
	return first
}

// wait returns when it is the caller's turn.
func (p *pacer) wait(ctx context.Context, name string, every, patience time.Duration) error {
	deadline, _ := ctx.Deadline()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		news, now := p.news(name), time.Now()
		slot, err := p.reserve(name, now, every, patience, deadline)
		if err != nil {
			return err
		}
		timer := time.NewTimer(slot.Sub(now))
		select {
		case <-timer.C:
		case <-news:
			timer.Stop()
			continue
		case <-ctx.Done():
			timer.Stop()
			p.giveBack(name, slot, every)
			return ctx.Err()
		}
		if p.good(name, time.Now()) {
			return nil
		}
	}
}
