package ebssnap

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
)

// Stopped is one filesystem that a freeze stops: what waits with it, and how it was before and
// after.
type Stopped struct {
	Mount  string   `json:"mount"`            // as it was named
	Device string   `json:"device"`           // "major:minor"
	Also   []string `json:"also,omitempty"`   // where else it is mounted, whole or in part, by all processes that are seen: writers wait there too
	OnTop  []string `json:"on_top,omitempty"` // what lies in files on it: loop devices, what is made of them, swap; it waits too
	Inside []string `json:"inside,omitempty"` // mount points of filesystems that lie on those devices and are not frozen themselves
	Before Health   `json:"before,omitzero"`  // before anything was stopped
	After  Health   `json:"after,omitzero"`   // after the thaw; absent: nothing was frozen
}

// Health is what one look at a filesystem showed. Reads that failed are no part of it.
type Health struct {
	Looked  bool   `json:"looked"`             // there was one
	GivenUp string `json:"given_up,omitempty"` // how it shows that the kernel takes no writes to it any more
	// Lost counts the writes that the kernel's log reports as lost: before since it was mounted, as
	// far as the log reaches back, and after since then.
	Lost     int              `json:"lost,omitempty"`
	Last     string           `json:"last,omitempty"`     // the last of them, as the kernel wrote it
	Unsynced string           `json:"unsynced,omitempty"` // why the data could not be written to the device after the thaw
	Counters map[string]int64 `json:"counters,omitempty"` // what the filesystem counts of its errors, where that is above zero
}

// damage returns what shows that writes were lost, so that no snapshot holds what was acknowledged.
func (f Stopped) damage() (found []string) {
	for _, look := range []struct {
		Health
		when string
	}{{f.Before, "before"}, {f.After, "meanwhile"}} {
		if look.GivenUp != "" {
			found = append(found, fmt.Sprintf("%s takes no writes any more: %s", f.Mount, look.GivenUp))
		}
		if look.Lost > 0 {
			found = append(found, fmt.Sprintf("%s lost writes %s (%d %s in the kernel's log: %q)", f.Mount, look.when, look.Lost, plural(look.Lost, "line"), look.Last))
		}
		if look.Unsynced != "" {
			found = append(found, fmt.Sprintf("%s lost writes %s: %s", f.Mount, look.when, look.Unsynced))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.After.Counters)) {
		if was, is := f.Before.Counters[name], f.After.Counters[name]; is > was {
			found = append(found, fmt.Sprintf("%s: %s rose from %d to %d meanwhile", f.Mount, name, was, is))
		}
	}
	return found
}

// concerns returns what a filesystem counts of errors at any time before: what they did to the data
// is not known.
func (f Stopped) concerns() (found []string) {
	for _, name := range slices.Sorted(maps.Keys(f.Before.Counters)) {
		found = append(found, fmt.Sprintf("%s: %s is %d", f.Mount, name, f.Before.Counters[name]))
	}
	return found
}

// gaps returns what is not known of what lies on it.
func (f Stopped) gaps() (gaps []opskit.Gap) {
	for _, point := range f.Inside {
		gaps = append(gaps, opskit.Gap{What: "whether the files of " + point + " are consistent", Why: "it lies in an image on " + f.Mount + " and is not frozen itself", Need: "freeze it too"})
	}
	return gaps
}

// waits tells what waits with it, or nothing.
func (f Stopped) waits() string {
	if all := slices.Concat(f.Also, f.OnTop); len(all) > 0 {
		return "; stops too: " + strings.Join(all, ", ")
	}
	return ""
}

// damaged returns ErrDamaged if any of what was stopped is.
func damaged(all []Stopped) error {
	var found []string
	for _, f := range all {
		found = append(found, f.damage()...)
	}
	if found == nil {
		return nil
	}
	return &opskit.Error{Op: "freeze", Err: fmt.Errorf("%w: %s", ErrDamaged, strings.Join(found, "; "))}
}
