package ebssnap

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/opskit-go/opskit"
)

// settleWithin is the zero value of Volume.Settle.
const settleWithin = 10 * time.Second

// Settle looks for the snapshots of a call of Consistent whose outcome is unknown, by the token in
// its Result and error. It asks until it finds one, ctx ends or the cloud denies it (ErrDenied),
// with growing pauses, and returns ErrOutcomeUnknown if it finds none: a snapshot may still appear.
// What it finds has no known point in time.
func Settle(ctx context.Context, cloud Cloud, token string) ([]Snapshot, error) {
	if cloud == nil || token == "" {
		return nil, &opskit.Error{Op: "settle", Err: fmt.Errorf("%w: a cloud and a token are needed", ErrUsage)}
	}
	var last error
	for n := 1; ; n++ {
		found, err := cloud.Find(ctx, Query{Token: token})
		if len(found) > 0 {
			return found, nil
		}
		if err != nil && ctx.Err() == nil {
			last = err
		}
		if errors.Is(err, ErrDenied) || pause(ctx, time.Duration(n)*200*time.Millisecond) != nil {
			return nil, &opskit.Error{Op: "settle", Target: token, Err: errors.Join(ErrOutcomeUnknown, last)}
		}
	}
}

// settle finds out what became of a request without a usable answer.
func (s *session) settle(ctx context.Context) error {
	e := &s.result.Evidence
	bounded, cancel := s.aftermath(ctx)
	defer cancel()
	found, err := Settle(bounded, s.vol.Cloud, e.Token)
	if err != nil {
		e.Error = opskit.Fail(asError("settle", e.Token, err))
		return err
	}
	e.Snapshots, e.Adopted, e.Settled = found, true, true
	return &opskit.Error{Op: "snapshot", Target: e.Token, Err: fmt.Errorf("%w: found %d by the token, of an unknown moment", ErrOutcomeUnknown, len(found))}
}

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

// retryAfter returns how long to wait after the nth attempt, with jitter.
func retryAfter(err error, n int) time.Duration {
	var says RetryLater
	if errors.As(err, &says) && says.RetryAfter() > 0 {
		wait := min(says.RetryAfter()<<min(n-1, 6), max(says.RetryAfter(), time.Minute))
		return wait + rand.N(wait/4+1)
	}
	wait := min(time.Second<<min(n-1, 6), time.Minute)
	return wait/2 + rand.N(wait/2)
}
