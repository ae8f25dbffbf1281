package ebssnap

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/opskit-go/opskit"
)

// Judge derives Verdict, Reasons, Timing and Undecided from Evidence alone, and returns the level.
func (r *Result) Judge() opskit.Level {
	e := r.Evidence
	r.Verdict, r.Reasons = e.verdict()
	r.Timing, r.Undecided = e.timing(), e.open(r.Verdict)
	return r.Level()
}

// verdict returns what the evidence supports, and why.
func (e Evidence) verdict() (Verdict, []string) {
	if e.Token == "" {
		return VerdictUnknown, []string{"there is no evidence"}
	}
	if len(e.Attempts) == 0 {
		if errors.Is(e.Error.Err(), ErrOutcomeUnknown) {
			return VerdictUnknown, []string{e.Error.String()}
		}
		return VerdictNone, []string{"no request was sent"}
	}
	last := e.Attempts[len(e.Attempts)-1]
	switch {
	case len(e.Snapshots) == 0 && errors.Is(last.FreezeError.Err(), ErrOutcomeUnknown): // of the DryRun before the freeze
		return VerdictUnknown, []string{last.FreezeError.String()}
	case len(e.Snapshots) == 0 && last.Requested == 0:
		return VerdictNone, []string{"no request was sent: " + cause(last.FreezeError, "writers were not stopped")}
	case len(e.Snapshots) == 0 && last.Refused:
		return VerdictNone, []string{"nothing was created: " + cause(last.CreateError, "no reason given")}
	case len(e.Snapshots) == 0:
		return VerdictUnknown, []string{"the request had no usable answer, and no snapshot with its token was found: one may still appear"}
	case e.Adopted:
		return VerdictUnknown, []string{"found by its token after the request had no usable answer: nobody knows when it was taken"}
	}
	if against := e.against(last); len(against) > 0 {
		return VerdictUnproven, against
	}
	return VerdictConsistent, append([]string{fmt.Sprintf("writers were stopped from %s before the request until %s after its answer",
		rounded(last.Requested-last.Frozen), rounded(last.ThawBegun-last.Answered))}, e.concerns()...)
}

// concerns returns what filesystems count of errors at an earlier time.
func (e Evidence) concerns() (found []string) {
	for _, f := range e.Stopped {
		found = append(found, f.concerns()...)
	}
	return found
}

// against returns what keeps a snapshot that exists from being proven.
func (e Evidence) against(last Attempt) (against []string) {
	if missing := missingVolumes(e); len(missing) > 0 {
		against = append(against, fmt.Sprintf("no snapshot of %q", missing))
	}
	switch {
	case last.Frozen == 0 || last.Requested < last.Frozen:
		against = append(against, "the request was sent before writers were stopped")
	case last.Answered == 0 || last.Answered < last.Requested:
		against = append(against, "no answer was seen")
	case last.ThawBegun == 0 || last.ThawBegun < last.Answered:
		against = append(against, fmt.Sprintf("the thaw began %s after the freeze, the answer came after %s",
			rounded(last.ThawBegun-last.Frozen), rounded(last.Answered-last.Frozen)))
	}
	for _, s := range e.Snapshots {
		if !slices.Contains(e.Volumes, s.Volume) {
			continue
		}
		if s.ID == "" {
			against = append(against, fmt.Sprintf("the answer names no snapshot of %q", s.Volume))
		}
		if err := failed(s); err != nil {
			against = append(against, err.Error())
		}
	}
	for _, f := range e.Stopped {
		against = append(against, f.damage()...)
	}
	for _, failure := range []opskit.Failure{last.FreezeError, last.CreateError, last.ThawError} {
		if !failure.IsZero() {
			against = append(against, failure.String())
		}
	}
	return against
}

// open returns what the evidence leaves undecided.
func (e Evidence) open(verdict Verdict) (gaps []opskit.Gap) {
	if verdict == VerdictUnknown {
		gap := opskit.Gap{What: "whether a snapshot exists and is consistent", Why: "no request is known of"}
		switch {
		case e.Adopted:
			gap.What, gap.Why, gap.Need = "whether the snapshot is consistent", "nobody saw when it was taken", "another snapshot"
		case e.Token != "":
			gap.Why, gap.Need = "the answer to the request is not known", "the snapshots with the tag "+TagToken+"="+e.Token
		}
		gaps = append(gaps, gap)
	}
	for _, f := range e.Stopped {
		gaps = append(gaps, f.gaps()...)
	}
	complete := true
	for _, s := range e.Snapshots {
		complete = complete && (s.State == "completed" || failed(s) != nil)
		if !slices.Contains(e.Volumes, s.Volume) {
			gaps = append(gaps, opskit.Gap{
				What: "whether " + s.ID + " of " + s.Volume + " is consistent", Why: "the volume was not asked for: it was attached after the dry run",
				Need: "delete that snapshot, or ask for the volume too",
			})
		}
	}
	if !complete {
		gaps = append(gaps, opskit.Gap{
			What: "whether the snapshot completes", Why: "it is copied in the background, and may still fail",
			Need: "wait until its state is completed",
		})
	}
	return gaps
}

// timing returns how long each part of the last attempt took, and how long writers were stopped in
// all.
func (e Evidence) timing() (t Timing) {
	if n := len(e.Attempts); n > 0 {
		last := e.Attempts[n-1]
		t.Prepare = last.Prepare
		if last.Frozen > 0 {
			t.Freeze = last.Frozen - last.FreezeBegun
			t.Work = max(last.Answered-last.Frozen, 0)
			t.Thaw = last.Thawed - last.ThawBegun
		}
	}
	t.Stopped = e.stopped()
	return t
}

// stopped returns how long writers were stopped in all attempts together.
func (e Evidence) stopped() (sum time.Duration) {
	for _, a := range e.Attempts {
		if a.FreezeBegun > 0 && a.Thawed > a.FreezeBegun {
			sum += a.Thawed - a.FreezeBegun
		}
	}
	return sum
}

func cause(err opskit.Failure, otherwise string) string {
	if err.IsZero() {
		return otherwise
	}
	return err.String()
}

// missingVolumes returns the volumes that no snapshot was taken of.
func missingVolumes(e Evidence) []string {
	taken := map[string]bool{}
	for _, s := range e.Snapshots {
		taken[s.Volume] = true
	}
	return slices.DeleteFunc(slices.Clone(e.Volumes), func(volume string) bool { return taken[volume] })
}
