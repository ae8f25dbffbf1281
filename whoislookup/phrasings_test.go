package whoislookup_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/whoislookup"
)

// heard is what an answer of one sentence was taken for.
func heard(text string) string {
	rec, err := whoislookup.Parse("", []byte(text+"\n"))
	switch {
	case rec.Verdict == whoislookup.VerdictNotFound:
		return "free"
	case rec.Verdict == whoislookup.VerdictReserved:
		return "reserved"
	case errors.Is(err, whoislookup.ErrThrottled):
		return "throttled"
	case errors.Is(err, whoislookup.ErrDenied):
		return "denied"
	case err == nil:
		return "an object"
	}
	return "nothing"
}

// TestBarPhrasings reads single sentences of servers. Wrong is a verdict that the
// sentence does not give; that nothing was understood is wrong of no sentence, but
// only of those about something else, the client and the name held is it right.
func TestBarPhrasings(t *testing.T) {
	files, err := filepath.Glob("testdata/phrasings/*.txt")
	require.NoError(t, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		all, wrong, unsure := 0, 0, 0
		for line := range strings.Lines(string(data)) {
			want, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
			if !ok || line[0] == '#' {
				continue
			}
			all++
			switch got := heard(text); {
			case got == want, got == "nothing" && (want == "other" || want == "held"):
			case got == "nothing":
				unsure++
				t.Logf("%s: cannot tell: %s", want, text)
			default:
				wrong++
				t.Errorf("%s is taken for %s: %s", want, got, text)
			}
		}
		assert.LessOrEqual(t, unsure*10, all, "%s: cannot tell", file)
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		lab.Bar(t, "whois-phrasings-"+name, "%d sentences, %d wrong, %d not understood", all, wrong, unsure)
	}
}
