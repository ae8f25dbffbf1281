package whoislookup

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup/internal/holder"
	"github.com/opskit-go/opskit/whoislookup/internal/lex"
	"github.com/opskit-go/opskit/whoislookup/internal/read"
	"github.com/opskit-go/opskit/whoislookup/servers"
)

// Assemble reads the answers of all hops of one look-up into one record. It is
// what a look-up does when the last server has answered, and it is pure: hops
// that were saved give the same record again.
//
// The most specific answer wins. A hop that failed or did not know does not
// take away what an earlier one said, and is told in Undecided. A placeholder of
// a registry that keeps no data is never the owner: if nothing better is
// there, the verdict is VerdictElsewhere without a holder, and the error is
// that of the hop that should have known, or matches [ErrNoServer]; only a single
// hop without Sent, a stored answer, is read as [Parse] does, with the registry in
// the holder's place and no error. Otherwise errors are those of [Parse].
//
// Embedded stays empty: the records in it have hops of their own.
func Assemble(q Query, hops []Hop) (*Record, error) {
	r := &Record{Query: q, Hops: hops}
	return r, unanswered(r.judge())
}

// assemble fills r, which has a query and hops and nothing else.
func (r *Record) assemble() error {
	q := r.Query
	if len(r.Hops) == 0 {
		r.Undecided = []opskit.Gap{nobodyAsked(cmp.Or(q.Text, "it"))}
		return &opskit.Error{Op: "assemble", Target: q.Text, Err: ErrNoServer}
	}
	rdap := r.gather(q, func(h *Hop) bool { return h.Protocol == "rdap" })
	whois := r.gather(q, func(h *Hop) bool { return h.Protocol != "rdap" })
	disagree(&rdap, &whois)
	if rdap.best != nil && whois.best != nil && !echoed(rdap.best) {
		whois.best = rdap.best
	}
	g := whois
	if g.best == nil && g.first == nil && rdap.failed != nil && errors.Is(g.failed, ErrUnreachable) && !errors.Is(rdap.failed, ErrUnreachable) {
		g = rdap // throttled, say: who could not be reached says less
	}
	if g.best == nil && (rdap.best != nil || whois.failed == nil && whois.first == nil) {
		g = rdap
	}
	err := r.settle(q, g)
	r.Holder.Kind = r.holderKind()
	if paused, ok := errors.AsType[Pause](err); ok {
		r.RetryAfter = paused.RetryAfter()
	}
	return err
}

// holderKind tells what the holder is.
func (r *Record) holderKind() HolderKind {
	withheld := slices.Contains(r.Redacted, "domain.registrant.name") || slices.Contains(r.Redacted, "domain.registrant.organization")
	kind := HolderKind(holder.Kind(r.Holder.Name))
	switch {
	case r.Verdict != VerdictFound:
		return HolderKindUnknown
	case r.Holder.Name == "" && withheld:
		return HolderKindWithheld
	case kind == HolderKindUnknown && r.Domain != nil && r.Holder.Name != "" && r.Holder.Name == r.Domain.Registrant.Organization && r.Holder.Name != r.Domain.Registrant.Name:
		return HolderKindOrganisation
	}
	return kind
}

// gathered is what the hops of one protocol say together.
type gathered struct {
	best    *Record // the most specific answer
	first   *Record // a placeholder
	verdict Verdict // of the last server that refused or did not know
	said    *Record // what it said
	failed  error   // why the last hop gave no answer
	unseen  []opskit.Gap
}

// gather reads those hops of r that want selects.
func (r *Record) gather(q Query, want func(*Hop) bool) (g gathered) {
	next := "" // the server that the last answer refers to
	for i := range r.Hops {
		h := &r.Hops[i]
		if !want(h) || h.redirected() {
			continue
		}
		if i+1 < len(r.Hops) && h.Server == r.Hops[i+1].Server && strings.HasPrefix(h.Sent, exactly) {
			continue // asked again in other words, as this was no answer
		}
		rec, p, err := r.readHop(i)
		next = ""
		if p.Referral.Host != "" {
			h.Referral = p.Referral.String()
			if p.Referral.Host != read.HostOf(h.Server) {
				next = p.Referral.Host
			}
		}
		switch {
		case h.Protocol == "local" && err == nil:
			rec.Verdict = VerdictReserved
			g.best = rec
		case err != nil:
			if g.failed == nil || !errors.Is(err, ErrUnreachable) { // who could not be reached says less
				g.failed, g.verdict, g.said = err, verdictOf(err), rec
			}
			if g.best != nil {
				g.unseen = append(g.unseen, opskit.Gap{What: answerOf + h.Server, Why: err.Error()})
			}
		case rec.Verdict == VerdictElsewhere:
			if g.best == nil {
				g.first = rec
			}
		case rec.Verdict != VerdictFound: // RDAP help in place of an answer
			if g.failed == nil {
				g.failed = &opskit.Error{Op: "read answer", Target: h.Server, Err: fmt.Errorf("an answer about nothing: %w", ErrGarbage)}
			}
		case g.best == nil:
			g.best, g.failed = rec, nil
		case rec.Domain != nil && g.best.Domain != nil:
			g.failed = nil
			if lex.Under(rec.Domain.Name, g.best.Domain.Name) {
				g.best = rec // IANA told about the top-level domain first
				break
			}
			mergeDomain(g.best, rec)
		case g.best.Network != nil && rec.Network != nil && g.best.Network.Range.Covers(rec.Network.Range):
			g.failed = nil
			g.best = inside(g.best, rec)
		}
	}
	if g.best != nil && next != "" && !slices.ContainsFunc(r.Hops, func(h Hop) bool { return read.HostOf(h.Server) == next }) {
		g.unseen = append(g.unseen, opskit.Gap{What: answerOf + next, Why: "referred to, and not asked"})
	}
	return g
}

// verdictOf returns the verdict that says the same as an error.
func verdictOf(err error) Verdict {
	for _, v := range [...]Verdict{VerdictNotFound, VerdictReserved, VerdictThrottled, VerdictDenied} {
		if errors.Is(err, read.SentinelOf(v)) {
			return v
		}
	}
	return VerdictUnknown
}

// settle makes r the record that was gathered.
func (r *Record) settle(q Query, g gathered) error {
	if g.best != nil {
		r.become(g.best)
		r.Undecided = append(r.Undecided, g.unseen...)
		if r.Verdict == VerdictReserved {
			return &opskit.Error{Op: "look up", Target: q.Text, Err: read.ErrReserved}
		}
		return nil
	}
	failed := g.failed
	if g.said != nil && g.said.Domain != nil {
		r.become(g.said)
	}
	if r.Verdict = g.verdict; r.Verdict != VerdictUnknown {
		r.Server = g.said.Server
	}
	if g.first != nil {
		r.become(g.first)
		alone := failed == nil && len(r.Hops) == 1
		if alone && r.Hops[0].Sent == "" {
			r.Undecided = append(r.Undecided, r.open("this registry keeps a placeholder only"))
			return nil
		}
		r.dropPlaceholder()
		switch {
		case unanswered(failed) == nil && failed != nil: // and which registry has it is not known
			failed = &opskit.Error{Op: "look up", Target: q.Text, Err: fmt.Errorf("%v: %w", failed, ErrNoServer)}
		case failed != nil:
		case alone:
			failed = &opskit.Error{Op: "look up", Target: q.Text, Err: fmt.Errorf("a placeholder that refers to no server: %w", ErrNoServer)}
		default:
			failed = &opskit.Error{Op: "look up", Target: q.Text, Err: fmt.Errorf("every registry points to another: %w", ErrLoop)}
		}
	}
	if upper := read.Registrable(q); upper != "" && r.Hops[0].Protocol != "local" && (r.Verdict == VerdictNotFound || r.Verdict == VerdictReserved) {
		r.Verdict = VerdictUnknown
		r.Undecided = append(r.Undecided, opskit.Gap{What: "whose " + q.Text + " is", Why: "a registry keeps " + upper + ", and no names below it", Need: "asking for " + upper})
		failed = &opskit.Error{Op: "look up", Target: q.Text, Err: fmt.Errorf("ask for %s, which is what a registry keeps: %w", upper, ErrNoServer)}
	}
	if failed == nil {
		failed = &opskit.Error{Op: "look up", Target: q.Text, Err: ErrNoServer}
	}
	if r.Verdict != VerdictNotFound && r.Verdict != VerdictReserved && len(r.Undecided) == 0 {
		r.Undecided = []opskit.Gap{r.open(failed.Error())}
	}
	return failed
}

// open is the gap of a record that holds no answer, with what would give one.
func (r *Record) open(why string) opskit.Gap {
	need := "the answer of another server of the registry"
	switch r.Verdict {
	case VerdictThrottled:
		need = "asking again later"
	case VerdictDenied:
		need = "asking from an address that the registry allows"
	case VerdictElsewhere:
		need = "the answer of the registry that keeps it"
		if page := r.webPage(); page != "" {
			need = "its web page, " + page
		}
	}
	return opskit.Gap{What: r.whose(), Why: why, Need: need}
}

// webPage returns where a registry without a WHOIS server shows what it keeps, as
// IANA remarks it.
func (r *Record) webPage() string {
	for _, h := range r.Hops {
		if read.HostOf(h.Server) != servers.IANA {
			continue
		}
		for line := range bytes.Lines(h.Raw) {
			if _, url, ok := bytes.Cut(line, []byte("Registration information: ")); ok {
				return string(bytes.TrimSpace(url))
			}
		}
	}
	return ""
}

// become takes over what a record of one hop tells.
func (r *Record) become(one *Record) {
	query, hops := r.Query, r.Hops
	*r = *one
	r.Query, r.Hops = query, hops
}

// disagree notes what the two protocols tell differently, and where one of them
// tells nothing.
func disagree(rdap, whois *gathered) {
	switch {
	case rdap.best != nil && whois.best != nil:
		if !echoed(rdap.best) {
			rdap.best.Differences = differences(rdap.best, whois.best)
		}
	case rdap.best != nil && whois.denies():
		rdap.best.Differences = []opskit.Change{{What: "verdict", Old: rdap.best.Verdict.String(), New: whois.verdict.String()}}
	case whois.best != nil && rdap.denies():
		whois.best.Differences = []opskit.Change{{What: "verdict", Old: rdap.verdict.String(), New: whois.best.Verdict.String()}}
	case rdap.best != nil && whois.failed != nil:
		rdap.unseen = append(rdap.unseen, opskit.Gap{What: "what WHOIS says", Why: whois.failed.Error()})
	case rdap.best != nil && whois.first != nil:
		rdap.unseen = append(rdap.unseen, opskit.Gap{What: "what WHOIS says", Why: "its registry keeps a placeholder"})
	}
}

// denies reports whether a server knows that there is nothing.
func (g *gathered) denies() bool {
	return g.best == nil && (g.verdict == VerdictNotFound || g.verdict == VerdictReserved)
}

// differences lists where two records of one thing say different things. What
// only one of them says is no difference.
func differences(a, b *Record) []opskit.Change {
	var out []opskit.Change
	for _, c := range b.Since(a).List {
		switch c.What {
		case "verdict", "network.status", "holder.handle", "updated":
			continue // spelt or counted differently by design
		}
		if c.Old != "" && c.New != "" {
			out = append(out, c)
		}
	}
	return out
}

// dropPlaceholder takes out of a placeholder what looks like an owner.
func (r *Record) dropPlaceholder() {
	r.Holder, r.Country, r.CountryFrom, r.Abuse, r.Contacts = Holder{}, "", "", nil, nil
	if r.Domain != nil { // of the zone above
		r.Domain, r.Created, r.Updated, r.Expires, r.Sources = nil, "", "", "", nil
	}
	r.Sources = slices.DeleteFunc(r.Sources, func(s Source) bool {
		return s.Field == "country" || strings.HasPrefix(s.Field, "abuse.") || strings.HasPrefix(s.Field, "holder.")
	})
}

// inside returns the more specific of two network records, with the wider one
// as parent and as the source of an abuse contact that the narrow one lacks.
func inside(wide, narrow *Record) *Record {
	if narrow.Network.Range == wide.Network.Range {
		return narrow
	}
	take := func(field, as string) {
		for _, s := range wide.Sources {
			if s.Field == field {
				s.Field = as
				narrow.Sources = append(narrow.Sources, s)
			}
		}
	}
	if !narrow.Network.Parent.IsValid() {
		narrow.Network.Parent = wide.Network.Range
		take("network.range", "network.parent")
	}
	if len(narrow.Abuse) == 0 {
		narrow.Abuse = wide.Abuse
		take("abuse.email", "abuse.email")
	}
	if narrow.Country == "" && wide.Country != "" {
		narrow.Country, narrow.CountryFrom = wide.Country, wide.CountryFrom
		take("country", "country")
	}
	return narrow
}
