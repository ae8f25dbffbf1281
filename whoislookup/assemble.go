package whoislookup

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

func prefixAll(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, 0) }

// Assemble reads the answers of all hops of one look-up into one record. It is
// what a look-up does when the last server has answered, and it is pure: hops
// that were saved give the same record again.
//
// The most specific answer wins. A hop that failed or did not know does not
// take away what an earlier one said, and is told in Unseen. A placeholder of
// a registry that keeps no data is never the owner: if nothing better is
// there, the verdict is VerdictElsewhere without a holder, and the error is
// that of the hop that should have known; only a single hop is read as [Parse]
// does, with the registry in the holder's place and no error. Otherwise errors
// are those of [Parse], with what is known so far in Partial.
//
// Embedded stays empty: the records in it have hops of their own.
func Assemble(q Query, hops []Hop) (*Record, error) {
	out := &Record{Query: q, Hops: slices.Clone(hops)}
	if len(hops) == 0 {
		return out, &Error{Op: "assemble", Target: q.Text, Err: ErrNoServer}
	}
	rdap := out.gather(q, func(h *Hop) bool { return h.Protocol == "rdap" })
	whois := out.gather(q, func(h *Hop) bool { return h.Protocol != "rdap" })
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
	return out.settle(q, g)
}

// gathered is what the hops of one protocol say together.
type gathered struct {
	best    *Record // the most specific answer
	first   *Record // a placeholder
	verdict Verdict // of the last server that refused or did not know
	failed  error   // why the last hop gave no answer
	unseen  []Gap
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
		rec := &Record{Server: h.Server, Hops: r.Hops}
		p, err := readHop(rec, i, q)
		next = ""
		if p.referral.host != "" {
			h.Referral = p.referral.String()
			if p.referral.host != hostOf(h.Server) {
				next = p.referral.host
			}
		}
		switch {
		case h.Protocol == "local" && err == nil:
			rec.Verdict = VerdictReserved
			g.best = rec
		case err != nil:
			if g.failed == nil || !errors.Is(err, ErrUnreachable) { // who could not be reached says less
				g.failed, g.verdict = err, verdictOf(err)
			}
			if g.best != nil {
				g.unseen = append(g.unseen, Gap{What: answerOf + h.Server, Why: err.Error()})
			}
		case rec.Verdict == VerdictElsewhere:
			if g.best == nil {
				g.first = rec
			}
		case rec.Verdict != VerdictFound: // RDAP help in place of an answer
			if g.failed == nil {
				g.failed = &Error{Op: "read answer", Target: h.Server, Err: fmt.Errorf("an answer about nothing: %w", ErrGarbage)}
			}
		case g.best == nil:
			g.best, g.failed = rec, nil
		case rec.Domain != nil && g.best.Domain != nil:
			g.failed = nil
			if under(rec.Domain.Name, g.best.Domain.Name) {
				g.best = rec // IANA told about the top-level domain first
				break
			}
			mergeDomain(g.best, rec)
		case g.best.Network != nil && rec.Network != nil && g.best.Network.Range.Covers(rec.Network.Range):
			g.failed = nil
			g.best = inside(g.best, rec)
		}
	}
	if g.best != nil && next != "" && !slices.ContainsFunc(r.Hops, func(h Hop) bool { return hostOf(h.Server) == next }) {
		g.unseen = append(g.unseen, Gap{What: answerOf + next, Why: "referred to, and not asked"})
	}
	return g
}

// verdictOf returns the verdict that says the same as an error.
func verdictOf(err error) Verdict {
	for _, v := range [...]Verdict{VerdictNotFound, VerdictReserved, VerdictThrottled, VerdictDenied} {
		if errors.Is(err, sentinelOf(v)) {
			return v
		}
	}
	return VerdictUnknown
}

// settle makes r the record that was gathered.
func (r *Record) settle(q Query, g gathered) (*Record, error) {
	if g.best != nil {
		g.unseen = append(g.best.Unseen, g.unseen...)
		*r = withHops(g.best, q, r.Hops)
		r.Unseen = g.unseen
		if r.Verdict == VerdictReserved {
			return r, &Error{Op: "look up", Target: q.Text, Err: ErrReserved, Partial: r}
		}
		return r, nil
	}
	failed := g.failed
	r.Verdict = g.verdict
	if g.first != nil {
		*r = withHops(g.first, q, r.Hops)
		if failed == nil && len(r.Hops) == 1 {
			return r, nil
		}
		r.dropPlaceholder()
		if failed == nil {
			failed = &Error{Op: "look up", Target: q.Text, Err: fmt.Errorf("every registry points to another: %w", ErrLoop)}
		}
	}
	if upper := registrable(q); upper != "" && (r.Verdict == VerdictNotFound || r.Verdict == VerdictReserved) {
		r.Verdict = VerdictUnknown
		r.Unseen = append(r.Unseen, Gap{What: "whose " + q.Text + " is", Why: "a registry keeps " + upper + ", and no names below it", Need: "asking for " + upper})
		failed = &Error{Op: "look up", Target: q.Text, Err: fmt.Errorf("ask for %s, which is what a registry keeps: %w", upper, ErrNoServer)}
	}
	if failed == nil {
		failed = &Error{Op: "look up", Target: q.Text, Err: ErrNoServer}
	}
	if r.Verdict != VerdictNotFound && r.Verdict != VerdictReserved && len(r.Unseen) == 0 {
		r.Unseen = []Gap{{What: "whose " + q.Text + " is", Why: failed.Error()}}
	}
	if e, ok := errors.AsType[*Error](failed); ok {
		c := *e
		c.Partial = r
		failed = &c
	}
	if q.Kind == KindUnknown {
		r.Query = impliedQuery(r)
	}
	return r, failed
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
		rdap.best.Differences = []Change{{Field: "verdict", Old: rdap.best.Verdict.String(), New: whois.verdict.String()}}
	case whois.best != nil && rdap.denies():
		whois.best.Differences = []Change{{Field: "verdict", Old: rdap.verdict.String(), New: whois.best.Verdict.String()}}
	case rdap.best != nil && whois.failed != nil:
		rdap.unseen = append(rdap.unseen, Gap{What: "what WHOIS says", Why: whois.failed.Error()})
	case rdap.best != nil && whois.first != nil:
		rdap.unseen = append(rdap.unseen, Gap{What: "what WHOIS says", Why: "its registry keeps a placeholder"})
	}
}

// denies reports whether a server knows that there is nothing.
func (g *gathered) denies() bool {
	return g.best == nil && (g.verdict == VerdictNotFound || g.verdict == VerdictReserved)
}

// differences lists where two records of one thing say different things. What
// only one of them says is no difference.
func differences(a, b *Record) []Change {
	var out []Change
	changes, _ := Diff(a, b)
	for _, c := range changes {
		switch c.Field {
		case "verdict", "network.status", "holder.handle", "updated":
			continue // spelt or counted differently by design
		}
		if c.Old != "" && c.New != "" {
			out = append(out, c)
		}
	}
	return out
}

// under reports whether a name lies below a zone.
func under(name, zone string) bool {
	return zone != "" && strings.HasSuffix(name, "."+zone)
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

// withHops completes the record that won.
func withHops(rec *Record, q Query, hops []Hop) Record {
	out := *rec
	out.Hops = hops
	out.Query = q
	if q.Kind == KindUnknown {
		out.Query = impliedQuery(&out)
	}
	return out
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
