package whoislookup_test

import (
	"cmp"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

// parsed reads an answer as if that server had given it.
func parsed(t *testing.T, server, answer string) *whoislookup.Record {
	t.Helper()
	rec, _ := whoislookup.Parse(server, []byte(answer))
	require.NotNil(t, rec)
	return rec
}

// diff is Since as two lists.
func diff(earlier, now *whoislookup.Record) ([]opskit.Change, []opskit.Gap) {
	changes := now.Since(earlier)
	return changes.List, changes.Unseen
}

// lines are what Since says, one line a change, then one a gap.
func lines(changes []opskit.Change, unseen []opskit.Gap) (out []string) {
	for _, c := range changes {
		out = append(out, opskit.Escape(c.What+": "+cmp.Or(c.Old, "none")+" -> "+cmp.Or(c.New, "none")))
	}
	for _, g := range unseen {
		out = append(out, "? "+g.String())
	}
	return out
}

const (
	inLACNIC  = "inetnum: 190.57.233.160/28\nstatus: reallocated\nowner: EDITORIAL LA PAGINA S.A.\nownerid: AR-ELPS-LACNIC\ncountry: AR\ncreated: 20140930\nchanged: 20140930\ninetnum-up: 190.57.224/19\n"
	inDomains = "Domain Name: EXAMPLE-SHOP.COM\nRegistrar: Example Registrar Ltd\nRegistrant Name: Jo\nRegistrant Country: IE\nName Server: NS1.EXAMPLE.NET\nName Server: NS2.EXAMPLE.NET\nDomain Status: clientTransferProhibited\nDomain Status: ok\nCreation Date: 2015-08-13T04:00:00Z\nRegistry Expiry Date: 2026-08-13T04:00:00Z\n"
)

func TestDiff(t *testing.T) {
	with := strings.NewReplacer
	for _, c := range []struct {
		rule     string
		server   string
		old, new string
		want     []string
	}{
		{"the same answer", "whois.lacnic.net", inLACNIC, inLACNIC, nil},
		{"another holder", "whois.lacnic.net", inLACNIC, with("EDITORIAL LA PAGINA S.A.", "Gigared S.A.").Replace(inLACNIC), []string{
			"holder.name: EDITORIAL LA PAGINA S.A. -> Gigared S.A.",
		}},
		{"another range", "whois.lacnic.net", inLACNIC, with("190.57.233.160/28", "190.57.233.128/26").Replace(inLACNIC), []string{
			"network.range: 190.57.233.160/28 -> 190.57.233.128/26",
		}},
		{"case and blanks are nothing", "whois.lacnic.net", inLACNIC, with("EDITORIAL LA PAGINA", "Editorial  La Pagina", ": AR\n", ": ar\n", "AR-ELPS", "ar-elps", "reallocated", "Reallocated").Replace(inLACNIC), nil},
		{"a country", "whois.lacnic.net", inLACNIC, with("country: AR", "country: UY").Replace(inLACNIC), []string{"country: AR -> UY"}},
		{"the parent is gone from the same server", "whois.lacnic.net", inLACNIC, with("inetnum-up: 190.57.224/19\n", "").Replace(inLACNIC), []string{
			"network.parent: 190.57.224.0/19 -> none",
		}},
		{"the holder is not mentioned any more", "whois.lacnic.net", inLACNIC, with("owner: EDITORIAL LA PAGINA S.A.\n", "").Replace(inLACNIC), []string{
			"? holder.name (not mentioned in the newer record; the other has EDITORIAL LA PAGINA S.A.)",
		}},
		{"the holder is there and empty", "whois.lacnic.net", inLACNIC, with("owner: EDITORIAL LA PAGINA S.A.", "owner:").Replace(inLACNIC), []string{
			"holder.name: EDITORIAL LA PAGINA S.A. -> none",
		}},
		{"nobody tells the holder", "whois.lacnic.net", with("owner: EDITORIAL LA PAGINA S.A.\n", "").Replace(inLACNIC), with("owner: EDITORIAL LA PAGINA S.A.\n", "").Replace(inLACNIC), []string{
			"? holder.name (neither record tells)",
		}},
		{"a day later", "whois.lacnic.net", inLACNIC, with("changed: 20140930", "changed: 20141001").Replace(inLACNIC), []string{"updated: 2014-09-30 -> 2014-10-01"}},

		{"the same domain", "whois.example.net", inDomains, inDomains, nil},
		{"order and case of nameservers and statuses", "whois.example.net", inDomains, with(
			"Name Server: NS1.EXAMPLE.NET\nName Server: NS2.EXAMPLE.NET", "Name Server: ns2.example.net\nName Server: ns1.example.net",
			"Domain Status: clientTransferProhibited\nDomain Status: ok", "Domain Status: OK\nDomain Status: client transfer prohibited",
		).Replace(inDomains), nil},
		{"another nameserver", "whois.example.net", inDomains, with("NS2.EXAMPLE.NET", "ns2.example.org").Replace(inDomains), []string{
			"domain.nameservers: ns1.example.net ns2.example.net -> ns1.example.net ns2.example.org",
		}},
		{"no nameservers any more", "whois.example.net", inDomains, with("Name Server: NS1.EXAMPLE.NET\nName Server: NS2.EXAMPLE.NET\n", "").Replace(inDomains), []string{
			"domain.nameservers: ns1.example.net ns2.example.net -> none",
		}},
		{"put on hold", "whois.example.net", inDomains, with("Domain Status: ok", "Domain Status: serverHold").Replace(inDomains), []string{
			"domain.status: clientTransferProhibited ok -> clientTransferProhibited serverHold",
		}},
		{"another registrar", "whois.example.net", inDomains, with("Example Registrar Ltd", "Other Registrar Inc").Replace(inDomains), []string{
			"domain.registrar.name: Example Registrar Ltd -> Other Registrar Inc",
		}},
		{"the holder is withheld now", "whois.example.net", inDomains, with("Registrant Name: Jo", "Registrant Name: REDACTED FOR PRIVACY").Replace(inDomains), []string{
			"? holder.name (withheld in the newer record; the other has Jo)",
		}},
		{"the holder is published now", "whois.example.net", with("Registrant Name: Jo", "Registrant Name: REDACTED FOR PRIVACY").Replace(inDomains), inDomains, []string{
			"? holder.name (withheld in the older record; the other has Jo)",
		}},
		{"the holder is withheld twice", "whois.example.net", with("Registrant Name: Jo", "Registrant Name: REDACTED FOR PRIVACY").Replace(inDomains), with("Registrant Name: Jo", "Registrant Name: REDACTED FOR PRIVACY").Replace(inDomains), []string{
			"? holder.name (neither record tells)",
		}},
		{"a date that cannot be read", "whois.example.net", inDomains, with("2026-08-13T04:00:00Z", "soon").Replace(inDomains), []string{
			"? expires (not readable in the newer record; the other has 2026-08-13T04:00:00Z)",
		}},
		{"renewed", "whois.example.net", inDomains, with("2026-08-13T04", "2027-08-13T04").Replace(inDomains), []string{
			"expires: 2026-08-13T04:00:00Z -> 2027-08-13T04:00:00Z",
		}},
		{"given up", "whois.verisign-grs.com", inDomains, "No match for \"EXAMPLE-SHOP.COM\".\n", []string{
			"verdict: found -> not_found",
			"domain.name: example-shop.com -> none",
			"domain.registrar.name: Example Registrar Ltd -> none",
			"domain.nameservers: ns1.example.net ns2.example.net -> none",
			"domain.status: clientTransferProhibited ok -> none",
			"holder.name: Jo -> none",
			"country: IE -> none",
			"created: 2015-08-13T04:00:00Z -> none",
			"expires: 2026-08-13T04:00:00Z -> none",
		}},

		{"throttled is no change", "whois.lacnic.net", inLACNIC, "% Query rate limit exceeded\n", []string{
			"? what changed (the newer record is no answer: throttled; need: the same look-up again)",
		}},
		{"a placeholder is no change", "whois.arin.net", "NetRange: 138.0.0.0 - 138.0.255.255\nOrgName: X\n", "NetRange: 138.0.0.0 - 138.0.255.255\nNetType: Transferred to LACNIC\n", []string{
			"? what changed (the newer record is no answer: elsewhere; need: the same look-up again)",
		}},
		{"garbage before", "whois.lacnic.net", "hello\n", inLACNIC, []string{
			"? what changed (the older record is no answer: unknown; need: the same look-up again)",
		}},
		{"two kinds of things", "", inLACNIC, inDomains, []string{
			"? what changed (the older record is about a thing of kind ip, the newer about one of kind domain)",
		}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			assert.Equal(t, c.want, lines(diff(parsed(t, c.server, c.old), parsed(t, c.server, c.new))))
		})
	}
	for _, none := range []*whoislookup.Record{nil, {}} {
		changes, unseen := diff(none, parsed(t, "", inLACNIC))
		assert.Empty(t, changes)
		assert.Len(t, unseen, 1, "nothing is known, so nothing is unchanged")
	}
}

// TestDiffAcrossServers: what the other server or protocol does not mention is
// no change, and its ways of writing are none either.
func TestDiffAcrossServers(t *testing.T) {
	rdap := `{"objectClassName":"domain","ldhName":"example-shop.com","status":["client transfer prohibited","active"],
		"nameservers":[{"ldhName":"ns2.example.net"},{"ldhName":"NS1.example.net"}],
		"entities":[{"roles":["registrar"],"vcardArray":["vcard",[["fn",{},"text","EXAMPLE REGISTRAR LTD"]]]}],
		"events":[{"eventAction":"registration","eventDate":"2015-08-13T06:00:00+02:00"},{"eventAction":"expiration","eventDate":"2026-08-13T04:00:00.000Z"}]}`
	whois := strings.Replace(inDomains, "Domain Status: ok\n", "Domain Status: active\n", 1)
	assert.Equal(t, []string{
		"? holder.name (not mentioned in the newer record; the other has Jo)",
		"? country (not mentioned in the newer record; the other has IE)",
	}, lines(diff(parsed(t, "whois.example.net", whois), parsed(t, "rdap.example.net", rdap))))

	// Nameservers that one of two protocols does not list.
	bare := strings.Replace(strings.Replace(inDomains, "Name Server: NS1.EXAMPLE.NET\n", "", 1), "Name Server: NS2.EXAMPLE.NET\n", "", 1)
	got := lines(diff(parsed(t, "whois.example.net", bare), parsed(t, "whois.other.example.net", inDomains)))
	assert.Equal(t, []string{"? domain.nameservers (not mentioned in the older record; the other has ns1.example.net ns2.example.net)"}, got)

	// One host that speaks both.
	both, err := whoislookup.Assemble(whoislookup.Query{}, []whoislookup.Hop{{Server: "whois.example.net", Protocol: "rdap", Raw: []byte(`{"objectClassName":"domain","ldhName":"example-shop.com"}`)}})
	require.NoError(t, err)
	assert.Contains(t, lines(diff(parsed(t, "whois.example.net", inDomains), both)),
		"? domain.nameservers (not mentioned in the newer record; the other has ns1.example.net ns2.example.net)")

	// One day, and an instant of it in whatever zone.
	day := strings.Replace(inDomains, "2026-08-13T04:00:00Z", "2026-08-13", 1)
	assert.Empty(t, lines(diff(parsed(t, "whois.example.net", day), parsed(t, "whois.example.net", inDomains))))
	assert.Equal(t, []string{"expires: 2026-08-13 -> 2027-08-13T04:00:00Z"},
		lines(diff(parsed(t, "whois.example.net", day), parsed(t, "whois.example.net", strings.Replace(inDomains, "2026-08", "2027-08", 1)))))
}

// TestDiffAcrossSpellings: one holder that two protocols spell differently has
// not moved, and another that is spelled alike has.
func TestDiffAcrossSpellings(t *testing.T) {
	whois := "NetRange: 104.16.0.0 - 104.31.255.255\nNetName: EDGE\nNetType: Direct Allocation\n\nOrgName: Caf\u00e9 del Sur, Inc.\nOrgId: CAFE1\n"
	rdap := func(name, handle string) string {
		return `{"objectClassName":"ip network","handle":"NET-104-16-0-0-1","startAddress":"104.16.0.0","endAddress":"104.31.255.255","name":"EDGE","type":"DIRECT ALLOCATION",` +
			`"entities":[{"handle":"` + handle + `","roles":["registrant"],"vcardArray":["vcard",[["fn",{},"text","` + name + `"]]]}]}`
	}
	for _, c := range []struct {
		rule, name, handle string
		want               []string
	}{
		{"the same", "Caf\u00e9 del Sur, Inc.", "CAFE1", nil},
		{"punctuation", "Caf\u00e9 del Sur Inc", "CAFE-2", []string{"holder.handle: CAFE1 -> CAFE-2"}},
		{"accents", "CAFE DEL SUR, INC.", "CAFE1", nil},
		{"one handle", "Sur Holdings (formerly Cafe)", "cafe1", nil},
		{"another", "Cafe del Norte, Inc.", "CAFE2", []string{"holder.name: Caf\u00e9 del Sur, Inc. -> Cafe del Norte, Inc.", "holder.handle: CAFE1 -> CAFE2"}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			a, b := parsed(t, "whois.arin.net", whois), parsed(t, "rdap.arin.net", rdap(c.name, c.handle))
			assert.Equal(t, c.want, lines(diff(a, b)))
		})
	}
	// One server spells a name the same way each time.
	assert.Equal(t, []string{"holder.name: Caf\u00e9 del Sur, Inc. -> Caf\u00e9 del Sur Inc"},
		lines(diff(parsed(t, "whois.arin.net", whois), parsed(t, "whois.arin.net", strings.Replace(whois, ", Inc.", " Inc", 1)))))

	// What the older protocol had from the first line of a description.
	ripe := "inetnum: 104.16.0.0 - 104.31.255.255\nnetname: EDGE\ndescr: Backbone in Amsterdam\nsource: RIPE\n"
	changes, unseen := diff(parsed(t, "whois.ripe.net", ripe), parsed(t, "rdap.db.ripe.net", rdap("Some Org", "ORG-X")))
	assert.Empty(t, changes)
	assert.Contains(t, lines(nil, unseen), "? holder.name (Backbone in Amsterdam in the older record, Some Org in the newer; one of them is a description, which need not name the holder)")

	status := func(text string) string { return strings.Replace(inDomains, "Domain Status: ok\n", text, 1) }
	word := parsed(t, "rdap.example.net", `{"objectClassName":"domain","ldhName":"example-shop.com","status":["client transfer prohibited","active"]}`)
	for text, want := range map[string]bool{"Domain Status: ok\n": false, "Domain Status: ACTIVE\n": false, "Domain Status: clientHold\n": true} {
		changes, _ := diff(parsed(t, "whois.example.net", status(text)), word)
		assert.Equal(t, want, strings.Contains(strings.Join(lines(changes, nil), "\n"), "domain.status"), text)
	}
	a := parsed(t, "whois.example.net", inDomains)
	b := parsed(t, "rdap.example.net", `{"objectClassName":"domain","ldhName":"example-shop.com","entities":[{"roles":["registrar"],"vcardArray":["vcard",[["fn",{},"text","Example Registrar, Ltd."]]]}]}`)
	changes, _ = diff(a, b)
	assert.Empty(t, changes)
}

// TestDiffKnowsWhatIsMissing: the customer's network is with a server that did
// not answer this time; what the provider says is no move.
func TestDiffKnowsWhatIsMissing(t *testing.T) {
	provider := "NetRange: 192.5.0.0 - 192.5.255.255\nNetName: PROVIDER\nOrganization: Provider Inc (P-1)\nReferralServer: rwhois://rwhois.example.net:4321\n"
	srv := newServer(t, whoistest.Answers{
		"whois.arin.net":     {"192.5.1.1": provider},
		"rwhois.example.net": {"192.5.1.1": "%rwhois V-1.5\nnetwork:IP-Network:192.5.1.0/28\nnetwork:Org-Name:Customer\n%ok\n"},
	})
	whole, err := srv.Client().Lookup(t.Context(), "192.5.1.1")
	require.NoError(t, err)
	require.Equal(t, "Customer", whole.Holder.Name)
	srv.Handle("rwhois.example.net", whoistest.Reset(""))
	part, err := srv.Client().Lookup(t.Context(), "192.5.1.1")
	require.NoError(t, err)
	require.Contains(t, part.Holder.Name, "Provider Inc")
	for _, pair := range [][2]*whoislookup.Record{{whole, part}, {part, whole}} {
		changes, unseen := diff(pair[0], pair[1])
		assert.Empty(t, changes)
		assert.Contains(t, strings.Join(lines(nil, unseen), "\n"), "rwhois.example.net")
	}
	// Not so where the provider is another: the customer's network is not in it.
	other := parsed(t, "whois.arin.net", "NetRange: 198.5.0.0 - 198.5.255.255\nOrgName: Other\n")
	changes, _ := diff(part, other)
	assert.Contains(t, lines(changes, nil), "network.range: 192.5.0.0/16 -> 198.5.0.0/16")
}

// TestDiffLeavesAlone what a server made up or would still have told.
func TestDiffLeavesAlone(t *testing.T) {
	const echo = `{"objectClassName":"ip network","handle":"190.57.233.170","startAddress":"190.57.233.170","endAddress":"190.57.233.170","entities":[{"roles":["registrant"],"vcardArray":["vcard",[["fn",{},"text","EDITORIAL LA PAGINA S.A."]]]}]}`
	echoed, err := whoislookup.Assemble(whoislookup.Query{Kind: whoislookup.KindIP, Text: "190.57.233.170", Prefix: netip.MustParsePrefix("190.57.233.170/32")},
		[]whoislookup.Hop{{Server: "rdap.lacnic.net", Protocol: "rdap", Raw: []byte(echo)}})
	require.NoError(t, err)
	got := lines(diff(parsed(t, "whois.lacnic.net", inLACNIC), echoed))
	assert.Contains(t, got, "? network.range (190.57.233.160/28 in the older record, 190.57.233.170/32 in the newer is only the address that was asked for)")
	assert.NotContains(t, strings.Join(got, "\n"), "network.range:")

	// The registry still answers, but not the registrar, which told the holder.
	registrar := whoistest.Answers{
		"whois.verisign-grs.com":      {"example-shop.com": registryAnswer},
		"whois.registrar.example.net": {"example-shop.com": strings.Replace(registrarAnswer, "Name: REDACTED FOR PRIVACY", "Name: Jo", 1)},
	}
	srv := newServer(t, registrar)
	whole, err := srv.Client().Domain(t.Context(), "example-shop.com")
	require.NoError(t, err)
	srv.Handle("whois.registrar.example.net", whoistest.Reset(""))
	part, err := srv.Client().Domain(t.Context(), "example-shop.com")
	require.NoError(t, err)
	changes, unseen := diff(whole, part)
	assert.Empty(t, changes)
	assert.Contains(t, lines(nil, unseen), "? holder.name (the newer record lacks the answer of whois.registrar.example.net; the other has "+whole.Holder.Name+")")
}

func TestDiffOfOrigins(t *testing.T) {
	arin := "NetRange: 104.16.0.0 - 104.31.255.255\nOriginAS: AS13335, AS64500\nOrgName: CloudFlare, Inc.\n"
	assert.Empty(t, lines(diff(parsed(t, "whois.arin.net", arin), parsed(t, "whois.arin.net", strings.Replace(arin, "AS13335, AS64500", "AS64500, AS13335", 1)))))
	assert.Equal(t, []string{"network.origin: AS13335 AS64500 -> AS64501"},
		lines(diff(parsed(t, "whois.arin.net", arin), parsed(t, "whois.arin.net", strings.Replace(arin, "AS13335, AS64500", "AS64501", 1)))))
}

func TestCompareNameservers(t *testing.T) {
	at := func(ns ...string) *whoislookup.Domain { return &whoislookup.Domain{Nameservers: ns} }
	for _, c := range []struct {
		rule           string
		d              *whoislookup.Domain
		given          []string
		missing, extra []string
		ok             bool
	}{
		{"the same in another order", at("a.example", "b.example"), []string{"B.EXAMPLE.", "a.example"}, nil, nil, true},
		{"twice is once", at("a.example", "a.example"), []string{"a.example", "A.example."}, nil, nil, true},
		{"one each", at("a.example", "b.example"), []string{"b.example", "c.example"}, []string{"c.example"}, []string{"a.example"}, true},
		{"DNS has none", at("b.example", "a.example"), nil, nil, []string{"a.example", "b.example"}, true},
		{"an empty name is none", at("a.example"), []string{"", ".", "a.example"}, nil, nil, true},
		{"in its own script", at("xn--mnchen-3ya.example"), []string{"M\u00fcnchen.example"}, nil, nil, true},
		{"the registry shows none", at(), []string{"a.example"}, nil, nil, false},
		{"no record", nil, []string{"a.example"}, nil, nil, false},
	} {
		missing, extra, ok := c.d.CompareNameservers(c.given)
		assert.Equal(t, c.ok, ok, c.rule)
		assert.Equal(t, c.missing, missing, c.rule)
		assert.Equal(t, c.extra, extra, c.rule)
	}
}

func TestDateIsAsExactAsWritten(t *testing.T) {
	for text, want := range map[whoislookup.Date]struct {
		at     string
		within time.Duration
	}{
		"2012-12-05T08:30:31+09:00": {"2012-12-04T23:30:31Z", 0},
		"2014-08-08T11:15:00":       {"2014-08-08T11:15:00Z", 14 * time.Hour},
		"2014-08-08T11:15":          {"2014-08-08T11:15:00Z", 14 * time.Hour},
		"2015-01-02":                {"2015-01-02T00:00:00Z", 36 * time.Hour},
		"1993-05":                   {"1993-05-01T00:00:00Z", (31*24 + 12) * time.Hour},
		"1996":                      {"1996-01-01T00:00:00Z", (366*24 + 12) * time.Hour},
	} {
		at, within, ok := text.Time()
		require.True(t, ok, text)
		assert.Equal(t, want.at, at.Format(time.RFC3339), text)
		assert.Equal(t, want.within, within, text)
	}
	_, _, ok := whoislookup.Date("soon").Time()
	assert.False(t, ok)
	_, _, ok = whoislookup.Date("").Time()
	assert.False(t, ok)
}

// TestCompareBothProtocols: Client.Compare lists what RDAP and WHOIS tell
// differently, and says so when it could not compare.
func TestCompareBothProtocols(t *testing.T) {
	const ip = "138.0.155.10"
	ask := func(t *testing.T, web http.Handler, whois whoistest.Handler) *whoislookup.Record {
		srv := newServer(t, whoistest.Answers{})
		srv.Handle("whois.arin.net", whois)
		require.NoError(t, srv.HandleRDAP("rdap.arin.net", web))
		c := srv.Client()
		c.Compare = true
		rec, err := c.Lookup(t.Context(), ip)
		require.NoError(t, err)
		return rec
	}
	rdap := func(name string) http.Handler {
		return whoistest.RDAP(map[string]string{"/registry/ip/" + ip: `{"objectClassName":"ip network","startAddress":"138.0.0.0","endAddress":"138.0.255.255","name":"NET",
			"entities":[{"roles":["registrant"],"vcardArray":["vcard",[["fn",{},"text","` + name + `"]]]}]}`})
	}
	whois := func(name string) whoistest.Handler {
		return whoistest.Answer("NetRange: 138.0.0.0 - 138.0.255.255\nNetName: net\nOrgName: " + name + "\nRegDate: 2010-11-19\n")
	}
	notThere := whoistest.RDAP(nil)
	for _, c := range []struct {
		rule        string
		web         http.Handler
		whois       whoistest.Handler
		holder      string
		differences []string
		unseen      string
	}{
		{"both say the same in other letters", rdap("Example Inc"), whois("EXAMPLE INC"), "Example Inc", nil, ""},
		{"another holder", rdap("Example Inc"), whois("Other Ltd"), "Example Inc", []string{"holder.name: Example Inc -> Other Ltd"}, ""},
		{"WHOIS knows nothing of it", rdap("Example Inc"), whoistest.Answer("No match found for 138.0.155.10.\n"), "Example Inc", []string{"verdict: found -> not_found"}, ""},
		{"RDAP knows nothing of it", notThere, whois("Example Inc"), "Example Inc", []string{"verdict: not_found -> found"}, ""},
		{"WHOIS is throttled", rdap("Example Inc"), whoistest.Throttle(), "Example Inc", nil, "what WHOIS says"},
		{"WHOIS has a placeholder", rdap("Example Inc"), whoistest.Answer("NetRange: 138.0.0.0 - 138.0.255.255\nNetType: Transferred to LACNIC\n"), "Example Inc", nil, "what WHOIS says"},
		{"WHOIS breaks off", rdap("Example Inc"), whoistest.Reset(""), "Example Inc", nil, "what WHOIS says"},
		{"RDAP fails", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }), whois("Example Inc"), "Example Inc", nil, "what RDAP says"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			rec := ask(t, c.web, c.whois)
			assert.Equal(t, c.holder, rec.Holder.Name)
			assert.Equal(t, c.differences, lines(rec.Differences, nil))
			for _, d := range c.differences {
				assert.Contains(t, rec.String(), "RDAP and WHOIS differ: "+d)
			}
			if c.unseen == "" {
				assert.Empty(t, rec.Gaps())
				return
			}
			require.Len(t, rec.Gaps(), 1, "an empty list is no agreement")
			assert.Equal(t, c.unseen, rec.Gaps()[0].What)
		})
	}
	t.Run("there is no RDAP for it", func(t *testing.T) {
		srv := newServer(t, whoistest.Answers{"whois.nic.at": {"example.at": "domain: example.at\nregistrant: EX123-NICAT\nnserver: ns1.example.net\nchanged: 20110426 17:57:27\n"}})
		require.NoError(t, srv.HandleRDAP("rdap.arin.net", notThere))
		c := srv.Client()
		c.Compare = true
		rec, err := c.Domain(t.Context(), "example.at")
		require.NoError(t, err)
		assert.Equal(t, []opskit.Gap{{What: "what RDAP says", Why: "no RDAP service is known"}}, rec.Gaps())
		c.Compare = false
		rec, err = c.Domain(t.Context(), "example.at")
		require.NoError(t, err)
		assert.Empty(t, rec.Gaps(), "nobody wanted to compare")
	})
	t.Run("only one protocol is allowed", func(t *testing.T) {
		srv := newServer(t, whoistest.Answers{})
		srv.Handle("whois.arin.net", whois("Example Inc"))
		require.NoError(t, srv.HandleRDAP("rdap.arin.net", rdap("Example Inc")))
		for protocol, other := range map[string]string{"rdap": "what WHOIS says", "whois": "what RDAP says"} {
			c := srv.Client()
			c.Compare, c.Protocols = true, []string{protocol}
			rec, err := c.Lookup(t.Context(), ip)
			require.NoError(t, err)
			require.Len(t, rec.Gaps(), 1)
			assert.Equal(t, other, rec.Gaps()[0].What)
		}
	})
}
