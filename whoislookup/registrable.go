package whoislookup

import (
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/opskit-go/opskit/whoislookup/servers"
)

// registrable returns the name that a registry keeps where the query is for a
// name below it, such as a host; empty where a registry may keep the name
// itself. No registry keeps "www.example.com": that it finds none says nothing
// of whether the domain is registered.
func registrable(q Query) string {
	if q.Kind != KindDomain {
		return ""
	}
	if _, ok := reversePrefix(q.Text); ok { // delegated at any label: what is above may be
		_, upper, _ := strings.Cut(q.Text, ".")
		if _, ok := reversePrefix(upper); ok {
			return upper
		}
		return ""
	}
	suffix, icann := publicsuffix.PublicSuffix(q.Text)
	for !icann && strings.Contains(suffix, ".") { // of somebody who rents names out, not of a registry
		_, upper, _ := strings.Cut(suffix, ".")
		suffix, icann = publicsuffix.PublicSuffix(upper)
	}
	if zone := (servers.Table{}).Zone(q.Text); len(zone) > len(suffix) {
		suffix = zone
	}
	below, ok := strings.CutSuffix(q.Text, "."+suffix)
	if !ok || !strings.Contains(below, ".") {
		return ""
	}
	return below[strings.LastIndexByte(below, '.')+1:] + "." + suffix
}
