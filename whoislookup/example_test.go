package whoislookup_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/netip"

	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

func Example() {
	srv, err := whoistest.NewServer(whoistest.Blog())
	if err != nil {
		log.Fatal(err)
	}
	defer srv.Close()
	client := srv.Client() // a program asks the real registries with: var client whoislookup.Client

	rec, err := client.Lookup(context.Background(), "138.0.155.10")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(rec)
	// Output:
	// 138.0.155.10: Gigared S.A., AR
	//   network: 138.0.152.0/22, allocated
	//   country: AR (from the network)
	//   dates: created 2015-01-02, updated 2015-01-02
	//   asked: whois.arin.net over whois, which refers to whois://whois.lacnic.net
	//   asked: whois.lacnic.net over whois
	// not checked: nothing more
}

func ExampleClient_IP() {
	srv, _ := whoistest.NewServer(whoistest.Blog())
	defer srv.Close()
	rec, err := srv.Client().IP(context.Background(), netip.MustParseAddr("190.57.233.170"))
	fmt.Println(rec.Holder.Name, rec.Network.Range, rec.Network.Parent, err)
	// Output: EDITORIAL LA PAGINA S.A. 190.57.233.160/28 190.57.224.0/19 <nil>
}

func ExampleClient_Prefix() {
	srv, _ := whoistest.NewServer(whoistest.Answers{"whois.arin.net": {
		"192.0.32.0/20": "NetRange: 192.0.32.0 - 192.0.47.255\nNetName: EXAMPLE\n\nOrgName: Example Holder\n",
	}})
	defer srv.Close()
	rec, err := srv.Client().Prefix(context.Background(), netip.MustParsePrefix("192.0.32.0/20"))
	fmt.Println(rec.Holder.Name, rec.Network.Range, err)
	// Output: Example Holder 192.0.32.0/20 <nil>
}

func ExampleClient_ASN() {
	srv, _ := whoistest.NewServer(whoistest.Answers{"whois.ripe.net": {
		"as1101": "aut-num: AS1101\nas-name: EXAMPLE-AS\norg: ORG-EX1-RIPE\n\norganisation: ORG-EX1-RIPE\norg-name: Example Holder\n",
	}})
	defer srv.Close()
	rec, err := srv.Client().ASN(context.Background(), 1101)
	fmt.Println(rec.AS.From, rec.AS.Name, rec.Holder.Name, err)
	// Output: 1101 EXAMPLE-AS Example Holder <nil>
}

func ExampleParse() {
	answer := []byte("inetnum: 138.0.152/22\nowner:   Gigared S.A.\ncountry: AR\n")
	rec, err := whoislookup.Parse("whois.lacnic.net", answer)
	fmt.Println(rec.Network.Range, rec.Holder.Name, err)
	where, _ := rec.Where("holder.name")
	fmt.Println("line", where.Line)
	_, err = whoislookup.Parse("whois.lacnic.net", []byte("% Query rate limit exceeded\n"))
	fmt.Println(errors.Is(err, whoislookup.ErrThrottled))
	// Output:
	// 138.0.152.0/22 Gigared S.A. <nil>
	// line 2
	// true
}

func ExampleAssemble() {
	rec, err := whoislookup.Assemble(whoislookup.Query{}, []whoislookup.Hop{
		{Server: "whois.arin.net", Raw: []byte("NetRange: 138.0.0.0 - 138.0.255.255\nNetType: Transferred to LACNIC\n")},
		{Server: "whois.lacnic.net", Raw: []byte("inetnum: 138.0.152/22\nowner: Gigared S.A.\n")},
	})
	fmt.Println(rec.Holder.Name, rec.Server, err)
	// Output: Gigared S.A. whois.lacnic.net <nil>
}

func ExampleRecord_Since() {
	srv, _ := whoistest.NewServer(whoistest.Blog())
	defer srv.Close()
	before, _ := srv.Client().Lookup(context.Background(), "190.57.233.170")
	after, _ := srv.Client().Lookup(context.Background(), "138.0.155.10")
	changes := after.Since(before)
	for _, c := range changes.List {
		if c.What == "holder.name" || c.What == "network.parent" {
			fmt.Printf("%s: %q -> %q\n", c.What, c.Old, c.New)
		}
	}
	fmt.Println("moved:", after.Moved(before), "not compared:", len(changes.Unseen))
	// Output:
	// network.parent: "190.57.224.0/19" -> ""
	// holder.name: "EDITORIAL LA PAGINA S.A." -> "Gigared S.A."
	// moved: yes not compared: 0
}

func ExampleParseQuery() {
	for _, text := range []string{"138.0.152/22", "as 13335", "1.10", "EXAMPLE.com.", "-h 127.0.0.1"} {
		q, err := whoislookup.ParseQuery(text)
		fmt.Println(q.Kind, q.Text, errors.Is(err, whoislookup.ErrBadQuery))
	}
	// Output:
	// ip 138.0.152.0/22 false
	// asn as13335 false
	// asn as65546 false
	// domain example.com false
	// unknown  true
}

func ExamplePreflight() {
	for _, c := range whoislookup.Preflight(context.Background()) {
		if c.Name == "server_table" {
			fmt.Println(c.OK, c.Why)
		}
	}
	// Output: true embedded, as of 2026-08
}
