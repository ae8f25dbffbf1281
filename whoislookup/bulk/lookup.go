package bulk

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"sync"
	"time"

	"github.com/opskit-go/opskit"
)

// Lookup yields one result per address, as they come and not in order; the
// error beside it is that of [Bulk.IP] for this address and ends nothing.
//
// When ctx ends, the results that are there are still yielded, and then, if
// any address went without an answer, a last pair with the zero Result and an
// error that matches the cause. Breaking out of the loop ends everything under
// way. addrs is read by another goroutine, a few addresses ahead; as nothing
// goes on after the loop, its end waits until addrs has returned from what it
// blocks in.
func (b *Bulk) Lookup(ctx context.Context, addrs iter.Seq[netip.Addr]) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		r := run{b: b, work: make(chan netip.Addr), results: make(chan outcome)}
		var all sync.WaitGroup
		all.Go(func() { r.feed(ctx, addrs) })
		for range or(b.Workers, 32) {
			all.Go(func() { r.answer(ctx) })
		}
		go func() {
			all.Wait()
			close(r.results)
		}()
		defer func() {
			cancel()
			for range r.results { // until every goroutine has ended
			}
		}()
		cut, done := false, 0
		for o := range r.results {
			if o.stopped {
				cut = true
				continue
			}
			done++
			b.Observer.Report(opskit.Phase{Op: "bulk", Target: o.res.Addr.String(), Name: "answer", Done: done})
			if !yield(o.res, o.err) {
				return
			}
		}
		if cut {
			yield(Result{}, &opskit.Error{Op: "look up", Target: "the rest", Err: fmt.Errorf("stopped: %w", context.Cause(ctx))})
		}
	}
}

// run is one call of Lookup.
type run struct {
	b       *Bulk
	work    chan netip.Addr
	results chan outcome
}

type outcome struct {
	res     Result
	err     error
	stopped bool // ctx ended before there was an answer
}

// feed hands out the addresses; those that an earlier answer is there for do
// not wait for a worker.
func (r *run) feed(ctx context.Context, addrs iter.Seq[netip.Addr]) {
	defer close(r.work)
	for addr := range addrs {
		if ctx.Err() != nil {
			r.results <- outcome{stopped: true}
			return
		}
		if o, ok := r.b.atOnce(addr); ok {
			r.results <- o
			continue
		}
		select {
		case r.work <- addr:
		case <-ctx.Done():
			r.results <- outcome{stopped: true}
			return
		}
	}
}

// answer looks up what it is handed.
func (r *run) answer(ctx context.Context) {
	for addr := range r.work {
		res, err := r.b.IP(ctx, addr)
		stopped := ctx.Err() != nil && (errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx)))
		r.results <- outcome{res: res, err: err, stopped: stopped}
	}
}

// atOnce answers without a query, if that can be done.
func (b *Bulk) atOnce(addr netip.Addr) (outcome, bool) {
	addr = addr.Unmap().WithZone("")
	if !b.Offline && addr.IsValid() {
		ans, ok := b.cache.get(addr, time.Now())
		if !ok {
			return outcome{}, false
		}
		res, err := b.start(addr).cached(ans)
		return outcome{res: res, err: err}, true
	}
	res, err := b.IP(context.Background(), addr)
	return outcome{res: res, err: err}, true
}
