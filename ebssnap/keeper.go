package ebssnap

import (
	"context"
	"errors"
)

// keeper is a Cloud that keeps something of a DryRun for the request with the same token, such as a connection.
type keeper interface {
	// Kept reports whether it is still there, so that the request would need nothing but itself.
	Kept(token string) bool
	// Release drops it, and tells what is not certain of the request.
	Release(token string) []Gap
}

// rehearse sends the DryRun.
func (s *session) rehearse(ctx context.Context, r Request) error {
	r.DryRun = true
	if _, err := s.vol.Cloud.Create(ctx, r); err != nil {
		return asError("dry run", "", err)
	}
	return nil
}

// kept is a freezer that, once it is ready to stop writers, sees to it that the request will need nothing but itself: what Prepare
// did, or the pause after an attempt, may have outlasted a connection.
type kept struct {
	Freezer
	session *session
	request Request
}

// Prepare prepares the freezer, and sends the DryRun again if nothing is left of the last one.
func (k kept) Prepare(ctx context.Context) (Prepared, error) {
	ready, err := prepare(ctx, k.Freezer)
	if err != nil {
		return nil, err
	}
	cloud, keeps := k.session.vol.Cloud.(keeper)
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
	if cloud, keeps := s.vol.Cloud.(keeper); keeps {
		s.cloudGaps = cloud.Release(s.result.Evidence.Token)
	}
}

// again reports whether an error after which nothing was created is one that another attempt may not meet.
func again(err error) bool {
	var says retryLater
	return errors.Is(err, ErrThrottled) || errors.As(err, &says)
}
