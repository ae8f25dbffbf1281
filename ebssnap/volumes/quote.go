package volumes

import (
	"strconv"
	"strings"
)

// quote returns text as it is where a terminal shows it as it is and a reader sees where it ends;
// else it is quoted.
func quote(text string) string {
	strange := func(r rune) bool { return r <= ' ' || r == '"' || r == '\\' || r == 0xFFFD || !strconv.IsPrint(r) }
	if text == "" || strings.ContainsFunc(text, strange) {
		return strconv.QuoteToGraphic(text)
	}
	return text
}
