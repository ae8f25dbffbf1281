package servers

import (
	_ "embed"
	"strings"
)

//go:embed registries.txt
var registries string

// fact returns the rest of the line that begins with these three fields.
func fact(what, of, kind string) string {
	start := "\n" + what + " " + of + " " + kind + " "
	i := strings.Index(registries, start)
	if i < 0 || of == "" {
		return ""
	}
	value, _, _ := strings.Cut(registries[i+len(start):], "\n")
	value, _, _ = strings.Cut(value, " | ")
	return value
}

// Charset names the encoding that a server writes where its answer is not UTF-8.
func Charset(server string) string {
	host, _, _ := strings.Cut(strings.ToLower(server), ":")
	if name := fact("charset", host, "-"); name != "" {
		return name
	}
	return "iso-8859-1"
}

// DateOrder tells how a country's registry writes a day with slashes: "day_first",
// "month_first" or "unknown"; zone is a top-level domain.
func DateOrder(zone string) string {
	if order := fact("dates", zone, "-"); order != "" {
		return order
	}
	return "day_first"
}

// Handle returns the server of the registry whose handles end as this one does, in
// upper case; false if none is known.
func Handle(handle string) (string, bool) {
	for i := len(handle) - 1; i >= 0; i-- {
		if handle[i] == '-' {
			host := fact("handle", handle[i:], "-")
			return host, host != ""
		}
	}
	return "", false
}
