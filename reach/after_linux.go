//go:build linux && !opskit_portable

package reach

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// noteSocket notes, where no whole answer came, what the kernel knows: whether
// the request was acknowledged, and the ICMP error that ended it.
func (a *HTTPAnswer) noteSocket(conn net.Conn) {
	s, ok := conn.(syscall.Conn)
	if !ok || a.whole() {
		return
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		a.ICMP = readErrorQueue(int(fd))
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil || !a.TimedOut || a.Received > 0 {
			return
		}
		acked := info.Unacked == 0
		a.RequestAcked = &acked
	})
}
