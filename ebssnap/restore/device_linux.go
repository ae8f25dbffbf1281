//go:build linux && !opskit_portable

package restore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/internal/mountinfo"
)

// free returns ErrInUse if a block device is mounted or claimed: the kernel opens such a device
// exclusively for nobody else.
func free(device string) error {
	fd, err := unix.Open(device, unix.O_RDONLY|unix.O_EXCL|unix.O_CLOEXEC, 0)
	switch {
	case err == nil:
		return unix.Close(fd)
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("%s: %w", device, ErrInUse)
	case errors.Is(err, unix.ENXIO) || errors.Is(err, unix.ENOENT): // a loop device that has let go of its file
		return nil
	}
	return refusal(fmt.Errorf("open %s: %w", device, err))
}

// sameFilesystem refuses a btrfs copy whose ID is that of a mounted filesystem: the kernel may show
// that one instead.
func sameFilesystem(fs Filesystem, source string) error {
	if fs.Type != "btrfs" {
		return nil
	}
	if _, err := os.Stat(filepath.Join("/sys/fs/btrfs", fs.ID)); err != nil {
		return nil //nolint:nilerr // no such directory: not mounted
	}
	return fmt.Errorf("%w; run on the copy: btrfstune -f -u %s", ErrSameFilesystem, strconv.Quote(source))
}

// shows returns an error unless the filesystem at dir is the one on device.
func shows(dir, device string) error {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return fmt.Errorf("see what is mounted: %w", err)
	}
	source := ""
	list, _ := mountinfo.Parse(text) // a line that cannot be read is not this mount's: its point and source are plain
	for _, mount := range list {
		if mount.Point == dir {
			source = mount.Source
		}
	}
	if source == "" {
		return fmt.Errorf("see what is mounted: %s is not in /proc/self/mountinfo", dir)
	}
	shown, err := number(source)
	if err != nil {
		return err
	}
	wanted, err := number(device)
	if err != nil {
		return err
	}
	if shown != wanted {
		return fmt.Errorf("%w: the kernel shows %s in place of %s", ErrSameFilesystem, source, device)
	}
	return nil
}

// number returns the device number of a block device.
func number(device string) (uint64, error) {
	var stat unix.Stat_t
	if err := unix.Stat(device, &stat); err != nil {
		return 0, fmt.Errorf("stat %s: %w", device, err)
	}
	return stat.Rdev, nil
}
