package whoislookup

import (
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup/internal/read"
)

// Text returns the answer as UTF-8 for a terminal: line breaks and tabs stay,
// every other control character is escaped. Raw has the bytes.
func (h Hop) Text() string {
	text, _ := read.Decode(h.Server, h.Raw)
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		body := strings.TrimRight(line, "\r\n")
		for i, part := range strings.Split(body, "\t") {
			if i > 0 {
				b.WriteByte('\t')
			}
			b.WriteString(opskit.Escape(part))
		}
		b.WriteByte('\n')
	}
	return b.String()
}
