//go:build unix

package reachtest

import (
	"errors"
	"net"
	"syscall"
)

// shortenQueue calls listen(2) again with the shortest queue.
func shortenQueue(l net.Listener) error {
	c, ok := l.(syscall.Conn)
	if !ok {
		return syscall.EOPNOTSUPP
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var listen error
	err = raw.Control(func(fd uintptr) { listen = syscall.Listen(int(fd), 0) })
	return errors.Join(err, listen)
}
