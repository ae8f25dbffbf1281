//go:build linux && !opskit_portable

package reaper_test

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

func isSubreaper() bool {
	var set int32
	err := unix.Prctl(unix.PR_GET_CHILD_SUBREAPER, uintptr(unsafe.Pointer(&set)), 0, 0, 0)
	return err == nil && set == 1
}
