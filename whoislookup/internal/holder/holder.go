// Package holder tells what stands in the place of a holder's name: a name, or a
// sentence that says that there is one and it is not shown, and whether the name
// is that of a person, an organisation, a role or a service that stands in front
// of somebody. The words stand in words.txt.
package holder

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/opskit-go/opskit/whoislookup/internal/words"
)

//go:embed words.txt
var text string

// table holds the rows by section and first word.
var table = sync.OnceValue(func() map[string]map[string][]string {
	rows := map[string]map[string][]string{}
	for section, row := range words.Rows(text) {
		if rows[section] == nil {
			rows[section] = map[string][]string{}
		}
		first, _, _ := strings.Cut(strings.TrimPrefix(row, "="), " ")
		rows[section][first] = append(rows[section][first], row)
	}
	return rows
})

// spaced writes a value in lower case as words with one space around each.
func spaced(value string) string {
	out := make([]byte, 1, len(value)+2)
	out[0] = ' '
	for _, r := range value {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || r == '&':
			out = utf8.AppendRune(out, unicode.ToLower(r))
		case out[len(out)-1] != ' ':
			out = append(out, ' ')
		}
	}
	if out[len(out)-1] != ' ' || len(out) == 1 {
		out = append(out, ' ')
	}
	return string(out)
}

func has(section, value string) bool {
	rows := table()[section]
	for rest := value[1:]; rest != ""; {
		first, more, _ := strings.Cut(rest, " ")
		for _, row := range rows[first] {
			whole, is := strings.CutPrefix(row, "=")
			if is && strings.TrimSpace(value) == whole || !is && strings.HasPrefix(rest, row) && strings.HasPrefix(rest[len(row):], " ") {
				return true
			}
		}
		rest = more
	}
	return false
}

// Withheld reports whether a value says that there is one, and that the registry
// or the registrar does not show it.
func Withheld(value string) bool { return has("withheld", spaced(value)) }

// Nobody reports whether a value says that there is none.
func Nobody(value string) bool {
	return strings.TrimSpace(spaced(value)) == "" || has("nobody", spaced(value))
}

// Kind returns "privacy_service", "role", "organisation" or "" (cannot tell, or a
// person: a name alone does not show it).
func Kind(name string) string {
	value := spaced(name)
	for _, kind := range [...]string{"privacy_service", "role", "organisation"} {
		if has(kind, value) {
			return kind
		}
	}
	return ""
}
