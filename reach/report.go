package reach

import (
	"strings"

	"github.com/opskit-go/opskit"
)

// report is the text form that every result shares: verdict first, evidence
// indented, and last what was not checked. What strangers wrote is escaped here.
func report(r opskit.Result, verdict string, evidence []string) string {
	lines := []string{opskit.Escape(verdict)}
	for _, e := range evidence {
		lines = append(lines, "  "+opskit.Escape(e))
	}
	return strings.Join(append(lines, opskit.NotChecked(r)), "\n")
}

// short cuts text that somebody else wrote to what a line of a report bears.
func short(text string) string {
	const limit = 300
	if len(text) > limit {
		return text[:limit] + "..."
	}
	return text
}
