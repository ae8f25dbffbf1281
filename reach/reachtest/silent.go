package reachtest

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// Silent is a port on 127.0.0.1 that answers no SYN: its queue of connections
// is full and nobody accepts them, so the kernel drops what else comes.
type Silent struct {
	listen net.Listener
	filled []net.Conn
}

// StartSilent opens such a port. It fails where a full queue does not make the
// system silent.
func StartSilent() (*Silent, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start silent: %w", err)
	}
	s := &Silent{listen: l}
	if err := shortenQueue(l); err != nil {
		return nil, errors.Join(fmt.Errorf("start silent: %w", err), s.Close())
	}
	// One connection more than the queue holds is in it already when the
	// handshake of the next one is no longer answered.
	for range 64 {
		conn, err := (&net.Dialer{Timeout: 250 * time.Millisecond}).Dial("tcp", l.Addr().String())
		switch {
		case err == nil:
			s.filled = append(s.filled, conn)
		case timedOut(err):
			return s, nil
		default:
			return nil, errors.Join(fmt.Errorf("start silent: %w", err), s.Close())
		}
	}
	return nil, errors.Join(errors.New("start silent: the queue does not fill"), s.Close())
}

// Addr returns the port.
func (s *Silent) Addr() netip.AddrPort { return netip.MustParseAddrPort(s.listen.Addr().String()) }

// Close closes the port.
func (s *Silent) Close() error {
	err := s.listen.Close()
	for _, c := range s.filled {
		err = errors.Join(err, c.Close())
	}
	return err
}

func timedOut(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}
