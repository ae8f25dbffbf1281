//go:build linux && !opskit_portable

package reach

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// pinger is the socket of one call of Ping.
type pinger struct {
	r      *Ping
	file   *os.File
	raw    syscall.RawConn
	v6     bool
	header bool // replies begin with an IPv4 header
	id     uint16
	token  [tokenSize]byte
	sent   []time.Time
	seen   []bool
}

func (p *Prober) echo(ctx context.Context, r *Ping, contact netip.Addr, count int) error {
	sa, domain, err := sockaddr(netip.AddrPortFrom(contact, 0))
	if err != nil {
		return errors.Join(ErrTarget, err)
	}
	fd, method, err := icmpSocket(domain)
	if err != nil {
		if name := errnoName(err); outOfResources(name) {
			r.Method, r.Errno = "unprivileged", name
		}
		return nil // Judge makes it a gap
	}
	r.Method = method
	g := &pinger{
		r: r, file: os.NewFile(uintptr(fd), "icmp"), v6: domain == unix.AF_INET6,
		header: method == "raw" && domain == unix.AF_INET, token: newToken(),
		sent: make([]time.Time, count), seen: make([]bool, count),
	}
	defer g.file.Close()
	g.id = binary.BigEndian.Uint16(g.token[:])
	_ = receiveErrors(fd, domain)
	if g.v6 {
		_ = unix.SetsockoptInt(fd, unix.SOL_IPV6, unix.IPV6_RECVHOPLIMIT, 1)
	} else {
		_ = unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_RECVTTL, 1)
	}
	if g.raw, err = g.file.SyscallConn(); err != nil {
		return err
	}
	if err := unix.Connect(fd, sa); err != nil {
		r.Errno = errnoName(err)
		return nil
	}
	r.Source, _ = localAddr(fd)
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		_ = g.file.SetReadDeadline(time.Unix(1, 0))
	})
	g.run(ctx, p)
	if !stop() {
		<-done
	}
	return nil
}

// run sends the requests and gathers what comes back.
func (g *pinger) run(ctx context.Context, p *Prober) {
	interval := p.Interval
	if interval <= 0 {
		interval = defaultInterval
	}
	for seq := range g.sent {
		if !g.send(seq) {
			return
		}
		wait := interval
		if seq == len(g.sent)-1 {
			wait = p.timeout()
		}
		until := g.sent[seq].Add(wait)
		for time.Now().Before(until) && ctx.Err() == nil && g.r.ICMP == nil && g.r.Errno == "" {
			if seq == len(g.sent)-1 && len(g.r.Replies) == len(g.sent) {
				break
			}
			_ = g.file.SetReadDeadline(until)
			if ctx.Err() != nil { // it may have ended before the line above
				break
			}
			if err := g.raw.Read(g.receive); err != nil {
				break
			}
		}
		g.r.Waited = time.Since(g.sent[seq])
		if ctx.Err() != nil || g.r.ICMP != nil || g.r.Errno != "" {
			return
		}
	}
}

// send sends one request. A pending ICMP error is returned by the first write
// after it came; it is then in the error queue.
func (g *pinger) send(seq int) bool {
	packet := echoRequest(g.v6, g.id, uint16(seq), g.token)
	g.sent[seq] = time.Now()
	var err error
	_ = g.raw.Control(func(fd uintptr) {
		if _, err = unix.Write(int(fd), packet); err == nil {
			return
		}
		if g.r.ICMP = readErrorQueue(int(fd)); g.r.ICMP == nil {
			g.r.Errno = errnoName(err)
		}
	})
	if err == nil {
		g.r.Sent++
	}
	return err == nil
}

// receive reads everything that has come and reports whether there was anything.
func (g *pinger) receive(fd uintptr) bool {
	var b [1500]byte
	var oob [256]byte
	got := false
	for {
		n, on, _, _, err := unix.Recvmsg(int(fd), b[:], oob[:], unix.MSG_DONTWAIT)
		if err != nil {
			if icmp := readErrorQueue(int(fd)); icmp != nil {
				g.r.ICMP, got = icmp, true
			} else if !errors.Is(err, unix.EAGAIN) {
				// The error of an ICMP message whose queue entry was already read
				// is not a new one.
				if g.r.ICMP == nil {
					g.r.Errno = errnoName(err)
				}
				got = true
			}
			return got
		}
		at := time.Now()
		seq, ttl, ok := parseEchoReply(b[:n], g.v6, g.header, g.token)
		if !ok || int(seq) >= len(g.sent) || g.sent[seq].IsZero() {
			continue
		}
		got = true
		if g.seen[seq] {
			g.r.Duplicates++
			continue
		}
		g.seen[seq] = true
		if !g.header {
			ttl = hopLimit(oob[:on])
		}
		g.r.Replies = append(g.r.Replies, Echo{Seq: int(seq), RTT: at.Sub(g.sent[seq]), TTL: ttl})
	}
}

func hopLimit(oob []byte) int {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return 0
	}
	for _, m := range messages {
		v4 := m.Header.Level == unix.SOL_IP && m.Header.Type == unix.IP_TTL
		v6 := m.Header.Level == unix.SOL_IPV6 && m.Header.Type == unix.IPV6_HOPLIMIT
		if (v4 || v6) && len(m.Data) >= 4 {
			return int(binary.NativeEndian.Uint32(m.Data))
		}
	}
	return 0
}

// icmpSocket opens the unprivileged kind of socket, else the raw one.
func icmpSocket(domain int) (fd int, method string, err error) {
	protocol := unix.IPPROTO_ICMP
	if domain == unix.AF_INET6 {
		protocol = unix.IPPROTO_ICMPV6
	}
	const flags = unix.SOCK_NONBLOCK | unix.SOCK_CLOEXEC
	if fd, err = unix.Socket(domain, unix.SOCK_DGRAM|flags, protocol); err == nil {
		return fd, "unprivileged", nil
	}
	fd, rawErr := unix.Socket(domain, unix.SOCK_RAW|flags, protocol)
	if rawErr == nil {
		return fd, "raw", nil
	}
	return -1, "", errors.Join(err, rawErr)
}
