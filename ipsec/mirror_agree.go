package ipsec

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/opskit-go/opskit/ipsec/conf"
)

// wellFormed reports what is wrong with one end alone.
func (v *view) wellFormed(r *outcome) {
	for i := range v.sides {
		p := &v.sides[i]
		switch p.addrKind {
		case addrNone:
			s := SeverityFatal
			if conf.Strong(v.conn.Dialect) {
				s = SeverityWarning // %any
			}
			r.add("no_address", s, p.word, "write "+p.word+"=ADDRESS", []Ref{v.ref(p.addr)}, "%s leaves out %s", v.label, p.word)
		case addrBad:
			r.add("bad_address", SeverityFatal, p.word, "write the full address, or a name that the DNS has", []Ref{v.ref(p.addr)},
				"%s: %q is no address and can be no host name", v.label, p.addr.Value)
		}
		if id := p.idParam; id.Name == p.word+"id" && strings.Count(id.Value, ".") == 3 && masked(strings.Split(id.Value, ".")) {
			if _, err := netip.ParseAddr(id.Value); err != nil {
				r.add("bad_id", SeverityWarning, id.Name, "write the identity in full", []Ref{v.ref(id)}, "%s: %q looks like an address but is none", v.label, id.Value)
			}
		}
		if n := p.netParam; p.netSet && !p.netKnown && n.Value[0] >= '0' && n.Value[0] <= '9' && !strings.ContainsAny(n.Value, "[") {
			r.add("bad_subnet", SeverityWarning, n.Name, "write it as 10.0.0.0/16", []Ref{v.ref(n)}, "%s: %q cannot be read as networks", v.label, n.Value)
		}
	}
}

// orient finds out whether left means the same participant at both ends.
func (m *mirror) orient() {
	m.swap = m.score(true) > m.score(false)
}

// third tells whether both ends lead to a third one: they are no pair then.
func (m *mirror) third() bool {
	a, b := &m.a.sides, &m.b.sides
	if m.a.conn.Dialect != conf.DialectSwanctl || m.b.conn.Dialect != conf.DialectSwanctl || a[1].id == "" || a[1].id != b[1].id || a[0].id == b[0].id {
		return false // only with swanctl the left one is always the own
	}
	m.unread("whether "+m.a.label+" and "+m.b.label+" are each other's peer", "both lead to "+a[1].id, "the files of that end")
	return true
}

// score says how well the participants of the two ends fit, with left for left
// or left for right.
func (m *mirror) score(swap bool) int {
	n := 0
	for p := range 2 {
		q := p
		if swap {
			q = 1 - p
		}
		a, b := &m.a.sides[p], &m.b.sides[q]
		if a.netSet && b.netSet && slices.Equal(a.nets, b.nets) && a.netKnown {
			n += 4
		}
		if a.id != "" && a.id == b.id {
			n += 4
		}
		if a.ip.IsValid() && a.ip == b.ip {
			n += 2
		}
		// An end that leaves its own address to the daemon is known to the
		// other by an address.
		if a.addrKind == addrMagic && b.addrKind == addrIP {
			n++
		}
	}
	return n
}

// addresses compares where a participant is.
func (m *mirror) addresses(p int) {
	a, b := m.of(p)
	if a.addrKind != addrIP || b.addrKind != addrIP || a.ip == b.ip {
		return
	}
	refs := m.both(a.addr, b.addr)
	if a.ip.Is4() != b.ip.Is4() {
		m.add("address_family", SeverityFatal, a.word, "use addresses of one family", refs, "%s and %s cannot be one gateway", a.ip, b.ip)
		return
	}
	// A gateway behind a 1:1 NAT writes its own address, the other end the
	// public one: the file with the private address is the gateway's own.
	own, inner, public := m.a, a.ip, b.ip
	if reachable(a.ip) && !reachable(b.ip) {
		own, inner, public = m.b, b.ip, a.ip
	}
	switch {
	case own.end.Public == public:
		m.add("nat", SeverityNote, a.word, "", refs, "%s is %s behind the public address %s", own.label, inner, public)
	case m.b.end.Public.IsValid() && m.b.end.Public == a.ip, m.a.end.Public.IsValid() && m.a.end.Public == b.ip:
		m.add("nat", SeverityNote, a.word, "", refs, "%s and %s are one gateway and its public address", a.ip, b.ip)
	case own.end.Public.IsValid():
		m.add("address_differs", SeverityFatal, a.word, fmt.Sprintf("write %s at the other end", own.end.Public), refs,
			"%s is reached at %s, but the other end writes %s", own.label, own.end.Public, public)
	case !reachable(inner) && reachable(public):
		m.add("nat", SeverityWarning, a.word, fmt.Sprintf("make sure that %s is the public address of %s", public, own.label), refs,
			"%s writes its private address %s and the other end %s: right if a 1:1 NAT joins the two", own.label, inner, public)
	case !reachable(inner):
		m.add("address_differs", SeverityProblem, a.word, "write the same address at both ends, or say which one a NAT makes of the other", refs,
			"%s writes %s for the gateway that is %s at %s: both are private, so nothing but a NAT between them joins the two", m.a.label, a.ip, b.ip, m.b.label)
	default:
		m.add("address_differs", SeverityFatal, a.word, "write the same address at both ends", refs,
			"%s writes %s for the gateway that is %s at %s", m.a.label, a.ip, b.ip, m.b.label)
	}
}

// identity compares who a participant says it is and who it is expected to be.
func (m *mirror) identity(p int) {
	a, b := m.of(p)
	if a.id == "" || b.id == "" || a.id == b.id {
		if (a.idUnread || b.idUnread) && a.idParam.Value != b.idParam.Value && (a.idUnread || a.id != "") && (b.idUnread || b.id != "") {
			m.unread(fmt.Sprintf("whether %s=%s at %s is %s at %s", a.idParam.Name, a.idParam.Value, m.a.label, b.idParam.Value, m.b.label),
				"an identity in a form that is not known here", "the same spelling at both ends, or the daemon's log of an attempt")
		}
		return
	}
	fix := "write " + a.word + "id= at both ends; without it, each end takes the address that it writes itself"
	m.add("id_differs", SeverityFatal, a.word+"id", fix, m.both(a.idParam, b.idParam),
		"%s takes the identity %s for the gateway that is %s at %s", m.a.label, a.id, b.id, m.b.label)
}

// networks compares what the tunnel carries for a participant.
func (m *mirror) networks(p int) {
	a, b := m.of(p)
	for _, p := range []*participant{a, b} {
		if p.netSet && !p.netKnown && a.netParam.Value != b.netParam.Value && !a.leased && !b.leased {
			m.unread(fmt.Sprintf("%s=%s", p.netParam.Name, p.netParam.Value), "no networks that can be read here", "the same spelling at both ends")
			return
		}
	}
	if !a.netKnown || !b.netKnown || !a.netSet && !b.netSet || slices.Equal(a.nets, b.nets) {
		return
	}
	refs := m.both(a.netParam, b.netParam)
	if m.narrows() && overlapping(a.nets, b.nets) {
		m.add("subnets_differ", SeverityWarning, a.word+"subnet", "write the same networks at both ends", refs,
			"%s and %s overlap only: the tunnel is narrowed to what both have", prefixes(a.nets), prefixes(b.nets))
		return
	}
	if a.netParam.Name+b.netParam.Name != a.word+"subnet"+b.word+"subnet" && !conf.Strong(m.a.conn.Dialect) && !conf.Strong(m.b.conn.Dialect) &&
		slices.ContainsFunc(a.nets, func(n netip.Prefix) bool { return slices.Contains(b.nets, n) }) {
		m.add("subnets_differ", SeverityProblem, a.word+"subnets", "write the same networks at both ends", refs,
			"%s has %s where %s has %s: of the tunnels that pluto makes, one for each pair of networks, only those that both have come up", m.a.label, prefixes(a.nets), m.b.label, prefixes(b.nets))
		return
	}
	m.add("subnets_differ", SeverityFatal, a.word+"subnet", "write the same networks at both ends", refs,
		"%s has %s where %s has %s", m.a.label, prefixes(a.nets), m.b.label, prefixes(b.nets))
}

// narrows reports whether both ends settle on what both offer: strongSwan does
// with IKEv2, libreswan where narrowing is allowed.
func (m *mirror) narrows() bool {
	for _, v := range []*view{m.a, m.b} {
		set, _ := v.versions()
		if strong := conf.Strong(v.conn.Dialect) && set != 1; !strong && v.value("no", "narrowing") != "yes" {
			return false
		}
	}
	return true
}

// oneNetwork reports what IKEv1 leaves out of an SA in strongSwan.
func (m *mirror) oneNetwork() {
	for _, v := range []*view{m.a, m.b} {
		set, p := v.versions()
		for i := range v.sides {
			if n := v.sides[i].nets; len(n) > 1 && set == 1 && conf.Strong(v.conn.Dialect) {
				m.add("one_network", SeverityProblem, v.sides[i].netParam.Name, "use IKEv2, or make a connection for each pair of networks", []Ref{v.ref(v.sides[i].netParam), v.ref(p)},
					"%s: IKEv1 carries one network of each end in an SA: of %s only %s is carried", v.label, prefixes(n), written(v.sides[i].netParam))
			}
		}
	}
}

// written is the first network of a parameter, as written.
func written(p conf.Param) string {
	first, _, _ := strings.Cut(p.Value, ",")
	return strings.TrimSpace(first)
}

// covers reports networks that hold the address of the other end.
func (m *mirror) covers() {
	for _, v := range []*view{m.a, m.b} {
		for i := range v.sides {
			p, other := &v.sides[i], &v.sides[1-i]
			for _, n := range p.nets {
				if p.netSet && n.Bits() > 0 && other.ip.IsValid() && n.Contains(other.ip) {
					m.add("subnet_covers_peer", SeverityProblem, p.netParam.Name, "narrow the network so that the peer's address is outside of it", []Ref{v.ref(p.netParam), v.ref(other.addr)},
						"%s: %s holds %s, the address of the other end: its encrypted packets would be sent into the tunnel again", v.label, n, other.ip)
				}
			}
		}
	}
}

func overlapping(a, b []netip.Prefix) bool {
	for _, x := range a {
		if slices.ContainsFunc(b, x.Overlaps) {
			return true
		}
	}
	return false
}

func prefixes(nets []netip.Prefix) string { return joinPrefixes(nets, ", ") }

// overlap reports networks of the two participants that contain one another.
func (m *mirror) overlap() {
	for _, v := range []*view{m.a, m.b} {
		l, r := &v.sides[0], &v.sides[1]
		for _, x := range l.nets {
			for _, y := range r.nets {
				if x.Bits() > 0 && y.Bits() > 0 && x.Overlaps(y) && l.netSet && r.netSet {
					m.add("subnets_overlap", SeverityProblem, "leftsubnet", "renumber one side, or translate it before the tunnel",
						[]Ref{v.ref(l.netParam), v.ref(r.netParam)}, "%s: %s and %s overlap: a host cannot tell which side an address is on", v.label, x, y)
				}
			}
		}
	}
}

// selectors compares protocol and port.
func (m *mirror) selectors(p int) {
	a, b := m.of(p)
	for _, p := range []*participant{a, b} {
		if a.port != b.port && p.port != "" && strings.Trim(strings.TrimSuffix(p.port, "/any"), "0123456789/") != "" {
			m.unread(fmt.Sprintf("%s=%s", p.portOf.Name, p.portOf.Value), "a protocol or port that is not known here", "numbers, or the same spelling at both ends")
			return
		}
	}
	if a.port == b.port || strings.HasSuffix(a.port, "/any") || strings.HasSuffix(b.port, "/any") {
		return
	}
	s := SeverityFatal
	if m.narrows() && (a.port == "" || b.port == "") {
		s = SeverityWarning
	}
	m.add("protoport_differs", s, a.word+"protoport", "write the same protocol and port at both ends", m.both(a.portOf, b.portOf),
		"%s and %s select different traffic", quotedOr(a.portOf.Value, "all"), quotedOr(b.portOf.Value, "all"))
}

func quotedOr(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

// authentication compares how a participant proves who it is.
func (m *mirror) authentication(p int) {
	a, b := m.of(p)
	if (a.auth|b.auth)&authOther != 0 && !strings.EqualFold(a.authOf.Value, b.authOf.Value) {
		m.unread(fmt.Sprintf("whether %s and %s authenticate alike", quotedOr(a.authOf.Value, "the default"), quotedOr(b.authOf.Value, "the default")),
			"a way to authenticate that is not known here", "the daemon's log of an attempt")
		return
	}
	if a.auth == 0 || b.auth == 0 || (a.auth|b.auth)&authOther != 0 || a.auth&b.auth != 0 {
		return
	}
	if a.auth&authPubkey != 0 && b.auth&authPubkey != 0 {
		m.add("auth_differs", SeverityFatal, a.authOf.Name, "write the same authby= at both ends", m.both(a.authOf, b.authOf),
			"%s and %s sign in different ways: %s and %s", m.a.label, m.b.label, a.authOf.Value, b.authOf.Value)
		return
	}
	m.add("auth_differs", SeverityFatal, a.authOf.Name, "write the same authby= at both ends", m.both(a.authOf, b.authOf),
		"%s wants %s and %s wants %s", m.a.label, quotedOr(a.authOf.Value, "the default, public keys"),
		m.b.label, quotedOr(b.authOf.Value, "the default, public keys"))
}

// publicKey compares the raw public keys that the two ends write for a
// participant.
func (m *mirror) publicKey(p int) {
	a, b := m.of(p)
	if a.auth&b.auth&authPubkey == 0 {
		return
	}
	for _, key := range []string{"rsasigkey", "ecdsakey", "pubkey", "sigkey"} {
		pa, pb := m.a.get(a.word+key), m.b.get(b.word+key)
		if !isRawKey(pa.Value) || !isRawKey(pb.Value) || pa.Value == pb.Value {
			continue
		}
		ra, rb := m.a.ref(pa), m.b.ref(pb)
		ra.Text, rb.Text = pa.Name, pb.Name
		m.add("pubkey_differs", SeverityFatal, pa.Name, "copy the key that this gateway shows (ipsec showhostkey)", []Ref{ra, rb},
			"the ends hold different public keys for the same gateway")
	}
}

// isRawKey knows a key written out in base64, the form that the daemons print.
func isRawKey(s string) bool {
	return strings.HasPrefix(s, "0s")
}
