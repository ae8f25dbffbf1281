// Package capture reads packet captures for dnsroot/traffic and ipsec/esp: classic
// pcap in both byte orders, with microseconds and nanoseconds, and pcapng, each
// also compressed by gzip, from anything that can be read once from front to back.
//
//	skipped := map[string]uint64{} // by reason
//	frames, err := capture.Read(ctx, os.Stdin, errs, skipped, func(f *capture.Frame, p *capture.Packet) capture.Reason {
//		...
//	})
//
// An error tells where the capture broke off; what came before was read.
//
// A [Decoder] finds the datagram behind Ethernet, VLAN tags, Linux's cooked
// headers (SLL, SLL2), the loopback header of BSD and raw IP, walks the extension
// headers of IPv6 and puts fragments together again. What it cannot use it names
// by a [Reason]: packets in are packets out and packets skipped.
//
// The readers are the house's own. The known library, gopacket, brings
// vishvananda/netlink and golang.org/x/net into the module graph of everybody who
// imports one package of this module, its decoder of DNS has panicked on packets
// from the Internet, and its layers cost more per packet than all that is counted
// here. What is needed of the formats fits one file each.
//
// Sources: IETF drafts draft-ietf-opsawg-pcap and -pcapng, the list of link types
// at tcpdump.org, RFC 791, RFC 8200.
package capture
