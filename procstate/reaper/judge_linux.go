//go:build linux && !opskit_portable

package reaper

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit"
)

// evidence is what is known about one dead child.
type evidence struct {
	pid    int
	first  bool  // listed under the first thread
	cloned bool  // its exit signal is not SIGCHLD
	traced bool  // a debugger is attached
	fd     int   // a descriptor of this process that is a pidfd of it, or -1
	err    error // what could not be found out
}

// verdict says whether a dead child is an orphan, that is nobody's in this
// process, and if not, why it is left alone. Whatever could not be found out
// speaks against reaping.
func (e evidence) verdict() (orphan bool, left Left) {
	left = Left{PID: e.pid, FD: -1}
	switch {
	case e.err != nil:
		left.Err = opskit.Fail(e.err)
	case e.fd >= 0:
		left.Reason, left.FD = ReasonOwned, e.fd
	case e.traced:
		left.Reason = ReasonTraced
	case e.cloned:
		left.Reason = ReasonCloned
	case !e.first:
		left.Reason = ReasonForked
	default:
		return true, Left{}
	}
	return false, left
}

// judge judges dead children at once, or where this process may not open so many
// files, half of them at a time.
func (l *look) judge(batch []child) {
	if l.judgeAtOnce(batch) {
		return
	}
	half := len(batch) / 2
	l.judge(batch[:half])
	l.judge(batch[half:])
}

// exhausted tells that no file could be opened because too many are open.
func exhausted(err error) bool {
	return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE)
}

// judgeAtOnce pins dead children by pidfds, finds out who owns them and reaps the
// orphans among them. False means that nobody was judged, because fewer children
// take fewer files.
//
// Why no child of os/exec can be reaped: such a child is cloned with
// CLONE_PIDFD, and the kernel puts the pidfd into the descriptor table before
// the child first runs. Package os closes it only after it has waited. So a
// child that is dead, not yet waited for and owned has its pidfd in the table
// during the whole of a reading that begins after it was seen dead. The child
// reaped is the child looked at, because the reaper's own pidfd names it, not a
// number.
func (l *look) judgeAtOnce(batch []child) bool {
	control := make(pinned, len(batch))
	defer func() {
		for fd := range control {
			unix.Close(fd)
		}
	}()
	type pinnedChild struct {
		evidence
		pidfd int
	}
	var all []pinnedChild
	for _, c := range batch {
		pidfd, err := unix.PidfdOpen(c.pid, 0)
		if err == unix.ESRCH {
			continue
		}
		if exhausted(err) && len(batch) > 1 {
			return false
		}
		if err != nil {
			l.blind(&opskit.Error{Op: "open a pidfd", Err: err})
			l.leave(Left{PID: c.pid, FD: -1, Err: l.report.Err})
			continue
		}
		control[pidfd] = c.pid
		if info, err := waitid(unix.P_PIDFD, pidfd, peekAll, nil); err != nil || !info.ended(c.pid) {
			continue // reaped meanwhile
		}
		e := pinnedChild{evidence: evidence{pid: c.pid, first: c.first, fd: -1}, pidfd: pidfd}
		// Without __WALL the kernel does not offer children of another exit signal.
		if _, err := waitid(unix.P_PIDFD, pidfd, peek, nil); err != nil {
			e.cloned = true
		}
		e.traced, err = traced(c.pid)
		if exhausted(err) && len(batch) > 1 {
			return false
		}
		if err != nil {
			e.err = &opskit.Error{Op: "read status", Err: err}
		}
		all = append(all, e)
	}
	if len(all) == 0 {
		return true
	}
	// Twice, for a pidfd that was duplicated to a lower number and closed at
	// the higher one while the first reading was under way.
	for range 2 {
		owners, err := l.read(control)
		if exhausted(err) && len(batch) > 1 {
			return false
		}
		if err != nil {
			l.blind(&opskit.Error{Op: "read own descriptors", Err: err})
		}
		for i := range all {
			if err != nil {
				all[i].err = l.report.Err.Err()
			}
			if fd, ok := owners[all[i].pid]; ok {
				all[i].fd = fd
			}
		}
	}
	for _, e := range all {
		orphan, left := e.verdict()
		if orphan && l.reaper.Keep != nil && l.reaper.Keep(e.pid) {
			orphan, left = false, Left{PID: e.pid, Reason: ReasonKept, FD: -1}
		}
		if !orphan {
			l.leave(left)
			continue
		}
		l.reap(e.pid, e.pidfd)
	}
	return true
}

func (l *look) reap(pid, pidfd int) {
	var usage unix.Rusage
	info, err := waitid(unix.P_PIDFD, pidfd, unix.WEXITED|unix.WNOHANG, &usage)
	if err != nil || !info.ended(pid) {
		return // somebody else waited for it
	}
	l.report.Reaped++
	delete(l.since, pid)
	delete(l.told, pid)
	if l.reaper.OnReap != nil {
		l.reaper.OnReap(info.reaped(usage, time.Now()))
	}
}
