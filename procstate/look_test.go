package procstate

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestSecondLook: what changed between the looks is no longer that zombie.
func TestSecondLook(t *testing.T) {
	r, err := openRoot(procstatetest.Tree{
		{PID: 41, State: 'Z'},
		{PID: 42, State: 'Z', Start: 2000},
		{PID: 43, State: 'S'},
		{PID: 45, State: 'Z', Files: map[string]string{"stat": "45 (cut"}},
	}.Dir(t))
	require.NoError(t, err)
	defer r.close()
	l := newLook(r)
	var first []Zombie
	for pid := 41; pid <= 45; pid++ { // 42 was given away again, 43 lives, 44 has gone, 45 cannot be read
		first = append(first, Zombie{Process: Process{ID: ID{pid, 1000}, State: 'Z'}})
	}
	kept, err := l.again(t.Context(), nil, first, time.Millisecond)
	require.NoError(t, err)
	require.Len(t, kept, 1)
	assert.Equal(t, 41, kept[0].PID)
	assert.GreaterOrEqual(t, kept[0].DeadAtLeast, time.Millisecond)
	assert.Len(t, l.gaps(), 1, "45 may be a zombie")
}

// TestParentYoungerThanItsChild: a PID that was given away again is not taken
// for the parent.
func TestParentYoungerThanItsChild(t *testing.T) {
	root := procstatetest.Tree{{PID: 40, Start: 1001}, {PID: 41, PPID: 40, State: 'Z', Start: 1000}}.Dir(t)
	report, err := (&Scanner{Root: root, Settle: -1}).Zombies(t.Context())
	require.NoError(t, err)
	require.Len(t, report.Groups, 1)
	g := report.Groups[0]
	assert.Equal(t, ID{PID: 40}, g.Parent.ID)
	assert.Equal(t, Reason(""), g.Why)
	assert.Len(t, g.Unseen, 1, "the last round's alone")
	assert.Equal(t, ActionWait, g.Plan().Steps[0].Action)
}

// TestDeadlineWithinAGroup: what could not be asked in time is said, and what is
// known is kept.
func TestDeadlineWithinAGroup(t *testing.T) {
	tree := procstatetest.Tree{{PID: 40}}
	for pid := 100; pid < 300; pid++ {
		tree = append(tree, procstatetest.Process{PID: pid, PPID: 40, State: 'Z'})
	}
	r, err := openRoot(tree.Dir(t))
	require.NoError(t, err)
	defer r.close()
	l := newLook(r)
	g := Group{}
	for pid := 100; pid < 300; pid++ {
		g.Zombies = append(g.Zombies, Zombie{Process: Process{ID: ID{pid, 1000}, PPID: 40, State: 'Z', ExitSignal: sigchld()}})
	}
	late := g
	late.Zombies = slices.Clone(g.Zombies)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, l.each(ctx, &late), context.Canceled)
	require.Len(t, late.Unseen, 1)
	assert.Equal(t, "the kind of 200 zombies", late.Unseen[0].What)

	l.aging = ageBudget
	require.NoError(t, l.each(t.Context(), &g))
	assert.Equal(t, 200, g.count(KindReapable))
	require.Len(t, g.Unseen, 1)
	assert.Equal(t, "for how long 200 zombies have been dead", g.Unseen[0].What)
}
