package whoislookup

import (
	"strconv"
	"strings"
	"unicode"
)

// quoteOutside makes text from outside safe for a terminal: printable text
// stays as it is, and everything that could move a cursor, change colours or
// reverse the reading direction is escaped as in a Go string.
func quoteOutside(s string) string {
	clean := true
	for _, r := range s {
		if !printable(r) {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		if r == unicode.ReplacementChar && !strings.HasPrefix(s[i:], "\uFFFD") {
			b.WriteString(`\x` + strconv.FormatUint(uint64(s[i]), 16))
			continue
		}
		if printable(r) {
			b.WriteRune(r)
			continue
		}
		q := strconv.QuoteRuneToASCII(r)
		b.WriteString(q[1 : len(q)-1])
	}
	return b.String()
}

// printable reports whether a rune only puts ink where the cursor is. Format
// characters (bidirectional overrides, zero-width joiners) do not.
func printable(r rune) bool {
	return r != unicode.ReplacementChar && unicode.IsPrint(r) && !unicode.Is(unicode.Cf, r)
}

// Text returns the answer as UTF-8 for a terminal: line breaks and tabs stay,
// every other control character is escaped. Raw has the bytes.
func (h Hop) Text() string {
	text, _ := decode(h.Server, h.Raw)
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		body := strings.TrimRight(line, "\r\n")
		for i, part := range strings.Split(body, "\t") {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(quoteOutside(part))
		}
		b.WriteByte('\n')
	}
	return b.String()
}
