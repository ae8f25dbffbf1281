// Package dnsroot answers "are the DNS root servers all right, as seen from
// here?", and the same of any other zone's servers.
//
//	sweep, err := new(dnsroot.Client).Sweep(ctx) // asks all 13 letters, IPv4 and IPv6, UDP and TCP
//	...
//	fmt.Println(dnsroot.Assess(sweep))
//
// prints
//
//	root servers: degraded
//	  12 of 13 letters healthy from here; on each of their paths loss above 17 % is excluded
//	  unreachable: k
//	  newest validated serial 2026112200
//	  unreachable: k over IPv4 TCP, IPv4 UDP: no answer (8 of 8 questions): at 193.0.14.129
//	next: sweep from another network before calling a server down
//	not checked: every server over IPv6 (dial udp6 [2001:503:ba3e::2:30]:53: connect: network is unreachable; need: a host with IPv6)
//
// # Usage
//
// [Client.Sweep] gathers evidence: for each server, address and transport
// whether it answers, round-trip times, loss by size of answer, the serial of its
// zone, which machine answered (NSID, hostname.bind, id.server) and whether its
// answers validate. [Assess] is the verdict, a pure function of the sweeps of one
// host or of several, so that what is saved gives the same verdict later.
//
// The thirteen letters come from [DefaultHints], a dated table, or from a hints
// file ([ParseHints]), which may be another zone's, or for any zone from its parent
// ([Client.Delegation] walks there from the root); [Client.Prime] asks three of
// the servers for the current list, as RFC 9609 describes. Answers are validated
// against [DefaultAnchors], the dated key-signing keys of IANA, or against
// anchors of one's own ([ParseAnchors], Client.Anchors).
//
// [ParseAtlas] reads what RIPE Atlas measured as the sweeps of as many hosts.
// [Client.CheckResolver] asks one recursive resolver what it makes of the root.
//
// What hits a whole path alike is Unknown, since this host's own network cannot
// be told from all servers; where all of them answer as a resolver would, it is
// Suspicious. A server is judged by what others on its paths do not show. An
// address family that the host lacks is a gap and says nothing about the servers.
//
// A sweep sends about twenty questions to each address and transport, half a
// millisecond apart, and up to 64 where some are lost. Do not run it more than
// once a minute.
//
// Package rssac002 judges published statistics; package dnsroottest has the
// servers of a zone on loopback, with faults.
//
// # Levels
//
//	healthy      OK       seen to be right; Unknown where something was not seen
//	degraded     Warning  works in part, or some servers do
//	unreachable, lame, stale, invalid, suspicious: Problem, since it must not be relied on
//	unknown      Unknown
//
// # Privileges
//
// None. [Preflight] tells what the host lacks.
//
// # Platforms
//
// All. On Linux an ICMP error ends the wait for a UDP answer and is told from
// silence; elsewhere a closed UDP port is silence. A refused TCP connection on
// Windows is a gap.
//
// # Testing
//
// An [Exchanger] carries wire-format messages: tests may bring their own, or
// use the real sockets of dnsroottest's fleet, which needs neither privileges
// nor a network.
package dnsroot
