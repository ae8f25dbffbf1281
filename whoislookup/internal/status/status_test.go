package status

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/opskit-go/opskit/whoislookup/internal/words"
)

func TestEveryRowCanMatch(t *testing.T) {
	seen := map[string]bool{}
	for section, phrase := range words.Rows(text) {
		assert.False(t, seen[key(phrase)], "%s stands there twice", phrase)
		seen[key(phrase)] = true
		if section == "epp" {
			name, ok := EPP(phrase)
			assert.True(t, ok && name == phrase, phrase)
			if section = "held"; phrase == "inactive" {
				section = ""
			}
		}
		assert.Equal(t, section, Class(phrase), phrase)
	}
}

func TestStatuses(t *testing.T) {
	for s, want := range map[string]string{
		"client transfer prohibited": "held", "Client-Hold": "held", "REGISTERED, DELEGATED": "held", "Available!": "free", "RESERVED": "reserved",
		"NOT AVAILABLE": "", "500 Invalid characters in query string": "", "query refused": "", "error": "", "Not a .tld domain": "", "": "",
	} {
		assert.Equal(t, want, Class(s), s)
	}
}
