package ebssnaptest

import (
	"context"
	"sync"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
)

// Freezer is an ebssnap.Freezer that freezes nothing and records what was asked of it. The zero
// value is ready; it is safe for concurrent use.
type Freezer struct {
	Took     time.Duration // how long a freeze takes
	FailWith error         // a freeze fails with this
	Stuck    error         // a thaw fails with this, as a *ebssnap.ThawError
	Events   func(string)  // called with "freeze" and "thaw", in order

	mu        sync.Mutex
	frozen    bool
	intervals []Interval
}

// Interval is one freeze. A freeze that was not thawed yet has no To.
type Interval struct {
	From time.Time // when the freeze began
	To   time.Time // when the thaw was done; zero while it was not
}

// Freeze begins an interval. Like every Freezer it undoes a freeze that completes after ctx has
// ended.
func (f *Freezer) Freeze(ctx context.Context) (ebssnap.Thawer, error) {
	if f.FailWith != nil {
		return nil, f.FailWith
	}
	if f.Took > 0 {
		timer := time.NewTimer(f.Took)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.frozen {
		return nil, &opskit.Error{Op: "freeze", Err: ebssnap.ErrAlreadyFrozen}
	}
	f.frozen = true
	f.intervals = append(f.intervals, Interval{From: time.Now()})
	f.tell("freeze")
	return &thawer{f: f}, nil
}

type thawer struct {
	f    *Freezer
	once sync.Once
	err  error
}

func (t *thawer) Thaw() error {
	t.once.Do(func() { t.err = t.f.thaw() })
	return t.err
}

func (f *Freezer) thaw() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tell("thaw")
	if f.Stuck != nil {
		return &ebssnap.ThawError{Mounts: []string{"/fake"}, Err: f.Stuck}
	}
	f.frozen = false
	f.intervals[len(f.intervals)-1].To = time.Now()
	return nil
}

func (f *Freezer) tell(event string) {
	if f.Events != nil {
		f.Events(event)
	}
}

// Frozen reports whether a freeze was not thawed.
func (f *Freezer) Frozen() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.frozen
}

// Intervals returns every freeze so far.
func (f *Freezer) Intervals() []Interval {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]Interval(nil), f.intervals...)
}

// Within reports whether t lies in a freeze from its beginning to its end.
func (f *Freezer) Within(t time.Time) bool {
	for _, i := range f.Intervals() {
		if !i.To.IsZero() && !t.Before(i.From) && !t.After(i.To) {
			return true
		}
	}
	return false
}
