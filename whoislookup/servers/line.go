package servers

import "strings"

// Kind says what a query line is about.
type Kind uint8

// What a query can be about.
const (
	KindAddr Kind = iota // an address or a prefix
	KindASN
	KindDomain
	KindHandle
)

// Line returns what to send to a server, without the line break of RFC 3912.
// text is the query in lower case; AS numbers are "as" and digits. Each form is
// the one that the registry documents for one full, unambiguous answer.
func Line(server string, kind Kind, text string) string {
	host, _, _ := strings.Cut(strings.ToLower(server), ":")
	switch host {
	case "whois.arin.net":
		switch kind {
		case KindAddr: // n: networks only; +: full records
			if strings.Contains(text, "/") {
				return "r + = " + text
			}
			return "n + " + text
		case KindASN:
			return "a " + strings.TrimPrefix(text, "as")
		}
	case "whois.ripe.net":
		return "--charset UTF-8 " + text
	case "whois.nic.ad.jp": // /e: in English
		if kind == KindASN {
			return "AS " + strings.TrimPrefix(text, "as") + "/e"
		}
		return text + "/e"
	case "whois.jprs.jp":
		return text + "/e"
	case "whois.denic.de": // dn: the domain; ace: A-labels
		if kind == KindDomain {
			return "-T dn,ace " + text
		}
	case "whois.punktum.dk", "whois.dk-hostmaster.dk":
		if kind == KindDomain {
			return "--charset=utf-8 --show-handles " + text
		}
		return "--charset=utf-8 " + text
	case "whois.verisign-grs.com", "ccwhois.verisign-grs.com", "whois.crsnic.net":
		if kind == KindDomain { // or else names that merely contain it are listed
			return "domain " + text
		}
	}
	return text
}
