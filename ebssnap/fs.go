package ebssnap

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/opskit-go/opskit"
)

// FS freezes mounted filesystems in the kernel: FIFREEZE and FITHAW of ioctl_fs(2) on descriptors
// of the mount points that are held from before the freeze until after the thaw. It needs
// CAP_SYS_ADMIN. It is safe for concurrent use, but a filesystem can be frozen once only.
//
// Prepare refuses whatever is not a mount point (ErrNotMountPoint), cannot be frozen
// (ErrNotFreezable), may not be (ErrPermission) or takes no writes any more (ErrDamaged), starts the
// guard (ErrNoGuard) and lets it write dirty data of just these filesystems, with syncfs(2). Freeze
// then freezes all or none, the last mounted first. Close looks at the health of the filesystems once
// more, for which it writes what is dirty then for at most 2 s. The health is read from mountinfo,
// from the counters of ext4 and btrfs in /sys/fs, and from the kernel's log (/dev/kmsg), by messages
// of the block layer, ext4, xfs and btrfs of Linux 4.19 to 6.18; xfs counts nothing. A filesystem that another program froze is left as it is (ErrAlreadyFrozen).
//
// Check and the result name what else stops: every other mount of the filesystem, in whatever mount
// namespace that /proc shows, the loop devices with images on it, what is made of those, and swap. A
// filesystem on such a device that is not frozen itself is told.
//
// While a filesystem is frozen, a write to it sleeps until the thaw and cannot be killed. Do not
// log to it.
//
// System calls that other programs rarely make: FIFREEZE, FITHAW, syncfs, reading /dev/kmsg; and for
// the guard memfd_create, execve of /proc/self/fd/N, mlockall, close_range, signalfd4,
// prctl(PR_SET_PDEATHSIG), sched_setscheduler(SCHED_FIFO) where that is allowed, and unlinkat of a
// name too long to exist, by which a child of the guard sleeps in the freeze and so sees a thaw by
// anybody. On a filesystem that another program froze, that child stays until that program thaws.
type FS struct {
	Mounts []string // mount points; several mounts of one filesystem count once

	// NoGuard starts no guard: what is frozen stays frozen when this process is killed or hangs.
	// Results say so. Choosing FS without it is asking for a guard.
	NoGuard bool
	// GuardDirectory is where the guard's program is written to be executed, for hosts that refuse
	// a memfd. Zero: a memfd, and where that is refused a short-lived file in /run or /dev/shm, if
	// that is in memory. No executable is written anywhere else unasked.
	GuardDirectory string

	// Whole allows mounts that show a part of a filesystem, as every volume of a container does.
	// The freeze stops the whole filesystem: the host, and whoever else has a part of it, wait too.
	// Zero: such a mount is refused (ErrNotMountPoint). A mounted subvolume of btrfs is no part in
	// this sense.
	Whole bool

	// SyncWithin limits the writing of dirty data before anything is stopped. Zero: as long as the
	// budget of Hold and Consistent.
	SyncWithin time.Duration

	// Journal is the directory of the journal that Recover reads after this process and its guard
	// were killed together. It must be in memory (tmpfs) and belong to this user alone. Zero:
	// opskit-ebssnap in /run, or in /dev/shm where /run is not in memory. Without a journal results
	// say so.
	Journal string
}

// Freeze prepares and freezes. It is for use without Hold or Consistent, and demands a deadline in
// ctx (ErrUsage). It blocks while dirty data is written, and a FIFREEZE that has begun cannot be
// stopped.
func (f *FS) Freeze(ctx context.Context) (Thawer, error) {
	if _, ok := ctx.Deadline(); !ok {
		return nil, &opskit.Error{Op: "freeze", Err: fmt.Errorf("%w: the context has no deadline: a freeze must end", ErrUsage)}
	}
	p, err := f.Prepare(ctx)
	if err != nil {
		return nil, err
	}
	thawer, err := p.Freeze(ctx)
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return &onceThawer{thaw: func() error { return errors.Join(thawer.Thaw(), p.Close()) }}, nil
}

// mountsOf returns the mount points that f freezes, as far as f is made of this package's freezers.
func mountsOf(f Freezer) []string {
	switch f := f.(type) {
	case *FS:
		return f.Mounts
	case kept:
		return mountsOf(f.Freezer)
	case chain:
		var mounts []string
		for _, one := range f {
			mounts = append(mounts, mountsOf(one)...)
		}
		return mounts
	}
	return nil
}
