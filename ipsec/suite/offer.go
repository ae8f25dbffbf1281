package suite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ipsec/conf"
)

type (
	protocolKind struct{}
	momentKind   struct{}
)

// Protocol is what a proposal is for.
type Protocol = opskit.Enum[protocolKind]

// The protocols.
const (
	ProtocolIKE Protocol = "ike"
	ProtocolESP Protocol = "esp"
	ProtocolAH  Protocol = "ah"
)

// Proposal is one proposal: of each kind the transforms that it admits, by their
// names in transforms.txt.
type Proposal struct {
	Text   string   // as written
	Cipher []string // of ESP and IKE; authenticated ciphers too
	Hash   []string // integrity; none with an authenticated cipher
	PRF    []string // of IKE
	Group  []string // Diffie-Hellman; none: as pluto's defaults say, or no exchange of its own
	ESN    []string // "no", "yes"; none: what pluto's esn= says
}

// Offer is what one end proposes or takes.
type Offer struct {
	Proposals []Proposal // those that were understood, in order
	// Defaults tells that the daemon's own defaults are offered too, or alone.
	Defaults bool
	// Unread are words that are not known, each with its proposal.
	Unread []string
	// Refused says why the daemon itself does not take the text; it then loads no
	// such connection.
	Refused []string

	protocol Protocol
	strong   bool
	esn      []string // of the defaults; nil: as the daemon has them
}

// WithESN is the offer with sequence numbers set beside the proposals, as pluto's esn=
// does.
func (o Offer) WithESN(esn []string) Offer {
	o.esn, o.Proposals = esn, slices.Clone(o.Proposals)
	for i := range o.Proposals {
		o.Proposals[i].ESN = esn
	}
	return o
}

// Parse reads a list of proposals as it stands in ipsec.conf, or in swanctl.conf
// with "!" added, in the words of a dialect; of an unknown dialect in the words of
// all. An empty text is the daemon's defaults.
func Parse(text string, p Protocol, d conf.Dialect) Offer {
	text = strings.TrimSpace(text)
	if !conf.Strong(d) {
		text = strings.ToLower(text) // strongSwan's words are in lower case
	}
	o := Offer{protocol: p, strong: conf.Strong(d)}
	text, strict := strings.CutSuffix(text, "!")
	if text == "" {
		o.Defaults = true
		return o
	}
	o.Defaults = o.strong && !strict && d != conf.DialectSwanctl
	for one := range strings.SplitSeq(text, ",") {
		one = strings.TrimSpace(one)
		if one == "default" && o.strong {
			o.Defaults = true
			continue
		}
		o.proposal(one, d)
	}
	return o
}

// proposal reads one proposal and completes it as the daemon does.
func (o *Offer) proposal(text string, d conf.Dialect) {
	p := Proposal{Text: text}
	separators := "-"
	if !o.strong {
		separators = "-;+"
	}
	aead, ciphers := false, 0
	unread := false
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		if len(p.Cipher) > 0 && !o.strong && slices.Contains([]string{"128", "192", "256"}, word) {
			p.Cipher = slices.DeleteFunc(p.Cipher, func(c string) bool { return !strings.HasSuffix(c, "_"+word) })
			continue
		}
		found := lookUp(word, o.protocol, d)
		if word == "null" && ciphers > 0 && !o.strong {
			continue // no hash, behind an authenticated cipher
		}
		if found == nil {
			unread = true
			if d == conf.DialectLibreswan && table().inPluto(word) != nil {
				o.Unread = append(o.Unread, fmt.Sprintf("%q of %s, which not every libreswan takes", word, text))
				continue
			}
			if (d == conf.DialectLibreswan || d == conf.DialectOpenswan) && table().inStrong(word) != nil || o.strong && (table().inPluto(word) != nil || table().inStrong(strings.ToLower(word)) != nil) {
				o.Refused = append(o.Refused, fmt.Sprintf("%s has no word %q, in %s", d, word, text))
				continue
			}
			o.Unread = append(o.Unread, fmt.Sprintf("%q of %s", word, text))
			continue
		}
		for _, t := range found {
			switch t.kind {
			case "cipher", "aead":
				ciphers++
				aead = aead || t.kind == "aead"
				p.Cipher = append(p.Cipher, t.name)
			case "hash":
				p.Hash = append(p.Hash, t.name)
			case "prf":
				p.PRF = append(p.PRF, t.name)
			case "group":
				p.Group = append(p.Group, t.name)
			case "esn":
				p.ESN = append(p.ESN, t.name)
			}
		}
	}
	if unread {
		return
	}
	if why := p.complete(o.protocol, o.strong, aead); why != "" {
		o.Refused = append(o.Refused, fmt.Sprintf("%s: %s", text, why))
		return
	}
	o.Proposals = append(o.Proposals, p)
}

func lookUp(word string, p Protocol, d conf.Dialect) []transform {
	switch {
	case conf.Strong(d):
		return table().inStrong(word)
	case d == conf.DialectLibreswan:
		return table().inLibreswan(word, p)
	case d != conf.DialectUnknown:
		return table().inPluto(word)
	}
	if found := table().inPluto(word); found != nil {
		return found
	}
	return table().inStrong(word)
}

// complete adds what the daemons add, and says why strongSwan refuses a proposal.
func (p *Proposal) complete(protocol Protocol, strong, aead bool) string {
	if protocol == ProtocolIKE {
		if len(p.PRF) == 0 {
			for _, h := range p.Hash { // the hash serves for both
				h, _, _ = strings.Cut(strings.Replace(h, "sha2_256_96", "sha2_256", 1), "_160")
				p.PRF = append(p.PRF, strings.Replace(h, "md5_128", "md5", 1))
			}
		}
		if strong && len(p.PRF) == 0 {
			return "a PRF is mandatory in a proposal for IKE; add prfsha256"
		}
		if strong && len(p.Group) == 0 {
			return "a Diffie-Hellman group is mandatory in a proposal for IKE; add modp2048"
		}
		p.ESN = nil
	} else {
		p.PRF = nil
		if strong && len(p.ESN) == 0 {
			p.ESN = []string{"no"}
		}
	}
	if aead {
		p.Hash = nil
	}
	return ""
}

// Weak returns the words of an offer that RFC 8221 and RFC 8247 no longer allow.
func (o Offer) Weak() []string {
	var weak []string
	note := func(kind string, names []string) {
		for _, n := range names {
			if table().byName[kind+" "+n].weak && !slices.Contains(weak, n) && n != "null" {
				weak = append(weak, n)
			}
		}
	}
	for _, p := range o.Proposals {
		note("cipher", p.Cipher)
		note("hash", p.Hash)
		note("group", p.Group)
	}
	return weak
}
