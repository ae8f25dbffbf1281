package ebssnap

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Evidence is everything that a verdict rests on. Judge makes the verdict of it, at once or from a saved copy. The zero
// value is evidence of nothing.
type Evidence struct {
	Started   time.Time     `json:"started"`             // UTC
	Token     string        `json:"token"`               // the value of TagToken
	Volumes   []string      `json:"volumes,omitzero"`    // what was to be taken
	Mounts    []string      `json:"mounts,omitempty"`    // what was to be frozen, where the freezer is FS
	Budget    time.Duration `json:"budget_ns"`           // the timeout of the call
	Attempts  []Attempt     `json:"attempts,omitempty"`  // in order
	Snapshots []Snapshot    `json:"snapshots,omitempty"` // what was created, as far as known
	Adopted   bool          `json:"adopted,omitempty"`   // found by its token: nobody saw when it was taken
	Settled   bool          `json:"settled,omitempty"`   // the search for it could be made
	Raised    bool          `json:"raised,omitempty"`    // TagConsistency now says "frozen"
	Deleted   []string      `json:"deleted,omitempty"`   // unproven snapshots that were deleted as the Volume demands
	Error     *Error        `json:"error,omitempty"`     // what failed outside the attempts
}

// Attempt is one interval in which writers were stopped for one request. Times are offsets from Evidence.Started on a monotonic
// clock; zero means that it did not happen.
type Attempt struct {
	FreezeBegun time.Duration `json:"freeze_begun_ns,omitzero"` // just before the first step that can stop writers
	Frozen      time.Duration `json:"frozen_ns,omitzero"`       // all are stopped
	Requested   time.Duration `json:"requested_ns,omitzero"`    // just before the request
	Answered    time.Duration `json:"answered_ns,omitzero"`     // just after its answer, or its failure
	ThawBegun   time.Duration `json:"thaw_begun_ns,omitzero"`   // just before writers were let run again
	Thawed      time.Duration `json:"thawed_ns,omitzero"`       // just after it
	Refused     bool          `json:"refused,omitempty"`        // CreateError proves that nothing was created
	FreezeError *Error        `json:"freeze_error,omitempty"`   // why writers could not be stopped, or nil
	CreateError *Error        `json:"create_error,omitempty"`   // why the request failed, or nil
	ThawError   *Error        `json:"thaw_error,omitempty"`     // what was wrong at the thaw, or nil
}

// stopped returns how long writers were stopped.
func (a Attempt) stopped() time.Duration {
	if a.FreezeBegun == 0 || a.Thawed == 0 {
		return 0
	}
	return a.Thawed - a.FreezeBegun
}

// Stopped returns how long writers were stopped in all attempts together.
func (e Evidence) Stopped() time.Duration {
	var sum time.Duration
	for _, a := range e.Attempts {
		sum += a.stopped()
	}
	return sum
}

// Judge returns the verdict that e supports, and why. It is a pure function.
func Judge(e Evidence) (Verdict, []string) {
	if len(e.Attempts) == 0 {
		if e.Error != nil && errors.Is(e.Error, ErrOutcomeUnknown) {
			return VerdictUnknown, []string{e.Error.Error()}
		}
		return VerdictNone, []string{"no request was sent"}
	}
	last := e.Attempts[len(e.Attempts)-1]
	switch {
	case len(e.Snapshots) == 0 && last.FreezeError != nil && errors.Is(last.FreezeError, ErrOutcomeUnknown): // of the DryRun before the freeze
		return VerdictUnknown, []string{last.FreezeError.Error()}
	case len(e.Snapshots) == 0 && last.Requested == 0:
		return VerdictNone, []string{"no request was sent: " + cause(last.FreezeError, "writers were not stopped")}
	case len(e.Snapshots) == 0 && last.Refused:
		return VerdictNone, []string{"nothing was created: " + cause(last.CreateError, "no reason given")}
	case len(e.Snapshots) == 0:
		return VerdictUnknown, []string{"the request had no usable answer, and no snapshot with its token was found: one may still appear"}
	case e.Adopted:
		return VerdictUnknown, []string{"found by its token after the request had no usable answer: nobody knows when it was taken"}
	}
	var against []string
	if missing := missingVolumes(e); len(missing) > 0 {
		against = append(against, fmt.Sprintf("no snapshot of %q", missing))
	}
	switch {
	case last.Frozen == 0 || last.Requested < last.Frozen:
		against = append(against, "the request was sent before writers were stopped")
	case last.Answered == 0:
		against = append(against, "no answer was seen")
	case last.ThawBegun == 0 || last.ThawBegun < last.Answered:
		against = append(against, fmt.Sprintf("the thaw began %s after the freeze, the answer came after %s", rounded(last.ThawBegun-last.Frozen), rounded(last.Answered-last.Frozen)))
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
	for _, err := range []*Error{last.CreateError, last.ThawError} {
		if err != nil {
			against = append(against, err.Error())
		}
	}
	if len(against) > 0 {
		return VerdictUnproven, against
	}
	return VerdictConsistent, []string{fmt.Sprintf("writers were stopped from %s before the request until %s after its answer",
		rounded(last.Requested-last.Frozen), rounded(last.ThawBegun-last.Answered))}
}

func cause(err *Error, otherwise string) string {
	if err != nil {
		return err.Error()
	}
	return otherwise
}

// missingVolumes returns the volumes that no snapshot was taken of.
func missingVolumes(e Evidence) []string {
	taken := map[string]bool{}
	for _, s := range e.Snapshots {
		taken[s.Volume] = true
	}
	var missing []string
	for _, volume := range e.Volumes {
		if !taken[volume] {
			missing = append(missing, volume)
		}
	}
	return missing
}

func rounded(d time.Duration) time.Duration {
	if d < 10*time.Millisecond {
		return d.Round(time.Microsecond)
	}
	return d.Round(100 * time.Microsecond)
}
