//go:build linux && !opskit_portable

package procstate

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// canApply tells whether pidfds work here. Which processes may be signalled is
// the kernel's decision at that time.
func canApply() Capability {
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return unsupported("apply", fmt.Errorf("pidfd_open: %w", err))
	}
	defer unix.Close(fd)
	if err := unix.PidfdSendSignal(fd, 0, nil, 0); err != nil {
		return unsupported("apply", fmt.Errorf("pidfd_send_signal: %w", err))
	}
	if os.Geteuid() != 0 {
		return Capability{Name: "apply", OK: true, Why: "pidfds work; as this user on its own processes only", Fix: "sudo PROGRAM"}
	}
	return Capability{Name: "apply", OK: true, Why: "pidfds work"}
}
