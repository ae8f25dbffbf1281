package explain

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A row that can never match is a rule that nobody has.
func TestEveryRowIsOfAKnownForm(t *testing.T) {
	marks := strings.Fields("start asked init init_answered auth auth1 auth_asked auth_answered child answered psk certificate child_up size retransmit gave_up again configured offered")
	used := map[string]bool{}
	for _, r := range rows() {
		assert.Contains(t, []string{"charon", "pluto"}, r.daemon)
		assert.Contains(t, []string{"any", "init", "auth1", "child"}, r.stage, "%v", r.pattern)
		assert.GreaterOrEqual(t, len(r.first), 5, "%v", r.pattern)
		for _, means := range r.means {
			switch r.what {
			case "mark":
				assert.Contains(t, marks, means)
			case "own", "peer":
				_, known := remedies()[Cause(means)]
				assert.True(t, known || means == "other", "causes.txt lacks %s", means)
				used[means] = true
			default:
				assert.Fail(t, "neither mark, own nor peer", "%s", r.what)
			}
		}
	}
	silent := []Cause{"udp_500", "udp_4500", "fragments", "peer_down", "peer_policy", "peer_lost"} // of no answer
	for cause := range remedies() {
		assert.True(t, used[string(cause)] || slices.Contains(silent, cause), "nothing leads to %s", cause)
	}
	total := strings.Count(messagesText, "\t")
	assert.Equal(t, 4*len(rows()), total, "a row with other than five cells")
}
