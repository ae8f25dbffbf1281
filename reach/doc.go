// Package reach answers "can I reach it, and if not, why?":
//
//	c, err := new(reach.Prober).Connect(ctx, netip.MustParseAddrPort("138.0.155.10:80"))
//	fmt.Println(c)
//
//	138.0.155.10:80: prohibited
//	  icmp admin-prohibited (3/13) from 203.0.113.1
//	not checked: nothing more
//
// # Usage
//
// A [Prober] asks the network, one question a call: [Prober.Connect] a TCP
// port, [Prober.ConnectAll] many, [Prober.Ping] an address, [Prober.HTTP] a
// site at an address of the caller's choice, [Prober.Compare] one name over
// several resolvers. Every result is one [Verdict] with its evidence, and
// Unseen says what could not be seen. A bad answer is not an error; the error
// is not nil only where the question was not asked.
//
// [Diagnose] weighs such results, and facts that the caller brings (the
// address, the name servers or the owner changed), and ranks what can be
// behind them, with the evidence for and against each:
//
//	d := reach.Diagnose(reach.Case{Name: name, Connections: cs, Address: &change})
//	fmt.Println(d)
//
// "Cannot tell" is an answer: it is given when the evidence is too little or
// the first two explanations are too close. Evidence can be saved as JSON;
// every result's Judge, and Diagnose, give the same verdict for it later.
//
// Sub-packages: cause names what Diagnose tells apart, cdn knows the address
// ranges of content delivery networks, origin finds servers that answer
// behind the back of their network, rootca finds compromised root
// certificates, reachtest fakes the other side on loopback.
//
// # Privileges
//
// None is needed. Connect reads ICMP errors from the socket's error queue,
// which any process may. Ping uses an unprivileged ICMP socket where
// net.ipv4.ping_group_range allows it:
//
//	sysctl -w net.ipv4.ping_group_range="0 2147483647"
//
// and falls back to a raw socket, which needs CAP_NET_RAW. [Preflight] tells
// what holds here.
//
// # Platforms
//
// Linux shows everything. Elsewhere, and with the build tag opskit_portable,
// Connect uses an ordinary dialer: it tells open, refused, an error number and
// silence, and says that the ICMP code and its sender are missing; Ping
// returns errors.ErrUnsupported; SystemResolvers does so on Windows. The rest
// is the same everywhere.
//
// # Testing
//
// Package reachtest starts the other side on loopback: a DNS server with
// scripted answers, a web server with faults, a port that never answers.
// Prober.Via leads any target there:
//
//	p := reach.Prober{Via: func(netip.AddrPort) netip.AddrPort { return silent.Addr() }}
package reach
