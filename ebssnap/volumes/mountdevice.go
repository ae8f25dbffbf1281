package volumes

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/mountinfo"
)

// devices returns the block devices that a mounted filesystem lies on, its logs included.
func (f *finding) devices(m mountinfo.Mount, depth int) ([]Device, error) {
	if m.Type == "btrfs" {
		return f.btrfs(m, depth)
	}
	if m.Anonymous() {
		return nil, fmt.Errorf("%w: %s", ErrNoBlockDevice, withoutDevice(m))
	}
	first, err := f.byNumber(m.Number, depth)
	if err != nil {
		return nil, err
	}
	list := []Device{first}
	switch m.Type {
	case "xfs":
		for _, name := range []string{"logdev", "rtdev"} { // xfs(5)
			if node, found := m.Option(name); found {
				more, err := f.byNode(node, depth)
				if err != nil {
					return nil, fmt.Errorf("%s=: %w", name, err)
				}
				list = append(list, more)
			}
		}
	case "ext3", "ext4":
		f.journal(first)
	default:
		if !oneDevice(m.Type) {
			f.unseen(opskit.Gap{
				What: "whether " + quote(m.Point) + " lies on more devices than " + quote(first.Name),
				Why:  quote(m.Type) + " may have several, or a log on another, and mountinfo does not list them", Need: "the tools of that filesystem",
			})
		}
	}
	return list, nil
}

// oneDevice reports whether a filesystem of this type always lies on the one block device that
// mountinfo names.
func oneDevice(fstype string) bool {
	switch fstype {
	case "ext2", "nilfs2", "vfat", "msdos", "exfat", "ntfs3", "ntfs", "hfsplus", "minix", "iso9660", "udf", "squashfs", "cramfs", "romfs":
		return true
	}
	return false
}

// withoutDevice says what a filesystem without a block device is, and what to do about it.
func withoutDevice(m mountinfo.Mount) string {
	what := quote(m.Type)
	switch {
	case m.Type == "overlay":
		upper, _ := m.Option("upperdir")
		return what + " is a union of directories; ask for those: " + quote(upper)
	case m.Type == "zfs":
		return what + " tells Linux no devices; use its own snapshots, or name the pool's volumes yourself"
	case m.Type == "tmpfs" || m.Type == "ramfs":
		return what + " is memory, which no snapshot of a volume holds"
	case strings.HasPrefix(m.Type, "nfs") || m.Type == "cifs" || m.Type == "smb3" || m.Type == "9p" || m.Type == "virtiofs" || m.Type == "ceph":
		return what + " from " + quote(m.Source) + " is kept by another machine"
	}
	return what + " has no device number of a block device"
}

// btrfs finds the devices of a btrfs: its mounts carry an anonymous number, and sysfs lists the
// devices under the filesystem's UUID. The UUID is the one among whose devices the mount's source
// is.
func (f *finding) btrfs(m mountinfo.Mount, depth int) ([]Device, error) {
	source, err := f.byNode(m.Source, depth)
	if err != nil {
		return nil, fmt.Errorf("btrfs: %w", err)
	}
	names, err := f.names("/sys/fs/btrfs")
	if err != nil {
		return nil, fmt.Errorf("%w: btrfs: %w", ErrUnknownDevice, err)
	}
	for _, uuid := range names {
		dir := "/sys/fs/btrfs/" + uuid
		links, err := f.names(dir + "/devices")
		if err != nil {
			return nil, fmt.Errorf("%w: btrfs: %w", ErrUnknownDevice, err)
		}
		if !slices.Contains(links, strings.ReplaceAll(source.Name, "/", "!")) {
			continue
		}
		return f.btrfsDevices(dir, links, depth)
	}
	return nil, fmt.Errorf("%w: no filesystem in /sys/fs/btrfs lists %s", ErrUnknownDevice, quote(source.Name))
}

func (f *finding) btrfsDevices(dir string, links []string, depth int) ([]Device, error) {
	ids, err := f.names(dir + "/devinfo")
	if err != nil {
		return nil, fmt.Errorf("%w: btrfs: %w", ErrUnknownDevice, err)
	}
	for _, id := range ids {
		if missing, _ := f.text(dir + "/devinfo/" + id + "/missing"); missing == "1" {
			f.unseen(opskit.Gap{
				What: "device " + quote(id) + " of btrfs " + path.Base(dir), Why: "the filesystem is mounted without it",
				Need: "btrfs filesystem show " + path.Base(dir),
			})
		}
	}
	var list []Device
	for _, link := range links {
		real, err := f.resolve(dir + "/devices/" + link)
		if err != nil {
			return nil, fmt.Errorf("%w: btrfs: %w", ErrUnknownDevice, err)
		}
		one, err := f.device(real, depth)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// journal looks whether an ext4's journal may be on another device: /proc/fs/jbd2 lists
// "DEVICE-INODE" for a journal inside the filesystem and "DEVICE" for one on a device of its own,
// without saying whose it is.
func (f *finding) journal(d Device) {
	names, err := f.names("/proc/fs/jbd2")
	if err != nil {
		f.unseen(opskit.Gap{What: "where the journal of " + quote(d.Name) + " lies", Why: err.Error()})
		return
	}
	kernel := strings.ReplaceAll(d.Name, "/", "!")
	var apart []string
	for _, name := range names {
		at := strings.LastIndexByte(name, '-')
		if at >= 0 && f.blockName(name[:at]) {
			if name[:at] == kernel {
				return
			}
			continue
		}
		apart = append(apart, name)
	}
	if len(apart) > 0 {
		f.unseen(opskit.Gap{
			What: "where the journal of " + quote(d.Name) + " lies", Why: "not inside it, and there are journals on devices of their own: " + quote(strings.Join(apart, " ")),
			Need: "dumpe2fs -h /dev/" + d.Name,
		})
	}
}

// blockName reports whether sysfs has a block device of that name; names of the device mapper have
// a dash themselves.
func (f *finding) blockName(name string) bool {
	return f.exists("/sys/class/block/"+name) || f.exists("/sys/block/"+name)
}
