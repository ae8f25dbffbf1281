// Package status knows the words that registries write as a domain's status.
package status

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"

	"github.com/opskit-go/opskit/whoislookup/internal/words"
)

//go:embed words.txt
var text string

var table = sync.OnceValue(func() map[string]string {
	known := map[string]string{}
	for section, phrase := range words.Rows(text) {
		if section == "epp" {
			known["epp "+key(phrase)] = phrase
		} else {
			known[phrase] = section
		}
	}
	return known
})

// key is a status without case, spaces, hyphens and underscores.
func key(s string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '_' {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// EPP returns the name that EPP has for a status in any spelling.
func EPP(s string) (string, bool) {
	if len(s) > 64 {
		return "", false
	}
	name, ok := table()["epp "+key(s)]
	return name, ok
}

// Class returns "free", "reserved" or "held" for what a status says of the name,
// "" if that is not known. An EPP status is one of a name that somebody holds.
func Class(s string) string {
	if name, ok := EPP(s); ok && name != "inactive" { // which registries without EPP write of names that nobody has
		return "held"
	}
	letters := func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return ' '
	}
	return table()[strings.Join(strings.Fields(strings.Map(letters, s)), " ")]
}
