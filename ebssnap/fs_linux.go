//go:build linux && !opskit_portable

package ebssnap

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap/internal/guard"
)

// engine freezes and thaws a list of directories: a guard process, or this one.
type engine interface {
	Freeze(ctx context.Context, deadline time.Duration) error
	Thaw()
	Mounts() []guard.Mount
	ThawedBy() guard.By
	Pid() int
	Watch() []guard.Watched
	Sync(ctx context.Context, mount int) error
	Close() error
}

// Prepare checks the mount points, starts the guard and writes dirty data. Nothing is stopped yet.
func (f *FS) Prepare(ctx context.Context) (Prepared, error) {
	mounts, err := openMounts(f.Mounts, f.Whole)
	if err != nil {
		return nil, err
	}
	p := &preparedFS{mounts: mounts}
	entries, err := readMounts()
	if err != nil {
		return nil, errors.Join(&opskit.Error{Op: "read mounts", Err: err}, closeMounts(mounts))
	}
	p.stops, p.gaps = scope(mounts, entries)
	p.looks(func(s *Stopped) *Health { return &s.Before }, true)
	for _, s := range p.stops {
		if s.Before.GivenUp != "" {
			return nil, errors.Join(&opskit.Error{Op: "freeze", Target: s.Mount, Err: fmt.Errorf("%w: %s", ErrDamaged, s.Before.GivenUp)}, p.log.close(), closeMounts(mounts))
		}
	}
	if p.record, err = writeRecord(f.Journal, mounts); err != nil {
		p.gap(opskit.Gap{What: "what to thaw after this process and its guard were killed together", Why: "no journal: " + err.Error(), Need: "a directory in memory, FS.Journal"})
	}
	if err := p.start(ctx, f); err != nil {
		return nil, errors.Join(err, p.forget(), p.log.close(), closeMounts(mounts))
	}
	if f.SyncWithin > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, f.SyncWithin, fmt.Errorf("not done within %s: the device may not answer, or there is much to write (FS.SyncWithin)", f.SyncWithin))
		defer cancel()
	}
	if err := p.sync(ctx); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// preparedFS holds the descriptors and the guard of one freeze.
type preparedFS struct {
	mounts []mount // in the order in which they are frozen
	engine engine
	record *os.File // in the journal; nil: none
	gaps   []opskit.Gap
	stops  []Stopped // as mounts
	log    *kernelLog

	once   sync.Once
	err    error
	stop   func() bool
	used   bool
	closed bool

	deadline time.Time // of the freeze
	pending  bool      // the freeze or the thaw had not ended when it was waited for no longer
}

func (p *preparedFS) start(ctx context.Context, f *FS) error {
	dirs := make([]*os.File, len(p.mounts))
	canaries := make([]bool, len(p.mounts))
	for i, m := range p.mounts {
		dirs[i], canaries[i] = m.dir, !readOnly(m.entry)
	}
	config := guard.Config{Dirs: dirs, Canaries: canaries, Probe: len(dirs) > 1, Program: f.GuardDirectory, Page: p.record}
	if f.NoGuard {
		engine, err := guard.NewInProcess(config)
		if err != nil {
			return p.refusal("freeze", err)
		}
		p.engine = engine
		p.gaps = append(p.gaps,
			opskit.Gap{What: "what happens if this process is killed while filesystems are frozen", Why: "no guard was wanted: they would stay frozen", Need: "a guard"},
			opskit.Gap{What: "a thaw and a new freeze by another program in between", Why: "no guard was wanted", Need: "a guard"})
		return nil
	}
	g, err := guard.Start(ctx, config)
	if err != nil {
		return p.refusal("guard", err)
	}
	p.engine = g
	return nil
}

// calm is how long the kernel needs to end the RCU grace periods that starting a guard and writing
// dirty data begin. A freeze waits for several of its own, and for one more while another is under
// way: with a rest before, writers are stopped 4 to 8 ms less.
const calm = 60 * time.Millisecond

// sync writes dirty data until little can be left, so that the freeze itself has nothing to write.
func (p *preparedFS) sync(ctx context.Context) error {
	for round := range 3 {
		if round == 1 && pause(ctx, calm) != nil {
			return &opskit.Error{Op: "sync", Target: p.mounts[0].path, Err: context.Cause(ctx)}
		}
		began := time.Now()
		for i, m := range p.mounts {
			if err := p.engine.Sync(ctx, i); err != nil {
				if errors.Is(err, guard.ErrStart) {
					err = fmt.Errorf("%w: %w", ErrNoGuard, err)
				}
				return &opskit.Error{Op: "sync", Target: m.path, Err: err}
			}
			if err := ctx.Err(); err != nil {
				return &opskit.Error{Op: "sync", Target: m.path, Err: context.Cause(ctx)}
			}
		}
		if round > 0 && time.Since(began) < 20*time.Millisecond {
			break
		}
	}
	return nil
}

// Freeze freezes all or none, until ctx ends or Thaw.
func (p *preparedFS) Freeze(ctx context.Context) (Thawer, error) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return nil, &opskit.Error{Op: "freeze", Err: fmt.Errorf("%w: the context has no deadline: a freeze must end", ErrUsage)}
	}
	if p.used {
		return nil, &opskit.Error{Op: "freeze", Err: fmt.Errorf("%w: what was prepared freezes once", ErrUsage)}
	}
	p.used, p.deadline = true, deadline
	err, ended := within(ctx, grace, func() error { return p.engine.Freeze(ctx, guard.Now()+time.Until(deadline)) }, func(error) {})
	if !ended {
		p.pending = true
		return nil, errors.Join(&opskit.Error{Op: "freeze", Err: fmt.Errorf("%w: FIFREEZE has not ended: %w", ErrThawedEarly, context.Cause(ctx))}, p.frozenStill())
	}
	if err != nil {
		return nil, errors.Join(p.refusal("freeze", err), p.frozenStill())
	}
	if err := p.watch(ctx); err != nil {
		p.engine.Thaw()
		return nil, errors.Join(err, p.frozenStill())
	}
	p.stop = context.AfterFunc(ctx, func() { _ = p.thaw(fmt.Errorf("%w: the context of the freeze ended", ErrThawedEarly)) })
	return p, nil
}

// Limits of watching the begin of a freeze.
const (
	watchWithin = 250 * time.Millisecond
	doubtFor    = 200 * time.Millisecond
)

// watch waits until the canary of every filesystem sleeps in the freeze: from then on no thaw goes
// unseen. Where a canary may sleep in another program's freeze, because ours was thawed before it
// slept, watch waits a little for that program to thaw.
func (p *preparedFS) watch(ctx context.Context) error {
	end := time.Now().Add(watchWithin)
	doubt := time.Time{}
	for {
		unsettled, inDoubt := -1, false
		for i, watched := range p.engine.Watch() {
			switch watched {
			case guard.Unsettled:
				unsettled = i
			case guard.InDoubt:
				inDoubt = true
			case guard.FreezeOver:
				return p.over(i)
			case guard.Unwatched:
				p.unwatched(i)
			case guard.InFreeze:
			}
		}
		now := time.Now()
		if inDoubt && doubt.IsZero() {
			doubt = now.Add(doubtFor)
		}
		switch {
		case unsettled >= 0 && now.After(end):
			return &opskit.Error{Op: "freeze", Target: p.mounts[unsettled].path, Err: fmt.Errorf("%w: nothing was seen to sleep in the freeze for %s: this host is too busy", ErrThawedEarly, watchWithin)}
		case unsettled < 0 && (!inDoubt || now.After(doubt)):
			return nil
		case ctx.Err() != nil:
			return &opskit.Error{Op: "freeze", Err: fmt.Errorf("%w: %w", ErrThawedEarly, context.Cause(ctx))}
		}
		_ = pause(ctx, 200*time.Microsecond) // an end is seen above
	}
}

// unwatched notes once that a filesystem has no canary.
func (p *preparedFS) unwatched(i int) {
	why := "no process could be made to watch it"
	switch m := p.engine.Mounts()[i]; {
	case readOnly(p.mounts[i].entry):
		why = "it is read-only: nothing can write to it anyway"
	case m.CanaryPID > 0:
		why = "the process that watches may not ask for write access: unlinkat: " + m.CanaryErrno.Error()
	}
	gap := opskit.Gap{What: "a thaw and a new freeze of " + p.mounts[i].path + " by another program in between", Why: why}
	p.gap(gap)
}

// gap notes once what could not be seen.
func (p *preparedFS) gap(g opskit.Gap) {
	if !slices.Contains(p.gaps, g) {
		p.gaps = append(p.gaps, g)
	}
}

// over returns why a freeze is over that nobody asked to end: on a busy host that may be the
// budget, and no other program.
func (p *preparedFS) over(i int) error {
	if err := p.thawedEarly(guard.Now()); err != nil {
		return err
	}
	return p.foreignThaw(i)
}

func (p *preparedFS) foreignThaw(i int) error {
	return &opskit.Error{Op: "thaw", Target: p.mounts[i].path, Err: fmt.Errorf("%w: another program thawed it", ErrThawedEarly)}
}

// Notes returns nil: a filesystem needs nothing for a restore.
func (p *preparedFS) Notes() []string { return nil }

// Unseen returns what could not be watched.
func (p *preparedFS) Unseen() []opskit.Gap { return p.gaps }

// Thaw thaws what was frozen, and says if that was done before: by somebody else, or because the
// context of the freeze ended.
func (p *preparedFS) Thaw() error { return p.thaw(nil) }

// thaw thaws once. uncalled is why, if nobody called Thaw.
func (p *preparedFS) thaw(uncalled error) error {
	asked := guard.Now()
	p.once.Do(func() {
		p.engine.Watch() // notes which freezes are over, so that what others froze since is left alone
		until, cancel := context.WithDeadline(context.Background(), p.deadline)
		defer cancel()
		_, ended := within(until, grace, func() bool { p.engine.Thaw(); return true }, func(bool) {})
		p.pending = !ended
		p.err = errors.Join(p.frozenStill(), p.thawedEarly(asked))
		if p.err == nil && uncalled != nil {
			p.err = &opskit.Error{Op: "thaw", Err: uncalled}
		}
	})
	return p.err
}

// frozenStill returns a *ThawError if something is frozen by us and could not be thawed.
func (p *preparedFS) frozenStill() error {
	var failed ThawError
	for i, m := range p.engine.Mounts() {
		switch m.State {
		case guard.Stuck:
			failed.Err = m.Errno
		case guard.Freezing, guard.Frozen, guard.Thawing:
			failed.Err = fmt.Errorf("process %d waits for the device in FIFREEZE or FITHAW, and thaws when that ends", p.engine.Pid())
		default:
			continue
		}
		failed.Mounts = append(failed.Mounts, p.mounts[i].path)
	}
	if failed.Mounts == nil {
		return nil
	}
	return &failed
}

// thawedEarly returns ErrThawedEarly if it was not Thaw, which was called at asked, that thawed.
func (p *preparedFS) thawedEarly(asked time.Duration) error {
	for i, m := range p.engine.Mounts() {
		if m.State == guard.Lost {
			return p.foreignThaw(i)
		}
	}
	switch p.engine.ThawedBy() {
	case guard.ByDeadline:
		return &opskit.Error{Op: "thaw", Err: fmt.Errorf("%w: the guard thawed at the deadline", ErrThawedEarly)}
	case guard.ByDeath:
		return &opskit.Error{Op: "thaw", Err: fmt.Errorf("%w: the guard lost its owner's thread", ErrThawedEarly)}
	}
	for i, m := range p.engine.Mounts() {
		if m.State == guard.Thawed && m.ThawBegin < asked {
			return &opskit.Error{Op: "thaw", Target: p.mounts[i].path, Err: fmt.Errorf("%w: the guard was killed, and this process thawed in its place", ErrThawedEarly)}
		}
	}
	return nil
}

// Close thaws if need be, ends the guard and closes the descriptors.
func (p *preparedFS) Close() error {
	if p.closed {
		return nil
	}
	p.closed = true
	if p.stop != nil {
		p.stop()
	}
	if p.pending { // the freeze
		go func() { _ = p.end(p.Thaw()) }()
		return nil
	}
	err := p.Thaw()
	if p.pending { // the thaw
		go func() { _ = p.end(err) }()
		return err
	}
	if p.stop != nil {
		p.lookAgain()
	}
	return p.end(err)
}

// end frees what Prepare took, and waits for a freeze or thaw that has not ended.
func (p *preparedFS) end(err error) error {
	forget := p.forget
	if p.record != nil && errors.Is(err, ErrStillFrozen) {
		forget = p.record.Close // Recover will want it
	}
	if p.stop == nil {
		err = nil // Freeze has told what it left
	}
	return errors.Join(err, p.engine.Close(), forget(), p.log.close(), closeMounts(p.mounts))
}

// againWithin limits the writing of dirty data after the thaw, which tells whether the freeze's own
// writing was lost: writers may have made much of it since.
const againWithin = 2 * time.Second

// lookAgain looks at the health of what was frozen once more.
func (p *preparedFS) lookAgain() {
	bounded, cancel := context.WithTimeout(context.Background(), min(max(time.Until(p.deadline), 0)+grace, againWithin))
	defer cancel()
	for i := range p.mounts {
		var errno syscall.Errno
		switch err := p.engine.Sync(bounded, i); {
		case errors.As(err, &errno):
			p.stops[i].After.Unsynced = err.Error()
		case err != nil:
			p.gap(opskit.Gap{What: "writes to " + p.mounts[i].path + " that were lost while it was frozen", Why: "they could not be asked for within " + againWithin.String() + ": " + err.Error()})
		}
	}
	p.looks(func(s *Stopped) *Health { return &s.After }, false)
}

func (p *preparedFS) stopped() []Stopped { return p.stops }

// forget removes the record from the journal.
func (p *preparedFS) forget() error {
	if p.record == nil {
		return nil
	}
	return errors.Join(p.record.Close(), os.Remove(p.record.Name()))
}

// refusal turns what the guard reported into an error of this package.
func (p *preparedFS) refusal(op string, err error) error {
	var target string
	var at *guard.MountError
	if errors.As(err, &at) {
		target = p.mounts[at.Index].path
	}
	var errno syscall.Errno
	_ = errors.As(err, &errno)
	switch {
	case errors.Is(err, guard.ErrStart): // its causes are of execve and the like, not of a freeze
		err = fmt.Errorf("%w: %w", ErrNoGuard, err)
	case errors.Is(err, guard.ErrExpired):
		err = fmt.Errorf("%w: the freeze took longer than its budget, or was canceled, and is undone", ErrThawedEarly)
	case errors.Is(err, guard.ErrFrozenBefore), errno == syscall.EBUSY:
		err = fmt.Errorf("%w: left as it is, this library only thaws what it froze; Recover tells if a run of it died there", ErrAlreadyFrozen)
	case errno == syscall.EOPNOTSUPP:
		err = fmt.Errorf("%w: %w", ErrNotFreezable, errno)
	case errno == syscall.EPERM, errno == syscall.EACCES:
		err = fmt.Errorf("%w: %w: freezing needs CAP_SYS_ADMIN", ErrPermission, errno)
	}
	return &opskit.Error{Op: op, Target: target, Err: err}
}
