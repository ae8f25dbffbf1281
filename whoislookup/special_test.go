package whoislookup_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

// TestNumbersThatNobodyHolds are answered without a query, with the RFC that
// says so.
func TestNumbersThatNobodyHolds(t *testing.T) {
	srv := newServer(t, whoistest.Answers{})
	for query, want := range map[string]string{
		"AS0":                     "as0: reserved: AS0 Reserved (RFC 7607)",
		"as23456":                 "as23456: reserved: AS23456 AS_TRANS (RFC 6793)",
		"AS64500":                 "as64500: reserved: AS64496 - AS64511 Documentation and sample code (RFC 5398)",
		"64512":                   "as64512: reserved: AS64512 - AS65534 Private use (RFC 6996)",
		"AS65535":                 "as65535: reserved: AS65535 Last 16-bit AS number (RFC 7300)",
		"1.5":                     "as65541: reserved: AS65536 - AS65551 Documentation and sample code (RFC 5398)",
		"AS4200000000":            "as4200000000: reserved: AS4200000000 - AS4294967294 Private use (RFC 6996)",
		"AS4294967295":            "as4294967295: reserved: AS4294967295 Last 32-bit AS number (RFC 7300)",
		"10.1.2.3":                "10.1.2.3: reserved: 10.0.0.0/8 Private-Use (RFC 1918)",
		"10.1.0.0/16":             "10.1.0.0/16: reserved: 10.0.0.0/8 Private-Use (RFC 1918)",
		"192.88.99.1":             "192.88.99.1: reserved: 192.88.99.0/24 Deprecated (6to4 Relay Anycast) (RFC 7526)",
		"2001:20::1":              "2001:20::1: reserved: 2001:20::/28 ORCHIDv2 (RFC 7343)",
		"2001:30::/28":            "2001:30::/28: reserved: 2001:30::/28 Drone Remote ID Protocol Entity Tags (DETs) Prefix (RFC 9374)",
		"3fff:1::":                "3fff:1::: reserved: 3fff::/20 Documentation (RFC 9637)",
		"100:0:0:1::9":            "100:0:0:1::9: reserved: 100:0:0:1::/64 Dummy IPv6 Prefix (RFC 9780)",
		"5f00::/16":               "5f00::/16: reserved: 5f00::/16 Segment Routing (SRv6) SIDs (RFC 9602)",
		"::ffff:192.168.1.1":      "192.168.1.1: reserved: 192.168.0.0/16 Private-Use (RFC 1918)",
		"fe80::1":                 "fe80::1: reserved: fe80::/10 Link-Local Unicast (RFC 4291)",
		"255.255.255.255":         "255.255.255.255: reserved: 255.255.255.255/32 Limited Broadcast (RFC 8190)",
		"192.0.2.0 - 192.0.2.255": "192.0.2.0/24: reserved: 192.0.2.0/24 Documentation (TEST-NET-1) (RFC 5737)",
	} {
		rec, err := srv.Client().Lookup(t.Context(), query)
		require.NoError(t, err, query)
		assert.Equal(t, whoislookup.VerdictReserved, rec.Verdict, query)
		assert.Equal(t, want+"\n  asked: nobody; IANA's special-purpose registry is built in\nnot checked: nothing more", rec.String())
		assert.Empty(t, rec.Holder.Name)
		again, err := whoislookup.Assemble(rec.Query, rec.Hops)
		require.NoError(t, err)
		assert.Equal(t, rec, again)
	}
	assert.Empty(t, srv.Queries())
}
