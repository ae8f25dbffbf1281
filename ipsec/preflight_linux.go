//go:build linux && !opskit_portable

package ipsec

import (
	"os"
	"syscall"
)

// The mode bits of access(2), which package syscall does not name.
const (
	mayRead  = 4
	mayWrite = 2
)

func preflightHost() []Capability {
	sockets := Capability{Name: "sockets", OK: true, Why: "/proc/net/udp"}
	if err := syscall.Access("/proc/net/udp", mayRead); err != nil {
		sockets = Capability{Name: "sockets", Why: err.Error(), Fix: "mount -t proc proc /proc"}
	}
	owners := Capability{Name: "socket_owners", OK: true, Why: "/proc/1/fd can be read"}
	if _, err := os.Readlink("/proc/1/fd/0"); os.IsPermission(err) {
		owners = Capability{Name: "socket_owners", Why: "/proc/1/fd may not be read, so other processes' may not either", Fix: "sudo setcap cap_sys_ptrace+ep PROGRAM"}
		if os.Geteuid() == 0 { // a container, or another user namespace's
			owners.Why, owners.Fix = "/proc/1/fd may not be read by root here, so other processes' may not either", "docker run --pid=host --cap-add=SYS_PTRACE"
		}
	}
	files := Capability{Name: "write_files", OK: true, Why: "/etc can be written"}
	if err := syscall.Access("/etc", mayWrite); err != nil {
		files = Capability{Name: "write_files", Why: "/etc: " + err.Error(), Fix: "sudo PROGRAM"}
	}
	sysctls := Capability{Name: "sysctls", OK: true, Why: "/proc/sys/net can be written"}
	if err := syscall.Access("/proc/sys/net/ipv4/ip_forward", mayWrite); err != nil {
		sysctls = Capability{Name: "sysctls", Why: "/proc/sys/net: " + err.Error(), Fix: "sudo PROGRAM"}
	}
	return []Capability{sockets, owners, files, sysctls}
}
