//go:build linux && !opskit_portable

package reach

import (
	"fmt"

	"golang.org/x/sys/unix"
)

func kernelCapabilities() []Capability {
	codes := Capability{Name: "icmp_codes"}
	if fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP); err != nil {
		codes.Why = err.Error()
	} else {
		_, infoErr := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		if err := receiveErrors(fd, unix.AF_INET); err != nil {
			codes.Why = "IP_RECVERR: " + err.Error()
		} else if infoErr != nil {
			codes.Why = "TCP_INFO: " + infoErr.Error()
		} else {
			codes.OK, codes.Why = true, "IP_RECVERR and TCP_INFO"
		}
		_ = unix.Close(fd)
	}
	datagram := icmpCapability("ping_unprivileged", unix.SOCK_DGRAM, pingFix)
	raw := icmpCapability("ping_raw", unix.SOCK_RAW, "setcap cap_net_raw+ep PROGRAM")
	either(&datagram, &raw)
	return []Capability{codes, datagram, raw}
}

// either says of the one that is not to be had that the other is enough: a
// privilege that nothing needs is none to give.
func either(a, b *Capability) {
	for _, x := range [][2]*Capability{{a, b}, {b, a}} {
		if has, lacks := x[0], x[1]; has.OK && !lacks.OK {
			lacks.Why += "; not needed, " + has.Name + " does"
		}
	}
}

func icmpCapability(name string, kind int, fix string) Capability {
	fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP)
	if err != nil {
		return Capability{Name: name, Why: fmt.Sprintf("socket: %v", err), Fix: fix}
	}
	_ = unix.Close(fd)
	return Capability{Name: name, OK: true}
}
