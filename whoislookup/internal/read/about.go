package read

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup/answer"
	"github.com/opskit-go/opskit/whoislookup/internal/lex"
)

// mistaken tells what an answer is about if that is not the thing that was
// asked for: a server that mixes up its answers, or lies, must not make
// somebody the holder. It is empty for an answer that may be believed, and for
// a stored one, whose question is not known.
func mistaken(rec *Facts, raw []byte, q answer.Query) string {
	if rec.Verdict != answer.VerdictFound {
		return ""
	}
	switch q.Kind {
	case answer.KindIP:
		if rec.Network == nil && rec.AS == nil && rec.Domain == nil {
			return "" // see incomplete
		}
		if rec.Network == nil {
			return Thing(rec.Network, rec.AS, rec.Domain)
		}
		if !rec.Network.Range.Covers(answer.RangeOf(q.Prefix)) {
			return rec.Network.Range.String()
		}
	case answer.KindASN:
		if rec.AS == nil || q.ASN < rec.AS.From || q.ASN > rec.AS.To {
			return Thing(rec.Network, rec.AS, rec.Domain)
		}
	case answer.KindDomain:
		if rec.Domain == nil || !isAbout(rec.Domain, q, raw) {
			return Thing(rec.Network, rec.AS, rec.Domain)
		}
	}
	return ""
}

// Thing names what a record is about.
func Thing(n *answer.Network, as *answer.AS, d *answer.Domain) string {
	switch {
	case d != nil && d.Name != "":
		return "the domain " + d.Name
	case as != nil && as.From == as.To:
		return fmt.Sprintf("AS%d", as.From)
	case as != nil:
		return fmt.Sprintf("AS%d - AS%d", as.From, as.To)
	case n != nil:
		return n.Range.String()
	}
	return "something without a name"
}

// isAbout reports whether an answer about d is one about the name that was asked
// for: that name, the one that a registry keeps where the query is for a host
// in it, or a name that the answer shows without its zone. An answer without a
// name of its own has to have it somewhere.
func isAbout(d *answer.Domain, q answer.Query, raw []byte) bool {
	label, _, _ := strings.Cut(q.Text, ".")
	switch own := lex.HostKey(cmp.Or(d.Name, d.Unicode)); {
	case own == "":
		return bytes.Contains(bytes.ToLower(raw), []byte(label))
	case strings.Contains(own, "."):
		return own == q.Text || own == lex.HostKey(Registrable(q))
	default:
		return own == q.Text || own == label
	}
}

// unheld reports whether a network is one that its registry has yet to hand
// out: the registry is in the holder's place.
func unheld(n *answer.Network) bool {
	if n == nil {
		return false
	}
	switch strings.ToLower(n.Status) {
	case "unallocated", "available", "free", "unassigned":
		return true
	}
	return false
}

// incomplete is a gap if the answer about an address has a holder only.
func incomplete(rec *Facts, q answer.Query) (opskit.Gap, bool) {
	if q.Kind != answer.KindIP || rec.Verdict != answer.VerdictFound || rec.Network != nil {
		return opskit.Gap{}, false
	}
	return opskit.Gap{What: "the network of " + q.Text, Why: "the answer names a holder only"}, true
}

// otherHandle is a gap if the answer about a handle names others only: handles
// are written in more than one way, so that is no proof of another thing.
func otherHandle(rec *Facts, q answer.Query) (opskit.Gap, bool) {
	if q.Kind != answer.KindHandle || rec.Verdict != answer.VerdictFound {
		return opskit.Gap{}, false
	}
	names := []string{rec.Holder.Handle}
	if n := rec.Network; n != nil {
		names = append(names, n.Handle, n.Name)
	}
	if as := rec.AS; as != nil {
		names = append(names, as.Handle, as.Name)
	}
	if d := rec.Domain; d != nil {
		names = append(names, d.ID, d.Name, d.Registrar.Handle, d.Registrant.Handle)
	}
	for _, list := range [...][]answer.Contact{rec.Abuse, rec.Contacts} {
		for _, c := range list {
			names = append(names, c.Handle)
		}
	}
	names = slices.DeleteFunc(names, func(s string) bool { return s == "" })
	if len(names) == 0 || slices.ContainsFunc(append(names, rec.Holder.Name), func(s string) bool { return strings.EqualFold(s, q.Text) }) {
		return opskit.Gap{}, false
	}
	return opskit.Gap{What: "whether this is " + q.Text, Why: "the answer names " + names[0]}, true
}
