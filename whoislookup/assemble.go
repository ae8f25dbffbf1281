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
// that of the hop that should have known. Otherwise errors are those of
// [Parse], with what is known so far in Partial.
func Assemble(q Query, hops []Hop) (*Record, error) {
	out := &Record{Query: q, Hops: slices.Clone(hops)}
	if len(hops) == 0 {
		return out, &Error{Op: "assemble", Target: q.Text, Err: ErrNoServer}
	}
	var best, first *Record
	var failed error
	for i := range out.Hops {
		h := &out.Hops[i]
		rec := &Record{Server: h.Server, Hops: out.Hops}
		p, err := readHop(rec, i, q)
		if p.referral.host != "" {
			h.Referral = p.referral.String()
		}
		switch {
		case h.Protocol == "local" && err == nil:
			rec.Verdict = VerdictReserved
			best = rec
		case err != nil:
			failed = err
			if rec.Verdict != VerdictUnknown && best == nil {
				out.Verdict = rec.Verdict
			}
			if best != nil {
				out.Unseen = append(out.Unseen, Gap{What: "the answer of " + h.Server, Why: err.Error()})
			}
		case rec.Verdict == VerdictElsewhere:
			if best == nil {
				first = rec
			}
		case best == nil:
			best, failed = rec, nil
		case rec.Domain != nil && best.Domain != nil:
			failed = nil
			if under(rec.Domain.Name, best.Domain.Name) {
				best = rec // IANA told about the top-level domain first
				break
			}
			mergeDomain(best, rec)
		case best.Network != nil && rec.Network != nil && best.Network.Range.Covers(rec.Network.Range):
			failed = nil
			best = inside(best, rec)
		}
	}
	switch {
	case best != nil:
		unseen := out.Unseen
		*out = withHops(best, q, out.Hops)
		out.Unseen = unseen
		if out.Verdict == VerdictReserved {
			return out, &Error{Op: "look up", Target: q.Text, Err: ErrReserved, Partial: out}
		}
		return out, nil
	case first != nil:
		*out = withHops(first, q, out.Hops)
		if failed == nil && len(out.Hops) == 1 {
			return out, nil
		}
		out.dropPlaceholder()
		if failed == nil {
			failed = &Error{Op: "look up", Target: q.Text, Err: fmt.Errorf("every registry points to another: %w", ErrLoop)}
		}
	}
	if failed == nil {
		failed = &Error{Op: "look up", Target: q.Text, Err: ErrNoServer}
	}
	if e, ok := errors.AsType[*Error](failed); ok {
		c := *e
		c.Partial = out
		failed = &c
	}
	if q.Kind == KindUnknown {
		out.Query = impliedQuery(out)
	}
	return out, failed
}

// under reports whether a name lies below a zone.
func under(name, zone string) bool {
	return zone != "" && strings.HasSuffix(name, "."+zone)
}

// dropPlaceholder takes out of a placeholder what looks like an owner.
func (r *Record) dropPlaceholder() {
	r.Holder, r.Country, r.CountryFrom, r.Abuse, r.Contacts = Holder{}, "", "", nil, nil
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
