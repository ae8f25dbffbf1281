package ebssnap

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
)

type frozenKind struct{}

// Frozen says whether a filesystem is frozen now, and by whom.
type Frozen = opskit.Enum[frozenKind]

// The states of a filesystem, and of all of them together; the package's documentation has their
// levels.
const (
	FrozenUnknown   Frozen = ""            // cannot tell, or frozen and nobody can tell by whom
	FrozenNot       Frozen = "not_frozen"  // writers run
	FrozenByDeadRun Frozen = "by_dead_run" // by a run of this library that has died; Apply thaws it
	FrozenByOther   Frozen = "by_other"    // by a run that lives, or by somebody who froze after a freeze of this library was thawed
)

// Recovery is what Recover found. It is a plan; Apply carries it out.
type Recovery struct {
	Verdict     Frozen       `json:"verdict"`               // of Judge: the worst of the filesystems
	At          time.Time    `json:"at,omitzero"`           // when it was looked, UTC
	Filesystems []Filesystem `json:"filesystems,omitempty"` // each once, by device
	Unseen      []opskit.Gap `json:"unseen,omitempty"`      // what could not be looked at
	Undecided   []opskit.Gap `json:"undecided,omitempty"`   // of Judge: what is frozen and by whom cannot be told

	records map[string][]string // files of dead runs that Apply removes: the devices in each
}

// Filesystem is one filesystem that is mounted here, or that a dead run has frozen elsewhere.
type Filesystem struct {
	Frozen Frozen `json:"frozen"`        // of Judge
	Why    string `json:"why,omitempty"` // of Judge: what that rests on

	Mount   string    `json:"mount"`            // where it is mounted now, or was when it was frozen
	Device  string    `json:"device"`           // "major:minor"
	Mounted bool      `json:"mounted"`          // it is mounted here now
	Owner   int       `json:"owner,omitempty"`  // the process that froze
	Living  bool      `json:"living,omitempty"` // it lives
	Since   time.Time `json:"since,omitzero"`   // when its record was written, UTC
	Begun   bool      `json:"begun,omitempty"`  // it recorded that a freeze began, and not how that ended
	Guard   int       `json:"guard,omitempty"`  // its guard, which lives and is still inside that FIFREEZE
	Froze   bool      `json:"froze,omitempty"`  // it recorded a freeze, and no thaw
	Asleep  bool      `json:"asleep,omitempty"` // a process of its guard sleeps in that very freeze
	Awake   bool      `json:"awake,omitempty"`  // that process slept in it, and is awake: somebody has thawed since
	Waits   bool      `json:"waits,omitempty"`  // a process that asked for write access a moment ago waits for it
	Passed  bool      `json:"passed,omitempty"` // that process got it: writers run

	Thawed bool           `json:"thawed,omitempty"` // by Apply
	Error  opskit.Failure `json:"error,omitzero"`   // why Apply failed, or what it found after the thaw (ErrDamaged)

	points []string // where it is mounted here
	sleeps sleeper  // the canary through whose descriptor it can be thawed wherever it is mounted
}

// sleeper is a canary: a process and its descriptor of the filesystem; pid 0: none.
type sleeper struct{ pid, fd int }

// Recover tells what is frozen now, and what of it a dead run of this library left frozen: by the
// journal, by the canaries of dead guards that still sleep in a freeze, wherever that is mounted,
// and by a probe: a child process that asks every filesystem that can be frozen and is mounted here
// for write access. Where that waits, the child sleeps until the thaw; nobody waits for it longer
// than half a second. Nothing is thawed, and only records of an earlier boot are removed.
//
// Without directories it reads the journals that FS keeps by default. A journal that another user
// could have written is not obeyed, and told in Unseen. It wants the same rights as a freeze.
func Recover(ctx context.Context, directories ...string) (*Recovery, error) {
	return recoverPlan(ctx, directories, true)
}

// Apply thaws what is FrozenByDeadRun, after one more look at it, and removes the records of what
// is not frozen any more. Nothing else is ever thawed. The error is a *ThawError if something could
// not be thawed.
func (r *Recovery) Apply(ctx context.Context) error { return r.apply(ctx) }

// Judge derives the state of every filesystem, the verdict and Undecided.
func (r *Recovery) Judge() opskit.Level {
	r.Undecided = nil
	r.Verdict = FrozenUnknown
	for i := range r.Filesystems {
		f := &r.Filesystems[i]
		f.Frozen, f.Why = f.judge()
		if f.Frozen == FrozenUnknown {
			r.Undecided = append(r.Undecided, opskit.Gap{What: "who froze " + f.Mount + ", if anybody", Why: f.Why, Need: f.need()})
		}
	}
	switch {
	case r.any(FrozenByDeadRun):
		r.Verdict = FrozenByDeadRun
	case r.any(FrozenUnknown), len(r.Unseen) > 0:
	case r.any(FrozenByOther):
		r.Verdict = FrozenByOther
	case r.any(FrozenNot):
		r.Verdict = FrozenNot
	default:
		r.Undecided = []opskit.Gap{{What: "whether anything is frozen", Why: "no filesystem that can be frozen is seen here", Need: "the host, or the mount namespace of the data"}}
	}
	return r.Level()
}

func (r *Recovery) any(state Frozen) bool {
	return slices.ContainsFunc(r.Filesystems, func(f Filesystem) bool { return f.Frozen == state })
}

// judge tells what the evidence of one filesystem says.
func (f *Filesystem) judge() (Frozen, string) {
	switch {
	case f.Thawed:
		return FrozenNot, "thawed"
	case f.Passed:
		return FrozenNot, "write access was given"
	case f.Living && (f.Begun || f.Froze):
		return FrozenByOther, fmt.Sprintf("process %d froze it, and lives", f.Owner)
	case f.Begun && f.Guard > 0:
		return FrozenUnknown, fmt.Sprintf("process %d is inside a FIFREEZE that nobody can stop, and thaws when that ends", f.Guard)
	case f.Asleep:
		return FrozenByDeadRun, fmt.Sprintf("a process of process %d, which has died, sleeps in that freeze", f.Owner)
	case f.Awake && f.Waits:
		return FrozenByOther, "the freeze of this library was thawed, and writers wait in another"
	case f.Awake:
		return FrozenUnknown, "the freeze of this library was thawed, and nobody asked for write access since"
	case f.Froze:
		return FrozenByDeadRun, fmt.Sprintf("process %d, which has died, recorded it as frozen", f.Owner)
	case f.Waits && f.Begun:
		return FrozenUnknown, fmt.Sprintf("writers wait: process %d died while it froze, or another program froze", f.Owner)
	case f.Waits:
		return FrozenUnknown, "writers wait: another program froze it, or a run of this library whose journal is not seen here"
	case f.Begun:
		return FrozenUnknown, fmt.Sprintf("process %d died while it froze, and nobody asked for write access", f.Owner)
	}
	return FrozenUnknown, "nobody asked for write access"
}

func (f *Filesystem) need() string {
	if f.Guard > 0 {
		return "the device that it waits for"
	}
	if f.Waits {
		return (&ThawError{Mounts: []string{f.Mount}}).Rescue() + ", if no program that lives holds it frozen"
	}
	return "write access, asked for by a process that may sleep: Recover does"
}

// Level returns what the verdict means to a monitor.
func (r *Recovery) Level() opskit.Level {
	switch r.Verdict {
	case FrozenByDeadRun:
		return opskit.Problem
	case FrozenByOther:
		return opskit.Warning
	case FrozenNot:
		return opskit.OK
	}
	return opskit.Unknown
}

// Gaps returns Unseen and Undecided.
func (r *Recovery) Gaps() []opskit.Gap {
	gaps := slices.Concat(r.Unseen, r.Undecided)
	if len(gaps) == 0 && r.Level() == opskit.Unknown {
		return []opskit.Gap{{What: "whether anything is frozen", Why: "nothing was judged", Need: "Judge"}}
	}
	return gaps
}

// Seen tells whether any filesystem was looked at.
func (r *Recovery) Seen() bool { return r != nil && len(r.Filesystems) > 0 }

// Rescue returns the command that thaws what the plan shows as left frozen, or "".
func (r *Recovery) Rescue() string {
	var left ThawError
	for _, f := range r.Filesystems {
		if f.Frozen == FrozenByDeadRun {
			left.Mounts = append(left.Mounts, f.Mount)
		}
	}
	return left.Rescue()
}

// String returns the verdict, every filesystem that is or may be frozen, and what was not seen.
func (r *Recovery) String() string {
	var b strings.Builder
	switch r.Verdict {
	case FrozenByDeadRun:
		b.WriteString("left frozen by a run of this library that has died\n")
	case FrozenByOther:
		b.WriteString("frozen by somebody else\n")
	case FrozenNot:
		fmt.Fprintf(&b, "nothing is frozen: %d %s\n", len(r.Filesystems), plural(len(r.Filesystems), "filesystem"))
	default:
		b.WriteString("unknown: cannot tell whether anything was left frozen\n")
	}
	for _, f := range r.Filesystems {
		if f.Frozen == FrozenNot && !f.Thawed && !f.Begun && !f.Froze {
			continue
		}
		fmt.Fprintf(&b, "  %s (device %s): %s: %s\n", opskit.Escape(f.Mount), opskit.Escape(f.Device), f.Frozen, opskit.Escape(f.Why))
		if !f.Error.IsZero() {
			fmt.Fprintf(&b, "  %s\n", f.Error)
		}
	}
	if rescue := r.Rescue(); rescue != "" {
		fmt.Fprintf(&b, "next: thaw what the dead run left: Apply, or %s\n", opskit.Escape(rescue))
	}
	b.WriteString(opskit.NotChecked(r))
	return b.String()
}
