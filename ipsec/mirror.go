package ipsec

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
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

	read *reading // of Conf, while ends are compared
}

// reading is what is looked up in a configuration, once for all its connections.
type reading struct {
	conn     func(name string) (*conf.Conn, error)
	setup    []conf.Param
	hasSetup bool
	families [2]End // where no dialect is known: the end as either family reads it
}

// families are those whose rules differ.
var families = [2]conf.Dialect{conf.DialectLibreswan, conf.DialectStrongSwan}

// reading looks an end's configuration through.
func (e End) reading() End {
	if e.Conf == nil {
		return e
	}
	e.read = &reading{conn: e.Conf.Resolver(), setup: e.Conf.Setup(), hasSetup: e.Conf.HasSetup()}
	for i, d := range families {
		as := e
		if c := *e.Conf; c.Dialect == conf.DialectUnknown {
			c.Dialect = d
			as.Conf, as.read = &c, &reading{conn: c.Resolver(), setup: e.read.setup, hasSetup: e.read.hasSetup}
		}
		e.read.families[i] = as
	}
	return e
}

// Mirror compares the two ends of a tunnel and reports everything that keeps them
// from agreeing, from being loaded and from coming back after either side was
// away. It knows that each end writes its own and the other's address as it sees
// them, that identities default to addresses, and that left on one end may be
// right on the other. Without a Conn at either end all connections that both have
// are compared, each in Pairs, and templates are none. It is pure.
//
// The verdict is Broken when the two ends cannot agree (or either cannot be
// read), Flawed when the tunnel would not come up by itself or stay up, Unknown
// when there is nothing to compare or something was not understood that could
// keep the ends from agreeing, and Sound only when none of these is so.
func Mirror(a, b End) *Report {
	r := &Report{Ends: []End{a, b}}
	r.Judge()
	return r
}

// mirror compares the ends that the report holds.
func (r *Report) mirror() outcome {
	a, b := r.Ends[0].reading(), r.Ends[1].reading()
	pairs, whole := connPairs(a, b)
	if len(pairs) == 1 {
		var one outcome
		r.Subject = subjectOf(pairs[0]) + ", both ends"
		r.Verdict = one.compare(a, b, pairs[0])
		one.findings, one.gaps = append(one.findings, whole.findings...), append(one.gaps, whole.gaps...)
		if r.Verdict != Unknown || one.verdict() != Sound {
			r.Verdict = one.verdict()
		}
		return one
	}
	r.Subject = fmt.Sprintf("%d connections, both ends", len(pairs))
	r.Verdict = Sound
	for _, names := range pairs {
		var one outcome
		p := Pair{Subject: subjectOf(names), Verdict: one.compare(a, b, names)}
		p.Findings, p.Undecided, p.Recovery = settled(one.findings), one.gaps, one.recovery
		r.Pairs = append(r.Pairs, p)
		r.Verdict = worse(r.Verdict, p.Verdict)
	}
	r.Verdict = worse(r.Verdict, whole.verdict())
	return whole
}

// worse is the verdict on two things together.
func worse(a, b Verdict) Verdict {
	for _, v := range []Verdict{Broken, Flawed, Unknown} {
		if a == v || b == v {
			return v
		}
	}
	return a
}

func subjectOf(names [2]string) string {
	if names[0] != names[1] {
		return fmt.Sprintf("conn %s and conn %s", names[0], names[1])
	}
	return "conn " + names[0]
}

// compare compares one connection of both ends.
func (o *outcome) compare(a, b End, names [2]string) Verdict {
	if a.Conf == nil || b.Conf == nil || a.Conf.Dialect != conf.DialectUnknown && b.Conf.Dialect != conf.DialectUnknown {
		return o.compareAs(a, b, names)
	}
	// What only one family makes of it is told in that family's name, and is no more
	// than a warning.
	var as [2]outcome
	comparable := true
	for i := range families {
		if v := as[i].compareAs(a.read.families[i], b.read.families[i], names); v == Unknown && !as[i].open {
			comparable = false
		}
	}
	if !comparable {
		*o = as[0]
		return Unknown
	}
	for i := range as {
		for _, f := range as[i].findings {
			at := slices.IndexFunc(as[1-i].findings, func(g Finding) bool { return g.Code == f.Code && g.Field == f.Field && slices.Equal(g.Refs, f.Refs) })
			switch {
			case at < 0:
				if rank(f.Severity) > rank(SeverityWarning) {
					f.Severity = SeverityWarning
				}
				f.Message = fmt.Sprintf("if this is %s: %s", families[i], f.Message)
			case i == 1:
				continue
			case rank(as[1].findings[at].Severity) < rank(f.Severity):
				worse := f.Severity
				f = as[1].findings[at]
				f.Message = fmt.Sprintf("%s; %s if this is %s", f.Message, worse, families[0])
			case rank(as[1].findings[at].Severity) > rank(f.Severity):
				f.Message = fmt.Sprintf("%s; %s if this is %s", f.Message, as[1].findings[at].Severity, families[1])
			}
			o.findings = append(o.findings, f)
		}
		for _, g := range as[i].gaps {
			if !slices.Contains(o.gaps, g) {
				o.gaps = append(o.gaps, g)
			}
		}
		o.open = o.open || as[i].open
	}
	o.recovery = as[0].recovery
	if slices.ContainsFunc(o.findings, func(f Finding) bool { return strings.Contains(f.Message, "if this is ") }) {
		o.beyond("which daemon reads these files", "nothing in them shows it", "the dialect of both ends")
	}
	return o.verdict()
}

// compareAs compares one connection where the dialects are known.
func (o *outcome) compareAs(a, b End, names [2]string) Verdict {
	views, ok := o.views(a, b, names)
	if !ok {
		if v := o.verdict(); v == Broken {
			return v
		}
		return Unknown
	}
	m := &mirror{outcome: o, a: views[0], b: views[1]}
	for _, v := range views {
		v.wellFormed(o)
		v.misspelled(o)
		v.inClear(o)
	}
	if m.orient(); m.third() {
		return Unknown
	}
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
	m.oneNetwork()
	m.covers()
	m.loading()
	m.recovery()
	m.stack()
	m.keys()
	m.unseen()
	o.recovery = m.table
	return o.verdict()
}

// mirror is one comparison under way. Participants are numbered as end a
// writes them: 0 is its left.
type mirror struct {
	*outcome

	a, b  *view
	swap  bool // b writes left for what a writes right
	table []Recovery
}

// of returns participant p as the two ends write it.
func (m *mirror) of(p int) (a, b *participant) {
	q := p
	if m.swap {
		q = 1 - p
	}
	return &m.a.sides[p], &m.b.sides[q]
}

// label is how findings call an end.
func (e End) label(i int) string {
	if e.Name != "" {
		return e.Name
	}
	return string("ab"[i])
}

// views finds the connection at both ends; false when there is nothing to
// compare.
func (o *outcome) views(a, b End, names [2]string) ([2]*view, bool) {
	var views [2]*view
	ends := [2]End{a, b}
	ok := true
	for i, e := range ends {
		label := e.label(i)
		if e.Conf == nil || names[i] == "" || ends[1-i].Conf == nil {
			o.unread("the connection at "+label, "no configuration, or none that both ends have", "the end's Conf, and Conn with the connection's name")
			ok = false
			continue
		}
		conn, err := e.read.conn(names[i])
		if conn == nil {
			if conn, err = counterpart(o, label, e, ends[1-i], names[1-i], names[i]); conn == nil {
				ok = false
				continue
			}
		}
		if err != nil && errors.Is(err, conf.ErrNoSection) {
			o.add("no_section", SeverityProblem, "also", "add the section, or include the file that has it",
				[]Ref{{End: label, File: conn.File, Line: conn.Line, Text: "conn " + conn.Name}}, "%s: %v", label, err)
		}
		for _, p := range conn.Duplicates {
			o.add("duplicate_parameter", SeverityProblem, p.Name, "keep one of the two; libreswan 4 does not load such a connection",
				[]Ref{paramRef(label, p)}, "%s sets %s twice to different values", label, p.Name)
		}
		views[i] = newView(label, e, conn)
	}
	return views, ok
}

// counterpart looks for the connection that one end calls name under another
// name at end e: the ends need not agree on it. It returns nil, with a finding
// or a gap, when none is like it.
func counterpart(r *outcome, label string, e, other End, name, wanted string) (*conf.Conn, error) {
	like, several := catalogueOf(e, e.Conf.TunnelNames()).likest(other, name)
	if like != "" {
		best, err := e.read.conn(like)
		r.add("name_differs", SeverityNote, "conn", "", []Ref{{End: label, File: best.File, Line: best.Line, Text: "conn " + best.Name}},
			"%s has no connection %q; its %q is the one that mirrors it", label, wanted, best.Name)
		return best, err
	}
	if several && e.Conn == "" {
		r.unread(fmt.Sprintf("connection %q at %s", wanted, label), "several of its connections could mirror it", "the names of both ends' connections")
		return nil, nil
	}
	if len(e.Conf.Missing) > 0 {
		r.unread(fmt.Sprintf("connection %q at %s", wanted, label), "not in the files that were read, and not all could be", "the files that its include lines name")
		return nil, nil
	}
	r.add("no_conn", SeverityFatal, "conn", "add the connection to "+label+", or name another", fileRefs(label, e.Conf),
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

// connPairs chooses which connections of the two ends to compare: the one that is
// named, else all that both have, by name or because they mirror each other.
func connPairs(a, b End) (pairs [][2]string, o outcome) {
	names := [2]string{cmp.Or(a.Conn, b.Conn), cmp.Or(b.Conn, a.Conn)}
	if a.Conf == nil || b.Conf == nil || names[0] != "" {
		return [][2]string{names}, o
	}
	na, nb := a.Conf.TunnelNames(), b.Conf.TunnelNames()
	switch {
	case len(na) == 1 && len(nb) == 1:
		return [][2]string{{na[0], nb[0]}}, o
	case len(na) == 1 && !slices.Contains(nb, na[0]):
		return [][2]string{{na[0], na[0]}}, o
	case len(nb) == 1 && !slices.Contains(na, nb[0]):
		return [][2]string{{nb[0], nb[0]}}, o
	}
	there, taken := map[string]bool{}, map[string]bool{}
	for _, n := range nb {
		there[n] = true
	}
	var left []string
	for _, n := range na {
		if there[n] {
			pairs, taken[n] = append(pairs, [2]string{n, n}), true
		} else {
			left = append(left, n)
		}
	}
	free := func(n string) bool { return taken[n] }
	rest := catalogueOf(b, slices.DeleteFunc(slices.Clone(nb), free))
	for _, n := range left {
		if like, _ := rest.likest(a, n); like != "" {
			pairs, taken[like] = append(pairs, [2]string{n, like}), true
			delete(rest.views, like)
			continue
		}
		o.beyond(fmt.Sprintf("connection %q of %s", n, a.label(0)), b.label(1)+" has none like it", "the end that it leads to")
	}
	for _, n := range slices.DeleteFunc(nb, free) {
		o.beyond(fmt.Sprintf("connection %q of %s", n, b.label(1)), a.label(0)+" has none like it", "the end that it leads to")
	}
	if len(pairs) == 0 {
		return [][2]string{{}}, o
	}
	return pairs, o
}

// catalogue is the connections of an end by what they can be recognised by.
type catalogue struct {
	views map[string]*view
	by    map[string][]string // names by a network, an identity or an address
}

func catalogueOf(e End, names []string) catalogue {
	c := catalogue{map[string]*view{}, map[string][]string{}}
	for _, n := range names {
		conn, _ := e.read.conn(n)
		v := newView("", e, conn)
		c.views[n] = v
		for _, mark := range v.marks(addrIP) {
			c.by[mark] = append(c.by[mark], n)
		}
	}
	return c
}

// marks are what score compares; peers of an end that leaves its own address to the
// daemon have an address of that kind.
func (v *view) marks(kind addrKind) (marks []string) {
	for i := range v.sides {
		p := &v.sides[i]
		if p.netSet && p.netKnown {
			marks = append(marks, "net "+prefixes(p.nets))
		}
		if p.id != "" {
			marks = append(marks, "id "+p.id)
		}
		if p.ip.IsValid() {
			marks = append(marks, "ip "+p.ip.String())
		}
		if p.addrKind == kind {
			marks = append(marks, "kind")
		}
	}
	slices.Sort(marks)
	return slices.Compact(marks)
}

// crowd is how many connections may share a mark before it tells nothing.
const crowd = 100

// likest is the connection of the catalogue that mirrors one of end e best, "" where
// none or several do.
func (c catalogue) likest(e End, name string) (best string, several bool) {
	conn, _ := e.read.conn(name)
	if conn == nil {
		return "", false
	}
	m := mirror{a: newView("", e, conn)}
	bestScore, tie, looked, crowded := 0, false, map[string]bool{}, 0
	for _, mark := range m.a.marks(addrMagic) {
		if len(c.by[mark]) > crowd {
			crowded += map[bool]int{true: 2, false: 4}[mark[:2] == "ip"]
			continue
		}
		for _, n := range c.by[mark] {
			if m.b = c.views[n]; m.b == nil || looked[n] {
				continue
			}
			looked[n] = true
			score := max(m.score(true), m.score(false))
			tie = score == bestScore || tie && score < bestScore
			if score > bestScore {
				best, bestScore = n, score
			}
		}
	}
	if tie || bestScore <= crowded {
		return "", bestScore+crowded > 0 // one of the crowd may be as like
	}
	return best, false
}

// unseen lists what two configurations cannot show.
func (m *mirror) unseen() {
	r := m
	for _, v := range []*view{m.a, m.b} {
		for _, p := range v.end.Conf.Pasted {
			m.beyond(v.label+": what the file holds byte for byte", p+", as if it was pasted", "")
		}
		for _, inc := range v.end.Conf.Missing {
			r.unread(fmt.Sprintf("%s: include %s (%s:%d)", v.label, inc.Pattern, inc.File, inc.Line), inc.Why, "the files that it names")
		}
		if !v.end.read.hasSetup {
			r.beyond(v.label+": protostack and the rest of config setup", "only connections were read", "the whole ipsec.conf, and the log of a restart for CheckLog")
		}
		for i := range v.sides {
			if p := &v.sides[i]; p.addrKind == addrName {
				r.beyond(fmt.Sprintf("%s: where %s=%s leads", v.label, p.word, p.addr.Value), "names are not resolved here", "")
			}
		}
	}
	if m.uses(authPubkey) {
		r.beyond("certificates and public keys", "ipsec.conf only names them", "the daemon's log of an attempt")
	}
	r.beyond("UDP 500 and 4500 between the ends", "firewalls and security groups are outside of ipsec.conf", "the status of both daemons (ParseStatus)")
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
