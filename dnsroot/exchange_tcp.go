package dnsroot

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

func exchangeTCP(ctx context.Context, query []byte, to netip.AddrPort) (reply Reply, err error) {
	if len(query) > 65535 {
		return Reply{}, fmt.Errorf("%w: query of %d bytes", ErrNotSent, len(query))
	}
	// What connect(2) answers does not tell a missing route here from an ICMP
	// error of a router there; the look-up does.
	if err := route(ctx, to); err != nil {
		return Reply{}, err
	}
	var dialer net.Dialer
	start := time.Now()
	conn, err := dialer.DialContext(ctx, network("tcp", to.Addr()), to.String())
	if err != nil {
		return Reply{}, tcpError(ctx, err, true)
	}
	reply.Connect = time.Since(start)
	defer func() {
		if closed := conn.Close(); closed != nil && err == nil {
			err = fmt.Errorf("%w: %w", ErrNoAnswer, closed)
		}
	}()
	stop, err := bound(ctx, conn)
	if err != nil {
		return reply, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	defer stop()

	framed := binary.BigEndian.AppendUint16(nil, uint16(len(query)))
	sent := time.Now()
	if _, err := conn.Write(append(framed, query...)); err != nil {
		return reply, tcpError(ctx, err, false)
	}
	for {
		var length [2]byte
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return reply, tcpError(ctx, err, false)
		}
		wire := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(conn, wire); err != nil {
			return reply, tcpError(ctx, err, false)
		}
		why := mismatch(query, wire)
		if why == "" {
			reply.Wire, reply.RTT = wire, time.Since(sent)
			return reply, nil
		}
		reply.Discarded = discard(reply.Discarded, why, 1)
	}
}

// tcpError sorts an error of a connection. Local failures (no free port or
// descriptor, a local filter) are possible only while connecting.
func tcpError(ctx context.Context, err error, connecting bool) error {
	var timeout net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return silence(ctx)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return ErrNoAnswer
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: connection closed before the answer", ErrNoAnswer)
	case !connecting, errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET),
		errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return fmt.Errorf("%w: %w", ErrNotSent, err)
}
