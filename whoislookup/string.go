package whoislookup

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup/internal/read"
	"github.com/opskit-go/opskit/whoislookup/servers"
)

// String returns the record for a person: whose it is on the first line, what
// that rests on below, and what was not seen on the last. It has no control
// characters whatever the servers sent.
func (r *Record) String() string {
	if r == nil {
		return "unknown: no answer\n" + opskit.NotChecked(r)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", opskit.Escape(cmp.Or(r.Subject().Text, "answer")), opskit.Escape(r.headline()))
	for _, l := range r.evidence() {
		fmt.Fprintf(&b, "  %s\n", opskit.Escape(l))
	}
	for _, e := range r.Embedded {
		for line := range strings.Lines(strings.TrimSuffix(e.String(), opskit.NotChecked(e))) {
			b.WriteString("  " + line)
		}
	}
	if n := r.next(); n != "" {
		fmt.Fprintf(&b, "next: %s\n", n)
	}
	return b.String() + opskit.NotChecked(r)
}

// headline is the verdict and whose it is.
func (r *Record) headline() string {
	switch r.Verdict {
	case VerdictFound:
		if d := r.Domain; d != nil {
			s := "registered"
			if r.Holder.Name != "" {
				s += ", " + r.Holder.Name
			}
			switch r.Holder.Kind {
			case HolderKindPrivacyService:
				s += " (a privacy service: the holder is not told)"
			case HolderKindWithheld:
				s += ", holder withheld"
			}
			return s
		}
		if r.Holder.Name == "" {
			return "registered, holder not published"
		}
		if r.Country != "" {
			return r.Holder.Name + ", " + r.Country
		}
		return r.Holder.Name
	case VerdictReserved:
		if n := r.Network; n != nil {
			return fmt.Sprintf("reserved: %s %s (%s)", n.Range, n.Name, n.Status)
		}
		if as := r.AS; as != nil {
			return fmt.Sprintf("reserved: %s %s (%s)", read.Thing(r.Network, r.AS, r.Domain), as.Name, as.Status)
		}
		if p, ok := servers.SpecialName(r.Subject().Text); ok {
			return fmt.Sprintf("reserved: %s (%s)", p.Name, p.RFC)
		}
		return "reserved"
	case VerdictNotFound:
		if q := r.Subject(); q.Kind == KindDomain {
			if i := strings.LastIndexByte(q.Text, '.'); i > 0 && r.Server == servers.IANA {
				return "not registered: IANA knows no top-level domain " + q.Text[i+1:]
			}
			return "not registered"
		}
		return "not found"
	case VerdictElsewhere:
		s := "unknown: another registry keeps it"
		if n := len(r.Hops); n > 0 && r.Hops[n-1].Referral != "" {
			s += " (" + r.Hops[n-1].Referral + ")"
		}
		return s
	case VerdictThrottled:
		return "unknown: the server answers no more for now"
	case VerdictDenied:
		return "unknown: the server refuses to answer"
	}
	return "unknown: no usable answer"
}

// evidence is what stands below the verdict: what of it there is.
func (r *Record) evidence() []string {
	var out []string
	line := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if d := r.Domain; d != nil {
		out = append(out, r.domainEvidence(d)...)
	}
	if n := r.Network; n != nil && r.Verdict != VerdictReserved {
		s := "network: " + n.Range.String()
		if n.Name != "" {
			s += " " + n.Name
		}
		if n.Status != "" {
			s += ", " + n.Status
		}
		if n.Parent.IsValid() {
			s += ", under " + n.Parent.String()
		}
		line("%s", s)
		if len(n.Prefixes) > 1 {
			var p []string
			for _, x := range n.Prefixes {
				p = append(p, x.String())
			}
			line("prefixes: %s", strings.Join(p, " "))
		}
		var origins []string
		for _, a := range n.Origin {
			origins = append(origins, fmt.Sprintf("AS%d", a))
		}
		for _, x := range n.Routes {
			if s := fmt.Sprintf("AS%d", x.Origin); !slices.Contains(origins, s) {
				origins = append(origins, s)
			}
		}
		if len(origins) > 0 {
			line("origin: %s", strings.Join(origins, " "))
		}
	}
	if a := r.AS; a != nil && r.Verdict != VerdictReserved {
		s := fmt.Sprintf("as: AS%d", a.From)
		if a.To != a.From {
			s += fmt.Sprintf(" - AS%d", a.To)
		}
		if a.Name != "" {
			s += " " + a.Name
		}
		line("%s", s)
	}
	for i, c := range r.Abuse {
		where := ""
		if at, ok := r.Where(fmt.Sprintf("abuse.%d.email", i)); ok && at.Hop < len(r.Hops) {
			where = fmt.Sprintf(", line %d of what %s says", at.Line, cmp.Or(r.Hops[at.Hop].Server, "the answer"))
		}
		line("call them: %s (abuse contact, from %s%s)", c.Email, c.From, where)
	}
	if r.Country != "" {
		line("country: %s (from the %s)", r.Country, r.CountryFrom)
	}
	if s := r.dates(); s != "" {
		line("dates: %s", s)
	}
	for _, c := range r.Differences {
		line("RDAP and WHOIS differ: %s: %s -> %s", c.What, c.Old, c.New)
	}
	for _, h := range r.Hops {
		s := fmt.Sprintf("asked: %s over %s", h.Server, h.Protocol)
		if h.Protocol == "local" {
			s = "asked: nobody; IANA's special-purpose registry is built in"
		} else if h.Server == "" {
			s = "read: a stored answer"
		}
		if h.Referral != "" {
			s += ", which refers to " + h.Referral
		}
		if !h.Failure.IsZero() {
			s += ": " + h.Failure.String()
		}
		line("%s", s)
		for _, m := range h.Mended {
			line("read as it was before it was pasted: %s", m)
		}
	}
	return out
}

func (r *Record) domainEvidence(d *Domain) []string {
	var out []string
	in, because := d.Delegated()
	s := "in DNS: " + in.String()
	switch {
	case in == AnswerUnknown && because == "":
		s = "in DNS: cannot tell, the registry shows no status"
	case in == AnswerUnknown:
		s = "in DNS: cannot tell from status " + string(because)
	case because != "":
		s += ", because status " + string(because)
	case len(d.Nameservers) > 0:
		s += ", because it has nameservers and no status against it"
	}
	out = append(out, s)
	if len(d.Nameservers) > 0 {
		out = append(out, "nameservers: "+strings.Join(d.Nameservers, " "))
	}
	if d.Registrar.Name != "" {
		out = append(out, "registrar: "+d.Registrar.Name)
	}
	return out
}

// dates is one line with the dates that there are.
func (r *Record) dates() string {
	var parts []string
	for _, d := range []struct {
		what string
		date Date
	}{{"created", r.Created}, {"updated", r.Updated}, {"expires", r.Expires}} {
		if d.date != "" {
			parts = append(parts, d.what+" "+string(d.date))
		}
	}
	if r.Domain != nil && r.Expires == "" {
		switch r.Presence("expires") {
		case PresenceUnparsed:
			parts = append(parts, "expiry could not be read")
		case PresenceUnsupported, PresenceAbsent:
			parts = append(parts, "expiry not published")
		}
	}
	return strings.Join(parts, ", ")
}

// next is what to do about a verdict that is no answer.
func (r *Record) next() string {
	switch r.Verdict {
	case VerdictThrottled:
		return "ask again later, or load a delegated file, which answers registry and country without a query"
	case VerdictDenied:
		return "ask from another address, or ask the registry to lift the block"
	case VerdictElsewhere:
		return "ask the other registry when it can be reached"
	}
	return ""
}
