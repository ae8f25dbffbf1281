package dnsroot

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/opskit-go/opskit"
)

// Preflight tells what this package may do on this host: "ipv4_route" and
// "ipv6_route" (a route to the letters of that family), "udp_socket",
// "icmp_errors" (whether a closed or filtered port is told from silence over
// UDP). It sends nothing, changes nothing and takes at most two seconds. That a
// route is there does not mean that port 53 is open on the way.
func Preflight(ctx context.Context) []opskit.Capability {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	hints := DefaultHints()
	v4, v6 := hints.Servers[0].Addrs[0], hints.Servers[0].Addrs[1]
	return []opskit.Capability{
		routeCapability(ctx, "ipv4_route", v4),
		routeCapability(ctx, "ipv6_route", v6),
		socketCapability(ctx),
		icmpCapability(ctx),
	}
}

func routeCapability(ctx context.Context, name string, to netip.Addr) opskit.Capability {
	if err := route(ctx, netip.AddrPortFrom(to, 53)); err != nil {
		return opskit.Capability{
			Name: name, Why: opskit.Escape(err.Error()) + "; letters over " + familyOf(to) + " will be listed as not checked",
			Fix: "ip route get " + to.String(),
		}
	}
	return opskit.Capability{Name: name, OK: true, Why: "this host has a route to " + to.String()}
}

func socketCapability(ctx context.Context) opskit.Capability {
	conn, err := listenAny(ctx)
	if err != nil {
		return opskit.Capability{Name: "udp_socket", Why: opskit.Escape(err.Error()), Fix: "ulimit -n 1024"}
	}
	_ = conn.Close() // nothing was written
	return opskit.Capability{Name: "udp_socket", OK: true}
}

func icmpCapability(ctx context.Context) opskit.Capability {
	const name = "icmp_errors"
	conn, err := listenAny(ctx)
	if err != nil {
		return opskit.Capability{Name: name, Why: opskit.Escape(err.Error()), Fix: "ulimit -n 1024"}
	}
	defer func() { _ = conn.Close() }() // nothing was written
	v6 := conn.LocalAddr().(*net.UDPAddr).IP.To4() == nil
	if err := reportErrors(conn, v6); err != nil {
		return opskit.Capability{Name: name, Why: "a closed port looks like silence over UDP: " + opskit.Escape(err.Error())}
	}
	return opskit.Capability{Name: name, OK: true, Why: "IP_RECVERR"}
}

func listenAny(ctx context.Context) (*net.UDPConn, error) {
	var config net.ListenConfig
	conn, err := config.ListenPacket(ctx, "udp4", "")
	if err != nil {
		conn, err = config.ListenPacket(ctx, "udp6", "")
	}
	if err != nil {
		return nil, err
	}
	return conn.(*net.UDPConn), nil
}
