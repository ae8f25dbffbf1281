//go:build linux && !opskit_portable

package ebssnap

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/ebssnap/internal/guard"
	"github.com/opskit-go/opskit/internal/mountinfo"
)

func findLeftovers(ctx context.Context, folders []string) (*Recovery, error) {
	if len(folders) == 0 {
		for _, parent := range journalFolders() {
			folders = append(folders, filepath.Join(parent, journalFolder))
		}
	}
	found := &Recovery{}
	text, err := readMountinfo()
	if err != nil {
		return nil, &Error{Op: "recover", Err: err}
	}
	entries, err := mountinfo.Parse(text)
	if err != nil {
		found.Unseen = append(found.Unseen, Gap{What: "some mounts", Why: err.Error()})
	}
	for _, folder := range folders {
		if _, err := os.Lstat(folder); errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err := ownedAlone(folder); err != nil {
			found.Unseen = append(found.Unseen, Gap{What: "the journal in " + folder, Why: err.Error(), Need: "the user who froze"})
			continue
		}
		paths, err := filepath.Glob(filepath.Join(folder, "*-*"))
		if err != nil {
			return nil, &Error{Op: "recover", Target: folder, Err: err}
		}
		for _, path := range paths {
			if err := ctx.Err(); err != nil {
				return found, &Error{Op: "recover", Err: context.Cause(ctx)}
			}
			found.read(path, entries)
		}
	}
	return found, nil
}

// read adds what one record leaves over.
func (r *Recovery) read(path string, entries []mountinfo.Mount) {
	written, mounts, err := readRecord(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return
	case err != nil:
		r.Unseen = append(r.Unseen, Gap{What: "the record " + path, Why: err.Error()})
		return
	case written.Boot != bootID(): // nothing of another boot is frozen
		_ = os.Remove(path)
		return
	case written.PIDs != pidNamespace():
		r.Unseen = append(r.Unseen, Gap{
			What: "whether process " + strconv.Itoa(written.Owner) + " of the record " + path + " lives",
			Why:  "it runs in another PID namespace", Need: "the host, or the container that froze",
		})
		return
	case written.Started == "":
		r.Unseen = append(r.Unseen, Gap{What: "whether process " + strconv.Itoa(written.Owner) + " of the record " + path + " lives", Why: "the record does not say when it started"})
		return
	case startOf(written.Owner) == written.Started:
		return // it lives
	}
	for i, m := range mounts {
		l := Leftover{Mount: written.Mounts[i].Path, Device: written.Mounts[i].Device, Owner: written.Owner, Since: written.Written, record: path, place: i}
		l.judge(m)
		if l.points = pointsOf(l.Device, entries); len(l.points) > 0 {
			l.Now = l.points[0]
		}
		r.Leftovers = append(r.Leftovers, l)
	}
}

// judge tells what the page says of one filesystem.
func (l *Leftover) judge(m guard.Mount) {
	switch m.State {
	case guard.Frozen, guard.Thawing, guard.Stuck:
		l.Frozen = true
	case guard.Freezing:
	default: // never frozen, or thawed
		l.Over = true
		l.Outcome = "not frozen when its owner died"
		return
	}
	if m.CanaryPID <= 0 || m.Canary != guard.CanaryGo && m.Canary != guard.CanaryBack && m.Canary != guard.CanaryAsleep {
		return
	}
	if l.Proven = m.Canary != guard.CanaryBack && isCanary(m.CanaryPID); !l.Proven && l.Frozen && m.Canary != guard.CanaryGo {
		l.Over = true
		l.Outcome = "thawed since: the process that slept in the freeze is awake"
	}
}

// lookAgain judges the record once more: since the plan was made another run of Apply or another program may have thawed, and a third program frozen.
func (l *Leftover) lookAgain() {
	if l.Over || l.record == "" {
		return
	}
	_, mounts, err := readRecord(l.record)
	switch {
	case errors.Is(err, os.ErrNotExist):
		l.Over, l.Outcome = true, "its record is gone: somebody else saw to it since the plan was made"
	case err == nil && l.place < len(mounts):
		l.judge(mounts[l.place])
	}
}

// isCanary reports whether a process is a canary asleep in a freeze.
func isCanary(pid int) bool {
	name, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	fields := statOf(pid)
	return err == nil && strings.TrimSpace(string(name)) == "ebssnap-guard" && len(fields) > 0 && fields[0] == "D"
}

func (r *Recovery) apply(ctx context.Context, intended bool) error {
	if err := mayFreeze(); err != nil && len(r.Leftovers) > 0 {
		return &Error{Op: "recover", Err: err}
	}
	var failed ThawError
	keep := map[string]bool{}
	for i := len(r.Leftovers) - 1; i >= 0; i-- { // in reverse of the freeze
		l := &r.Leftovers[i]
		if err := ctx.Err(); err != nil {
			return &Error{Op: "recover", Err: context.Cause(ctx)}
		}
		l.lookAgain()
		switch {
		case l.Over:
			continue
		case !l.Frozen && !intended:
			l.Outcome = "left as it is: only intended to be frozen, and what is frozen now may be another program's work"
			keep[l.record] = true
			continue
		}
		if err := l.thaw(); err != nil {
			l.Error = asError("thaw", l.Mount, err)
			keep[l.record] = true
			failed.Mounts, failed.Err = append(failed.Mounts, l.Mount), err
		}
	}
	for _, l := range r.Leftovers {
		if !keep[l.record] {
			if err := os.Remove(l.record); err != nil && !errors.Is(err, os.ErrNotExist) {
				r.Unseen = append(r.Unseen, Gap{What: "a new record in place of " + l.record, Why: err.Error()})
			}
		}
	}
	if failed.Mounts != nil {
		return &failed
	}
	return nil
}

// pointsOf returns where a device is mounted; one that lies under a later mount, or is a file, cannot be opened as what it is.
func pointsOf(device string, entries []mountinfo.Mount) []string {
	var points []string
	for _, e := range entries {
		if e.Number == device {
			points = append(points, e.Point)
		}
	}
	return points
}

// thaw thaws the very filesystem that was recorded, wherever it is mounted now.
func (l *Leftover) thaw() error {
	if len(l.points) == 0 {
		return fmt.Errorf("device %s is not mounted here: mount it again, or run this where it is mounted (nsenter -m)", l.Device)
	}
	var tried error
	for _, point := range l.points {
		err := l.thawAt(point)
		if err == nil {
			l.Now = point
			return nil
		}
		tried = errors.Join(tried, err)
	}
	return tried
}

func (l *Leftover) thawAt(point string) error {
	m, err := openMount(point)
	if err != nil {
		return err
	}
	return errors.Join(l.thawDir(&m), m.dir.Close())
}

func (l *Leftover) thawDir(m *mount) error {
	entries, err := readMounts()
	if err != nil {
		return err
	}
	if err := m.identify(entries); err != nil {
		return err
	}
	if m.entry.Number != l.Device {
		return fmt.Errorf("%s is on device %s now", m.path, m.entry.Number)
	}
	switch errno := guard.Thaw(m.dir); errno {
	case 0:
		l.Thawed, l.Outcome = true, "thawed"
	case unix.EINVAL:
		l.Over, l.Outcome = true, "was not frozen"
	default:
		return errno
	}
	return nil
}
