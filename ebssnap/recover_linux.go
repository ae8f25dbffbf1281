//go:build linux && !opskit_portable

package ebssnap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap/internal/guard"
	"github.com/opskit-go/opskit/internal/mountinfo"
)

// recoverPlan looks at the journal, the canaries and, with probe, at every filesystem.
func recoverPlan(ctx context.Context, directories []string, probe bool) (*Recovery, error) {
	if len(directories) == 0 {
		for _, parent := range journalDirectories() {
			directories = append(directories, filepath.Join(parent, journalDirectory))
		}
	}
	r := &Recovery{At: time.Now().UTC(), records: map[string][]string{}}
	text, err := readMountinfo()
	if err != nil {
		return nil, &opskit.Error{Op: "recover", Err: err}
	}
	entries, err := mountinfo.Parse(text)
	if err != nil {
		r.unseen(opskit.Gap{What: "some mounts", Why: err.Error()})
	}
	asleep := r.canaries()
	for _, directory := range directories {
		if err := r.journal(ctx, directory, asleep); err != nil {
			return r, err
		}
	}
	for _, c := range asleep {
		r.trace(c.record, c.mounts, asleep, "")
	}
	r.place(entries, probe)
	if probe {
		r.probe(ctx, asleep)
	}
	r.Judge()
	return r, nil
}

func (r *Recovery) unseen(g opskit.Gap) {
	if !slices.Contains(r.Unseen, g) {
		r.Unseen = append(r.Unseen, g)
	}
}

// journal reads the records of one directory.
func (r *Recovery) journal(ctx context.Context, directory string, asleep []canary) error {
	if _, err := os.Lstat(directory); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err := ownedAlone(directory); err != nil {
		r.unseen(opskit.Gap{What: "the journal in " + directory, Why: err.Error(), Need: "the user who froze"})
		return nil //nolint:nilerr // told above
	}
	paths, err := filepath.Glob(filepath.Join(directory, "*-*"))
	if err != nil {
		return &opskit.Error{Op: "recover", Target: directory, Err: err}
	}
	for _, path := range paths {
		if ctx.Err() != nil {
			return &opskit.Error{Op: "recover", Err: context.Cause(ctx)}
		}
		written, mounts, err := readRecord(path)
		switch {
		case errors.Is(err, os.ErrNotExist):
		case err != nil:
			r.unseen(opskit.Gap{What: "the record " + path, Why: err.Error()})
		case written.Boot != bootID(): // nothing of another boot is frozen
			_ = os.Remove(path)
		default:
			r.trace(written, mounts, asleep, path)
		}
	}
	return nil
}

// trace adds what one page says, found in the journal or through a canary; path is the file of the
// record, if it is in the journal.
func (r *Recovery) trace(written record, mounts []guard.Mount, asleep []canary, path string) {
	living, known := written.lives()
	if !known {
		if path != "" { // a canary that sleeps is told below
			r.unseen(opskit.Gap{
				What: "whether process " + strconv.Itoa(written.Owner) + " of the record " + path + " lives",
				Why:  "it runs in another PID namespace, or the record does not say when it started", Need: "the host, or the container that froze",
			})
		}
		living = slices.ContainsFunc(asleep, func(c canary) bool { return c.guarded && c.record.file == written.file })
	}
	if path != "" && !living && known {
		r.records[path] = []string{}
	}
	alive := 0 // the guard
	for _, c := range asleep {
		if c.record.file == written.file && c.guarded {
			alive = c.parent
		}
	}
	for i, m := range mounts {
		f := Filesystem{Mount: written.Mounts[i].Path, Device: written.Mounts[i].Device, Owner: written.Owner, Living: living, Since: written.Written}
		for _, c := range asleep {
			if c.record.file == written.file && c.place == i {
				f.sleeps = sleeper{c.pid, c.fd}
			}
		}
		if f.trace(m); f.Begun {
			f.Guard = alive
		}
		if !f.Begun && !f.Froze || !known && f.sleeps.pid == 0 {
			continue
		}
		if path != "" && !living && known {
			r.records[path] = append(r.records[path], f.Device)
		}
		r.add(f)
	}
}

// trace fills in what the page says of a filesystem, and whether its canary sleeps in that freeze.
func (f *Filesystem) trace(m guard.Mount) {
	switch m.State {
	case guard.Frozen, guard.Thawing, guard.Stuck:
		f.Froze = true
	case guard.Freezing:
		f.Begun = true
	default: // never frozen, or thawed
		return
	}
	switch {
	case f.sleeps.pid > 0 && m.SleepsInIt():
		f.Asleep = true
	case f.sleeps.pid == 0 && (m.Canary == guard.CanaryAsleep || m.Canary == guard.CanaryBack):
		f.Awake = true
	}
}

// add notes a filesystem; of several traces of one the one that says most stands.
func (r *Recovery) add(f Filesystem) {
	i := slices.IndexFunc(r.Filesystems, func(known Filesystem) bool { return known.Device == f.Device })
	if i < 0 {
		r.Filesystems = append(r.Filesystems, f)
		return
	}
	weight := func(f Filesystem) int {
		switch {
		case f.Asleep, f.Living:
			return 3
		case f.Awake:
			return 1
		case f.Froze:
			return 2
		}
		return 0
	}
	if weight(f) > weight(r.Filesystems[i]) {
		r.Filesystems[i] = f
	}
}

// place finds where each filesystem is mounted now, and with all adds those that nothing was told
// of.
func (r *Recovery) place(entries []mountinfo.Mount, all bool) {
	for _, e := range entries {
		i := slices.IndexFunc(r.Filesystems, func(f Filesystem) bool { return f.Device == e.Number })
		if i < 0 {
			if known, yes := freezable(e); !all || !known || !yes {
				continue
			}
			r.Filesystems = append(r.Filesystems, Filesystem{Mount: e.Point, Device: e.Number})
			i = len(r.Filesystems) - 1
		}
		f := &r.Filesystems[i]
		if !f.Mounted {
			f.Mount = e.Point
		}
		f.Mounted = true
		f.points = append(f.points, e.Point)
	}
}

// probe asks every filesystem for write access, where no process waits for it already.
func (r *Recovery) probe(ctx context.Context, asleep []canary) {
	for i := range r.Filesystems {
		f := &r.Filesystems[i]
		if slices.ContainsFunc(asleep, func(c canary) bool { return c.device == f.Device && isCanary(c.pid) }) {
			f.Waits = true // a process of an earlier look, or of a run, waits already
			continue
		}
		answer := guard.NoAnswer
		dir, err := f.open()
		if err == nil {
			answer, err = guard.Probe(ctx, dir)
			err = errors.Join(err, dir.Close())
		}
		if err != nil {
			r.unseen(opskit.Gap{What: "whether " + f.Mount + " is frozen", Why: err.Error()})
		}
		f.Passed, f.Waits = answer == guard.Passed, answer == guard.Waits
	}
}

// open opens the filesystem: where it is mounted, or through the canary that sleeps in its freeze.
func (f *Filesystem) open() (*os.File, error) {
	tried := fmt.Errorf("device %s is not mounted here: mount it again, or run this where it is mounted (nsenter -m)", f.Device)
	if f.sleeps.pid > 0 {
		dir, err := os.OpenFile(fmt.Sprintf("/proc/%d/fd/%d", f.sleeps.pid, f.sleeps.fd), unix.O_DIRECTORY, 0)
		if err == nil {
			return dir, nil
		}
		tried = err
	}
	entries, err := readMounts()
	if err != nil {
		return nil, err
	}
	for _, point := range f.points {
		m, err := openMount(point)
		if err == nil {
			if err = m.identify(entries); errors.Is(err, errPart) {
				err = nil // it is the filesystem all the same
			}
			if err == nil && m.entry.Number != f.Device {
				err = fmt.Errorf("%s is on device %s now", point, m.entry.Number)
			}
			if err == nil {
				return m.dir, nil
			}
			err = errors.Join(err, m.dir.Close())
		}
		tried = err
	}
	return nil, tried
}

func (r *Recovery) apply(ctx context.Context) error {
	if err := mayFreeze(); err != nil && r.any(FrozenByDeadRun) {
		return &opskit.Error{Op: "recover", Err: err}
	}
	var failed ThawError
	var damage error
	for i := len(r.Filesystems) - 1; i >= 0; i-- { // in reverse of the freeze
		f := &r.Filesystems[i]
		if ctx.Err() != nil {
			return &opskit.Error{Op: "recover", Err: context.Cause(ctx)}
		}
		if f.Frozen != FrozenByDeadRun || !f.stillSleeps() {
			continue
		}
		if err := f.thaw(); err != nil {
			f.Error = opskit.Fail(asError("thaw", f.Mount, err))
			failed.Mounts, failed.Err = append(failed.Mounts, f.Mount), err
		} else if err := f.givenUp(); err != nil {
			f.Error = opskit.Fail(err)
			damage = errors.Join(damage, err)
		}
	}
	r.Judge()
	for path, devices := range r.records {
		open := slices.ContainsFunc(r.Filesystems, func(f Filesystem) bool {
			return slices.Contains(devices, f.Device) && (f.Frozen == FrozenByDeadRun || f.Frozen == FrozenUnknown)
		})
		if open {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			r.unseen(opskit.Gap{What: "a new record in place of " + path, Why: err.Error()})
		}
	}
	if failed.Mounts != nil {
		return errors.Join(&failed, damage)
	}
	return damage
}

// givenUp looks once more after the thaw: a FITHAW that was killed half way can make a btrfs
// read-only (seen on Linux 6.18).
func (f *Filesystem) givenUp() error {
	entries, err := readMounts()
	if err != nil {
		return err
	}
	for _, e := range entries {
		if why := givenUp(e.ID, entries); e.Number == f.Device && why != "" {
			return &opskit.Error{Op: "thaw", Target: f.Mount, Err: fmt.Errorf("%w: it is thawed, and takes no writes any more: %s", ErrDamaged, why)}
		}
	}
	return nil
}

// stillSleeps looks once more at the canary that proved the freeze: another program may have thawed
// since the plan was made, and a third one frozen.
func (f *Filesystem) stillSleeps() bool {
	if f.sleeps.pid == 0 || isCanary(f.sleeps.pid) {
		return true
	}
	f.Asleep, f.Awake, f.Waits = false, true, false
	return false
}

// thaw thaws the very filesystem that was recorded, wherever it is mounted now.
func (f *Filesystem) thaw() error {
	dir, err := f.open()
	if err != nil {
		return err
	}
	ended := make(chan syscall.Errno, 1)
	go func() { // outlives this call where the kernel does not answer
		defer dir.Close()
		ended <- guard.Thaw(dir)
	}()
	limit := time.NewTimer(thawWithin)
	defer limit.Stop()
	select {
	case errno := <-ended:
		if errno != 0 && errno != unix.EINVAL { // EINVAL: somebody else has thawed
			return errno
		}
	case <-limit.C:
		return fmt.Errorf("FITHAW has not ended after %s: a freeze is under way, or the device does not answer", thawWithin)
	}
	f.Thawed = true
	return nil
}

// thawWithin is how long Apply waits for one FITHAW.
const thawWithin = 5 * time.Second

// canary is a process of a guard that sleeps in a freeze.
type canary struct {
	pid, fd int
	place   int // of its filesystem in the page
	device  string
	parent  int
	guarded bool // its parent is its guard, which lives
	record  record
	mounts  []guard.Mount
}

// canaries finds the guards' children that sleep, and what their page says: it is theirs to read
// even where the journal is another mount namespace's.
func (r *Recovery) canaries() (found []canary) {
	names, err := filepath.Glob("/proc/[0-9]*")
	if err != nil || len(names) == 0 {
		r.unseen(opskit.Gap{What: "processes that sleep in a freeze", Why: "/proc shows none"})
	}
	for _, name := range names {
		pid, err := strconv.Atoi(filepath.Base(name))
		if err != nil || !isCanary(pid) {
			continue
		}
		c := canary{pid: pid}
		if err := c.read(); err != nil {
			r.unseen(opskit.Gap{What: fmt.Sprintf("in whose freeze process %d (ebssnap-guard) sleeps", pid), Why: err.Error(), Need: "root"})
			continue
		}
		found = append(found, c)
	}
	return found
}

// read reads the page of a canary, its descriptor 1. One by another user, or of another program, is
// not obeyed.
func (c *canary) read() error {
	if err := ownProcess(c.pid); err != nil {
		return err
	}
	var err error
	if c.record, c.mounts, err = readPage(fmt.Sprintf("/proc/%d/fd/1", c.pid)); err != nil {
		return err
	}
	call, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", c.pid))
	fields := strings.Fields(string(call))
	if err != nil || len(fields) < 2 {
		return fmt.Errorf("which descriptor it waits for is not shown: %w", err)
	}
	fd, err := strconv.ParseUint(fields[1], 0, 31)
	if err != nil {
		return fmt.Errorf("which descriptor it waits for is not shown: %w", err)
	}
	c.fd, c.place = int(fd), int(fd)-guard.FirstDir
	if c.place < 0 || c.place >= len(c.mounts) {
		return errors.New("it waits for a descriptor that is no filesystem's")
	}
	at, err := mountOf(c.pid, c.fd)
	if c.record.Mounts[c.place].Device == "" { // a page without a record
		if c.record.Mounts[c.place] = at; err != nil {
			return err
		}
	}
	c.device = c.record.Mounts[c.place].Device
	fields = statOf(c.pid)
	if len(fields) > 1 {
		c.parent, _ = strconv.Atoi(fields[1])
		parent, err := os.ReadFile("/proc/" + fields[1] + "/comm")
		c.guarded = err == nil && strings.TrimSpace(string(parent)) == guardName
	}
	return nil
}

// mountOf returns what a descriptor of a process is of, as that process sees it.
func mountOf(pid, fd int) (recordMount, error) {
	info, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", pid, fd))
	text, err2 := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", pid))
	if err := errors.Join(err, err2); err != nil {
		return recordMount{}, err
	}
	_, id, _ := strings.Cut(string(info), "mnt_id:")
	id, _, _ = strings.Cut(id, "\n")
	list, _ := mountinfo.Parse(text)
	for _, m := range list {
		if strconv.Itoa(m.ID) == strings.TrimSpace(id) {
			return recordMount{Path: m.Point, Device: m.Number}, nil
		}
	}
	return recordMount{}, errors.New("the mount that it waits for is not shown")
}

const guardName = "ebssnap-guard"

// isCanary reports whether a process is a canary asleep in a freeze.
func isCanary(pid int) bool {
	name, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	if err != nil || strings.TrimSpace(string(name)) != guardName {
		return false
	}
	asleep, _ := guard.AsleepInUnlink(pid)
	return asleep
}

// ownProcess refuses a process of another user, and one that does not run the guard's program.
func ownProcess(pid int) error {
	info, err := os.Stat("/proc/" + strconv.Itoa(pid))
	if err != nil {
		return err
	}
	program, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/exe")
	switch stat, ok := info.Sys().(*syscall.Stat_t); {
	case ok && int(stat.Uid) != os.Geteuid():
		return errors.New("it is another user's")
	case err != nil:
		return err
	case !bytes.Equal(program, guard.Program()):
		return errors.New("it does not run the guard's program, or that of another version")
	}
	return nil
}
