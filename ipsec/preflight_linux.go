//go:build linux && !opskit_portable

package ipsec

import (
	"os"
	"syscall"

	"github.com/opskit-go/opskit"
)

// The mode bits of access(2), which package syscall does not name.
const (
	mayRead  = 4
	mayWrite = 2
)

func preflightHost() []opskit.Capability {
	sockets := opskit.Capability{Name: "sockets", OK: true, Why: "/proc/net/udp"}
	if err := syscall.Access("/proc/net/udp", mayRead); err != nil {
		sockets = opskit.Capability{Name: "sockets", Why: err.Error(), Fix: "mount -t proc proc /proc"}
	}
	owners := opskit.Capability{Name: "socket_owners", OK: true, Why: "/proc/1/fd can be read"}
	if _, err := os.Readlink("/proc/1/fd/0"); os.IsPermission(err) {
		owners = opskit.Capability{Name: "socket_owners", Why: "/proc/1/fd may not be read, so other processes' may not either", Fix: "sudo setcap cap_sys_ptrace+ep PROGRAM"}
		if os.Geteuid() == 0 { // a container, or another user namespace's
			owners.Why, owners.Fix = "/proc/1/fd may not be read by root here, so other processes' may not either", "docker run --pid=host --cap-add=SYS_PTRACE"
		}
	}
	files := opskit.Capability{Name: "write_files", OK: true, Why: "/etc can be written"}
	if err := syscall.Access("/etc", mayWrite); err != nil {
		files = opskit.Capability{Name: "write_files", Why: "/etc: " + err.Error(), Fix: "sudo PROGRAM"}
	}
	sysctls := opskit.Capability{Name: "sysctls", OK: true, Why: "/proc/sys/net can be written"}
	if err := syscall.Access("/proc/sys/net/ipv4/ip_forward", mayWrite); err != nil {
		sysctls = opskit.Capability{Name: "sysctls", Why: "/proc/sys/net: " + err.Error(), Fix: "sudo PROGRAM"}
	}
	return []opskit.Capability{sockets, owners, files, sysctls}
}
