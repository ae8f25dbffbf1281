package bulk

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup"
)

// Result is what is known about one address. The zero value knows nothing.
type Result struct {
	Addr       netip.Addr          `json:"addr,omitzero"`        // what was asked for; mapped IPv4 as IPv4, without a zone
	Record     *whoislookup.Record `json:"record,omitempty"`     // nil if nobody was asked; shared by all results of its range: not to be changed
	Cached     bool                `json:"cached,omitempty"`     // no query was made for this address
	Delegation *Delegation         `json:"delegation,omitempty"` // what the loaded statistics say
	Unseen     []opskit.Gap        `json:"unseen,omitempty"`     // what answering from a file or another address's answer leaves open
}

// Holder returns whose the address is, "" if nobody tells: also where nobody was
// asked, and Record is nil.
func (r Result) Holder() string {
	if r.Record == nil {
		return ""
	}
	return r.Record.Holder.Name
}

// Country returns the country that the registry's answer gives, or else that of
// the delegation; "" if neither knows.
func (r Result) Country() string {
	if r.Record != nil && r.Record.Country != "" {
		return r.Record.Country
	}
	if r.Delegation != nil {
		return r.Delegation.Country
	}
	return ""
}

// Range returns the network that the holder of the address has, or else the
// delegation that it lies in. Not valid if neither is known, and for space that
// nobody holds: private space never gets into a block list this way.
func (r Result) Range() whoislookup.Range {
	if rec := r.Record; rec != nil && rec.Verdict == whoislookup.VerdictFound && rec.Network != nil && rec.Network.Range.Contains(r.Addr) {
		return rec.Network.Range
	}
	if d := r.Delegation; d != nil && (strings.EqualFold(d.Status, "allocated") || strings.EqualFold(d.Status, "assigned")) {
		return d.Range
	}
	return whoislookup.Range{}
}

// Level is that of the record, and Unknown where that is OK and Unseen is not
// empty, or nobody was asked.
func (r Result) Level() opskit.Level {
	if r.Record == nil || len(r.Unseen) > 0 && r.Record.Level() == opskit.OK {
		return opskit.Unknown
	}
	return r.Record.Level()
}

// Gaps returns Unseen and the gaps of the record.
func (r Result) Gaps() []opskit.Gap {
	if r.Record == nil && len(r.Unseen) == 0 {
		return []opskit.Gap{{What: "the holder", Why: "nobody was asked", Need: "a look-up"}}
	}
	if r.Record == nil {
		return r.Unseen
	}
	return slices.Concat(r.Unseen, r.Record.Gaps())
}

// Judge judges the record, which all results of its range share.
func (r *Result) Judge() opskit.Level {
	if r.Record != nil {
		r.Record.Judge()
	}
	return r.Level()
}

// String returns whose it is, what that rests on below, and what was not seen
// on the last line. It has no control characters.
func (r Result) String() string {
	var b strings.Builder
	who := "unknown"
	if name := r.Holder(); name != "" {
		who = name
	} else if r.Record != nil && r.Record.Verdict != whoislookup.VerdictUnknown {
		who = r.Record.Verdict.String() + ", no holder"
	}
	if c := r.Country(); c != "" {
		who += ", " + c
	}
	fmt.Fprintf(&b, "%s: %s\n", r.Addr, opskit.Escape(who))
	if n := r.Range(); n.IsValid() {
		fmt.Fprintf(&b, "  network: %s\n", n)
	}
	if d := r.Delegation; d != nil {
		fmt.Fprintf(&b, "  delegation: %s\n", opskit.Escape(strings.Join(strings.Fields(d.Registry+" "+d.Range.String()+" "+d.Country+" "+string(d.Date)+" "+d.Status), " ")))
	}
	if r.Cached {
		b.WriteString("  from an earlier answer\n")
	}
	return b.String() + opskit.NotChecked(r)
}

// cached completes a result from an earlier answer.
func (r Result) cached(ans *answer) (Result, error) {
	r.Record, r.Cached = ans.rec, true
	if !ans.leaf && ans.asked != r.Addr {
		r.Unseen = append(r.Unseen, opskit.Gap{
			What: "a smaller network inside " + ans.about.String(),
			Why:  "the registry does not call it assigned, and only " + ans.asked.String() + " was asked for",
			Need: "Bulk.Exact",
		})
	}
	return r, ans.err
}

// offline completes a result without any query.
func (r Result) offline() (Result, error) {
	r.Unseen = append(r.Unseen, opskit.Gap{What: "the holder", Why: "nobody was asked", Need: "a look-up without Bulk.Offline"})
	if r.Delegation == nil {
		return r, &opskit.Error{
			Op: "look up", Target: r.Addr.String(),
			Err: fmt.Errorf("not in the loaded delegated statistics: %w", whoislookup.ErrNoServer),
		}
	}
	return r, nil
}
