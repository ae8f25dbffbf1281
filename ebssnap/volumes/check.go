package volumes

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Report says whether a set of volumes holds all of the data.
type Report struct {
	Verdict Verdict   `json:"verdict"`           // what Check makes of the layout
	Set     []string  `json:"set,omitzero"`      // as it was asked for
	Outside []Outside `json:"outside,omitempty"` // what lies outside the set
	Missing []string  `json:"missing,omitempty"` // the volumes to add to the set, sorted
	Spare   []string  `json:"spare,omitempty"`   // volumes of the set that hold no part that was found
	Unseen  []Gap     `json:"unseen,omitempty"`  // what may lie outside the set
}

// Outside is a part of the data that does not lie in the set.
type Outside struct {
	Path   string `json:"path"`             // as it was found
	Volume string `json:"volume,omitempty"` // empty where the part lies on no EBS volume
	Device string `json:"device"`           // the disk, or the type of a filesystem that is on none
}

// Check tells whether the volumes of set hold every part. It is a pure function of the layout: a saved one gives the same report.
func (l *Layout) Check(set ...string) *Report {
	r := &Report{Set: slices.Clone(set), Unseen: slices.Clone(l.Unseen)}
	for _, part := range l.Parts {
		r.judge(part)
	}
	if len(l.Parts) == 0 {
		r.unseen(Gap{What: "every path", Why: "nothing was asked for that Skip does not name"})
	}
	for _, volume := range set {
		if !slices.Contains(l.Volumes(), volume) {
			r.Spare = append(r.Spare, volume)
		}
	}
	slices.Sort(r.Missing)
	r.Missing = slices.Compact(r.Missing)
	switch {
	case len(r.Outside) > 0:
		r.Verdict = VerdictSplit
	case len(r.Unseen) > 0:
		r.Verdict = VerdictUnknown
	default:
		r.Verdict = VerdictWhole
	}
	return r
}

func (r *Report) judge(part Part) {
	if part.Err != nil {
		if errors.Is(part.Err, ErrNoBlockDevice) {
			kind := "no block device"
			if part.Mount != nil {
				kind = part.Mount.Type
			}
			r.outside(Outside{Path: part.Path, Device: kind})
			return
		}
		r.unseen(Gap{What: "the volume of " + quote(part.Path), Why: part.Err.Error()})
		return
	}
	if len(part.Devices) == 0 {
		r.unseen(Gap{What: "the volume of " + quote(part.Path), Why: "no device is known"})
	}
	for _, device := range part.Devices {
		device.disks(func(disk Device) {
			switch {
			case disk.Store == StoreEBS && slices.Contains(r.Set, disk.Volume):
			case disk.Store == StoreEBS && disk.Volume != "":
				r.Missing = append(r.Missing, disk.Volume)
				r.outside(Outside{part.Path, disk.Volume, disk.Name})
			case disk.Store == StoreInstance:
				r.outside(Outside{Path: part.Path, Device: disk.Name})
			default:
				r.unseen(disk.gap())
			}
		})
	}
}

func (r *Report) outside(o Outside) {
	if !slices.Contains(r.Outside, o) {
		r.Outside = append(r.Outside, o)
	}
}

func (r *Report) unseen(g Gap) {
	if !slices.Contains(r.Unseen, g) {
		r.Unseen = append(r.Unseen, g)
	}
}

// Err returns nil only if the verdict is VerdictWhole. Otherwise it is an *Error that matches ErrOutside and holds an *OutsideError for
// the first part outside, or matches ErrCannotTell.
func (r *Report) Err() error {
	switch {
	case r.Verdict == VerdictWhole:
		return nil
	case r.Verdict == VerdictSplit && len(r.Outside) > 0:
		first := r.Outside[0]
		return &Error{Op: "check the set", Err: &OutsideError{first.Path, first.Volume, first.Device}}
	}
	var why []string
	for _, gap := range r.Unseen {
		why = append(why, gap.String())
	}
	return &Error{Op: "check the set", Err: fmt.Errorf("%w: %s", ErrCannotTell, strings.Join(why, "; "))}
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
	text.WriteString(notChecked(r.Unseen))
	return text.String()
}
