package outage

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/opskit-go/opskit"
)

// Watch sends probes and notes what becomes of them.
type Watch struct {
	// Probe sends one probe and waits for its answer until ctx is done. An error
	// means that it could not ask, which is no loss. It is called concurrently.
	Probe func(ctx context.Context) (answered bool, err error)
	// Interval is the time between probes; 0 means a second.
	Interval time.Duration
	// Timeout is how long each has; 0 means a second, or two intervals if that is more.
	Timeout time.Duration
	// State, if not nil, tells the tunnel's state in one line. It is asked at the
	// first loss, again with every tenth, and when answers come back.
	State func(ctx context.Context) string
	// Observer, if not nil, is told of each outage's "out" and "back".
	Observer opskit.Observer
}

// outcome is what became of a probe.
type outcome struct {
	answered bool
	err      error
	at, rtt  time.Duration
	ended    bool // with the watch, before its time was up
}

// maxStates bounds what is kept of the tunnel's states.
const maxStates = 1000

// Run probes until ctx is done, which is no error, and judges. Each probe is sent
// when it is due, so that several are under way while none is answered. All have
// ended when Run returns.
func (w *Watch) Run(ctx context.Context) (*Report, error) {
	if w.Probe == nil {
		return &Report{}, &opskit.Error{Op: "watch", Err: errors.New("no Probe is set")}
	}
	interval, timeout := w.Interval, w.Timeout
	if interval <= 0 {
		interval = time.Second
	}
	if timeout <= 0 {
		timeout = max(time.Second, 2*interval)
	}
	start := time.Now()
	r := &Report{Start: start.UTC().Round(0), Timed: true}
	outcomes := make(chan chan outcome, 4096)
	var all sync.WaitGroup
	all.Go(func() { w.collect(ctx, r, start, timeout, outcomes) })
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for ctx.Err() == nil {
		result := make(chan outcome, 1)
		select {
		case outcomes <- result:
			all.Go(func() {
				at := time.Since(start) // not when it was due: on a busy machine that is earlier
				bounded, cancel := context.WithTimeout(ctx, timeout)
				defer cancel()
				answered, err := w.Probe(bounded)
				rtt := time.Since(start) - at
				result <- outcome{answered: answered, err: err, at: at, rtt: rtt, ended: ctx.Err() != nil && rtt < timeout}
			})
		case <-ctx.Done():
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	close(outcomes)
	all.Wait()
	r.Judge()
	return r, nil
}

// collect takes the outcomes in the order of the probes.
func (w *Watch) collect(ctx context.Context, r *Report, start time.Time, timeout time.Duration, outcomes <-chan chan outcome) {
	seq, lost, unasked := 0, 0, 0
	var why error
	for result := range outcomes {
		o := <-result
		seq++
		switch {
		case o.answered:
			r.add(true, seq, o.at, o.rtt)
			if lost > 0 {
				w.state(ctx, r, start, timeout)
				w.Observer.Report(opskit.Phase{Op: "watch", Name: "back"})
			}
			lost = 0
		case o.ended:
		case o.err != nil && !errors.Is(o.err, context.DeadlineExceeded):
			unasked++
			why = o.err
		default:
			r.add(false, seq, o.at, 0)
			if lost++; lost == 1 {
				w.Observer.Report(opskit.Phase{Op: "watch", Name: "out"})
			}
			if lost%10 == 1 {
				w.state(ctx, r, start, timeout)
			}
		}
	}
	if unasked > 0 {
		r.Unseen = append(r.Unseen, opskit.Gap{What: "some of the probes", Why: why.Error(), Need: "what the error asks for"})
	}
}

func (w *Watch) state(ctx context.Context, r *Report, start time.Time, timeout time.Duration) {
	if w.State == nil || len(r.States) >= maxStates {
		return
	}
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	at := time.Since(start)
	r.States = append(r.States, State{At: at, Text: w.State(bounded)})
}
