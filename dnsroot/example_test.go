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
	if err := fleet.Set("k", dnsroottest.Fault{Silence: true}); err != nil {
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
	//   12 of 13 letters healthy from here; on each of their paths loss above 17 % is excluded
	//   unreachable: k
	//   newest validated serial 2026112200
	//   unreachable: k over IPv4 TCP, IPv4 UDP: no answer (8 of 8 questions): at 192.0.2.11
	// next: sweep from another network before calling a server down
	// not checked: nothing more
}

func onlyIPv4(h dnsroot.Hints) dnsroot.Hints {
	only := dnsroot.Hints{Updated: h.Updated, Serial: h.Serial}
	for _, s := range h.Servers {
		only.Servers = append(only.Servers, dnsroot.Server{Name: s.Name, Addrs: s.Addrs[:1]})
	}
	return only
}

func ExampleAssess() {
	// Evidence may come from a file: here one letter answers and one does not.
	sweep := &dnsroot.Sweep{Probes: []dnsroot.Probe{
		{
			Server: "a.root-servers.net.", Addr: netip.MustParseAddrPort("198.41.0.4:53"), Transport: dnsroot.TransportUDP,
			Reachable: new(true), Small: dnsroot.Count{Sent: 16}, RTT: []time.Duration{20 * time.Millisecond}, Rcode: "NOERROR", Serial: new(uint32(2026112200)),
			SOA: dnsroot.Validation{Security: dnsroot.SecuritySecure}, NS: dnsroot.Validation{Security: dnsroot.SecuritySecure}, DNSKEY: dnsroot.Validation{Security: dnsroot.SecuritySecure},
		},
		{
			Server: "b.root-servers.net.", Addr: netip.MustParseAddrPort("170.247.170.2:53"), Transport: dnsroot.TransportUDP,
			Reachable: new(false), Small: dnsroot.Count{Sent: 8, Lost: 8},
		},
	}}
	for _, l := range dnsroot.Assess(sweep).Servers {
		fmt.Println(l.Server, l.Verdict, l.Evidence)
	}
	// Output:
	// a.root-servers.net. healthy []
	// b.root-servers.net. unreachable [no answer over IPv4 UDP: 8 of 8 questions]
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
	fmt.Println(priming.Verdict, len(priming.Lists), len(priming.Changes))
	fmt.Println(priming.Changes[0].What, priming.Changes[0].New)
	// Output:
	// stale 3 13
	// a.root-servers.net. address 2001:db8:53::1
}

func ExampleParseHints() {
	hints, err := dnsroot.ParseHints(strings.NewReader(`
;       last update:     April 18, 2024
.                        3600000      NS    K.ROOT-SERVERS.NET.
K.ROOT-SERVERS.NET.      3600000      A     193.0.14.129
K.ROOT-SERVERS.NET.      3600000      AAAA  2001:7fd::1
`))
	fmt.Println(hints.Servers, hints.Updated.Format(time.DateOnly), err)
	// Output: [{k.root-servers.net. [193.0.14.129 2001:7fd::1]}] 2024-04-18 <nil>
}

func ExampleParseAnchors() {
	anchors, err := dnsroot.ParseAnchors(strings.NewReader(
		". IN DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16\n"))
	fmt.Println(anchors[0].KeyTag, anchors[0] == dnsroot.Anchor{
		KeyTag: 38696, Algorithm: 8, DigestType: 2, Digest: dnsroot.DefaultAnchors()[1].Digest,
	}, err)
	// Output: 38696 true <nil>
}
