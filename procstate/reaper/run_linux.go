//go:build linux && !opskit_portable

package reaper

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/signal"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/procstate/internal/held"
)

// run is the body of Run.
func (r Reaper) run(ctx context.Context) (report Report, err error) {
	if err := r.check(); err != nil {
		return Report{}, err
	}
	if r.Subreaper {
		before, err := subreaper()
		if err == nil {
			err = setSubreaper(true)
		}
		if err != nil {
			return Report{}, &opskit.Error{Op: "become a subreaper", Err: err}
		}
		defer func() {
			if failed := setSubreaper(before); failed != nil {
				err = errors.Join(err, &opskit.Error{Op: "restore the subreaper attribute", Err: failed})
			}
		}()
	}
	death := make(chan os.Signal, 1)
	if held.Tight() == "" { // the runtime starts a thread for that, and ends the program where it cannot
		signal.Notify(death, unix.SIGCHLD)
		defer signal.Stop(death)
	}

	look := &look{reaper: r, pid: os.Getpid(), since: map[int]time.Time{}, told: map[int]Left{}, read: owned}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return look.end(), nil
		case <-death:
		case <-timer.C:
		}
		began := time.Now()
		next := look.once(ctx, began)
		// At most a quarter of one processor, whatever dies.
		if !pause(ctx, min(3*time.Since(began), 100*time.Millisecond)) {
			return look.end(), nil
		}
		timer.Reset(next)
	}
}

// pause waits; false means that ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// look is what Run remembers between two looks at the children.
type look struct {
	reaper Reaper
	pid    int
	since  map[int]time.Time // dead child: first seen dead
	told   map[int]Left      // dead child: what was found out about it
	report Report
	read   func(pinned) (map[int]int, error) // owned, or a test's
}

// once reaps what can be reaped now and returns when to look again.
func (l *look) once(ctx context.Context, now time.Time) time.Duration {
	next := l.reaper.interval()
	all, err := children(l.pid)
	if err != nil {
		l.blind(&opskit.Error{Op: "list children", Err: err})
		return next
	}
	since := make(map[int]time.Time, len(l.since))
	var old []child
	for _, c := range all {
		if !dead(c.pid) {
			continue
		}
		first, ok := l.since[c.pid]
		if !ok {
			first = now
		}
		since[c.pid] = first
		if wait := l.reaper.grace() - now.Sub(first); wait > 0 {
			next = min(next, wait)
			continue
		}
		old = append(old, c)
	}
	l.since = since
	maps.DeleteFunc(l.told, func(pid int, _ Left) bool { _, still := since[pid]; return !still })
	for batch := range slices.Chunk(old, 128) {
		if ctx.Err() != nil {
			break
		}
		l.judge(batch)
	}
	return next
}

func (l *look) blind(err error) {
	l.report.Blind++
	l.report.Err = opskit.Fail(err)
}

// leave records and reports a dead child that stays.
func (l *look) leave(left Left) {
	before, ok := l.told[left.PID]
	l.told[left.PID] = left
	if l.reaper.OnLeft != nil && (!ok || before.Reason != left.Reason) {
		l.reaper.OnLeft(left)
	}
}

// end completes the report.
func (l *look) end() Report {
	for _, pid := range slices.Sorted(maps.Keys(l.since)) {
		left, ok := l.told[pid]
		if !ok {
			left = Left{PID: pid, Reason: ReasonYoung, FD: -1}
		}
		l.report.Left = append(l.report.Left, left)
	}
	l.report.Unseen = []opskit.Gap{
		{What: "children that died after the last look", Why: "nobody looked after it"},
		{What: "children whose debugger or live threads keep them from being waited for", Why: "the kernel does not tell of them"},
	}
	return l.report
}
