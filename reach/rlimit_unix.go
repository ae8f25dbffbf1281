//go:build unix

package reach

import "syscall"

// openFiles returns the soft limit of open files, or 0 if there is none.
func openFiles() int {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil || r.Cur > 1<<30 {
		return 0
	}
	return int(r.Cur)
}
