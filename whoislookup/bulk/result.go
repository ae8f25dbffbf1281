package bulk

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unicode"

	"github.com/opskit-go/opskit/whoislookup"
)

// Result is what is known about one address. The zero value knows nothing.
type Result struct {
	Addr       netip.Addr          `json:"addr,omitzero"`        // what was asked for; mapped IPv4 as IPv4, without a zone
	Record     *whoislookup.Record `json:"record,omitempty"`     // nil if nobody was asked; shared by all results of its range: not to be changed
	Cached     bool                `json:"cached,omitempty"`     // no query was made for this address
	Delegation *Delegation         `json:"delegation,omitempty"` // what the loaded statistics say
	Unseen     []whoislookup.Gap   `json:"unseen,omitempty"`     // the record's gaps, and what answering from a file or another address's answer leaves open
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
	fmt.Fprintf(&b, "%s: %s\n", r.Addr, printable(who))
	if n := r.Range(); n.IsValid() {
		fmt.Fprintf(&b, "  network: %s\n", n)
	}
	if d := r.Delegation; d != nil {
		fmt.Fprintf(&b, "  delegation: %s\n", printable(strings.Join(strings.Fields(d.Registry+" "+d.Range.String()+" "+d.Country+" "+string(d.Date)+" "+d.Status), " ")))
	}
	if r.Cached {
		b.WriteString("  from an earlier answer\n")
	}
	b.WriteString("not checked: ")
	if len(r.Unseen) == 0 {
		b.WriteString("nothing more")
	}
	for i, g := range r.Unseen {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(printable(g.String()))
	}
	return b.String()
}

// printable escapes everything that does more than put ink where the cursor is.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsPrint(r) && r != unicode.ReplacementChar {
			b.WriteRune(r)
			continue
		}
		q := strconv.QuoteRuneToASCII(r)
		b.WriteString(q[1 : len(q)-1])
	}
	return b.String()
}

// cached completes a result from an earlier answer.
func (r Result) cached(ans *answer) (Result, error) {
	r.Record, r.Cached = ans.rec, true
	r.Unseen = append(r.Unseen, ans.rec.Unseen...)
	if !ans.leaf && ans.asked != r.Addr {
		r.Unseen = append(r.Unseen, whoislookup.Gap{
			What: "a smaller network inside " + ans.about.String(),
			Why:  "the registry does not call it assigned, and only " + ans.asked.String() + " was asked for",
			Need: "Bulk.Exact",
		})
	}
	return r, ans.err
}

// offline completes a result without any query.
func (r Result) offline() (Result, error) {
	r.Unseen = append(r.Unseen, whoislookup.Gap{What: "the holder", Why: "nobody was asked", Need: "a look-up without Bulk.Offline"})
	if r.Delegation == nil {
		return r, &whoislookup.Error{
			Op: "look up", Target: r.Addr.String(),
			Err: fmt.Errorf("not in the loaded delegated statistics: %w", whoislookup.ErrNoServer),
		}
	}
	return r, nil
}
