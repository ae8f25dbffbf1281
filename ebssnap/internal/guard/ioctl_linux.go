//go:build linux && !opskit_portable

package guard

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Requests of linux/fs.h, _IOWR('X', 119, int) and _IOWR('X', 120, int); the same number on amd64
// and arm64.
const (
	fifreeze = 0xC0045877
	fithaw   = 0xC0045878
)

func ioctl(fd int, request uint) syscall.Errno {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), 0)
	return errno
}

// Thaw thaws the filesystem of dir, whoever froze it.
func Thaw(dir *os.File) syscall.Errno { return ioctl(int(dir.Fd()), fithaw) }
