//go:build linux && !opskit_portable

package volumes

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// blockNumber returns the "major:minor" that a block device node stands for.
func blockNumber(name string) (string, bool) {
	var stat unix.Stat_t
	if err := unix.Stat(name, &stat); err != nil || stat.Mode&unix.S_IFMT != unix.S_IFBLK {
		return "", false
	}
	return fmt.Sprintf("%d:%d", unix.Major(stat.Rdev), unix.Minor(stat.Rdev)), true
}
