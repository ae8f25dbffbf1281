//go:build linux && !opskit_portable

package reach

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// noteAcked notes whether the request was acknowledged, if no answer came.
func (a *HTTPAnswer) noteAcked(conn net.Conn) {
	s, ok := conn.(syscall.Conn)
	if !ok || !a.TimedOut || a.Received > 0 {
		return
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			return
		}
		acked := info.Unacked == 0
		a.RequestAcked = &acked
	})
}
