package retention

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/opskit-go/opskit/ebssnap"
)

// Conditions that callers branch on, matched by errors.Is. They come inside an *ebssnap.Error.
var (
	// ErrUsage means that the arguments make no sense, and nothing was done.
	ErrUsage = errors.New("wrong use")
	// ErrChanged means that what exists is no longer what the plan was made of. Plan again.
	ErrChanged = errors.New("changed since the plan was made")
)

// tagFrozen is the value of ebssnap.TagConsistency that is the proof.
const tagFrozen = "frozen"

// Inventory is what a plan is made of: the volumes of one atomic set, often one, and the snapshots that exist.
type Inventory struct {
	Volumes   []string           `json:"volumes,omitzero"`    // of one atomic set
	At        time.Time          `json:"at"`                  // when it was listed, UTC
	Snapshots []ebssnap.Snapshot `json:"snapshots,omitempty"` // others than those of Volumes are left alone
}

// List asks the cloud for the snapshots of volumes that bear ebssnap.TagToken, a request for each volume. It blocks until the answer or the end of ctx.
func List(ctx context.Context, cloud ebssnap.Cloud, volumes ...string) (Inventory, error) {
	if cloud == nil || len(volumes) == 0 || slices.Contains(volumes, "") {
		return Inventory{}, &ebssnap.Error{Op: "list snapshots", Err: fmt.Errorf("%w: a cloud and volumes are needed", ErrUsage)}
	}
	i := Inventory{Volumes: volumes, At: time.Now().UTC()}
	for _, volume := range volumes {
		found, err := cloud.Find(ctx, ebssnap.Query{Volume: volume, Tagged: true})
		if err != nil {
			return Inventory{}, &ebssnap.Error{Op: "list snapshots", Target: volume, Err: err}
		}
		i.Snapshots = append(i.Snapshots, found...)
	}
	return i, nil
}

// Point is one instant: the snapshots that were taken by one call, with what becomes of them.
type Point struct {
	Token     string             `json:"token"`              // the value of ebssnap.TagToken
	Started   time.Time          `json:"started,omitzero"`   // of the first of them, UTC
	Class     Class              `json:"class"`              // what it is good for
	Delete    bool               `json:"delete,omitempty"`   // false: kept
	Reasons   []string           `json:"reasons,omitzero"`   // why it is kept or deleted
	Snapshots []ebssnap.Snapshot `json:"snapshots,omitzero"` // in the order of their IDs
}

// ours reports whether a snapshot may be considered at all.
func (i Inventory) ours(s ebssnap.Snapshot) bool {
	return s.ID != "" && s.Tags[ebssnap.TagToken] != "" && slices.Contains(i.Volumes, s.Volume)
}

// points returns the points of i, the newest first, and the snapshots that are left alone.
func (i Inventory) points() (points []*Point, others []ebssnap.Snapshot) {
	byToken := map[string]*Point{}
	for _, s := range i.Snapshots {
		if !i.ours(s) {
			others = append(others, s)
			continue
		}
		token := s.Tags[ebssnap.TagToken]
		p := byToken[token]
		if p == nil {
			p = &Point{Token: token}
			byToken[token] = p
			points = append(points, p)
		}
		p.Snapshots = append(p.Snapshots, s)
	}
	for _, p := range points {
		slices.SortFunc(p.Snapshots, func(a, b ebssnap.Snapshot) int { return cmp.Compare(a.ID, b.ID) })
		p.Snapshots = slices.CompactFunc(p.Snapshots, func(a, b ebssnap.Snapshot) bool { return a.ID == b.ID })
		p.classify(i)
	}
	slices.SortFunc(points, func(a, b *Point) int {
		return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(b.Token, a.Token))
	})
	return points, others
}

// classify sets Started and Class.
func (p *Point) classify(i Inventory) {
	taken := map[string]bool{}
	unknown, pending, failed, unproven := false, false, false, false
	for n, s := range p.Snapshots {
		if n == 0 || s.Started.Before(p.Started) {
			p.Started = s.Started.UTC()
		}
		taken[s.Volume] = true
		unknown = unknown || s.Started.IsZero() || s.Started.After(i.At)
		failed = failed || s.State == "error"
		pending = pending || s.State != "error" && s.State != "completed"
		unproven = unproven || s.Tags[ebssnap.TagConsistency] != tagFrozen
	}
	for _, volume := range i.Volumes {
		unproven = unproven || !taken[volume]
	}
	switch {
	case unknown:
		p.Class = ClassUnknown
	case pending:
		p.Class = ClassPending
	case failed:
		p.Class = ClassFailed
	case unproven:
		p.Class = ClassUnproven
	default:
		p.Class = ClassConsistent
	}
}
