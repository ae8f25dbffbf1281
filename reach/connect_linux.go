//go:build linux && !opskit_portable

package reach

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// kernelEvidence: sockets here show ICMP errors and retransmissions.
const kernelEvidence = true

// TCP states of TCP_INFO (net/tcp_states.h) in which no handshake has completed.
const (
	tcpSynSent = 2
	tcpSynRecv = 3
	tcpClose   = 7
)

// dialKernel makes the attempt with a socket of its own, so that the error
// queue and TCP_INFO can be read before it is closed.
func (p *Prober) dialKernel(ctx context.Context, c *Connection, contact netip.AddrPort, m manner) {
	deadline := p.deadline(ctx)
	atOnce := func(err error) { c.Errno, c.Immediate = errnoName(err), true }
	sa, domain, err := sockaddr(contact)
	if err != nil {
		atOnce(unix.EINVAL)
		return
	}
	fd, err := unix.Socket(domain, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	if err != nil {
		atOnce(err)
		return
	}
	f := os.NewFile(uintptr(fd), "tcp:"+contact.String())
	defer f.Close()
	// Without the option the attempt still works and shows error numbers only.
	_ = receiveErrors(fd, domain)
	m.apply(fd, domain)
	raw, err := f.SyscallConn()
	if err != nil {
		atOnce(err)
		return
	}
	_ = f.SetWriteDeadline(deadline)
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		_ = f.SetWriteDeadline(time.Unix(1, 0))
	})
	failed := sendFailures()
	begun := false
	err = raw.Write(func(fd uintptr) bool {
		if !begun {
			begun = true
			if err := unix.Connect(int(fd), sa); err != nil && !errors.Is(err, unix.EINPROGRESS) {
				atOnce(err)
				c.ICMP = readErrorQueue(int(fd))
				return true
			}
		}
		return c.observe(int(fd))
	})
	if !stop() {
		<-done
	}
	c.TimedOut = errors.Is(err, os.ErrDeadlineExceeded) && !canceled(ctx)
	_ = raw.Control(func(fd uintptr) { c.tcpInfo(int(fd)) })
	if c.TimedOut && failed >= 0 {
		n := sendFailures() - failed
		c.SendFailures = &n
	}
	if !c.Established {
		c.Route = routeTo(contact.Addr())
	}
	if m.keep != nil && c.Established && !c.Reset {
		_ = f.SetWriteDeadline(time.Time{})
		m.keep.conn, err = net.FileConn(f)
		if err != nil {
			c.Established = false
			atOnce(err)
		}
	}
}

// apply sets what an attempt asks for. What the kernel refuses stays as it is;
// the evidence shows what came of it.
func (m manner) apply(fd, domain int) {
	if m.maxSegment > 0 {
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_MAXSEG, m.maxSegment)
	}
	if m.ttl > 0 && domain == unix.AF_INET6 {
		_ = unix.SetsockoptInt(fd, unix.SOL_IPV6, unix.IPV6_UNICAST_HOPS, m.ttl)
	} else if m.ttl > 0 {
		_ = unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_TTL, m.ttl)
	}
	if m.fromPort > 0 {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
		if sa, _, err := sockaddr(netip.AddrPortFrom(m.from, m.fromPort)); err == nil {
			_ = unix.Bind(fd, sa)
		}
	}
}

// observe looks at a connecting socket and reports whether it has an answer.
func (c *Connection) observe(fd int) bool {
	c.ICMP = readErrorQueue(fd)
	errno, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && errno != 0 {
		c.Errno = errnoName(unix.Errno(errno))
		if c.ICMP == nil {
			c.ICMP = readErrorQueue(fd) // it may have come between the two calls
		}
		if c.Errno == "ECONNRESET" || c.Errno == "EPIPE" {
			// Only an established connection is reset with these.
			c.Established, c.Reset = true, true
		}
		return true
	}
	if c.ICMP != nil {
		return true
	}
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil || info.State == tcpSynSent || info.State == tcpSynRecv || info.State == tcpClose {
		return false
	}
	c.Established = true
	return true
}

// tcpInfo notes what the kernel counted.
func (c *Connection) tcpInfo(fd int) {
	c.Source, c.sourcePort = localAddr(fd)
	if c.Immediate {
		return
	}
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return
	}
	again, wanted, window := int(info.Total_retrans), int(info.Retransmits), int(info.Snd_wnd)
	c.SYNRetransmits = &again
	if !c.Established {
		c.SYNTimeouts, c.Strays = &wanted, int(info.Segs_in)
	} else if info.Rcv_wnd > 0 || window > 0 { // a kernel that fills these in
		c.Window = &window
	}
	if c.Established && again == 0 {
		c.RTT = time.Duration(info.Rtt) * time.Microsecond
	}
}

// localAddr is the address that the kernel gave to a socket; zero for none yet.
func localAddr(fd int) (a netip.Addr, port uint16) {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return netip.Addr{}, 0
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		a, port = netip.AddrFrom4(sa.Addr), uint16(sa.Port)
	case *unix.SockaddrInet6:
		a, port = netip.AddrFrom16(sa.Addr).Unmap(), uint16(sa.Port)
	}
	if a.IsUnspecified() {
		return netip.Addr{}, port
	}
	return a, port
}

// sendFailures reads TCPRetransFail: how often the kernel could not send a
// segment again, in this network namespace. Negative: it cannot be read.
func sendFailures() int {
	text, err := os.ReadFile("/proc/thread-self/net/netstat")
	if err != nil {
		return -1
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] != "TcpExt:" {
			continue
		}
		if names == nil {
			names = words
			continue
		}
		if i := slices.Index(names, "TCPRetransFail"); i >= 0 && i < len(words) {
			if n, err := strconv.Atoi(words[i]); err == nil {
				return n
			}
		}
	}
	return -1
}

func receiveErrors(fd, domain int) error {
	if domain == unix.AF_INET6 {
		return unix.SetsockoptInt(fd, unix.SOL_IPV6, unix.IPV6_RECVERR, 1)
	}
	return unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_RECVERR, 1)
}

// readErrorQueue returns the first ICMP error in the socket's error queue.
func readErrorQueue(fd int) *ICMP {
	var data [256]byte
	var oob [512]byte
	for {
		_, n, _, _, err := unix.Recvmsg(fd, data[:], oob[:], unix.MSG_ERRQUEUE|unix.MSG_DONTWAIT)
		if err != nil {
			return nil
		}
		messages, err := unix.ParseSocketControlMessage(oob[:n])
		if err != nil {
			continue
		}
		for _, m := range messages {
			v4 := m.Header.Level == unix.SOL_IP && m.Header.Type == unix.IP_RECVERR
			v6 := m.Header.Level == unix.SOL_IPV6 && m.Header.Type == unix.IPV6_RECVERR
			if !v4 && !v6 {
				continue
			}
			// A packet that is too big is the kernel's business, not an answer.
			if icmp, errno, ok := parseExtendedErr(m.Data); ok && unix.Errno(errno) != unix.EMSGSIZE {
				return &icmp
			}
		}
	}
}

func sockaddr(a netip.AddrPort) (unix.Sockaddr, int, error) {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}, unix.AF_INET, nil
	}
	sa := &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
	if zone := a.Addr().Zone(); zone != "" {
		if n, err := strconv.ParseUint(zone, 10, 32); err == nil {
			sa.ZoneId = uint32(n)
		} else {
			ifi, err := net.InterfaceByName(zone)
			if err != nil {
				return nil, 0, err
			}
			sa.ZoneId = uint32(ifi.Index)
		}
	}
	return sa, unix.AF_INET6, nil
}
