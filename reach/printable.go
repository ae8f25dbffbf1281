package reach

import (
	"strconv"
	"strings"
)

// printable returns text from outside as one that cannot move a terminal:
// anything but printable ASCII is escaped as in a Go string, long text is cut.
func printable(s string) string {
	const limit = 300
	cut := ""
	if len(s) > limit {
		s, cut = s[:limit], "..."
	}
	q := strconv.QuoteToASCII(s)
	q = q[1 : len(q)-1]
	return strings.ReplaceAll(q, `\"`, `"`) + cut
}

// report builds the text form that every result shares: verdict first,
// evidence indented, what to do next, and last what was not checked.
func report(verdict string, evidence, next []string, unseen []Gap) string {
	var b strings.Builder
	b.WriteString(verdict)
	for _, e := range evidence {
		b.WriteString("\n  " + e)
	}
	for _, n := range next {
		b.WriteString("\nnext: " + n)
	}
	b.WriteString("\nnot checked: ")
	if len(unseen) == 0 {
		b.WriteString("nothing more")
	}
	for i, g := range unseen {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(printable(g.String()))
	}
	return b.String()
}
