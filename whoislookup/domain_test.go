package whoislookup_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

const registryAnswer = `Domain Name: EXAMPLE-SHOP.COM
Registry Domain ID: 12345_DOMAIN_COM-VRSN
Registrar WHOIS Server: whois.registrar.example.net
Registrar URL: http://www.registrar.example.net
Updated Date: 2015-08-14T07:41:34Z
Creation Date: 1995-08-14T04:00:00Z
Registry Expiry Date: 2026-08-13T04:00:00Z
Registrar: Example Registrar Ltd
Registrar IANA ID: 9999
Domain Status: clientTransferProhibited https://icann.org/epp#clientTransferProhibited
Domain Status: server hold
Name Server: NS1.EXAMPLE.NET
Name Server: NS2.EXAMPLE.NET
DNSSEC: unsigned
>>> Last update of whois database: 2015-12-12T09:28:12Z <<<

The data in the registry's database is provided for information purposes.
You agree that requests are limited; a quota may be exceeded otherwise.
`

const registrarAnswer = `Domain Name: example-shop.com
Registrar Registration Expiration Date: 2025-01-01T00:00:00Z
Registrant Name: REDACTED FOR PRIVACY
Registrant Organization: Example Shop Ltd
Registrant Country: IE
Registrant Email: hostmaster@EXAMPLE-SHOP.COM
Tech Organization: Example Operations
`

func TestTranscriptWithHeadingsIsSeveralAnswers(t *testing.T) {
	transcript := "% IANA WHOIS server\n\nrefer:        whois.nic.live\n\ndomain:       LIVE\n\norganisation: Example Registry\n\nstatus:       ACTIVE\ncreated:      2015-06-25\nsource:       IANA\n" +
		"\n# whois.nic.live\n\nDomain Name: example.live\nCreation Date: 2019-02-03T04:05:06Z\nName Server: ns1.example.net\n"
	for _, end := range []string{"\n", "\r\n"} {
		rec, err := whoislookup.Parse("", []byte(strings.ReplaceAll(transcript, "\n", end)))
		require.NoError(t, err)
		assert.Equal(t, "example.live", rec.Domain.Name, "%q", end)
		assert.Equal(t, whoislookup.Date("2019-02-03T04:05:06Z"), rec.Created, "%q", end)
		assert.Len(t, rec.Hops, 2, "%q", end)
	}
}

func TestDomainFollowsTheRegistrarForTheHolder(t *testing.T) {
	srv := newServer(t, whoistest.Answers{
		"whois.verisign-grs.com":      {"example-shop.com": registryAnswer},
		"whois.registrar.example.net": {"example-shop.com": registrarAnswer},
	})
	rec, err := srv.Client().Domain(t.Context(), "Example-Shop.COM.")
	require.NoError(t, err)
	assert.Equal(t, []string{"whois.verisign-grs.com domain example-shop.com", "whois.registrar.example.net example-shop.com"}, asked(srv))
	assert.Equal(t, "Example Shop Ltd", rec.Holder.Name)
	assert.Equal(t, "IE", rec.Country)
	d := rec.Domain
	assert.Equal(t, "example-shop.com", d.Name)
	assert.Equal(t, "Example Registrar Ltd", d.Registrar.Name)
	assert.Equal(t, "9999", d.Registrar.Handle)
	assert.Equal(t, []string{"ns1.example.net", "ns2.example.net"}, d.Nameservers)
	assert.Equal(t, []whoislookup.Status{"clientTransferProhibited", "serverHold"}, d.Status)
	assert.Equal(t, whoislookup.Date("2026-08-13T04:00:00Z"), rec.Expires, "the registry's date counts, not the registrar's")
	assert.Equal(t, "hostmaster@example-shop.com", d.Registrant.Email)
	where, ok := rec.Where("holder.name")
	require.True(t, ok)
	assert.Equal(t, 1, where.Hop)
	assert.Equal(t, 4, where.Line)
	assert.Equal(t, whoislookup.PresenceRedacted, rec.Presence("domain.registrant.name"))

	in, because := d.Delegated()
	assert.Equal(t, whoislookup.AnswerNo, in)
	assert.Equal(t, whoislookup.Status("serverHold"), because)
	missing, extra, ok := d.CompareNameservers([]string{"NS1.example.net.", "ns9.example.net"})
	require.True(t, ok)
	assert.Equal(t, []string{"ns9.example.net"}, missing)
	assert.Equal(t, []string{"ns2.example.net"}, extra)
}

func TestDomainThatNobodyHolds(t *testing.T) {
	srv := newServer(t, whoistest.Answers{"whois.verisign-grs.com": {"nosuch.com": "No match for \"NOSUCH.COM\".\n>>> Last update <<<\n\nYou are not authorized to access our servers with programs that ask\nagain and again without a pause in between.\n"}})
	rec, err := srv.Client().Domain(t.Context(), "nosuch.com")
	require.NoError(t, err)
	assert.Equal(t, whoislookup.VerdictNotFound, rec.Verdict)
	assert.Contains(t, rec.String(), "not registered")
}

func TestInternationalName(t *testing.T) {
	srv := newServer(t, whoistest.Answers{"whois.denic.de": {"xn--mnchen-3ya.de": "Domain: m\u00fcnchen.de\nDomain-Ace: xn--mnchen-3ya.de\nNserver: ns1.example.net\nStatus: connect\nChanged: 2015-01-02T03:04:05+01:00\n"}})
	rec, err := srv.Client().Domain(t.Context(), "M\u00fcnchen.de")
	require.NoError(t, err)
	assert.Equal(t, "whois.denic.de -T dn,ace xn--mnchen-3ya.de", asked(srv)[0])
	assert.Equal(t, "xn--mnchen-3ya.de", rec.Domain.Name)
	assert.Equal(t, "m\u00fcnchen.de", rec.Domain.Unicode)
	assert.Equal(t, whoislookup.PresenceUnsupported, rec.Presence("expires"))
}

func TestAddressInASentenceBelongsToItsLabel(t *testing.T) {
	const sentence = "write to desk@example.net, please"
	for name, section := range map[string]string{
		"outside of any section":      "",
		"among the nameservers":       "Name Servers:\n  ns1.example.net\n",
		"in another contact's":        "Admin:\n  Jane Doe\n",
		"in one that counts for none": "Reseller:\n  Example Shop\n",
	} {
		t.Run(name, func(t *testing.T) {
			rec, err := whoislookup.Parse("", []byte("Domain Name: example.com\nCreated: 2015-01-02\n"+section+"  Registrant Email: "+sentence+"\n"))
			require.NoError(t, err)
			assert.Equal(t, "desk@example.net", rec.Domain.Registrant.Email)
			for _, c := range rec.Contacts {
				assert.Empty(t, c.Email, c.Role)
			}
			_, ok := rec.Where("domain.registrant.email")
			assert.True(t, ok)
		})
	}
}

func TestDelegatedTellsOnlyAStatusThatDecides(t *testing.T) {
	for name, c := range map[string]struct {
		status []whoislookup.Status
		want   whoislookup.Answer
		why    whoislookup.Status
	}{
		"a hold keeps it out":                     {[]whoislookup.Status{"ok", "serverHold"}, whoislookup.AnswerNo, "serverHold"},
		"ok says so":                              {[]whoislookup.Status{"clientUpdateProhibited", "ok"}, whoislookup.AnswerYes, "ok"},
		"what prohibits a transfer decides not":   {[]whoislookup.Status{"clientTransferProhibited"}, whoislookup.AnswerYes, ""},
		"nameservers alone":                       {nil, whoislookup.AnswerYes, ""},
		"a status of the registry's own is asked": {[]whoislookup.Status{"ok", "CONGELADO"}, whoislookup.AnswerUnknown, "CONGELADO"},
	} {
		d := &whoislookup.Domain{Status: c.status, Nameservers: []string{"ns1.example.net"}}
		in, why := d.Delegated()
		assert.Equal(t, c.want, in, name)
		assert.Equal(t, c.why, why, name)
	}
}
