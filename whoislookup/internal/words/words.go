// Package words reads the tables of phrases of the packages beside it: "[section
// and whatever else]" and then a phrase a line; '#' begins a line of comment.
package words

import (
	"iter"
	"strings"
)

// Rows yields section and phrase of every row.
func Rows(text string) iter.Seq2[string, string] {
	return func(yield func(section, phrase string) bool) {
		section := ""
		for line := range strings.Lines(text) {
			switch line = strings.TrimRight(line, "\n"); {
			case line == "" || line[0] == '#':
			case line[0] == '[':
				section, _, _ = strings.Cut(strings.Trim(line, "[]"), " ")
				section = strings.TrimSuffix(section, ":")
			default:
				if !yield(section, line) {
					return
				}
			}
		}
	}
}

// Sections holds all rows by section.
func Sections(text string) map[string][]string {
	rows := map[string][]string{}
	for section, phrase := range Rows(text) {
		rows[section] = append(rows[section], phrase)
	}
	return rows
}
