//go:build linux && !opskit_portable

package dnsroot

import (
	"net"

	"golang.org/x/sys/unix"
)

// reportErrors has the kernel report ICMP errors on a socket that is not
// connected (ip(7), ipv6(7): IP_RECVERR, IPV6_RECVERR).
func reportErrors(conn *net.UDPConn, v6 bool) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	err = raw.Control(func(fd uintptr) {
		if v6 {
			set = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_RECVERR, 1)
		} else {
			set = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_RECVERR, 1)
		}
	})
	if err != nil {
		return err
	}
	return set
}
