package whoislookup

import (
	"context"
	"net"
	"os"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup/servers"
)

// Preflight tells what look-ups can do here: whether there is a route to
// public IPv4 and IPv6 addresses, whether a resolver is configured, which
// proxy the environment names, and how old the server table is. It sends
// nothing to anybody (a route is found by connecting a UDP socket, which sends
// no packet), changes nothing, and takes at most a second.
func Preflight(ctx context.Context) []opskit.Capability {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return []opskit.Capability{
		route(ctx, "ipv4", "udp4", "192.0.2.1:43"),
		route(ctx, "ipv6", "udp6", "[2001:db8::1]:43"),
		resolver(),
		proxy(),
		{Name: "server_table", OK: true, Why: "embedded, as of " + servers.Table{}.Date()},
	}
}

func route(ctx context.Context, name, network, address string) opskit.Capability {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return opskit.Capability{Name: name, Why: err.Error(), Fix: "ip route get " + strings.Trim(strings.TrimSuffix(address, ":43"), "[]")}
	}
	defer conn.Close()
	return opskit.Capability{Name: name, OK: true, Why: "route from " + conn.LocalAddr().String()}
}

// resolver looks at the configuration only: asking a name would tell others.
func resolver() opskit.Capability {
	const file = "/etc/resolv.conf"
	data, err := os.ReadFile(file)
	switch {
	case err != nil:
		return opskit.Capability{Name: "resolver", OK: true, Why: "the system's own; no " + file}
	case !strings.Contains(string(data), "nameserver"):
		return opskit.Capability{Name: "resolver", Why: file + " names no nameserver", Fix: "echo nameserver 192.0.2.53 >> " + file + " # your resolver's address"}
	}
	return opskit.Capability{Name: "resolver", OK: true, Why: file}
}

// proxy tells what the environment says; WHOIS itself knows no proxies.
func proxy() opskit.Capability {
	for _, name := range [...]string{"HTTPS_PROXY", "https_proxy"} {
		if os.Getenv(name) != "" {
			return opskit.Capability{Name: "proxy", OK: true, Why: name + " is set: used for RDAP, not for WHOIS"}
		}
	}
	return opskit.Capability{Name: "proxy", OK: true, Why: "none set"}
}
