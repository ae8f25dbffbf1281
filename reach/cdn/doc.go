// Package cdn tells whether an address belongs to a content delivery network:
//
//	for _, m := range cdn.Lookup(netip.MustParseAddr("104.20.75.37")) {
//		fmt.Println(m)
//	}
//
//	Cloudflare 104.16.0.0/13 (list of 2026-01-02)
//
// # Usage
//
// [Lookup] returns every listed range that holds the address, the longest
// first, each with the day and source of its list. [Prefixes] returns a
// provider's whole list: what a firewall in front of an origin server should
// let in, and nothing else (other customers of the network come from there
// too, so a secret between the network and the origin is still needed).
//
// No range found means "in no list of that day", not "no such network":
// providers announce new ranges, serve from inside others' networks (Akamai),
// and are not all in the table. Name servers at a provider (bill.ns.cloudflare.com)
// do not mean that the site is served by it.
//
// # Privileges
//
// None. The table is in the program; nothing is asked on the network.
//
// # Platforms
//
// All.
//
// # Testing
//
// The table is fixed, so a test needs no fake; [Parse] reads another.
package cdn
