//go:build linux && !opskit_portable

package restore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// attach puts an image behind a loop device, which lets go of it when the last of the mount and the
// returned file is closed.
func attach(path string, info os.FileInfo, writable bool) (*os.File, error) {
	if other := behind(info); other != "" {
		return nil, fmt.Errorf("%w: %s has it open", ErrInUse, other)
	}
	mode, flags := os.O_RDONLY, uint32(unix.LO_FLAGS_AUTOCLEAR|unix.LO_FLAGS_READ_ONLY)
	if writable {
		mode, flags = os.O_RDWR, unix.LO_FLAGS_AUTOCLEAR
	}
	image, err := os.OpenFile(path, mode, 0)
	if err != nil {
		return nil, err
	}
	defer image.Close()
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer control.Close()
	for range 64 { // another program may take the device that was free a moment ago
		n, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
		if err != nil {
			return nil, fmt.Errorf("find a free loop device: %w", err)
		}
		device, err := os.OpenFile(fmt.Sprintf("/dev/loop%d", n), mode, 0)
		if err != nil {
			return nil, err
		}
		config := unix.LoopConfig{Fd: uint32(image.Fd())}
		config.Info.Flags = flags
		err = unix.IoctlLoopConfigure(int(device.Fd()), &config)
		if err == nil {
			return device, nil
		}
		device.Close()
		if !errors.Is(err, unix.EBUSY) {
			return nil, fmt.Errorf("set up /dev/loop%d: %w", n, err)
		}
	}
	return nil, errors.New("set up a loop device: others took each one that was free")
}

// behind returns the loop device that has the file open, or "".
func behind(info os.FileInfo) string {
	names, _ := filepath.Glob("/sys/block/loop*/loop/backing_file")
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		if other, err := os.Stat(strings.TrimSuffix(string(text), "\n")); err == nil && os.SameFile(info, other) {
			return "/dev/" + strings.Split(name, "/")[3]
		}
	}
	return ""
}
