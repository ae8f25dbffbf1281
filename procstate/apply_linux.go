//go:build linux && !opskit_portable

package procstate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/procstate/internal/held"
	"github.com/opskit-go/opskit/procstate/internal/procfile"
)

// Apply carries the plan out: step by step until every zombie of it has been
// reaped. It acts through pidfds, after comparing start times, so that it never
// hits another process which was given the same PID, and it verifies through
// pidfds that the zombies are gone. Steps for people are passed over and listed.
//
// Before it sends a signal to a parent that may only be slow, it waits until one of
// the zombies has been dead for [Plan.Patience] and the parent has reaped nothing
// meanwhile; one that did reap anything is never sent a signal. What is stopped or
// frozen need not be waited for.
//
// It blocks until ctx is done, for at most [Plan.Grace] per step, and for 30
// seconds and what is left of the patience if ctx has no deadline. The outcome is never nil. An error means that
// a step was refused or failed, or that zombies were left: it then matches
// context.DeadlineExceeded.
//
// It refuses (ErrRefused) to act on PID 1, of whatever namespace, on this
// process and its ancestors, on kernel threads, on an identity without a start
// time, and on a plan of another boot.
func (p Plan) Apply(ctx context.Context) (*Outcome, error) {
	start := time.Now()
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 30*time.Second+p.wait())
		defer cancel()
	}
	outcome := &Outcome{Parent: p.Parent.ID, Left: p.Zombies, Unseen: p.Unseen}
	defer func() {
		outcome.Elapsed = time.Since(start)
		outcome.Judge()
	}()
	r, err := openRoot("/proc")
	if err != nil {
		return outcome, err
	}
	defer r.close()
	r.findBehind()
	r.tight = held.Tight()
	a := applier{plan: p, root: r, outcome: outcome}
	if err := a.sameWorld(); err != nil {
		return outcome, err
	}
	return outcome, a.run(ctx)
}

// wait returns for how long no signal may be sent yet.
func (p *Plan) wait() time.Duration {
	if !p.signals() {
		return 0
	}
	return max(patienceOf(p.Patience)-p.Dead, 0)
}

// applier is one Apply.
type applier struct {
	plan    Plan
	root    *root
	outcome *Outcome
}

// sameWorld refuses where PIDs mean something else than in the plan or to the
// kernel: after a restart, and where /proc is that of another PID namespace.
func (a *applier) sameWorld() error {
	var self Process
	text, err := a.root.readNamed("self/stat")
	if err == nil {
		err = parseStat(text, &self)
	}
	if err != nil {
		return err
	}
	if self.PID != os.Getpid() {
		return refused("apply plan", "", "/proc belongs to another PID namespace than this process")
	}
	l := &look{root: a.root}
	if now := l.bootID(); a.plan.BootID != "" && now != "" && now != a.plan.BootID {
		return refused("apply plan", "", "it was made before the last restart of this system")
	}
	return nil
}

func (a *applier) run(ctx context.Context) error {
	grace := a.plan.Grace
	if grace <= 0 {
		grace = defaultGrace
	}
	acted, patient := false, false
	var gone error // an earlier step, or somebody else, has ended the target
	for _, step := range a.plan.Steps {
		if manual(step.Action) {
			a.outcome.Passed = append(a.outcome.Passed, step)
			continue
		}
		if len(a.plan.Zombies) > 0 && len(a.outcome.Left) == 0 {
			break
		}
		if err := ctx.Err(); err != nil {
			return a.leftError(err)
		}
		if signals := (&Plan{Steps: []Step{step}}).signals(); signals && !patient && !a.plan.mustEnd() && len(a.plan.Zombies) > 0 {
			if err := a.patience(ctx); err != nil {
				return err
			}
			if patient = true; len(a.outcome.Left) == 0 {
				break
			}
		}
		err := a.step(ctx, step, grace)
		switch {
		case errors.Is(err, ErrGone):
			gone = err
		case err != nil:
			return err
		default:
			acted = true
			a.outcome.Done = append(a.outcome.Done, step)
		}
		if err := a.verify(ctx, grace); err != nil {
			return err
		}
	}
	if !acted && gone != nil && (len(a.outcome.Left) > 0 || len(a.plan.Zombies) == 0) {
		return gone
	}
	if len(a.outcome.Left) > 0 && acted {
		// The adopter may be slow: PID 1 needed seconds for tens of thousands.
		if err := a.verify(ctx, 0); err != nil {
			return err
		}
	}
	if len(a.outcome.Left) > 0 {
		return a.leftError(context.DeadlineExceeded)
	}
	return nil
}

// mustEnd tells a parent that cannot reap, however long it is given.
func (p *Plan) mustEnd() bool { return p.Why == ReasonUninterruptible }

// patience waits until the parent is not only slow. It fails if the parent reaps.
func (a *applier) patience(ctx context.Context) error {
	const step = 200 * time.Millisecond
	began, all := time.Now(), len(a.outcome.Left)
	for {
		if err := a.verify(ctx, min(step, max(a.plan.wait()-time.Since(began), time.Millisecond))); err != nil {
			return err
		}
		left := len(a.outcome.Left)
		if left == 0 {
			return nil
		}
		over := time.Since(began) >= a.plan.wait()
		switch faults := a.root.childFaults(a.plan.Parent.PID); {
		case left < all || a.plan.Faults != 0 && faults > a.plan.Faults:
			if over || ctx.Err() != nil {
				return refused("send a signal to", target(a.plan.Parent.ID), "it has reaped children meanwhile, and may reap these")
			}
		case ctx.Err() != nil:
			return a.leftError(ctx.Err())
		case over:
			return nil
		}
	}
}

func (a *applier) leftError(cause error) error {
	return &opskit.Error{Op: "verify", Target: plural(len(a.outcome.Left), "zombie", "zombies"), Err: fmt.Errorf("not reaped: %w", cause)}
}

// step does one step on a target that it has made sure of.
func (a *applier) step(ctx context.Context, step Step, grace time.Duration) error {
	fd, err := a.hold(step)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	op := step.Action.String()
	switch step.Action {
	case ActionContinue:
		return signal(fd, op, step.Target, unix.SIGCONT)
	case ActionTerminate:
		return signal(fd, op, step.Target, unix.SIGTERM)
	case ActionKill:
		return signal(fd, op, step.Target, unix.SIGKILL)
	case ActionPoke:
		return a.poke(ctx, fd, step.Target, grace)
	case ActionThaw:
		return a.thaw(step)
	}
	return refused(op, target(step.Target), "unknown action")
}

// hold opens a pidfd of the step's target and makes sure of whose it is. The
// order matters: from the moment the pidfd is open, it names one process
// forever, and if the start time read after that is the expected one, it is
// that process.
func (a *applier) hold(step Step) (fd int, err error) {
	op, id := step.Action.String(), step.Target
	switch {
	case id.PID <= 1:
		return -1, refused(op, target(id), "never PID 1")
	case id.Start == 0:
		return -1, refused(op, target(id), "without a start time the PID may be anybody's")
	}
	fd, err = unix.PidfdOpen(id.PID, 0)
	if err != nil {
		return -1, readError(op, id.PID, err)
	}
	if err := a.allowed(op, id); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// allowed refuses a target that has changed hands or that is never touched.
func (a *applier) allowed(op string, id ID) error {
	var now Process
	if err := a.root.stat(id.PID, &now); err != nil {
		return err
	}
	if now.Start != id.Start {
		return &opskit.Error{Op: op, Target: target(id), Err: ErrReused}
	}
	if now.State.Zombie() && now.Threads <= 1 {
		return &opskit.Error{Op: op, Target: target(id), Err: ErrGone}
	}
	if now.Kernel() {
		return refused(op, target(id), "never a kernel thread")
	}
	s, err := a.root.status(id.PID, "status")
	if err != nil {
		return err
	}
	if s.Inner() == 1 {
		return refused(op, target(id), "never PID 1 of a PID namespace: restart its container instead")
	}
	for pid := os.Getpid(); pid > 1; {
		if pid == id.PID {
			return refused(op, target(id), "never this process or its ancestors")
		}
		var ancestor Process
		if err := a.root.stat(pid, &ancestor); err != nil {
			return err
		}
		pid = ancestor.PPID
	}
	return nil
}

// poke sends SIGCHLD for as long as each one gets a zombie reaped.
func (a *applier) poke(ctx context.Context, fd int, id ID, grace time.Duration) error {
	for {
		before := len(a.outcome.Left)
		if err := signal(fd, ActionPoke.String(), id, unix.SIGCHLD); err != nil {
			return err
		}
		if err := a.verify(ctx, min(grace, 200*time.Millisecond)); err != nil {
			return err
		}
		if left := len(a.outcome.Left); left == 0 || left == before {
			return nil
		}
	}
}

// thaw writes the control file of the frozen group, if the target is in it.
func (a *applier) thaw(step Step) error {
	text, err := a.root.read(step.Target.PID, "cgroup")
	if err != nil {
		return err
	}
	lines, err := procfile.ParseGroups(text)
	if err != nil {
		return &opskit.Error{Op: "thaw", Target: target(step.Target), Err: err}
	}
	now, err := freezerFile(newLook(a.root).mounts, lines)
	if err != nil {
		return err
	}
	if now != step.Freezer || now == "" {
		return refused("thaw", target(step.Target), "it is not frozen by "+step.Freezer)
	}
	thawed := "0"
	if strings.HasSuffix(now, "/freezer.state") {
		thawed = "THAWED"
	}
	if err := os.WriteFile(now, []byte(thawed), 0); err != nil {
		return &opskit.Error{Op: "thaw", Target: now, Err: err}
	}
	return nil
}

func signal(fd int, op string, id ID, sig unix.Signal) error {
	if err := unix.PidfdSendSignal(fd, sig, nil, 0); err != nil {
		return readError(op, id.PID, err)
	}
	return nil
}

// canApply tells whether pidfds work here. Which processes may be signalled is
// the kernel's decision at that time.
func canApply() opskit.Capability {
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return unsupported("apply", fmt.Errorf("pidfd_open: %w", err))
	}
	defer unix.Close(fd)
	if err := unix.PidfdSendSignal(fd, 0, nil, 0); err != nil {
		return unsupported("apply", fmt.Errorf("pidfd_send_signal: %w", err))
	}
	if os.Geteuid() != 0 {
		return opskit.Capability{Name: "apply", OK: true, Why: "pidfds work; as this user on its own processes only", Fix: "sudo PROGRAM"}
	}
	return opskit.Capability{Name: "apply", OK: true, Why: "pidfds work"}
}
