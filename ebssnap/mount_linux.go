//go:build linux && !opskit_portable

package ebssnap

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/mountinfo"
)

// mount is a mount point that was checked and is held open.
type mount struct {
	path  string
	dir   *os.File
	entry mountinfo.Mount
	place int    // in mountinfo: the order of mounting
	below string // the device of the filesystem that holds the image, if this one is on a loop device
}

// openMounts opens and checks every path, drops further mounts of the same filesystem, and returns
// them in freezing order.
func openMounts(paths []string, whole bool) (mounts []mount, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, closeMounts(mounts))
			mounts = nil
		}
	}()
	if len(paths) == 0 {
		return nil, &opskit.Error{Op: "freeze", Err: fmt.Errorf("%w: no mount point given", ErrUsage)}
	}
	for _, path := range paths {
		m, err := openMount(path)
		if err != nil {
			return mounts, &opskit.Error{Op: "freeze", Target: path, Err: err}
		}
		mounts = append(mounts, m)
	}
	entries, err := readMounts() // after the opening, which is what an automount waits for
	if err != nil {
		return mounts, &opskit.Error{Op: "read mounts", Err: err}
	}
	if mounts, err = identifyAll(mounts, entries, whole); err != nil {
		return mounts, err
	}
	if err := mayFreeze(); err != nil {
		return mounts, &opskit.Error{Op: "freeze", Target: paths[0], Err: err}
	}
	return freezeOrder(mounts), nil
}

// identifyAll finds every mount in entries, and closes those whose filesystem is there already. It
// returns what is open.
func identifyAll(opened []mount, entries []mountinfo.Mount, whole bool) ([]mount, error) {
	var distinct []mount
	for i, m := range opened {
		if err := m.identify(entries); err != nil && (!whole || !errors.Is(err, errPart)) {
			return append(distinct, opened[i:]...), &opskit.Error{Op: "freeze", Target: m.path, Err: err}
		}
		if slices.ContainsFunc(distinct, func(other mount) bool { return other.entry.Number == m.entry.Number }) {
			if err := m.dir.Close(); err != nil {
				return append(distinct, opened[i+1:]...), &opskit.Error{Op: "freeze", Target: m.path, Err: err}
			}
			continue
		}
		distinct = append(distinct, m)
	}
	return distinct, nil
}

// readMounts returns the mounts of this process. A line that cannot be read is of some other mount,
// or identify misses it.
func readMounts() ([]mountinfo.Mount, error) {
	text, err := readMountinfo()
	if err != nil {
		return nil, err
	}
	entries, _ := mountinfo.Parse(text)
	return entries, nil
}

// readMountinfo returns /proc/self/mountinfo. It refuses a /proc that shows the processes of
// another PID namespace: what is read there of the guard, or of the owner of a record, would be of
// some other process.
func readMountinfo() ([]byte, error) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("%w; mount /proc", err)
	}
	if self, err := os.Readlink("/proc/self"); err != nil || self != strconv.Itoa(os.Getpid()) {
		return nil, fmt.Errorf("%w: /proc is of another PID namespace; mount one of this: mount -t proc proc /proc", ErrNoGuard)
	}
	return text, nil
}

func closeMounts(mounts []mount) error {
	var err error
	for _, m := range mounts {
		err = errors.Join(err, m.dir.Close())
	}
	return err
}

// openMount opens path. The caller closes dir.
func openMount(path string) (mount, error) {
	dir, err := os.OpenFile(path, unix.O_DIRECTORY, 0)
	switch {
	case errors.Is(err, os.ErrPermission):
		return mount{}, fmt.Errorf("%w: %w", ErrPermission, err)
	case errors.Is(err, unix.EIO):
		return mount{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	case err != nil:
		return mount{}, fmt.Errorf("%w: %w", ErrNotMountPoint, err)
	}
	return mount{path: path, dir: dir}, nil
}

// identify finds the mount that the descriptor, not the name, belongs to.
func (m *mount) identify(entries []mountinfo.Mount) error {
	var stat unix.Statx_t
	fd := int(m.dir.Fd())
	err := unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_BASIC_STATS|unix.STATX_MNT_ID, &stat)
	if err != nil && !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EPERM) { // an old kernel, or a filter that does not know it
		if errors.Is(err, unix.EIO) {
			return fmt.Errorf("%w: statx: %w", ErrDamaged, err)
		}
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
	i := slices.IndexFunc(entries, func(e mountinfo.Mount) bool { return e.ID == int(stat.Mnt_id) })
	if i < 0 {
		return fmt.Errorf("%w: its mount %d is not in /proc/self/mountinfo", ErrNotMountPoint, stat.Mnt_id)
	}
	m.entry, m.place = entries[i], i
	if stat.Attributes_mask&unix.STATX_ATTR_MOUNT_ROOT != 0 && stat.Attributes&unix.STATX_ATTR_MOUNT_ROOT == 0 {
		return notMountPoint(m.entry)
	}
	return m.suitable(entries)
}

func (m *mount) identifyByPath(entries []mountinfo.Mount, real string) error {
	within := -1
	for i, e := range entries {
		switch {
		case e.Point == real:
			m.entry, m.place = e, i
		case strings.HasPrefix(real, strings.TrimSuffix(e.Point, "/")+"/") && (within < 0 || len(e.Point) >= len(entries[within].Point)):
			within = i
		}
	}
	if m.entry.Point == "" && within >= 0 {
		return notMountPoint(entries[within])
	}
	if m.entry.Point == "" {
		return ErrNotMountPoint
	}
	return m.suitable(entries)
}

func notMountPoint(inside mountinfo.Mount) error {
	return fmt.Errorf("%w: it lies in the filesystem mounted on %q, which a freeze would stop: mount it, or name %q",
		ErrNotMountPoint, inside.Point, inside.Point)
}

// errPart means that a mount point shows a part of a filesystem; see FS.Whole.
var errPart = fmt.Errorf("%w of a whole filesystem", ErrNotMountPoint)

// part reports whether a mount shows less than the filesystem that was mounted: a bind mount of a
// directory. A subvolume of btrfs is mounted by its name, which is then its root.
func part(e mountinfo.Mount) bool {
	whole := "/"
	if subvolume, found := e.Option("subvol"); found && e.Type == "btrfs" {
		whole = subvolume
	}
	return e.Root != whole
}

func (m *mount) suitable(entries []mountinfo.Mount) error {
	m.below = loopBacking(filepath.Base(m.entry.Source), entries)
	if known, yes := freezable(m.entry); known && !yes {
		return fmt.Errorf("%w: %s on %q", ErrNotFreezable, m.entry.Type, m.entry.Point)
	}
	if part(m.entry) {
		return fmt.Errorf("%w: %q shows %q of a filesystem on %s, and a freeze stops all of it; set Whole if that is meant", errPart, m.entry.Point, m.entry.Root, m.entry.Source)
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

// freezeOrder returns the last mounted first, and a filesystem in a loop device before the
// filesystem that holds the image: a frozen filesystem below would stop the freeze above for ever.
func freezeOrder(mounts []mount) []mount {
	slices.SortStableFunc(mounts, func(a, b mount) int { return b.place - a.place })
	var ordered []mount
	var visit func(m mount, depth int)
	visit = func(m mount, depth int) {
		if slices.ContainsFunc(ordered, func(o mount) bool { return o.entry.Number == m.entry.Number }) {
			return
		}
		for _, above := range mounts {
			if above.below == m.entry.Number && depth < len(mounts) {
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
