package procstate_test

import (
	"testing"

	"github.com/opskit-go/opskit/procstate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func process(pid int, state procstate.State) procstate.Process {
	return procstate.Process{ID: procstate.ID{PID: pid, Start: uint64(pid) * 10}, State: state, Threads: 1, ExitSignal: 17}
}

// group is one with a reapable zombie.
func group(parent procstate.Process, why procstate.Reason) procstate.Group {
	return procstate.Group{
		Parent: parent, Why: why,
		Zombies: []procstate.Zombie{{Process: process(41, 'Z'), Kind: procstate.Reapable}},
	}
}

func actions(p procstate.Plan) (actions []procstate.Action) {
	for _, step := range p.Steps {
		actions = append(actions, step.Action)
	}
	return actions
}

func TestPlanByReason(t *testing.T) {
	ladder := []procstate.Action{procstate.Terminate, procstate.Kill}
	for _, test := range []struct {
		why    procstate.Reason
		parent procstate.Process
		want   []procstate.Action
	}{
		{procstate.NotWaiting, process(40, 'S'), ladder},
		{procstate.Ignoring, process(40, 'S'), ladder},
		{procstate.Blocking, process(40, 'S'), ladder},
		{procstate.Handling, process(40, 'S'), []procstate.Action{procstate.Poke, procstate.Terminate, procstate.Kill}},
		{procstate.Stopped, process(40, 'T'), []procstate.Action{procstate.Continue}},
		{procstate.Stopped, process(40, 't'), []procstate.Action{procstate.Wait}},
		{procstate.Frozen, process(40, 'S'), []procstate.Action{procstate.Thaw}},
		{procstate.InD, process(40, 'D'), []procstate.Action{procstate.Wait}},
		{procstate.NamespaceInit, process(40, 'S'), []procstate.Action{procstate.Restart}},
		{procstate.NamespaceInit, process(1, 'S'), []procstate.Action{procstate.Restart}},
		{procstate.Handling, process(1, 'S'), []procstate.Action{procstate.Restart}},
		{procstate.Unknown, process(1, 'S'), []procstate.Action{procstate.Restart}},
		{procstate.Unknown, procstate.Process{ID: procstate.ID{PID: 40}}, []procstate.Action{procstate.Wait}},
		{procstate.NotWaiting, procstate.Process{ID: procstate.ID{PID: 2, Start: 1}, Flags: 0x200000}, []procstate.Action{procstate.Wait}},
	} {
		plan := group(test.parent, test.why).Plan()
		assert.Equal(t, test.want, actions(plan), "%s", test.why)
		assert.Len(t, plan.Zombies, 1)
		assert.NotEmpty(t, plan.Useless, "kill -9 of a zombie")
		for _, step := range plan.Steps {
			assert.NotEmpty(t, step.Because)
			manual := step.Action == procstate.Wait || step.Action == procstate.Restart || step.Action == procstate.TellTracer
			assert.Equal(t, manual, step.Manual)
			if !manual {
				assert.NotZero(t, step.Target.Start, "nothing acts on a bare PID")
				assert.True(t, step.Action == procstate.Poke || step.Risk != "", "%s has its price", step.Action)
			}
		}
	}
}

func TestPlanByKind(t *testing.T) {
	g := group(process(40, 'S'), procstate.NotWaiting)
	tracer := procstate.ID{PID: 50, Start: 5}
	g.Zombies = []procstate.Zombie{
		{Process: process(42, 'Z'), Kind: procstate.HeldByTracer, Tracer: tracer},
		{Process: process(43, 'Z'), Kind: procstate.HeldByTracer, Tracer: tracer},
	}
	plan := g.Plan()
	require.Equal(t, []procstate.Action{procstate.TellTracer}, actions(plan), "the parent is not at fault")
	assert.Equal(t, tracer, plan.Steps[0].Target)
	assert.Len(t, plan.Zombies, 2)

	g.Zombies = []procstate.Zombie{{Process: process(44, 'Z'), Kind: procstate.DeadLeader}}
	plan = g.Plan()
	assert.Equal(t, []procstate.Action{procstate.Wait}, actions(plan))
	assert.Empty(t, plan.Zombies)
	assert.Empty(t, plan.Useless, "kill -9 does end a process that runs on in other threads")

	g.Zombies = append(g.Zombies, procstate.Zombie{Process: process(45, 'Z'), Kind: procstate.NotSIGCHLD})
	assert.Equal(t, []procstate.Action{procstate.Wait, procstate.Terminate, procstate.Kill}, actions(g.Plan()))
}

// TestPokeIsForChildrenThatSIGCHLDTellsOf: no handler is called for others.
func TestPokeIsForChildrenThatSIGCHLDTellsOf(t *testing.T) {
	g := group(process(40, 'S'), procstate.Handling)
	g.Zombies[0].Kind = procstate.NotSIGCHLD
	assert.Equal(t, []procstate.Action{procstate.Terminate, procstate.Kill}, actions(g.Plan()))
}

func TestPlanWithout(t *testing.T) {
	plan := group(process(40, 'S'), procstate.Handling).Plan()
	assert.Equal(t, []procstate.Action{procstate.Poke}, actions(plan.Without(procstate.Terminate, procstate.Kill)))
	assert.Len(t, plan.Steps, 3, "the plan itself stays as it is")
}
