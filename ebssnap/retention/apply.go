package retention

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/opskit-go/opskit/ebssnap"
)

// Applied is what Apply did.
type Applied struct {
	Deleted []string      `json:"deleted,omitempty"` // snapshots, in the order of their deletion
	Left    []Left        `json:"left,omitempty"`    // points that were to be deleted and are not, or not wholly
	Unseen  []ebssnap.Gap `json:"unseen,omitempty"`  // what Apply did not come to
}

// Left is a point that was left.
type Left struct {
	Token string         `json:"token"`          // of the point
	Error *ebssnap.Error `json:"error,omitzero"` // why; ErrChanged is known by its text in JSON
}

// Apply deletes what r says, the oldest first, one point after the other. Before that it asks the cloud for the newest consistent point, and
// deletes nothing if that is not what it was; and it asks for every point by its token, and leaves one of which a
// snapshot is new, of another volume, in another state, or has another ebssnap.TagConsistency than the plan says. A point of which some
// snapshots were deleted already is deleted wholly, so Apply may be repeated.
//
// The cloud must be an ebssnap.Deleter. Apply stops at ebssnap.ErrDenied, ebssnap.ErrThrottled and the end of ctx, and otherwise goes on with the
// next point; the error joins what went wrong, and the Applied is not nil.
func Apply(ctx context.Context, cloud ebssnap.Cloud, r *Result) (*Applied, error) {
	deleter, ok := cloud.(ebssnap.Deleter)
	if !ok || r == nil {
		return &Applied{}, &ebssnap.Error{Op: "apply", Err: fmt.Errorf("%w: a plan, and a cloud that can delete, are needed", ErrUsage)}
	}
	a := &Applied{}
	deletes := r.Deletes()
	if len(deletes) == 0 {
		return a, nil
	}
	if err := r.anchored(ctx, cloud); err != nil {
		return a, &ebssnap.Error{Op: "apply", Target: r.Newest, Err: err}
	}
	var all error
	for n, p := range deletes {
		err := a.remove(ctx, cloud, deleter, p)
		if err == nil {
			continue
		}
		failed := &ebssnap.Error{Op: "delete point", Target: p.Token, Err: err}
		a.Left = append(a.Left, Left{Token: p.Token, Error: failed})
		all = errors.Join(all, failed)
		if errors.Is(err, ebssnap.ErrDenied) || errors.Is(err, ebssnap.ErrThrottled) || ctx.Err() != nil {
			if rest := len(deletes) - n - 1; rest > 0 {
				a.Unseen = append(a.Unseen, ebssnap.Gap{What: fmt.Sprintf("%d further points to delete", rest), Why: "stopped at the error", Need: "apply the plan again"})
			}
			break
		}
	}
	return a, all
}

// anchored returns an error unless the newest consistent point is what it was, and is not to be deleted.
func (r *Result) anchored(ctx context.Context, cloud ebssnap.Cloud) error {
	i := slices.IndexFunc(r.Points, func(p Point) bool { return p.Token == r.Newest })
	if r.Newest == "" || i < 0 || r.Points[i].Delete || r.Points[i].Class != ClassConsistent {
		return fmt.Errorf("%w: the plan keeps no consistent point", ErrUsage)
	}
	anchor := r.Points[i]
	for _, p := range r.Deletes() {
		if !p.Started.Before(anchor.Started) {
			return fmt.Errorf("%w: the plan deletes a point that is not older than the newest consistent one", ErrUsage)
		}
	}
	found, err := cloud.Find(ctx, ebssnap.Query{Token: anchor.Token})
	if err != nil {
		return err
	}
	if len(found) != len(anchor.Snapshots) {
		return fmt.Errorf("%w: of the newest consistent point %d snapshots are left of %d", ErrChanged, len(found), len(anchor.Snapshots))
	}
	return anchor.same(found)
}

// same returns an error if one of found is not as p has it.
func (p Point) same(found []ebssnap.Snapshot) error {
	for _, s := range found {
		i := slices.IndexFunc(p.Snapshots, func(known ebssnap.Snapshot) bool { return known.ID == s.ID })
		switch {
		case i < 0:
			return fmt.Errorf("%w: snapshot %s of %s has the token too", ErrChanged, s.ID, s.Volume)
		case s.Volume != p.Snapshots[i].Volume || s.State != p.Snapshots[i].State || s.Tags[ebssnap.TagToken] != p.Token ||
			s.Tags[ebssnap.TagConsistency] != p.Snapshots[i].Tags[ebssnap.TagConsistency]:
			return fmt.Errorf("%w: snapshot %s of %s", ErrChanged, s.ID, s.Volume)
		}
	}
	return nil
}

// remove deletes the snapshots of a point that are still there.
func (a *Applied) remove(ctx context.Context, cloud ebssnap.Cloud, deleter ebssnap.Deleter, p Point) error {
	found, err := cloud.Find(ctx, ebssnap.Query{Token: p.Token})
	if err != nil {
		return err
	}
	if err := p.same(found); err != nil {
		return err
	}
	for _, s := range found {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if err := deleter.Delete(ctx, s.ID); err != nil {
			return err
		}
		a.Deleted = append(a.Deleted, s.ID)
	}
	return nil
}

// String returns what was deleted and left, a line each, what to do next and what was not seen.
func (a *Applied) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "deleted %d, left %d\n", len(a.Deleted), len(a.Left))
	for _, id := range a.Deleted {
		fmt.Fprintf(&b, "  deleted %s\n", escaped(id))
	}
	for _, l := range a.Left {
		fmt.Fprintf(&b, "  left %s\n", escaped(l.Error.Error()))
	}
	if len(a.Left) > 0 {
		b.WriteString("next: list and plan again\n")
	}
	b.WriteString(notChecked(a.Unseen))
	return b.String()
}
