package whoislookup

import (
	"slices"

	"github.com/opskit-go/opskit"
)

// Level is what the verdict means to a monitor; the package's documentation has
// the table.
func (r *Record) Level() opskit.Level {
	if r == nil {
		return opskit.Unknown
	}
	switch r.Verdict {
	case VerdictNotFound:
		return opskit.Problem
	case VerdictReserved:
		return opskit.Warning
	case VerdictFound:
		switch {
		case len(r.Unseen)+len(r.Undecided) > 0:
			return opskit.Unknown
		case len(r.Differences) > 0:
			return opskit.Warning
		}
		return opskit.OK
	}
	return opskit.Unknown
}

// Gaps returns Unseen and Undecided, and for a record without any answer what
// would give one.
func (r *Record) Gaps() []opskit.Gap {
	if r == nil {
		return []opskit.Gap{nobodyAsked("it")}
	}
	gaps := slices.Concat(r.Unseen, r.Undecided)
	if len(gaps) == 0 && r.Level() == opskit.Unknown {
		gaps = []opskit.Gap{{What: r.whose(), Why: "the answers were not judged", Need: "Record.Judge"}}
	}
	return gaps
}

func nobodyAsked(what string) opskit.Gap {
	return opskit.Gap{What: "whose " + what + " is", Why: "nobody was asked", Need: "a look-up"}
}

// whose names the question in a gap.
func (r *Record) whose() string {
	text := r.Subject().Text
	if text == "" {
		text = "it"
	}
	return "whose " + text + " is"
}

// Judge reads the answers of Hops anew and derives from them all but Query, Hops,
// Embedded and Unseen, which are what was seen. It is pure, so that a record that
// was saved is judged as it was when it was made.
func (r *Record) Judge() opskit.Level {
	if r != nil {
		_ = r.judge()
	}
	return r.Level()
}

// judge is Judge, with what Assemble and Parse return as their error.
func (r *Record) judge() error {
	out := &Record{Query: r.Query, Hops: slices.Clone(r.Hops)}
	for i := range out.Hops {
		h := &out.Hops[i]
		h.Charset, h.Mended = "", nil
		if h.Protocol != "rdap" {
			h.Referral = ""
		}
	}
	err := out.assemble()
	for _, inner := range r.Embedded {
		if inner == nil {
			continue
		}
		if failed := inner.judge(); unanswered(failed) != nil {
			out.Undecided = append(out.Undecided, opskit.Gap{What: "the holder of " + inner.Query.Text + " inside", Why: failed.Error(), Need: "a look-up of " + inner.Query.Text})
		}
	}
	out.Embedded, out.Unseen = r.Embedded, r.Unseen
	*r = *out
	return err
}

// Seen reports whether any server said anything.
func (r *Record) Seen() bool {
	return r != nil && slices.ContainsFunc(r.Hops, func(h Hop) bool { return len(h.Raw) > 0 })
}

// Subject is what a record is about: what was asked, or for a stored answer, which
// has no question, what it tells about.
func (r *Record) Subject() Query {
	if r.Query.Kind != KindUnknown {
		return r.Query
	}
	switch {
	case r.Network != nil && len(r.Network.Prefixes) > 0:
		return prefixQuery(r.Network.Prefixes[0])
	case r.AS != nil:
		return asnQuery(r.AS.From)
	case r.Domain != nil && r.Domain.Name != "":
		return Query{Kind: KindDomain, Text: r.Domain.Name}
	}
	return r.Query
}
