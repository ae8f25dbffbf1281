package dnsroot

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"
)

func exchangeUDP(ctx context.Context, query []byte, to netip.AddrPort) (reply Reply, err error) {
	if err := route(ctx, to); err != nil {
		return Reply{}, err
	}
	var config net.ListenConfig
	packets, err := config.ListenPacket(ctx, network("udp", to.Addr()), "")
	if err != nil {
		return Reply{}, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	conn := packets.(*net.UDPConn)
	defer func() {
		if closed := conn.Close(); closed != nil && err == nil {
			err = fmt.Errorf("%w: %w", ErrNoAnswer, closed)
		}
	}()
	// Without it (not Linux) a closed port looks like silence, nothing worse.
	_ = reportErrors(conn, to.Addr().Is6())
	stop, err := bound(ctx, conn)
	if err != nil {
		return Reply{}, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	defer stop()

	sent := time.Now()
	if _, err := conn.WriteToUDPAddrPort(query, to); err != nil {
		return Reply{}, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	buf := make([]byte, 65535)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		rtt := time.Since(sent)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return reply, silence(ctx)
		case err != nil:
			return reply, fmt.Errorf("%w: %w", ErrRefused, err)
		}
		why := mismatch(query, buf[:n])
		if from.Port() != to.Port() || from.Addr().Unmap().WithZone("") != to.Addr().WithZone("") {
			why = otherAddress
		}
		if why == "" {
			reply.Wire, reply.RTT = buf[:n:n], rtt
			return reply, nil
		}
		reply.Discarded = discard(reply.Discarded, why, 1)
	}
}

// route tells whether this host has a route to the address, without sending
// anything: connecting a UDP socket only looks it up.
func route(ctx context.Context, to netip.AddrPort) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network("udp", to.Addr()), to.String())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	return conn.Close()
}

func network(transport string, addr netip.Addr) string {
	if addr.Is4() {
		return transport + "4"
	}
	return transport + "6"
}

// bound ends the connection's I/O when ctx ends. stop releases what it holds.
func bound(ctx context.Context, conn net.Conn) (stop func(), err error) {
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return nil, err
		}
	}
	done := make(chan struct{})
	after := context.AfterFunc(ctx, func() {
		defer close(done)
		_ = conn.SetDeadline(time.Unix(1, 0)) // fails only on a closed connection
	})
	return func() {
		if !after() {
			<-done
		}
	}, nil
}

// silence is the error of a wait that ended: a caller who cancelled learns
// nothing about the server.
func silence(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("%w: %w", ErrNotSent, context.Canceled)
	}
	return ErrNoAnswer
}
