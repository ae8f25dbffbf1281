package whoislookup

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup/answer"
	"github.com/opskit-go/opskit/whoislookup/internal/lex"
)

func orNone(s string) string { return cmp.Or(s, "none") }

// Since tells what changed from an earlier record of the same thing, or what
// differs between two things. See [Record.Moved] for the question that is mostly
// meant.
//
// A change is what both sides tell, and tell differently. Names are compared
// without case and runs of spaces, lists as sets, and dates as far as both are
// precise. Two servers or protocols spell a name each in its own way: between
// those, punctuation and accents do not count either, one handle is one holder,
// and a name beside a mere description is in Unseen. What one side does not tell is no change but stands in Unseen: a
// value that is withheld, could not be read or is not mentioned; the whole
// record, if a server did not answer or did not want to (nil, or a Verdict
// other than found, not_found and reserved); and what the answer of a more
// specific server would decide that did not come. That the holder is on
// neither side stands there as well. Two answers of one server over one
// protocol are complete about the network, the AS, nameservers and statuses,
// so what is gone from there is a change, and so is a field that is there
// without a value. If nobody has the thing any more, everything has changed.
func (r *Record) Since(earlier *Record) opskit.Changes {
	if gap, ok := incomparable(earlier, r); ok {
		return opskit.Changes{Unseen: []opskit.Gap{gap}}
	}
	var out opskit.Changes
	a, b := comparedFields(earlier), comparedFields(r)
	for i := range a {
		d := difference{old: earlier, new: r, a: a[i], b: b[i]}
		switch why, same := d.judge(); {
		case same && d.a.key == "" && d.b.key == "":
		case same:
			out.Compared++
		case why == "":
			out.Compare(d.a.name, d.a.value, d.b.value)
		default:
			out.Unseen = append(out.Unseen, opskit.Gap{What: d.a.name, Why: why})
		}
	}
	return out
}

// Moved answers "did it move?" from what changed since an earlier record: yes for
// another holder, for other nameservers, or for a network that has nothing in
// common with the earlier one. A registration inside the other is the same place
// told in more detail. No is said only if all of these could be compared.
func (r *Record) Moved(earlier *Record) Answer {
	changes := r.Since(earlier)
	if changes.Compared == 0 {
		return AnswerUnknown
	}
	for _, c := range changes.List {
		if c.Old == "" || c.New == "" {
			continue
		}
		switch c.What {
		case "holder.name", "domain.nameservers":
			return AnswerYes
		case "network.range":
			if a, b := earlier.Network.Range, r.Network.Range; !a.Covers(b) && !b.Covers(a) {
				return AnswerYes
			}
		}
	}
	for _, g := range changes.Unseen {
		switch g.What {
		case "holder.name", "domain.nameservers", "network.range":
			return AnswerUnknown
		}
	}
	if r.Verdict != VerdictFound || earlier.Verdict != VerdictFound {
		return AnswerUnknown
	}
	return AnswerNo
}

// incomparable tells why two records cannot be compared at all.
func incomparable(old, new *Record) (opskit.Gap, bool) {
	for _, side := range []struct {
		which string
		rec   *Record
	}{{older, old}, {newer, new}} {
		verdict := VerdictUnknown
		if side.rec != nil {
			verdict = side.rec.Verdict
		}
		switch verdict {
		case VerdictFound, VerdictNotFound, VerdictReserved:
		default:
			return opskit.Gap{What: "what changed", Why: side.which + " record is no answer: " + verdict.String(), Need: "the same look-up again"}, true
		}
	}
	a, b := subject(old), subject(new)
	if a != KindUnknown && b != KindUnknown && a != b {
		return opskit.Gap{What: "what changed", Why: older + " record is about a thing of kind " + a.String() + ", " + newer + " about one of kind " + b.String()}, true
	}
	return opskit.Gap{}, false
}

const older, newer = "the older", "the newer"

// subject is what a record has something about.
func subject(r *Record) Kind {
	switch {
	case r.Domain != nil:
		return KindDomain
	case r.Network != nil:
		return KindIP
	case r.AS != nil:
		return KindASN
	}
	return KindUnknown
}

// difference is one field of two records, with what it takes to judge it.
type difference struct {
	old, new *Record
	a, b     comparedField
}

// judge reports whether both sides say the same, and otherwise why that cannot
// be told: "" for a change.
func (d difference) judge() (why string, same bool) {
	a, b := d.a, d.b
	switch {
	case a.key == b.key && (a.key != "" || !d.wanting()):
		return "", true
	case a.key == b.key:
		return "neither record tells", false
	case a.date && answer.SameDate(Date(a.value), Date(b.value)):
		return "", true
	case a.key == "":
		return missing(older, d.old, d.new, a, b.value), false
	case b.key == "":
		return missing(newer, d.new, d.old, b, a.value), false
	}
	both := fmt.Sprintf("%s in %s record, %s in %s", orNone(a.value), older, orNone(b.value), newer)
	for _, side := range []struct {
		which       string
		rec, beside *Record
	}{{older, d.old, d.new}, {newer, d.new, d.old}} {
		if a.name == "network.range" && echoed(side.rec) {
			return both + " is only the address that was asked for", false
		}
		if server, ok := unansweredBy(side.rec); ok && covers(side.rec, side.beside) {
			return both + "; " + server + " would tell more, and did not for " + side.which, false
		}
	}
	if sameSource(d.old, d.new) {
		return "", false
	}
	if one := spelling(a.value); one != "" && one == spelling(b.value) || a.name == "holder.name" && sameHandle(d.old, d.new) {
		return "", true
	}
	if a.name == "holder.name" && described(d.old) != described(d.new) && !apart(d.old, d.new) {
		return both + "; one of them is a description, which need not name the holder", false
	}
	return "", false
}

// spelling is a name without what registries write differently: case,
// punctuation, blanks and accents.
func spelling(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1 // combining accents too
	}, norm.NFKD.String(name))
}

// sameHandle reports whether both records name one holder by its handle.
func sameHandle(a, b *Record) bool {
	return a.Holder.Handle != "" && strings.EqualFold(a.Holder.Handle, b.Holder.Handle)
}

// described reports whether a holder is the first line of a free description.
func described(r *Record) bool { return r.Holder.From == "descr" || r.Holder.From == "remarks" }

// apart reports whether two records are about different registrations.
func apart(a, b *Record) bool {
	return a.Network != nil && b.Network != nil && a.Network.Range != b.Network.Range
}

// wanting reports whether it matters that neither side has the field.
func (d difference) wanting() bool {
	return d.a.essential && d.old.Verdict == VerdictFound && d.new.Verdict == VerdictFound && subject(d.old) != KindUnknown
}

// missing tells why a side without a value does not say that there is none, or
// "" if it does.
func missing(which string, rec, other *Record, f comparedField, there string) string {
	if rec.Verdict != VerdictFound || other.Verdict != VerdictFound {
		return ""
	}
	told := "; the other has " + orNone(there)
	if server, ok := unansweredBy(rec); ok {
		return which + " record lacks the answer of " + server + told
	}
	for _, name := range f.from {
		switch rec.Presence(name) {
		case PresenceRedacted:
			return "withheld in " + which + " record" + told
		case PresenceUnparsed:
			return "not readable in " + which + " record" + told
		case PresenceAbsent:
			return ""
		}
	}
	if f.complete && sameSource(rec, other) {
		return ""
	}
	return "not mentioned in " + which + " record" + told
}

// unansweredBy names the server that a record lacks the answer of, although
// another referred to it.
func unansweredBy(r *Record) (string, bool) {
	for _, g := range r.Gaps() {
		if server, ok := strings.CutPrefix(g.What, answerOf); ok {
			return opskit.Escape(server), true
		}
	}
	return "", false
}

// answerOf begins the Gap of a server that others referred to in vain.
const answerOf = "the answer of "

// covers reports whether what r lacks may be what other has.
func covers(r, other *Record) bool {
	return r.Network != nil && other.Network != nil && r.Network.Range.Covers(other.Network.Range)
}

// sameSource reports whether one server told both over one protocol.
func sameSource(a, b *Record) bool {
	protocol := func(r *Record) string {
		for _, h := range r.Hops {
			if h.Server == r.Server {
				return h.Protocol
			}
		}
		return ""
	}
	return a.Server != "" && a.Server == b.Server && protocol(a) == protocol(b)
}

// comparedField is one field of a record.
type comparedField struct {
	name, value string
	key         string // value without what does not count
	date        bool
	essential   bool     // "did it move?" cannot be answered without it
	complete    bool     // a server that has any tells it
	from        []string // the fields whose Presence tells why there is none
}

// comparedFields lists what Since looks at, always in the same order.
func comparedFields(r *Record) []comparedField {
	n, as, d := r.Network, r.AS, r.Domain
	if n == nil {
		n = &Network{}
	}
	if as == nil {
		as = &AS{}
	}
	if d == nil {
		d = &Domain{}
	}
	country := r.Country
	if country == "" {
		country = d.Registrant.Country // whose name may be withheld
	}
	number := ""
	if as.To != 0 {
		number = fmt.Sprintf("AS%d-AS%d", as.From, as.To)
	}
	var origins, abuse, status, nameservers []string
	for _, o := range n.Origin {
		origins = append(origins, fmt.Sprintf("AS%d", o))
	}
	for _, x := range n.Routes {
		origins = append(origins, fmt.Sprintf("AS%d", x.Origin))
	}
	for _, c := range r.Abuse {
		abuse = append(abuse, c.Email)
	}
	for _, s := range d.Status {
		status = append(status, string(s))
	}
	standing := slices.Clone(status)
	for i := range standing {
		if strings.EqualFold(standing[i], "active") {
			standing[i] = "ok" // RDAP's word for it (RFC 8056)
		}
	}
	for _, s := range d.Nameservers {
		nameservers = append(nameservers, lex.HostKey(s))
	}
	text := func(name, value string, from ...string) comparedField {
		return comparedField{name: name, value: value, key: strings.ToLower(strings.Join(strings.Fields(value), " ")), from: append(from, name)}
	}
	complete := func(f comparedField) comparedField { f.complete = true; return f }
	date := func(name string, value Date) comparedField {
		return comparedField{name: name, value: string(value), key: string(value), date: true, from: []string{name}}
	}
	holder := text("holder.name", r.Holder.Name, "domain.registrant.name", "domain.registrant.organization")
	holder.essential = true
	statuses := text("domain.status", set(status))
	statuses.key = strings.ToLower(set(standing))
	name := text("domain.name", d.Name)
	name.key = lex.HostKey(d.Name)
	return []comparedField{
		complete(text("verdict", r.Verdict.String())),
		complete(text("network.range", n.Range.String())),
		complete(text("network.name", n.Name)),
		complete(text("network.status", n.Status)),
		complete(text("network.parent", n.Parent.String())),
		complete(text("network.origin", set(origins))),
		complete(text("as.from", number)),
		complete(text("as.name", as.Name)),
		complete(name),
		text("domain.registrar.name", d.Registrar.Name, "domain.registrar.organization"),
		complete(text("domain.nameservers", set(nameservers))),
		complete(statuses),
		holder,
		text("holder.handle", r.Holder.Handle, "domain.registrant.handle"),
		text("country", country, "domain.registrant.country"),
		text("abuse.email", set(abuse)),
		date("created", r.Created),
		date("updated", r.Updated),
		date("expires", r.Expires),
	}
}

// set is a list without order, case and repetition.
func set(list []string) string {
	s := slices.Clone(list)
	slices.SortFunc(s, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return strings.Join(slices.CompactFunc(s, strings.EqualFold), " ")
}
