package whoislookup

import "strings"

// phraseSet holds phrases of lower case by their first byte, so that one walk
// over a text looks for all of them.
type phraseSet ['z' + 1][]string

// in reports whether s has one of the phrases, which are at least two bytes
// long.
func (p *phraseSet) in(s string) bool {
	for i := range len(s) - 1 {
		if int(s[i]) >= len(p) {
			continue
		}
		for _, phrase := range p[s[i]] {
			if s[i+1] == phrase[1] && strings.HasPrefix(s[i:], phrase) {
				return true
			}
		}
	}
	return false
}

// starts reports whether s starts with one of the phrases.
func (p *phraseSet) starts(s string) bool {
	if s == "" || int(s[0]) >= len(p) {
		return false
	}
	for _, phrase := range p[s[0]] {
		if strings.HasPrefix(s, phrase) {
			return true
		}
	}
	return false
}
