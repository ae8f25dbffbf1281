//go:build linux

package suite

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/ipsec/conf"
)

// TestWordsAreThoseOfAlgparse asks libreswan's own parser about every word of
// pluto's, as it stands in the table, without its underscores, and with a key
// length in three forms: a word that it refuses is not read here either.
func TestWordsAreThoseOfAlgparse(t *testing.T) {
	lab.Need(t, "program:algparse")
	algparse, err := lab.Program("algparse")
	require.NoError(t, err)
	kinds := map[string]string{}
	for line := range strings.Lines(transforms) {
		columns := strings.Split(line, "|")
		if strings.HasPrefix(line, "#") || len(columns) < 2 {
			continue
		}
		kind := strings.Fields(line)[0]
		for word := range strings.FieldsSeq(strings.Join(columns[1:], " ")) {
			word, _, _ = strings.Cut(word, ":")
			for _, form := range []string{word, strings.ReplaceAll(word, "_", "")} {
				kinds[form] = kind
				if kind == "cipher" || kind == "aead" {
					kinds[form+"256"], kinds[form+"_256"], kinds[form+"_111"] = kind, kind, kind
				}
			}
		}
	}
	taken := 0
	for word, kind := range kinds {
		text := map[string]string{"cipher": word + "-sha2;modp2048", "aead": word + ";modp2048", "hash": "aes-" + word, "group": "aes-sha2;" + word}[kind]
		require.NotEmpty(t, text, kind)
		for _, p := range []Protocol{ProtocolIKE, ProtocolESP} {
			want := exec.CommandContext(t.Context(), algparse, "-v2", string(p)+"="+text).Run() == nil
			if want {
				taken++
			}
			offer := Parse(text, p, conf.DialectLibreswan)
			assert.Equal(t, want, len(offer.Unread)+len(offer.Refused) == 0, "%s=%s: %v %v", p, text, offer.Unread, offer.Refused)
		}
	}
	assert.Greater(t, taken, 150, "of %d", 2*len(kinds))
}
