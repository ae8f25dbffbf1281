package restore

import "errors"

// Conditions that callers branch on, matched by errors.Is. They come inside an *ebssnap.Error, which names the copy.
var (
	// ErrUnknownFilesystem means that no ext4, xfs or btrfs filesystem begins at the start of the copy. Of a disk with partitions, name the partition.
	ErrUnknownFilesystem = errors.New("no ext4, xfs or btrfs filesystem")
	// ErrInUse means that the copy is mounted, part of a dm or md device, or behind a loop device already: it would be no copy that is checked.
	ErrInUse = errors.New("in use")
	// ErrSameFilesystem means that a btrfs filesystem with the same ID is mounted on this host, and could be shown in place of the copy.
	ErrSameFilesystem = errors.New("a btrfs filesystem with the same ID is mounted here")
	// ErrStillMounted means that the copy could not be set free: something below the folder is still open.
	ErrStillMounted = errors.New("still mounted")
	// ErrUsage means that the arguments make no sense, and nothing was done.
	ErrUsage = errors.New("wrong use")
)
