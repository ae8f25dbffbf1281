//go:build linux && !opskit_portable && (amd64 || arm64)

package inject

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/internal/held"
)

func (in Injector) prepare(ctx context.Context, parent procstate.ID) (Plan, error) {
	fail := func(err error) (Plan, error) { return Plan{}, failed("prepare", parent.PID, err) }
	if err := room(); err != nil {
		return fail(err)
	}
	e, t, err := calm(ctx, parent)
	if err != nil {
		return fail(err)
	}
	zombies, left, err := dead(parent.PID)
	if err != nil {
		return fail(err)
	}
	if settle := in.settle(); settle > 0 && len(zombies) > 0 {
		if !sleep(ctx, settle) {
			return fail(ctx.Err())
		}
		before := map[procstate.ID]bool{}
		for _, z := range zombies {
			before[z] = true
		}
		now, leftNow, err := dead(parent.PID)
		if err != nil {
			return fail(err)
		}
		zombies, left = zombies[:0], leftNow
		for _, z := range now {
			if before[z] {
				zombies = append(zombies, z)
			}
		}
		if e, t, err = calm(ctx, parent); err != nil {
			return fail(err)
		}
	}
	if len(zombies) == 0 {
		return fail(ErrNoZombies)
	}
	return Plan{
		Parent: parent, Comm: escaped(string(e.parent.Name)), Boot: e.boot, Zombies: zombies, Left: left,
		Call: t.call.name, MaxStop: in.maxStop(),
		Risks: []Risk{RiskLostExitStatus, RiskReusedNumber, RiskCallerDies},
	}, nil
}

// room refuses where this program may not start a thread.
func room() error {
	if why := held.Tight(); why != "" {
		return fmt.Errorf("%w: %s", ErrLimit, why)
	}
	return nil
}

// calm observes a parent up to ten times within 50 ms, until it is fit to be
// stopped: one that wakes up now and then is not refused for running just now.
func calm(ctx context.Context, parent procstate.ID) (e evidence, t thread, err error) {
	for range 10 {
		if e, err = observe(parent.PID); err != nil {
			return e, t, err
		}
		t, err = e.refusal(parent)
		passing := err == ErrRunning || err == ErrCall || err == ErrUninterruptible || err == ErrExec
		if !passing {
			return e, t, err
		}
		if !sleep(ctx, 5*time.Millisecond) {
			return e, t, ctx.Err()
		}
	}
	return e, t, err
}

func (in Injector) apply(ctx context.Context, plan Plan) (Result, error) {
	w := &work{injector: in, plan: plan, result: Result{Parent: plan.Parent}, todo: plan.Zombies}
	err := w.run(ctx)
	for _, z := range w.todo {
		w.result.Left = append(w.result.Left, Left{ID: z, Reason: ReasonNotTried})
	}
	if err != nil {
		return w.result, failed("apply", plan.Parent.PID, err)
	}
	return w.result, nil
}

// work is one Apply.
type work struct {
	injector Injector
	plan     Plan
	result   Result
	todo     []procstate.ID
	hold     bool
	step     func() // called after each injected call, for tests
}

// run stops the parent as often as it takes.
func (w *work) run(ctx context.Context) error {
	if len(w.todo) == 0 {
		return ErrNoZombies
	}
	if err := room(); err != nil {
		return err
	}
	slow := 0 // attempts in which the thread did not stop in time
	for attempt := 0; len(w.todo) > 0; attempt++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		before := len(w.todo)
		err := w.once(ctx)
		if len(w.todo) < before {
			attempt = 0
		}
		if errors.Is(err, ErrUninterruptible) {
			slow++
		}
		again := errors.Is(err, ErrBusy) && attempt < 20 || errors.Is(err, ErrUninterruptible) && slow < 3
		if err != nil && !again {
			return err
		}
		if len(w.todo) > 0 && !sleep(ctx, w.injector.rest()) {
			return ctx.Err()
		}
	}
	return nil
}

// once looks at everything, then stops the parent once.
func (w *work) once(ctx context.Context) error {
	e, t, err := calm(ctx, w.plan.Parent)
	if err != nil {
		return err
	}
	if e.boot != w.plan.Boot {
		return ErrReused
	}
	// As many as one stop may do at best, looked at just before it.
	type target struct {
		procstate.ID
		number int
	}
	var batch []target
	var still []procstate.ID
	next := 0
	for ; next < len(w.todo) && len(batch) < batchSize; next++ {
		z := w.todo[next]
		if number := numberInside(z, w.plan.Parent.PID, len(e.spaces)); number != 0 {
			batch, still = append(batch, target{z, number}), append(still, z)
		} else {
			w.result.Left = append(w.result.Left, Left{ID: z, Reason: ReasonGone})
		}
	}
	w.todo = append(still, w.todo[next:]...)
	if len(batch) == 0 {
		return nil
	}
	var failed error
	onThread(func() {
		s := &session{tid: t.tid, call: t.call, hold: holdSignals || w.hold}
		defer func() {
			if !s.began.IsZero() {
				took := time.Since(s.began)
				w.result.Stops++
				w.result.Stopped += took
				w.result.Longest = max(w.result.Longest, took)
			}
		}()
		// Handing over on one processor is faster than waking up another, and the
		// parent is stopped meanwhile. The setting ends with this thread.
		var processor unix.CPUSet
		processor.Set(t.cpu)
		_ = unix.SchedSetaffinity(0, &processor)
		if failed = s.open(); failed != nil {
			return
		}
		w.result.Thread = t.tid
		defer func() { failed = errors.Join(failed, s.leave()) }()
		// The parent is stopped, so what it is cannot change any more.
		if failed = w.confirm(t.tid); failed != nil {
			return
		}
		for i, next := range batch {
			if i > 0 && time.Since(s.began) >= w.injector.maxStop() || ctx.Err() != nil {
				return
			}
			result, err := s.wait4(next.number)
			if err != nil {
				failed = err
				return
			}
			w.todo = w.todo[1:]
			if result == int64(next.number) {
				w.result.Reaped = append(w.result.Reaped, next.ID)
			} else {
				w.result.Left = append(w.result.Left, Left{ID: next.ID, Reason: ReasonNotOffered})
			}
			if w.step != nil {
				w.step()
			}
		}
	})
	return failed
}

// batchSize bounds the zombies looked at for one stop.
const batchSize = 1000

// confirm reads again what must not have changed before the thread stopped.
func (w *work) confirm(tid int) error {
	s, err := readStatNow(procPath(w.plan.Parent.PID)) // it is stopped, and executes nothing
	if err != nil {
		return missing(err)
	}
	if s.Start != w.plan.Parent.Start {
		return ErrReused
	}
	status, _, err := readStatus(procPath(tid))
	switch {
	case err != nil:
		return missing(err)
	case status.Tgid != w.plan.Parent.PID:
		return ErrReused
	case status.Seccomp != 0:
		return ErrSeccomp
	}
	return nil
}

// onThread runs f on an operating system thread of its own that ends with it, so
// that the kernel detaches whatever f left traced. It is never the first thread,
// which cannot end.
func onThread(f func()) {
	done := make(chan struct{})
	go func() {
		runtime.LockOSThread() // never unlocked
		if unix.Gettid() == os.Getpid() {
			defer close(done)
			onThread(f)
			runtime.UnlockOSThread()
			return
		}
		defer close(done)
		f()
	}()
	<-done
}

// sleep waits; false means that ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
