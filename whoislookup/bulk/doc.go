// Package bulk asks whose many addresses are, with as few queries as the
// registries' ranges allow and never faster than their servers like.
//
//	for res, err := range new(bulk.Bulk).Lookup(ctx, addrs) {
//		fmt.Println(res.Addr, res.Holder(), err) // 138.0.155.10 Gigared S.A. <nil>
//	}
//
// # Usage
//
// [Bulk.Lookup] takes a stream of addresses and yields results as they come;
// [Bulk.IP] asks for one, from as many goroutines as there are. Both share one
// cache by answered range, hold back addresses that a query under way may
// answer too, keep the pace of each server, and wait where a server asks for a
// pause. [Bulk.Origins] asks Team Cymru which AS announces each address, many
// in one connection.
//
// [Delegated] reads the statistics files in which the five registries publish
// what they handed out. Given to a Bulk, its entry comes with each result; with
// Offline set, it is the answer, and nobody is asked.
//
// [Prefixes] turns ranges into the fewest prefixes: what a firewall wants.
//
// # Privileges
//
// None; see package whoislookup for what a client refuses to connect to.
//
// # Platforms
//
// All; nothing is particular to one.
//
// # Testing
//
// Package whoistest runs registries on loopback; its client goes into
// Bulk.Client. All waiting is done with package time's clocks, so a test in a
// testing/synctest bubble takes no time.
package bulk
