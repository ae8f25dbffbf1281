package dnsroot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"
)

func exchangeUDP(ctx context.Context, query Query) (reply Reply, err error) {
	to := query.To
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
	if _, err := conn.WriteToUDPAddrPort(query.Wire, to); err != nil {
		return Reply{}, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	buf := make([]byte, 65535)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		rtt := time.Since(sent)
		switch {
		case err != nil && reply.Wire != nil:
			return reply, nil // whatever ends the wait for more, there is an answer
		case errors.Is(err, os.ErrDeadlineExceeded):
			return reply, silence(ctx)
		case err != nil:
			return reply, fmt.Errorf("%w: %w", ErrRefused, err)
		}
		why := mismatch(query.Wire, buf[:n])
		if from.Port() != to.Port() || from.Addr().Unmap().WithZone("") != to.Addr().WithZone("") {
			why = otherAddress
		}
		switch {
		case why != "":
			reply.Discarded = discard(reply.Discarded, why, 1)
		case reply.Wire == nil:
			reply.Wire, reply.RTT = bytes.Clone(buf[:n]), rtt
			if query.Linger <= 0 {
				return reply, nil
			}
			if linger(ctx, conn, query.Linger) != nil { // the answer is there
				return reply, nil
			}
		case len(reply.Later) < maxLater && !bytes.Equal(reply.Wire, buf[:n]): // the network may double a datagram
			reply.Later = append(reply.Later, Reply{Wire: bytes.Clone(buf[:n]), RTT: rtt})
		}
	}
}

// maxLater bounds the further answers that are kept for one query.
const maxLater = 4

// linger moves the deadline to that long from now, but not beyond the context's.
func linger(ctx context.Context, conn net.Conn, d time.Duration) error {
	until := time.Now().Add(d)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(until) {
		return nil
	}
	return conn.SetReadDeadline(until)
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
