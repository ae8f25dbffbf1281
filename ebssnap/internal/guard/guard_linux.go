//go:build linux && !opskit_portable

package guard

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Pid returns the guard's process.
func (g *Guard) Pid() int { return g.pid }

// Memory reports whether the guard was executed from a memfd.
func (g *Guard) Memory() bool { return g.memory }

// Mounts returns where every filesystem stands now.
func (g *Guard) Mounts() []Mount {
	mounts := make([]Mount, len(g.dirs))
	for i := range mounts {
		mounts[i] = g.page.mount(i)
	}
	return mounts
}

// ThawedBy returns what made the guard thaw first.
func (g *Guard) ThawedBy() By { return By(g.page.load32(offThawedBy)) }

// Freeze freezes every filesystem or none. From then on the guard thaws them at the deadline
// (CLOCK_MONOTONIC), when this process dies, or at Thaw. A FIFREEZE cannot be interrupted: when ctx
// ends Freeze waits for it, and what it froze is thawed. What was frozen before it is thawed
// without waiting for it.
func (g *Guard) Freeze(ctx context.Context, deadline time.Duration) error {
	g.lock <- struct{}{}
	defer func() { <-g.lock }()
	if err := g.send(opFreeze, deadline); err != nil {
		return errors.Join(ErrStart, err)
	}
	canceled := ctx.Done()
	var overdue <-chan time.Time
	ticks := 0
	for {
		select {
		case a, ok := <-g.answers:
			switch {
			case !ok:
				g.thawHere(true)
				return ErrStart
			case a.kind == answerFrozen && ctx.Err() != nil:
				g.thaw()
				return ErrExpired
			case a.kind == answerFrozen:
				return nil
			case a.kind == answerRefused:
				return g.refusal()
			}
		case <-canceled:
			canceled = nil
			_ = g.send(opThaw, 0) // a guard that is gone closes answers
			tick := time.NewTicker(undoEvery)
			defer tick.Stop()
			overdue = tick.C
		case <-overdue:
			_ = syscall.Kill(g.pid, syscall.SIGCONT) // a guard that was stopped would never answer
			g.thawHere(false)                        // one whose FIFREEZE does not end must not keep what it froze before that
			if ticks++; ticks > int(stuckAfter/undoEvery) && g.idle() {
				_ = syscall.Kill(g.pid, syscall.SIGKILL) // nor one that cannot wait or read
			}
		}
	}
}

func (g *Guard) refusal() error {
	for i, m := range g.Mounts() {
		if m.State == Refused {
			return &MountError{Index: i, Err: errors.Join(ErrRefused, m.Errno)}
		}
	}
	return ErrExpired
}

// Thaw thaws what is frozen. It waits for the guard, and does it itself when the guard is gone or
// stopped. Mounts tells the outcome.
func (g *Guard) Thaw() {
	g.lock <- struct{}{}
	defer func() { <-g.lock }()
	g.thaw()
}

func (g *Guard) thaw() {
	if g.closed || !g.unsettled() {
		return
	}
	if g.send(opThaw, 0) != nil {
		g.thawHere(g.gone())
		return
	}
	limit := time.NewTimer(thawWithin)
	defer limit.Stop()
	end := time.Now().Add(stuckAfter)
	for g.unsettled() {
		select {
		case _, ok := <-g.answers:
			if !ok {
				g.thawHere(true)
				return
			}
		case <-limit.C:
			if time.Now().After(end) {
				return
			}
			_ = syscall.Kill(g.pid, syscall.SIGCONT)
			g.thawHere(false)
			limit.Reset(thawWithin)
		}
	}
}

// orphaned thaws when the guard has gone before its time: what it protected is not protected any
// more.
func (g *Guard) orphaned() {
	if !g.closing.Load() {
		g.thawHere(true)
	}
}

// idle reports whether the guard has begun nothing.
func (g *Guard) idle() bool {
	return !slices.ContainsFunc(g.Mounts(), func(m Mount) bool { return m.State != Idle })
}

// unsettled reports whether anything is frozen or about to be.
func (g *Guard) unsettled() bool {
	for _, m := range g.Mounts() {
		if m.State == Freezing || m.State == Frozen || m.State == Thawing {
			return true
		}
	}
	return false
}

// thawHere thaws from this process what the guard froze. With dead it also finishes what the guard
// died in: an FIFREEZE whose outcome nobody saw is undone, because leaving the filesystem frozen is
// worse.
func (g *Guard) thawHere(dead bool) {
	for i := len(g.dirs) - 1; i >= 0; i-- {
		fd := int(g.dirs[i].Fd())
		g.page.thaw(i, fd, Frozen)
		if dead {
			g.page.thaw(i, fd, Freezing)
			if g.page.claim(i, Thawing, Frozen) {
				g.page.thaw(i, fd, Frozen)
			}
		}
	}
}

// Close thaws what is frozen, ends the guard and frees what belongs to it.
func (g *Guard) Close() error {
	g.lock <- struct{}{}
	defer func() { <-g.lock }()
	if g.closed {
		return nil
	}
	g.thaw()
	g.closed = true
	g.closing.Store(true)
	_ = g.send(opExit, 0)
	g.reap()
	err := g.socket.Close()
	close(g.release)
	<-g.done
	<-g.done
	err = errors.Join(err, g.page.close())
	if g.pidfd >= 0 {
		err = errors.Join(err, unix.Close(g.pidfd))
	}
	return err
}

// reap waits for the end of the guard, and kills it when it does not end.
func (g *Guard) reap() {
	limit := stuckAfter
	if g.pending {
		limit = thawWithin
	}
	if g.pidfd >= 0 && !g.ends(limit) {
		_ = syscall.Kill(g.pid, syscall.SIGCONT)
		_ = syscall.Kill(g.pid, syscall.SIGKILL)
		if !g.ends(limit) {
			go wait(g.pid) // inside a call that does not end
			return
		}
	}
	wait(g.pid)
}

func wait(pid int) {
	for {
		_, err := syscall.Wait4(pid, nil, 0, nil)
		if !errors.Is(err, syscall.EINTR) {
			return // also ECHILD: the program reaps all its children itself
		}
	}
}

func (g *Guard) ends(within time.Duration) bool {
	end := time.Now().Add(within)
	for {
		left := time.Until(end)
		if left < 0 {
			return false
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(g.pidfd), Events: unix.POLLIN}}, int(left/time.Millisecond)+1)
		if err == nil && n > 0 {
			return true
		}
	}
}

// gone reports whether the guard has ended.
func (g *Guard) gone() bool {
	if g.pidfd < 0 {
		return errors.Is(syscall.Kill(g.pid, 0), syscall.ESRCH)
	}
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(g.pidfd), Events: unix.POLLIN}}, 0)
	return err == nil && n > 0
}

// Sync lets the guard write the dirty data of a filesystem to its device. Where that does not end,
// it is the guard that cannot be ended, and not a thread of this process.
func (g *Guard) Sync(ctx context.Context, i int) error {
	g.lock <- struct{}{}
	defer func() { <-g.lock }()
	if g.closed || g.sendOf(opSync, uint32(i), 0) != nil {
		return ErrStart
	}
	for {
		select {
		case a, ok := <-g.answers:
			switch {
			case !ok:
				return ErrStart
			case a.kind == answerSynced && a.errno != 0:
				return fmt.Errorf("syncfs: %w", a.errno)
			case a.kind == answerSynced:
				return nil
			}
		case <-ctx.Done():
			g.pending = true
			return context.Cause(ctx)
		}
	}
}

func (g *Guard) send(op uint32, deadline time.Duration) error { return g.sendOf(op, 0, deadline) }

func (g *Guard) sendOf(op, mount uint32, deadline time.Duration) error {
	var packet [16]byte
	binary.NativeEndian.PutUint32(packet[0:], op)
	binary.NativeEndian.PutUint32(packet[4:], mount)
	binary.NativeEndian.PutUint64(packet[8:], uint64(deadline))
	_, err := g.socket.Write(packet[:])
	return err
}

// Watch tells of every filesystem whether its canary sleeps in the freeze. What it has once told
// asleep and then finds awake is over.
func (g *Guard) Watch() []Watched {
	watched := make([]Watched, len(g.dirs))
	for i := range watched {
		watched[i] = g.watch(i)
	}
	return watched
}

func (g *Guard) watch(i int) Watched {
	m := g.page.mount(i)
	if m.CanaryPID <= 0 || m.Canary == CanaryNone {
		return Unwatched
	}
	asleep, known := AsleepInUnlink(m.CanaryPID)
	switch {
	case m.Canary == CanaryBack:
		return FreezeOver
	case m.Canary == CanaryGo && m.State == Frozen && asleep:
		g.page.canary(i, CanaryGo, CanaryAsleep)
		return g.watch(i)
	case m.Canary == CanaryAsleep && known && !asleep:
		g.page.canary(i, CanaryAsleep, CanaryBack)
		return FreezeOver
	case m.Canary != CanaryAsleep:
		return Unsettled
	case !m.SleepsInIt():
		return InDoubt
	}
	return InFreeze
}

// SleepsInIt reports of a canary that is asleep now whether it sleeps in the guard's freeze, and in
// no other. While the guard, or whoever died in its place, was inside FIFREEZE, that is one that
// passed after its begin: what it met since is younger, and a FIFREEZE of what is frozen already
// fails.
func (m Mount) SleepsInIt() bool {
	if m.State == Freezing {
		return m.Canary == CanaryGo && m.canaryEntered > m.FreezeBegin
	}
	return (m.Canary == CanaryGo || m.Canary == CanaryAsleep) &&
		m.canaryEntered <= m.FreezeEnd && (m.canarySlept == 0 || m.canaryBack <= m.FreezeBegin)
}

// AsleepInUnlink reports whether a process sleeps, uninterruptibly, in the system call that
// canaries make; known is false if that cannot be told.
func AsleepInUnlink(pid int) (asleep, known bool) {
	state, err := stateOf(pid)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return false, true
	}
	if err != nil || state == "" {
		return false, false
	}
	if state != "D" {
		return false, true
	}
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/syscall")
	number, _, _ := strings.Cut(string(text), " ")
	if err != nil || number == "running" {
		return err != nil, err != nil // where the call cannot be read, the sleep must do
	}
	return number == strconv.Itoa(unix.SYS_UNLINKAT), true
}

func stateOf(pid int) (string, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", err
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	state, _, _ := strings.Cut(rest, " ")
	return state, nil
}
