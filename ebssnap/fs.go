package ebssnap

import (
	"context"
	"errors"
	"fmt"
)

// Guard selects the process that thaws when this one cannot. Choosing FS is asking for it: the zero value starts one.
type Guard uint8

const (
	// GuardAuto starts the guard from a memfd, and from a short-lived file where that is refused.
	GuardAuto Guard = iota
	// GuardFile starts the guard from a short-lived executable file in /run, /dev/shm or the temporary folder: no memfd is executed.
	GuardFile
	// GuardNone starts no process: what is frozen stays frozen when this process is killed or hangs. Results say so.
	GuardNone
)

// String returns "auto", "file" or "none".
func (g Guard) String() string {
	switch g {
	case GuardAuto:
		return "auto"
	case GuardFile:
		return "file"
	case GuardNone:
		return "none"
	}
	return fmt.Sprintf("guard(%d)", uint8(g))
}

// FS freezes mounted filesystems in the kernel: FIFREEZE and FITHAW of ioctl_fs(2) on descriptors of the mount points that are held from before
// the freeze until after the thaw. It needs CAP_SYS_ADMIN. It is safe for concurrent use, but a filesystem can be frozen once only.
//
// Prepare refuses whatever is not a mount point (ErrNotMountPoint), cannot be frozen (ErrNotFreezable) or may not be (ErrPermission), starts the
// guard (ErrNoGuard) and writes dirty data of just these filesystems, with syncfs(2). Freeze then freezes all or none, the last mounted first. A filesystem
// that another program froze is left as it is (ErrAlreadyFrozen).
//
// While a filesystem is frozen, a write to it sleeps until the thaw and cannot be killed. Do not log to it.
//
// System calls that other programs rarely make: FIFREEZE, FITHAW, syncfs; and for the guard memfd_create, execve of /proc/self/fd/N, mlockall,
// close_range, signalfd4, prctl(PR_SET_PDEATHSIG), sched_setscheduler(SCHED_FIFO) where that is allowed, and unlinkat of a name too long to exist, by which a
// child of the guard sleeps in the freeze and so sees a thaw by anybody. On a filesystem that another program froze, that child stays until
// that program thaws.
type FS struct {
	Mounts []string // mount points; several mounts of one filesystem count once
	Guard  Guard    // zero: a guard process

	// Journal is the folder of the journal that Recover reads after this process and its guard were killed together. It must be in memory (tmpfs) and belong to this
	// user alone. Zero: opskit-ebssnap in /run, or in /dev/shm where /run is not in memory. Without a
	// journal results say so.
	Journal string
}

// Freeze prepares and freezes. It is for use without Hold or Consistent, and demands a deadline in ctx (ErrNoDeadline). It
// blocks while dirty data is written, and a FIFREEZE that has begun cannot be stopped.
func (f *FS) Freeze(ctx context.Context) (Thawer, error) {
	if _, ok := ctx.Deadline(); !ok {
		return nil, &Error{Op: "freeze", Err: ErrNoDeadline}
	}
	p, err := f.Prepare(ctx)
	if err != nil {
		return nil, err
	}
	thawer, err := p.Freeze(ctx)
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return &onceThawer{thaw: func() error { return errors.Join(thawer.Thaw(), p.Close()) }, inner: []Thawer{thawer}}, nil
}

// mountsOf returns the mount points that f freezes, as far as f is made of this package's freezers.
func mountsOf(f Freezer) []string {
	switch f := f.(type) {
	case *FS:
		return f.Mounts
	case chain:
		var mounts []string
		for _, one := range f {
			mounts = append(mounts, mountsOf(one)...)
		}
		return mounts
	}
	return nil
}
