package procstate

import (
	"strconv"
	"testing"

	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAdopterAmongSubreapers applies the rules to trees as the BPF source sees
// them: 40 ends, and 41, 42 and so on are above it.
func TestAdopterAmongSubreapers(t *testing.T) {
	place := func(pid, parent int, spaces string) procstatetest.Process {
		status := "Name:\tx\nState:\tS (sleeping)\nTgid:\t" + strconv.Itoa(pid) + "\nPid:\t" + strconv.Itoa(pid) + "\nPPid:\t" + strconv.Itoa(parent) +
			"\nTracerPid:\t0\nUid:\t0\t0\t0\t0\nNSpid:\t" + spaces + "\nThreads:\t1\n" +
			"SigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000000000\n"
		return procstatetest.Process{PID: pid, PPID: parent, Comm: "x", Start: uint64(pid), Files: map[string]string{"status": status}}
	}
	init := place(1, 0, "1")
	alive := Process{ID: ID{41, 41}, State: 'S', Threads: 1}
	dead := Process{ID: ID{41, 41}, State: 'Z', Threads: 1}
	headless := Process{ID: ID{41, 41}, State: 'Z', Threads: 2}
	for _, test := range []struct {
		rule      string
		tree      procstatetest.Tree
		subreaper Process
		want      int
		by        AdoptedBy
	}{
		{"the nearest", procstatetest.Tree{init, place(41, 1, "41"), place(40, 41, "40")}, alive, 41, BySubreaper},
		{"one beyond a parent that is none", procstatetest.Tree{init, place(41, 1, "41"), place(42, 41, "42"), place(40, 42, "40")}, alive, 41, BySubreaper},
		{"a dead one adopts nobody", procstatetest.Tree{init, place(41, 1, "41"), place(40, 41, "40")}, dead, 1, ByInit},
		{"unless its threads live", procstatetest.Tree{init, place(41, 1, "41"), place(40, 41, "40")}, headless, 41, BySubreaper},
		{"one outside of the namespace", procstatetest.Tree{init, place(41, 1, "41"), place(40, 41, "40 5")}, alive, 0, Unknown},
		{"parents that were read at different moments", procstatetest.Tree{init, place(42, 43, "42"), place(43, 42, "43"), place(40, 42, "40")}, alive, 0, Unknown},
	} {
		t.Run(test.rule, func(t *testing.T) {
			r, err := openRoot(test.tree.Dir(t))
			require.NoError(t, err)
			defer r.close()
			l := newLook(r)
			l.subreapers = map[int]Process{41: test.subreaper}
			a, err := l.adopter(Process{ID: ID{40, 40}, Threads: 1})
			require.NoError(t, err)
			assert.Equal(t, test.by, a.By, "%s", a)
			assert.Equal(t, test.want, a.ID.PID)
		})
	}
}
