package ipsec_test

import (
	"net/netip"

	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/conf"
)

// The tunnel of 2015 between two regions, with documentation addresses for the
// public ones that were masked.
const (
	westStanza = `conn tunnel
    authby=secret
    type=tunnel
    left=172.31.16.163
    leftsubnet=172.31.0.0/16
    right=198.51.100.2
    rightid=10.0.61.63
    rightsubnet=10.0.0.0/16
`
	eastStanza = `conn tunnel
    type=tunnel
    auto=start
    authby=secret
    left=198.51.100.1
    leftid=172.31.16.163
    leftsubnet=172.31.0.0/16
    right=10.0.61.63
    rightsubnet=10.0.0.0/16
`
	restartLog = `ipsec_setup: Stopping Openswan IPsec...
ipsec_setup: Starting Openswan IPsec 2.6.38...
ipsec_setup: No KLIPS support found while requested, desperately falling back to netkey
ipsec_setup: NETKEY support found. Use protostack=netkey in /etc/ipsec.conf to avoid attempts to use KLIPS. Attempting to continue with NETKEY
`
	serviceStatus = `IPsec running  - pluto pid: 17635
pluto pid 17635
2 tunnels up
some eroutes exist
`
)

// blogTunnel is the same tunnel as one value, with a key of today.
func blogTunnel(d conf.Dialect) *ipsec.Tunnel {
	return &ipsec.Tunnel{
		Name: "tunnel",
		A: ipsec.Endpoint{
			Name: "eu-west-1", Addr: netip.MustParseAddr("172.31.16.163"), Public: netip.MustParseAddr("198.51.100.1"),
			Subnets: []netip.Prefix{netip.MustParsePrefix("172.31.0.0/16")}, Dialect: d,
		},
		B: ipsec.Endpoint{
			Name: "us-east-1", Addr: netip.MustParseAddr("10.0.61.63"), Public: netip.MustParseAddr("198.51.100.2"),
			Subnets: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}, Dialect: d,
		},
		PSK: ipsec.GenerateSecret(),
	}
}

// blogEnds are the two stanzas as ends; edit changes their text first.
func blogEnds(edit func(string) string) (a, b ipsec.End) {
	if edit == nil {
		edit = func(s string) string { return s }
	}
	west, errA := conf.Parse("west.conf", edit(westStanza), conf.DialectOpenswan)
	east, errB := conf.Parse("east.conf", edit(eastStanza), conf.DialectOpenswan)
	if errA != nil || errB != nil {
		panic("the stanzas do not parse")
	}
	return ipsec.End{Name: "eu-west-1", Conf: west}, ipsec.End{Name: "us-east-1", Conf: east}
}
