// Package dnsroot answers "are the DNS root servers all right, as seen from
// here?".
//
//	sweep, err := new(dnsroot.Client).Sweep(ctx) // asks all 13 letters, IPv4 and IPv6, UDP and TCP
//	...
//	fmt.Println(dnsroot.Assess(sweep))
//
// prints
//
//	root servers: degraded
//	  12 of 13 letters healthy from here
//	  unreachable: k
//	  newest validated serial 2026112200
//	  k: unreachable: no answer over IPv4 UDP (3 of 3 questions), which 12 other letters answered
//	  k: unreachable: no answer over IPv4 TCP (3 of 3 questions), which 12 other letters answered
//	next: sweep from another network before calling a letter down
//	not checked: every letter over IPv6 (dial udp6 [2001:503:ba3e::2:30]:53: connect: network is unreachable; need: a host with IPv6)
//
// # Usage
//
// [Client.Sweep] gathers evidence: for each letter, address and transport
// whether it answers, round-trip times, loss, the serial of its zone, which
// machine answered (NSID, hostname.bind, id.server) and whether its answers
// validate. [Assess] is the verdict, a pure function of that evidence, so that
// a sweep saved as JSON gives the same verdict later and elsewhere.
//
// The thirteen letters come from [DefaultHints], a dated table, or from a hints
// file ([ParseHints]); [Client.Prime] asks one of them for the current list, as
// RFC 9609 describes, and reports every difference. Answers are validated
// against [DefaultAnchors], the dated key-signing keys of IANA, or against the
// anchors of a fleet of one's own ([ParseAnchors], Client.Anchors).
//
// One host cannot show that a letter is down for everybody; it shows that it
// does not answer here while others do. What hits all letters alike is Unknown,
// since this host's own network cannot be told from thirteen failures; where all
// of them answer as a resolver would, it is Suspicious. An address family that
// the host lacks is a [Gap] and says nothing about the servers.
//
// A sweep sends about twelve small questions to each address, half a millisecond
// apart, to the root servers and to nobody else. Do not run it more than once a
// minute.
//
// Whether published statistics show an attack is the question of the package
// rssac002; package dnsroottest has thirteen letters on loopback, with faults.
//
// # Privileges
//
// None. [Preflight] tells what the host lacks.
//
// # Platforms
//
// All. On Linux an ICMP error ends the wait for a UDP answer and is told from
// silence; elsewhere a closed UDP port is silence. A refused TCP connection on
// Windows is a Gap.
//
// # Testing
//
// An [Exchanger] carries wire-format messages: tests may bring their own, or
// use the real sockets of dnsroottest's fleet, which needs neither privileges
// nor a network.
package dnsroot
