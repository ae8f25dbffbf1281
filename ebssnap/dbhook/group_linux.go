//go:build linux && !opskit_portable

package dbhook

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps the terminal's interrupt away from the client: it would cancel the statement that
// holds the lock.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
