package ipsec

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/opskit-go/opskit/ipsec/conf"
)

// End is what is known of one end of a tunnel: its files, and what they cannot
// say. It marshals to JSON without loss.
type End struct {
	// Name is how findings call this end: "eu-west-1". Empty: "a" or "b".
	Name string `json:"name,omitempty"`
	// Conf is the end's configuration.
	Conf *conf.Conf `json:"conf,omitzero"`
	// Conn is the connection's name. Empty: the only one in Conf, or the only
	// one that both ends have.
	Conn string `json:"conn,omitempty"`
	// Public is the address under which the other end reaches this one, when a
	// NAT changes it (an Elastic IP). Invalid: not known.
	Public netip.Addr `json:"public,omitzero"`
	// Log is what CheckLog kept of the log of this end's last start.
	Log []Ref `json:"log,omitempty"`
	// Keys is what CompareKeys found out about both ends' ipsec.secrets; it is
	// looked for at either end. Nil: not known.
	Keys *KeyMatch `json:"keys,omitempty"`
}

// Mirror compares the two ends of one connection and reports everything that
// keeps them from agreeing, from being loaded and from coming back after a
// reboot of either side. It knows that each end writes its own and the other's
// address as it sees them, that identities default to addresses, and that left
// on one end may be right on the other. It is pure; what only the hosts can
// tell is listed in Unseen.
//
// The verdict is Broken when the two ends cannot agree (or either cannot be
// read), Flawed when the tunnel would not come up by itself or stay up, and
// Unknown when a connection is not there to compare.
func Mirror(a, b End) *Report {
	r := &Report{Ends: []End{a, b}}
	views, subject, ok := mirrorViews(r, a, b)
	r.Subject = subject
	if !ok {
		if r.settle(); r.Verdict != Broken {
			r.Verdict = Unknown
		}
		return r
	}
	m := &mirror{report: r, a: views[0], b: views[1]}
	for _, v := range views {
		v.wellFormed(r)
		v.misspelled(r)
		v.inClear(r)
	}
	m.orient()
	m.version()
	m.mode()
	for p := range 2 {
		m.addresses(p)
		m.identity(p)
		m.networks(p)
		m.selectors(p)
		m.authentication(p)
		m.publicKey(p)
	}
	m.overlap()
	m.suites()
	m.options()
	m.loading()
	m.recovery()
	m.stack()
	m.keys()
	m.unseen()
	r.settle()
	return r
}

// mirror is one comparison under way. Participants are numbered as end a
// writes them: 0 is its left.
type mirror struct {
	report *Report
	a, b   *view
	swap   bool // b writes left for what a writes right
}

// of returns participant p as the two ends write it.
func (m *mirror) of(p int) (a, b *participant) {
	q := p
	if m.swap {
		q = 1 - p
	}
	return &m.a.sides[p], &m.b.sides[q]
}

// mirrorViews finds the connection at both ends; false when there is nothing
// to compare.
func mirrorViews(r *Report, a, b End) ([2]*view, string, bool) {
	var views [2]*view
	ends := [2]End{a, b}
	names := connNames(a, b)
	subject := fmt.Sprintf("conn %s, both ends", names[0])
	if names[0] != names[1] {
		subject = fmt.Sprintf("conn %s and conn %s, both ends", names[0], names[1])
	}
	ok := true
	for i, e := range ends {
		label := e.Name
		if label == "" {
			label = sideText[i]
		}
		if e.Conf == nil || names[i] == "" || ends[1-i].Conf == nil {
			r.Unseen = append(r.Unseen, Gap{
				What: "the connection at " + label, Why: "no configuration, or more than one connection to choose from",
				Need: "the end's Conf, and Conn with the connection's name",
			})
			ok = false
			continue
		}
		conn, err := e.Conf.Conn(names[i])
		if conn == nil {
			if conn, err = counterpart(r, label, e, ends[1-i], names[1-i], names[i]); conn == nil {
				ok = false
				continue
			}
		}
		if err != nil && errors.Is(err, conf.ErrNoSection) {
			r.add("no_section", Problem, "also", "add the section, or include the file that has it",
				[]Ref{{End: label, File: conn.File, Line: conn.Line, Text: "conn " + conn.Name}}, "%s: %v", label, err)
		}
		for _, p := range conn.Duplicates {
			r.add("duplicate_parameter", Problem, p.Name, "keep one of the two; libreswan 4 does not load such a connection",
				[]Ref{paramRef(label, p)}, "%s sets %s twice to different values", label, p.Name)
		}
		views[i] = newView(label, e, conn)
	}
	return views, subject, ok
}

// counterpart looks for the connection that one end calls name under another
// name at end e: the ends need not agree on it. It returns nil, with a finding
// or a gap, when none is like it.
func counterpart(r *Report, label string, e, other End, name, wanted string) (*conf.Conn, error) {
	if peer, _ := other.Conf.Conn(name); peer != nil {
		m := mirror{a: newView("", other, peer)}
		best, bestScore, tie := (*conf.Conn)(nil), 0, false
		for _, n := range e.Conf.ConnNames() {
			c, _ := e.Conf.Conn(n)
			m.b = newView("", e, c)
			score := max(m.score(true), m.score(false))
			tie = score == bestScore || tie && score < bestScore
			if score > bestScore {
				best, bestScore = c, score
			}
		}
		if best != nil && !tie {
			r.add("name_differs", Note, "conn", "", []Ref{{End: label, File: best.File, Line: best.Line, Text: "conn " + best.Name}},
				"%s has no connection %q; its %q is the one that mirrors it", label, wanted, best.Name)
			return e.Conf.Conn(best.Name)
		}
	}
	if len(e.Conf.Missing) > 0 {
		r.Unseen = append(r.Unseen, Gap{
			What: fmt.Sprintf("connection %q at %s", wanted, label), Why: "not in the files that were read, and not all could be",
			Need: "the files that its include lines name",
		})
		return nil, nil
	}
	r.add("no_conn", Fatal, "conn", "add the connection to "+label+", or name another", fileRefs(label, e.Conf),
		"%s has no connection %q, nor one that mirrors it", label, wanted)
	return nil, nil
}

func fileRefs(end string, c *conf.Conf) []Ref {
	refs := make([]Ref, 0, len(c.Files))
	for _, f := range c.Files {
		refs = append(refs, Ref{End: end, File: f, Line: 1})
	}
	return refs
}

// connNames chooses which connection of each end to compare.
func connNames(a, b End) [2]string {
	names := [2]string{a.Conn, b.Conn}
	if a.Conf == nil || b.Conf == nil {
		return names
	}
	for i := range names {
		if names[i] == "" {
			names[i] = names[1-i]
		}
	}
	if names[0] != "" {
		return names
	}
	na, nb := a.Conf.ConnNames(), b.Conf.ConnNames()
	switch {
	case len(na) == 1 && len(nb) == 1:
		return [2]string{na[0], nb[0]}
	case len(na) == 1:
		return [2]string{na[0], na[0]}
	case len(nb) == 1:
		return [2]string{nb[0], nb[0]}
	}
	common := ""
	for _, x := range na {
		for _, y := range nb {
			if x != y {
				continue
			}
			if common != "" {
				return names
			}
			common = x
		}
	}
	return [2]string{common, common}
}

// unseen lists what two configurations cannot show.
func (m *mirror) unseen() {
	r := m.report
	for _, v := range []*view{m.a, m.b} {
		for _, inc := range v.end.Conf.Missing {
			r.Unseen = append(r.Unseen, Gap{
				What: fmt.Sprintf("%s: include %s (%s:%d)", v.label, inc.Pattern, inc.File, inc.Line), Why: inc.Why,
				Need: "the files that it names",
			})
		}
		if !v.end.Conf.HasSetup() {
			r.Unseen = append(r.Unseen, Gap{
				What: v.label + ": protostack and the rest of config setup", Why: "only connections were read",
				Need: "the whole ipsec.conf, and the log of a restart for CheckLog",
			})
		}
		for i := range v.sides {
			if p := &v.sides[i]; p.addrKind == addrName {
				r.Unseen = append(r.Unseen, Gap{
					What: fmt.Sprintf("%s: where %s=%s leads", v.label, p.word, p.addr.Value), Why: "names are not resolved here",
				})
			}
		}
	}
	if m.uses(authPubkey) {
		r.Unseen = append(r.Unseen, Gap{What: "certificates and public keys", Why: "ipsec.conf only names them", Need: "the daemon's log of an attempt"})
	}
	r.Unseen = append(r.Unseen, Gap{
		What: gapPorts, Why: "firewalls and security groups are outside of ipsec.conf",
		Need: "the status of both daemons (ParseStatus)",
	})
}

// uses reports whether any participant may authenticate in that way.
func (m *mirror) uses(class authClass) bool {
	for _, v := range []*view{m.a, m.b} {
		for i := range v.sides {
			if v.sides[i].auth&class != 0 {
				return true
			}
		}
	}
	return false
}

// both returns the places of one parameter at both ends, of the connection
// where an end leaves it out.
func (m *mirror) both(a, b conf.Param) []Ref {
	return []Ref{m.a.ref(a), m.b.ref(b)}
}

// listed joins words for a message.
func listed(words []string) string { return strings.Join(words, ", ") }
