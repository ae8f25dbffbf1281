//go:build linux && !opskit_portable

package ebssnap

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/ebssnap/volumes"
	"github.com/opskit-go/opskit/internal/mountinfo"
)

// related refuses mounts of which it is certain that they lie on other volumes than ids. What
// cannot be read here is refused by Prepare.
func related(ctx context.Context, mounts, ids []string) error {
	var layouts []*volumes.Layout
	for _, path := range mounts {
		m, err := checkMount(path)
		if err != nil || !isDevice(m.entry) {
			return nil //nolint:nilerr // not certain
		}
		layout, err := volumes.Finder{}.Find(ctx, m.entry.Source) // the device alone: no directory is read
		if err != nil {
			return nil //nolint:nilerr // not certain
		}
		layouts = append(layouts, layout)
	}
	return unrelated(mounts, layouts, ids)
}

// isDevice reports whether the source of a mount is still the device that it was mounted from. A
// btrfs has no number of a device.
func isDevice(entry mountinfo.Mount) bool {
	var stat unix.Stat_t
	if err := unix.Stat(entry.Source, &stat); err != nil || stat.Mode&unix.S_IFMT != unix.S_IFBLK {
		return false
	}
	return entry.Anonymous() || entry.Number == fmt.Sprintf("%d:%d", unix.Major(stat.Rdev), unix.Minor(stat.Rdev))
}
