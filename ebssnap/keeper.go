package ebssnap

import (
	"context"
	"errors"
)

// rehearse sends the DryRun.
func (s *session) rehearse(ctx context.Context, r Request) error {
	r.DryRun = true
	if _, err := s.vol.Cloud.Create(ctx, r); err != nil {
		return asError("dry run", "", err)
	}
	return nil
}

// kept is a freezer that, once it is ready to stop writers, sees to it that the request will need
// nothing but itself: what Prepare did, or the pause after an attempt, may have outlasted a
// connection.
type kept struct {
	Freezer
	session *session
	request Request
}

// Prepare prepares the freezer, and sends the DryRun again if nothing is left of the last one.
func (k kept) Prepare(ctx context.Context) (Prepared, error) {
	ready, err := prepare(ctx, k.Freezer, k.request.Budget)
	if err != nil {
		return nil, err
	}
	cloud, keeps := k.session.vol.Cloud.(Keeper)
	if !keeps || cloud.Kept(k.request.Token) {
		return ready, nil
	}
	if err := k.session.rehearse(ctx, k.request); err != nil {
		if failed := ready.Close(); failed != nil {
			return nil, errors.Join(err, failed)
		}
		return nil, err
	}
	return ready, nil
}

// release ends what the cloud keeps.
func (s *session) release() {
	if cloud, keeps := s.vol.Cloud.(Keeper); keeps {
		s.cloudGaps = cloud.Release(s.result.Evidence.Token)
	}
}

// again reports whether an error after which nothing was created is one that another attempt may
// not meet.
func again(err error) bool {
	var says RetryLater
	return errors.Is(err, ErrThrottled) || errors.As(err, &says)
}
