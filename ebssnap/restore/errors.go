package restore

import "github.com/opskit-go/opskit"

// Conditions that callers branch on, matched by errors.Is.
var (
	// ErrUnknownFilesystem means that no ext4, xfs or btrfs filesystem begins at the start of the
	// copy. Of a disk with partitions, name the partition.
	ErrUnknownFilesystem = opskit.Sentinel("ebssnap_unknown_filesystem", "no ext4, xfs or btrfs filesystem")
	// ErrInUse means that the copy is mounted, part of a dm or md device, or behind a loop device
	// already: it would be no copy that is checked.
	ErrInUse = opskit.Sentinel("ebssnap_in_use", "in use")
	// ErrSameFilesystem means that a btrfs filesystem with the same ID is mounted on this host, and
	// could be shown in place of the copy.
	ErrSameFilesystem = opskit.Sentinel("ebssnap_same_filesystem", "a btrfs filesystem with the same ID is mounted here")
	// ErrStillMounted means that the copy could not be set free: something below the directory is
	// open.
	ErrStillMounted = opskit.Sentinel("ebssnap_still_mounted", "still mounted")
	// ErrUsage means that the arguments make no sense, and nothing was done.
	ErrUsage = opskit.Sentinel("ebssnap_restore_usage", "wrong use")
)
