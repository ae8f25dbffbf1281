package ebssnap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/opskit-go/opskit"
)

// Freezer stops writers. FS stops them in the kernel, Hook in an application, and Freezers does
// several in order.
type Freezer interface {
	// Freeze stops writers, all or nothing. ctx limits the freeze, not only the call: Hold calls
	// Thaw when ctx ends, and FS also thaws by itself then, even if this process hangs. A freeze
	// that only completes after ctx has ended is undone before Freeze returns its error.
	Freeze(ctx context.Context) (Thawer, error)
}

// Thawer lets writers run again.
type Thawer interface {
	// Thaw undoes the freeze. It may be called from any goroutine and again, with the same answer.
	// An error that matches ErrThawedEarly means that writers ran before Thaw was called;
	// *ThawError that they are still stopped.
	Thaw() error
}

// Preparer is a Freezer that has work to do before the first writer is stopped: checks, a guard
// process, writing dirty data.
type Preparer interface {
	// Prepare does that work. The freezer that it returns must be closed, and freezes at most once.
	Prepare(ctx context.Context) (Prepared, error)
}

// Noter is a Prepared that has more to say. Both are called after Close.
type Noter interface {
	Prepared
	// Notes stand in Result.Notes: what a restore of the snapshot needs, a backup's label or a
	// position in a log.
	Notes() []string
	// Unseen stands in Result.Unseen: what could not be seen of the freeze.
	Unseen() []opskit.Gap
}

// Prepared is a Freezer that is ready to stop writers.
type Prepared interface {
	Freezer
	// Close thaws if that was not done and frees what Prepare took.
	Close() error
}

// prepare prepares f if it wants that. A filesystem's dirty data must be written within budget,
// because a device may not answer; what else is prepared has its own limits.
func prepare(ctx context.Context, f Freezer, budget time.Duration) (Prepared, error) {
	switch f := f.(type) {
	case chain:
		return f.prepare(ctx, budget)
	case *FS:
		return f.prepareWithin(ctx, budget)
	case Preparer:
		return f.Prepare(ctx)
	}
	return &unprepared{freezer: f}, nil
}

// checksWithin is for what is prepared besides the writing of dirty data.
const checksWithin = 6 * time.Second

// prepareWithin is Prepare with the budget as the zero value of SyncWithin, and returns some seconds
// after that, whatever does not answer: the path of a mount point may lie on what hangs.
func (f *FS) prepareWithin(ctx context.Context, budget time.Duration) (Prepared, error) {
	limited := *f
	if limited.SyncWithin <= 0 {
		limited.SyncWithin = budget
	}
	if limited.SyncWithin > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limited.SyncWithin+checksWithin, errors.New("the checks of the mount points have not ended"))
		defer cancel()
	}
	type outcome struct {
		ready Prepared
		err   error
	}
	o, ended := within(ctx, limit, func() outcome {
		ready, err := limited.Prepare(ctx)
		return outcome{ready, err}
	}, func(o outcome) {
		if o.err == nil {
			_ = o.ready.Close()
		}
	})
	if !ended {
		return nil, &opskit.Error{Op: "prepare", Target: strings.Join(f.Mounts, " "), Err: context.Cause(ctx)}
	}
	return o.ready, o.err
}

// unprepared is a Freezer that has nothing to prepare.
type unprepared struct {
	freezer Freezer
	thawer  *onceThawer // nil: not frozen
}

func (u *unprepared) Freeze(ctx context.Context) (Thawer, error) {
	thawer, err := u.freezer.Freeze(ctx)
	if err != nil {
		return nil, err
	}
	u.thawer = &onceThawer{thaw: thawer.Thaw}
	return u.thawer, nil
}

// Close thaws if that was not done, and only then has an error: a thaw has told its own.
func (u *unprepared) Close() error {
	if u.thawer == nil {
		return nil
	}
	var err error
	u.thawer.once.Do(func() {
		u.thawer.err = u.thawer.thaw()
		err = u.thawer.err
	})
	return err
}

// Hook is a Freezer of two functions, for applications: a database's backup lock and its release.
type Hook struct {
	Name string // for errors
	// Stop stops writers. It must return when ctx ends; it is waited for most of a second longer, and
	// Start called when it returns at last.
	Stop func(ctx context.Context) error
	// Start lets them run again. It is called exactly once for every call of Stop, also if Stop
	// failed half way. It is waited for until the end of the budget and most of a second.
	Start func() error
}

// Freeze calls Stop, and Start if that fails.
func (h Hook) Freeze(ctx context.Context) (Thawer, error) {
	thawer := &onceThawer{thaw: func() error {
		if h.Start == nil {
			return nil
		}
		err, ended := within(ctx, grace, h.Start, func(error) {})
		if !ended {
			err = fmt.Errorf("%w: it has not returned, and is still under way", ErrStillFrozen)
		}
		if err != nil {
			return &opskit.Error{Op: "start", Target: h.Name, Err: err}
		}
		return nil
	}}
	if err := ctx.Err(); err != nil {
		return nil, &opskit.Error{Op: "stop", Target: h.Name, Err: context.Cause(ctx)}
	}
	if h.Stop == nil {
		return thawer, nil
	}
	stopped := false
	defer func() {
		if !stopped { // Stop failed or panicked
			_ = thawer.Thaw()
		}
	}()
	err, ended := within(ctx, grace, func() error { return h.Stop(ctx) }, func(error) { _ = thawer.Thaw() })
	if !ended {
		stopped = true // see late
		return nil, &opskit.Error{Op: "stop", Target: h.Name, Err: fmt.Errorf("%w: it has not returned; what it stopped is started when it does: %w", ErrStillFrozen, context.Cause(ctx))}
	}
	if err != nil {
		return nil, errors.Join(&opskit.Error{Op: "stop", Target: h.Name, Err: err}, thawer.Thaw())
	}
	stopped = true
	if ctx.Err() != nil {
		return nil, errors.Join(&opskit.Error{Op: "stop", Target: h.Name, Err: context.Cause(ctx)}, thawer.Thaw())
	}
	return thawer, nil
}

// Freezers returns a Freezer that freezes with each of fs in order and thaws in reverse. If one
// fails, those before it are thawed.
func Freezers(fs ...Freezer) Freezer { return chain(fs) }

type chain []Freezer

// Freeze prepares and freezes in order.
func (c chain) Freeze(ctx context.Context) (Thawer, error) {
	if _, ok := ctx.Deadline(); !ok {
		return nil, &opskit.Error{Op: "freeze", Err: fmt.Errorf("%w: the context has no deadline: a freeze must end", ErrUsage)}
	}
	p, err := c.Prepare(ctx)
	if err != nil {
		return nil, err
	}
	thawer, err := p.Freeze(ctx)
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return &onceThawer{thaw: func() error { return errors.Join(thawer.Thaw(), p.Close()) }}, nil
}

// Prepare prepares every freezer that wants it before the first one stops anything.
func (c chain) Prepare(ctx context.Context) (Prepared, error) { return c.prepare(ctx, 0) }

func (c chain) prepare(ctx context.Context, budget time.Duration) (Prepared, error) {
	var p preparedChain
	for _, f := range c {
		one, err := prepare(ctx, f, budget)
		if err != nil {
			return nil, errors.Join(err, p.Close())
		}
		p = append(p, one)
	}
	return p, nil
}

type preparedChain []Prepared

func (c preparedChain) Close() error {
	var err error
	for i := len(c) - 1; i >= 0; i-- {
		err = errors.Join(err, c[i].Close())
	}
	return err
}

// Notes returns the notes of all, in order.
func (c preparedChain) Notes() []string {
	notes, _, _ := c.said()
	return notes
}

// Unseen returns what none of them could see.
func (c preparedChain) Unseen() []opskit.Gap {
	_, unseen, _ := c.said()
	return unseen
}

// said returns what all have to say, in order.
func (c preparedChain) said() (notes []string, unseen []opskit.Gap, stops []Stopped) {
	for _, one := range c {
		if all, ok := one.(preparedChain); ok {
			n, u, s := all.said()
			notes, unseen, stops = append(notes, n...), append(unseen, u...), append(stops, s...)
			continue
		}
		if n, ok := one.(Noter); ok {
			notes, unseen = append(notes, n.Notes()...), append(unseen, n.Unseen()...)
		}
		if s, ok := one.(interface{ stopped() []Stopped }); ok { // FS
			stops = append(stops, s.stopped()...)
		}
	}
	return notes, unseen, stops
}

func (c preparedChain) Freeze(ctx context.Context) (Thawer, error) {
	var stopped []Thawer
	all := &onceThawer{thaw: func() error {
		var err error
		for _, one := range slices.Backward(stopped) {
			err = errors.Join(err, one.Thaw())
		}
		return err
	}}
	complete := false
	defer func() {
		if !complete { // one failed or panicked
			_ = all.Thaw()
		}
	}()
	for _, one := range c {
		stop := context.AfterFunc(ctx, func() { _ = all.Thaw() }) // a freeze that does not end must not keep those before it
		thawer, err := one.Freeze(ctx)
		ended := !stop()
		switch {
		case err != nil:
			return nil, errors.Join(err, all.Thaw())
		case ended:
			return nil, errors.Join(&opskit.Error{Op: "freeze", Err: fmt.Errorf("%w: %w", ErrThawedEarly, context.Cause(ctx))}, thawer.Thaw(), all.Thaw())
		}
		stopped = append(stopped, thawer)
	}
	complete = true
	return all, nil
}

// onceThawer runs thaw once and gives every caller its answer.
type onceThawer struct {
	thaw func() error
	once sync.Once
	err  error
}

func (t *onceThawer) Thaw() error {
	t.once.Do(func() { t.err = t.thaw() })
	return t.err
}
