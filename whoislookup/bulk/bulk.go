package bulk

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/servers"
)

// Bulk asks whose many addresses are. The zero value is ready to use. It is
// safe for concurrent use, keeps its cache and the pace of each server for as
// long as it lives, and must neither be copied nor changed after first use.
type Bulk struct {
	// Client asks; nil means the zero Client. It is not changed, and all that
	// is set in it is used. Its Timeout begins with each connection: waiting
	// for a turn does not count.
	Client *whoislookup.Client

	// Delegated statistics come with each result as far as they have it, and
	// bound how far one answer is believed. nil means none.
	Delegated *Delegated
	// Offline makes Delegated the answer: registry and country, and no query.
	// For an address that is not in it the error matches
	// whoislookup.ErrNoServer.
	Offline bool

	// Exact asks for every address in a range that the registry does not call
	// assigned: allocations are there to be handed on, so another address in
	// it may have a holder of its own. Without it the answer about the
	// allocation is used for these too, and Result.Unseen says so.
	Exact bool

	// Every is the least time between the beginnings of two queries to one
	// server; 0 means 1 s, and 6 s for LACNIC, which blocks who asks more than
	// 10 times a minute.
	Every time.Duration
	// Servers are those with another time than Every, by host name in lower
	// case; less than a nanosecond means no limit.
	Servers map[string]time.Duration
	// Patience is the longest pause, asked for by a server, that a look-up
	// waits for; 0 means 2 min. If it is longer, or ctx ends before the next
	// turn, the error matches whoislookup.ErrThrottled at once, and RetryAfter
	// says when to come back.
	Patience time.Duration

	// Cache, if there is one, is asked before a server is, and told every answer that
	// may be used again: so that several programs ask for each range once.
	Cache Cache

	// Observer is told of each "answer" of Lookup, with how many there are.
	Observer opskit.Observer

	Workers   int           // addresses under way in Lookup at once; 0 means 32
	CacheSize int           // ranges kept; 0 means 65,536
	TTL       time.Duration // how long an answer is used; 0 means 24 h. That there is none is kept 10 min at most

	prepare sync.Once
	asking  *whoislookup.Client
	shared  bool // all servers take turns together, as they are asked through one proxy
	pace    pacer
	cache   cache

	mu     sync.Mutex
	flying map[whoislookup.Range]chan struct{} // by the range that a query under way may answer
}

const (
	attempts    = 3 // of one look-up that is throttled
	negativeTTL = 10 * time.Minute
)

// IP asks whose an address is, or takes it from an earlier answer. Errors are
// those of [whoislookup.Client.Lookup], and if ctx ends the error matches its
// cause; the result is filled as far as anything is known. While a query is under way whose answer may hold this address too,
// it waits for that: within the same delegation, or else the same /16 of IPv4
// or /32 of IPv6. If that query is given up, the next who waits asks itself.
//
// The record belongs to all results of its range and must not be changed.
func (b *Bulk) IP(ctx context.Context, addr netip.Addr) (Result, error) {
	addr = addr.Unmap().WithZone("")
	if !addr.IsValid() {
		return Result{}, &opskit.Error{Op: "parse query", Target: "invalid address", Err: whoislookup.ErrBadQuery}
	}
	res := b.start(addr)
	if b.Offline {
		return res.offline()
	}
	hold := holdOf(res)
	for {
		if ans, ok := b.cache.get(addr, time.Now()); ok {
			return res.cached(ans)
		}
		wait, lead := b.take(hold)
		if !lead {
			select {
			case <-wait:
				continue
			case <-ctx.Done():
				return res, stopped(ctx, addr)
			}
		}
		return b.lead(ctx, res, hold)
	}
}

// start returns what is known without asking anybody.
func (b *Bulk) start(addr netip.Addr) Result {
	res := Result{Addr: addr}
	if d, ok := b.Delegated.Addr(addr); ok {
		res.Delegation = &d
	}
	return res
}

// lead is IP for the one who asks while others wait.
func (b *Bulk) lead(ctx context.Context, res Result, hold whoislookup.Range) (Result, error) {
	defer b.release(hold)
	if ans, ok := b.cache.get(res.Addr, time.Now()); ok { // came in between
		return res.cached(ans)
	}
	if ans, ok := b.kept(res); ok {
		return res.cached(ans)
	}
	rec, err := b.ask(ctx, res.Addr)
	if errors.Is(err, errKnown) {
		if ans, ok := b.cache.get(res.Addr, time.Now()); ok {
			return res.cached(ans)
		}
	}
	res.Record = rec
	if about, ok := worthKeeping(res.Addr, rec, err, res.Delegation); ok {
		ttl := or(b.TTL, 24*time.Hour)
		if rec.Verdict != whoislookup.VerdictFound {
			ttl = min(ttl, negativeTTL)
		}
		until := time.Now().Add(ttl)
		b.keep(res.Addr, about, rec, until)
		if b.Cache != nil {
			b.Cache.Put(Kept{Range: about, Record: rec, Until: until})
		}
	}
	return res, err
}

// holdOf returns the range in which one query at a time is asked.
func holdOf(res Result) whoislookup.Range {
	if res.Delegation != nil {
		return res.Delegation.Range
	}
	bits := 16
	if res.Addr.Is6() {
		bits = 32
	}
	if _, special := servers.Special(netip.PrefixFrom(res.Addr, res.Addr.BitLen())); special {
		bits = res.Addr.BitLen() // answered without a query
	}
	p, _ := res.Addr.Prefix(bits)
	return rangeOf(p)
}

// take makes the caller the one who asks in a range, or returns what to wait
// for.
func (b *Bulk) take(hold whoislookup.Range) (wait <-chan struct{}, lead bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c, ok := b.flying[hold]; ok {
		return c, false
	}
	if b.flying == nil {
		b.flying = map[whoislookup.Range]chan struct{}{}
	}
	b.flying[hold] = make(chan struct{})
	return nil, true
}

func (b *Bulk) release(hold whoislookup.Range) {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.flying[hold])
	delete(b.flying, hold)
}

// ask makes the query, again if a server asks for a pause.
func (b *Bulk) ask(ctx context.Context, addr netip.Addr) (*whoislookup.Record, error) {
	for attempt := 1; ; attempt++ {
		client, err := b.client(ctx)
		if err != nil {
			return nil, err
		}
		e := &errand{addr: addr}
		rec, err := client.IP(context.WithValue(ctx, errandKey{}, e), addr)
		if ctx.Err() != nil && err != nil && !errors.Is(err, errNoTurn) {
			return rec, stopped(ctx, addr)
		}
		b.learn(rec, err, e.failed)
		if !errors.Is(err, whoislookup.ErrThrottled) {
			return rec, err
		}
		if attempt == attempts || errors.Is(err, errNoTurn) {
			return rec, err
		}
	}
}

// learn tells the pacer how the servers took it.
func (b *Bulk) learn(rec *whoislookup.Record, err error, known []string) {
	if rec == nil {
		return
	}
	now := time.Now()
	for i, hop := range rec.Hops {
		if hop.Protocol == "local" {
			continue
		}
		failure := error(nil)
		switch {
		case !hop.Failure.IsZero():
			failure = hop.Failure.Err()
		case len(hop.Raw) == 0 && hop.Referral != "": // a redirect
		case i == len(rec.Hops)-1 && err != nil:
			failure = err
		default: // what the text says, though another server's answer was enough
			_, failure = whoislookup.Parse(hop.Server, hop.Raw)
		}
		name := b.turnOf(hop.Server)
		switch {
		case errors.Is(failure, errNoTurn):
		case errors.Is(failure, whoislookup.ErrThrottled), errors.Is(failure, whoislookup.ErrDenied):
			b.pace.throttled(name, now, max(hop.RetryAfter, retryAfter(failure)))
		case errors.Is(failure, whoislookup.ErrUnreachable):
			if !b.shared && !slices.Contains(known, name) { // or one server would count for all
				b.pace.failed(name, now)
			}
		default:
			b.pace.answered(name, now)
		}
	}
}

// retryAfter returns the pause that an error names, if it does.
func retryAfter(err error) time.Duration {
	if p, ok := errors.AsType[whoislookup.Pause](err); ok {
		return p.RetryAfter()
	}
	return 0
}

func stopped(ctx context.Context, addr netip.Addr) error {
	return &opskit.Error{Op: "look up", Target: addr.String(), Err: fmt.Errorf("stopped: %w", context.Cause(ctx))}
}

// or returns what is set, or else the value that zero means.
func or[T int | time.Duration](v, zero T) T {
	if v > 0 {
		return v
	}
	return zero
}
