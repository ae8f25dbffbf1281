package ebssnap

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
)

type verdictKind struct{}

// Verdict says what is known of a snapshot's consistency.
type Verdict = opskit.Enum[verdictKind]

// The verdicts; the package's documentation has their levels.
const (
	VerdictUnknown    Verdict = ""            // a snapshot may exist, and nothing is known of the moment it was taken at
	VerdictConsistent Verdict = "consistent"  // writers were stopped without a break from before the request until its answer
	VerdictUnproven   Verdict = "unproven"    // a snapshot exists, and writers may have run while it was taken
	VerdictNone       Verdict = "no_snapshot" // it is certain that there is no snapshot
)

// Result is the outcome of Consistent. What is not evidence is what Judge makes of it.
type Result struct {
	Verdict   Verdict      `json:"verdict"`             // of Judge
	Reasons   []string     `json:"reasons,omitempty"`   // of Judge: why the verdict is what it is
	Timing    Timing       `json:"timing"`              // of Judge: of the last attempt; Stopped is the sum over all
	Evidence  Evidence     `json:"evidence"`            // what was done and what came of it
	Notes     []string     `json:"notes,omitempty"`     // what freezers leave for a restore, as they write it
	Unseen    []opskit.Gap `json:"unseen,omitempty"`    // what could not be seen, by who looked
	Undecided []opskit.Gap `json:"undecided,omitempty"` // of Judge: what the evidence leaves open
}

// Evidence is everything that a verdict rests on. The zero value is evidence of nothing.
type Evidence struct {
	Started   time.Time      `json:"started,omitzero"`    // UTC
	Token     string         `json:"token,omitempty"`     // the value of TagToken
	Volumes   []string       `json:"volumes,omitempty"`   // what was to be taken
	Mounts    []string       `json:"mounts,omitempty"`    // what was to be frozen, where the freezer is FS
	Stopped   []Stopped      `json:"stopped,omitempty"`   // the filesystems that were to be frozen, in that order, at the last attempt
	Budget    time.Duration  `json:"budget_ns"`           // the timeout of the call
	Attempts  []Attempt      `json:"attempts,omitempty"`  // in order
	Snapshots []Snapshot     `json:"snapshots,omitempty"` // what was created, as far as known
	Adopted   bool           `json:"adopted,omitempty"`   // found by its token: nobody saw when it was taken
	Settled   bool           `json:"settled,omitempty"`   // the search for it could be made
	Raised    bool           `json:"raised,omitempty"`    // TagConsistency now says "frozen"
	Error     opskit.Failure `json:"error,omitzero"`      // what failed outside the attempts
}

// Attempt is one interval in which writers were stopped for one request. Times are offsets from
// Evidence.Started on a monotonic clock; zero means that it did not happen.
type Attempt struct {
	Prepare     time.Duration  `json:"prepare_ns,omitzero"`      // how long the preparation took, before writers were stopped
	FreezeBegun time.Duration  `json:"freeze_begun_ns,omitzero"` // just before the first step that can stop writers
	Frozen      time.Duration  `json:"frozen_ns,omitzero"`       // all are stopped
	Requested   time.Duration  `json:"requested_ns,omitzero"`    // just before the request
	Answered    time.Duration  `json:"answered_ns,omitzero"`     // just after its answer, or its failure
	ThawBegun   time.Duration  `json:"thaw_begun_ns,omitzero"`   // just before writers were let run again
	Thawed      time.Duration  `json:"thawed_ns,omitzero"`       // just after it
	Refused     bool           `json:"refused,omitempty"`        // CreateError proves that nothing was created
	FreezeError opskit.Failure `json:"freeze_error,omitzero"`    // why writers could not be stopped
	CreateError opskit.Failure `json:"create_error,omitzero"`    // why the request failed
	ThawError   opskit.Failure `json:"thaw_error,omitzero"`      // what was wrong at the thaw
}

// Snapshots returns the snapshots that were created or found.
func (r *Result) Snapshots() []Snapshot { return r.Evidence.Snapshots }

// Seen tells whether the result is of a call that did anything.
func (r *Result) Seen() bool { return r != nil && r.Evidence.Token != "" }

// Level is OK for a consistent snapshot whose tag says so, Warning where only the tag does not or a
// filesystem counts errors of an earlier time,
// Problem for every other known verdict: there is no backup to rely on.
func (r *Result) Level() opskit.Level {
	switch r.Verdict {
	case VerdictConsistent:
		if !r.Evidence.Raised || len(r.Evidence.concerns()) > 0 {
			return opskit.Warning
		}
		return opskit.OK
	case VerdictUnproven, VerdictNone:
		return opskit.Problem
	}
	return opskit.Unknown
}

// Gaps returns Unseen and Undecided.
func (r *Result) Gaps() []opskit.Gap {
	gaps := slices.Concat(r.Unseen, r.Undecided)
	if len(gaps) == 0 && r.Level() == opskit.Unknown {
		return []opskit.Gap{{What: "whether a snapshot exists and is consistent", Why: "no evidence was judged", Need: "Judge"}}
	}
	return gaps
}

// Rescue returns the command that thaws what the last attempt left frozen, or "".
func (r *Result) Rescue() string {
	if n := len(r.Evidence.Attempts); n > 0 {
		last := r.Evidence.Attempts[n-1]
		for _, err := range []error{last.ThawError.Err(), last.FreezeError.Err()} {
			var frozen *ThawError
			switch {
			case errors.As(err, &frozen):
				return frozen.Rescue()
			case errors.Is(err, ErrStillFrozen): // read back: which of the mounts is not told
				return (&ThawError{Mounts: r.Evidence.Mounts}).Rescue()
			}
		}
	}
	return ""
}

// Since tells what changed since an earlier snapshot: the verdict, and how long writers were
// stopped if that is more than doubled or halved, and by more than 10 ms.
func (r *Result) Since(earlier *Result) opskit.Changes {
	var c opskit.Changes
	if !r.Seen() || !earlier.Seen() {
		c.Unseen = []opskit.Gap{{What: "what changed", Why: "one of the two is no result of a snapshot"}}
		return c
	}
	c.Compare("verdict", earlier.Verdict.String(), r.Verdict.String())
	was, is := earlier.Timing.Stopped, r.Timing.Stopped
	if was == 0 || is == 0 {
		c.Unseen = append(c.Unseen, opskit.Gap{What: "how long writers are stopped", Why: "in one of the two they were not"})
		return c
	}
	now := is
	if (is-was).Abs() <= 10*time.Millisecond || is < 2*was && was < 2*is {
		now = was
	}
	c.Compare("writers stopped for", rounded(was).String(), rounded(now).String())
	return c
}

// String returns the verdict, the evidence, what to do next and what was not seen, a line each.
func (r *Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", r.Verdict, opskit.Escape(strings.Join(r.Reasons, "; ")))
	for _, s := range r.Evidence.Snapshots {
		fmt.Fprintf(&b, "  snapshot %s of %s %s\n", opskit.Escape(s.ID), opskit.Escape(s.Volume), opskit.Escape(s.State))
	}
	if n := len(r.Evidence.Attempts); n > 0 {
		fmt.Fprintf(&b, "  writers were stopped for %s of at most %s, in %d %s: freeze %s, request %s, thaw %s\n",
			rounded(r.Timing.Stopped), r.Evidence.Budget, n, plural(n, "attempt"),
			rounded(r.Timing.Freeze), rounded(r.Timing.Work), rounded(r.Timing.Thaw))
	}
	for _, f := range r.Evidence.Stopped {
		if waits := f.waits(); waits != "" {
			fmt.Fprintf(&b, "  %s%s\n", opskit.Escape(f.Mount), opskit.Escape(waits))
		}
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "  for a restore: %s\n", opskit.Escape(note))
	}
	if !r.Evidence.Error.IsZero() {
		fmt.Fprintf(&b, "  %s\n", r.Evidence.Error)
	}
	if next := r.next(); next != "" {
		fmt.Fprintf(&b, "next: %s\n", opskit.Escape(next))
	}
	b.WriteString(opskit.NotChecked(r))
	return b.String()
}

func (r *Result) next() string {
	if rescue := r.Rescue(); rescue != "" {
		return "thaw: " + rescue
	}
	switch {
	case damaged(r.Evidence.Stopped) != nil:
		return "see to the device, check the filesystem (fsck, xfs_repair, btrfs scrub) and the application's data, mount it again"
	case r.Evidence.Adopted:
		return "take another snapshot"
	case r.Verdict == VerdictUnknown && r.Seen():
		return "look again for the token " + r.Evidence.Token + " (Settle), and take another snapshot"
	case r.Verdict == VerdictUnproven:
		return "take another snapshot, with a larger budget if the budget ended"
	case r.Verdict == VerdictConsistent && !r.Evidence.Raised:
		return "set the tag " + TagConsistency + " to " + tagFrozen
	}
	return ""
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

func rounded(d time.Duration) time.Duration {
	if d < 10*time.Millisecond {
		return d.Round(time.Microsecond)
	}
	return d.Round(100 * time.Microsecond)
}
