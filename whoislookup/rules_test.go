package whoislookup_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

// TestAVerdictRestsOnWhatWasSaidOfTheName: a sentence about the server, a status
// that no table knows, or a limit that was told beforehand decides nothing.
func TestAVerdictRestsOnWhatWasSaidOfTheName(t *testing.T) {
	const unknown, found, free, reserved, throttled = whoislookup.VerdictUnknown, whoislookup.VerdictFound, whoislookup.VerdictNotFound, whoislookup.VerdictReserved, whoislookup.VerdictThrottled
	for want, texts := range map[whoislookup.Verdict][]string{
		unknown: {
			"Domain not available\n", // phpWhois 88: written for taken names too
			"example.tld is not available\n",
			"Domain:\tzedfox.be\nStatus:\tNOT AVAILABLE\n", // phpWhois 41: registered
			"Service not available\n",
			"Registration data is available\n",
			"This server does not exist any more\n",
			"404 Not Found\n",
			"The requested URL was not found on this server.\n",
			"Domain zedfox.example is registered, but no further information is available\n",
			"WHOIS service has been sunset; RDAP is available\n",
			"query_status: 500 Invalid characters in query string\n",
			"Domain: zedfox.example\nStatus: error\n",
			"Domain: zedfox.example\nStatus: Not a .tld domain\n",
			"Domain: zedfox.example\nChanged: 2020-01-01\n", // of the database, it may be
		},
		free: {
			"Domain:\tzedfox.be\nStatus:\tAVAILABLE\n",
			"% Welcome. At most 100 queries per day: the query limit counts per address.\n%\nNo match for zedfox.example\n",
			"No information available about domain name a-long-name-of-a-holiday-home-in-tuscany.pl in the Registry NASK database.\n",
			"% Query rate limit exceeded. Reduced information.\n\n% No match for zedfox.com.br\n",
		},
		throttled: {
			"Please wait 30 seconds and retry\n",
		},
		whoislookup.VerdictDenied: {
			"Domain: zedfox.example\nStatus: query refused\n",
		},
		found: {
			"Domain: zedfox.example\nStatus: active\n",
			"Domain: zedfox.example\nNserver: ns1.zed.example\n",
			"Domain: zedfox.example\nRegistrar: R\n",
		},
		reserved: {
			"Domain name: zedfox.example\nStatus: reserved\n",
		},
	} {
		for _, text := range texts {
			rec, err := whoislookup.Parse("", []byte(text))
			assert.Equal(t, want, rec.Verdict, text)
			assert.Equal(t, want != unknown && want != throttled && want != whoislookup.VerdictDenied, err == nil, text)
			if want == unknown {
				assert.NotEmpty(t, rec.Gaps(), text)
			}
		}
	}
	rec, _ := whoislookup.Parse("", []byte("% Query rate limit exceeded. Reduced information.\n\ndomain:      zedfox.com.br\nowner:       EMPRESA ZED LTDA\ncreated:     20100101\n"))
	assert.Equal(t, found, rec.Verdict)
	assert.Contains(t, rec.String(), "not checked: what the server left out (its answer is reduced, as it was asked too often; need: asking again later)")
	assert.Equal(t, whoislookup.PresenceUnknown, rec.Presence("domain.registrant.email"), "the server may have left it out")
}

// TestListsOfHosts: whatever stands around a list and beside the hosts, they are
// read, and a line that is not is told.
func TestListsOfHosts(t *testing.T) {
	const v4, v6 = "192.0.2.1", "2001:db8::1"
	rests := []string{
		"", " " + v4, " " + v6, " " + v4 + " " + v6, " " + v4 + ", " + v6, " (" + v4 + ", " + v6 + ")", " [" + v4 + "] [" + v6 + "]", "\t" + v6, "\t" + v4, " / " + v6, " / " + v4,
		" [" + v6 + "]", " (" + v6 + ")", ", " + v4, ", " + v6, "   " + v4 + "   " + v6, " " + v6 + " " + v4,
	}
	wraps := map[string]string{
		"below a heading":               "Name Servers:\n   %s\n   %s\n   %s\n",
		"below a heading after a blank": "Name Servers:\n\n   %s\n   %s\n   %s\n",
		"behind a label":                "Name Server: %s\nName Server: %s\nName Server: %s\n",
		"behind the first label":        "Name Servers: %s\n              %s\n              %s\n",
		"below a heading, not indented": "Nameservers\n%s\n%s\n%s\n",
		"as RPSL has it":                "nserver:      %s\nnserver:      %s\nnserver:      %s\n",
	}
	for how, wrap := range wraps {
		for _, rest := range rests {
			list := fmt.Sprintf(wrap, "ns1.zed.example"+rest, "ns2.zed.example"+rest, "ns3.zed.example"+rest)
			rec, err := whoislookup.Parse("", []byte("Domain Name: zedfox.example\nCreation Date: 2001-01-01\n\n"+list))
			if assert.NoError(t, err, "%s: %q", how, rest) && assert.NotNil(t, rec.Domain) {
				assert.Equal(t, []string{"ns1.zed.example", "ns2.zed.example", "ns3.zed.example"}, rec.Domain.Nameservers, "%s: %q", how, rest)
				assert.Empty(t, rec.Unparsed, "%s: %q", how, rest)
			}
		}
	}
	rec, _ := whoislookup.Parse("", []byte("Domain Name: zedfox.example\nCreation Date: 2001-01-01\nName Server: ns1.zed.example\nName Server: ns2:zed:example!\n"))
	assert.Equal(t, []string{"domain.nameservers: ns2:zed:example!"}, rec.Unparsed)
}

// TestSpecialNamesAskNobody: to ask a registry would only tell others of them.
func TestSpecialNamesAskNobody(t *testing.T) {
	srv := newServer(t, whoistest.Blog())
	for name, rfc := range map[string]string{
		"foo.internal": "ICANN", "a.b.internal": "ICANN", "printer.local": "RFC 6762", "local": "RFC 6762", "x.onion": "RFC 7686", "a.b.onion": "RFC 7686", "x.test": "RFC 6761",
		"x.home.arpa": "RFC 8375", "home.arpa": "RFC 8375", "localhost": "RFC 6761", "x.invalid": "RFC 6761", "x.alt": "RFC 9476",
	} {
		rec, err := srv.Client().Lookup(t.Context(), name)
		require.NoError(t, err, name)
		assert.Equal(t, whoislookup.VerdictReserved, rec.Verdict, name)
		assert.Contains(t, rec.String(), ": reserved: ")
		assert.Contains(t, rec.String(), rfc)
		before := rec.String()
		rec.Judge()
		assert.Equal(t, before, rec.String())
	}
	assert.Empty(t, srv.Queries())
}

func TestAQueryThatHoldsAnotherSaysWhatToAskFor(t *testing.T) {
	for text, want := range map[string]string{
		"https://www.zedfox.com/a?b": "ask for zedfox.com:", "hostmaster@zedfox.com": "ask for zedfox.com:", "zedfox.com:443": "ask for zedfox.com:", "[2001:4860::1]:43": "ask for 2001:4860::1:",
		"138.0.155.10:80": "ask for 138.0.155.10:", "0138.0.155.010": "ask for 138.0.155.10, if zeros in front mean nothing:",
	} {
		_, err := whoislookup.ParseQuery(text)
		require.ErrorIs(t, err, whoislookup.ErrBadQuery, text)
		assert.Contains(t, err.Error(), want, text)
	}
}

func TestWhoHoldsIt(t *testing.T) {
	for text, want := range map[string]whoislookup.Holder{
		"domain: zedfox.se\nholder: zedzed0000-00001\ncreated: 2010-01-01\n":                                                                                {},
		"domain: ZEDFOX.RU\nperson: Private Person\ncreated: 1997-09-23\n":                                                                                  {Kind: whoislookup.HolderKindWithheld},
		"Domain Name: zedfox.com\nCreation Date: 2001-01-01\nRegistrant Name: Personal data, can not be publicly disclosed according to applicable laws.\n": {Kind: whoislookup.HolderKindWithheld},
		"Domain Name: zedfox.com\nCreation Date: 2001-01-01\nRegistrant Organization: Domains By Proxy, LLC\n":                                              {Name: "Domains By Proxy, LLC", From: "registrant", Kind: whoislookup.HolderKindPrivacyService},
		"Domain Name: zedfox.com\nCreation Date: 2001-01-01\nRegistrant Name: Zed Fox AG\n":                                                                 {Name: "Zed Fox AG", From: "registrant", Kind: whoislookup.HolderKindOrganisation},
		"Domain Name: zedfox.com\nCreation Date: 2001-01-01\nRegistrant Name: Ana Fox\n":                                                                    {Name: "Ana Fox", From: "registrant"},
	} {
		rec, err := whoislookup.Parse("", []byte(text))
		require.NoError(t, err)
		assert.Equal(t, want, rec.Holder, text)
	}
	rec, _ := whoislookup.Parse("", []byte("domain: zedfox.se\nholder: zedzed0000-00001\ncreated: 2010-01-01\n"))
	assert.Equal(t, "zedzed0000-00001", rec.Domain.Registrant.Handle)
}

func TestRDAPSaysItToo(t *testing.T) {
	rec, err := whoislookup.Parse("", []byte(`{"errorCode":404,"title":"Domain reserved","description":["This name is reserved by the registry and can not be registered"]}`))
	require.NoError(t, err)
	assert.Equal(t, whoislookup.VerdictReserved, rec.Verdict)
	rec, err = whoislookup.Parse("", []byte(`{"objectClassName":"domain","ldhName":"zed.example","status":["reserved"],"events":[],"entities":[]}`))
	require.NoError(t, err)
	assert.Equal(t, whoislookup.VerdictReserved, rec.Verdict)
	rec, err = whoislookup.Parse("", []byte(`{"objectClassName":"domain","ldhName":"zed.com","entities":[{"roles":["registrar"],"vcardArray":["vcard",[["fn",{},"text","R"]]],
 "entities":[{"roles":["abuse"],"vcardArray":["vcard",[["fn",{},"text","Abuse"],["contact-uri",{},"uri","mailto:abuse@reg.example"]]]}]}]}`))
	require.NoError(t, err)
	require.NotEmpty(t, rec.Abuse)
	assert.Equal(t, "abuse@reg.example", rec.Abuse[0].Email)
}

// TestTwoAnswersInOneText: one text gives the record that the two hops give.
func TestTwoAnswersInOneText(t *testing.T) {
	const iana = "%% IANA WHOIS server\n%% This query returned 1 object\n\ndomain:       %s\n\norganisation: Example Confederation\naddress:      Bern\n\ncontact:      administrative\nname:         TLD Administrative Contact\n" +
		"organisation: Example Office\n\nnserver:      G.NIC.EXAMPLE 192.0.2.9 2001:db8::9\n\nwhois:        whois.nic.example\n\nstatus:       ACTIVE\n\ncreated:      2014-03-27\nchanged:      2024-01-01\nsource:       IANA\n\n"
	const name = "Domain Name: zedfox.%s\nRegistry Domain ID: D1\nUpdated Date: 2023-01-01T00:00:00Z\nCreation Date: 2016-01-01T00:00:00Z\nRegistry Expiry Date: 2027-01-01T00:00:00Z\n" +
		"Registrar: Example Reg\nDomain Status: ok https://icann.org/epp#ok\n%sName Server: ns1.zedfox.example\n\n"
	const placeholder = "\n#\n# ARIN WHOIS data and services are subject to the Terms of Use\n#\n\nNetRange: 138.0.0.0 - 138.0.255.255\nNetName: LACNIC-ERX\nNetType: Transferred to LACNIC\nOrganization: Latin American and Caribbean IP address Regional Registry (LACNIC)\n\n"
	const lacnic = "% Joint Whois - whois.lacnic.net\n%  This server accepts single ASN, IPv4 or IPv6 queries\n\ninetnum: 138.0.152/22\nowner: Gigared S.A.\ncountry: AR\n"
	const ripe = "% This is the RIPE Database query service.\n%\n\ninetnum: 138.0.152.0 - 138.0.155.255\nnetname: ZED\norg-name: Zed Fox AG\ncountry: CH\nsource: RIPE\n"
	type pair struct{ first, second, one, two string }
	var pairs []pair
	for _, tld := range []string{"swiss", "zuerich", "berlin", "wien", "paris", "koeln", "nyc", "tokyo"} {
		pairs = append(pairs, pair{fmt.Sprintf(iana, strings.ToUpper(tld)), fmt.Sprintf(name, tld, "Registrant Organization: Zed Fox AG\n"), "whois.iana.org", "whois.nic.example"})
	}
	for _, tld := range []string{"com", "net", "org", "info", "biz", "cc", "tv", "name"} {
		pairs = append(pairs, pair{fmt.Sprintf(name, tld, ""), fmt.Sprintf(name, tld, "Registrant Organization: Zed Fox AG\nRegistrant Country: CH\n"), "", ""})
	}
	pairs = append(pairs, pair{placeholder, lacnic, "whois.arin.net", "whois.lacnic.net"}, pair{placeholder, ripe, "whois.arin.net", "whois.ripe.net"},
		pair{"$ whois -h whois.arin.net 138.0.155.10\n" + placeholder, lacnic, "whois.arin.net", "whois.lacnic.net"}, pair{placeholder, "$ whois -h whois.lacnic.net 138.0.155.10\n" + lacnic, "whois.arin.net", "whois.lacnic.net"})
	require.Len(t, pairs, 20)
	for _, p := range pairs {
		one, err := whoislookup.Parse("", []byte(p.first+p.second))
		require.NoError(t, err, p.second)
		two, err := whoislookup.Assemble(whoislookup.Query{}, []whoislookup.Hop{{Server: p.one, Protocol: "whois", Raw: []byte(p.first)}, {Server: p.two, Protocol: "whois", Raw: []byte(p.second)}})
		require.NoError(t, err, p.second)
		require.Len(t, one.Hops, 2, p.first+p.second)
		one.Hops, two.Hops, one.Server, two.Server = nil, nil, "", ""
		one.Sources, two.Sources = nil, nil
		assert.Equal(t, two, one, p.second)
		assert.Contains(t, []string{"Zed Fox AG", "Gigared S.A."}, one.Holder.Name)
	}
}
