// Package esp tells from a packet capture whether a tunnel really encrypts: what
// of its networks' traffic went over the wire as ESP, and what in clear.
//
//	proof, err := esp.ReadCapture(ctx, os.Stdin, esp.Tunnel{ // tcpdump -w - | ...
//		A: esp.End{Gateways: west, Networks: westNets},
//		B: esp.End{Gateways: east, Networks: eastNets},
//	})
//	fmt.Println(proof)
//	// leaked: 45 packets in clear between the tunnel's networks, 115 of ESP
//	//   172.31.17.235 > 10.0.207.203 icmp: 45 packets from ... to ..., after the last ESP of that direction
//
// # Usage
//
// [ReadCapture] reads pcap and pcapng, also compressed by gzip. A [Proof] counts
// ESP by SPI with what is missing of its sequence, IKE, ICMP errors that quote
// ESP, which prove nothing, and every flow between the networks in clear.
//
// Where the capture was made decides what a packet in clear means. The kernel
// shows an arriving packet twice, as ESP and decrypted, on the same interface; a
// gateway with one interface receives in clear what it sends as ESP; on interface
// "any", and on a TUN device, the inside is seen. Such packets are told by their
// companion in ESP, their interface and their sender's Ethernet address, and are
// no leak. Where nothing tells, the verdict is unknown.
//
// The levels, and why:
//
//	verdict    level    why
//	encrypted  ok       ESP in both directions, nothing in clear, and other hosts' packets, so that no filter hid it (or Tunnel.Whole)
//	leaked     problem  a packet between the networks in clear where ESP belongs
//	unknown    unknown  no traffic, one direction only, a filter, or a place where inside and outside are not told apart
//
// What makes these rules wrong: a gateway that sends clear copies of what it also
// encrypts, packet by packet within 10 ms, passes for a capture of its inside.
//
// # Privileges
//
// None. Capturing needs what tcpdump needs.
//
// # Platforms
//
// All.
//
// # Testing
//
// Against recorded captures, with the counts of tshark, and against live daemons
// of which one is killed.
package esp
