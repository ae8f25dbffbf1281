package dnsroot_test

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/dnsroottest"
)

func ExampleValidate() {
	fleet, err := dnsroottest.Start(dnsroottest.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fleet.Close()
	client := fleet.Client()
	ask := func(qtype uint16) []byte {
		question := new(dns.Msg)
		question.SetQuestion(".", qtype)
		question.SetEdns0(1232, true) // with signatures
		query, _ := question.Pack()
		reply, _ := client.Exchanger.Exchange(context.Background(), dnsroot.Query{
			Wire: query, To: netip.AddrPortFrom(client.Hints.Servers[0].Addrs[0], 53), Over: dnsroot.TransportTCP,
		})
		return reply.Wire
	}
	soa, keys := ask(dns.TypeSOA), ask(dns.TypeDNSKEY)
	fmt.Println(dnsroot.Validate(soa, keys, client.Anchors, time.Now()).Security)
	fmt.Println(dnsroot.Validate(soa, keys, dnsroot.DefaultAnchors(), time.Now()).Security) // the fleet signs with keys of its own
	// Output:
	// secure
	// bogus
}

func ExamplePreflight() {
	for _, c := range dnsroot.Preflight(context.Background()) {
		fmt.Println(c.Name)
	}
	// Output:
	// ipv4_route
	// ipv6_route
	// udp_socket
	// icmp_errors
}
