package ebssnap

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/opskit-go/opskit"
)

// Timing says how long each part of a Hold took. Zero means that the part was not reached.
type Timing struct {
	Prepare time.Duration `json:"prepare_ns,omitzero"` // before writers were stopped: checks, guard, writing dirty data
	Freeze  time.Duration `json:"freeze_ns,omitzero"`  // from the first step that can stop writers until all were stopped
	Work    time.Duration `json:"work_ns,omitzero"`    // while they were stopped
	Thaw    time.Duration `json:"thaw_ns,omitzero"`    // from the first step that lets them run until all did
	Stopped time.Duration `json:"stopped_ns,omitzero"` // from the first step that can stop writers until the thaw was done
}

// Hold stops writers with f, calls work, and lets them run again, whatever happens in between: an
// error, a panic, or, as far as f sees to it (FS does), the death of the process.
//
// budget is the longest time that writers are stopped, counted from just before the first step that
// can stop them; at its end they run again even if work has not returned. The context of work ends
// then, and when ctx ends. Hold returns after work has returned, and does not wait for anything else
// longer than a second after the budget: what has not ended by then is told (ErrStillFrozen), and
// undone when it does. The same time is given to writing what is dirty, before anything is stopped.
//
// The error is nil only if work returned nil, writers were stopped until then, and nothing shows
// that a filesystem lost writes, before or meanwhile (ErrDamaged). It matches ErrThawedEarly if they
// were not, and is a *ThawError if they are still stopped.
func Hold(ctx context.Context, f Freezer, budget time.Duration, work func(ctx context.Context) error) (Timing, error) {
	if f == nil || work == nil || budget <= 0 {
		return Timing{}, &opskit.Error{Op: "hold", Err: errors.Join(ErrUsage, errors.New("a freezer, a budget above zero and work are needed"))}
	}
	h := holding{start: time.Now()}
	h.run(ctx, f, budget, work)
	return h.timing(), h.err()
}

// holding is one interval in which writers were stopped, as offsets from start; zero is "not
// reached".
type holding struct {
	start time.Time

	freezeBegun, frozen, thawBegun, thawed, worked, prepared time.Duration

	freezeErr, workErr, thawErr error
	gaps                        []opskit.Gap
	notes                       []string
	stopped                     []Stopped
	pending                     bool // a step of the freezer has not ended
}

func (h *holding) now() time.Duration { return max(time.Since(h.start), 1) }

func (h *holding) run(ctx context.Context, f Freezer, budget time.Duration, work func(ctx context.Context) error) {
	began := h.now()
	ready, err := prepare(ctx, f, budget)
	if err != nil {
		h.freezeErr = err
		return
	}
	defer func() {
		if h.pending {
			return // it is closed when that ends
		}
		if err := ready.Close(); err != nil && h.thawErr == nil {
			h.thawErr = err
		}
		h.notes, h.gaps, h.stopped = preparedChain{ready}.said()
	}()
	h.prepared = h.now() - began
	if err := ctx.Err(); err != nil {
		h.freezeErr = context.Cause(ctx)
		return
	}
	limited, cancel := context.WithTimeoutCause(ctx, budget, ErrThawedEarly)
	defer cancel()
	h.freezeBegun = h.now()
	type outcome struct {
		thawer Thawer
		err    error
	}
	o, ended := within(limited, limit, func() outcome {
		thawer, err := ready.Freeze(limited)
		return outcome{thawer, err}
	}, func(o outcome) {
		if o.err == nil {
			_ = o.thawer.Thaw()
		}
		_ = ready.Close()
	})
	thawer, err := o.thawer, o.err
	if !ended {
		err = h.left(f, "freeze")
	}
	if err != nil {
		h.freezeErr = err
		h.thawed = h.now()
		return
	}
	h.frozen = h.now()
	thaw := sync.OnceFunc(func() {
		h.thawBegun = h.now()
		err, ended := within(limited, limit, thawer.Thaw, func(error) { _ = ready.Close() })
		if !ended {
			err = h.left(f, "thaw")
		}
		h.thawErr, h.thawed = err, h.now()
	})
	stop := context.AfterFunc(limited, thaw)
	defer func() {
		stop()
		thaw() // also waits for the one that the context started
	}()
	h.workErr = work(limited)
	h.worked = h.now()
}

// left returns the error of a step that has not ended.
func (h *holding) left(f Freezer, step string) error {
	h.pending = true
	why := fmt.Errorf("the %s has not ended, and is undone when it does", step)
	if mounts := mountsOf(f); mounts != nil {
		return &ThawError{Mounts: mounts, Err: why}
	}
	return &opskit.Error{Op: step, Err: fmt.Errorf("%w: %w", ErrStillFrozen, why)}
}

// early reports whether writers ran before work had returned.
func (h *holding) early() bool {
	return h.frozen > 0 && h.worked > 0 && (h.thawBegun < h.worked || errors.Is(h.thawErr, ErrThawedEarly))
}

func (h *holding) err() error {
	err := errors.Join(h.freezeErr, h.workErr, h.thawErr, damaged(h.stopped))
	if h.early() && !errors.Is(err, ErrThawedEarly) {
		err = errors.Join(err, &opskit.Error{Op: "hold", Err: ErrThawedEarly})
	}
	return err
}

func (h *holding) attempt() Attempt {
	return Attempt{
		Prepare: h.prepared, FreezeBegun: h.freezeBegun, Frozen: h.frozen, ThawBegun: h.thawBegun, Thawed: h.thawed,
		FreezeError: opskit.Fail(asError("freeze", "", h.freezeErr)), ThawError: opskit.Fail(asError("thaw", "", h.thawErr)),
	}
}

func (h *holding) timing() Timing {
	t := Timing{Prepare: h.prepared}
	if h.frozen > 0 {
		t.Freeze = h.frozen - h.freezeBegun
		t.Work = max(h.worked-h.frozen, 0)
		t.Thaw = h.thawed - h.thawBegun
	}
	if h.freezeBegun > 0 {
		t.Stopped = h.thawed - h.freezeBegun
	}
	return t
}
