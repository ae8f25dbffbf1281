package ebssnap

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"
)

// Progress describes snapshots again and again, until each is completed or has failed, ctx ends, or the caller breaks off. It yields a
// snapshot whenever its State or Progress has changed; a failed one with an error that matches ErrFailed; and the errors of asking, after which it
// asks again, because a new snapshot is not always known everywhere at once. Only State tells that a snapshot is complete: Progress is often empty.
//
// every is the pause between two questions, give or take a half, so that many machines do not ask at the same time; zero means 15 s. A snapshot
// can take hours. Nothing is frozen meanwhile.
func Progress(ctx context.Context, cloud Cloud, every time.Duration, ids ...string) iter.Seq2[Snapshot, error] {
	if every <= 0 {
		every = 15 * time.Second
	}
	return func(yield func(Snapshot, error) bool) {
		waiting := map[string]Snapshot{}
		for _, id := range ids {
			waiting[id] = Snapshot{}
		}
		for len(waiting) > 0 {
			found, err := cloud.Find(ctx, Query{IDs: ids})
			if err != nil && ctx.Err() == nil && !yield(Snapshot{}, asError("describe snapshots", "", err)) {
				return
			}
			for _, s := range found {
				last, wanted := waiting[s.ID]
				if !wanted || last.State == s.State && last.Progress == s.Progress {
					continue
				}
				waiting[s.ID] = s
				if s.State == "completed" || s.State == "error" {
					delete(waiting, s.ID)
				}
				if !yield(s, failed(s)) {
					return
				}
			}
			if len(waiting) == 0 {
				return
			}
			if pause(ctx, every/2+rand.N(every)) != nil {
				yield(Snapshot{}, &Error{Op: "wait", Err: context.Cause(ctx)})
				return
			}
		}
	}
}

func failed(s Snapshot) error {
	if s.State != "error" {
		return nil
	}
	return &Error{Op: "complete", Target: s.ID, Err: fmt.Errorf("%w: delete it and take another", ErrFailed)}
}

// Wait waits until all snapshots are completed. Its error is nil only then; it matches ErrFailed for one that never will be.
func Wait(ctx context.Context, cloud Cloud, every time.Duration, ids ...string) error {
	var failures, last error
	for s, err := range Progress(ctx, cloud, every, ids...) {
		switch {
		case errors.Is(err, ErrFailed):
			failures = errors.Join(failures, err)
		case s.ID == "":
			last = err
		default:
			last = nil
		}
	}
	if ctx.Err() == nil {
		last = nil // it was asked again, and answered
	}
	return errors.Join(failures, last)
}
