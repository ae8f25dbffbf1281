//go:build linux && !opskit_portable && (amd64 || arm64)

package inject

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/internal/lab"

	"github.com/opskit-go/opskit/procstate"
)

// apply plans and applies, with signals held as on arm64 if so asked.
func apply(t *testing.T, in Injector, p *parent, hold bool, step func(*work)) (Result, error) {
	t.Helper()
	plan, err := in.Prepare(t.Context(), p.ID)
	require.NoError(t, err)
	w := &work{injector: in, plan: plan, result: Result{Parent: plan.Parent}, todo: plan.Zombies, hold: hold}
	if step != nil {
		w.step = func() { step(w) }
	}
	err = w.run(t.Context())
	return w.result, err
}

// TestTheCallGoesOn injects into every kind of sleep and compares what the
// parent's call then returns, and when, with what it returns undisturbed.
func TestTheCallGoesOn(t *testing.T) {
	lab.Need(t, "root", "program:gcc")
	const d = 1500 * time.Millisecond
	for _, c := range []struct {
		what         string
		value, errno int
		end          func(p *parent) // ends the call, if time does not
	}{
		{"sleep", 0, 0, nil},
		{"nanosleep", 0, 0, nil},
		{"poll", 0, 0, nil},
		{"ppoll", 0, 0, nil},
		{"select", 0, 0, nil},
		{"futex", -1, int(unix.ETIMEDOUT), nil},
		{"wait", 77, 0, nil},
		{"blocked", 0, 0, nil},
		{"threads", 0, 0, nil},
		{"pause", -1, int(unix.EINTR), func(p *parent) { _ = unix.Kill(p.PID, unix.SIGUSR1) }},
		{"sigsuspend", -1, int(unix.EINTR), func(p *parent) { _ = unix.Kill(p.PID, unix.SIGUSR1) }},
		{"read", 1, 0, func(p *parent) { fmt.Fprintln(p.stdin) }},
		{"epoll", 1, 0, func(p *parent) { fmt.Fprintln(p.stdin) }},
	} {
		for _, hold := range []bool{false, true} {
			name := c.what + map[bool]string{false: "", true: ", signals held"}[hold]
			t.Run(name, func(t *testing.T) {
				if c.what == "epoll" && runtime.GOARCH == "arm64" {
					t.Skip("refused on this architecture")
				}
				t.Parallel()
				// A stop for each, so that the call is interrupted ten times.
				in := Injector{Settle: -1, MaxStop: -1, Rest: time.Millisecond}
				d := d
				p := cParent(t, 10, c.what, d)
				before := p.fields(t)
				result, err := apply(t, in, p, hold, nil)
				for errors.Is(err, ErrGone) && d < 20*time.Second { // on a busy machine the call ended too early
					d *= 2
					p = cParent(t, 10, c.what, d)
					before = p.fields(t)
					result, err = apply(t, in, p, hold, nil)
				}
				require.NoError(t, err)
				assert.Len(t, result.Reaped, 10)
				p.same(t, before)
				if c.end != nil {
					select {
					case line := <-p.lines:
						t.Fatal("the call ended by itself: ", line)
					case <-time.After(50 * time.Millisecond):
					}
					c.end(p)
				}
				value, errno, took := p.result(t)
				assert.Equal(t, c.value, value)
				assert.Equal(t, c.errno, errno)
				if c.end == nil {
					assert.Greater(t, took, d-100*time.Millisecond)
					assert.Less(t, took, d+5*time.Second)
				}
				assert.Equal(t, "left 0", p.line(t))
			})
		}
	}
}

// TestNoSignalIsLost: every handler that ran ended one sigsuspend, although the
// signals arrive in the middle of the stops.
func TestNoSignalIsLost(t *testing.T) {
	lab.Need(t, "root", "program:gcc")
	for _, hold := range []bool{false, true} {
		t.Run(fmt.Sprintf("held %v", hold), func(t *testing.T) {
			p := cParent(t, 300, "alarms", 3*time.Second)
			// It is awake so often that it may be refused now and then.
			stops := 0
			lab.Eventually(t, 20*time.Second, "all are reaped", func() bool {
				w := &work{injector: Injector{MaxStop: 2 * time.Millisecond, Rest: time.Millisecond}, hold: hold}
				w.plan = Plan{Parent: p.ID, Boot: bootID(t), Zombies: p.zombies(t)}
				w.todo = w.plan.Zombies
				err := w.run(t.Context())
				stops += w.result.Stops
				return err == nil || errors.Is(err, ErrNoZombies)
			})
			assert.Empty(t, p.zombies(t))
			assert.Greater(t, stops, 1)
			value, _, _ := p.result(t)
			assert.Zero(t, value)
		})
	}
}

func bootID(t *testing.T) string {
	t.Helper()
	e, err := observe(os.Getpid())
	require.NoError(t, err)
	return e.boot
}

func TestCancelReleasesTheParent(t *testing.T) {
	lab.Need(t, "root", "program:gcc")
	p := cParent(t, 50, "sleep", 2*time.Second)
	plan, err := Injector{Settle: -1}.Prepare(t.Context(), p.ID)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	w := &work{plan: plan, todo: plan.Zombies}
	w.step = func() {
		if len(w.result.Reaped) == 7 {
			cancel()
		}
	}
	assert.ErrorIs(t, w.run(ctx), context.Canceled)
	assert.Len(t, w.result.Reaped, 7)
	assert.Len(t, p.zombies(t), 43)
	value, _, took := p.result(t)
	assert.Zero(t, value)
	assert.InDelta(t, 2, took.Seconds(), 0.4)
	assert.Equal(t, "left 43", p.line(t))

	_, err = Injector{}.Apply(ctx, plan)
	assert.ErrorIs(t, err, context.Canceled)
}

// TestUnwindingReleasesTheParent: deferred calls are what a panic runs.
func TestUnwindingReleasesTheParent(t *testing.T) {
	lab.Need(t, "root", "program:gcc")
	p := cParent(t, 20, "sleep", 2*time.Second)
	before := p.fields(t)
	once := false
	result, err := apply(t, Injector{Settle: -1}, p, false, func(*work) {
		if !once {
			once = true
			runtime.Goexit()
		}
	})
	require.NoError(t, err)
	assert.Len(t, result.Reaped, 20)
	assert.GreaterOrEqual(t, result.Stops, 2)
	p.same(t, before)
	value, _, took := p.result(t)
	assert.Zero(t, value)
	assert.InDelta(t, 2, took.Seconds(), 0.4)
}

func TestAParentKilledMeanwhileIsNotHeld(t *testing.T) {
	lab.Need(t, "root", "program:gcc")
	p := cParent(t, 20, "sleep", time.Minute)
	result, err := apply(t, Injector{Settle: -1}, p, false, func(w *work) {
		if len(w.result.Reaped) == 3 {
			_ = unix.Kill(p.PID, unix.SIGKILL)
		}
	})
	assert.ErrorIs(t, err, ErrGone)
	assert.GreaterOrEqual(t, len(result.Reaped), 3)
	state, _ := p.command.Process.Wait()
	require.NotNil(t, state)
	assert.Equal(t, "signal: killed", state.String())
}

// TestAnotherWaitInTheProgram takes reports of the parent's stops away. Which
// wait gets one is chance, so it is tried until the other one got some.
func TestAnotherWaitInTheProgram(t *testing.T) {
	lab.Need(t, "root", "program:gcc")
	taken := 0
	for try := 0; taken == 0 && try < 15; try++ {
		taken = anotherWait(t)
	}
	assert.Positive(t, taken)
}

// anotherWait injects while another goroutine waits too, and returns how many
// reports that one took.
func anotherWait(t *testing.T) (taken int) {
	t.Helper()
	p := cParent(t, 60, "sleep", 2*time.Second)
	before := p.fields(t)
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if pid, err := unix.Wait4(p.PID, nil, unix.WALL|unix.WNOHANG, nil); err == nil && pid == p.PID {
				taken++
			}
		}
	})
	result, err := apply(t, Injector{Settle: -1}, p, false, nil)
	close(done)
	group.Wait()
	require.NoError(t, err)
	assert.Len(t, result.Reaped, 60)
	p.same(t, before)
	value, _, took := p.result(t)
	assert.Zero(t, value)
	assert.InDelta(t, 2, took.Seconds(), 0.4)
	return taken
}

func init() {
	roles["killed"] = func() {
		pid, _ := strconv.Atoi(os.Getenv("OPSKIT_INJECT_TEST_COUNT"))
		s, _ := readStat(pid)
		plan, err := Injector{Settle: -1}.Prepare(context.Background(), procstate.ID{PID: pid, Start: s.Start})
		if err != nil {
			fmt.Println(err)
			return
		}
		w := &work{plan: plan, todo: plan.Zombies}
		w.step = func() { _ = unix.Kill(os.Getpid(), unix.SIGKILL) }
		fmt.Println(w.run(context.Background()))
	}
}

// TestTheCallerKilledMeanwhile is the risk that every plan names: the parent
// lives on, untraced, but its call has ended early.
func TestTheCallerKilledMeanwhile(t *testing.T) {
	lab.Need(t, "root", "program:gcc")
	p := cParent(t, 20, "sleep", time.Minute)
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), roleVariable+"=killed", "OPSKIT_INJECT_TEST_COUNT="+strconv.Itoa(p.PID))
	output, err := command.Output()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, "%s", output)
	require.Equal(t, "signal: killed", exit.String())
	value, _, took := p.result(t)
	assert.NotZero(t, value)
	assert.Less(t, took, 30*time.Second)
	assert.Contains(t, []string{"left 18", "left 19"}, p.line(t), "it goes on")
}
