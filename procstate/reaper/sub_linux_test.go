//go:build linux && !opskit_portable

package reaper_test

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

func isSubreaper() bool {
	var set int32
	_, _, errno := unix.RawSyscall(unix.SYS_PRCTL, unix.PR_GET_CHILD_SUBREAPER, uintptr(unsafe.Pointer(&set)), 0)
	return errno == 0 && set == 1
}
