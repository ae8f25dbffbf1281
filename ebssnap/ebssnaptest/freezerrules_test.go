package ebssnaptest_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/opskit-go/opskit/ebssnap"
)

// Subject is a Freezer that FreezerCases test, with an eye that sees its effect from outside. New
// and Stopped are required.
type Subject struct {
	// New returns a freezer for one freeze. All that it returns stop the same writers.
	New func() ebssnap.Freezer
	// Stopped tells whether writers are stopped now: best by a write, from a process or goroutine
	// that nobody waits for while it hangs. It must return within a second, and is called from
	// several goroutines.
	Stopped func() bool
	// Failing returns a freezer that stops some of its writers and then fails. Nil: what happens
	// then is not tested.
	Failing func() ebssnap.Freezer
	// Alone says that the freezer is also for use without Hold and Consistent, as FS is, so that it
	// must thaw by itself when its context ends. Hold does that for the others.
	Alone bool
	// Within is how long a freeze, and a thaw, may take. Zero: 5 s.
	Within time.Duration
}

// FreezerCase is one rule that every Freezer must keep, with a test of it.
type FreezerCase struct {
	Name        string // stable, for t.Run
	Explanation string // what the rule demands, and why
	// Applies tells whether the subject can be tested for the rule.
	Applies func(s Subject) bool
	// Check returns nil if the subject keeps the rule, or an error that says what it did instead,
	// and ends with Explanation. Nothing is stopped afterwards if the subject can be thawed at all.
	// A Freeze or Thaw that never returns leaves a goroutine behind.
	Check func(ctx context.Context, s Subject) error
}

// checkFreezer runs every case that applies, one after the other, and joins their errors; in a
// test, run FreezerCases with t.Run instead.
//
//	for _, c := range ebssnaptest.FreezerCases() {
//		t.Run(c.Name, func(t *testing.T) {
//			if !c.Applies(subject) {
//				t.Skip("does not apply")
//			}
//			if err := c.Check(t.Context(), subject); err != nil {
//				t.Error(err)
//			}
//		})
//	}
func checkFreezer(ctx context.Context, s Subject) error {
	var all error
	for _, c := range FreezerCases() {
		if c.Applies(s) {
			all = errors.Join(all, c.Check(ctx, s))
		}
	}
	return all
}

// FreezerCases returns the rules that a Freezer must keep so that Hold and Consistent can say the
// truth.
func FreezerCases() []FreezerCase {
	always := func(Subject) bool { return true }
	alone := func(s Subject) bool { return s.Alone }
	failing := func(s Subject) bool { return s.Failing != nil }
	prepares := func(s Subject) bool {
		_, ok := s.New().(ebssnap.Preparer)
		return ok
	}
	cases := []FreezerCase{
		{"stops writers", "when Freeze has returned without an error every writer is stopped: the snapshot is asked for at once, and is called consistent", always, checkStops},
		{"thaw lets writers run", "when Thaw has returned nil writers run: nobody looks again, and nothing else will thaw", always, checkThaws},
		{"thaw again gives the same answer", "Thaw may be called again, by Hold and by a deferred call, and tells every caller the same", always, checkThawAgain},
		{"thaw again leaves the next freeze alone", "a second Thaw must not undo a freeze that began after the first one: that freeze belongs to somebody else", always, checkLateThaw},
		{"concurrent thaws all wait", "Thaw may be called from several goroutines at once, and none of them may return before writers run: the end of a budget and the end of the work meet there", always, checkConcurrent},
		{"an ended context stops nothing", "Freeze with a context that has ended returns an error and stops nothing: the caller has given up, and would not thaw", always, checkEnded},
		{"a deadline during the freeze", "a freeze that completes only after its context has ended is undone before Freeze returns its error: the caller has nothing to thaw with", always, checkDeadlines},
		{"a second freeze leaves the first alone", "a freeze that is refused because writers are already stopped must not let them run while it cleans up: the first freeze is relied on", always, checkSecond},
		{"again and again", "after a thaw the next freeze works: a throttled request is repeated after a thaw, a pause and a new freeze", always, checkCycles},
		{"thaws under Hold at the end of the budget", "Thaw works while the work still runs, from another goroutine: at the end of the budget nobody waits for a hung request", always, checkBudget},
		{"a failed freeze stops nothing", "Freeze is all or nothing: when it fails half way it lets go of what it stopped, and returns no Thawer", failing, checkFailing},
		{"prepare stops nothing", "Prepare is for work before the first writer is stopped: it is not counted against the budget, and Close without a freeze changes nothing", prepares, checkPrepare},
		{"close thaws", "Close after a freeze thaws if that was not done: it is the last thing that is called", prepares, checkClose},
		{"thaws by itself when its context ends", "without Hold nobody else thaws when the context ends", alone, checkAlone},
		{"says that it thawed by itself", "when writers ran before Thaw was called, Thaw returns an error that matches ErrThawedEarly: without Hold nobody else could tell", alone, checkSays},
	}
	for i, c := range cases {
		cases[i].Check = func(ctx context.Context, s Subject) error {
			if s.Within <= 0 {
				s.Within = 5 * time.Second
			}
			err := c.Check(ctx, s)
			if err == nil && !s.becomes(ctx, false) {
				err = errors.New("writers are still stopped at the end")
			}
			if err != nil {
				return fmt.Errorf("%s: %w: %s", c.Name, err, c.Explanation)
			}
			return nil
		}
	}
	return cases
}

// patience is the deadline of a freeze that is not meant to reach it.
func (s Subject) patience() time.Duration { return 4 * s.Within }

// becomes waits until Stopped returns want.
func (s Subject) becomes(ctx context.Context, want bool) bool {
	end := time.Now().Add(s.Within)
	for s.Stopped() != want {
		if time.Now().After(end) || wait(ctx, 5*time.Millisecond) != nil {
			return false
		}
	}
	return true
}

// freeze calls Freeze and sees that it returns, with one of a Thawer and an error.
func (s Subject) freeze(ctx context.Context, f ebssnap.Freezer) (ebssnap.Thawer, error) {
	type answer struct {
		thawer ebssnap.Thawer
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		thawer, err := f.Freeze(ctx)
		answered <- answer{thawer, err}
	}()
	timer := time.NewTimer(s.patience() + s.Within)
	defer timer.Stop()
	select {
	case a := <-answered:
		if (a.thawer == nil) == (a.err == nil) {
			return nil, errors.Join(errBoth, a.err)
		}
		return a.thawer, a.err
	case <-timer.C:
		return nil, errNoReturn
	}
}

var (
	errBoth     = errors.New("Freeze returned both or neither of a Thawer and an error")
	errNoReturn = errors.New("Freeze did not return")
)

// thaw calls Thaw and sees that it returns.
func (s Subject) thaw(t ebssnap.Thawer) error {
	answered := make(chan error, 1)
	go func() { answered <- t.Thaw() }()
	timer := time.NewTimer(s.Within)
	defer timer.Stop()
	select {
	case err := <-answered:
		return err
	case <-timer.C:
		return errors.New("Thaw did not return")
	}
}

// frozen freezes for as long as the case needs; release undoes what is left.
func (s Subject) frozen(ctx context.Context) (thawer ebssnap.Thawer, release func(), err error) {
	limited, cancel := context.WithTimeout(ctx, s.patience())
	thawer, err = s.freeze(limited, s.New())
	if err != nil {
		cancel()
		return nil, nil, fmt.Errorf("freeze: %w", err)
	}
	return thawer, func() {
		_ = s.thaw(thawer)
		cancel()
	}, nil
}
