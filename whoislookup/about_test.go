package whoislookup_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

// holderInRDAP is the end of an RDAP answer that names Evil as registrant.
const holderInRDAP = `"entities":[{"roles":["registrant"],"vcardArray":["vcard",[["fn",{},"text","Evil"]]]}]}`

// TestAnswerAboutAnotherThingIsNotBelieved: a server that mixes up its answers,
// or lies, makes nobody the holder.
func TestAnswerAboutAnotherThingIsNotBelieved(t *testing.T) {
	for _, c := range []struct {
		rule, server, query, answer string
	}{
		{"another domain", "whois.verisign-grs.com", "example.com", "Domain Name: OTHER.COM\nRegistrant Name: Evil\nCreation Date: 2015-08-13T04:00:00Z\n"},
		{"a name that ends alike", "whois.verisign-grs.com", "example.com", "Domain Name: ANEXAMPLE.COM\nRegistrant Name: Evil\nCreation Date: 2015-08-13T04:00:00Z\n"},
		{"the zone above, of two labels", "whois.nic.uk", "example.co.uk", "Domain Name: CO.UK\nRegistrant Name: Evil\nCreation Date: 2015-08-13T04:00:00Z\n"},
		{"a network in place of a domain", "whois.verisign-grs.com", "example.com", "inetnum: 190.0.0.0/16\nowner: Evil\n"},
		{"a domain in place of an address", "whois.lacnic.net", "190.0.0.1", "Domain Name: OTHER.COM\nRegistrant Name: Evil\nCreation Date: 2015-08-13T04:00:00Z\n"},
		{"an AS in place of an address", "whois.lacnic.net", "190.0.0.1", "aut-num: AS262146\nowner: Evil\n"},
		{"a part of the prefix", "whois.lacnic.net", "190.0.0.0/16", "inetnum: 190.0.5.0/24\nowner: Evil\n"},
		{"two parts of the prefix", "whois.lacnic.net", "190.0.0.0/16", "inetnum: 190.0.5.0/24\nowner: Evil\n\ninetnum: 190.0.6.0/24\nowner: Evil\n"},
		{"a part of the prefix, in a list", "whois.arin.net", "8.0.0.0/16", "Evil EVIL-NET (NET-8-0-5-0-1) 8.0.5.0 - 8.0.5.255\n"},
		{"another AS", "whois.lacnic.net", "as262145", "aut-num: AS262146\nowner: Evil\n"},
		{"a domain in place of an AS", "whois.lacnic.net", "as262145", "Domain Name: OTHER.COM\nRegistrant Name: Evil\nCreation Date: 2015-08-13T04:00:00Z\n"},
		{"a network in place of an AS", "whois.lacnic.net", "as262145", "inetnum: 190.0.0.0/16\nowner: Evil\n"},
		{"RDAP: another domain", "rdap.verisign.com", "example.com", `{"objectClassName":"domain","ldhName":"other.com",` + holderInRDAP},
		{"RDAP: the zone above", "rdap.verisign.com", "example.com", `{"objectClassName":"domain","ldhName":"com",` + holderInRDAP},
		{"RDAP: a nameserver", "rdap.verisign.com", "example.com", `{"objectClassName":"nameserver","ldhName":"ns1.other.com",` + holderInRDAP},
		{"RDAP: a domain without a name", "rdap.verisign.com", "example.com", `{"objectClassName":"domain",` + holderInRDAP},
		{"RDAP: a domain in place of an address", "rdap.arin.net", "8.8.8.8", `{"objectClassName":"domain","ldhName":"other.com",` + holderInRDAP},
		{"RDAP: an AS in place of an address", "rdap.arin.net", "8.8.8.8", `{"objectClassName":"autnum","startAutnum":1,"endAutnum":1,` + holderInRDAP},
		{"RDAP: a part of the prefix", "rdap.arin.net", "8.0.0.0/16", `{"objectClassName":"ip network","startAddress":"8.0.5.0","endAddress":"8.0.5.255",` + holderInRDAP},
		{"RDAP: another AS", "rdap.lacnic.net", "as262145", `{"objectClassName":"autnum","startAutnum":1,"endAutnum":1,` + holderInRDAP},
		{"RDAP: a network in place of an AS", "rdap.lacnic.net", "as262145", `{"objectClassName":"ip network","startAddress":"8.0.5.0","endAddress":"8.0.5.255",` + holderInRDAP},
	} {
		t.Run(c.rule, func(t *testing.T) {
			srv := newServer(t, whoistest.Answers{})
			client := srv.Client()
			if c.server[0] == 'r' {
				require.NoError(t, srv.HandleRDAP(c.server, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, c.answer) })))
				client = srv.Client()
				client.Protocols = []string{"rdap"}
			} else {
				srv.Handle(c.server, whoistest.Answer(c.answer))
			}
			rec, err := client.Lookup(t.Context(), c.query)
			require.ErrorIs(t, err, whoislookup.ErrGarbage)
			require.NotNil(t, rec)
			assert.Equal(t, whoislookup.VerdictUnknown, rec.Verdict)
			assert.Empty(t, rec.Holder.Name)
			assert.Nil(t, rec.Domain)
			assert.Nil(t, rec.Network)
			assert.Nil(t, rec.AS)
			assert.Empty(t, rec.Sources)
			assert.Contains(t, string(rec.Hops[0].Raw), "Evil", "the answer is kept all the same")
		})
	}
}

// TestTheRegistrarsAnswerIsAboutTheName: what the registrar says of another
// name is not mixed into the registry's answer.
func TestTheRegistrarsAnswerIsAboutTheName(t *testing.T) {
	srv := newServer(t, whoistest.Answers{
		"whois.verisign-grs.com":      {"example-shop.com": registryAnswer},
		"whois.registrar.example.net": {"example-shop.com": "Domain Name: OTHER.COM\nRegistrar: R\nRegistrant Name: Evil\nRegistrant Country: FR\nCreation Date: 2015-08-13T04:00:00Z\n"},
	})
	rec, err := srv.Client().Domain(t.Context(), "example-shop.com")
	require.NoError(t, err)
	require.Len(t, rec.Hops, 2)
	assert.Empty(t, rec.Holder.Name)
	assert.Empty(t, rec.Country)
	require.Len(t, rec.Gaps(), 1)
	assert.Contains(t, rec.Gaps()[0].String(), "the answer of whois.registrar.example.net (read answer whois.registrar.example.net: answer about another thing, the domain other.com")
}

func TestAnswersThatNameTheThingOtherwise(t *testing.T) {
	for _, c := range []struct{ rule, server, query, answer string }{
		{"in Unicode", "whois.denic.de", "xn--mnchen-3ya.de", "Domain: m\u00fcnchen.de\nNserver: ns1.example.net\nStatus: connect\nRegistrant Name: Good\n"},
		{"without its zone", "whois.verisign-grs.com", "example.com", "Domain Name: EXAMPLE\nRegistrant Name: Good\nCreation Date: 2015-08-13T04:00:00Z\n"},
		{"the domain of a host", "whois.verisign-grs.com", "www.example.com", "Domain Name: EXAMPLE.COM\nRegistrant Name: Good\nCreation Date: 2015-08-13T04:00:00Z\n"},
		{"all of a prefix and more", "whois.lacnic.net", "190.0.0.0/16", "inetnum: 190.0/15\nowner: Good\n\ninetnum: 190.0.5.0/24\nowner: Part\n"},
		{"a block of AS numbers", "whois.lacnic.net", "as262145", "aut-num: AS262144 - AS262150\nowner: Good\n"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			srv := newServer(t, whoistest.Answers{})
			srv.Handle(c.server, whoistest.Answer(c.answer))
			rec, err := srv.Client().Lookup(t.Context(), c.query)
			require.NoError(t, err)
			assert.Equal(t, "Good", rec.Holder.Name)
			assert.Empty(t, rec.Gaps())
		})
	}
}

func TestAHolderWithoutANetworkIsTold(t *testing.T) {
	srv := newServer(t, whoistest.Answers{"whois.arin.net": {"8.8.8.8": "OrgName: Somebody\nOrgId: SOME\n"}})
	rec, err := srv.Client().Lookup(t.Context(), "8.8.8.8")
	require.NoError(t, err)
	require.Len(t, rec.Gaps(), 1)
	assert.Equal(t, "the network of 8.8.8.8 (the answer names a holder only)", rec.Gaps()[0].String())
}

func TestAnotherHandleIsTold(t *testing.T) {
	srv := newServer(t, whoistest.Answers{"whois.ripe.net": {
		"org-x1-ripe": "organisation: ORG-Y2-RIPE\norg-name: Somebody\n",
		"org-y2-ripe": "organisation: ORG-Y2-RIPE\norg-name: Somebody\n",
	}})
	rec, err := srv.Client().Lookup(t.Context(), "ORG-X1-RIPE")
	require.NoError(t, err)
	require.Len(t, rec.Gaps(), 1)
	assert.Equal(t, "whether this is ORG-X1-RIPE (the answer names ORG-Y2-RIPE)", rec.Gaps()[0].String())
	rec, err = srv.Client().Lookup(t.Context(), "ORG-Y2-RIPE")
	require.NoError(t, err)
	assert.Empty(t, rec.Gaps())
}
