package dnsroot_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/dnsroottest"
)

// The client here asks a fleet on loopback; new(dnsroot.Client) asks the real
// letters.
func ExampleClient_Sweep() {
	fleet, err := dnsroottest.Start(dnsroottest.Config{Serial: 2026112200})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fleet.Close()
	client := fleet.Client()
	client.Hints = onlyIPv4(client.Hints)
	if err := fleet.Set('k', dnsroottest.Fault{Silence: true}); err != nil {
		fmt.Println(err)
		return
	}

	sweep, err := client.Sweep(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(dnsroot.Assess(sweep))
	// Output:
	// root servers: degraded
	//   12 of 13 letters healthy from here
	//   unreachable: k
	//   newest validated serial 2026112200
	//   k: unreachable: no answer over IPv4 UDP (3 of 3 questions), which 12 other letters answered
	//   k: unreachable: no answer over IPv4 TCP (3 of 3 questions), which 12 other letters answered
	// next: sweep from another network before calling a letter down
	// not checked: nothing more
}

func onlyIPv4(h dnsroot.Hints) dnsroot.Hints {
	only := dnsroot.Hints{Updated: h.Updated, Serial: h.Serial}
	for _, s := range h.Servers {
		only.Servers = append(only.Servers, dnsroot.Server{Letter: s.Letter, Addrs: s.Addrs[:1]})
	}
	return only
}

func ExampleAssess() {
	// Evidence may come from a file: here one letter answers and one does not.
	sweep := &dnsroot.Sweep{Probes: []dnsroot.Probe{
		{
			Letter: 'a', Addr: netip.MustParseAddrPort("198.41.0.4:53"), Transport: dnsroot.UDP,
			Reachable: new(true), Sent: 5, RTT: []time.Duration{20 * time.Millisecond}, Rcode: "NOERROR", Serial: new(uint32(2026112200)),
			SOA: dnsroot.Validation{Security: dnsroot.Secure}, NS: dnsroot.Validation{Security: dnsroot.Secure}, DNSKEY: dnsroot.Validation{Security: dnsroot.Secure},
		},
		{
			Letter: 'b', Addr: netip.MustParseAddrPort("170.247.170.2:53"), Transport: dnsroot.UDP,
			Reachable: new(false), Sent: 3, Lost: 3,
		},
	}}
	for _, l := range dnsroot.Assess(sweep).Letters {
		fmt.Println(l.Letter, l.Verdict, l.Evidence)
	}
	// Output:
	// a healthy []
	// b unreachable [no answer over IPv4 UDP (3 of 3 questions), which 1 other letters answered]
}

func ExampleClient_Prime() {
	fleet, err := dnsroottest.Start(dnsroottest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fleet.Close()
	client := fleet.Client()
	client.Hints = onlyIPv4(client.Hints) // as if the IPv6 addresses were new
	priming, err := client.Prime(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(priming.NS.Security, len(priming.Hints.Servers), len(priming.Changes))
	fmt.Println(priming.Changes[0])
	// Output:
	// secure 13 13
	// a: 2001:db8:53::1 is new
}

func ExampleParseHints() {
	hints, err := dnsroot.ParseHints(strings.NewReader(`
;       last update:     April 18, 2024
.                        3600000      NS    K.ROOT-SERVERS.NET.
K.ROOT-SERVERS.NET.      3600000      A     193.0.14.129
K.ROOT-SERVERS.NET.      3600000      AAAA  2001:7fd::1
`))
	fmt.Println(hints.Servers, hints.Updated.Format(time.DateOnly), err)
	// Output: [{k [193.0.14.129 2001:7fd::1]}] 2024-04-18 <nil>
}

func ExampleParseAnchors() {
	anchors, err := dnsroot.ParseAnchors(strings.NewReader(
		". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16\n"))
	fmt.Println(anchors[0].KeyTag, anchors[0] == dnsroot.Anchor{
		KeyTag: 38696, Algorithm: 8, DigestType: 2, Digest: dnsroot.DefaultAnchors()[1].Digest,
	}, err)
	// Output: 38696 true <nil>
}
