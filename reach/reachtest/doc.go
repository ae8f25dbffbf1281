// Package reachtest starts the other side of package reach on loopback, for
// tests and demonstrations:
//
//	dns, err := reachtest.StartDNS(reachtest.Zone{"www.example.org A": {Records: []string{"www.example.org. 300 IN A 192.0.2.1"}}})
//	c, err := new(reach.Prober).Compare(ctx, "www.example.org", "A", reach.Resolver{Addr: dns.Addr()})
//
// # Usage
//
// [StartDNS] serves scripted answers over UDP and TCP, [StartHTTP] and
// [StartHTTPS] pages by Host header, with the faults of real servers,
// [StartSilent] a port that answers no SYN, as a host behind a dropping
// firewall. Each is closed by its Close, which leaves no goroutine behind.
// reach.Prober.Via leads targets to them:
//
//	p := reach.Prober{Via: func(netip.AddrPort) netip.AddrPort { return silent.Addr() }}
//
// # Privileges
//
// None.
//
// # Platforms
//
// All; StartSilent where a full queue of connections makes the system drop
// SYNs, as on Linux.
//
// # Testing
//
// This is the package for it.
package reachtest
