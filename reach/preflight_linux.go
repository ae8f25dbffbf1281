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
	return []Capability{codes, icmpCapability("ping_unprivileged", unix.SOCK_DGRAM, pingFix), icmpCapability("ping_raw", unix.SOCK_RAW, "setcap cap_net_raw+ep PROGRAM")}
}

func icmpCapability(name string, kind int, fix string) Capability {
	fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP)
	if err != nil {
		return Capability{Name: name, Why: fmt.Sprintf("socket: %v", err), Fix: fix}
	}
	_ = unix.Close(fd)
	return Capability{Name: name, OK: true}
}
