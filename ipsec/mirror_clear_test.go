package ipsec_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/opskit-go/opskit/ipsec"
)

// Two ends may agree on not protecting anything.
func TestMirrorTellsWhatIsNotEncrypted(t *testing.T) {
	for line, code := range map[string]string{
		"type=passthrough":             "not_encrypted",
		"type=drop":                    "no_traffic",
		"phase2=ah":                    "not_encrypted",
		"ah=sha1":                      "not_encrypted",
		"failureshunt=passthrough":     "leaks",
		"negotiationshunt=passthrough": "leaks",
		"type=tunnel":                  "",
		"failureshunt=drop":            "",
	} {
		t.Run(line, func(t *testing.T) {
			expectClear(t, func(s string) string { return s + "\n    " + line + "\n" }, code)
		})
	}
	for esp, code := range map[string]string{
		"null-sha1":              "not_encrypted",
		"aes128-sha1,null-md5!":  "not_encrypted",
		"esp_null-sha2_256":      "not_encrypted",
		"aes_gcm128-null,aes256": "",
		"aes128-sha1":            "",
	} {
		t.Run("esp="+esp, func(t *testing.T) {
			expectClear(t, func(s string) string { return s + "\n    esp=" + esp + "\n" }, code)
		})
	}
}

func TestMirrorTellsThatNobodyIsKnown(t *testing.T) {
	r := ipsec.Mirror(blogEnds(func(s string) string { return strings.Replace(s, "authby=secret", "authby=null", 1) }))
	assert.Len(t, r.Find("no_authentication"), 4, "two gateways at each end")
	assert.Empty(t, ipsec.Mirror(blogEnds(nil)).Find("no_authentication"))
}

func expectClear(t *testing.T, edit func(string) string, code string) {
	t.Helper()
	r := ipsec.Mirror(blogEnds(edit))
	for _, c := range []string{"not_encrypted", "no_traffic", "leaks"} {
		want := 0
		if c == code {
			want = 2 // one for each end
		}
		assert.Len(t, r.Find(c), want, "%s: %s", c, r)
	}
}
