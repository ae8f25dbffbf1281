package whoislookup_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// namesOf returns the names that the table has for a code of a country.
func namesOf(code string) (names []string) {
	table, err := os.ReadFile("internal/read/country.txt")
	if err != nil {
		panic(err)
	}
	for line := range strings.Lines(string(table)) {
		if name, c, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok && c == code {
			names = append(names, name)
		}
	}
	return names
}

// TestCountryNames compares the table with the names of Unicode's CLDR, which
// has one for each country.
func TestCountryNames(t *testing.T) {
	table, err := os.ReadFile("internal/read/country.txt")
	require.NoError(t, err)
	codes := map[string]string{}
	for line := range strings.Lines(string(table)) {
		name, code, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok {
			continue
		}
		assert.NotContains(t, codes, name, "named once")
		codes[name] = code
	}
	same := 0
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			r, err := language.ParseRegion(string([]rune{a, b}))
			if err != nil || r.Canonicalize() != r {
				continue // none, or no longer one
			}
			name := strings.ReplaceAll(strings.ToLower(display.English.Regions().Name(r)), "’", "'")
			if code, ok := codes[name]; ok {
				assert.Equal(t, r.String(), code, name)
				same++
			}
		}
	}
	assert.GreaterOrEqual(t, same, 240)
	for name, code := range codes {
		_, err := language.ParseRegion(code)
		assert.NoError(t, err, name)
	}
}
