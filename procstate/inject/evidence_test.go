package inject

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/internal/procfile"
)

// sound is evidence of a parent that may be touched, to be spoiled in one point.
func sound() evidence {
	return evidence{
		caller: 500, ancestors: []int{400, 1, 0}, boot: "b", spaces: []int{700},
		parent:  procfile.Stat{PID: 700, PPID: 1, State: 'S', Threads: 1, Start: 9, ExitSignal: 17},
		threads: []thread{{tid: 700, state: 'S', wchan: "hrtimer_nanosleep", call: call{number: 230, name: "clock_nanosleep"}}},
	}
}

func TestRefusals(t *testing.T) {
	parent := procstate.ID{PID: 700, Start: 9}
	best, err := sound().refusal(parent)
	require.NoError(t, err)
	assert.Equal(t, 700, best.tid)
	for name, c := range map[string]struct {
		want  error
		spoil func(e *evidence, p *procstate.ID)
	}{
		"/proc of another namespace": {ErrForeignProc, func(e *evidence, _ *procstate.ID) { e.foreign = true }},
		"no namespace depth":         {ErrForeignProc, func(e *evidence, _ *procstate.ID) { e.spaces = nil }},
		"PID 1":                      {ErrInit, func(_ *evidence, p *procstate.ID) { p.PID = 1 }},
		"no start time":              {ErrNoIdentity, func(_ *evidence, p *procstate.ID) { p.Start = 0 }},
		"another start time":         {ErrReused, func(_ *evidence, p *procstate.ID) { p.Start = 10 }},
		"the caller":                 {ErrSelf, func(e *evidence, _ *procstate.ID) { e.caller = 700 }},
		"an ancestor":                {ErrAncestor, func(e *evidence, _ *procstate.ID) { e.ancestors = []int{600, 700} }},
		"a kernel thread":            {ErrKernelThread, func(e *evidence, _ *procstate.ID) { e.parent.Flags = 0x208040 }},
		"init of a container":        {ErrNamespaceInit, func(e *evidence, _ *procstate.ID) { e.spaces = []int{700, 1} }},
		"dead":                       {ErrGone, func(e *evidence, _ *procstate.ID) { e.parent.State = 'Z' }},
		"no threads":                 {ErrGone, func(e *evidence, _ *procstate.ID) { e.threads = nil }},
		"seccomp":                    {ErrSeccomp, func(e *evidence, _ *procstate.ID) { e.threads[0].seccomp = 2 }},
		"strict seccomp":             {ErrSeccomp, func(e *evidence, _ *procstate.ID) { e.threads[0].seccomp = 1 }},
		"seccomp on another thread":  {ErrSeccomp, func(e *evidence, _ *procstate.ID) { e.threads = append(e.threads, thread{state: 'S', seccomp: 2}) }},
		"traced":                     {ErrTraced, func(e *evidence, _ *procstate.ID) { e.threads[0].tracer = 3 }},
		"another thread traced":      {ErrTraced, func(e *evidence, _ *procstate.ID) { e.threads = append(e.threads, thread{state: 't'}) }},
		"stopped":                    {ErrStopped, func(e *evidence, _ *procstate.ID) { e.threads[0].state = 'T' }},
		"frozen":                     {ErrFrozen, func(e *evidence, _ *procstate.ID) { e.threads[0].wchan = "do_freezer_trap" }},
		"in vfork":                   {ErrVfork, func(e *evidence, _ *procstate.ID) { e.threads[0].state, e.threads[0].call.name = 'D', "vfork" }},
		"in clone with CLONE_VFORK":  {ErrVfork, func(e *evidence, _ *procstate.ID) { e.threads[0].state, e.threads[0].call.name = 'D', "clone3" }},
		"in D":                       {ErrUninterruptible, func(e *evidence, _ *procstate.ID) { e.threads[0].state = 'D' }},
		"another thread in D":        {ErrUninterruptible, func(e *evidence, _ *procstate.ID) { e.threads = append(e.threads, thread{state: 'D'}) }},
		"executing a program":        {ErrExec, func(e *evidence, _ *procstate.ID) { e.threads[0].call.name = "execve" }},
		"spinning":                   {ErrRunning, func(e *evidence, _ *procstate.ID) { e.threads[0].state, e.threads[0].call = 'R', call{number: -1} }},
		"asleep outside a call":      {ErrRunning, func(e *evidence, _ *procstate.ID) { e.threads[0].call = call{number: -1} }},
		"in an unknown call":         {ErrCall, func(e *evidence, _ *procstate.ID) { e.threads[0].call = call{number: 9999, name: "system call 9999"} }},
		"in a call that EINTR ends": {ErrCall, func(e *evidence, _ *procstate.ID) {
			e.threads[0].call = call{number: 232, name: "epoll_wait", args: [6]uint64{3: 5000}}
		}},
		"reading a socket":            {ErrCall, func(e *evidence, _ *procstate.ID) { e.threads[0].call = call{name: "read", file: "socket:[9]"} }},
		"reading what cannot be told": {ErrCall, func(e *evidence, _ *procstate.ID) { e.threads[0].call = call{name: "read"} }},
		"a futex with priority": {ErrCall, func(e *evidence, _ *procstate.ID) {
			e.threads[0].call = call{number: 202, name: "futex", args: [6]uint64{1: 6}}
		}},
		"in a clean call, but runnable": {ErrCall, func(e *evidence, _ *procstate.ID) { e.threads[0].state = 'R' }},
	} {
		t.Run(name, func(t *testing.T) {
			e, p := sound(), parent
			c.spoil(&e, &p)
			_, err := e.refusal(p)
			assert.ErrorIs(t, err, c.want)
			assert.ErrorIs(t, err, ErrRefused)
		})
	}
}

func TestTheLeastDisturbedThreadIsUsed(t *testing.T) {
	e := sound()
	for i, c := range []call{
		{number: 7, name: "poll"},
		{number: 232, name: "epoll_wait", args: [6]uint64{3: 0xffffffff}},
		{number: 202, name: "futex", args: [6]uint64{1: 0x89}}, // FUTEX_WAIT_BITSET, private
		{number: 0, name: "read", file: "pipe:[77]"},
	} {
		e.threads = append(e.threads, thread{tid: 800 + i, state: 'S', call: c})
	}
	best, err := e.refusal(procstate.ID{PID: 700, Start: 9})
	require.NoError(t, err)
	assert.Equal(t, "futex", best.call.name)
	e.threads[3].state = 'R'
	best, err = e.refusal(procstate.ID{PID: 700, Start: 9})
	require.NoError(t, err)
	assert.Equal(t, "read", best.call.name)
}

func TestADeadFirstThreadDoesNotHide(t *testing.T) {
	e := sound()
	e.parent.State, e.parent.Threads = 'Z', 2
	e.threads = append(e.threads, e.threads[0])
	e.threads[0].state, e.threads[1].tid = 'Z', 701
	best, err := e.refusal(procstate.ID{PID: 700, Start: 9})
	require.NoError(t, err)
	assert.Equal(t, 701, best.tid)
}
