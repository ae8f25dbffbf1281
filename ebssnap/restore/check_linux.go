//go:build linux && !opskit_portable

package restore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/ebssnap"
)

// check mounts the copy, asks the invariant, and unmounts.
func check(ctx context.Context, copied Copy, invariant Invariant, e *Evidence) (err error) {
	info, err := os.Stat(copied.Source)
	if err != nil {
		return refusal(err)
	}
	if !info.Mode().IsRegular() && info.Mode().Type() != os.ModeDevice {
		return fmt.Errorf("%w: neither a block device nor a file", ErrUsage)
	}
	if e.Filesystem, err = identify(copied.Source); err != nil {
		return err
	}
	if err := sameFilesystem(e.Filesystem, copied.Source); err != nil {
		return err
	}
	device := copied.Source
	if info.Mode().IsRegular() {
		loop, err := attach(copied.Source, info, copied.Replay)
		if err != nil {
			return refusal(err)
		}
		defer func() { err = errors.Join(err, loop.Close()) }()
		device = loop.Name()
	}
	if err := free(device); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	return mounted(copied, device, e, func(dir string) error { return ask(ctx, dir, invariant, e) })
}

func identify(source string) (Filesystem, error) {
	file, err := os.Open(source)
	if err != nil {
		return Filesystem{}, refusal(err)
	}
	defer file.Close()
	return Identify(file)
}

// options returns the mount options for a type of filesystem.
func options(fstype string, replay bool) string {
	switch {
	case fstype == "xfs" && replay:
		return "nouuid"
	case fstype == "xfs":
		return "nouuid,norecovery"
	case replay:
		return ""
	case fstype == "btrfs":
		return "rescue=nologreplay"
	}
	return "noload"
}

const mountFlags = unix.MS_RDONLY | unix.MS_NODEV | unix.MS_NOSUID | unix.MS_NOEXEC | unix.MS_NOATIME

// mounted calls work with the directory that device is mounted on.
func mounted(copied Copy, device string, e *Evidence, work func(dir string) error) (err error) {
	place, err := newPlace(copied.Directory)
	if err != nil {
		return refusal(err)
	}
	defer func() { err = errors.Join(err, place.remove()) }()
	e.Options = "ro"
	extra := options(e.Filesystem.Type, copied.Replay)
	if extra != "" {
		e.Options += "," + extra
	}
	if err := unix.Mount(device, place.dir, e.Filesystem.Type, mountFlags, extra); err != nil {
		if damaged(err) {
			e.Damage = fmt.Sprintf("the kernel cannot mount it with %s: %v", e.Options, err)
			return nil
		}
		return refusal(fmt.Errorf("mount: %w", err))
	}
	defer func() {
		failed := unmount(place.dir, device)
		e.Unmounted = failed == nil
		err = errors.Join(err, failed)
	}()
	if err := shows(place.dir, device); err != nil {
		return err
	}
	e.Mounted = true
	return work(place.dir)
}

// damaged tells the errors by which the kernel says that it cannot make sense of a filesystem:
// EINVAL and EUCLEAN (EFSCORRUPTED) of a superblock or tree, EIO and EBADMSG (EFSBADCRC) of a
// block.
func damaged(err error) bool {
	for _, errno := range []unix.Errno{unix.EINVAL, unix.EUCLEAN, unix.EIO, unix.EBADMSG} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// refusal types what the kernel refuses to an ordinary user.
func refusal(err error) error {
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return fmt.Errorf("%w: mounting needs CAP_SYS_ADMIN: %w", ebssnap.ErrPermission, err)
	}
	return err
}

// place is a mount point that nobody else sees into.
type place struct{ base, dir string }

// newPlace makes the directory and mounts it over itself, private, so that what is mounted inside
// does not appear in other mount namespaces.
func newPlace(directory string) (*place, error) {
	base, err := os.MkdirTemp(directory, "opskit-restore-")
	if err != nil {
		return nil, err
	}
	if whole, err := filepath.EvalSymlinks(base); err == nil {
		base = whole // as mountinfo names it
	}
	p := &place{base: base, dir: filepath.Join(base, "copy")}
	if err := os.Mkdir(p.dir, 0o700); err != nil {
		return nil, errors.Join(err, os.Remove(base))
	}
	if err := unix.Mount(base, base, "", unix.MS_BIND, ""); err != nil {
		return nil, errors.Join(fmt.Errorf("mount: %w", err), os.Remove(p.dir), os.Remove(base))
	}
	if err := unix.Mount("", base, "", unix.MS_PRIVATE, ""); err != nil {
		return nil, errors.Join(fmt.Errorf("make private: %w", err), p.remove())
	}
	return p, nil
}

func (p *place) remove() error {
	if err := unix.Unmount(p.base, unix.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount %s: %w", p.base, err)
	}
	return errors.Join(os.Remove(p.dir), os.Remove(p.base))
}

// How long what was just closed may keep a copy busy, and how often that is looked at.
const (
	busyFor   = 5 * time.Second
	busyEvery = 20 * time.Millisecond
)

// unmount unmounts dir, and waits until the device is free.
func unmount(dir, device string) error {
	end := time.Now().Add(busyFor)
	err := again(end, func() error { return unix.Unmount(dir, unix.UMOUNT_NOFOLLOW) }, unix.EBUSY)
	if err != nil {
		return errors.Join(fmt.Errorf("%w: unmount %s: %w", ErrStillMounted, dir, err), unix.Unmount(dir, unix.MNT_DETACH))
	}
	if err := again(end, func() error { return free(device) }, ErrInUse); err != nil {
		return fmt.Errorf("%w: %s: another mount namespace may hold it", ErrStillMounted, device)
	}
	return nil
}

// again calls f until it succeeds, fails with something else than busy, or the time has ended.
func again(end time.Time, f func() error, busy error) error {
	tick := time.NewTicker(busyEvery)
	defer tick.Stop()
	for {
		err := f()
		if err == nil || !errors.Is(err, busy) || time.Now().After(end) {
			return err
		}
		<-tick.C
	}
}
