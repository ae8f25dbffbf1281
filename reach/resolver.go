package reach

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
)

// Exchanger carries one DNS message in wire format (RFC 1035, 4) to a resolver
// and returns its answer the same way, whatever the transport. Callers bring
// one for DNS over TLS or HTTPS, for a resolver inside the process, or for a
// recorded answer. It must return when ctx ends and be safe for concurrent use.
type Exchanger interface {
	// Exchange sends one query and returns the answer, both in wire format.
	Exchange(ctx context.Context, query []byte) (answer []byte, err error)
}

// Resolver is one resolver to ask. Exchanger, where set, is used in place of
// Addr, which is then only its label.
type Resolver struct {
	Name      string         // how results call it; Addr if empty
	Addr      netip.AddrPort // asked over UDP, and TCP when the answer is cut; port 0 means 53
	Exchanger Exchanger      // how to ask it, in place of UDP and TCP to Addr
}

func (r Resolver) label() string {
	if r.Name != "" {
		return r.Name
	}
	return r.addr().String()
}

func (r Resolver) addr() netip.AddrPort {
	a := clean(r.Addr)
	if a.Port() == 0 {
		return netip.AddrPortFrom(a.Addr(), 53)
	}
	return a
}

// SystemResolvers returns the resolvers that /etc/resolv.conf names, at most
// the three that the C library asks (resolv.conf(5)). Where that file is not
// how the system finds them (Windows) the error matches
// errors.ErrUnsupported; where it names none, ErrTarget.
//
// What it returns is asked over DNS alone: /etc/hosts and nsswitch.conf(5),
// which programs consult first, have no part in the answers.
func SystemResolvers() ([]Resolver, error) {
	const file = "/etc/resolv.conf"
	if runtime.GOOS == "windows" {
		return nil, &opskit.Error{Op: "read resolvers", Err: errors.ErrUnsupported}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, &opskit.Error{Op: "read resolvers", Target: file, Err: err}
	}
	rs := parseResolvConf(b)
	if len(rs) == 0 {
		return nil, &opskit.Error{Op: "read resolvers", Target: file, Err: fmt.Errorf("no nameserver line: %w", ErrTarget)}
	}
	return rs, nil
}

// parseResolvConf reads the nameserver lines of a resolv.conf(5) file.
func parseResolvConf(b []byte) []Resolver {
	const most = 3 // MAXNS of <resolv.h>
	var rs []Resolver
	lines := bufio.NewScanner(bytes.NewReader(b))
	for lines.Scan() && len(rs) < most {
		f := strings.Fields(lines.Text())
		if len(f) < 2 || f[0] != "nameserver" {
			continue
		}
		if a, err := netip.ParseAddr(f[1]); err == nil {
			rs = append(rs, Resolver{Addr: netip.AddrPortFrom(a.Unmap(), 53)})
		}
	}
	return rs
}

// wire is the Exchanger of a Resolver that has none: UDP, asked up to three
// times within the time, then TCP if the answer is cut.
type wire struct {
	addr     netip.AddrPort
	deadline time.Time
	sent     *int // queries sent over UDP
	tcp      *bool
}

const queriesUDP = 3

// Exchange implements Exchanger.
func (w wire) Exchange(ctx context.Context, query []byte) ([]byte, error) {
	answer, err := w.udp(ctx, query)
	if err != nil || len(answer) < 12 || answer[2]&0x02 == 0 {
		return answer, err
	}
	*w.tcp = true
	return w.stream(ctx, query)
}

func (w wire) udp(ctx context.Context, query []byte) ([]byte, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "udp", w.addr.String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer closeOnDone(ctx, conn)()
	each := time.Until(w.deadline) / queriesUDP
	b := make([]byte, 64<<10)
	var last error
	for range queriesUDP {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if _, err := conn.Write(query); err != nil {
			return nil, err
		}
		*w.sent++
		_ = conn.SetReadDeadline(time.Now().Add(each))
		for {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			n, err := conn.Read(b)
			if err != nil {
				last = err
				break
			}
			// Anything else is late or forged; the question is compared later.
			if n >= 12 && b[0] == query[0] && b[1] == query[1] && b[2]&0x80 != 0 {
				return b[:n:n], nil
			}
		}
		if !errors.Is(last, os.ErrDeadlineExceeded) {
			return nil, last
		}
	}
	return nil, last
}

func (w wire) stream(ctx context.Context, query []byte) ([]byte, error) {
	ctx, stop := context.WithDeadline(ctx, time.Now().Add(max(time.Until(w.deadline), time.Second)))
	defer stop()
	conn, err := (&net.Dialer{FallbackDelay: -1}).DialContext(ctx, "tcp", w.addr.String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer closeOnDone(ctx, conn)()
	if d, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(d)
	}
	msg := append([]byte{byte(len(query) >> 8), byte(len(query))}, query...)
	if _, err := conn.Write(msg); err != nil {
		return nil, err
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, err
	}
	answer := make([]byte, int(size[0])<<8|int(size[1]))
	_, err = io.ReadFull(conn, answer)
	return answer, err
}
