package dnsroot

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// printable replaces everything that could act on a terminal by an escape: what
// servers say about themselves ends up in these texts.
func printable(s string) string {
	clean := true
	for i := 0; i < len(s) && clean; i++ {
		clean = s[i] >= 0x20 && s[i] < 0x7f
	}
	if clean {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r >= 0x20 && r < 0x7f:
			b.WriteByte(s[0])
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\%03d`, s[0])
		default:
			fmt.Fprintf(&b, `\u{%x}`, r)
		}
		s = s[n:]
	}
	return b.String()
}

// presentation writes opaque bytes as RFC 1035 section 5.1 does: \DDD for what
// is not printable ASCII, and a backslash before a backslash.
func presentation(raw []byte) string {
	var b strings.Builder
	for _, c := range raw {
		switch {
		case c == '\\':
			b.WriteString(`\\`)
		case c >= 0x20 && c < 0x7f:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\%03d`, c)
		}
	}
	return b.String()
}

// notChecked is the last line of every result's text.
func notChecked(b *strings.Builder, unseen []Gap) {
	if len(unseen) == 0 {
		b.WriteString("not checked: nothing more")
		return
	}
	b.WriteString("not checked: ")
	for i, g := range unseen {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(g.String())
	}
}

// names joins letters for a sentence: "a c k".
func names(letters []Letter) string {
	s := make([]string, len(letters))
	for i, l := range letters {
		s[i] = l.String()
	}
	return strings.Join(s, " ")
}
