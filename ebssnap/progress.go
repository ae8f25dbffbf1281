package ebssnap

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
)

// Progress describes snapshots again and again, until each is completed or has failed, ctx ends, or
// the caller breaks off. It yields a snapshot whenever its State or Progress has changed, and one
// that will never be completed with an error that matches ErrFailed: its state is "error", or it
// does not exist, and then only its ID is set. It counts as not existing when three looks in a row,
// over at least 10 s, did not show it: a new snapshot is not always known everywhere at once. Only
// State tells that a snapshot is complete: Progress is often empty.
//
// The errors of asking come with a zero Snapshot. After ErrDenied, and ErrUsage for a cloud that is
// nil, it ends; after any other it asks again.
//
// every is the pause between two questions, give or take a half, so that many machines do not ask
// at the same time; zero means 15 s. After a question that failed it doubles, up to 5 minutes or
// every, whichever is longer, and is at least as long as the cloud asks for. A snapshot can take
// hours. Nothing is frozen meanwhile.
func Progress(ctx context.Context, cloud Cloud, every time.Duration, ids ...string) iter.Seq2[Snapshot, error] {
	if every <= 0 {
		every = 15 * time.Second
	}
	return func(yield func(Snapshot, error) bool) {
		if cloud == nil {
			yield(Snapshot{}, &opskit.Error{Op: "describe snapshots", Err: fmt.Errorf("%w: a cloud is needed", ErrUsage)})
			return
		}
		w := watch{last: map[string]Snapshot{}, absent: map[string]absence{}}
		for _, id := range ids {
			if !slices.Contains(w.ids, id) {
				w.ids = append(w.ids, id)
			}
		}
		for failures := 0; len(w.ids) > 0; {
			found, err := cloud.Find(ctx, Query{IDs: slices.Clone(w.ids)})
			if err == nil {
				failures = 0
			} else {
				failures++
				if ctx.Err() == nil && (!yield(Snapshot{}, asError("describe snapshots", strings.Join(w.ids, " "), err)) || errors.Is(err, ErrDenied)) {
					return
				}
			}
			for _, n := range w.news(found, err == nil) {
				if !yield(n.snapshot, n.err) {
					return
				}
			}
			if len(w.ids) > 0 && pause(ctx, untilNext(every, failures, err)) != nil {
				yield(Snapshot{}, &opskit.Error{Op: "wait", Target: strings.Join(w.ids, " "), Err: context.Cause(ctx)})
				return
			}
		}
	}
}

// watch is what is known of the snapshots that may still change.
type watch struct {
	ids    []string
	last   map[string]Snapshot
	absent map[string]absence
}

// absence is how often in a row, and since when, a snapshot was not there.
type absence struct {
	looks int
	since time.Time
}

// news is a snapshot that has changed, and why it will never be completed.
type news struct {
	snapshot Snapshot
	err      error
}

// A snapshot is taken for gone after so many looks in a row that did not show it, over so long a
// time.
const (
	goneAfter = 3
	goneFor   = 10 * time.Second
)

// news returns the snapshots that have changed, and forgets those that will not change any more.
// Only a whole answer proves that one is not there.
func (w *watch) news(found []Snapshot, whole bool) []news {
	var changed []news
	for _, s := range found {
		if !slices.Contains(w.ids, s.ID) {
			continue
		}
		delete(w.absent, s.ID)
		last, known := w.last[s.ID]
		if known && last.State == s.State && last.Progress == s.Progress {
			continue
		}
		w.last[s.ID] = s
		changed = append(changed, news{s, failed(s)})
		if s.State == "completed" || failed(s) != nil {
			w.forget(s.ID)
		}
	}
	for _, id := range slices.Clone(w.ids) {
		if !whole || slices.ContainsFunc(found, func(s Snapshot) bool { return s.ID == id }) {
			continue
		}
		a := w.absent[id]
		if a.looks++; a.looks == 1 {
			a.since = time.Now()
		}
		w.absent[id] = a
		if a.looks >= goneAfter && time.Since(a.since) >= goneFor {
			changed = append(changed, news{Snapshot{ID: id, State: stateGone}, failed(Snapshot{ID: id, State: stateGone})})
			w.forget(id)
		}
	}
	return changed
}

func (w *watch) forget(id string) {
	w.ids = slices.DeleteFunc(w.ids, func(known string) bool { return known == id })
}

// untilNext returns the pause before the next question, after so many in a row that failed.
func untilNext(every time.Duration, failures int, err error) time.Duration {
	wait := every
	for range failures {
		wait = min(2*wait, max(every, 5*time.Minute))
	}
	wait = wait/2 + rand.N(wait)
	var says RetryLater
	if errors.As(err, &says) && says.RetryAfter() > wait {
		wait = says.RetryAfter() + rand.N(says.RetryAfter()/4+1)
	}
	return wait
}

// stateGone is the State of a snapshot that the cloud does not know any more.
const stateGone = "gone"

// failed returns the error of a snapshot whose state says that it will never be completed.
func failed(s Snapshot) error {
	switch s.State {
	case "error":
		if s.Reason != "" {
			return never(s.ID, fmt.Sprintf("%q: see to that, delete it and take another", s.Reason))
		}
		return never(s.ID, "delete it and take another")
	case stateGone:
		return never(s.ID, "it does not exist: it was deleted, or never was")
	case "recoverable":
		return never(s.ID, "it was deleted, and lies in the recycle bin")
	}
	return nil
}

func never(id, why string) error {
	return &opskit.Error{Op: "complete", Target: id, Err: fmt.Errorf("%w: %s", ErrFailed, why)}
}
