package restore

import (
	"fmt"
	"strings"
	"time"

	"github.com/opskit-go/opskit/ebssnap"
)

// Result is the outcome of Check. Verdict and Reason are what Judge makes of Evidence.
type Result struct {
	Verdict  Verdict       `json:"verdict"`          // what is known of the copy
	Reason   string        `json:"reason"`           // why
	Evidence Evidence      `json:"evidence"`         // what it rests on
	Unseen   []ebssnap.Gap `json:"unseen,omitempty"` // what was not looked at
}

// Evidence is everything that a verdict rests on. The zero value is evidence of nothing.
type Evidence struct {
	Source     string        `json:"source"`              // the copy
	Started    time.Time     `json:"started"`             // UTC
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

// Judge returns the verdict that e supports, and why. It is a pure function.
func Judge(e Evidence) (Verdict, string) {
	switch {
	case e.Damage != "":
		return VerdictUnmountable, e.Damage
	case !e.Mounted:
		return VerdictUnknown, "the copy was not mounted"
	case !e.Asked:
		return VerdictUnknown, "the invariant gave no answer"
	case e.Violation != "":
		return VerdictBroken, e.Violation
	case e.Replay:
		return VerdictHolds, "the invariant holds after the log was replayed"
	}
	return VerdictHolds, "the invariant holds without the log"
}

// gaps returns what a check like this leaves open.
func gaps(e Evidence) []ebssnap.Gap {
	var list []ebssnap.Gap
	if e.Mounted && !e.Replay {
		switch {
		case e.Filesystem.Log == nil:
			list = append(list, ebssnap.Gap{What: "changes in the log", Why: e.Filesystem.Type + " does not tell whether its log holds any", Need: "Copy.Replay, on a copy that may be written"})
		case *e.Filesystem.Log:
			list = append(list, ebssnap.Gap{What: "changes in the log", Why: "the log was left aside, and holds some: the copy was not taken of a frozen filesystem", Need: "Copy.Replay, on a copy that may be written"})
		}
	}
	if !e.Mounted {
		list = append(list, ebssnap.Gap{What: "the data of the copy", Why: "it was not mounted"})
	} else {
		list = append(list, ebssnap.Gap{What: "what the invariant does not read", Why: "blocks are read when they are asked for", Need: "an invariant that reads every file"})
	}
	return list
}

// String returns the verdict, the evidence, what to do next and what was not seen, a line each.
func (r *Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", r.Verdict, escaped(r.Reason))
	if r.Evidence.Filesystem.Type != "" {
		fmt.Fprintf(&b, "  %s %s on %s", r.Evidence.Filesystem.Type, r.Evidence.Filesystem.ID, escaped(r.Evidence.Source))
		if r.Evidence.Mounted {
			fmt.Fprintf(&b, ", mounted with %s, asked for %s", r.Evidence.Options, r.Evidence.Took.Round(time.Microsecond))
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
	if len(r.Unseen) == 0 {
		b.WriteString("not checked: nothing more")
		return b.String()
	}
	var texts []string
	for _, gap := range r.Unseen {
		texts = append(texts, escaped(gap.String()))
	}
	b.WriteString("not checked: " + strings.Join(texts, "; "))
	return b.String()
}

// escaped replaces what a terminal would obey in text from outside.
func escaped(text string) string {
	quoted := fmt.Sprintf("%q", text)
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(quoted[1 : len(quoted)-1])
}
