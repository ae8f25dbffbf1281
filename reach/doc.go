// Package reach answers "can I reach it, and if not, why - and is it us?":
//
//	s, err := new(reach.Prober).Dial(ctx, "www.example.org:443")
//	for r := range s.Results() {
//		fmt.Println(r)
//	}
//
//	www.example.org (138.0.155.10:443): prohibited
//	  icmp admin-prohibited (3/13) from 203.0.113.1
//	not checked: nothing more
//
// # Usage
//
// A [Prober] asks the network, one question a call: [Prober.Dial] and
// [Prober.PingAll] what is given by name, [Prober.Connect] a TCP port,
// [Prober.ConnectAll] many, [Prober.Ping] an address, [Prober.HTTP] a site at an
// address of the caller's choice, [Prober.Compare] one name over several
// resolvers, [Prober.Sample] one target many times, [Prober.Trace] where the way
// to it ends, [Prober.Way] this host's own link and gateway. A bad answer is not
// an error; the error is not nil only where the question was not asked.
//
// Every result is one [Verdict] with its evidence. To a monitor they mean:
//
//	open, answered                   ok: seen
//	lossy, slow                      warning: it works, and somebody should look
//	refused, no_answer, unreachable, problem: it does not work from here
//	  prohibited, silent, closed,
//	  malformed, tls_failed, partly_open
//	local_failure, unknown           unknown: the other side was not asked, or
//	                                 cannot be judged; but a Way that fails is a
//	                                 problem, as this host is what it asks for
//	answered with a status           problem from 500 on and for a certificate that
//	                                 proves nothing, warning for the 400s, ok for
//	                                 401 (it wants a login), unknown for 511 (another
//	                                 answers) and for a HEAD that is not taken
//	of resolvers: answered           ok
//	nodata, disagree                 warning: most names lack some type, and round
//	                                 robin and geography look like disagreement
//	nxdomain and all others          problem
//
// [Preflight] tells what can be done here. Evidence can be saved as JSON; every
// result's Judge gives the same verdict for it later.
//
// Sub-packages: why strikes causes out until one is left, cdn knows the address
// ranges and marks of delivery networks, origin finds servers that answer behind
// the back of their network, rootca finds compromised root certificates,
// reachtest fakes the other side on loopback.
//
// # Privileges
//
// None is needed. Connect reads ICMP errors from the socket's error queue,
// which any process may. Ping uses an unprivileged ICMP socket where
// net.ipv4.ping_group_range allows it:
//
//	sysctl -w net.ipv4.ping_group_range="0 2147483647"
//
// and falls back to a raw socket, which needs CAP_NET_RAW.
//
// # Platforms
//
// Linux shows everything. Elsewhere, and with the build tag opskit_portable,
// Connect uses an ordinary dialer: it tells open, refused, an error number and
// silence, and says that the ICMP code and its sender are missing; Ping and Trace
// return errors.ErrUnsupported, and so does SystemResolvers on Windows.
//
// # Testing
//
// Package reachtest starts the other side on loopback: a DNS server with
// scripted answers, a web server with faults, a port that never answers.
// Prober.Via leads any target there:
//
//	p := reach.Prober{Via: func(netip.AddrPort) netip.AddrPort { return silent.Addr() }}
package reach
