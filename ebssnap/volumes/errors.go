package volumes

import "github.com/opskit-go/opskit"

// Conditions that callers branch on, matched by errors.Is.
var (
	// ErrNoPath means that a path is relative or does not exist.
	ErrNoPath = opskit.Sentinel("ebssnap_no_path", "no such path")
	// ErrNoBlockDevice means that the filesystem (tmpfs, overlay, NFS, ZFS, ...) lies on no block
	// device that Linux tells of, so that no set of EBS volumes can be said to hold it.
	ErrNoBlockDevice = opskit.Sentinel("ebssnap_no_block_device", "filesystem on no block device")
	// ErrUnknownDevice means that a block device could not be followed to what it lies on.
	ErrUnknownDevice = opskit.Sentinel("ebssnap_unknown_device", "unknown block device")
	// ErrOutside means that part of the data lies outside the set of volumes.
	ErrOutside = opskit.Sentinel("ebssnap_outside", "outside the set of volumes")
	// ErrCannotTell means that for part of the data no volume could be told, so that it may lie
	// outside the set.
	ErrCannotTell = opskit.Sentinel("ebssnap_cannot_tell", "cannot tell the volume")
	// ErrMalformed means that mountinfo or sysfs holds what the kernel does not write.
	ErrMalformed = opskit.Sentinel("ebssnap_malformed", "malformed")
	// ErrUsage means that the arguments make no sense.
	ErrUsage = opskit.Sentinel("ebssnap_volumes_usage", "wrong use")
)
