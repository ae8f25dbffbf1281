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
	kinds := [...]string{KindAddr: "addr", KindASN: "asn", KindDomain: "domain", KindHandle: "handle"}
	name := kinds[min(int(kind), len(kinds)-1)]
	if kind == KindAddr && strings.Contains(text, "/") {
		if form := fact("query", host, "prefix"); form != "" {
			name = "prefix"
		}
	}
	for _, name := range [...]string{name, "any"} {
		if form := fact("query", host, name); form != "" {
			return strings.NewReplacer("{}", text, "{n}", strings.TrimPrefix(text, "as")).Replace(form)
		}
	}
	return text
}
