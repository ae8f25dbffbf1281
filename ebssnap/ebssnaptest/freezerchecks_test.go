package ebssnaptest_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/opskit-go/opskit/ebssnap"
)

// The tests behind FreezerCases, in their order.

func checkStops(ctx context.Context, s Subject) error {
	_, release, err := s.frozen(ctx)
	if err != nil {
		return err
	}
	defer release()
	if !s.Stopped() {
		return errors.New("writers run after Freeze")
	}
	return nil
}

func checkThaws(ctx context.Context, s Subject) error {
	thawer, release, err := s.frozen(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := s.thaw(thawer); err != nil {
		return fmt.Errorf("thaw: %w", err)
	}
	if s.Stopped() {
		return errors.New("writers are stopped after Thaw returned nil")
	}
	return nil
}

func checkThawAgain(ctx context.Context, s Subject) error {
	thawer, release, err := s.frozen(ctx)
	if err != nil {
		return err
	}
	defer release()
	first, second := s.thaw(thawer), s.thaw(thawer)
	if fmt.Sprint(first) != fmt.Sprint(second) {
		return fmt.Errorf("Thaw returned %q, then %q", fmt.Sprint(first), fmt.Sprint(second))
	}
	return nil
}

func checkLateThaw(ctx context.Context, s Subject) error {
	one, release, err := s.frozen(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := s.thaw(one); err != nil {
		return fmt.Errorf("thaw: %w", err)
	}
	_, releaseTwo, err := s.frozen(ctx)
	if err != nil {
		return err
	}
	defer releaseTwo()
	_ = s.thaw(one)
	if !s.Stopped() {
		return errors.New("the old Thawer let the writers of the new freeze run")
	}
	return nil
}

func checkConcurrent(ctx context.Context, s Subject) error {
	thawer, release, err := s.frozen(ctx)
	if err != nil {
		return err
	}
	defer release()
	const callers = 4
	answers := make(chan error, callers)
	for range callers {
		go func() {
			if err := s.thaw(thawer); err != nil {
				answers <- fmt.Errorf("thaw: %w", err)
			} else if s.Stopped() {
				answers <- errors.New("a Thaw returned nil while writers were still stopped")
			} else {
				answers <- nil
			}
		}()
	}
	for range callers {
		err = errors.Join(err, <-answers)
	}
	return err
}

func checkEnded(ctx context.Context, s Subject) error {
	ended, cancel := context.WithTimeout(ctx, s.patience())
	cancel()
	thawer, err := s.freeze(ended, s.New())
	switch {
	case errors.Is(err, errBoth) || errors.Is(err, errNoReturn):
		return err
	case err == nil:
		return errors.Join(errors.New("Freeze succeeded"), s.thaw(thawer))
	case s.Stopped():
		return errors.New("writers are stopped, and there is no Thawer")
	}
	return nil
}

func checkDeadlines(ctx context.Context, s Subject) error {
	for deadline := 100 * time.Microsecond; deadline < 200*time.Millisecond; deadline = deadline * 5 / 2 {
		limited, cancel := context.WithTimeout(ctx, deadline)
		thawer, err := s.freeze(limited, s.New())
		if err == nil {
			_ = s.thaw(thawer) // it may have thawed by itself just before
		}
		cancel()
		switch {
		case errors.Is(err, errBoth) || errors.Is(err, errNoReturn):
			return err
		case err != nil && s.Stopped():
			return fmt.Errorf("with %s to the end of the context, Freeze returned an error and writers are stopped", deadline)
		}
		// A freeze that goes on in the background shows a little later.
		if err := wait(ctx, 30*time.Millisecond); err != nil {
			return err
		}
		if s.Stopped() {
			return fmt.Errorf("with %s to the end of the context, writers were stopped after Freeze had returned", deadline)
		}
	}
	return nil
}

func checkSecond(ctx context.Context, s Subject) error {
	one, release, err := s.frozen(ctx)
	if err != nil {
		return err
	}
	defer release()
	limited, cancel := context.WithTimeout(ctx, s.Within/4)
	defer cancel()
	two, err := s.freeze(limited, s.New())
	switch {
	case errors.Is(err, errBoth) || errors.Is(err, errNoReturn):
		return err
	case err == nil: // it counts freezes
		if err := s.thaw(two); err != nil {
			return fmt.Errorf("thaw of the second: %w", err)
		}
	}
	if !s.Stopped() {
		return errors.New("the second freeze let the writers of the first run")
	}
	if err := s.thaw(one); err != nil {
		return fmt.Errorf("thaw of the first: %w", err)
	}
	return nil
}

func checkCycles(ctx context.Context, s Subject) error {
	for n := range 3 {
		thawer, release, err := s.frozen(ctx)
		if err != nil {
			return fmt.Errorf("cycle %d: %w", n+1, err)
		}
		stopped := s.Stopped()
		err = s.thaw(thawer)
		release()
		switch {
		case err != nil:
			return fmt.Errorf("cycle %d: thaw: %w", n+1, err)
		case !stopped:
			return fmt.Errorf("cycle %d: writers run after Freeze", n+1)
		}
	}
	return nil
}

func checkBudget(ctx context.Context, s Subject) error {
	var ran bool
	_, err := ebssnap.Hold(ctx, s.New(), s.Within/4, func(limited context.Context) error {
		<-limited.Done()
		ran = s.becomes(ctx, false)
		return nil
	})
	switch {
	case !ran:
		return errors.Join(errors.New("writers did not run at the end of the budget while the work went on"), err)
	case !errors.Is(err, ebssnap.ErrThawedEarly):
		return fmt.Errorf("error of Hold: got %q, and not that writers ran before the work was done", fmt.Sprint(err))
	}
	return nil
}

func checkFailing(ctx context.Context, s Subject) error {
	limited, cancel := context.WithTimeout(ctx, s.patience())
	defer cancel()
	thawer, err := s.freeze(limited, s.Failing())
	switch {
	case errors.Is(err, errBoth) || errors.Is(err, errNoReturn):
		return err
	case err == nil:
		return errors.Join(errors.New("Subject.Failing did not fail"), s.thaw(thawer))
	case s.Stopped():
		return errors.New("writers are stopped, and there is no Thawer")
	}
	return nil
}

func checkPrepare(ctx context.Context, s Subject) error {
	limited, cancel := context.WithTimeout(ctx, s.patience())
	defer cancel()
	prepared, err := s.New().(ebssnap.Preparer).Prepare(limited)
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	stopped := s.Stopped()
	if err := prepared.Close(); err != nil {
		return fmt.Errorf("close without a freeze: %w", err)
	}
	if stopped {
		return errors.New("writers are stopped after Prepare")
	}
	return nil
}

func checkClose(ctx context.Context, s Subject) error {
	limited, cancel := context.WithTimeout(ctx, s.patience())
	defer cancel()
	prepared, err := s.New().(ebssnap.Preparer).Prepare(limited)
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	thawer, err := s.freeze(limited, prepared)
	if err != nil {
		return errors.Join(err, prepared.Close())
	}
	defer func() { _ = s.thaw(thawer) }()
	if !s.Stopped() {
		return errors.Join(errors.New("writers run after Prepare and Freeze"), prepared.Close())
	}
	if err := prepared.Close(); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	if s.Stopped() {
		return errors.New("writers are stopped after Close")
	}
	return nil
}

func checkAlone(ctx context.Context, s Subject) error {
	_, release, err := s.abandoned(ctx)
	if err != nil {
		return err
	}
	release()
	return nil
}

func checkSays(ctx context.Context, s Subject) error {
	thawer, release, err := s.abandoned(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := s.thaw(thawer); !errors.Is(err, ebssnap.ErrThawedEarly) {
		return fmt.Errorf("Thaw returned %q, although writers ran before it was called", fmt.Sprint(err))
	}
	return nil
}

// abandoned freezes, cancels the context and waits until writers run. Without an error release must
// be called.
func (s Subject) abandoned(ctx context.Context) (thawer ebssnap.Thawer, release func(), err error) {
	limited, cancel := context.WithTimeout(ctx, s.patience())
	defer cancel()
	thawer, err = s.freeze(limited, s.New())
	if err != nil {
		return nil, nil, fmt.Errorf("freeze: %w", err)
	}
	release = func() { _ = s.thaw(thawer) }
	if !s.Stopped() {
		err = errors.New("writers run after Freeze")
	}
	cancel()
	if err == nil && !s.becomes(ctx, false) {
		err = fmt.Errorf("writers are still stopped %s after the context was cancelled", s.Within)
	}
	if err != nil {
		release()
		return nil, nil, err
	}
	return thawer, release, nil
}
