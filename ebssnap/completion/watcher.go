package completion

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/opskit-go/opskit/ebssnap"
)

// Conditions that callers branch on, matched by errors.Is. They come inside an *ebssnap.Error.
var (
	// ErrFailed means that the state of a snapshot is "error": it will never be completed.
	ErrFailed = errors.New("snapshot failed")
	// ErrGone means that a snapshot does not exist: it was deleted, or never was.
	ErrGone = errors.New("snapshot does not exist")
	// ErrUsage means that the arguments make no sense.
	ErrUsage = errors.New("wrong use")
)

// Watcher looks at snapshots until they are complete. Cloud is required. It is safe for concurrent use.
type Watcher struct {
	Cloud ebssnap.Cloud // where the snapshots are
	// Every is the pause between two looks, before a jitter of a quarter up or down. Zero: 15 s. After a look that failed it doubles, up to
	// Every or 5 minutes, whichever is longer, or is as long as the cloud asks for.
	Every time.Duration
}

const (
	every   = 15 * time.Second
	atMost  = 5 * time.Minute
	perLook = 100 // snapshots in one request
)

// Watch yields what each look has shown, at once and then after each pause, until nothing is pending. The last pair has the error that matches ErrFailed
// or ErrGone if the snapshots are not all completed. A look that failed is yielded with the Status before it; only ErrDenied and the
// end of ctx end the watch then. Breaking out of the loop ends it too; it holds nothing open in between.
func (w Watcher) Watch(ctx context.Context, ids ...string) iter.Seq2[Status, error] {
	return func(yield func(Status, error) bool) {
		status := Status{IDs: ids}
		if w.Cloud == nil || len(ids) == 0 {
			yield(status, &ebssnap.Error{Op: "watch snapshots", Err: fmt.Errorf("%w: a cloud and the IDs of snapshots are needed", ErrUsage)})
			return
		}
		began := time.Now()
		for failures := 0; ; {
			found, err := w.look(ctx, ids)
			switch {
			case err == nil:
				failures = 0
				status = status.add(found, time.Since(began))
				err = status.err()
			case ctx.Err() != nil:
				err = context.Cause(ctx)
			default:
				failures++
			}
			if err != nil {
				err = &ebssnap.Error{Op: "watch snapshots", Target: strings.Join(status.concerned(), " "), Err: err}
			}
			if !yield(status, err) || status.Ended() || ctx.Err() != nil || errors.Is(err, ebssnap.ErrDenied) {
				return
			}
			if pause(ctx, jittered(w.next(err, failures))) != nil {
				yield(status, &ebssnap.Error{Op: "watch snapshots", Target: strings.Join(status.concerned(), " "), Err: context.Cause(ctx)})
				return
			}
		}
	}
}

// Wait watches until nothing is pending, and returns the last Status. The error is nil only if all are completed.
func (w Watcher) Wait(ctx context.Context, ids ...string) (Status, error) {
	var last Status
	var lastErr error
	for status, err := range w.Watch(ctx, ids...) {
		last, lastErr = status, err
	}
	return last, lastErr
}

// look asks for all snapshots, a request for every hundred.
func (w Watcher) look(ctx context.Context, ids []string) ([]ebssnap.Snapshot, error) {
	var all []ebssnap.Snapshot
	for len(ids) > 0 {
		n := min(len(ids), perLook)
		found, err := w.find(ctx, ids[:n])
		if err != nil {
			return nil, err
		}
		all, ids = append(all, found...), ids[n:]
	}
	return all, nil
}

// find asks for some snapshots. EC2 answers a request in which one of several does not exist with an error that hides the others, so
// the halves are asked for then.
func (w Watcher) find(ctx context.Context, ids []string) ([]ebssnap.Snapshot, error) {
	found, err := w.Cloud.Find(ctx, ebssnap.Query{IDs: ids})
	var api interface{ ErrorCode() string }
	switch {
	case err == nil || !errors.As(err, &api) || api.ErrorCode() != "InvalidSnapshot.NotFound":
		return found, err
	case len(ids) == 1:
		return nil, nil
	}
	half := len(ids) / 2
	first, err := w.find(ctx, ids[:half])
	if err != nil {
		return nil, err
	}
	second, err := w.find(ctx, ids[half:])
	return append(first, second...), err
}

// err returns the error that belongs to a state.
func (s Status) err() error {
	switch s.State {
	case StateFailed:
		return ErrFailed
	case StateGone:
		return ErrGone
	}
	return nil
}

// concerned returns the snapshots that keep s from being completed.
func (s Status) concerned() []string {
	for _, state := range []State{StateFailed, StateGone, StatePending} {
		if ids := s.with(state); s.State == state && len(ids) > 0 {
			return ids
		}
	}
	return s.IDs
}

// next returns the pause after so many looks in a row that failed, before the jitter.
func (w Watcher) next(err error, failures int) time.Duration {
	wait := w.Every
	if wait <= 0 {
		wait = every
	}
	if failures > 0 {
		limit := max(atMost, wait)
		for range failures {
			wait = min(2*wait, limit)
		}
		var says interface{ RetryAfter() time.Duration }
		if errors.As(err, &says) {
			wait = max(wait, says.RetryAfter())
		}
	}
	return wait
}

// jittered spreads watchers that began at the same moment.
func jittered(wait time.Duration) time.Duration { return wait*3/4 + rand.N(wait/2+1) }

// pause waits, or returns the error of a context that ends first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
