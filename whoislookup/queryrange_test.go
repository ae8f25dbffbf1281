package whoislookup_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

func TestRangesAreAskedForAsWhatTheyAre(t *testing.T) {
	for text, want := range map[string]string{
		"138.0.152.0 - 138.0.155.255": "ip 138.0.152.0/22",
		"138.0.152.0-138.0.155.255":   "ip 138.0.152.0/22",
		"192.0.2.0-255":               "ip 192.0.2.0/24",
		"192.0.2.7 - 192.0.2.7":       "ip 192.0.2.7",
		"2001:db8:: - 2001:db8::ffff": "ip 2001:db8::/112",
		"0.0.0.0-255.255.255.255":     "ip 0.0.0.0/0",
		"AS7-AS7":                     "asn as7",
		"1.10 - 1.10":                 "asn as65546",
		"AS-EXAMPLE":                  "handle AS-EXAMPLE",
		"4321-ARIN":                   "handle 4321-ARIN",
		"1-2.example":                 "domain 1-2.example",
	} {
		q, err := whoislookup.ParseQuery(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, q.Kind.String()+" "+q.Text, text)
	}
}

func TestOtherRangesAreRefusedWithWhatToDo(t *testing.T) {
	srv := newServer(t, whoistest.Blog())
	for text, why := range map[string]string{
		"192.0.2.0 - 192.0.2.191": "parse query 192.0.2.0 - 192.0.2.191: a range of more than one prefix: ask for each, 192.0.2.0/25, 192.0.2.128/26: ",
		"192.0.2.1-6":             "ask for each, 192.0.2.1/32, 192.0.2.2/31, 192.0.2.4/31, 192.0.2.6/32: ",
		"0.0.0.1-255.255.255.254": "ask for each, 0.0.0.1/32, 0.0.0.2/31, 0.0.0.4/30, 0.0.0.8/29 and 58 more (Range.Prefixes has them): ",
		"192.0.2.9-192.0.2.1":     "a range that ends before it starts: ",
		"192.0.2.1 - 2001:db8::1": "a range from one family of addresses into the other: ",
		"AS1-AS5":                 "a block of 5 AS numbers: ask for each, from AS1 to AS5: ",
		"as 64496 - 64511":        "a block of 16 AS numbers: ask for each, from AS64496 to AS64511: ",
		"0-4294967295":            "a block of 4294967296 AS numbers: ",
		"192.0.2.0-300":           "no domain name (top-level domain without a letter): ",
		"192.0.2.0-255.":          "no domain name (top-level domain without a letter): ",
		"AS5-AS1":                 "a range that ends before it starts: ",
	} {
		rec, err := srv.Client().Lookup(t.Context(), text)
		require.ErrorIs(t, err, whoislookup.ErrBadQuery, text)
		assert.Nil(t, rec, text)
		assert.Contains(t, err.Error(), why)
	}
	assert.Empty(t, srv.Queries(), "nobody was asked")
}
