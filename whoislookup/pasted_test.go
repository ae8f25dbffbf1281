package whoislookup_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/whoislookup"
)

// what is all that a record tells, without the answers that it was read from.
func what(t *testing.T, raw []byte) (text string, mended int) {
	t.Helper()
	rec, _ := whoislookup.Parse("", raw)
	for _, h := range rec.Hops {
		mended += len(h.Mended)
	}
	rec.Hops = nil
	out, err := json.Marshal(rec)
	require.NoError(t, err)
	return string(out), mended
}

// TestBarPasted: every answer of the corpora as a web page has it is the same
// record as with spaces and plain quotes, and the change is told.
func TestBarPasted(t *testing.T) {
	list, _ := answers(t)
	if lab.Bars() == lab.Small {
		list = list[:min(len(list), 40)]
	}
	alike, pages := 0, 0
	for _, raw := range list {
		if !utf8.Valid(raw) || bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
			continue
		}
		plain := strings.NewReplacer("\u00a0", " ", "\u2018", "'", "\u2019", "'", "\u201c", "\"", "\u201d", "\"").Replace(string(raw))
		page := strings.NewReplacer("\"", "\u201d", "'", "\u2019", "  ", "\u00a0 ").Replace(plain)
		if page == plain {
			continue
		}
		want, _ := what(t, []byte(plain))
		got, mended := what(t, []byte(page))
		pages++
		if assert.Equal(t, want, got) && assert.Positive(t, mended) {
			alike++
		}
	}
	for file, want := range map[string][2]string{
		"138.0.155.10.txt": {"Gigared S.A.", "AR"}, "190.57.233.170.txt": {"EDITORIAL LA PAGINA S.A.", "AR"}, "104.20.75.37.txt": {"CloudFlare, Inc.", ""},
	} {
		raw, err := os.ReadFile(lab.Corpus(t, "whoislookup", "blog", file))
		require.NoError(t, err)
		rec, err := whoislookup.Parse("", raw)
		require.NoError(t, err)
		assert.Equal(t, want, [2]string{rec.Holder.Name, rec.Country}, file)
		assert.NotEmpty(t, rec.Hops[len(rec.Hops)-1].Mended, file)
		assert.Equal(t, raw[:20], rec.Hops[0].Raw[:20])
	}
	lab.Bar(t, "whois-pasted", "%d of %d answers as a page has them are the same record; 3 of 3 of the blog's", alike, pages)
}
