package read

import (
	"strings"

	"github.com/opskit-go/opskit/whoislookup/answer"
	"github.com/opskit-go/opskit/whoislookup/internal/status"
)

// parseStatus turns the text of a status line into a Status. A link behind it
// and a remark in brackets or behind a dash are no part of the status.
func parseStatus(text string) answer.Status {
	if i := strings.Index(text, "http"); i > 0 {
		text = strings.TrimRight(text[:i], " (-")
	}
	text = strings.TrimSpace(text)
	// "ok (paid and in zone)", "ok - Normal state."
	for _, cut := range [...]string{" (", " - "} {
		if i := strings.Index(text, cut); i > 0 {
			if name, ok := status.EPP(text[:i]); ok {
				return answer.Status(name)
			}
		}
	}
	if name, ok := status.EPP(text); ok {
		return answer.Status(name)
	}
	return answer.Status(text)
}
