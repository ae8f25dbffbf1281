package whoislookup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup/internal/lex"
	"github.com/opskit-go/opskit/whoislookup/internal/read"
	"github.com/opskit-go/opskit/whoislookup/servers"
)

// ask sends the query to one server (RFC 3912) and reads the whole answer. It
// returns within the hop's time whatever the server does.
func (c *Client) ask(ctx context.Context, to read.Referral, line string) Hop {
	hop := Hop{Server: to.Host, Protocol: to.Scheme, Sent: line, Asked: time.Now().UTC().Round(0)}
	if to.Port != read.DefaultPort(to.Scheme) {
		hop.Server = net.JoinHostPort(to.Host, strconv.Itoa(int(to.Port)))
	}
	start := time.Now()
	raw, err := c.exchange(ctx, to, hop.Sent)
	hop.Latency = time.Since(start)
	hop.Raw = raw
	if err != nil {
		hop.Failure = opskit.Fail(&opskit.Error{Op: "ask", Target: hop.Server, Err: err})
	}
	return hop
}

func (c *Client) exchange(ctx context.Context, to read.Referral, line string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout())
	defer cancel()
	if err := c.allowed(to); err != nil {
		return nil, err
	}
	conn, err := c.dial(ctx, net.JoinHostPort(to.Host, strconv.Itoa(int(to.Port))))
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if _, err := io.WriteString(conn, line+"\r\n"); err != nil {
		return nil, unreachable(ctx, err)
	}
	limit := c.maxBytes()
	raw, err := readAll(conn, limit)
	switch {
	case len(raw) > limit:
		return raw[:limit], fmt.Errorf("%d bytes read: %w", limit, ErrTooBig)
	case err != nil && !errors.Is(err, io.EOF):
		return raw, unreachable(ctx, err)
	}
	return raw, nil
}

// readAll reads up to limit bytes and one more. It grows as data comes, so a
// limit costs nothing until it is used.
func readAll(r io.Reader, limit int) ([]byte, error) {
	buf := make([]byte, 0, min(limit+1, 4<<10))
	for {
		if len(buf) == cap(buf) {
			grown := make([]byte, len(buf), min(2*cap(buf), limit+1))
			copy(grown, buf)
			buf = grown
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if err != nil || len(buf) > limit {
			return buf, err
		}
	}
}

// unreachable wraps the error of a connection; a deadline is named as what it
// was, as the error of a closed connection does not say so.
func unreachable(ctx context.Context, err error) error {
	if errors.Is(err, ErrUnsafeTarget) {
		return err
	}
	if cause := ctx.Err(); cause != nil {
		err = cause
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

func (c *Client) dial(ctx context.Context, address string) (net.Conn, error) {
	if c.Dial != nil {
		return c.Dial(ctx, "tcp", address)
	}
	var d net.Dialer
	if !c.AllowPrivate {
		d.Control = refusePrivate
	}
	return d.DialContext(ctx, "tcp", address)
}

// allowed refuses targets that a referral must not name: literal addresses
// that are not public, and ports that are not WHOIS.
func (c *Client) allowed(to read.Referral) error {
	if c.AllowPrivate {
		return nil
	}
	if own, ok := read.ParseReferral(c.Server); to.Port != 43 && to.Port != 4321 && !(ok && to == own) {
		return fmt.Errorf("port %d: %w", to.Port, ErrUnsafeTarget)
	}
	if a, ok := lex.AnyAddr(to.Host); ok && !public(a) {
		return fmt.Errorf("%s: %w", a, ErrUnsafeTarget)
	}
	return nil
}

// refusePrivate is a net.Dialer.Control: it sees the address that is really
// connected to, after DNS.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || !public(ap.Addr()) {
		return fmt.Errorf("%s: %w", address, ErrUnsafeTarget)
	}
	return nil
}

// public reports whether an address may be that of a registry's server: not
// special-purpose space, in whatever form it is written. What a DNS64 makes of
// an IPv4 address (RFC 6052, the well-known prefix) counts as that.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if netip.MustParsePrefix("64:ff9b::/96").Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	for _, inner := range embedded(netip.PrefixFrom(a, a.BitLen())) {
		if !public(inner) {
			return false
		}
	}
	if !a.IsValid() || a.IsMulticast() || !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	p, special := servers.Special(netip.PrefixFrom(a, a.BitLen()))
	return !special || p.Name == "6to4" || p.Name == "TEREDO"
}
