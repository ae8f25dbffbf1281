package whoislookup_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup"
)

// toldOfName is what an answer about a domain or a host tells, one fact a line.
func toldOfName(rec *whoislookup.Record) string {
	var out []string
	add := func(what string, v any) {
		if s := fmt.Sprint(v); s != "" && s != "[]" {
			out = append(out, what+" "+s)
		}
	}
	add("verdict", rec.Verdict)
	contact := func(what string, c whoislookup.Contact) {
		add(what+" name", c.Name)
		add(what+" org", c.Organization)
		add(what+" handle", c.Handle)
		add(what+" email", c.Email)
		add(what+" phone", c.Phone)
		add(what+" address", strings.ReplaceAll(c.Address, "\n", "|"))
		add(what+" country", c.Country)
		add(what+" url", c.URL)
	}
	if d := rec.Domain; d != nil {
		add("domain", d.Name)
		add("unicode", d.Unicode)
		add("id", d.ID)
		add("status", d.Status)
		contact("registrar", d.Registrar)
		contact("registrant", d.Registrant)
		add("ns", d.Nameservers)
		add("dnssec", d.DNSSEC)
	}
	for _, c := range rec.Contacts {
		contact(c.Role, c)
	}
	for _, a := range rec.Abuse {
		add("abuse", a.Email)
	}
	add("created", rec.Created)
	add("updated", rec.Updated)
	add("expires", rec.Expires)
	add("redacted", rec.Redacted)
	add("unparsed", rec.Unparsed)
	return strings.Join(out, "\n")
}

type rdapForm struct{ rule, text, want string }

func checkForms(t *testing.T, tell func(*whoislookup.Record) string, forms []rdapForm) {
	t.Helper()
	for _, c := range forms {
		t.Run(c.rule, func(t *testing.T) {
			rec, err := whoislookup.Parse("rdap.example.net", []byte(trimLines(c.text)))
			if strings.Contains(c.want, "verdict found") {
				require.NoError(t, err)
			}
			require.NotNil(t, rec)
			assert.Equal(t, trimLines(c.want), tell(rec))
			for _, v := range leaves(t, rec) {
				if v.path != "abuse.0.handle" {
					assert.Empty(t, checkWhere(rec, v.path, v.value), "%s %q", v.path, v.value)
				}
			}
		})
	}
}

func TestRDAPNetworksAsServersWriteThem(t *testing.T) {
	checkForms(t, told, []rdapForm{
		{
			rule: "the end as in the examples of RFC 7483: a double colon that stands for no group",
			text: `{"objectClassName": "ip network", "startAddress": "2001:db8::0", "endAddress": "2001:db8::0:FFFF:FFFF:FFFF:FFFF:FFFF", "ipVersion": "v6", "name": "NET-RTR-1"}`,
			want: `
			verdict found
			range 2001:db8::/48
			name NET-RTR-1
			`,
		},
		{
			rule: "IPv4 mapped into IPv6 is IPv4",
			text: `{"objectClassName": "ip network", "startAddress": "::ffff:192.0.2.0", "endAddress": "::ffff:192.0.2.255", "handle": "X"}`,
			want: `
			verdict found
			range 192.0.2.0/24
			net X
			`,
		},
		{
			rule: "a registrant that is an organisation before one that is a role, and before one without a name",
			text: `
			{"objectClassName": "ip network", "startAddress": "192.0.2.0", "endAddress": "192.0.2.255",
			 "entities": [
			  {"handle": "EXR1-RIPE", "roles": ["registrant"], "vcardArray": ["vcard", [["fn", {}, "text", "Example Hostmaster"], ["kind", {}, "text", "group"]]]},
			  {"handle": "ORG-EX1-RIPE", "roles": ["registrant"], "vcardArray": ["vcard", [["fn", {}, "text", "Example Org"], ["kind", {}, "text", "org"]]]},
			  {"handle": "ORG-EX2-RIPE", "roles": ["registrant"], "vcardArray": ["vcard", [["kind", {}, "text", "org"]]]}]}
			`,
			want: `
			verdict found
			range 192.0.2.0/24
			holder Example Org <rdap>
			handle ORG-EX1-RIPE
			`,
		},
		{
			rule: "the country by name on the last line of a label, as ARIN writes it",
			text: `
			{"objectClassName": "ip network", "startAddress": "192.0.2.0", "endAddress": "192.0.2.255",
			 "entities": [{"handle": "EX", "roles": ["registrant"], "vcardArray": ["vcard", [["fn", {}, "text", "Example, Inc."],
			  ["adr", {"label": "1 Main St\nSpringfield\nIL\n62701\nUNITED STATES"}, "text", ["", "", "", "", "", "", ""]]]]}]}
			`,
			want: `
			verdict found
			range 192.0.2.0/24
			holder Example, Inc. <rdap>
			handle EX
			country US <holder>
			`,
		},
		{
			rule: "the country by name in its place",
			text: `
			{"objectClassName": "ip network", "startAddress": "192.0.2.0", "endAddress": "192.0.2.255",
			 "entities": [{"handle": "EX", "roles": ["registrant"], "vcardArray": ["vcard", [["fn", {}, "text", "Example Ltd"],
			  ["adr", {}, "text", ["", "", "Street", "Cape Town", "", "", "South Africa"]]]]}]}
			`,
			want: `
			verdict found
			range 192.0.2.0/24
			holder Example Ltd <rdap>
			handle EX
			country ZA <holder>
			`,
		},
		{
			rule: "a country that may be a state",
			text: `
			{"objectClassName": "ip network", "startAddress": "192.0.2.0", "endAddress": "192.0.2.255",
			 "entities": [{"handle": "EX", "roles": ["registrant"], "vcardArray": ["vcard", [["fn", {}, "text", "Example Ltd"],
			  ["adr", {"label": "Street\nAtlanta\nGeorgia"}, "text", ["", "", "", "", "", "", ""]]]]}]}
			`,
			want: `
			verdict found
			range 192.0.2.0/24
			holder Example Ltd <rdap>
			handle EX
			`,
		},
		{
			rule: "several addresses in one property",
			text: `
			{"objectClassName": "ip network", "startAddress": "192.0.2.0", "endAddress": "192.0.2.255",
			 "entities": [{"roles": ["abuse"], "vcardArray": ["vcard", [["email", {}, "text", "a@example.net", "b@example.net"], ["email", {"type": "abuse"}, "text", "c@example.net", "d@example.net"]]]}]}
			`,
			want: `
			verdict found
			range 192.0.2.0/24
			abuse c@example.net <rdap>
			abuse d@example.net <rdap>
			abuse a@example.net <rdap>
			abuse b@example.net <rdap>
			`,
		},
		{
			rule: "only the prefixes of the cidr0 extension",
			text: `
			{"objectClassName": "ip network", "handle": "NET-1", "name": "EX",
			 "cidr0_cidrs": [{"v4prefix": "192.0.2.0", "length": 24}, {"v4prefix": "192.0.3.0", "length": "25"}]}
			`,
			want: `
			verdict found
			range 192.0.2.0 - 192.0.3.127
			prefixes 192.0.2.0/24 192.0.3.0/25
			name EX
			net NET-1
			`,
		},
		{
			rule: "a start without an end, the range in the handle",
			text: `
			{"objectClassName": "ip network", "handle": "192.0.2.0 - 192.0.2.255", "startAddress": "192.0.2.0", "name": "EX", "country": "NL"}
			`,
			want: `
			verdict found
			range 192.0.2.0/24
			name EX
			net 192.0.2.0 - 192.0.2.255
			country NL <network>
			`,
		},
		{
			rule: "a start with its prefix length and no end",
			text: `{"objectClassName": "ip network", "startAddress": "2001:0db8:0000::/32", "handle": "X"}`,
			want: `
			verdict found
			range 2001:db8::/32
			net X
			`,
		},
		{
			rule: "the maintainer among the registrants is not the holder",
			text: `
			{"objectClassName": "ip network", "handle": "192.0.2.0 - 192.0.2.255", "startAddress": "192.0.2.0", "endAddress": "192.0.2.255",
			 "ipVersion": "v4", "name": "EX-NET", "type": "ASSIGNED PA", "country": "NL", "parentHandle": "192.0.0.0 - 192.0.127.255",
			 "entities": [
			  {"objectClassName": "entity", "handle": "EX-MNT", "roles": ["registrant"], "vcardArray": ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "EX-MNT"], ["kind", {}, "text", "individual"]]]},
			  {"objectClassName": "entity", "handle": "ORG-EX1-RIPE", "roles": ["registrant"], "vcardArray": ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Example B.V."], ["kind", {}, "text", "org"],
			   ["adr", {"label": "Street 1\nTown\nNETHERLANDS"}, "text", null]]]},
			  {"objectClassName": "entity", "handle": "AR1-RIPE", "roles": ["abuse"], "vcardArray": ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Abuse"], ["email", {"type": "email"}, "text", "noc@example.net"], ["email", {"type": "abuse"}, "text", "abuse@example.net"]]]}]}
			`,
			want: `
			verdict found
			range 192.0.2.0/24
			name EX-NET
			net 192.0.2.0 - 192.0.2.255
			status ASSIGNED PA
			parent 192.0.0.0/17
			holder Example B.V. <rdap>
			handle ORG-EX1-RIPE
			country NL <network>
			abuse abuse@example.net <rdap>
			abuse noc@example.net <rdap>
			`,
		},
		{
			rule: "one entity that is no list, its role a word, the abuse desk two levels down",
			text: `
			{"objectClassName": "IP Network", "startAddress": "192.0.2.0", "endAddress": "192.0.2.255", "handle": "NET-192-0-2-0-1", "arin_originas0_originautnums": [64500, "AS64501"],
			 "entities": {"handle": "EXA", "roles": "Registrant", "vcardArray": ["vcard", [["FN", {}, "TEXT", " Example, Inc. "], ["kind", {}, "text", "org"]]],
			  "entities": [{"handle": "TECH1", "roles": ["technical"], "entities": [{"handle": "ABUSE1", "roles": ["ABUSE"],
			   "vcardArray": ["vcard", [["fn", {}, "text", "Abuse"], ["email", {}, "text", ["abuse@Example.NET", "second@example.net"]], ["email", {}, "uri", "mailto:third@example.net"]]]}]}]}}
			`,
			want: `
			verdict found
			range 192.0.2.0/24
			net NET-192-0-2-0-1
			origin [64500 64501]
			holder Example, Inc. <rdap>
			handle EXA
			abuse abuse@example.net <rdap>
			abuse second@example.net <rdap>
			abuse third@example.net <rdap>
			`,
		},
		{
			rule: "dates without a zone, by day, with a space, and of the database",
			text: `
			{"objectClassName": "ip network", "startAddress": "192.0.2.0", "endAddress": "192.0.2.255",
			 "events": [{"eventAction": "last update of RDAP database", "eventDate": "2026-01-01T00:00:00Z"}, {"eventAction": "Registration", "eventDate": "2001-02-03"},
			  {"eventAction": "last changed", "eventDate": null}, {"eventAction": "last changed", "eventDate": "2010-11-12 04:05:06", "eventActor": "X"}]}
			`,
			want: `
			verdict found
			range 192.0.2.0/24
			created 2001-02-03
			updated 2010-11-12T04:05:06
			`,
		},
		{
			rule: "AS numbers as strings, the last one left out",
			text: `
			{"objectClassName": "autnum", "handle": "AS64500", "startAutnum": "64500", "name": "EX-AS", "type": null, "status": ["active"], "country": "se",
			 "entities": [{"handle": "X", "roles": ["registrant"], "vcardArray": ["vcard", [["fn", {}, "text", ""], ["org", {"type": "work"}, "text", "Example AB"]]]}]}
			`,
			want: `
			verdict found
			as 64500-64500
			name EX-AS
			net AS64500
			holder Example AB <rdap>
			handle X
			country se <as>
			`,
		},
		{
			rule: "a byte order mark, a country in the address's parameter",
			text: "\ufeff" + `
			{"objectClassName": "ip network", "startAddress": "192.0.2.0", "endAddress": "192.0.2.255", "lang": ["en", "de"], "port43": "whois.example.net",
			 "entities": [{"handle": "X", "roles": ["registrant", "sponsor", 7], "vcardArray": ["vcard", [["fn", {}, "text", "Example"], ["adr", {"cc": "DE"}, "text", ["", "", ["Street 1", "Floor 2"], "Town", "", "12345", "Germany"]]]]}]}
			`,
			want: `
			verdict found
			range 192.0.2.0/24
			holder Example <rdap>
			handle X
			country DE <holder>
			`,
		},
		{
			rule: "a block handed to another registry",
			text: `
			{"objectClassName": "ip network", "startAddress": "138.0.0.0", "endAddress": "138.0.255.255", "name": "LACNIC-ERX-138-0-0-0", "type": "TRANSFERRED TO LACNIC",
			 "entities": [{"handle": "LACNIC", "roles": ["registrant"], "vcardArray": ["vcard", [["fn", {}, "text", "Latin American and Caribbean IP address Regional Registry"], ["kind", {}, "text", "org"]]]}]}
			`,
			want: `
			verdict elsewhere
			range 138.0.0.0/16
			name LACNIC-ERX-138-0-0-0
			status TRANSFERRED TO LACNIC
			holder Latin American and Caribbean IP address Regional Registry <rdap>
			handle LACNIC
			`,
		},
		{
			rule: "space that the registry does not manage, its country with a comment",
			text: `
			{"objectClassName": "ip network", "startAddress": "192.0.0.0", "endAddress": "192.255.255.255", "name": "NON-RIPE-NCC-MANAGED-ADDRESS-BLOCK", "country": "EU # Country is really world wide"}
			`,
			want: `
			verdict elsewhere
			range 192.0.0.0/8
			name NON-RIPE-NCC-MANAGED-ADDRESS-BLOCK
			country EU <network>
			`,
		},
		{
			rule: "a block of AS numbers that another registry hands out",
			text: `
			{"objectClassName": "autnum", "startAutnum": 64496, "endAutnum": 64511, "name": "RIPE-ASNBLOCK",
			 "entities": [{"handle": "RIPE", "roles": ["registrant"], "vcardArray": ["vcard", [["fn", {}, "text", "RIPE Network Coordination Centre"], ["kind", {}, "text", "org"]]]}]}
			`,
			want: `
			verdict elsewhere
			as 64496-64511
			name RIPE-ASNBLOCK
			holder RIPE Network Coordination Centre <rdap>
			handle RIPE
			`,
		},
		{
			rule: "no list where a jCard should be, and one too short",
			text: `
			{"objectClassName": "ip network", "startAddress": "192.0.2.0", "endAddress": "192.0.2.255",
			 "entities": [{"handle": "A", "roles": ["registrant"], "vcardArray": {}}, {"handle": "B", "roles": ["registrant"], "vcardArray": ["vcard"]},
			  {"handle": "C", "roles": ["registrant"], "vcardArray": ["vcard", [["fn"], ["fn", {}, "text"], null, 7, ["fn", null, "text", "Example"]]]}, null, "x"]}
			`,
			want: `
			verdict found
			range 192.0.2.0/24
			holder Example <rdap>
			handle C
			`,
		},
		{
			rule: "a list of properties without the word in front",
			text: `
			{"objectClassName": "ip network", "startAddress": "192.0.2.0", "endAddress": "192.0.2.255",
			 "entities": [{"handle": "A", "roles": ["registrant"], "vcardArray": [["version", {}, "text", "4.0"], ["fn", {}, "text", "Example"]]}]}
			`,
			want: `
			verdict found
			range 192.0.2.0/24
			holder Example <rdap>
			handle A
			`,
		},
	})
}

func TestRDAPNamesAsServersWriteThem(t *testing.T) {
	checkForms(t, toldOfName, []rdapForm{
		{
			rule: "contacts as JSContact cards",
			text: `
			{"objectClassName": "domain", "ldhName": "example.net",
			 "entities": [
			  {"handle": "R1", "roles": ["registrant"], "jscard": {"@type": "Card", "version": "1.0", "uid": "1", "kind": "org", "name": {"full": "Example Person"},
			   "organizations": {"o": {"name": "Example Org"}},
			   "addresses": {"a": {"components": [{"kind": "name", "value": "Main St"}, {"kind": "separator", "value": ", "}, {"kind": "locality", "value": "Town"}], "countryCode": "FI"},
			    "b": {"full": "elsewhere"}},
			   "phones": {"f": {"features": {"fax": true}, "number": "tel:+1"}, "v": {"features": {"voice": true}, "number": "tel:+2"}},
			   "emails": {"e": {"address": "x@example.net"}}, "links": {"l": {"uri": "https://www.example.net/"}}}},
			  {"handle": "A1", "roles": ["abuse"], "jscontact_card": {"addresses": {"a": {"full": "Suite 1\nTown"}}, "emails": {"e": {"address": "abuse@example.net"}, "f": {"address": "soc@example.net"}}}}]}
			`,
			want: `
			verdict found
			domain example.net
			registrant name Example Person
			registrant org Example Org
			registrant handle R1
			registrant email x@example.net
			registrant phone +2
			registrant address Main St|Town
			registrant country FI
			registrant url https://www.example.net/
			abuse abuse@example.net
			abuse soc@example.net
			`,
		},
		{
			rule: "nested contacts, a phone as URI, an address by parts and by label",
			text: `
			{"objectClassName": "domain", "handle": "D1-EX", "ldhName": "EXAMPLE.TEST.", "unicodeName": "example.test",
			 "status": ["client transfer prohibited", "Active", "server hold"],
			 "nameservers": [{"objectClassName": "nameserver", "ldhName": "NS1.EXAMPLE.NET."}, {"ldhName": "ns2.example.net", "ipAddresses": {"v4": ["192.0.2.1"]}}, "ns3.example.net", {"unicodeName": "ns4.example.net"}, {"ldhName": ""}],
			 "secureDNS": {"delegationSigned": "true"},
			 "entities": [
			  {"handle": "292", "roles": ["registrar"], "publicIds": [{"type": "IANA Registrar ID", "identifier": 292}], "links": [{"rel": "about", "href": "https://registrar.example"}],
			   "vcardArray": ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Example Registrar"]]],
			   "entities": [{"roles": ["abuse"], "vcardArray": ["vcard", [["tel", {"type": ["voice", "work"]}, "uri", "tel:+1.5550100"], ["email", {}, "text", "abuse@registrar.example"]]]}]},
			  {"handle": "H1", "roles": ["registrant", "administrative"], "vcardArray": ["vcard", [["fn", {}, "text", "Some Body"], ["org", {}, "text", ["Example Ltd", "Sales"]],
			   ["adr", {}, "text", ["", "Suite 2", ["1 Street", "Block B"], "Town", "State", "12345", "GB"]],
			   ["tel", {"type": "fax"}, "text", "+44.5550199"], ["tel", {}, "uri", "tel:+44.5550100;ext=12"], ["email", {"pref": "1"}, "text", "mailto:me@example.test"]]]},
			  {"roles": ["technical"], "vcardArray": ["vcard", [["fn", {}, "text", "Tech"], ["adr", {"label": "1 Street\r\nTown\r\n"}, "text", ["", "", "", "", "", "", ""]]]]}],
			 "events": [{"eventAction": "registration", "eventDate": "1997-09-15T04:00:00Z"}, {"eventAction": "expiration", "eventDate": "2028-09-14T04:00:00.0Z"},
			  {"eventAction": "registrar expiration", "eventDate": "2029-01-01T00:00:00Z"}, {"eventAction": "last changed", "eventDate": "2019-09-09T15:39:04+0200"}]}
			`,
			want: `
			verdict found
			domain example.test
			id D1-EX
			status [clientTransferProhibited active serverHold]
			registrar name Example Registrar
			registrar handle 292
			registrar url https://registrar.example
			registrant name Some Body
			registrant org Example Ltd
			registrant handle H1
			registrant email me@example.test
			registrant phone +44.5550100;ext=12
			registrant address Suite 2|1 Street|Block B|Town|State|12345
			registrant country GB
			ns [ns1.example.net ns2.example.net ns3.example.net ns4.example.net]
			dnssec signedDelegation
			admin name Some Body
			admin org Example Ltd
			admin handle H1
			admin email me@example.test
			admin phone +44.5550100;ext=12
			admin address Suite 2|1 Street|Block B|Town|State|12345
			admin country GB
			tech name Tech
			tech address 1 Street|Town
			abuse abuse@registrar.example
			created 1997-09-15T04:00:00Z
			updated 2019-09-09T15:39:04+02:00
			expires 2028-09-14T04:00:00Z
			`,
		},
		{
			rule: "a name in front of the address, one public ID that is no list, the organisation for a name, its page in the card",
			text: `
			{"objectClassName": "domain", "ldhName": "example.test",
			 "entities": [
			  {"roles": ["registrar"], "publicIds": {"type": "IANA Registrar ID", "identifier": "99"},
			   "vcardArray": ["vcard", [["fn", {}, "text", ""], ["org", {}, "text", "Example Registrar LLC"], ["url", {}, "uri", "https://registrar.example"], ["email", {}, "text", " info@registrar.example "]]]},
			  {"roles": ["abuse"], "vcardArray": ["vcard", [["email", {}, "text", "Abuse desk <abuse@registrar.example>"]]]}],
			 "events": [{"eventAction": "Expiration", "eventDate": "2028/01/02"}, {"eventAction": "last changed", "eventDate": "soon"}]}
			`,
			want: `
			verdict found
			domain example.test
			registrar name Example Registrar LLC
			registrar org Example Registrar LLC
			registrar handle 99
			registrar email info@registrar.example
			registrar url https://registrar.example
			abuse abuse@registrar.example
			expires 2028-01-02
			unparsed [updated: soon]
			`,
		},
		{
			rule: "withheld by RFC 9537 and by words",
			text: `
			{"objectClassName": "domain", "ldhName": "example.test", "handle": "REDACTED",
			 "entities": [{"handle": "", "roles": ["registrant"], "vcardArray": ["vcard", [["fn", {}, "text", "REDACTED FOR PRIVACY"], ["org", {}, "text", ""], ["email", {}, "text", "Please query the RDDS service"], ["adr", {"cc": "FR"}, "text", ["", "", "", "", "", "", ""]]]]}],
			 "redacted": [{"name": {"type": "Registrant Email"}, "postPath": "$.x", "method": "removal"}, {"name": {"description": "Registrant Phone"}}, {"name": {}}, "x"],
			 "secureDNS": {"delegationSigned": false}, "variants": [{"relation": ["unregistered"]}], "port43": "whois.example.net"}
			`,
			want: `
			verdict found
			domain example.test
			registrant country FR
			dnssec unsigned
			redacted [domain.id domain.registrant.name domain.registrant.email domain.registrant.phone]
			`,
		},
		{
			rule: "an international name given as U-label only",
			text: `{"objectClassName": "domain", "unicodeName": "bücher.example", "status": "active", "secureDNS": {"dsData": [{"keyTag": 1}]}}`,
			want: `
			verdict found
			domain xn--bcher-kva.example
			unicode bücher.example
			status [active]
			dnssec signedDelegation
			`,
		},
		{
			rule: "a nameserver",
			text: `{"objectClassName": "nameserver", "ldhName": "NS1.EXAMPLE.NET", "ipAddresses": {"v4": ["192.0.2.1"], "v6": ["2001:db8::1"]}, "status": ["active"]}`,
			want: `
			verdict found
			domain ns1.example.net
			status [active]
			`,
		},
	})
}

func TestRDAPThatIsNoAnswer(t *testing.T) {
	for rule, c := range map[string]struct {
		text string
		want error
	}{
		"an error's code as a string":              {`{"errorCode": "404", "title": "Not Found"}`, nil},
		"with a description that is no list":       {`{"errorCode": 404, "description": "no such thing", "lang": "en"}`, nil},
		"too many requests":                        {`{"errorCode": 429, "title": "Rate Limit Exceeded", "notices": []}`, whoislookup.ErrThrottled},
		"not for everybody":                        {`{"rdapConformance": ["rdap_level_0"], "errorCode": 403}`, whoislookup.ErrDenied},
		"unavailable for now":                      {`{"errorCode": 503, "title": "Service Unavailable"}`, whoislookup.ErrGarbage},
		"an empty object":                          {`{}`, whoislookup.ErrGarbage},
		"cut off":                                  {`{"objectClassName": "domain", "ldhName": "exam`, whoislookup.ErrGarbage},
		"a network without addresses":              {`{"objectClassName": "ip network", "handle": "X"}`, whoislookup.ErrGarbage},
		"the end before the start":                 {`{"objectClassName": "ip network", "startAddress": "192.0.2.9", "endAddress": "192.0.2.1"}`, whoislookup.ErrGarbage},
		"ends of different families":               {`{"objectClassName": "ip network", "startAddress": "192.0.2.9", "endAddress": "2001:db8::"}`, whoislookup.ErrGarbage},
		"an AS number without a number":            {`{"objectClassName": "autnum", "handle": "X"}`, whoislookup.ErrGarbage},
		"a search that found nothing":              {`{"rdapConformance": ["rdap_level_0"], "domainSearchResults": []}`, nil},
		"a page of the web server, as JSON":        {`{"message": "Forbidden"}`, whoislookup.ErrGarbage},
		"somebody else's API, with a code of 404":  {`{"code": 404, "error": "nothing here"}`, whoislookup.ErrGarbage},
		"a number that is longer than any address": {`{"objectClassName": "ip network", "startAddress": 3221225984, "endAddress": 3221226239}`, whoislookup.ErrGarbage},
	} {
		t.Run(rule, func(t *testing.T) {
			rec, err := whoislookup.Parse("rdap.example.net", []byte(c.text))
			require.ErrorIs(t, err, c.want)
			assert.NotEqual(t, whoislookup.VerdictFound, rec.Verdict)
		})
	}
}
