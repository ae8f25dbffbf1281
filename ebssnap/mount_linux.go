//go:build linux && !opskit_portable

package ebssnap

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// mount is a mount point that was checked and is held open.
type mount struct {
	path  string
	dir   *os.File
	entry mountEntry
	place int    // in mountinfo: the order of mounting
	below string // the device of the filesystem that holds the image, if this one is on a loop device
}

// openMounts opens and checks every path, drops further mounts of the same filesystem, and returns them in freezing order.
func openMounts(paths []string) (mounts []mount, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, closeMounts(mounts))
			mounts = nil
		}
	}()
	if len(paths) == 0 {
		return nil, &Error{Op: "freeze", Err: fmt.Errorf("%w: no mount point given", ErrUsage)}
	}
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, &Error{Op: "read mounts", Err: fmt.Errorf("%w; mount /proc", err)}
	}
	entries, _ := parseMountinfo(text) // a line that cannot be read is of some other mount, or openMount misses it
	for _, path := range paths {
		m, err := openMount(path, entries)
		if err != nil {
			return mounts, &Error{Op: "freeze", Target: path, Err: err}
		}
		if slices.ContainsFunc(mounts, func(other mount) bool { return other.entry.device == m.entry.device }) {
			if err := m.dir.Close(); err != nil {
				return mounts, &Error{Op: "freeze", Target: path, Err: err}
			}
			continue
		}
		mounts = append(mounts, m)
	}
	if err := mayFreeze(); err != nil {
		return mounts, &Error{Op: "freeze", Target: paths[0], Err: err}
	}
	return freezeOrder(mounts), nil
}

func closeMounts(mounts []mount) error {
	var err error
	for _, m := range mounts {
		err = errors.Join(err, m.dir.Close())
	}
	return err
}

// openMount opens path and finds the mount that the descriptor, not the name, belongs to.
func openMount(path string, entries []mountEntry) (mount, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return mount{}, fmt.Errorf("%w: %w", ErrNotMountPoint, err)
	}
	m := mount{path: path, dir: os.NewFile(uintptr(fd), path)}
	if err := m.identify(entries); err != nil {
		return mount{}, errors.Join(err, m.dir.Close())
	}
	m.below = loopBacking(m.entry.source, entries)
	return m, nil
}

func (m *mount) identify(entries []mountEntry) error {
	var stat unix.Statx_t
	fd := int(m.dir.Fd())
	if err := unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_BASIC_STATS|unix.STATX_MNT_ID, &stat); err != nil {
		return fmt.Errorf("statx: %w", err)
	}
	real, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		real, err = filepath.Abs(m.path)
	}
	if err != nil {
		return err
	}
	if stat.Mask&unix.STATX_MNT_ID == 0 { // before Linux 5.8
		return m.identifyByPath(entries, real)
	}
	i := slices.IndexFunc(entries, func(e mountEntry) bool { return e.id == int(stat.Mnt_id) })
	if i < 0 {
		return fmt.Errorf("%w: its mount %d is not in /proc/self/mountinfo", ErrNotMountPoint, stat.Mnt_id)
	}
	m.entry, m.place = entries[i], i
	if stat.Attributes_mask&unix.STATX_ATTR_MOUNT_ROOT != 0 && stat.Attributes&unix.STATX_ATTR_MOUNT_ROOT == 0 {
		return notMountPoint(m.entry)
	}
	return m.suitable()
}

func (m *mount) identifyByPath(entries []mountEntry, real string) error {
	within := -1
	for i, e := range entries {
		switch {
		case e.point == real:
			m.entry, m.place = e, i
		case strings.HasPrefix(real, strings.TrimSuffix(e.point, "/")+"/") && (within < 0 || len(e.point) >= len(entries[within].point)):
			within = i
		}
	}
	if m.entry.point == "" && within >= 0 {
		return notMountPoint(entries[within])
	}
	if m.entry.point == "" {
		return ErrNotMountPoint
	}
	return m.suitable()
}

func notMountPoint(inside mountEntry) error {
	return fmt.Errorf("%w: it lies in the filesystem mounted on %q, which a freeze would stop: mount it, or name %q",
		ErrNotMountPoint, inside.point, inside.point)
}

func (m *mount) suitable() error {
	if known, yes := freezable(m.entry); known && !yes {
		return fmt.Errorf("%w: %s on %q", ErrNotFreezable, m.entry.fstype, m.entry.point)
	}
	return nil
}

// mayFreeze returns ErrPermission if this process lacks CAP_SYS_ADMIN.
func mayFreeze() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return fmt.Errorf("read capabilities: %w", err)
	}
	if data[0].Effective&(1<<unix.CAP_SYS_ADMIN) == 0 {
		return fmt.Errorf("%w: freezing needs CAP_SYS_ADMIN: run as root, or setcap cap_sys_admin+ep on the program", ErrPermission)
	}
	return nil
}

// freezeOrder returns the last mounted first, and a filesystem in a loop device before the filesystem that holds the image: a
// frozen filesystem below would stop the freeze above for ever.
func freezeOrder(mounts []mount) []mount {
	slices.SortStableFunc(mounts, func(a, b mount) int { return b.place - a.place })
	var ordered []mount
	var visit func(m mount, depth int)
	visit = func(m mount, depth int) {
		if slices.ContainsFunc(ordered, func(o mount) bool { return o.entry.device == m.entry.device }) {
			return
		}
		for _, above := range mounts {
			if above.below == m.entry.device && depth < len(mounts) {
				visit(above, depth+1)
			}
		}
		ordered = append(ordered, m)
	}
	for _, m := range mounts {
		visit(m, 0)
	}
	return ordered
}

// loopBacking returns the device of the filesystem that holds the image of a loop device, or "".
func loopBacking(source string, entries []mountEntry) string {
	name, err := os.ReadFile("/sys/block/" + filepath.Base(source) + "/loop/backing_file")
	if err != nil {
		return ""
	}
	var stat unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, strings.TrimSpace(string(name)), 0, unix.STATX_MNT_ID, &stat); err != nil {
		return ""
	}
	for _, e := range entries {
		if stat.Mask&unix.STATX_MNT_ID != 0 && e.id == int(stat.Mnt_id) {
			return e.device
		}
	}
	return ""
}
