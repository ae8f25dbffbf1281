package whoislookup_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/servers"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

// TestRemarksThatLookLikeRWhoisAreNoReferral: a continued line of somebody's
// remarks may start with anything, also with what RWhois servers refer with.
func TestRemarksThatLookLikeRWhoisAreNoReferral(t *testing.T) {
	const refer = "%referral rwhois://evil.example:4321/auth-area=."
	for _, line := range []string{"   " + refer, "\t" + refer, "+" + refer, refer} {
		srv := newServer(t, whoistest.Answers{"whois.ripe.net": {
			"2.0.0.1": "inetnum: 2.0.0.0 - 2.0.255.255\nnetname: X\norg: ORG-A\nremarks: read this\n" + line + "\nsource: RIPE\n\norganisation: ORG-A\norg-name: Real\n",
		}})
		srv.Handle("evil.example", whoistest.Answer("network:IP-Network:2.0.0.0/24\nnetwork:Org-Name:Evil\n"))
		rec, err := srv.Client().Lookup(t.Context(), "2.0.0.1")
		require.NoError(t, err)
		assert.Equal(t, "Real", rec.Holder.Name, "%q", line)
		assert.Len(t, srv.Queries(), 1, "%q", line)
	}
}

func TestRWhoisServersReferToOneAnother(t *testing.T) {
	srv := newServer(t, whoistest.Answers{
		"whois.arin.net":        {"192.5.1.1": "NetRange: 192.5.0.0 - 192.5.255.255\nOrgName: Provider\n\nReferralServer: rwhois://rwhois.a.example:4321\n"},
		"rwhois.a.example":      {"192.5.1.1": "%rwhois V-1.5:003fff:00 rwhois.a.example\n%referral rwhois://rwhois.b.example:4321/auth-area=192.5.1.0/24\n%ok\n"},
		"rwhois.b.example":      {"192.5.1.1": "%rwhois V-1.5:003fff:00 rwhois.b.example\nnetwork:IP-Network:192.5.1.0/28\nnetwork:Org-Name:Customer\n%ok\n"},
		"unrelated.example.com": {},
	})
	rec, err := srv.Client().Lookup(t.Context(), "192.5.1.1")
	require.NoError(t, err)
	assert.Equal(t, "Customer", rec.Holder.Name)
	assert.Empty(t, rec.Gaps())
}

// TestReferralsWithoutEndAreToldBesideAnAnswer: what is there stands, and that
// more was to be asked is not kept quiet.
func TestReferralsWithoutEndAreToldBesideAnAnswer(t *testing.T) {
	srv := newServer(t, whoistest.Answers{"whois.arin.net": {
		"192.5.1.1": "NetRange: 192.5.0.0 - 192.5.255.255\nOrgName: Provider\n\nReferralServer: rwhois://r0.example:4321\n",
	}})
	for i := range 10 {
		srv.Handle(fmt.Sprintf("r%d.example", i), whoistest.Answer(fmt.Sprintf("%%rwhois V-1.5\n%%referral rwhois://r%d.example:4321/auth-area=.\n%%ok\n", i+1)))
	}
	rec, err := srv.Client().Lookup(t.Context(), "192.5.1.1")
	require.NoError(t, err)
	assert.Equal(t, "Provider", rec.Holder.Name)
	assert.Len(t, rec.Hops, 6)
	require.Len(t, rec.Gaps(), 1)
	assert.Equal(t, "the answer of r5.example (referred to, and not asked)", rec.Gaps()[0].String())
	again, err := whoislookup.Assemble(rec.Query, rec.Hops)
	require.NoError(t, err)
	assert.Equal(t, rec, again, "saved evidence says so too")
}

func TestOnlyAServerOfOnesOwnHasAnyPort(t *testing.T) {
	srv := newServer(t, whoistest.Answers{})
	srv.Handle("my.example", whoistest.Answer("%rwhois V-1.5\n%referral rwhois://victim.example:22/auth-area=.\n%ok\n"))
	srv.Handle("victim.example", whoistest.Answer("SSH-2.0\n"))
	c := srv.Client()
	c.Server = "my.example:4343"
	_, err := c.Lookup(t.Context(), "8.8.8.8")
	require.ErrorIs(t, err, whoislookup.ErrUnsafeTarget)
	require.Len(t, srv.Queries(), 1)
	assert.Equal(t, "4343", srv.Queries()[0].Port)
}

// TestAddressesThatDNS64Makes: on a network with IPv6 only, a server that has
// IPv4 only is reached through one of them.
func TestAddressesThatDNS64Makes(t *testing.T) {
	for addr, public := range map[string]bool{
		"64:ff9b::808:808": true, "64:ff9b::a00:1": false, "64:ff9b::7f00:1": false, "64:ff9b::a9fe:a9fe": false,
		"64:ff9b:1::808:808": false, "2002:a00:1::1": false, "2002:808:808::1": true, "2001:0:808:808::f5ff:fffe": false, "::10.0.0.1": false,
		"192.88.99.1": false, "100:0:0:1::1": false, "3fff::1": false, "5f00::1": false, "fec0::1": false, "198.18.0.1": false, "240.0.0.1": false,
	} {
		dialed := false
		c := &whoislookup.Client{Server: addr, Dial: func(context.Context, string, string) (net.Conn, error) {
			dialed = true
			return nil, net.ErrClosed
		}}
		_, err := c.Lookup(t.Context(), "8.8.8.8")
		assert.Equal(t, public, dialed, addr)
		assert.Equal(t, public, !errors.Is(err, whoislookup.ErrUnsafeTarget), "%s: %v", addr, err)
	}
}

// TestPartOfANetworkAtARIN: ARIN finds a prefix as such only, and the network
// that it is a part of by an address.
func TestPartOfANetworkAtARIN(t *testing.T) {
	network := whoistest.Blog()["whois.arin.net"]["104.20.75.37"]
	srv := newServer(t, whoistest.Answers{"whois.arin.net": {
		"r + = 104.20.0.0/16": "No match found for r + = 104.20.0.0/16.\n",
		"n + 104.20.0.0":      network,
	}})
	rec, err := srv.Client().Lookup(t.Context(), "104.20.0.0/16")
	require.NoError(t, err)
	assert.Equal(t, "CloudFlare, Inc.", rec.Holder.Name)
	assert.Equal(t, "104.16.0.0/12", rec.Network.Range.String())
	assert.Len(t, rec.Hops, 2)

	// A network around the address is none around the prefix.
	srv = newServer(t, whoistest.Answers{"whois.arin.net": {
		"r + = 104.0.0.0/8": "No match found.\n",
		"n + 104.0.0.0":     strings.NewReplacer("104.16.0.0 - 104.31", "104.0.0.0 - 104.15").Replace(network),
	}})
	rec, err = srv.Client().Lookup(t.Context(), "104.0.0.0/8")
	require.ErrorIs(t, err, whoislookup.ErrGarbage)
	assert.Equal(t, whoislookup.VerdictUnknown, rec.Verdict)

	// That neither is there is "not found", and no answer to the second is not.
	srv = newServer(t, whoistest.Answers{"whois.arin.net": {}})
	_, err = srv.Client().Lookup(t.Context(), "104.20.0.0/16")
	require.NoError(t, err)
	asked := 0
	srv.Handle("whois.arin.net", func(conn net.Conn, line string) {
		if asked++; asked > 1 {
			whoistest.Reset("")(conn, line)
			return
		}
		whoistest.Answer("No match found.\n")(conn, line)
	})
	rec, err = srv.Client().Lookup(t.Context(), "104.20.0.0/16")
	require.ErrorIs(t, err, whoislookup.ErrUnreachable)
	assert.Equal(t, whoislookup.VerdictUnknown, rec.Verdict)
}

func TestIANAIsAskedForAServerThatKnowsNothing(t *testing.T) {
	iana := "% IANA WHOIS server\n\nrefer:        whois.apnic.net\n\ninetnum:      2.0.0.0 - 2.255.255.255\norganisation: APNIC\nsource:       IANA\n"
	for rule, answer := range map[string]string{
		"not kept here": "inetnum: 2.0.0.0 - 2.0.255.255\nnetname: NON-RIPE-NCC-MANAGED-ADDRESS-BLOCK\ndescr: not here\nsource: RIPE\n",
		"a web page":    "<html>moved</html>\n",
		"nothing":       "",
	} {
		t.Run(rule, func(t *testing.T) {
			srv := newServer(t, whoistest.Answers{
				"whois.ripe.net":  {"2.0.0.1": answer},
				"whois.iana.org":  {"2.0.0.1": iana},
				"whois.apnic.net": {"2.0.0.1": "inetnum: 2.0.0.0 - 2.0.0.255\nnetname: X\ndescr: Good\nsource: APNIC\n"},
			})
			rec, err := srv.Client().Lookup(t.Context(), "2.0.0.1")
			require.NoError(t, err)
			assert.Equal(t, "Good", rec.Holder.Name)
			assert.Len(t, rec.Hops, 3)

			srv = newServer(t, whoistest.Answers{
				"whois.ripe.net": {"2.0.0.1": answer},
				"whois.iana.org": {"2.0.0.1": strings.ReplaceAll(iana, "apnic", "ripe")},
			})
			rec, err = srv.Client().Lookup(t.Context(), "2.0.0.1")
			require.Error(t, err, "IANA names the same server")
			assert.Empty(t, rec.Holder.Name)
			assert.Len(t, srv.Queries(), 2)
		})
	}
}

// TestRDAPRefusalTellsMoreThanAServerThatIsDown: who was throttled over RDAP,
// and found nobody over WHOIS, is to come back later.
func TestRDAPRefusalTellsMoreThanAServerThatIsDown(t *testing.T) {
	srv := newServer(t, whoistest.Answers{})
	require.NoError(t, srv.HandleRDAP("rdap.lacnic.net", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusTooManyRequests)
	})))
	rec, err := srv.Client().Lookup(t.Context(), "190.0.0.1")
	require.ErrorIs(t, err, whoislookup.ErrThrottled)
	assert.Equal(t, whoislookup.VerdictThrottled, rec.Verdict)
	e, ok := errors.AsType[whoislookup.Pause](err)
	require.True(t, ok)
	assert.Equal(t, 2*time.Minute, e.RetryAfter())
	assert.Len(t, rec.Hops, 3)
}

func TestRetryAfterIsADayAtMost(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"604800": 24 * time.Hour, "99999999999999999999": 24 * time.Hour, "0": 0, "-5": 0, "soon": 0,
		time.Now().Add(72 * time.Hour).UTC().Format(http.TimeFormat): 24 * time.Hour,
		time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat):     0,
	} {
		srv := newServer(t, whoistest.Answers{})
		require.NoError(t, srv.HandleRDAP("rdap.lacnic.net", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(http.StatusTooManyRequests)
		})))
		rec, err := srv.Client().Lookup(t.Context(), "190.0.0.1")
		assert.Equal(t, want, rec.RetryAfter, header)
		e, ok := errors.AsType[whoislookup.Pause](err)
		if assert.Equal(t, want > 0, ok, header) && ok {
			assert.Equal(t, want, e.RetryAfter(), header)
		}
	}
}

// TestRDAPOfTheZoneAboveIsNotAsked: the registry of com has no names in uk.com,
// so that it finds none says nothing.
func TestRDAPOfTheZoneAboveIsNotAsked(t *testing.T) {
	const answer = "Domain Name: example.uk.com\nRegistrant Name: Good\nCreation Date: 2015-08-13T04:00:00Z\n"
	srv := newServer(t, whoistest.Answers{"whois.centralnic.net": {"example.uk.com": answer}})
	require.NoError(t, srv.HandleRDAP("rdap.verisign.com", whoistest.RDAP(nil)))
	rec, err := srv.Client().Lookup(t.Context(), "example.uk.com")
	require.NoError(t, err)
	assert.Equal(t, "Good", rec.Holder.Name)
	assert.Len(t, srv.Queries(), 1)

	for rule, file := range map[string]string{
		"the zone above only": `[[["com"],["https://rdap.verisign.com/com/v1/"]]]`,
		"its own":             `[[["com"],["https://rdap.verisign.com/com/v1/"]],[["uk.com"],["https://rdap.centralnic.example/"]]]`,
	} {
		srv := newServer(t, whoistest.Answers{"whois.centralnic.net": {"example.uk.com": answer}})
		require.NoError(t, srv.HandleRDAP("rdap.verisign.com", whoistest.RDAP(nil)))
		require.NoError(t, srv.HandleRDAP("rdap.centralnic.example", whoistest.RDAP(map[string]string{"/domain/example.uk.com": `{"objectClassName":"domain","ldhName":"example.uk.com"}`})))
		b, err := servers.ParseBootstrap([]byte(`{"version":"1.0","services":` + file + `}`))
		require.NoError(t, err)
		c := srv.Client()
		c.Bootstrap = []servers.Bootstrap{b}
		rec, err := c.Lookup(t.Context(), "example.uk.com")
		require.NoError(t, err, rule)
		require.Len(t, rec.Hops, 1, rule)
		assert.NotEqual(t, "rdap.verisign.com", rec.Hops[0].Server, rule)
	}
	// Zones of one registry share its service.
	srv = newServer(t, whoistest.Answers{})
	require.NoError(t, srv.HandleRDAP("rdap.nominet.uk", whoistest.RDAP(map[string]string{"/uk/domain/example.co.uk": `{"objectClassName":"domain","ldhName":"example.co.uk"}`})))
	rec, err = srv.Client().Lookup(t.Context(), "example.co.uk")
	require.NoError(t, err)
	assert.Equal(t, "rdap.nominet.uk", rec.Server)
}

func TestMappedPrefixesAreThoseOfIPv4(t *testing.T) {
	srv := newServer(t, whoistest.Answers{"whois.arin.net": {"104.16.0.0/12": whoistest.Blog()["whois.arin.net"]["104.20.75.37"]}})
	rec, err := srv.Client().Prefix(t.Context(), netip.MustParsePrefix("::ffff:104.16.0.0/108"))
	require.NoError(t, err)
	assert.Equal(t, "104.16.0.0/12", rec.Query.Prefix.String())
	assert.Equal(t, "CloudFlare, Inc.", rec.Holder.Name)
	rec, _ = srv.Client().Prefix(t.Context(), netip.MustParsePrefix("::ffff:0.0.0.0/96"))
	assert.Equal(t, "0.0.0.0/0", rec.Query.Text, "all of IPv4 is not its first block")
	rec, err = srv.Client().Lookup(t.Context(), "::ffff:10.1.0.0/112")
	require.NoError(t, err)
	assert.Equal(t, "10.0.0.0/8", rec.Network.Range.String())
}

func TestNumbersThatAreNoASNumbersAreNotAskedFor(t *testing.T) {
	for _, text := range []string{"AS4294967296", "4294967296", "as99999999999", "AS 4294967296", "99999999999999999999", "65536.1", "1.65536"} {
		_, err := whoislookup.ParseQuery(text)
		require.ErrorIs(t, err, whoislookup.ErrBadQuery, text)
	}
	for text, want := range map[string]uint32{"AS4294967295": 4294967295, "as0": 0, "65535.65535": 4294967295, "ASN13335": 13335} {
		q, err := whoislookup.ParseQuery(text)
		require.NoError(t, err, text)
		assert.Equal(t, whoislookup.KindASN, q.Kind, text)
		assert.Equal(t, want, q.ASN, text)
	}
}

// TestRDAPThatKnowsNothingOfANumber: another registry may keep it by now, and
// WHOIS refers to that one. Of a name, its registry knows.
func TestRDAPThatKnowsNothingOfANumber(t *testing.T) {
	srv := newServer(t, whoistest.Blog())
	require.NoError(t, srv.HandleRDAP("rdap.arin.net", whoistest.RDAP(nil)))
	require.NoError(t, srv.HandleRDAP("rdap.verisign.com", whoistest.RDAP(nil)))
	rec, err := srv.Client().Lookup(t.Context(), "138.0.155.10")
	require.NoError(t, err)
	assert.Equal(t, "Gigared S.A.", rec.Holder.Name)
	require.Len(t, rec.Differences, 1)
	assert.Equal(t, opskit.Change{What: "verdict", Old: "not_found", New: "found"}, rec.Differences[0])

	_, err = srv.Client().Lookup(t.Context(), "104.1.0.1")
	require.NoError(t, err, "both know nothing")
	before := len(srv.Queries())
	_, err = srv.Client().Lookup(t.Context(), "example.com")
	require.NoError(t, err)
	assert.Len(t, srv.Queries(), before+1)
}

// TestSpaceThatTheRegistryHasYetToHandOut has nobody for a holder.
func TestSpaceThatTheRegistryHasYetToHandOut(t *testing.T) {
	srv := newServer(t, whoistest.Answers{"whois.lacnic.net": {
		"190.0.0.1": "inetnum: 190.0.0/22\nstatus: unallocated\nowner: LACNIC - Latin American and Caribbean IP address\nownerid: UY-LACN-LACNIC\ncountry: UY\n",
	}})
	rec, err := srv.Client().Lookup(t.Context(), "190.0.0.1")
	require.NoError(t, err)
	assert.Equal(t, whoislookup.VerdictNotFound, rec.Verdict)
	assert.Empty(t, rec.Holder)
	assert.Empty(t, rec.Country)

	require.NoError(t, srv.HandleRDAP("rdap.lacnic.net", whoistest.RDAP(map[string]string{
		"/rdap/ip/190.0.0.1": `{"objectClassName":"ip network","startAddress":"190.0.0.0","endAddress":"190.0.3.255","type":"UNALLOCATED",` + holderInRDAP,
	})))
	rec, err = srv.Client().Lookup(t.Context(), "190.0.0.1")
	require.NoError(t, err)
	assert.Empty(t, rec.Holder)
}

// TestARegistrarThatRefersBack leaves nothing open: the registry was asked.
func TestARegistrarThatRefersBack(t *testing.T) {
	srv := newServer(t, whoistest.Answers{
		"whois.verisign-grs.com": {"example.com": "   Domain Name: EXAMPLE.COM\r\n   Registrar: R\r\n   Registrar WHOIS Server: whois.r.example\r\n"},
		"whois.r.example":        {"example.com": "Registrar WHOIS Server: whois.verisign-grs.com\nDomain Name: EXAMPLE.COM\nRegistrar: R\n"},
	})
	rec, err := srv.Client().Lookup(t.Context(), "example.com")
	require.NoError(t, err)
	assert.Len(t, srv.Queries(), 2)
	assert.Empty(t, rec.Gaps())
}

// TestIANAKnowsNoHandles: that it finds none says nothing where the registry
// could not be reached.
func TestIANAKnowsNoHandles(t *testing.T) {
	srv := newServer(t, whoistest.Answers{})
	srv.Handle("whois.iana.org", whoistest.Answer("% IANA WHOIS server\n% This query returned 0 objects.\n"))
	for rule, h := range map[string]whoistest.Handler{"broken off": whoistest.Reset(""), "nothing": whoistest.Answer(""), "a web page": whoistest.Answer("<html>x</html>")} {
		srv.Handle("whois.ripe.net", h)
		rec, err := srv.Client().Lookup(t.Context(), "ORG-X1-RIPE")
		require.Error(t, err)
		assert.Equal(t, whoislookup.VerdictUnknown, rec.Verdict, rule)
	}
	_, err := srv.Client().Lookup(t.Context(), "example.nosuchzone")
	require.NoError(t, err, "but which zones there are, it knows")
}
