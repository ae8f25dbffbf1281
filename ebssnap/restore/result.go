package restore

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
)

type verdictKind struct{}

// Verdict says what is known of a copy. VerdictHolds is OK; VerdictBroken and VerdictUnmountable
// are Problems: there is no backup in it.
type Verdict = opskit.Enum[verdictKind]

// The verdicts.
const (
	VerdictUnknown     Verdict = ""            // the invariant could not be asked: not mounted, or the context ended
	VerdictHolds       Verdict = "holds"       // the copy was mounted and the invariant holds on it
	VerdictBroken      Verdict = "broken"      // the copy was mounted and the invariant does not hold on it
	VerdictUnmountable Verdict = "unmountable" // this kernel can make no sense of it: it is damaged, or of a newer make
)

// Result is the outcome of Check. What is not evidence is what Judge makes of it.
type Result struct {
	Verdict   Verdict      `json:"verdict"`             // what is known of the copy
	Reason    string       `json:"reason"`              // why
	Evidence  Evidence     `json:"evidence"`            // what it rests on
	Undecided []opskit.Gap `json:"undecided,omitempty"` // what was not looked at
}

// Evidence is everything that a verdict rests on. The zero value is evidence of nothing.
type Evidence struct {
	Source     string        `json:"source"`              // the copy
	Started    time.Time     `json:"started,omitzero"`    // UTC
	Filesystem Filesystem    `json:"filesystem,omitzero"` // as its superblock says
	Replay     bool          `json:"replay,omitempty"`    // the log was to be replayed
	Options    string        `json:"options,omitempty"`   // of the mount
	Mounted    bool          `json:"mounted,omitempty"`   // the copy, and not another filesystem, was mounted
	Damage     string        `json:"damage,omitempty"`    // why the kernel could not read the filesystem
	Asked      bool          `json:"asked,omitempty"`     // the invariant gave an answer
	Violation  string        `json:"violation,omitempty"` // what the invariant found
	Took       time.Duration `json:"took_ns,omitzero"`    // by the invariant
	Unmounted  bool          `json:"unmounted,omitempty"` // nothing is mounted any more, and the device is free
}

// Judge derives Verdict, Reason and Undecided from Evidence alone, and returns the level.
func (r *Result) Judge() opskit.Level {
	e := r.Evidence
	switch {
	case e.Damage != "":
		r.Verdict, r.Reason = VerdictUnmountable, e.Damage
	case !e.Mounted:
		r.Verdict, r.Reason = VerdictUnknown, "the copy was not mounted"
	case !e.Asked:
		r.Verdict, r.Reason = VerdictUnknown, "the invariant gave no answer"
	case e.Violation != "":
		r.Verdict, r.Reason = VerdictBroken, e.Violation
	case e.Replay:
		r.Verdict, r.Reason = VerdictHolds, "the invariant holds after the log was replayed"
	default:
		r.Verdict, r.Reason = VerdictHolds, "the invariant holds without the log"
	}
	r.Undecided = e.open()
	return r.Level()
}

// open returns what a check like this leaves open.
func (e Evidence) open() []opskit.Gap {
	const what, need = "changes in the log", "Copy.Replay, on a copy that may be written"
	switch {
	case !e.Mounted:
		return []opskit.Gap{{What: "the data of the copy", Why: "it was not mounted"}}
	case !e.Asked:
		return []opskit.Gap{{What: "the data of the copy", Why: "the invariant gave no answer", Need: "more time"}}
	}
	list := []opskit.Gap{{What: "what the invariant does not read", Why: "blocks are read when they are asked for", Need: "an invariant that reads every file"}}
	switch {
	case e.Replay:
	case e.Filesystem.Log == nil:
		list = append(list, opskit.Gap{What: what, Why: e.Filesystem.Type + " does not tell whether its log holds any", Need: need})
	case *e.Filesystem.Log:
		list = append(list, opskit.Gap{What: what, Why: "the log was left aside, and holds some: the copy was not taken of a frozen filesystem", Need: need})
	}
	return list
}

// Level returns what the verdict means to a monitor.
func (r *Result) Level() opskit.Level {
	switch r.Verdict {
	case VerdictHolds:
		return opskit.OK
	case VerdictBroken, VerdictUnmountable:
		return opskit.Problem
	}
	return opskit.Unknown
}

// Gaps returns Undecided.
func (r *Result) Gaps() []opskit.Gap {
	if len(r.Undecided) == 0 && r.Level() == opskit.Unknown {
		return []opskit.Gap{{What: "the data of the copy", Why: "nothing was judged", Need: "Judge"}}
	}
	return slices.Clone(r.Undecided)
}

// Seen tells whether a copy was looked at.
func (r *Result) Seen() bool { return r != nil && r.Evidence.Source != "" }

// String returns the verdict, the evidence, what to do next and what was not seen, a line each.
func (r *Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", r.Verdict, opskit.Escape(r.Reason))
	if r.Evidence.Filesystem.Type != "" {
		fmt.Fprintf(&b, "  %s %s on %s", opskit.Escape(r.Evidence.Filesystem.Type), opskit.Escape(r.Evidence.Filesystem.ID), opskit.Escape(r.Evidence.Source))
		if r.Evidence.Mounted {
			fmt.Fprintf(&b, ", mounted with %s, asked for %s", opskit.Escape(r.Evidence.Options), r.Evidence.Took.Round(time.Microsecond))
		}
		b.WriteString("\n")
	}
	switch {
	case r.Evidence.Mounted && !r.Evidence.Unmounted:
		b.WriteString("next: close what is open below the mount point and unmount it\n")
	case r.Verdict == VerdictBroken && !r.Evidence.Replay && (r.Evidence.Filesystem.Log == nil || *r.Evidence.Filesystem.Log):
		b.WriteString("next: check with the log replayed, if the copy was not taken of a frozen filesystem\n")
	case r.Verdict == VerdictBroken || r.Verdict == VerdictUnmountable:
		b.WriteString("next: check an older snapshot, and keep that one\n")
	}
	b.WriteString(opskit.NotChecked(r))
	return b.String()
}
