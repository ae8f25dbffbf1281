package ipsec

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ipsec/conf"
	"github.com/opskit-go/opskit/ipsec/suite"
)

// Check says what is wrong with the description itself, before anything is
// rendered: missing or overlapping networks, identities that cannot work, a
// weak key, ends that would not recover. It is pure.
func (t *Tunnel) Check() *Report {
	r := &Report{Tunnel: t}
	r.Judge()
	return r
}

// judge looks at every part of the description.
func (t *Tunnel) judge() (o outcome) {
	r := &o
	if !nameSyntax.MatchString(t.Name) {
		r.add("bad_name", SeverityFatal, "name", "use letters, digits, '.', '_' and '-', first a letter, at most 64", nil,
			"%q cannot name a connection", t.Name)
	}
	if t.Initiator != "" && t.Initiator != SideA && t.Initiator != SideB {
		r.add("bad_initiator", SeverityFatal, "initiator", "name one end", nil, "%s is no end", t.Initiator)
	}
	for _, s := range []Side{SideA, SideB} {
		own, other := t.end(s)
		checkEndpoint(r, s, own, other)
	}
	checkPair(r, t)
	checkKey(r, t.PSK)
	checkDPD(r, t)
	checkSuites(r, t)
	r.beyond("whether the hosts match the description", "only the description was given", "the files of both ends, and their status")
	return o
}

func checkEndpoint(r *outcome, s Side, own, other *Endpoint) {
	field := func(name string) string { return s.String() + "." + name }
	who := own.label(s)
	if strings.ContainsAny(own.Name, "\r\n") {
		r.add("bad_name", SeverityFatal, field("name"), "use one line", nil, "the name of end %s has a line break", s)
	}
	switch {
	case !own.Addr.IsValid():
		r.add("bad_address", SeverityFatal, field("addr"), "give the address of the gateway's own interface", nil, "%s has no address", who)
	case own.Addr.IsUnspecified() || own.Addr.IsMulticast() || own.Addr.IsLoopback() || own.Addr.Zone() != "":
		r.add("bad_address", SeverityFatal, field("addr"), "give the address of the gateway's own interface", nil, "%s cannot be a gateway's address", own.Addr)
	case own.Public.IsValid() && (own.Public.Is4() != own.Addr.Is4() || !reachable(own.Public)):
		r.add("bad_address", SeverityFatal, field("public"), "give the address that the other end sees", nil, "%s cannot be the public address of %s", own.Public, own.Addr)
	case !own.Public.IsValid() && !reachable(own.Addr) && other.Addr.IsValid() && reachable(other.seen()):
		r.add("private_address", SeverityProblem, field("public"), "set public to the address that the other end sees (the Elastic IP)", nil,
			"%s has only the private address %s, which %s cannot reach over the Internet", who, own.Addr, other.label(opposite(s)))
	}
	if own.ID != "" && !idSyntax.MatchString(own.ID) {
		r.add("bad_id", SeverityFatal, field("id"), "use an address, a name or user@name", nil, "%q cannot be an identity here", own.ID)
	}
	for i, p := range own.Subnets {
		if !p.IsValid() || p != p.Masked() {
			r.add("bad_subnet", SeverityFatal, field("subnets"), "give the network's first address with its length", nil, "%s is no network", p)
			continue
		}
		if p.Addr().Is4() != own.Subnets[0].Addr().Is4() {
			r.add("bad_subnet", SeverityFatal, field("subnets"), "make one tunnel per address family", nil, "%s has networks of both families", who)
		}
		for _, q := range own.Subnets[:i] {
			if q.IsValid() && p.Overlaps(q) {
				r.add("subnets_overlap", SeverityWarning, field("subnets"), "drop the narrower one", nil, "%s of %s overlaps %s of the same end", p, who, q)
			}
		}
		if p.Bits() > 0 && other.Addr.IsValid() && p.Contains(other.seen()) {
			r.add("subnet_covers_peer", SeverityProblem, field("subnets"), "narrow the network so that the peer's address is outside of it", nil,
				"%s behind %s holds %s, the address of the other end: its encrypted packets would be sent into the tunnel again", p, who, other.seen())
		}
	}
}

func checkPair(r *outcome, t *Tunnel) {
	a, b := &t.A, &t.B
	if !a.Addr.IsValid() || !b.Addr.IsValid() {
		return
	}
	if a.seen().Is4() != b.seen().Is4() {
		r.add("address_family", SeverityFatal, "b.addr", "use addresses of one family", nil, "%s and %s cannot reach each other", a.seen(), b.seen())
	}
	if a.seen() == b.seen() {
		r.add("same_address", SeverityFatal, "b.addr", "give each end its own", nil, "both ends have the address %s", a.seen())
	}
	if strings.EqualFold(a.id(), b.id()) {
		r.add("same_id", SeverityFatal, "b.id", "give each end an identity of its own", nil, "both ends have the identity %s", a.id())
	}
	for _, p := range a.networks() {
		for _, q := range b.networks() {
			if !p.IsValid() || !q.IsValid() {
				continue
			}
			if p.Addr().Is4() != q.Addr().Is4() {
				r.add("address_family", SeverityFatal, "b.subnets", "make one tunnel per address family", nil, "%s and %s are of two families", p, q)
			} else if p.Overlaps(q) {
				r.add("subnets_overlap", SeverityFatal, "b.subnets", "renumber one side, or translate it before the tunnel", nil,
					"%s of %s and %s of %s overlap: a host cannot tell which side an address is on", p, a.label(SideA), q, b.label(SideB))
			}
		}
	}
	if n := max(len(a.Subnets), len(b.Subnets)); n > 1 && conf.Strong(a.dialect()) != conf.Strong(b.dialect()) {
		r.add("mixed_subnets", SeverityFatal, "a.subnets", "make one tunnel per pair of networks", nil,
			"strongSwan puts %d networks into one SA and libreswan makes one SA of each pair: they would not agree", n)
	}
	if max(len(a.Subnets), len(b.Subnets)) > 1 && t.IKEv1 && conf.Strong(a.dialect()) {
		r.add("mixed_subnets", SeverityFatal, "a.subnets", "use IKEv2, or make one tunnel per pair of networks", nil,
			"IKEv1 carries one network of each end in an SA")
	}
}

func checkKey(r *outcome, key Secret) {
	if key.IsZero() {
		r.add("no_key", SeverityProblem, "psk", "set PSK to GenerateSecret()", nil, "there is no pre-shared key")
	} else if why := key.Weakness(); why != "" {
		r.add("weak_key", SeverityFatal, "psk", "replace it on both ends by one that GenerateSecret makes; one that was published is burnt", nil,
			"the pre-shared key is weak: %s", why)
	}
}

func checkDPD(r *outcome, t *Tunnel) {
	d := t.DPD
	var ends [2]behaviour
	for i, side := range []Side{SideA, SideB} {
		end, _ := t.end(side)
		ends[i] = behaviour{label: end.label(side), notices: !d.Off, onDead: "clear", onClose: "none", onError: !conf.Strong(end.dialect())}
		if t.opens(side) {
			ends[i].starts, ends[i].onDead, ends[i].onClose = true, "restart", "restart"
		}
	}
	r.recovery = recoveries(ends[0], ends[1])
	if r.unrecovered(r.recovery, func(string, string) []Ref { return nil }); d.Off {
		return
	}
	if d.delay() < time.Second || d.timeout() <= d.delay() || d.delay()%time.Second != 0 || d.timeout()%time.Second != 0 {
		r.add("bad_dpd", SeverityFatal, "dpd", "use whole seconds, the timeout longer than the delay", nil,
			"dead peer detection every %s with a timeout of %s cannot be configured", d.delay(), d.timeout())
	} else if d.delay() > 5*time.Minute {
		r.add("slow_dpd", SeverityWarning, "dpd.delay_ns", "10 to 30 s are usual", nil, "a dead peer goes unnoticed for up to %s", d.delay())
	}
}

func checkSuites(r *outcome, t *Tunnel) {
	for _, s := range []struct {
		field, text string
		protocol    suite.Protocol
	}{{"ike", t.ike(), suite.ProtocolIKE}, {"esp", t.esp(), suite.ProtocolESP}} {
		if !proposalSyntax.MatchString(s.text) {
			r.add("bad_proposal", SeverityFatal, s.field, "write it as aes256-sha256-modp2048", nil, "%q is no proposal", s.text)
			continue
		}
		if weak := suite.Parse(s.text+"!", s.protocol, conf.DialectStrongSwan).Weak(); len(weak) > 0 {
			r.add("weak_algorithm", SeverityWarning, s.field, "use aes256-sha256 and modp2048 or better (RFC 8221, RFC 8247)", nil,
				"%s of %s should not be used any more", strings.Join(weak, ", "), s.text)
		}
	}
	if n := len(strings.Split(t.ike(), "-")); n != 3 {
		r.add("bad_proposal", SeverityFatal, "ike", "write it as cipher-hash-group", nil, "%q has %d parts, not 3", t.ike(), n)
	}
	if n := len(strings.Split(t.esp(), "-")); n != 2 {
		r.add("bad_proposal", SeverityFatal, "esp", "write it as cipher-hash", nil, "%q has %d parts, not 2", t.esp(), n)
	}
	if t.IKEv1 {
		r.add("ikev1", SeverityWarning, "ikev1", "use IKEv2 unless one end cannot", nil, "IKEv1 is deprecated by RFC 9395")
	}
}

// reachable reports whether an address can be a destination on the Internet:
// not private (RFC 1918, RFC 4193), shared (RFC 6598), link-local or loopback.
func reachable(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsValid() && !a.IsPrivate() && !a.IsLoopback() && !a.IsLinkLocalUnicast() && !a.IsUnspecified() &&
		!a.IsMulticast() && !sharedSpace().Contains(a)
}

// sharedSpace is 100.64.0.0/10, the addresses of carrier-grade NAT.
func sharedSpace() netip.Prefix { return netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10) }

// fatal joins the fatal findings to one error, nil without any.
func (r *Report) fatal(op string) error {
	var texts []string
	for _, f := range r.Findings {
		if f.Severity == SeverityFatal {
			texts = append(texts, fmt.Sprintf("%s: %s", f.Field, f.Message))
		}
	}
	if len(texts) == 0 {
		return nil
	}
	err := ErrTunnel
	if len(r.Find("weak_key")) > 0 {
		err = fmt.Errorf("%w: %w", ErrTunnel, ErrWeakKey)
	}
	return &opskit.Error{Op: op, Target: r.Tunnel.Name, Err: fmt.Errorf("%w: %s", err, strings.Join(texts, "; "))}
}
