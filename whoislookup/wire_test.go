package whoislookup_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

// wireCase is one recording of what Debian's whois 5.6.6 asked.
type wireCase struct {
	Input string
	Hops  []struct {
		Server string
		Port   int
		Sent   string
	}
}

// TestBarWire compares the first server and the bytes sent to it with the
// recordings of Debian's whois, without its client tag.
func TestBarWire(t *testing.T) {
	data, err := os.ReadFile(lab.Corpus(t, "whoislookup", "wire", "debian-whois-5.6.6.json"))
	require.NoError(t, err)
	var cases []wireCase
	require.NoError(t, json.Unmarshal(data, &cases))
	why := map[string]string{} // input: why the server or the bytes are not Debian's; none so far
	same, counted := 0, 0
	for _, c := range cases {
		if strings.HasPrefix(c.Input, "AS") && len(c.Input) > 8 || len(c.Hops) == 0 {
			continue // Debian's whois knows six digits
		}
		srv := newServer(t, whoistest.Answers{})
		want := c.Hops[0]
		srv.Handle(want.Server, whoistest.Answer("% nothing\n"))
		rec, err := srv.Client().Lookup(t.Context(), c.Input)
		srv.Close()
		require.NotNil(t, rec, "%s: %v", c.Input, err)
		if rec.Hops[0].Protocol == "local" {
			continue
		}
		counted++
		line := strings.TrimSuffix(want.Sent, "\r\n")
		if rest, ok := strings.CutPrefix(line, "-V "); ok {
			_, line, _ = strings.Cut(rest, " ")
		}
		got := rec.Hops[0]
		if got.Server == want.Server && got.Sent == line {
			same++
			continue
		}
		assert.Contains(t, why, c.Input, "asked %s %q, Debian %s %q", got.Server, got.Sent, want.Server, line)
	}
	percent := 100 * float64(same) / float64(counted)
	assert.GreaterOrEqual(t, percent, 97.0)
	lab.Bar(t, "whois-wire", "%d of %d inputs (%.1f %%) ask the same server with the same bytes; %d differences, each with its reason", same, counted, percent, counted-same)
}

// Handles go out in lower case, as Debian's whois sends them, but for JPNIC's,
// which it does not know. It knows no sets of several names either, and sends
// names of the reverse zones where their addresses are kept, as we do.
func TestWhatIsNoAddressAndNoNameIsAskedWhereItsRegistryIs(t *testing.T) {
	for handle, want := range map[string]string{
		"NET-8-8-8-0-1": "whois.arin.net net-8-8-8-0-1", "ORG-EX1-RIPE": "whois.ripe.net --charset UTF-8 org-ex1-ripe",
		"EXAMPLE-MNT": "whois.ripe.net --charset UTF-8 example-mnt", "AS-EXAMPLE": "whois.ripe.net --charset UTF-8 as-example",
		"EX1-AP": "whois.apnic.net ex1-ap", "ORG-EX1-AFRINIC": "whois.afrinic.net org-ex1-afrinic", "AR-EXSA-LACNIC": "whois.lacnic.net ar-exsa-lacnic",
		"JP00000127": "whois.nic.ad.jp JP00000127/e", "EX123JP": "whois.nic.ad.jp EX123JP/e", "EX12-DK": "whois.punktum.dk --charset=utf-8 ex12-dk",
		"EX-EX1-IL": "whois.isoc.org.il ex-ex1-il", "EXAM1-IS": "whois.isnic.is exam1-is", "EX1-JP": "whois.arin.net ex1-jp",
		"1234C-COOP": "whois.nic.coop 1234c-coop", "EX1-TEL": "whois.nic.tel ex1-tel", "EX1-UANIC": "whois.ua ex1-uanic", "EX1-KG": "whois.kg ex1-kg",
		"PGPKEY-0A1B2C3D": "whois.ripe.net --charset UTF-8 pgpkey-0a1b2c3d", "FLTR-EXAMPLE": "whois.ripe.net --charset UTF-8 fltr-example",
		"rtrs-example": "whois.ripe.net --charset UTF-8 rtrs-example", "PRNG-EXAMPLE": "whois.ripe.net --charset UTF-8 prng-example",
		"AS64500:AS-CUST": "whois.ripe.net --charset UTF-8 as64500:as-cust", "AS-EX:RS-CUST": "whois.ripe.net --charset UTF-8 as-ex:rs-cust",
		"8.8.8.in-addr.arpa": "whois.arin.net 8.8.8.in-addr.arpa", "237.239.62.in-addr.arpa": "whois.ripe.net --charset UTF-8 237.239.62.in-addr.arpa",
		"0-127.4.0.190.in-addr.arpa": "whois.lacnic.net 0-127.4.0.190.in-addr.arpa", "0.5.4.1.0.0.a.2.ip6.arpa": "whois.ripe.net --charset UTF-8 0.5.4.1.0.0.a.2.ip6.arpa",
		"1.0.0.2.ip6.arpa": "whois.iana.org 1.0.0.2.ip6.arpa", "in-addr.arpa": "whois.iana.org in-addr.arpa",
		"8.8.8.8.": "whois.arin.net n + 8.8.8.8",
	} {
		first, _, _ := strings.Cut(want, " ")
		srv := newServer(t, whoistest.Answers{})
		srv.Handle(first, whoistest.Answer("% nothing\n"))
		rec, _ := srv.Client().Lookup(t.Context(), handle)
		require.NotNil(t, rec, handle)
		assert.Equal(t, want, rec.Hops[0].Server+" "+rec.Hops[0].Sent)
	}
}
