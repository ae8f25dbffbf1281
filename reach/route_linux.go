//go:build linux && !opskit_portable

package reach

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// routeTo asks the kernel for its way to an address; nil if it does not say.
func routeTo(a netip.Addr) *Route {
	family, raw := unix.AF_INET, a.AsSlice()
	if a.Is6() {
		family = unix.AF_INET6
	}
	if len(raw) == 0 || a.Zone() != "" {
		return nil
	}
	body := make([]byte, unix.SizeofRtMsg)
	body[0], body[1] = byte(family), byte(len(raw)*8)
	answers, err := netlink(unix.RTM_GETROUTE, 0, attribute(body, unix.RTA_DST, raw))
	types := map[error]string{
		unix.ENETUNREACH: "none", unix.EHOSTUNREACH: "unreachable", unix.EACCES: "prohibit", unix.EINVAL: "blackhole",
	}
	for errno, name := range types {
		if errors.Is(err, errno) {
			return &Route{Type: name}
		}
	}
	for _, m := range answers {
		if m.Header.Type != unix.RTM_NEWROUTE || len(m.Data) < unix.SizeofRtMsg {
			continue
		}
		r := &Route{Type: routeType(m.Data[7])}
		attributes, err := syscall.ParseNetlinkRouteAttr(&m)
		if err != nil {
			return r
		}
		index := 0
		for _, attr := range attributes {
			switch {
			case attr.Attr.Type == unix.RTA_GATEWAY:
				r.Gateway, _ = netip.AddrFromSlice(attr.Value)
			case attr.Attr.Type == unix.RTA_OIF && len(attr.Value) >= 4:
				index = int(binary.NativeEndian.Uint32(attr.Value))
			}
		}
		r.link(index, a)
		return r
	}
	return nil
}

func routeType(n byte) string {
	names := []string{"unspecified", "unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit"}
	if int(n) < len(names) {
		return names[n]
	}
	return "other"
}

// link notes the state of the link and of the next hop on it.
func (r *Route) link(index int, target netip.Addr) {
	ifi, err := net.InterfaceByIndex(index)
	if err != nil {
		return
	}
	r.Device = ifi.Name
	up := ifi.Flags&net.FlagRunning != 0
	r.LinkUp = &up
	hop := target
	if r.Gateway.IsValid() {
		hop = r.Gateway
	}
	family := unix.AF_INET
	if hop.Is6() {
		family = unix.AF_INET6
	}
	body := make([]byte, 12) // struct ndmsg
	body[0] = byte(family)
	answers, err := netlink(unix.RTM_GETNEIGH, unix.NLM_F_DUMP, body)
	if err != nil {
		return
	}
	for _, m := range answers {
		if m.Header.Type != unix.RTM_NEWNEIGH || len(m.Data) < 12 || int(binary.NativeEndian.Uint32(m.Data[4:])) != index {
			continue
		}
		state := binary.NativeEndian.Uint16(m.Data[8:])
		m.Header.Type = unix.RTM_NEWROUTE // the parser knows the attributes of routes, which have the same form
		if attributes, err := syscall.ParseNetlinkRouteAttr(&syscall.NetlinkMessage{Header: m.Header, Data: m.Data}); err == nil {
			for _, attr := range attributes {
				if at, ok := netip.AddrFromSlice(attr.Value); ok && attr.Attr.Type == unix.NDA_DST && at == hop {
					r.Neighbour = neighbourState(state)
				}
			}
		}
	}
}

func neighbourState(n uint16) string {
	names := map[uint16]string{
		unix.NUD_INCOMPLETE: "incomplete", unix.NUD_REACHABLE: "reachable", unix.NUD_STALE: "stale", unix.NUD_DELAY: "delay",
		unix.NUD_PROBE: "probe", unix.NUD_FAILED: "failed", unix.NUD_NOARP: "noarp", unix.NUD_PERMANENT: "permanent",
	}
	if name, ok := names[n]; ok {
		return name
	}
	return "other"
}

func attribute(body []byte, kind uint16, value []byte) []byte {
	body = binary.NativeEndian.AppendUint16(body, uint16(4+len(value)))
	body = binary.NativeEndian.AppendUint16(body, kind)
	return append(body, value...)
}

// netlink sends one question to the kernel's routing socket and reads the answer.
func netlink(kind uint16, flags uint16, body []byte) ([]syscall.NetlinkMessage, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	_ = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 1})
	head := binary.NativeEndian.AppendUint32(nil, uint32(unix.NLMSG_HDRLEN+len(body)))
	head = binary.NativeEndian.AppendUint16(head, kind)
	head = binary.NativeEndian.AppendUint16(head, flags|unix.NLM_F_REQUEST)
	head = append(head, make([]byte, 8)...) // sequence and port: the kernel fills in
	if err := unix.Sendto(fd, append(head, body...), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, err
	}
	var all []syscall.NetlinkMessage
	buffer := make([]byte, 64<<10)
	for {
		n, _, err := unix.Recvfrom(fd, buffer, 0)
		if err != nil {
			return all, err
		}
		messages, err := syscall.ParseNetlinkMessage(append([]byte(nil), buffer[:n]...))
		if err != nil {
			return all, err
		}
		for _, m := range messages {
			switch {
			case m.Header.Type == unix.NLMSG_DONE:
				return all, nil
			case m.Header.Type == unix.NLMSG_ERROR && len(m.Data) >= 4:
				if errno := -int32(binary.NativeEndian.Uint32(m.Data)); errno != 0 {
					return all, unix.Errno(errno)
				}
			}
			all = append(all, m)
		}
		if flags&unix.NLM_F_DUMP != unix.NLM_F_DUMP {
			return all, nil
		}
	}
}
