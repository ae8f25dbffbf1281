package bulk

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"

	"github.com/opskit-go/opskit/whoislookup"
)

// longer than any look-up: the time of a query is kept on its connection, from
// the dial on, so that waiting for a turn does not count.
const unhurried = 10 * 365 * 24 * time.Hour

// client returns the client that asks, whose connections wait for their turn.
func (b *Bulk) client(ctx context.Context) (*whoislookup.Client, error) {
	b.prepare.Do(func() {
		from := b.base()
		if b.shared = throughProxy(from); b.shared {
			b.asking = from
			return
		}
		b.asking = paced(from, b.dial)
	})
	if b.shared {
		return b.asking, b.turn(ctx, "")
	}
	return b.asking, nil
}

func (b *Bulk) base() *whoislookup.Client {
	if b.Client != nil {
		return b.Client
	}
	return new(whoislookup.Client)
}

// paced returns a client like c that dials otherwise.
func paced(c *whoislookup.Client, dial func(context.Context, string, string) (net.Conn, error)) *whoislookup.Client {
	return &whoislookup.Client{
		Dial: dial, Timeout: unhurried,
		Protocols: c.Protocols, Compare: c.Compare, Bootstrap: c.Bootstrap, RootCAs: c.RootCAs,
		Server: c.Server, Table: c.Table, MaxHops: c.MaxHops, MaxBytes: c.MaxBytes, AllowPrivate: c.AllowPrivate,
	}
}

// throughProxy reports whether connections do not tell which server is asked.
// Then the client is left as it is, since it guards what the proxy is to reach,
// and all look-ups take turns together.
func throughProxy(c *whoislookup.Client) bool {
	if c.Dial != nil || c.Server != "" || c.Protocols != nil && !slices.Contains(c.Protocols, "rdap") {
		return false
	}
	p, err := httpproxy.FromEnvironment().ProxyFunc()(&url.URL{Scheme: "https", Host: "rdap.invalid"})
	return err != nil || p != nil
}

// errand is one look-up, as the connections made for it see it.
type errand struct {
	addr    netip.Addr
	refused error    // why a WHOIS server was not asked
	failed  []string // the servers that could not be connected to, which the pacer knows
}

// errandKey is its key in the look-up's context.
type errandKey struct{}

// errKnown ends a query that another one has answered meanwhile.
var errKnown = fmt.Errorf("%w: another query brought the answer", errNoTurn)

// known reports whether the address has an answer by now.
func (b *Bulk) known(e *errand) bool {
	_, ok := b.cache.get(e.addr, time.Now())
	return ok
}

// dial connects when it is the server's turn. Every query has a connection of
// its own, over WHOIS and over RDAP.
func (b *Bulk) dial(ctx context.Context, network, address string) (net.Conn, error) {
	e, _ := ctx.Value(errandKey{}).(*errand)
	if e == nil {
		e = new(errand)
	}
	_, port, _ := net.SplitHostPort(address)
	if e.refused != nil && port != "443" {
		return nil, e.refused // and nobody else is asked in that server's place
	}
	if b.known(e) {
		return nil, errKnown
	}
	if err := b.turn(ctx, address); err != nil {
		if port != "443" {
			e.refused = err
		}
		return nil, err
	}
	if b.known(e) {
		return nil, errKnown
	}
	base := b.base()
	end := time.Now().Add(or(base.Timeout, 10*time.Second))
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	conn, err := base.DialContext(ctx, network, address)
	if err != nil {
		if !b.shared { // at once: others wait for their turn at this server
			e.failed = append(e.failed, b.turnOf(address))
			b.pace.failed(b.turnOf(address), time.Now())
		}
		return nil, err
	}
	if err := conn.SetDeadline(end); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// turn waits until a server may be asked.
func (b *Bulk) turn(ctx context.Context, address string) error {
	name := b.turnOf(address)
	return b.pace.wait(ctx, name, b.every(name), or(b.Patience, 2*time.Minute))
}

// turnOf returns the name that a server's turns are counted under: that of its
// host, whatever the port.
func (b *Bulk) turnOf(address string) string {
	if b.shared {
		return "proxy"
	}
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	return strings.ToLower(address)
}

func (b *Bulk) every(name string) time.Duration {
	if d, ok := b.Servers[name]; ok {
		return max(d, 0)
	}
	if b.Every <= 0 && strings.HasSuffix(name, ".lacnic.net") {
		return 6 * time.Second
	}
	return or(b.Every, time.Second)
}
