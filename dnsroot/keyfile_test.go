package dnsroot_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot"
)

// ksk is a key with a tag and digest of its own; another is one with others.
const (
	ksk     = "mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ=="
	another = "GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA=="
)

// What resolvers keep: the keys that are trusted now, by the states noted in the
// files, whatever else stands there.
func TestParseAnchorsReadsKeyFilesOfResolvers(t *testing.T) {
	plain, err := dnsroot.ParseAnchors(strings.NewReader(". IN DNSKEY 257 3 13 " + ksk + "\n"))
	require.NoError(t, err)
	require.Len(t, plain, 1)
	for name, test := range map[string]struct {
		text          string
		from, checked time.Time
	}{
		"unbound, autotrust": {
			"; autotrust trust anchor file\n;;id: . 1\n;;last_queried: 1764547200 ;;Mon Dec  1 00:00:00 2025\n;;last_success: 1764547200 ;;Mon Dec  1 00:00:00 2025\n;;query_interval: 43200\n" +
				".\t86400\tIN\tDNSKEY\t257 3 13 " + another + " ;{id = 1 (ksk), size = 256b} ;;state=1 [ ADDPEND ] ;;count=1 ;;lastchange=1764547200\n" +
				".\t86400\tIN\tDNSKEY\t257 3 13 " + ksk + " ;{id = 2 (ksk), size = 256b} ;;state=2 [  VALID  ] ;;count=0 ;;lastchange=1764547200\n" +
				".\t86400\tIN\tDNSKEY\t257 3 13 " + another + " ;{id = 3 (ksk), size = 256b} ;;state=5 [ REMOVED ] ;;count=0 ;;lastchange=1764547200\n",
			time.Time{},
			time.Unix(1764547200, 0).UTC(),
		},
		"unbound, missing for a while": {". 3600 IN DNSKEY 257 3 13 " + ksk + " ;;state=3 [ MISSING ] ;;count=0\n", time.Time{}, time.Time{}},
		"Knot Resolver": {
			". \t172800\tDNSKEY\t257 3 13 " + ksk + " ; Valid: ; KeyTag:20326\n. \t172800\tDNSKEY\t257 3 13 " + another + " ; AddPend:1764547200 ; KeyTag:38696\n",
			time.Time{},
			time.Time{},
		},
		"BIND, trust-anchors": {
			"# of the distribution\ntrust-anchors {\n\t// the root\n\t. initial-key 257 3 13 \"" + ksk[:40] + "\n\t\t" + ksk[40:] + "\";\n};\n",
			time.Time{},
			time.Time{},
		},
		"BIND, static-ds": {"trust-anchors { . static-ds " + ds(plain[0]) + "; };\n", time.Time{}, time.Time{}},
		"BIND 9.11, managed-keys and another clause": {
			"options { directory \"/x\"; };\nmanaged-keys { \".\" initial-key 257 3 13 \"" + ksk + "\"; };\n", time.Time{}, time.Time{},
		},
		"BIND, trusted-keys": {"trusted-keys { \".\" 257 3 13 \"" + ksk + "\"; }; /* old */\n", time.Time{}, time.Time{}},
		"BIND, managed-keys.bind": {
			"$ORIGIN .\n$TTL 0\t; 0 seconds\n@\tIN SOA . . (\n\t\t10 ; serial\n\t\t0 ; refresh\n\t\t0 ; retry\n\t\t0 ; expire\n\t\t0 ; minimum\n\t\t)\n" +
				"\t\tKEYDATA\t20251202000000 20241201000000 19700101000000 257 3 13 (\n\t\t\t\t" + ksk[:50] + "\n\t\t\t\t" + ksk[50:] + "\n\t\t\t\t) ; KSK; alg = ECDSAP256SHA256; key id = 2\n\t\t\t\t; next refresh: x\n\t\t\t\t; trusted since: x\n" +
				"\t\tKEYDATA\t20251202000000 19700101000000 19700101000000 257 3 13 (\n\t\t\t\t" + another + "\n\t\t\t\t) ; no trust\n",
			time.Date(2024, time.December, 1, 0, 0, 0, 0, time.UTC),
			time.Time{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			anchors, err := dnsroot.ParseAnchors(strings.NewReader(test.text))
			require.NoError(t, err)
			want := plain[0]
			want.ValidFrom, want.Checked = test.from, test.checked
			assert.Equal(t, []dnsroot.Anchor{want}, anchors)
		})
	}
	for name, text := range map[string]string{
		"no key that is trusted": ". IN DNSKEY 257 3 13 " + ksk + " ;;state=1 [ ADDPEND ]\n",
		"no data":                "trust-anchors { . initial-key 257 3 13; };\n",
		"an empty clause":        "trust-anchors { };\n",
		"no number":              "trust-anchors { . static-ds x 8 2 \"00\"; };\n",
	} {
		_, err := dnsroot.ParseAnchors(strings.NewReader(text))
		require.ErrorIs(t, err, dnsroot.ErrSyntax, name)
	}
}

func ds(a dnsroot.Anchor) string {
	return fmt.Sprintf("%d %d %d %q", a.KeyTag, a.Algorithm, a.DigestType, a.Digest)
}

// Old files are told as such.
func TestAgeOfHintsAndAnchorsIsTold(t *testing.T) {
	s := fixed()
	s.Anchors[0].Checked = s.Started.Add(-60 * 24 * time.Hour)
	s.HintsUpdated = s.Started.AddDate(-6, 0, 0)
	text := dnsroot.Assess(s).String()
	assert.Contains(t, text, "last saw them confirmed 60 days ago")
	assert.Contains(t, text, "the hints are 6 years old")
	assert.NotContains(t, dnsroot.Assess(fixed()).String(), "years old")
}
