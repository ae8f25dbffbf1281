package retention

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit/ebssnap"
)

// Policy says which consistent points are kept; all others are deleted, if they are older than the newest. A point is kept if any rule keeps it. The zero value
// keeps everything.
type Policy struct {
	Last    int `json:"last,omitempty"`    // the newest so many
	Daily   int `json:"daily,omitempty"`   // the newest of each of the last so many days that have one
	Weekly  int `json:"weekly,omitempty"`  // the newest of each of the last so many ISO weeks that have one
	Monthly int `json:"monthly,omitempty"` // the newest of each of the last so many months that have one
	// Within keeps everything that is younger, unproven or not. Zero: nothing for its age.
	Within time.Duration `json:"within_ns,omitempty"`
	// Unproven deletes unproven and failed points that are older, once a newer point is consistent. Zero: they are kept for ever.
	Unproven time.Duration `json:"unproven_ns,omitempty"`
	// Location is where a day begins. Nil: UTC.
	Location *time.Location `json:"-"`
}

// Result is a plan. Points is what Plan makes of the rest.
type Result struct {
	Volumes []string      `json:"volumes,omitzero"` // of the Inventory
	At      time.Time     `json:"at"`               // what ages are counted to, UTC
	Policy  Policy        `json:"policy"`           // that was applied
	Newest  string        `json:"newest,omitempty"` // the token of the newest consistent point; none: nothing is deleted
	Points  []Point       `json:"points,omitempty"` // the newest first
	Others  []string      `json:"others,omitempty"` // snapshots that bear no token or are of other volumes: left alone
	Unseen  []ebssnap.Gap `json:"unseen,omitempty"` // what a list of snapshots cannot show
}

// Plan decides what becomes of every snapshot of i. It is a pure function and deletes nothing. The error matches ErrUsage if i names no volume or time, or a
// number of p is below zero.
func Plan(i Inventory, p Policy) (*Result, error) {
	if len(i.Volumes) == 0 || i.At.IsZero() || min(p.Last, p.Daily, p.Weekly, p.Monthly) < 0 || p.Within < 0 || p.Unproven < 0 {
		return nil, &ebssnap.Error{Op: "plan", Target: strings.Join(i.Volumes, " "), Err: fmt.Errorf("%w: volumes, a time, and no number below zero are needed", ErrUsage)}
	}
	points, others := i.points()
	r := &Result{Volumes: i.Volumes, At: i.At.UTC(), Policy: p}
	for _, s := range others {
		r.Others = append(r.Others, s.ID)
	}
	var consistent []*Point
	for _, point := range points {
		if point.Class == ClassConsistent {
			consistent = append(consistent, point)
		}
	}
	var newest time.Time
	if len(consistent) > 0 {
		r.Newest, newest = consistent[0].Token, consistent[0].Started
		consistent[0].keep("it is the newest consistent one")
	}
	p.rules(consistent)
	for _, point := range points {
		p.decide(point, i.At, newest)
		r.Points = append(r.Points, *point)
	}
	r.Unseen = []ebssnap.Gap{{What: "whether a snapshot is in use", Why: "an image (AMI) or a copy under way is not looked at", Need: "Apply: the cloud refuses to delete what is in use"}}
	if len(others) > 0 {
		r.Unseen = append(r.Unseen, ebssnap.Gap{What: fmt.Sprintf("%d other snapshots", len(others)), Why: "they bear no token, or are of other volumes"})
	}
	return r, nil
}

func (p *Point) keep(reason string) { p.Reasons = append(p.Reasons, reason) }

// rules notes on consistent points, the newest first, which rule keeps them.
func (p Policy) rules(consistent []*Point) {
	where := p.Location
	if where == nil {
		where = time.UTC
	}
	rules := []struct {
		count int
		what  string
		key   func(n int, t time.Time) string
	}{
		{p.Last, "last", func(n int, _ time.Time) string { return fmt.Sprint(n) }},
		{p.Daily, "day", func(_ int, t time.Time) string { return t.Format("2006-01-02") }},
		{p.Weekly, "week", func(_ int, t time.Time) string {
			year, week := t.ISOWeek()
			return fmt.Sprintf("%d-W%02d", year, week)
		}},
		{p.Monthly, "month", func(_ int, t time.Time) string { return t.Format("2006-01") }},
	}
	for _, rule := range rules {
		seen := map[string]bool{}
		for n, point := range consistent {
			key := rule.key(n, point.Started.In(where))
			if len(seen) == rule.count || seen[key] {
				continue
			}
			seen[key] = true
			if rule.what == "last" {
				point.keep(fmt.Sprintf("it is among the last %d", rule.count))
			} else {
				point.keep(fmt.Sprintf("it is the newest of the %s %s", rule.what, key))
			}
		}
	}
}

// decide completes what becomes of a point, given the time of the newest consistent one.
func (p Policy) decide(point *Point, at, newest time.Time) {
	age := at.Sub(point.Started)
	if p.Within > 0 && age < p.Within {
		point.keep("it is younger than " + p.Within.String())
	}
	switch point.Class {
	case ClassConsistent:
		if p.Last+p.Daily+p.Weekly+p.Monthly == 0 {
			point.keep("no rule says which consistent ones to keep")
		}
	case ClassUnproven, ClassFailed:
		if p.Unproven == 0 || age < p.Unproven {
			point.keep("it is " + point.Class.String() + ", and kept apart")
		}
	case ClassPending:
		point.keep("it is pending")
	case ClassUnknown:
		point.keep("nobody knows when it was taken")
	}
	switch {
	case newest.IsZero():
		point.keep("nothing is consistent")
	case !point.Started.Before(newest) && len(point.Reasons) == 0:
		point.keep("it is not older than the newest consistent one")
	}
	if len(point.Reasons) > 0 {
		return
	}
	point.Delete = true
	if point.Class == ClassConsistent {
		point.Reasons = []string{"no rule keeps it"}
		return
	}
	point.Reasons = []string{fmt.Sprintf("it is %s and older than %s", point.Class, p.Unproven)}
}

// Deletes returns the points that Apply would delete, the oldest first.
func (r *Result) Deletes() []Point {
	var points []Point
	for _, p := range slices.Backward(r.Points) {
		if p.Delete {
			points = append(points, p)
		}
	}
	return points
}

// String returns what would be deleted, a line for each point with the reasons, what to do next and what was not seen.
func (r *Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "delete %d of %d\n", len(r.Deletes()), len(r.Points))
	for _, p := range r.Points {
		what := "keep  "
		if p.Delete {
			what = "delete"
		}
		var ids []string
		for _, s := range p.Snapshots {
			ids = append(ids, s.ID)
		}
		fmt.Fprintf(&b, "  %s %s %s %s: %s\n", what, p.Started.Format(time.RFC3339), p.Class, escaped(strings.Join(ids, " ")), escaped(strings.Join(p.Reasons, ", ")))
	}
	switch {
	case r.Newest == "" && len(r.Points) > 0:
		b.WriteString("next: take a consistent snapshot; until then nothing is deleted\n")
	case len(r.Deletes()) > 0:
		b.WriteString("next: Apply\n")
	}
	b.WriteString(notChecked(r.Unseen))
	return b.String()
}

func notChecked(gaps []ebssnap.Gap) string {
	if len(gaps) == 0 {
		return "not checked: nothing more"
	}
	var texts []string
	for _, gap := range gaps {
		texts = append(texts, escaped(gap.String()))
	}
	return "not checked: " + strings.Join(texts, "; ")
}

// escaped replaces what a terminal would obey in text from outside.
func escaped(text string) string {
	quoted := fmt.Sprintf("%q", text)
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(quoted[1 : len(quoted)-1])
}
