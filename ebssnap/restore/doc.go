// Package restore answers whether a restored copy of a volume holds what it must: it mounts the
// copy read-only in a private place, runs the caller's invariant on it, and unmounts it whatever
// happens.
//
//	result, err := restore.Check(ctx, restore.Copy{Source: "/dev/nvme2n1"}, func(ctx context.Context, dir string) error {
//		return everyOrderHasItsLines(filepath.Join(dir, "orders"))
//	})
//	// result.Verdict: holds; err == nil: the question was answered, and nothing is mounted any more
//
// A snapshot that nobody has restored is a hope. Make a volume of it, attach it to a host, and
// Check it.
//
// # Usage
//
// Copy.Source is a block device, or a file that holds the image of one. The type of the filesystem
// is read off the device; Identify does only that, for any reader.
//
// By default not one byte of the copy is written, and its log is not replayed: ext4 with noload,
// xfs with norecovery, btrfs with rescue=nologreplay. A copy of a frozen filesystem holds
// everything without its log, so this is the sharpest check of one. A copy that was taken while
// writers ran needs its log, as after a crash: set Copy.Replay. A Result says where a log was left
// aside.
//
// An xfs copy is mounted with nouuid, because the original may be mounted on the same host. Linux
// tells two btrfs filesystems apart by their ID alone and may show the mounted original in place of
// the copy, so that a check would pass on the wrong data: Check refuses such a copy with
// ErrSameFilesystem and names the command that gives it an ID of its own.
//
// After the mount Check looks whether the kernel shows the device that was asked for, and after the
// unmount whether the device is free.
//
// The invariant decides what "holds" means: that a set of files is complete, that records bear
// their checksums, that a database starts on a copy of them. It must not leave anything open below
// the directory. Nothing executes from the copy, and device files on it do not work.
//
// # Privileges
//
// Mounting needs CAP_SYS_ADMIN, an image file also /dev/loop-control. The mount is at a new
// directory of mode 0700 that does not propagate into other mount namespaces. It stays when the
// process is killed meanwhile; the directory's name begins with "opskit-restore-", and
//
//	umount /tmp/opskit-restore-*/copy
//
// ends it, with its loop device. System calls that other programs rarely make: mount, umount2, and
// LOOP_CONFIGURE for an image.
//
// # Platforms
//
// Check is for Linux 5.9 and later and returns errors.ErrUnsupported elsewhere. Identify and the
// verdict work everywhere.
//
// # Testing
//
// Check takes the image that mkfs wrote to an ordinary file; a test needs root and no hardware. For
// tests without root, call the invariant on a directory.
package restore
