package reach

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
)

// kept receives the open connection of an attempt that wants to speak on it.
type kept struct{ conn net.Conn }

// dialPortable makes the attempt with an ordinary dialer.
func (p *Prober) dialPortable(ctx context.Context, c *Connection, contact netip.AddrPort, m manner) {
	c.Portable = true
	ctx, stop := context.WithDeadline(ctx, p.deadline(ctx))
	defer stop()
	dial := p.DialContext
	if dial == nil {
		dial = (&net.Dialer{FallbackDelay: -1}).DialContext
	}
	conn, err := dial(ctx, "tcp", contact.String())
	if err != nil {
		var timeout net.Error
		switch name := errnoName(err); {
		case name != "":
			c.Errno = name
		case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded),
			errors.As(err, &timeout) && timeout.Timeout():
			c.TimedOut = true
		case !errors.Is(err, context.Canceled):
			c.Errno = "other"
		}
		return
	}
	c.Established = true
	if a, err := netip.ParseAddrPort(conn.LocalAddr().String()); err == nil {
		c.Source = a.Addr().Unmap()
	}
	if m.keep != nil {
		m.keep.conn = conn
		return
	}
	_ = conn.Close() // nothing was written that a failed close could lose
}
