package volumes

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
)

// Report says whether a set of volumes holds all of the data. Set and Layout are the evidence, the
// rest is what Judge makes of it.
type Report struct {
	Verdict   Verdict      `json:"verdict"`             // whether the set holds all of it
	Set       []string     `json:"set,omitempty"`       // as it was asked for
	Layout    Layout       `json:"layout"`              // what the data lies on
	Outside   []Outside    `json:"outside,omitempty"`   // what lies outside the set
	Missing   []string     `json:"missing,omitempty"`   // the volumes to add to the set, sorted
	Spare     []string     `json:"spare,omitempty"`     // volumes of the set that hold no part that was found
	Undecided []opskit.Gap `json:"undecided,omitempty"` // parts that may lie outside the set
}

// Outside is a part of the data that does not lie in the set.
type Outside struct {
	Path   string `json:"path"`             // as it was found
	Volume string `json:"volume,omitempty"` // empty where the part lies on no EBS volume
	Device string `json:"device"`           // the disk, or the type of a filesystem that is on none
}

// String names the path and the volume.
func (o Outside) String() string {
	if o.Volume == "" {
		return quote(o.Path) + " lies on " + quote(o.Device) + ", which is no EBS volume"
	}
	return quote(o.Path) + " lies on " + quote(o.Volume) + " (" + quote(o.Device) + "), which is not in the set"
}

// Check tells whether the volumes of set hold every part. It is a pure function of the layout.
func (l *Layout) Check(set ...string) *Report {
	r := &Report{Set: slices.Clone(set), Layout: *l}
	r.Judge()
	return r
}

// Judge derives everything but Set and Layout from those, and returns the level.
func (r *Report) Judge() opskit.Level {
	*r = Report{Set: r.Set, Layout: r.Layout}
	for _, part := range r.Layout.Parts {
		r.judge(part)
	}
	if len(r.Layout.Parts) == 0 {
		r.open(opskit.Gap{What: "every path", Why: "nothing was asked for that Skip does not name"})
	}
	for _, volume := range r.Set {
		if !slices.Contains(r.Layout.Volumes(), volume) {
			r.Spare = append(r.Spare, volume)
		}
	}
	slices.Sort(r.Missing)
	r.Missing = slices.Compact(r.Missing)
	switch {
	case len(r.Outside) > 0:
		r.Verdict = VerdictSplit
	case len(r.Layout.Unseen) == 0 && len(r.Undecided) == 0:
		r.Verdict = VerdictWhole
	}
	return r.Level()
}

// Level returns what the verdict means to a monitor.
func (r *Report) Level() opskit.Level {
	switch r.Verdict {
	case VerdictWhole:
		return opskit.OK
	case VerdictSplit:
		return opskit.Problem
	}
	return opskit.Unknown
}

// Gaps returns what may lie outside the set: parts without a known volume, and parts that there may
// be.
func (r *Report) Gaps() []opskit.Gap {
	gaps := slices.Concat(r.Layout.Unseen, r.Undecided)
	if len(gaps) == 0 && r.Level() == opskit.Unknown {
		return []opskit.Gap{{What: "every path", Why: "nothing was judged", Need: "Judge"}}
	}
	return gaps
}

// Seen tells whether anything was found to judge.
func (r *Report) Seen() bool { return r != nil && len(r.Layout.Parts) > 0 }

func (r *Report) judge(part Part) {
	for _, gap := range part.gaps() {
		r.open(gap)
	}
	if errors.Is(part.Err.Err(), ErrNoBlockDevice) {
		kind := "no block device"
		if part.Mount != nil {
			kind = part.Mount.Type
		}
		r.outside(Outside{Path: part.Path, Device: kind})
	}
	for _, device := range part.Devices {
		device.disks(func(disk Device) {
			switch {
			case disk.Store == StoreEBS && disk.Volume != "" && !slices.Contains(r.Set, disk.Volume):
				r.Missing = append(r.Missing, disk.Volume)
				r.outside(Outside{part.Path, disk.Volume, disk.Name})
			case disk.Store == StoreInstance:
				r.outside(Outside{Path: part.Path, Device: disk.Name})
			}
		})
	}
}

func (r *Report) outside(o Outside) {
	if !slices.Contains(r.Outside, o) {
		r.Outside = append(r.Outside, o)
	}
}

func (r *Report) open(g opskit.Gap) {
	if !slices.Contains(r.Undecided, g) {
		r.Undecided = append(r.Undecided, g)
	}
}

// Err returns nil only if the verdict is VerdictWhole. Otherwise it matches ErrOutside and names
// the first part outside, or ErrCannotTell.
func (r *Report) Err() error {
	switch {
	case r.Verdict == VerdictWhole:
		return nil
	case r.Verdict == VerdictSplit && len(r.Outside) > 0:
		return &opskit.Error{Op: "check the set", Err: fmt.Errorf("%w: %s; add the volume, or name the path in Skip if it holds no data to keep", ErrOutside, r.Outside[0])}
	}
	var why []string
	for _, gap := range r.Gaps() {
		why = append(why, gap.String())
	}
	return &opskit.Error{Op: "check the set", Err: fmt.Errorf("%w: %s", ErrCannotTell, strings.Join(why, "; "))}
}

// Since tells what changed since an earlier report: the verdict, and what lies on other volumes.
func (r *Report) Since(earlier *Report) opskit.Changes {
	var c opskit.Changes
	if !r.Seen() || !earlier.Seen() {
		c.Unseen = []opskit.Gap{{What: "what changed", Why: "one of the two looks found nothing"}}
		return c
	}
	c.Compare("verdict", earlier.Verdict.String(), r.Verdict.String())
	was := map[string]string{}
	for _, part := range earlier.Layout.Parts {
		was[part.Path] = quoteAll(part.Volumes())
	}
	for _, part := range r.Layout.Parts {
		old, found := was[part.Path]
		if found {
			c.Compare("volumes of "+quote(part.Path), old, quoteAll(part.Volumes()))
		} else {
			c.List = append(c.List, opskit.Change{What: quote(part.Path), New: quoteAll(part.Volumes())})
		}
		delete(was, part.Path)
	}
	for _, part := range earlier.Layout.Parts {
		if old, gone := was[part.Path]; gone {
			c.List = append(c.List, opskit.Change{What: quote(part.Path), Old: old})
		}
	}
	return c
}

// String returns the verdict, a line for each part outside, and what to do next.
func (r *Report) String() string {
	var text strings.Builder
	set := quoteAll(r.Set)
	if set == "" {
		set = "no volume"
	}
	switch r.Verdict {
	case VerdictWhole:
		text.WriteString("whole: all of the data lies on " + set + "\n")
	case VerdictSplit:
		text.WriteString("split: a snapshot of " + set + " does not hold all of the data\n")
	default:
		text.WriteString("unknown: cannot tell whether all of the data lies on " + set + "\n")
	}
	for _, o := range r.Outside {
		on := "on no EBS volume"
		if o.Volume != "" {
			on = "on " + quote(o.Volume)
		}
		text.WriteString("  " + quote(o.Path) + " " + on + " (" + quote(o.Device) + ")\n")
	}
	if len(r.Spare) > 0 {
		text.WriteString("  holds no part that was found: " + quoteAll(r.Spare) + "\n")
	}
	if len(r.Missing) > 0 {
		text.WriteString("next: take one snapshot of the set " + quoteAll(r.Set) + " " + quoteAll(r.Missing) + "\n")
	} else if r.Verdict == VerdictSplit {
		text.WriteString("next: move that part to a volume of the set, or name it in Skip if it holds no data to keep\n")
	}
	text.WriteString(opskit.NotChecked(r))
	return text.String()
}
