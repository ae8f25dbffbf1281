package read

import (
	_ "embed"
	"strings"
)

//go:embed country.txt
var countryText string

// countryCode returns the two letters for the English name of a country, "" if
// it is none.
func countryCode(name string) string {
	key := "\n" + strings.ToLower(strings.TrimSpace(name)) + "\t"
	i := strings.Index(countryText, key)
	if i < 0 || len(key) == 2 {
		return ""
	}
	return countryText[i+len(key):][:2]
}

// countryNamed returns a node for the code of the country that n names, where
// it is written; nil if it names none.
func countryNamed(n *node, name string) *node {
	code := countryCode(name)
	if code == "" {
		return nil
	}
	c := *n
	c.text = code
	return &c
}
