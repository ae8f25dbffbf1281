package whoislookup

import (
	"strings"

	"github.com/opskit-go/opskit/whoislookup/servers"
)

const jpnic = "whois.nic.ad.jp"

// handleServer tells a registry by the way it begins or ends its handles.
func handleServer(handle string) string {
	up := strings.ToUpper(handle)
	if digits, ok := strings.CutPrefix(up, "JP"); ok && len(digits) == 8 && strings.Trim(digits, "0123456789") == "" {
		return jpnic
	}
	if isSetName(up) || strings.HasPrefix(up, "PGPKEY-") { // RFC 2726 section 2.1
		return "whois.ripe.net"
	}
	if host, ok := servers.Handle(up); ok {
		return host
	}
	if strings.HasSuffix(up, "JP") && !strings.Contains(up, "-") {
		return jpnic
	}
	return "whois.arin.net"
}

// isSetName reports whether a name, in upper case, is that of a set of RFC 2622
// section 5, which may be one of several parts: "AS64500:AS-CUSTOMERS".
func isSetName(up string) bool {
	named := false
	for part := range strings.SplitSeq(up, ":") {
		set := false
		for _, prefix := range [...]string{"AS-", "RS-", "RTRS-", "FLTR-", "PRNG-"} {
			set = set || len(part) > len(prefix) && strings.HasPrefix(part, prefix)
		}
		if digits, ok := strings.CutPrefix(part, "AS"); !set && (!ok || strings.Trim(digits, "0123456789") != "" || digits == "") {
			return false
		}
		named = named || set
	}
	return named
}
