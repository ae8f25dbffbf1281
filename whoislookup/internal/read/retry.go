package read

import (
	"strings"
	"time"

	"github.com/opskit-go/opskit/whoislookup/internal/lex"
)

// pauseIn returns the time that a server which was asked too much tells to
// wait, in lower case: "replenished in 50 seconds", "wait 5 minutes". Zero if
// it tells none; a day at most.
func pauseIn(low string) time.Duration {
	words := strings.Fields(low)
	for i := 1; i+1 < len(words); i++ {
		switch strings.TrimRight(words[i-1], ":,") {
		case "in", "wait", "after", "for", "of", "least":
		default:
			continue
		}
		n, ok := lex.Uint(words[i], 1<<40)
		if !ok {
			continue
		}
		for _, unit := range [...]struct {
			name string
			long time.Duration
		}{{"sec", time.Second}, {"min", time.Minute}, {"hour", time.Hour}, {"day", 24 * time.Hour}} {
			if strings.HasPrefix(words[i+1], unit.name) {
				const most = 24 * time.Hour
				return unit.long * time.Duration(min(n, uint64(most/unit.long)))
			}
		}
	}
	return 0
}
