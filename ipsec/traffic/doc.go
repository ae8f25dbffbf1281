// Package traffic tells where the packets of a tunnel are lost that is said to be
// up, from two looks at one end, or at each of both.
//
//	west.After.Time, west.After.Status = time.Now(), status // ipsec.ParseStatus; and so Before
//	west.Pings = []traffic.Pings{{To: host, Size: 84, Sent: 5}}
//	fmt.Println(traffic.Check(west, east))
//	// not_answered: looked twice at 2 ends
//	//   west: 0 bytes in, 420 bytes out in 10s
//	//   east: 420 bytes in, 0 bytes out in 10s
//	//   problem no_forwarding: east forwards nothing: net.ipv4.ip_forward is 0
//
// # Usage
//
// Look at both ends ([ipsec.ParseStatus], [Look.ReadHost]), ping from a host of one
// network to one of the other and count the answers, look at both again, and hand
// the looks to [Check]; they can come from files that were saved at each end. With
// one end alone the verdict is as far as its own counters go.
//
//	verdict                                     level
//	passes                                      ok
//	partly                                      warning: some packets pass
//	not_answered, no_reply                      warning, as traffic of one direction may be meant; a problem where pings were sent, or a cause is seen
//	not_entering, not_arriving, not_returning   problem: what was sent is lost
//	beside                                      problem: it goes in clear
//	unknown                                     unknown: nothing was sent, or a rekey took the counters away
//
// A finding bears the code of the verdict that loses; beside it stand what the
// looks show to cause it: esp_dropped, masqueraded, mtu, no_forwarding,
// no_listener, no_route, no_sa, peer_stopped, rp_filter; and mss, the line to paste.
//
// # Privileges
//
// None for Check; ReadHost sees NAT's flows as root.
//
// # Platforms
//
// All; ReadHost on the host's own /proc needs Linux.
//
// # Testing
//
// Two daemons in network namespaces lose packets in each of these ways.
package traffic
