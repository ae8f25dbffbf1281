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
		Zombies: []procstate.Zombie{{Process: process(41, 'Z'), Kind: procstate.KindReapable}},
	}
}

func actions(p procstate.Plan) (actions []procstate.Action) {
	for _, step := range p.Steps {
		actions = append(actions, step.Action)
	}
	return actions
}

func TestPlanByReason(t *testing.T) {
	ladder := []procstate.Action{procstate.ActionReap, procstate.ActionTerminate, procstate.ActionKill}
	for _, test := range []struct {
		why    procstate.Reason
		parent procstate.Process
		want   []procstate.Action
	}{
		{procstate.ReasonNotWaiting, process(40, 'S'), ladder},
		{procstate.ReasonIgnoring, process(40, 'S'), ladder},
		{procstate.ReasonBlocking, process(40, 'S'), ladder},
		{procstate.ReasonHandling, process(40, 'S'), []procstate.Action{procstate.ActionPoke, procstate.ActionReap, procstate.ActionTerminate, procstate.ActionKill}},
		{procstate.ReasonStopped, process(40, 'T'), []procstate.Action{procstate.ActionContinue}},
		{procstate.ReasonStopped, process(40, 't'), []procstate.Action{procstate.ActionWait}},
		{procstate.ReasonFrozen, process(40, 'S'), []procstate.Action{procstate.ActionThaw}},
		{procstate.ReasonUninterruptible, process(40, 'D'), []procstate.Action{procstate.ActionWait}},
		{procstate.ReasonNamespaceInit, process(40, 'S'), []procstate.Action{procstate.ActionRestart}},
		{procstate.ReasonNamespaceInit, process(1, 'S'), []procstate.Action{procstate.ActionRestart}},
		{procstate.ReasonHandling, process(1, 'S'), []procstate.Action{procstate.ActionRestart}},
		{procstate.ReasonListening, process(40, 'S'), []procstate.Action{procstate.ActionPoke, procstate.ActionReap, procstate.ActionTerminate, procstate.ActionKill}},
		{procstate.ReasonWaitsForOther, process(40, 'S'), []procstate.Action{procstate.ActionWait, procstate.ActionReap, procstate.ActionTerminate, procstate.ActionKill}},
		{procstate.ReasonReaping, process(40, 'S'), []procstate.Action{procstate.ActionWait}},
		{procstate.Unknown, process(1, 'S'), []procstate.Action{procstate.ActionRestart}},
		{procstate.Unknown, procstate.Process{ID: procstate.ID{PID: 40}}, []procstate.Action{procstate.ActionWait}},
		{procstate.ReasonNotWaiting, procstate.Process{ID: procstate.ID{PID: 2, Start: 1}, Flags: 0x200000}, []procstate.Action{procstate.ActionWait}},
	} {
		plan := group(test.parent, test.why).Plan()
		assert.Equal(t, test.want, actions(plan), "%s", test.why)
		assert.Len(t, plan.Zombies, 1)
		assert.NotEmpty(t, plan.Useless, "kill -9 of a zombie")
		for _, step := range plan.Steps {
			assert.NotEmpty(t, step.Because)
			manual := step.Action == procstate.ActionWait || step.Action == procstate.ActionRestart || step.Action == procstate.ActionTellTracer || step.Action == procstate.ActionReap
			assert.Equal(t, manual, step.Manual)
			if !manual {
				assert.NotZero(t, step.Target.Start, "nothing acts on a bare PID")
				assert.True(t, step.Action == procstate.ActionPoke || step.Risk != "", "%s has its price", step.Action)
			}
		}
	}
}

func TestPlanByKind(t *testing.T) {
	g := group(process(40, 'S'), procstate.ReasonNotWaiting)
	tracer := procstate.ID{PID: 50, Start: 5}
	g.Zombies = []procstate.Zombie{
		{Process: process(42, 'Z'), Kind: procstate.KindHeldByTracer, Tracer: tracer},
		{Process: process(43, 'Z'), Kind: procstate.KindHeldByTracer, Tracer: tracer},
	}
	plan := g.Plan()
	require.Equal(t, []procstate.Action{procstate.ActionTellTracer}, actions(plan), "the parent is not at fault")
	assert.Equal(t, tracer, plan.Steps[0].Target)
	assert.Len(t, plan.Zombies, 2)

	g.Zombies = []procstate.Zombie{{Process: process(44, 'Z'), Kind: procstate.KindDeadLeader}}
	plan = g.Plan()
	assert.Equal(t, []procstate.Action{procstate.ActionWait}, actions(plan))
	assert.Empty(t, plan.Zombies)
	assert.Empty(t, plan.Useless, "kill -9 does end a process that runs on in other threads")

	g.Zombies = append(g.Zombies, procstate.Zombie{Process: process(45, 'Z'), Kind: procstate.KindNotSIGCHLD})
	assert.Equal(t, []procstate.Action{procstate.ActionWait, procstate.ActionTerminate, procstate.ActionKill}, actions(g.Plan()))
}

// TestPokeIsForChildrenThatSIGCHLDTellsOf: no handler is called for others.
func TestPokeIsForChildrenThatSIGCHLDTellsOf(t *testing.T) {
	g := group(process(40, 'S'), procstate.ReasonHandling)
	g.Zombies[0].Kind = procstate.KindNotSIGCHLD
	assert.Equal(t, []procstate.Action{procstate.ActionTerminate, procstate.ActionKill}, actions(g.Plan()))
}

func TestPlanWithout(t *testing.T) {
	plan := group(process(40, 'S'), procstate.ReasonHandling).Plan()
	assert.Equal(t, []procstate.Action{procstate.ActionPoke, procstate.ActionReap}, actions(plan.Without(procstate.ActionTerminate, procstate.ActionKill)))
	assert.Len(t, plan.Steps, 4, "the plan itself stays as it is")
}
