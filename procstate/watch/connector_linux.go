//go:build linux && !opskit_portable

package watch

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/opskit-go/opskit/procstate"
	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit"
)

// connector is a socket that the kernel tells of every process.
type connector struct {
	fd     int
	losses losses
}

// receiveBuffer is for bursts: some ten thousand events.
const receiveBuffer = 8 << 20

// listen opens the connector.
func listen() (*connector, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_CONNECTOR)
	if err != nil {
		return nil, &opskit.Error{Op: "open process connector", Err: err}
	}
	c := &connector{fd: fd, losses: losses{map[uint32]uint32{}}}
	// Without the right to it, the default size is what there is.
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer)
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: indexProc}); err != nil {
		c.close()
		return nil, &opskit.Error{Op: "bind process connector", Err: err}
	}
	if err := c.ask(beginListening); err != nil {
		c.close()
		return nil, &opskit.Error{Op: "listen to process connector", Err: err}
	}
	return c, nil
}

// PROC_CN_MCAST_LISTEN and PROC_CN_MCAST_IGNORE.
const beginListening, endListening = 1, 2

// ask sends an operation to the kernel.
func (c *connector) ask(operation uint32) error {
	const size = 4
	order := binary.NativeEndian
	request := make([]byte, eventAt+size)
	order.PutUint32(request[0:], uint32(len(request)))
	order.PutUint16(request[4:], unix.NLMSG_DONE)
	order.PutUint32(request[12:], uint32(os.Getpid()))
	order.PutUint32(request[netlinkHeader:], indexProc)
	order.PutUint32(request[netlinkHeader+4:], valueProc)
	order.PutUint16(request[lengthAt:], size)
	order.PutUint32(request[eventAt:], operation)
	return unix.Sendto(c.fd, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
}

// close ends the listening first: before Linux 6.6 the kernel does not notice
// that a listener is gone and goes on making events for nobody.
func (c *connector) close() {
	_ = c.ask(endListening) // nothing can be done about it
	unix.Close(c.fd)
}

// until yields what the kernel tells until a moment. It reports whether to go on.
func (c *connector) until(ctx context.Context, moment time.Time, yield func(Event, error) bool) bool {
	buffer := make([]byte, 4096)
	for ctx.Err() == nil {
		rest := time.Until(moment)
		if rest <= 0 {
			return true
		}
		// A short wait, because ctx may end meanwhile.
		wait := min(rest, 50*time.Millisecond)
		fds := []unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, int(wait.Milliseconds())+1); err != nil && !errors.Is(err, unix.EINTR) {
			return yield(Event{}, &opskit.Error{Op: "wait for process connector", Err: err})
		}
		for ctx.Err() == nil {
			n, from, err := unix.Recvfrom(c.fd, buffer, 0)
			if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
				break
			}
			if errors.Is(err, unix.ENOBUFS) {
				// The gaps in the sequence tell later how many were dropped, but only of a
				// processor of which there is another event.
				if !yield(Event{Kind: KindLost, At: time.Now().UTC()}, nil) {
					return false
				}
				continue
			}
			if err != nil {
				return yield(Event{}, &opskit.Error{Op: "read process connector", Err: err})
			}
			if kernel, ok := from.(*unix.SockaddrNetlink); !ok || kernel.Pid != 0 {
				continue // only the kernel is believed
			}
			if !c.deliver(buffer[:n], yield) {
				return false
			}
		}
	}
	return false
}

// deliver yields what one datagram says.
func (c *connector) deliver(text []byte, yield func(Event, error) bool) bool {
	m, err := parseMessage(text)
	if err != nil {
		return yield(Event{}, &opskit.Error{Op: "read process connector", Err: fmt.Errorf("%w: %w", procstate.ErrMalformed, err)})
	}
	now := time.Now().UTC()
	if lost := c.losses.gap(m); lost > 0 && !yield(Event{Kind: KindLost, At: now, Lost: uint64(lost)}, nil) {
		return false
	}
	return !m.exited || yield(Event{Kind: KindExited, At: now, Exit: m.exit}, nil)
}
