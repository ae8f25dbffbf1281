package volumes

import (
	"errors"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
)

// Layout is what data lies on: the evidence that Check judges. It can be saved as JSON and judged
// again.
type Layout struct {
	Paths  []string     `json:"paths,omitzero"`   // as they were asked for
	Parts  []Part       `json:"parts,omitempty"`  // in the order in which they were found
	Unseen []opskit.Gap `json:"unseen,omitempty"` // parts that there may be
}

// Part is one piece of the data that may lie on a device of its own.
type Part struct {
	Path    string         `json:"path"`              // as it was found
	Target  string         `json:"target,omitempty"`  // without symbolic links, where that is another path
	Via     string         `json:"via,omitempty"`     // how it was found: "symlink", "mount", "device"; empty if it was asked for
	Mount   *Mount         `json:"mount,omitempty"`   // what it lies on; absent for a block device
	Devices []Device       `json:"devices,omitempty"` // with what they lie on, down to the disks
	Err     opskit.Failure `json:"error,omitzero"`    // why no device is known: matches ErrNoBlockDevice, ErrUnknownDevice or ErrMalformed
}

// Mount is one line of /proc/PID/mountinfo (proc_pid_mountinfo(5)). Escaped bytes are resolved, but
// in the options, which are as written.
type Mount struct {
	ID           int    `json:"id"`                      // may be used again after an unmount
	Parent       int    `json:"parent"`                  // the mount that it lies on
	Number       string `json:"number"`                  // the device's "major:minor"; major 0 is no block device
	Root         string `json:"root,omitempty"`          // the part of the filesystem that is mounted
	Point        string `json:"point"`                   // where it is mounted, as this process sees it
	Options      string `json:"options,omitempty"`       // of this mount
	Type         string `json:"type"`                    // of the filesystem
	Source       string `json:"source,omitempty"`        // as the filesystem writes it: often a device, and not always true
	SuperOptions string `json:"super_options,omitempty"` // of the filesystem
}

// Volumes returns the EBS volumes that the part is known to lie on, sorted. It may lie on more: see
// Check.
func (p Part) Volumes() []string { return volumesOf(p.Devices) }

// String returns the part on one line: "/data/pg_wal (symlink to /wal) on nvme2n1 vol-0b".
func (p Part) String() string {
	text := quote(p.Path)
	switch {
	case p.Via == "symlink":
		text += " (symlink to " + quote(p.Target) + ")"
	case p.Target != "":
		text += " (" + quote(p.Target) + ")"
	case p.Via != "":
		text += " (" + quote(p.Via) + ")"
	}
	if !p.Err.IsZero() {
		return text + ": " + p.Err.String()
	}
	var devices []string
	for _, device := range p.Devices {
		devices = append(devices, device.String())
	}
	return text + " on " + strings.Join(devices, ", ")
}

// gaps returns what keeps the volume of the part from being known; what is known to lie on none has
// no gap.
func (p Part) gaps() (gaps []opskit.Gap) {
	what := "the volume of " + quote(p.Path)
	switch {
	case errors.Is(p.Err.Err(), ErrNoBlockDevice):
	case !p.Err.IsZero():
		gaps = append(gaps, opskit.Gap{What: what, Why: p.Err.String()})
	case len(p.Devices) == 0:
		gaps = append(gaps, opskit.Gap{What: what, Why: "no device is known"})
	}
	for _, device := range p.Devices {
		device.disks(func(disk Device) {
			if disk.Store != StoreInstance && (disk.Store != StoreEBS || disk.Volume == "") {
				gaps = append(gaps, disk.gap())
			}
		})
	}
	return gaps
}

// Level is OK where it is told of every part what it lies on, and Unknown else.
func (l *Layout) Level() opskit.Level {
	if len(l.Gaps()) > 0 {
		return opskit.Unknown
	}
	return opskit.OK
}

// Gaps returns Unseen and the parts without a known volume.
func (l *Layout) Gaps() []opskit.Gap {
	gaps := slices.Clone(l.Unseen)
	for _, part := range l.Parts {
		gaps = append(gaps, part.gaps()...)
	}
	if len(l.Parts) == 0 {
		gaps = append(gaps, opskit.Gap{What: "every path", Why: "nothing was looked at"})
	}
	return gaps
}

// Volumes returns the EBS volumes that any part is known to lie on, sorted: what a set must hold at
// least.
func (l *Layout) Volumes() []string {
	var list []string
	for _, part := range l.Parts {
		list = append(list, part.Volumes()...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// String returns the volumes, then a line for each part.
func (l *Layout) String() string {
	var text strings.Builder
	if volumes := l.Volumes(); len(volumes) > 0 {
		text.WriteString("volumes " + quoteAll(volumes))
	} else {
		text.WriteString("volumes unknown")
	}
	text.WriteString("\n")
	for _, part := range l.Parts {
		text.WriteString("  " + part.String() + "\n")
		for _, device := range part.Devices {
			device.disks(func(disk Device) {
				if disk.Store == StoreUnknown {
					text.WriteString("    " + disk.gap().String() + "\n")
				}
			})
		}
	}
	text.WriteString(opskit.NotChecked(l))
	return text.String()
}

// gap says why the volume of a disk is not known.
func (d Device) gap() opskit.Gap {
	why := d.Why
	if why == "" {
		why = "what keeps it is not known"
	}
	return opskit.Gap{What: "the volume of " + quote(d.Name), Why: why, Need: d.Need}
}

func quoteAll(words []string) string {
	var quoted []string
	for _, word := range words {
		quoted = append(quoted, quote(word))
	}
	return strings.Join(quoted, " ")
}
