package whoislookup_test

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

const placeholder = "NetRange: 138.0.0.0 - 138.0.255.255\nNetType: Transferred to LACNIC\n\n" +
	"OrgName: Latin American and Caribbean IP address Regional Registry\nOrgId: LACNIC\nCountry: UY\n\n"

func TestAnswersThatAreNoAnswer(t *testing.T) {
	for _, c := range []struct {
		rule, server, raw string
		want              error
		verdict           whoislookup.Verdict
	}{
		{"empty", "whois.ripe.net", "\r\n \n", whoislookup.ErrGarbage, whoislookup.VerdictUnknown},
		{"binary", "whois.ripe.net", "inetnum: 192.0.2.0/24\x00\x01", whoislookup.ErrGarbage, whoislookup.VerdictUnknown},
		{"prose", "whois.ripe.net", "hello world\n", whoislookup.ErrGarbage, whoislookup.VerdictUnknown},
		{"a web page", "whois.ripe.net", "<!DOCTYPE html><html><h1>Welcome</h1></html>", whoislookup.ErrGarbage, whoislookup.VerdictUnknown},
		{"a web page with status 429", "whois.ripe.net", "<html><title>429 Too Many Requests</title></html>", whoislookup.ErrThrottled, whoislookup.VerdictThrottled},
		{"RIPE database: no entries", "whois.ripe.net", "%ERROR:101: no entries found\n%\n% No entries found in source RIPE.\n", nil, whoislookup.VerdictNotFound},
		{"RIPE database: access denied", "whois.ripe.net", "%ERROR:201: access denied for 192.0.2.1\n%\n% Queries from your IP address have passed the daily limit\n", whoislookup.ErrDenied, whoislookup.VerdictDenied},
		{"LACNIC: rate limit", "whois.lacnic.net", "% Query rate limit exceeded. Reduced information.\n", whoislookup.ErrThrottled, whoislookup.VerdictThrottled},
		{"ARIN: nothing but the terms of use", "whois.arin.net", "\n#\n# Whoever asks here keeps to the rules of use\n#\n\n", whoislookup.ErrThrottled, whoislookup.VerdictThrottled},
		{"ARIN: no match", "whois.arin.net", "#\n# terms\n#\n\nNo match found for n + 192.0.2.1.\n", nil, whoislookup.VerdictNotFound},
	} {
		t.Run(c.rule, func(t *testing.T) {
			rec, err := whoislookup.Parse(c.server, []byte(c.raw))
			require.ErrorIs(t, err, c.want)
			require.NotNil(t, rec)
			assert.Equal(t, c.verdict, rec.Verdict)
			assert.Equal(t, c.raw, string(rec.Hops[0].Raw), "the raw answer is kept")
			assert.Empty(t, rec.Holder.Name)
		})
	}
}

func TestBadQueriesAskNobody(t *testing.T) {
	srv := newServer(t, whoistest.Blog())
	for _, q := range []string{
		"", " ", "1.1.1.1\r\n-a", "example.com\nsecond", "-V x", "-h 127.0.0.1", "!gAS1", "a b", "example.com\x00",
		"example\x1b[2J.com", "10.0.0.1/33", "fe80::1%eth0", "300.1.1.1/8", strings.Repeat("a.", 200) + "net", "..", "AS1-AS5x!",
	} {
		rec, err := srv.Client().Lookup(t.Context(), q)
		require.ErrorIs(t, err, whoislookup.ErrBadQuery, "%q", q)
		assert.Nil(t, rec)
		assert.NotContains(t, err.Error(), "\x1b")
	}
	assert.Empty(t, srv.Queries())
}

func TestPlaceholderIsNeverTheOwner(t *testing.T) {
	for name, h := range map[string]whoistest.Handler{
		"throttled": whoistest.Throttle(), "garbage": whoistest.Answer("hello\n"), "reset": whoistest.Reset(""),
		"not found": whoistest.Answer("% No match\n"),
	} {
		t.Run(name, func(t *testing.T) {
			srv := newServer(t, whoistest.Answers{"whois.arin.net": {
				"138.0.155.10": placeholder + "ReferralServer: whois://whois.lacnic.net\n",
			}})
			srv.Handle("whois.lacnic.net", h)
			rec, err := srv.Client().Lookup(t.Context(), "138.0.155.10")
			require.Error(t, err)
			assert.Equal(t, whoislookup.VerdictElsewhere, rec.Verdict)
			assert.Empty(t, rec.Holder.Name)
			assert.Empty(t, rec.Country)
			assert.Len(t, rec.Hops, 2)
			assert.NotContains(t, rec.String(), "Latin American")
			assert.Equal(t, "138.0.0.0/16", rec.Network.Range.String())
		})
	}
}

func TestReferralLoopsEnd(t *testing.T) {
	answers := whoistest.Answers{}
	srv := newServer(t, answers)
	refer := func(to string) whoistest.Handler {
		return whoistest.Answer(placeholder + "ReferralServer: whois://" + to + "\n")
	}
	srv.Handle("whois.arin.net", refer("a.arin.net"))
	srv.Handle("a.arin.net", refer("b.arin.net"))
	srv.Handle("b.arin.net", refer("whois.arin.net"))
	rec, err := srv.Client().Lookup(t.Context(), "138.0.155.10")
	require.ErrorIs(t, err, whoislookup.ErrLoop)
	assert.Len(t, srv.Queries(), 3, "each server is asked once")
	assert.Len(t, rec.Hops, 3)

	c := srv.Client()
	c.MaxHops = 2
	_, err = c.Lookup(t.Context(), "138.0.155.10")
	require.ErrorIs(t, err, whoislookup.ErrLoop)
	assert.Len(t, srv.Queries(), 5)
}

func TestReferralsToPrivateTargetsAreNotFollowed(t *testing.T) {
	for _, to := range []string{
		"whois://127.0.0.1", "whois://127.0.0.1:22", "whois://[::1]", "whois://169.254.169.254:80", "whois://10.0.0.1",
		"whois://[::ffff:127.0.0.1]", "whois://0.0.0.0", "whois://whois.example.net:22", "rwhois://192.168.1.1:4321",
		"whois://[64:ff9b::7f00:1]", "whois://[2002:7f00:1::1]", "whois://100.64.0.1",
	} {
		t.Run(to, func(t *testing.T) {
			srv := newServer(t, whoistest.Answers{"whois.arin.net": {"138.0.155.10": placeholder + "ReferralServer: " + to + "\n"}})
			c := srv.Client()
			var dialed []string
			c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				dialed = append(dialed, address)
				return srv.Dial(ctx, network, address)
			}
			_, err := c.Lookup(t.Context(), "138.0.155.10")
			require.Error(t, err)
			assert.Equal(t, []string{"whois.arin.net:43"}, dialed)
		})
	}
}

// TestRebindingIsRefusedAtDialTime has a real name lead to loopback: the
// address is checked after DNS, when the connection is made.
func TestRebindingIsRefusedAtDialTime(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	c := &whoislookup.Client{Server: netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(port)).String()}
	_, err = c.Lookup(t.Context(), "192.0.32.1")
	require.ErrorIs(t, err, whoislookup.ErrUnsafeTarget)

	c = &whoislookup.Client{Server: "localhost:" + strings.TrimPrefix(l.Addr().String(), "127.0.0.1:")}
	_, err = c.Lookup(t.Context(), "192.0.32.1")
	require.Error(t, err, "a name that leads to loopback")
	l.(*net.TCPListener).SetDeadline(time.Now().Add(50 * time.Millisecond))
	_, err = l.Accept()
	require.Error(t, err, "nobody connected")
}

func TestTextOfUsersIsNoReferral(t *testing.T) {
	for rule, text := range map[string]string{
		"remarks":            "inetnum: 138.0.152/22\nowner: X\nremarks: refer: evil.example.net\nremarks: ReferralServer: whois://evil.example.net\n",
		"descr without stub": "inetnum: 138.0.0.0/16\nowner: X\ndescr: Transferred to the RIPE region on 2015-01-01.\nmnt-by: MAINT-X\n",
		"refer at LACNIC":    "inetnum: 138.0.152/22\nowner: X\n\nrefer: evil.example.net\n",
		"holder's name":      "inetnum: 138.0.152/22\nowner: Found a referral to evil.example.net.\n\nFound a referral to evil.example.net.\n\n",
	} {
		t.Run(rule, func(t *testing.T) {
			srv := newServer(t, whoistest.Answers{"whois.lacnic.net": {"190.0.152.1": strings.ReplaceAll(text, "138.0.", "190.0.")}})
			_, err := srv.Client().Lookup(t.Context(), "190.0.152.1")
			require.NoError(t, err)
			assert.Len(t, srv.Queries(), 1)
		})
	}
}

func TestIANAIsAskedWhereTheTableFails(t *testing.T) {
	srv := newServer(t, whoistest.Answers{
		"whois.iana.org":      {"example.newtld": "% IANA WHOIS server\n\nrefer:        whois.other.example\n\ndomain:       NEWTLD\n\norganisation: Example Registry\n\nwhois:        whois.other.example\n\nstatus:       ACTIVE\ncreated:      2015-06-25\nsource:       IANA\n"},
		"whois.other.example": {"example.newtld": "Domain Name: example.newtld\nRegistrar: Example Registrar\nRegistrant Name: Example Holder\nCreation Date: 2016-01-02\n"},
	})
	rec, err := srv.Client().Domain(t.Context(), "example.newtld")
	require.NoError(t, err)
	assert.Equal(t, "Example Holder", rec.Holder.Name, "not the registry of the top-level domain")
	assert.Equal(t, "example.newtld", rec.Domain.Name)
	assert.Equal(t, []string{"whois.nic.newtld", "whois.iana.org", "whois.other.example"}, []string{rec.Hops[0].Server, rec.Hops[1].Server, rec.Hops[2].Server})

	srv.Handle("whois.other.example", whoistest.Throttle())
	rec, err = srv.Client().Domain(t.Context(), "example.newtld")
	require.ErrorIs(t, err, whoislookup.ErrThrottled)
	assert.Nil(t, rec.Domain, "what IANA says about the zone is not about the name")
	assert.Empty(t, rec.Holder.Name)

	srv = newServer(t, whoistest.Answers{"whois.iana.org": {"190.0.0.1": "refer:        whois.lacnic.net\n\ninetnum:      190.0.0.0 - 190.255.255.255\norganisation: LACNIC\nsource:       IANA\n"}})
	rec, err = srv.Client().Lookup(t.Context(), "190.0.0.1")
	require.Error(t, err, "the server that IANA names is the one that is down")
	assert.Equal(t, whoislookup.VerdictElsewhere, rec.Verdict)
	assert.Empty(t, rec.Holder.Name)
	assert.Len(t, rec.Hops, 2)
}

func TestAPNICStubIsFollowed(t *testing.T) {
	srv := newServer(t, whoistest.Answers{
		"whois.apnic.net": {"1.0.0.1": "inetnum: 1.0.0.0 - 1.0.0.255\nnetname: STUB-1\ndescr: Transferred to the RIPE region on 2015-01-01T00:00:00Z.\nmnt-by: APNIC-STUB\n"},
		"whois.ripe.net":  {"1.0.0.1": "inetnum: 1.0.0.0 - 1.0.0.255\nnetname: X\norg: ORG-X-RIPE\n\norganisation: ORG-X-RIPE\norg-name: Example Holder\n"},
	})
	rec, err := srv.Client().Lookup(t.Context(), "1.0.0.1")
	require.NoError(t, err)
	assert.Equal(t, "Example Holder", rec.Holder.Name)
}

func TestAnswerAboutAnotherRangeIsNotBelieved(t *testing.T) {
	srv := newServer(t, whoistest.Answers{"whois.lacnic.net": {"190.0.0.1": "inetnum: 200.0.0.0/8\nowner: Liar\n"}})
	rec, err := srv.Client().Lookup(t.Context(), "190.0.0.1")
	require.ErrorIs(t, err, whoislookup.ErrGarbage)
	assert.Nil(t, rec.Network)
	assert.Empty(t, rec.Holder.Name)
}

func TestLimitsHold(t *testing.T) {
	srv := newServer(t, whoistest.Answers{})
	c := srv.Client()
	for _, s := range []struct {
		rule    string
		h       whoistest.Handler
		timeout time.Duration
		want    error
	}{
		{"endless lines", whoistest.Endless("remarks: x\n"), 10 * time.Second, whoislookup.ErrTooBig},
		{"one endless line", whoistest.Endless("x"), 10 * time.Second, whoislookup.ErrTooBig},
		{"drip", whoistest.Drip("x", 10*time.Millisecond), 200 * time.Millisecond, whoislookup.ErrUnreachable},
		{"silent", whoistest.Silent(), 200 * time.Millisecond, whoislookup.ErrUnreachable},
	} {
		t.Run(s.rule, func(t *testing.T) {
			c.Timeout = s.timeout
			srv.Handle("whois.lacnic.net", s.h)
			start := time.Now()
			rec, err := c.Lookup(t.Context(), "190.0.0.1")
			require.ErrorIs(t, err, s.want)
			assert.Less(t, time.Since(start), s.timeout+2*time.Second)
			assert.LessOrEqual(t, len(rec.Hops[0].Raw), 1<<20)
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Lookup(ctx, "190.0.0.1")
	require.ErrorIs(t, err, context.Canceled)
}

func TestTerminalSafety(t *testing.T) {
	raw := "inetnum: 190.0.0.0/22\nowner: \x1b[2J\x1b]0;pwned\x07 \u009b31m \u202egnol\u202c X\ncountry: AR\n"
	rec, err := whoislookup.Parse("whois.lacnic.net", []byte(raw))
	require.NoError(t, err)
	for _, r := range rec.String() {
		assert.False(t, r < ' ' && r != '\n' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x202e, "%U", r)
	}
	assert.Contains(t, rec.String(), "terminal's control sequence left out (2 times)")
	assert.Equal(t, raw, string(rec.Hops[0].Raw))
}

func TestSixToFourAndTeredoTellBothOwners(t *testing.T) {
	srv := newServer(t, whoistest.Answers{
		"whois.arin.net":   {"104.20.75.37": whoistest.Blog()["whois.arin.net"]["104.20.75.37"]},
		"whois.lacnic.net": {"190.57.233.170": whoistest.Blog()["whois.lacnic.net"]["190.57.233.170"]},
	})
	rec, err := srv.Client().Lookup(t.Context(), "2002:6814:4b25::1") // 104.20.75.37
	require.NoError(t, err)
	assert.Equal(t, "6to4", rec.Network.Name)
	require.Len(t, rec.Embedded, 1)
	assert.Equal(t, "CloudFlare, Inc.", rec.Embedded[0].Holder.Name)

	rec, _ = srv.Client().Lookup(t.Context(), "2001:0:6814:4b25::41c6:1655") // server, and 190.57.233.170 inverted
	require.Len(t, rec.Embedded, 2)
	assert.Equal(t, "EDITORIAL LA PAGINA S.A.", rec.Embedded[0].Holder.Name)
	assert.Equal(t, "CloudFlare, Inc.", rec.Embedded[1].Holder.Name)
	assert.Contains(t, rec.String(), "CloudFlare")
}
