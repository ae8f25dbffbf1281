// Package retention decides which snapshots of this library may go, and deletes them.
//
//	snapshots, err := cloud.Find(ctx, ebssnap.Query{Volume: "vol-0abc", Tagged: true})
//	plan, err := retention.Policy{Keep: 14}.Plan(snapshots, time.Now(), "vol-0abc")
//	err = plan.Apply(ctx, cloud)
//
// # Usage
//
// Plan is a pure function: print it before it is applied. It looks only at snapshots that carry opskit:token and were taken of the volumes that it is given; whatever
// else the account holds is no business of it, whatever it is called. The snapshots of one call of Consistent are one backup: they are
// kept or deleted together, and a backup counts only if it is proven, complete, and whole.
//
// # Privileges
//
// Apply needs ec2:DeleteSnapshot, best with a condition on aws:ResourceTag/opskit:token.
//
// # Platforms
//
// Everywhere.
//
// # Testing
//
// ebssnaptest.Cloud deletes in memory.
package retention

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit/ebssnap"
)

// ErrPolicy means that a policy would keep nothing, or that Plan was given no volume.
var ErrPolicy = errors.New("policy keeps nothing")

// Policy says what to keep. The zero value is refused.
type Policy struct {
	Keep     int           // how many good backups to keep, the youngest; at least 1
	Within   time.Duration // besides, every good backup that is younger than this
	Unproven time.Duration // how long to keep a backup that is not good; zero: for ever
}

// Backup is what one call of Consistent made.
type Backup struct {
	Token     string    `json:"token"`
	Taken     time.Time `json:"taken"` // of its youngest snapshot
	Snapshots []string  `json:"snapshots"`
	Good      bool      `json:"good"` // proven consistent, completed, and of every volume
	Why       string    `json:"why"`  // why it is kept or deleted
}

// Plan is what a policy makes of the snapshots that there are.
type Plan struct {
	Delete []Backup `json:"delete,omitempty"` // oldest first
	Keep   []Backup `json:"keep,omitempty"`   // youngest first
}

// Plan sorts snapshots into what is kept and what is deleted. volumes are all volumes of the backup; snapshots of others are passed over, and so
// are those without the library's tag. The youngest good backup is never deleted.
func (p Policy) Plan(snapshots []ebssnap.Snapshot, now time.Time, volumes ...string) (*Plan, error) {
	if p.Keep < 1 || len(volumes) == 0 {
		return nil, fmt.Errorf("plan retention: %w: Keep is %d, %d volumes are given", ErrPolicy, p.Keep, len(volumes))
	}
	plan := &Plan{}
	good := 0
	for _, b := range backups(snapshots, volumes) {
		age := now.Sub(b.Taken)
		switch {
		case b.Good && good < p.Keep:
			good++
			b.Why = fmt.Sprintf("good, number %d of %d", good, p.Keep)
		case b.Good && p.Within > 0 && age < p.Within:
			b.Why = fmt.Sprintf("good, and younger than %s", p.Within)
		case b.Good:
			b.Why = fmt.Sprintf("%d younger ones are good", good)
			plan.Delete = append(plan.Delete, b)
			continue
		case p.Unproven > 0 && age >= p.Unproven:
			b.Why += fmt.Sprintf(", and older than %s", p.Unproven)
			plan.Delete = append(plan.Delete, b)
			continue
		}
		plan.Keep = append(plan.Keep, b)
	}
	slices.Reverse(plan.Delete)
	return plan, nil
}

// backups groups the snapshots of volumes by token, the youngest first.
func backups(snapshots []ebssnap.Snapshot, volumes []string) []Backup {
	byToken := map[string][]ebssnap.Snapshot{}
	for _, s := range snapshots {
		if token := s.Tags[ebssnap.TagToken]; token != "" && slices.Contains(volumes, s.Volume) {
			byToken[token] = append(byToken[token], s)
		}
	}
	all := make([]Backup, 0, len(byToken))
	for token, group := range byToken {
		b := Backup{Token: token}
		for _, s := range group {
			b.Snapshots = append(b.Snapshots, s.ID)
			if s.Started.After(b.Taken) {
				b.Taken = s.Started
			}
		}
		slices.Sort(b.Snapshots)
		b.Why = flaw(group, volumes)
		b.Good = b.Why == ""
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b Backup) int { return cmp.Or(b.Taken.Compare(a.Taken), cmp.Compare(a.Token, b.Token)) })
	return all
}

// flaw returns why a backup does not count, or "".
func flaw(group []ebssnap.Snapshot, volumes []string) string {
	for _, volume := range volumes {
		if !slices.ContainsFunc(group, func(s ebssnap.Snapshot) bool { return s.Volume == volume }) {
			return "no snapshot of " + volume
		}
	}
	for _, s := range group {
		if s.Tags[ebssnap.TagConsistency] != "frozen" {
			return "not proven consistent"
		}
		if s.State != "completed" {
			return "in state " + s.State
		}
	}
	return ""
}

// Apply deletes what the plan says, oldest first. It goes on after a failure; the error joins them all.
func (p *Plan) Apply(ctx context.Context, cloud ebssnap.Deleter) error {
	var failed error
	for _, b := range p.Delete {
		for _, id := range b.Snapshots {
			if err := ctx.Err(); err != nil {
				return errors.Join(failed, context.Cause(ctx))
			}
			if err := cloud.Delete(ctx, id); err != nil {
				failed = errors.Join(failed, fmt.Errorf("delete %s: %w", id, err))
			}
		}
	}
	return failed
}

// String returns a line for every backup.
func (p *Plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "delete %d, keep %d\n", len(p.Delete), len(p.Keep))
	lines(&b, "delete", p.Delete)
	lines(&b, "keep", p.Keep)
	b.WriteString("not checked: whether a kept snapshot can be restored; what does not carry " + ebssnap.TagToken)
	return b.String()
}

func lines(b *strings.Builder, verb string, list []Backup) {
	for _, backup := range list {
		fmt.Fprintf(b, "  %s %q of %s: %s\n", verb, backup.Snapshots, backup.Taken.UTC().Format(time.RFC3339), backup.Why)
	}
}
