package ebssnap

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
)

// Consistent takes a snapshot of vol while f has stopped its writers, and says whether it is
// consistent, and why.
//
// Writers run again as soon as the cloud has answered: the point in time of a snapshot is taken
// then, and its completion may take hours. timeout is the longest time that writers are stopped,
// over all attempts together, counted from just before the first step that can stop them. Before
// that a DryRun asks for permission and makes the connection, so that exactly one request is sent
// while they are stopped. A request that the cloud throttles, or that could not be sent because the
// connection had ended, is sent again after a thaw, a pause, a new DryRun where one is needed, and
// a new freeze.
//
// A filesystem that FS would freeze and that is known to lie on none of the volumes is refused
// (ErrUsage); whether the volumes hold all of the data is what package volumes tells.
//
// The error is nil only if the snapshot is consistent, its tag says so, and nothing is frozen. Once
// anything was done the Result is not nil. Errors match ErrThawedEarly, ErrOutcomeUnknown,
// ErrNotCreated, ErrThrottled, ErrDenied, ErrUnknownVolume, ErrUsage, ErrFailed (the answer lacks a
// volume of the set, or says that a snapshot failed) and what the freezer returns, above all
// *ThawError: something is still frozen.
//
// When ctx ends writers run again at once; Consistent may then take up to vol.Settle longer to find
// out whether a snapshot exists.
func Consistent(ctx context.Context, vol Volume, f Freezer, timeout time.Duration) (*Result, error) {
	if err := vol.check(f, timeout); err != nil {
		return nil, err
	}
	if err := related(ctx, mountsOf(f), vol.IDs); err != nil {
		return nil, err
	}
	s := &session{vol: vol, freezer: f, result: &Result{Evidence: Evidence{
		Started: time.Now().UTC(), Token: rand.Text(), Volumes: vol.IDs, Mounts: mountsOf(f), Budget: timeout,
	}}}
	s.start = time.Now()
	err := s.take(ctx)
	s.release()
	s.result.Judge()
	if s.result.Verdict == VerdictConsistent {
		err = errors.Join(err, s.raise(ctx))
	} else if err == nil {
		err = s.unproven()
	}
	s.result.Unseen = slices.Concat(s.gaps, s.cloudGaps)
	s.result.Judge()
	if len(s.result.Evidence.Snapshots) > 0 {
		s.result.Notes = s.notes
	}
	return s.result, err
}

func (v Volume) check(f Freezer, timeout time.Duration) error {
	var missing error
	switch {
	case v.Cloud == nil:
		missing = errors.New("Volume.Cloud is not set")
	case len(v.IDs) == 0:
		missing = errors.New("Volume.IDs is empty")
	case f == nil:
		missing = errors.New("no freezer")
	case timeout <= 0:
		missing = errors.New("timeout must be above zero")
	default:
		return nil
	}
	return &opskit.Error{Op: "snapshot", Err: errors.Join(ErrUsage, missing)}
}

// session is one call of Consistent.
type session struct {
	vol     Volume
	freezer Freezer
	start   time.Time
	result  *Result
	gaps    []opskit.Gap
	notes   []string

	cloudGaps []opskit.Gap
}

func (s *session) request() Request {
	tags := maps.Clone(s.vol.Tags)
	if tags == nil {
		tags = map[string]string{}
	}
	tags[TagToken] = s.result.Evidence.Token
	tags[TagConsistency] = tagUnproven
	return Request{
		Volumes: s.vol.IDs, Instance: s.vol.Instance, Token: s.result.Evidence.Token,
		Description: s.vol.Description, Tags: tags, Budget: s.result.Evidence.Budget,
	}
}

// patience is the zero value of Volume.Patience.
const patience = 10 * time.Minute

// take makes attempts until one ends in a way that another could not better.
func (s *session) take(ctx context.Context) error {
	r := s.request()
	limit := s.vol.Patience
	if limit == 0 {
		limit = patience
	}
	end := time.Now().Add(limit)
	e := &s.result.Evidence
	for n := 1; ; n++ {
		err := s.rehearse(ctx, r)
		e.Error = opskit.Fail(err)
		later := again(err)
		if err == nil {
			err, later = s.attempt(ctx, r)
		}
		wait := retryAfter(err, n)
		switch {
		case !later || time.Now().Add(wait).After(end) || errors.Is(err, ErrStillFrozen):
			return err
		case e.Budget <= e.stopped():
			return errors.Join(err, &opskit.Error{Op: "snapshot", Err: errors.New("the budget is used up")})
		case pause(ctx, wait) != nil:
			return errors.Join(err, context.Cause(ctx))
		}
	}
}

// attempt stops writers, sends the request, and lets them run again.
func (s *session) attempt(ctx context.Context, r Request) (err error, later bool) { //nolint:revive // the error decides, later only explains it
	e := &s.result.Evidence
	var requested, answered time.Duration
	var createErr error
	h := holding{start: s.start}
	s.tell("prepare", h.now())
	h.run(ctx, kept{s.freezer, s, r}, e.Budget-e.stopped(), func(ctx context.Context) error {
		requested = h.now()
		e.Snapshots, createErr = s.vol.Cloud.Create(ctx, r)
		answered = h.now()
		return createErr
	})
	a := h.attempt()
	a.Requested, a.Answered = requested, answered
	a.CreateError = opskit.Fail(asError("create snapshot", "", createErr))
	a.Refused = createErr != nil && errors.Is(createErr, ErrNotCreated)
	e.Attempts = append(e.Attempts, a)
	s.gaps, s.notes, e.Stopped = h.gaps, h.notes, h.stopped
	s.tell("freeze", a.FreezeBegun)
	s.tell("frozen", a.Frozen)
	s.tell("request", a.Requested)
	s.tell("answer", a.Answered)
	s.tell("thaw", a.ThawBegun)
	if a.Frozen > 0 {
		s.tell("thawed", a.Thawed)
	}
	err = h.err()
	switch {
	case a.Requested == 0:
		return err, errors.Is(h.freezeErr, ErrThrottled) // the DryRun was
	case a.Refused:
		return err, again(createErr)
	case createErr == nil && len(e.Snapshots) > 0:
		return err, false
	}
	return errors.Join(err, s.settle(ctx)), false
}

// tell hands a phase that was reached to the observer.
func (s *session) tell(name string, at time.Duration) {
	if at > 0 {
		s.vol.Observer.Report(opskit.Phase{Op: "consistent", Target: strings.Join(s.vol.IDs, " "), Name: name, At: s.start.Add(at)})
	}
}

// unproven returns the error of a request that was answered, but not with what was asked for.
func (s *session) unproven() error {
	return &opskit.Error{Op: "snapshot", Target: s.result.Evidence.Token, Err: fmt.Errorf("%w: %s", ErrFailed, strings.Join(s.result.Reasons, "; "))}
}

// raise says on the snapshots themselves that they are consistent.
func (s *session) raise(ctx context.Context) error {
	ids := make([]string, 0, len(s.result.Evidence.Snapshots))
	for _, snapshot := range s.result.Evidence.Snapshots {
		if s.asked(snapshot) {
			ids = append(ids, snapshot.ID)
		}
	}
	bounded, cancel := s.aftermath(ctx)
	defer cancel()
	err := s.vol.Cloud.Tag(bounded, ids, map[string]string{TagConsistency: tagFrozen})
	if err != nil {
		err = asError("tag", "", err)
		s.result.Evidence.Error = opskit.Fail(err)
		return err
	}
	s.result.Evidence.Raised = true
	for i, snapshot := range s.result.Evidence.Snapshots {
		if tags := maps.Clone(snapshot.Tags); tags != nil && s.asked(snapshot) {
			tags[TagConsistency] = tagFrozen
			s.result.Evidence.Snapshots[i].Tags = tags
		}
	}
	return nil
}

// asked reports whether a snapshot is of a volume that was to be snapshotted. EC2 takes a set from
// all volumes that an instance has at that moment, except those that it had at the DryRun and that
// were left out.
func (s *session) asked(snapshot Snapshot) bool {
	return slices.Contains(s.result.Evidence.Volumes, snapshot.Volume)
}

// aftermath returns a context for what must be done although ctx has ended.
func (s *session) aftermath(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := s.vol.Settle
	if limit <= 0 {
		limit = settleWithin
	}
	return context.WithTimeout(context.WithoutCancel(ctx), limit)
}
