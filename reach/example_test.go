package reach_test

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/reach/reachtest"
)

func ExampleProber_Connect() {
	web, err := reachtest.StartHTTP(nil)
	if err != nil {
		panic(err)
	}
	defer web.Close()
	p := reach.Prober{Via: func(netip.AddrPort) netip.AddrPort { return web.Addr() }}
	c, err := p.Connect(context.Background(), netip.MustParseAddrPort("192.0.2.80:80"))
	fmt.Println(c.Target, c.Verdict, err)
	// Output: 192.0.2.80:80 open <nil>
}

func ExampleProber_ConnectAll() {
	web, err := reachtest.StartHTTP(nil)
	if err != nil {
		panic(err)
	}
	open := web.Addr()
	targets := []netip.AddrPort{open, netip.AddrPortFrom(open.Addr(), 1)}
	found := map[string]bool{}
	for c, err := range new(reach.Prober).ConnectAll(context.Background(), slices.Values(targets)) {
		found[fmt.Sprint(c.Verdict, " ", err)] = true
	}
	_ = web.Close()
	fmt.Println(found)
	// Output: map[open <nil>:true refused <nil>:true]
}

func ExampleProber_HTTP() {
	origin, err := reachtest.StartHTTP(reachtest.Site{
		"www.example.org": {Status: 302, Header: map[string]string{"Location": "/index.html"}},
	})
	if err != nil {
		panic(err)
	}
	defer origin.Close()
	a, err := new(reach.Prober).HTTP(context.Background(), reach.HTTPRequest{URL: "http://www.example.org/", At: origin.Addr()})
	fmt.Println(a.Verdict, a.Status, a.Header["Location"], err)
	// Output: answered 302 [/index.html] <nil>
}

func ExampleProber_Compare() {
	one, err := reachtest.StartDNS(reachtest.Zone{"www.example.org A": {Records: []string{"www.example.org. 300 IN A 192.0.2.1"}}})
	if err != nil {
		panic(err)
	}
	defer one.Close()
	two, err := reachtest.StartDNS(reachtest.Zone{"www.example.org A": {Rcode: "SERVFAIL"}})
	if err != nil {
		panic(err)
	}
	defer two.Close()
	c, err := new(reach.Prober).Compare(context.Background(), "www.example.org", "A",
		reach.Resolver{Name: "one", Addr: one.Addr()}, reach.Resolver{Name: "two", Exchanger: two})
	fmt.Println(c)
	fmt.Println(err)
	// Output:
	// www.example.org A: answered
	//   one: answered 192.0.2.1
	//   two: servfail
	// not checked: what two knows of the name (it gave no answer: servfail)
	// <nil>
}

func ExampleProber_Ping() {
	p, err := new(reach.Prober).Ping(context.Background(), netip.MustParseAddr("0.0.0.0"), 1)
	fmt.Println(p.Verdict)
	fmt.Println(err)
	// Output:
	// unknown
	// ping 0.0.0.0: the unspecified address means no particular host: target is not usable
}

func ExampleSystemResolvers() {
	resolvers, err := reach.SystemResolvers()
	fmt.Println(len(resolvers) > 0 || err != nil)
	// Output: true
}

func ExamplePreflight() {
	for _, c := range reach.Preflight(context.Background()) {
		if c.Name == "open_files" && c.Why != "" {
			fmt.Println(c.Name, "is known")
		}
	}
	// Output: open_files is known
}
