package ipsec

import (
	"slices"
	"strings"

	"github.com/opskit-go/opskit/ipsec/conf"
	"github.com/opskit-go/opskit/ipsec/suite"
)

// offers are what one end proposes, for IKE and for the packages.
type offers struct {
	ike, esp           suite.Offer
	ikeParam, espParam conf.Param
}

func (v *view) readOffers() {
	d, protocol := v.conn.Dialect, suite.ProtocolESP
	if name, _ := v.protocol(); name == "ah" {
		protocol = suite.ProtocolAH
	}
	o := &v.offers
	o.ikeParam, o.espParam = v.get("ike"), v.get("esp", "phase2alg", "ah")
	o.ike, o.esp = suite.Parse(o.ikeParam.Value, suite.ProtocolIKE, d), suite.Parse(o.espParam.Value, protocol, d)
	if !conf.Strong(d) { // left out, pluto takes both
		o.esp = o.esp.WithESN(map[string][]string{"yes": {"yes"}, "no": {"no"}, "either": {"no", "yes"}}[v.value("either", "esn")])
	}
}

// pluto completes the groups of a Child SA as pluto does beside strongSwan: with
// pfs=yes, the default, it takes the IKE SA's where none is named.
func (v *view) withPFS() suite.Offer {
	o := v.offers.esp
	if conf.Strong(v.conn.Dialect) || len(v.offers.ike.Proposals) == 0 {
		return o
	}
	o.Proposals = slices.Clone(o.Proposals)
	for i := range o.Proposals {
		switch p := &o.Proposals[i]; {
		case v.value("yes", "pfs") == "no":
			p.Group = []string{"none"}
		case len(p.Group) == 0:
			p.Group = v.offers.ike.Proposals[0].Group
		}
	}
	return o
}

// suites reports proposals that have nothing in common.
func (m *mirror) suites() {
	for _, v := range []*view{m.a, m.b} {
		o := v.offers
		for _, x := range []struct {
			offer suite.Offer
			p     conf.Param
		}{{o.ike, o.ikeParam}, {o.esp, o.espParam}} {
			for _, why := range x.offer.Refused {
				m.add("bad_proposal", SeverityFatal, x.p.Name, "write words that this daemon knows", []Ref{v.ref(x.p)},
					"%s does not load the connection: %s", v.label, why)
			}
			for _, word := range x.offer.Unread {
				m.unread(v.label+": "+word, "no algorithm that is known here", "ipsec listalgs, or the daemon's log of an attempt")
			}
			if weak := x.offer.Weak(); len(weak) > 0 {
				m.add("weak_algorithm", SeverityWarning, x.p.Name, "use aes256-sha256 and modp2048 or better (RFC 8221, RFC 8247)", []Ref{v.ref(x.p)},
					"%s still offers %s", v.label, listed(weak))
			}
		}
	}
	m.negotiate("IKE", m.a.offers.ike, m.b.offers.ike, m.a.offers.ikeParam, m.b.offers.ikeParam, suite.MomentFirst)
	a, b := m.a.offers, m.b.offers
	first := suite.MomentFirst
	if m.version1() && conf.Strong(m.a.conn.Dialect) && conf.Strong(m.b.conn.Dialect) {
		first = suite.MomentRekey // Quick Mode exchanges the group the first time too
	}
	if m.negotiate("ESP", a.esp, b.esp, a.espParam, b.espParam, first) || first == suite.MomentRekey {
		return
	}
	if conf.Strong(m.a.conn.Dialect) || conf.Strong(m.b.conn.Dialect) {
		out := suite.Negotiate(m.a.withPFS(), m.b.withPFS(), suite.MomentRekey)
		if out.Agreed != nil && !*out.Agreed {
			m.add("rekey_refused", SeverityProblem, a.espParam.Name, "name the same Diffie-Hellman group at both ends, or none", m.both(a.espParam, b.espParam),
				"the rekey is refused: %s offers %s and %s offers %s, which have no Diffie-Hellman group in common; the first Child SA is made without one",
				m.a.label, quotedOr(a.espParam.Value, "its defaults"), m.b.label, quotedOr(b.espParam.Value, "its defaults"))
		}
	}
}

// version1 tells whether both ends speak IKEv1 only.
func (m *mirror) version1() bool {
	a, _ := m.a.versions()
	b, _ := m.b.versions()
	return a == 1 && b == 1
}

// negotiate tells whether it reported something.
func (m *mirror) negotiate(what string, a, b suite.Offer, pa, pb conf.Param, moment suite.Moment) bool {
	if len(a.Refused)+len(b.Refused) > 0 {
		return true
	}
	out := suite.Negotiate(a, b, moment)
	switch {
	case out.Agreed == nil:
		m.unread("whether both ends have a proposal for "+what+" in common", out.Why, "the daemon's log of an attempt")
	case !*out.Agreed:
		kinds := map[string]string{"cipher": "ciphers", "hash": "hashes", "prf": "PRFs", "group": "Diffie-Hellman groups", "esn": "sequence numbers"}
		var differ []string
		for _, k := range out.Differ {
			differ = append(differ, kinds[k])
		}
		m.add("no_common_proposal", SeverityFatal, pa.Name, "give both ends one proposal in common, such as aes256-sha256-modp2048", m.both(pa, pb),
			"%s %s have nothing in common: %s offers %s and %s offers %s", what, strings.Join(differ, " and "),
			m.a.label, quotedOr(pa.Value, "its defaults"), m.b.label, quotedOr(pb.Value, "its defaults"))
	default:
		return false
	}
	return true
}
