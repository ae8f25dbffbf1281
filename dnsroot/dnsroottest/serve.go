package dnsroottest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"github.com/opskit-go/opskit/dnsroot"
)

// maxPortTries is how often a port that turns out to be taken on another
// address or transport is replaced.
const maxPortTries = 50

// listen opens the sockets of all letters.
func (f *Fleet) listen(ctx context.Context) error {
	var err error
	for range maxPortTries {
		if err = f.listenAll(ctx); err == nil || !f.config.Listen || f.config.Port != 0 {
			return err
		}
		for _, c := range f.closers {
			_ = c() // the next try opens them anew
		}
		f.wg.Wait()
		f.closers = nil
		clear(f.real)
	}
	return err
}

func (f *Fleet) listenAll(ctx context.Context) error {
	port := f.config.Port
	for _, s := range f.config.Hints.Servers {
		for _, a := range s.Addrs {
			a = a.Unmap()
			if a.Is6() && f.config.NoIPv6 {
				continue
			}
			at := netip.AddrPortFrom(a, port)
			if !f.config.Listen {
				at = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0)
				if a.Is6() {
					at = netip.AddrPortFrom(netip.IPv6Loopback(), 0)
				}
			}
			got, err := f.open(ctx, f.servers[s.Name], at)
			if err != nil && a.Is6() && !f.config.Listen {
				f.config.NoIPv6 = true // this host has none
				continue
			}
			if err != nil {
				return err
			}
			f.real[a] = got
			if f.config.Listen {
				port = got.Port()
			}
		}
	}
	return nil
}

// open serves one address over UDP and TCP on the same port.
func (f *Fleet) open(ctx context.Context, l *server, at netip.AddrPort) (netip.AddrPort, error) {
	suffix, family := "6", FamilyIPv6
	if at.Addr().Is4() {
		suffix, family = "4", FamilyIPv4
	}
	var config net.ListenConfig
	var err error
	for range maxPortTries {
		var packets net.PacketConn
		packets, err = config.ListenPacket(ctx, "udp"+suffix, at.String())
		if err != nil {
			return netip.AddrPort{}, err
		}
		udp := packets.(*net.UDPConn)
		got := udp.LocalAddr().(*net.UDPAddr).AddrPort()
		got = netip.AddrPortFrom(got.Addr().Unmap(), got.Port())
		var tcp net.Listener
		tcp, err = config.Listen(ctx, "tcp"+suffix, got.String())
		if err != nil {
			_ = udp.Close() // taken for TCP: another port
			if at.Port() != 0 {
				return netip.AddrPort{}, err
			}
			continue
		}
		f.closers = append(f.closers, udp.Close, tcp.Close)
		f.wg.Go(func() { f.serveUDP(ctx, l, udp, family) })
		f.wg.Go(func() { f.serveTCP(ctx, l, tcp, family) })
		return got, nil
	}
	return netip.AddrPort{}, fmt.Errorf("no port is free for UDP and TCP: %w", err)
}

func (f *Fleet) serveUDP(ctx context.Context, l *server, conn *net.UDPConn, family Family) {
	buf := make([]byte, 65535)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			continue // some systems report a client that has gone on the next read
		}
		fault, drop := l.fault(dnsroot.TransportUDP, family, buf[:n])
		if drop {
			continue
		}
		query := append([]byte(nil), buf[:n]...)
		wire := l.answer(query, fault, dnsroot.TransportUDP)
		if wire == nil {
			continue
		}
		if fault.Forged {
			if forged := l.forge(query, fault); forged != nil {
				sendUDP(conn, Fault{}, forged, from)
				fault.Delay += 20 * time.Millisecond
			}
		}
		if fault.Delay == 0 {
			sendUDP(conn, fault, wire, from)
			continue
		}
		f.wg.Go(func() {
			if pause(ctx, fault.Delay) {
				sendUDP(conn, fault, wire, from)
			}
		})
	}
}

func sendUDP(conn *net.UDPConn, fault Fault, wire []byte, to netip.AddrPort) {
	if fault.Decoy {
		forged := append([]byte(nil), wire...)
		forged[0] ^= 0x55
		_, _ = conn.WriteToUDPAddrPort(forged, to) // like any datagram it may be lost
	}
	if fault.SpoofedSource {
		local := conn.LocalAddr().(*net.UDPAddr)
		other, err := net.ListenUDP(conn.LocalAddr().Network(), &net.UDPAddr{IP: local.IP})
		if err != nil {
			return
		}
		defer func() { _ = other.Close() }() // nothing is buffered
		conn = other
	}
	_, _ = conn.WriteToUDPAddrPort(wire, to) // as above
}

func (f *Fleet) serveTCP(ctx context.Context, l *server, listener net.Listener, family Family) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		f.wg.Go(func() {
			stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // ends a read below
			defer stop()
			defer func() { _ = conn.Close() }() // the client sees EOF either way
			for f.serveOne(ctx, l, conn, family) {
			}
		})
	}
}

// serveOne answers one question of a connection and reports whether to go on.
func (f *Fleet) serveOne(ctx context.Context, l *server, conn net.Conn, family Family) bool {
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return false
	}
	query := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, query); err != nil {
		return false
	}
	fault, drop := l.fault(dnsroot.TransportTCP, family, query)
	if drop {
		return true
	}
	wire := l.answer(query, fault, dnsroot.TransportTCP)
	if wire == nil || !pause(ctx, fault.Delay) {
		return false
	}
	if fault.Decoy {
		forged := append([]byte(nil), wire...)
		forged[0] ^= 0x55
		if !send(ctx, conn, fault, forged) {
			return false
		}
	}
	return send(ctx, conn, fault, wire)
}

func send(ctx context.Context, conn net.Conn, fault Fault, wire []byte) bool {
	framed := append(binary.BigEndian.AppendUint16(nil, uint16(len(wire))), wire...)
	if fault.SlowTCP == 0 {
		_, err := conn.Write(framed)
		return err == nil
	}
	for i := range framed {
		if !pause(ctx, fault.SlowTCP) {
			return false
		}
		if _, err := conn.Write(framed[i : i+1]); err != nil {
			return false
		}
	}
	return true
}

// pause waits, or returns false when the fleet closes.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
