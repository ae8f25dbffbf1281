package reach

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/opskit-go/opskit"
)

// Preflight tells what this package may do on this host. It changes nothing
// and sends nothing: it opens sockets and closes them again. The names are
// stable:
//
//	ipv4, ipv6         a route to the Internet exists
//	icmp_codes         TCP sockets show ICMP errors and retransmissions
//	ping               echo requests: over an unprivileged socket (ping_group_range)
//	                   or a raw one (CAP_NET_RAW), as Why tells; either is enough
//	resolvers          the system's resolvers are known
//	open_files         room for ConnectAll's window
func Preflight(ctx context.Context) []opskit.Capability {
	out := []opskit.Capability{
		routed(ctx, "ipv4", "udp4", "192.0.2.1:9"),
		routed(ctx, "ipv6", "udp6", "[2001:db8::1]:9"),
	}
	out = append(out, kernelCapabilities()...)
	resolvers := opskit.Capability{Name: "resolvers"}
	if rs, err := SystemResolvers(); err != nil {
		resolvers.Why = err.Error()
		if !errors.Is(err, errors.ErrUnsupported) { // elsewhere Compare is given them
			resolvers.Fix = "echo nameserver 192.0.2.53 >> /etc/resolv.conf # your resolver's address"
		}
	} else {
		resolvers.OK, resolvers.Why = true, fmt.Sprintf("%d in /etc/resolv.conf", len(rs))
	}
	files := opskit.Capability{Name: "open_files", OK: true, Why: "no limit known"}
	if n := openFiles(); n > 0 {
		files.OK = n/2 >= defaultWindow
		files.Why = fmt.Sprintf("limit %d", n)
		if !files.OK {
			files.Fix = fmt.Sprintf("ulimit -n %d", 4*defaultWindow)
		}
	}
	return append(out, resolvers, files)
}

// routed connects a datagram socket to an address that is set aside for
// documentation (RFC 5737, RFC 3849): the kernel looks up the route and sends
// nothing.
func routed(ctx context.Context, name, network, address string) opskit.Capability {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return opskit.Capability{Name: name, Why: "no route: " + err.Error(), Fix: "ip route; ip -6 route"}
	}
	defer conn.Close()
	return opskit.Capability{Name: name, OK: true, Why: "a route exists; whether packets come back is for a probe"}
}
