package whoislookup_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

// TestWhatServersSayWhenTheyAreAskedTooMuch holds the words that registries are
// known to use: none of them is an answer about the thing.
func TestWhatServersSayWhenTheyAreAskedTooMuch(t *testing.T) {
	for _, c := range []struct {
		text    string
		verdict whoislookup.Verdict
		after   time.Duration
	}{
		{"%ERROR:201: access denied for 192.0.2.1\n%\n% Sorry, access from your host has been permanently\n% denied because of a repeated excessive querying.\n", whoislookup.VerdictDenied, 0},
		{"%ERROR:201: access control limit reached for 192.0.2.1\n", whoislookup.VerdictDenied, 0},
		{"%ERROR:306: connections exceeded\n%\n% Number of connections from a single IP address\n% has exceeded the maximum number allowed (3).\n", whoislookup.VerdictThrottled, 0},
		{"\n% LACNIC\n\n% Query rate limit exceeded. Reduced information.\n", whoislookup.VerdictThrottled, 0},
		{"% Permission denied.\n", whoislookup.VerdictDenied, 0},
		{"Error: The WHOIS query quota for 192.0.2.1 has been exceeded\nand will be replenished in 50 seconds.\n", whoislookup.VerdictThrottled, 50 * time.Second},
		{"-1: Still in grace period, wait 1 seconds\n", whoislookup.VerdictThrottled, time.Second},
		{"% Excessive querying, grace period of 300 seconds.\n", whoislookup.VerdictThrottled, 5 * time.Minute},
		{"% Error: 55000000002 Connection refused; access control limit exceeded.\n", whoislookup.VerdictThrottled, 0},
		{"WHOIS LIMIT EXCEEDED - SEE WWW.PIR.ORG/WHOIS FOR DETAILS\n", whoislookup.VerdictThrottled, 0},
		{"Your connection limit exceeded. Please slow down and try again later.\n", whoislookup.VerdictThrottled, 0},
		{"Too many simultaneous connections from your host.\n", whoislookup.VerdictThrottled, 0},
		{"Excessive queries, please wait 2 hours\n", whoislookup.VerdictThrottled, 2 * time.Hour},
		{"Quota exceeded. Try again after 9999999999 minutes.\n", whoislookup.VerdictThrottled, 24 * time.Hour},
		{"Query limit exceeded: 30 requests per 60 seconds\n", whoislookup.VerdictThrottled, 0},
		{"You have reached the maximum allowable number of whois lookups.\n", whoislookup.VerdictThrottled, 0},
		{"The requests are being throttled\n", whoislookup.VerdictThrottled, 0},
		{"Access to this server has been blocked.\n", whoislookup.VerdictDenied, 0},
		{"Your IP has been blocked.\n", whoislookup.VerdictDenied, 0},
		{"HTTP/1.1 429 Too Many Requests\n", whoislookup.VerdictThrottled, 0},
		{"Internal Server Error\n", whoislookup.VerdictUnknown, 0},
	} {
		for _, q := range []string{"190.0.0.1", "example.com", "as262145"} {
			srv := newServer(t, whoistest.Answers{})
			for _, server := range []string{"whois.lacnic.net", "whois.verisign-grs.com"} {
				srv.Handle(server, whoistest.Answer(c.text))
			}
			rec, err := srv.Client().Lookup(t.Context(), q)
			require.Error(t, err, "%s: %q", q, c.text)
			assert.Equal(t, c.verdict, rec.Verdict, "%s: %q", q, c.text)
			assert.Equal(t, c.after, rec.RetryAfter, "%s: %q", q, c.text)
		}
	}
}
