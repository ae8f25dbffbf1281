//go:build linux && !opskit_portable

package reach

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit"
)

func kernelCapabilities() []opskit.Capability {
	codes := opskit.Capability{Name: "icmp_codes"}
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
	return []opskit.Capability{codes, pingCapability(tryICMP(unix.SOCK_DGRAM), tryICMP(unix.SOCK_RAW))}
}

// pingCapability says what Ping can do with the kinds of socket that were to be
// had: as it needs one of them, the lack of the other is no lack.
func pingCapability(unprivileged, raw error) opskit.Capability {
	switch {
	case unprivileged == nil:
		return opskit.Capability{Name: "ping", OK: true, Why: "unprivileged ICMP sockets"}
	case raw == nil:
		return opskit.Capability{Name: "ping", OK: true, Why: "raw ICMP sockets"}
	}
	return opskit.Capability{
		Name: "ping",
		Why:  fmt.Sprintf("unprivileged ICMP socket: %v; raw ICMP socket: %v", unprivileged, raw),
		Fix:  pingFix,
	}
}

func tryICMP(kind int) error {
	fd, err := unix.Socket(unix.AF_INET, kind|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}
