package ebssnap

import (
	"strings"

	"github.com/opskit-go/opskit/internal/mountinfo"
)

// freezable reports whether filesystems of this type implement a freeze: yes, no, or only the
// kernel can tell.
func freezable(mount mountinfo.Mount) (known, yes bool) {
	switch mount.Type {
	case "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "gfs2", "jfs", "nilfs2", "reiserfs", "bcachefs":
		return true, true
	case "vfat", "msdos", "exfat", "ntfs3", "squashfs", "iso9660", "udf", "erofs", "fuseblk":
		return true, false
	}
	if mount.Anonymous() { // no block device behind it: tmpfs, overlay, nfs, proc, ...
		return true, false
	}
	return false, false
}

// readOnly reports whether the filesystem itself is, not only this mount of it. The kernel writes
// rw or ro first; what follows holds names, such as that of a btrfs subvolume, in which a comma is
// no end.
func readOnly(mount mountinfo.Mount) bool {
	first, _, _ := strings.Cut(mount.SuperOptions, ",")
	return first == "ro"
}
