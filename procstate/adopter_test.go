package procstate

import (
	"strconv"
	"testing"

	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// placed is a process of a tree; spaces is its line NSpid.
func placed(pid, parent int, spaces string) procstatetest.Process {
	status := "Name:\tx\nState:\tS (sleeping)\nTgid:\t" + strconv.Itoa(pid) + "\nPid:\t" + strconv.Itoa(pid) + "\nPPid:\t" + strconv.Itoa(parent) +
		"\nTracerPid:\t0\nUid:\t0\t0\t0\t0\nNSpid:\t" + spaces + "\nThreads:\t1\n" +
		"SigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000000000\n"
	return procstatetest.Process{PID: pid, PPID: parent, Comm: "x", Start: uint64(pid), Files: map[string]string{"status": status}}
}

// TestAdopterAmongSubreapers applies the rules to trees as the BPF source sees
// them: 40 ends, and 41, 42 and so on are above it.
func TestAdopterAmongSubreapers(t *testing.T) {
	init := placed(1, 0, "1")
	alive := Process{ID: ID{41, 41}, State: 'S', Threads: 1}
	dead := Process{ID: ID{41, 41}, State: 'Z', Threads: 1}
	headless := Process{ID: ID{41, 41}, State: 'Z', Threads: 2}
	for _, test := range []struct {
		rule      string
		tree      procstatetest.Tree
		subreaper Process
		want      int
		by        string
	}{
		{"the nearest", procstatetest.Tree{init, placed(41, 1, "41"), placed(40, 41, "40")}, alive, 41, "subreaper"},
		{"one beyond a parent that is none", procstatetest.Tree{init, placed(41, 1, "41"), placed(42, 41, "42"), placed(40, 42, "40")}, alive, 41, "subreaper"},
		{"a dead one adopts nobody", procstatetest.Tree{init, placed(41, 1, "41"), placed(40, 41, "40")}, dead, 1, "namespace_init"},
		{"unless its threads live", procstatetest.Tree{init, placed(41, 1, "41"), placed(40, 41, "40")}, headless, 41, "subreaper"},
		{"one outside of the namespace", procstatetest.Tree{init, placed(41, 1, "41"), placed(40, 41, "40 5")}, alive, 0, ""},
		{"parents that were read at different moments", procstatetest.Tree{init, placed(42, 43, "42"), placed(43, 42, "43"), placed(40, 42, "40")}, alive, 0, ""},
	} {
		t.Run(test.rule, func(t *testing.T) {
			r, err := openRoot(test.tree.Dir(t))
			require.NoError(t, err)
			defer r.close()
			l := newLook(r)
			l.subreapers = map[int]Process{41: test.subreaper}
			a, _, err := l.adopter(Process{ID: ID{40, 40}, Threads: 1})
			require.NoError(t, err)
			assert.Equal(t, test.by, a.By, "%s", a)
			assert.Equal(t, test.want, a.ID.PID)
		})
	}
}

// TestAdopterOfAZombieFurtherIn: a zombie in an inner PID namespace whose parent
// is outside of it is adopted outside.
func TestAdopterOfAZombieFurtherIn(t *testing.T) {
	for spaces, outer := range map[string]bool{"41": false, "41 2": true} {
		r, err := openRoot(procstatetest.Tree{placed(1, 0, "1"), placed(40, 1, "40"), placed(41, 40, spaces)}.Dir(t))
		require.NoError(t, err)
		g := Group{Parent: Process{ID: ID{40, 40}, Threads: 1}, Zombies: []Zombie{{Process: Process{ID: ID{41, 41}}}}}
		newLook(r).adopters(t.Context(), &g)
		r.close()
		assert.Equal(t, "namespace_init", g.Adopter.By, "%s", g.Adopter)
		assert.Equal(t, outer, g.Adopter.Outer, "%s", spaces)
	}
}
