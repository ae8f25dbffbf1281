package ebssnap

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Recovery is what Recover found: freezes that the journal says nobody looks after any more. It is a plan; Apply carries it out.
type Recovery struct {
	Leftovers []Leftover `json:"leftovers,omitempty"` // what dead owners recorded
	Unseen    []Gap      `json:"unseen,omitempty"`    // what the journal cannot tell
}

// Leftover is one filesystem in the record of a process that has died.
type Leftover struct {
	Mount   string    `json:"mount"`             // where it was mounted when it was frozen
	Device  string    `json:"device"`            // "major:minor"
	Now     string    `json:"now,omitempty"`     // where it is mounted now; empty: nowhere
	Owner   int       `json:"owner"`             // the process that died
	Since   time.Time `json:"since,omitzero"`    // when the record was written, UTC
	Frozen  bool      `json:"frozen"`            // recorded as frozen; otherwise only as intended
	Proven  bool      `json:"proven"`            // a process of the dead owner still sleeps in that very freeze
	Over    bool      `json:"over,omitempty"`    // another program has thawed it since, or a process did before it died
	Thawed  bool      `json:"thawed,omitempty"`  // by Apply
	Outcome string    `json:"outcome,omitempty"` // what Apply did, or why it did not
	Error   *Error    `json:"error,omitempty"`   // why Apply failed, or nil

	record string   // the file of the journal
	place  int      // in that record
	points []string // where it is mounted now
}

// Recover reads the journal and tells which filesystems a dead process left frozen. It waits for nothing, and changes nothing but
// the journal: records of an earlier boot, after which nothing is frozen, are removed.
//
// A record says that a freeze was intended or that it was done. A record that says frozen is the truth unless somebody thawed since; whether that freeze still lasts is proven by a
// process of the dead owner that sleeps in it, where there was a guard. A record that says intended cannot be told apart: the owner died
// before, in, or just after the freeze, and what is frozen now may be another program's work.
//
// Without folders it reads the journals that FS keeps by default. A journal that another user could have written is not obeyed, and told in Unseen.
func Recover(ctx context.Context, folders ...string) (*Recovery, error) {
	return findLeftovers(ctx, folders)
}

// Apply thaws what was recorded as frozen and is mounted, and removes the records of what is done. With intended it also thaws what
// was only intended to be frozen. What has been thawed since the plan was made is left alone: the records are read again. Leftovers tell what became of each. The error is a *ThawError if something could not be thawed.
func (r *Recovery) Apply(ctx context.Context, intended bool) error { return r.apply(ctx, intended) }

// String returns what was found, and what to do next.
func (r *Recovery) String() string {
	var b strings.Builder
	if len(r.Leftovers) == 0 {
		b.WriteString("nothing was left frozen by this library\n")
	}
	for _, l := range r.Leftovers {
		fmt.Fprintf(&b, "%s: %s\n", escaped(l.state()), escaped(l.Mount))
		fmt.Fprintf(&b, "  device %s, recorded %s by process %d, which has died\n", escaped(l.Device), l.Since.Format(time.RFC3339), l.Owner)
		if l.Outcome != "" {
			fmt.Fprintf(&b, "  %s\n", escaped(l.Outcome))
		}
		if l.Error != nil {
			fmt.Fprintf(&b, "  %s\n", escaped(l.Error.Error()))
		}
	}
	b.WriteString(notChecked(r.Unseen))
	return b.String()
}

func (l Leftover) state() string {
	switch {
	case l.Thawed:
		return "thawed"
	case l.Over:
		return "over"
	case l.Proven:
		return "left frozen"
	case l.Frozen:
		return "recorded as frozen"
	}
	return "intended to be frozen"
}
