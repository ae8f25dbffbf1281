// Package dnsroottest runs thirteen root servers on loopback, with real UDP and
// TCP sockets, a signed root zone and faults to order:
//
//	fleet, err := dnsroottest.Start(dnsroottest.Config{})
//	defer fleet.Close()
//	fleet.Set('k', dnsroottest.Fault{Silence: true})
//	sweep, err := fleet.Client().Sweep(ctx) // 12 letters answer and validate, k does not
//
// # Usage
//
// A [Fleet] is an [dnsroot.Exchanger]: it takes messages for the addresses of
// its hints (documentation addresses unless the caller names others) and carries
// them to its sockets on 127.0.0.1 and [::1]. With Config.Listen the letters
// listen on the addresses themselves, all on one port, for programs that only
// know addresses, such as dig and delv.
//
// Faults are set per letter, and within it per transport and address family;
// they are exact: a loss of 0.3 drops 3 of every 10 questions.
//
// # Privileges
//
// None; with Config.Listen those that the addresses and the port need.
//
// # Platforms
//
// All. Where the host has no IPv6, the letters have none: see Fleet.HasIPv6.
//
// # Testing
//
// It is what package dnsroot is tested with, beside real name servers.
package dnsroottest
