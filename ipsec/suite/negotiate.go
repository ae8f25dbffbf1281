package suite

import (
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
)

// Moment is when two ends negotiate: IKEv2 makes the first Child SA without a
// group of its own (RFC 7296 sections 1.2 and 2.17), a rekey with one.
type Moment = opskit.Enum[momentKind]

// The moments.
const (
	MomentFirst Moment = "first"
	MomentRekey Moment = "rekey" // of a Child SA; with IKEv1 the first time too
)

// Outcome is what two offers come to.
type Outcome struct {
	// Agreed tells whether they agree; nil: it cannot be told.
	Agreed *bool
	// Chosen is a's first proposal that meets one of b's, where one does.
	Chosen string
	// Differ are the kinds that keep the two closest proposals apart: cipher, hash,
	// prf, group, esn.
	Differ []string
	// Why says what keeps Agreed from being told.
	Why string
}

// Negotiate tells whether two offers of one protocol agree. It is symmetric but
// for Chosen.
func Negotiate(a, b Offer, m Moment) Outcome {
	yes, no := true, false
	var out Outcome
	closest := -1
	left, right := a.all(), b.all()
	for _, x := range left {
		for _, y := range right {
			differ := x.against(y, a, b, m)
			if len(differ) == 0 {
				return Outcome{Agreed: &yes, Chosen: x.Text}
			}
			if closest < 0 || len(differ) < closest {
				closest, out.Differ = len(differ), differ
			}
		}
	}
	switch {
	case a.Defaults && b.Defaults && !slices.Equal(out.Differ, []string{"esn"}):
		return Outcome{Agreed: &yes}
	case len(a.Unread)+len(b.Unread) > 0:
		out.Why = "a word is not known: " + strings.Join(append(slices.Clone(a.Unread), b.Unread...), ", ")
	case (a.Defaults || b.Defaults) && !slices.Equal(out.Differ, []string{"esn"}):
		out.Why = "one end offers its defaults, which differ from version to version"
	case closest < 0:
		out.Why = "one end offers nothing"
	default:
		out.Agreed = &no
	}
	return out
}

// all are the proposals of an offer, with those of the defaults that all versions
// of ten years have.
func (o Offer) all() []Proposal {
	if !o.Defaults {
		return o.Proposals
	}
	list := slices.Clone(o.Proposals)
	groups := []string{"modp2048", "modp3072", "modp4096", "ecp256", "ecp384", "ecp521", "curve25519"}
	hashes := []string{"sha2_256", "sha2_512"}
	esn := []string{"no"}
	if !o.strong {
		esn = o.esn
	}
	common := Proposal{Cipher: []string{"aes_cbc_128", "aes_cbc_256"}, Hash: hashes, ESN: esn}
	aead := Proposal{Cipher: []string{"aes_gcm_16_128", "aes_gcm_16_256"}, ESN: esn}
	if o.protocol == ProtocolIKE {
		common.PRF, common.Group, common.ESN = hashes, groups, nil
		aead.PRF, aead.Group, aead.ESN = hashes, groups, nil
	}
	return append(list, common, aead)
}

// against lists the kinds in which two proposals have nothing in common.
func (p Proposal) against(q Proposal, a, b Offer, m Moment) []string {
	var differ []string
	meet := func(kind string, x, y []string) {
		if !slices.ContainsFunc(x, func(s string) bool { return slices.Contains(y, s) }) {
			differ = append(differ, kind)
		}
	}
	open := func(kind string, x, y []string) { // one that is left out is left to the daemon
		if len(x) > 0 && len(y) > 0 {
			meet(kind, x, y)
		}
	}
	if a.protocol != ProtocolAH {
		open("cipher", p.Cipher, q.Cipher)
	}
	switch {
	case len(differ) > 0: // an authenticated cipher and a plain one: one difference
	case a.strong && b.strong && len(p.Hash)+len(q.Hash) > 0:
		meet("hash", p.Hash, q.Hash)
	default:
		open("hash", p.Hash, q.Hash)
	}
	if a.protocol == ProtocolIKE {
		open("prf", p.PRF, q.PRF)
		open("group", p.Group, q.Group)
		return differ
	}
	open("esn", p.ESN, q.ESN)
	if m == MomentRekey {
		x, y := orNone(p.Group, a), orNone(q.Group, b)
		if x != nil && y != nil {
			meet("group", x, y)
		}
	}
	return differ
}

// orNone is what a proposal's groups mean for a Child SA: strongSwan makes no
// exchange where none is named, pluto leaves it to pfs= and the IKE SA's group.
func orNone(groups []string, o Offer) []string {
	if len(groups) == 0 && o.strong {
		return []string{"none"}
	}
	return groups
}
