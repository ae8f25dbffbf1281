package main

import (
	"net/netip"
	"strings"
	"time"

	"github.com/opskit-go/opskit/reach/reachtest"
	"github.com/opskit-go/opskit/reach/why"
)

// The facts of the story: a newspaper's site that was down from 8 December 2015
// on, had been at another address until the 4th, and was found behind a content
// delivery network on the 14th.
const site = "www.pagina12.com.ar"

var (
	oldAddr  = netip.MustParseAddr("190.57.233.170")
	newAddr  = netip.MustParseAddr("138.0.155.10")
	edgeAddr = netip.MustParseAddr("104.20.75.37")

	westPublic = netip.MustParseAddr("198.51.100.1")
	eastPublic = netip.MustParseAddr("198.51.100.2")

	downSince = time.Date(2015, 12, 8, 0, 0, 0, 0, time.UTC)
	noticed   = time.Date(2015, 12, 12, 11, 37, 17, 0, time.UTC)

	addressChange = why.Change{
		Before: oldAddr.String(), After: newAddr.String(),
		LastBefore: time.Date(2015, 12, 4, 0, 0, 0, 0, time.UTC), FirstAfter: noticed,
		Source: "a public history of DNS",
	}

	zone = reachtest.Zone{
		site + " A":          {Records: []string{site + ". 300 IN A 138.0.155.10"}},
		site + " AAAA":       {},
		"pagina12.com.ar NS": {Records: []string{"pagina12.com.ar. 2084 IN NS bill.ns.cloudflare.com.", "pagina12.com.ar. 2084 IN NS edna.ns.cloudflare.com."}},
	}

	originSite = reachtest.Site{
		site: {Status: 302, Header: map[string]string{"Server": "Apache", "Location": "/diario/ultimas/index.html", "Vary": "Accept-Encoding"}},
		"":   {Status: 404},
	}
)

// The two ends of the tunnel, with documentation addresses where the public
// ones were masked.
const (
	westConf = `conn tunnel
    authby=secret
    type=tunnel
    left=172.31.16.163
    leftsubnet=172.31.0.0/16
    right=198.51.100.2
    rightid=10.0.61.63
    rightsubnet=10.0.0.0/16
`
	eastConf = `conn tunnel
    type=tunnel
    auto=start
    authby=secret
    left=198.51.100.1
    leftid=172.31.16.163
    leftsubnet=172.31.0.0/16
    right=10.0.61.63
    rightsubnet=10.0.0.0/16
`
	westSecrets = `10.0.61.63 172.31.16.163: PSK "bjimQ0jc"` + "\n" // public since 2015
	eastSecrets = `172.31.16.163 10.0.61.63: PSK "bjimQ0jc"` + "\n"
	restartLog  = "ipsec_setup: No KLIPS support found while requested, desperately falling back to netkey\n"
)

// parent returns the domain above a host name, where its name servers are; a
// name of two labels is its own.
func parent(host string) string {
	host = strings.TrimSuffix(host, ".")
	if _, above, ok := strings.Cut(host, "."); ok && strings.Contains(above, ".") {
		return above
	}
	return host
}
