package whoislookup_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

func FuzzParse(f *testing.F) {
	for server, answers := range whoistest.Blog() {
		for _, text := range answers {
			f.Add(server, []byte(text))
		}
	}
	f.Add("whois.apnic.net", []byte("% Abuse contact for '1.0.0.0 - 1.0.0.255' is 'abuse@example.net'\n\ninetnum: 1.0.0.0 - 1.0.0.255\nnetname: X\nmnt-irt: IRT-X\n\nirt: IRT-X\ne-mail: a@example.net\n"))
	f.Add("whois.nic.ad.jp", []byte("a. [Network Number]  192.0.2.0/25\ng. [Organization] X\n[Last Update] 2012/12/05 08:30:31(JST)\n"))
	f.Add("rwhois.example.net", []byte("%rwhois V-1.5\nnetwork:IP-Network:192.0.2.0/28\nnetwork:Org-Name;I:X\n%referral rwhois://h.example.net:4321/auth-area=.\n%ok\n"))
	f.Add("", []byte("refer: x"))
	f.Add("0", []byte("0:"))
	f.Add("rdap.example.net", []byte(gigaredRDAP))
	f.Add("rdap.example.net", []byte(`{"objectClassName":"domain","ldhName":"EXAMPLE.COM","status":["client hold"],"redacted":[{"name":{"description":"Registrant Name"}}],"entities":[{"roles":["registrar"],"publicIds":[{"type":"IANA Registrar ID","identifier":"292"}],"vcardArray":["vcard",[["fn",{},"text","X"],["adr",{"label":"a\nb"},"text",["","","","","","","US"]]]]}]}`))
	f.Add("rdap.example.net", []byte(`{"rdapConformance":[]}`))
	f.Add("whois.verisign-grs.com", []byte(registryAnswer))
	f.Add("", []byte("Domain Name:\n    example.co.uk\n\nRegistrant:\n    Example Ltd\n\nRelevant dates:\n    Registered on: 14-Feb-1999\n\nName servers:\n    ns1.example.net  192.0.2.1\n"))
	f.Fuzz(func(t *testing.T, server string, raw []byte) {
		rec, err := whoislookup.Parse(server, raw)
		if rec == nil {
			t.Fatal("no record")
		}
		if answer := slices.Contains([]whoislookup.Verdict{whoislookup.VerdictFound, whoislookup.VerdictNotFound, whoislookup.VerdictReserved, whoislookup.VerdictElsewhere}, rec.Verdict); (err == nil) != answer {
			t.Fatalf("verdict %s with error %v", rec.Verdict, err)
		}
		printsSafely(t, rec)
		lines := strings.Count(string(raw), "\n") + 1
		for _, s := range rec.Sources {
			if s.Hop >= len(rec.Hops) || s.Line < 1 || s.Line > lines {
				t.Fatalf("%+v of %d hops, %d lines", s, len(rec.Hops), lines)
			}
		}
		data, err := json.Marshal(rec)
		if err != nil {
			t.Fatal(err)
		}
		var back whoislookup.Record
		if err := json.Unmarshal(data, &back); err != nil {
			t.Fatal(err)
		}
	})
}

// printsSafely checks what a person sees of a record.
func printsSafely(t *testing.T, rec *whoislookup.Record) {
	t.Helper()
	text := rec.String()
	if !utf8.ValidString(text) {
		t.Fatal("summary is not UTF-8")
	}
	for _, r := range text {
		if r < ' ' && r != '\n' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			t.Fatalf("control character %U in the summary", r)
		}
	}
}

// FuzzAssemble: the answers of two servers make one record, saved hops make the
// same record again, and nothing is found without a network, AS or domain.
func FuzzAssemble(f *testing.F) {
	f.Add("138.0.155.10", "whois.arin.net", []byte(placeholder+"ReferralServer: whois://whois.lacnic.net\n"), "whois.lacnic.net", []byte("inetnum: 138.0.152/22\nowner: Gigared S.A.\n"))
	f.Add("192.5.1.1", "whois.arin.net", []byte("NetRange: 192.5.0.0 - 192.5.255.255\nOrganization: Provider Inc (P-1)\nReferralServer: rwhois://rwhois.example.net:4321\n"), "rwhois.example.net:4321", []byte("%rwhois V-1.5\nnetwork:IP-Network:192.5.1.0/28\nnetwork:Org-Name:Customer\n%ok\n"))
	f.Add("example-shop.com", "whois.verisign-grs.com", []byte(registryAnswer), "whois.registrar.example.net", []byte(registrarAnswer))
	f.Add("138.0.155.10", "rdap.lacnic.net", []byte(gigaredRDAP), "whois.lacnic.net", []byte("inetnum: 138.0.152/22\nowner: Other\n"))
	f.Add("example.it", "whois.iana.org", []byte("refer: whois.nic.it\n\ndomain: IT\norganisation: X\n"), "whois.nic.it", []byte("Domain: example.it\nStatus: AVAILABLE\n"))
	f.Add("AS64500", "whois.example", []byte("0"), "whois.example.net", []byte("AVAIL"))
	f.Fuzz(func(t *testing.T, query, first string, a []byte, second string, b []byte) {
		if !utf8.ValidString(first) || !utf8.ValidString(second) {
			return // no names of hosts, and JSON writes others
		}
		q, _ := whoislookup.ParseQuery(query)
		hops := []whoislookup.Hop{{Server: first, Protocol: "whois", Raw: a}, {Server: second, Protocol: "whois", Raw: b}}
		for i := range hops {
			if bytes.HasPrefix(bytes.TrimSpace(hops[i].Raw), []byte("{")) {
				hops[i].Protocol = "rdap"
			}
		}
		rec, err := whoislookup.Assemble(q, hops)
		found := rec.Verdict == whoislookup.VerdictFound
		if answered := found || rec.Verdict == whoislookup.VerdictNotFound || rec.Verdict == whoislookup.VerdictReserved; (err == nil) != answered {
			t.Fatalf("%s with error %v", rec, err)
		}
		if found && q.Kind != whoislookup.KindHandle && q.Kind != whoislookup.KindUnknown && rec.Network == nil && rec.AS == nil && rec.Domain == nil && rec.Holder.Name == "" {
			t.Fatalf("found nothing: %s", rec)
		}
		if n := rec.Network; found && q.Kind == whoislookup.KindIP && n != nil && !n.Range.Contains(q.Prefix.Addr()) {
			t.Fatalf("%s is about another network", rec)
		}
		if as := rec.AS; found && q.Kind == whoislookup.KindASN && (as == nil || q.ASN < as.From || q.ASN > as.To) {
			t.Fatalf("%s is about another AS", rec)
		}
		if !found && rec.Holder.Name != "" && rec.Verdict != whoislookup.VerdictReserved {
			t.Fatalf("a holder beside %v: %s", err, rec)
		}
		printsSafely(t, rec)
		saved, jsonErr := json.Marshal(rec)
		if jsonErr != nil {
			t.Fatal(jsonErr)
		}
		var back whoislookup.Record
		if jsonErr = json.Unmarshal(saved, &back); jsonErr != nil {
			t.Fatal(jsonErr)
		}
		again, againErr := whoislookup.Assemble(q, back.Hops)
		if text, _ := json.Marshal(again); string(text) != string(saved) || (err == nil) != (againErr == nil) {
			t.Fatalf("%s\nand again\n%s", saved, text)
		}
	})
}

// FuzzDiff: a record has not changed since itself, and every change has two
// sides, which change places with the records.
func FuzzDiff(f *testing.F) {
	f.Add("whois.lacnic.net", []byte(inLACNIC), []byte("inetnum: 138.0.152/22\nowner: Gigared S.A.\n"))
	f.Add("whois.example.net", []byte(inDomains), []byte(registrarAnswer))
	f.Add("", []byte(registryAnswer), []byte(`{"objectClassName":"domain","ldhName":"EXAMPLE-SHOP.COM","status":["server hold"]}`))
	f.Add("whois.arin.net", []byte("NetRange: 138.0.0.0 - 138.0.255.255\nOriginAS: AS1, AS2\n"), []byte("No match found for 138.0.0.1.\n"))
	f.Fuzz(func(t *testing.T, server string, a, b []byte) {
		old, _ := whoislookup.Parse(server, a)
		new, _ := whoislookup.Parse(server, b)
		if changes, _ := diff(old, old); len(changes) > 0 {
			t.Fatalf("changed since itself: %s", changes)
		}
		there, unseen := diff(old, new)
		back, unseenBack := diff(new, old)
		if len(there) != len(back) || len(unseen) != len(unseenBack) {
			t.Fatalf("%s and %s; %s and %s", there, back, unseen, unseenBack)
		}
		for i, c := range there {
			if r := back[i]; c.Old == c.New || c.What != r.What || c.Old != r.New || c.New != r.Old {
				t.Fatalf("%q there, %q back", c, r)
			}
		}
		for _, d := range []whoislookup.Date{old.Created, old.Updated, old.Expires} {
			if _, within, ok := d.Time(); within < 0 || !ok && within != 0 {
				t.Fatalf("%q: %v, %v", d, within, ok)
			}
		}
	})
}

func FuzzParseQuery(f *testing.F) {
	for _, s := range []string{"138.0.152/22", "as 13335", "1.10", "EXAMPLE.com.", "m\u00fcnchen.de", "-h x", "2001:db8::/32", "GOGL", "000.0.", "\u21210", "192.0.2.0 - 192.0.2.255", "192.0.2.1-7", "AS1-AS5", "1.10-1.10", "0.0.0.0-0.", "2001:db8::-2001:db8::f"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q, err := whoislookup.ParseQuery(s)
		if err != nil {
			return
		}
		for i := range len(q.Text) {
			if c := q.Text[i]; c <= ' ' || c >= 0x7f {
				t.Fatalf("%q goes out as %q", s, q.Text)
			}
		}
		if q.Text == "" || q.Text[0] == '-' {
			t.Fatalf("%q goes out as %q", s, q.Text)
		}
		again, err := whoislookup.ParseQuery(q.Text)
		if err != nil || again != q {
			t.Fatalf("%q is %+v, and that is %+v (%v)", s, q, again, err)
		}
	})
}

func FuzzRange(f *testing.F) {
	for _, s := range []string{"138.0.152.0 - 138.0.155.255", "138.0.152/22", "2001:0240:010c::/48", "196.11.239.0 - 196.11.246.255", "::/0", "::0/80", "::1 - ::ffff:ffff:ffff", "::ffff:0:0 - ::1:0:0:0", "::1 - ::ffff:1.2.3.4"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var r whoislookup.Range
		if r.UnmarshalText([]byte(s)) != nil || !r.IsValid() {
			return
		}
		next, n := r.From, 0
		for p := range r.Prefixes() {
			if p.Addr() != next || p != p.Masked() {
				t.Fatalf("%s: prefix %s does not start at %s", r, p, next)
			}
			var whole whoislookup.Range
			if err := whole.UnmarshalText([]byte(p.String())); err != nil || !r.Covers(whole) {
				t.Fatalf("%s: prefix %s is outside", r, p)
			}
			if next = whole.To.Next(); !next.IsValid() {
				break
			}
			if n++; n > 256 {
				t.Fatalf("%s: more than 256 prefixes", r)
			}
		}
		var back whoislookup.Range
		if err := back.UnmarshalText([]byte(r.String())); err != nil || back != r {
			t.Fatalf("%q is %s, and that is %s (%v)", s, r, back, err)
		}
	})
}
