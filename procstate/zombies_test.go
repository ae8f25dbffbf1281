package procstate_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
)

// oneLook scans a tree once, which takes no time.
func oneLook(t *testing.T, tree procstatetest.Tree) *procstate.Report {
	t.Helper()
	report, err := (&procstate.Scanner{Root: tree.Dir(t), Settle: -1}).Zombies(t.Context())
	require.NoError(t, err)
	return report
}

// twoLooks scans a tree that does not change between the looks.
func twoLooks(t *testing.T, tree procstatetest.Tree) *procstate.Report {
	t.Helper()
	report, err := (&procstate.Scanner{Root: tree.Dir(t), Settle: time.Millisecond, Patience: -1}).Zombies(t.Context())
	require.NoError(t, err)
	return report
}

func TestWhyTheParentDoesNotReap(t *testing.T) {
	const sigchld = procstatetest.SIGCHLD
	for _, test := range []struct {
		rule   string
		parent procstatetest.Process
		want   procstate.Reason
	}{
		{"it never asked to be told", procstatetest.Process{PID: 40, PPID: 1}, procstate.ReasonNotWaiting},
		{"it ignores SIGCHLD, too late", procstatetest.Process{PID: 40, PPID: 1, SigIgn: sigchld}, procstate.ReasonIgnoring},
		{"it blocks SIGCHLD", procstatetest.Process{PID: 40, PPID: 1, SigBlk: sigchld, SigCgt: sigchld}, procstate.ReasonBlocking},
		{"its handler does not loop", procstatetest.Process{PID: 40, PPID: 1, SigCgt: sigchld}, procstate.ReasonHandling},
		{"it is stopped", procstatetest.Process{PID: 40, PPID: 1, State: 'T', SigCgt: sigchld}, procstate.ReasonStopped},
		{"a debugger stopped it", procstatetest.Process{PID: 40, PPID: 1, State: 't'}, procstate.ReasonStopped},
		{"it is in D", procstatetest.Process{PID: 40, PPID: 1, State: 'D', SigIgn: sigchld}, procstate.ReasonUninterruptible},
		{"it is PID 1 of a container", procstatetest.Process{PID: 40, PPID: 1, NSPIDs: []int{1}}, procstate.ReasonNamespaceInit},
		{"it is in a container, not its PID 1", procstatetest.Process{PID: 40, PPID: 1, NSPIDs: []int{17}}, procstate.ReasonNotWaiting},
		{"it cannot be read", procstatetest.Process{PID: 40, PPID: 1, Files: map[string]string{"stat": "40 (cut"}}, procstate.Unknown},
		{"its status cannot be read", procstatetest.Process{PID: 40, PPID: 1, Files: map[string]string{"status": "Name:\tx\n"}}, procstate.Unknown},
	} {
		t.Run(test.rule, func(t *testing.T) {
			report := oneLook(t, procstatetest.Tree{
				{PID: 1, Comm: "init"},
				test.parent,
				{PID: 41, PPID: 40, Comm: "job", State: 'Z', ExitStatus: 9 << 8},
			})
			require.Len(t, report.Groups, 1)
			g := report.Groups[0]
			assert.Equal(t, test.want, g.Why, "%s", g)
			assert.Equal(t, 40, g.Parent.PID)
			switch {
			case g.Why == procstate.ReasonNamespaceInit:
				assert.Contains(t, g.Adopter.Why, "ends with it")
			case len(g.Unseen) == 0 && len(test.parent.NSPIDs) == 0:
				assert.Equal(t, "namespace_init", g.Adopter.By)
				assert.Equal(t, 1, g.Adopter.ID.PID)
			}
			assert.Equal(t, test.want == procstate.Unknown, len(g.Unseen) > 0, "what is not known is said: %v", g.Unseen)
		})
	}
	t.Run("PID 1 of this namespace", func(t *testing.T) {
		report := oneLook(t, procstatetest.Tree{{PID: 1, Comm: "app"}, {PID: 41, PPID: 1, State: 'Z'}})
		assert.Equal(t, procstate.ReasonNamespaceInit, report.Groups[0].Why)
	})
	t.Run("the parent is outside this namespace", func(t *testing.T) {
		report := oneLook(t, procstatetest.Tree{{PID: 41, State: 'Z'}})
		assert.EqualValues(t, procstate.Unknown, report.Groups[0].Why)
		assert.NotEmpty(t, report.Groups[0].Unseen)
	})
}

func TestKindsOfZombies(t *testing.T) {
	report := oneLook(t, procstatetest.Tree{
		{PID: 40, Comm: "parent"},
		{PID: 50, Comm: "tracer", Start: 77, Files: map[string]string{"task/51/stat": ""}},
		{PID: 41, PPID: 40, State: 'Z'},
		{PID: 42, PPID: 40, State: 'Z', Threads: 2},
		{PID: 43, PPID: 40, State: 'Z', Tracer: 50},
		{PID: 44, PPID: 40, State: 'Z', Tracer: 40},
		{PID: 45, PPID: 40, State: 'Z', ExitSignal: -1},
		{PID: 46, PPID: 40, State: 'Z', Files: map[string]string{"status": ""}},
		{PID: 47, PPID: 40, Comm: ") Z 1 1 1"},
	})
	require.Len(t, report.Groups, 1)
	want := map[int]procstate.Kind{
		41: procstate.KindReapable,
		42: procstate.KindDeadLeader,
		43: procstate.KindHeldByTracer,
		44: procstate.KindReapable, // a parent that traces its own child can wait for it
		45: procstate.KindNotSIGCHLD,
		46: procstate.Unknown,
	}
	got := map[int]procstate.Kind{}
	for _, z := range report.Groups[0].Zombies {
		got[z.PID] = z.Kind
		if z.PID == 43 {
			assert.Equal(t, procstate.ID{PID: 50, Start: 77}, z.Tracer)
		}
	}
	assert.Equal(t, want, got)
}

func TestTracingThreadIsNamedByItsProcess(t *testing.T) {
	report := oneLook(t, procstatetest.Tree{
		{PID: 40},
		{PID: 41, PPID: 40, State: 'Z', Tracer: 51},
		{PID: 50, Comm: "debugger", Start: 77},
		// A thread has a directory of its own, which a list of /proc does not show.
		{Files: map[string]string{"51/status": status(t, procstatetest.Process{PID: 50})}},
	})
	assert.Equal(t, procstate.ID{PID: 50, Start: 77}, report.Groups[0].Zombies[0].Tracer)
}

// status returns the status file that a tree would have.
func status(t *testing.T, p procstatetest.Process) string {
	t.Helper()
	dir := procstatetest.Tree{p}.Dir(t)
	text, err := os.ReadFile(filepath.Join(dir, "50", "status"))
	require.NoError(t, err)
	return string(text)
}

func TestVerdict(t *testing.T) {
	healthy := procstatetest.Tree{{PID: 1, Comm: "init"}, {PID: 40, PPID: 1}}
	zombie := append(healthy[:2:2], procstatetest.Process{PID: 41, PPID: 40, State: 'Z'})
	broken := append(healthy[:2:2], procstatetest.Process{PID: 42, PPID: 1, Files: map[string]string{"stat": "42"}})
	headless := append(healthy[:2:2], procstatetest.Process{PID: 43, PPID: 40, State: 'Z', Threads: 3})

	assert.Equal(t, procstate.Healthy, twoLooks(t, healthy).Verdict)
	assert.Equal(t, procstate.Problem, twoLooks(t, zombie).Verdict)
	assert.EqualValues(t, procstate.Unknown, oneLook(t, zombie).Verdict, "it may be gone in a moment")
	assert.Equal(t, procstate.Healthy, twoLooks(t, headless).Verdict, "a process that runs on without its main thread is no zombie")
	assert.EqualValues(t, procstate.Unknown, new(procstate.Report).Judge(), "nothing was looked at")

	hidden := append(broken, procstatetest.Process{PID: 44, PPID: 1, State: 'Z', Files: map[string]string{"stat": "44 (x) Z"}})
	report := twoLooks(t, hidden)
	assert.EqualValues(t, procstate.Unknown, report.Verdict)
	require.Len(t, report.Unseen, 1)
	assert.Equal(t, "2 processes", report.Unseen[0].What)
}

func TestHiddenProcessesAreAGap(t *testing.T) {
	for _, test := range []struct {
		rule, options, status string
		hidden                bool
	}{
		{"nothing is hidden", "rw", "CapEff:\t0000000000000000\n", false},
		{"hidepid=0", "rw,hidepid=0", "CapEff:\t0000000000000000\n", false},
		{"hidepid=2 for an ordinary user", "rw,hidepid=2", "CapEff:\t0000000000000000\n", true},
		{"the same, as newer kernels write it", "rw,hidepid=invisible", "CapEff:\t0000000000000000\n", true},
		{"not from who may trace", "rw,hidepid=invisible", "CapEff:\t000001ffffffffff\n", false},
		{"not from the group of the mount", "rw,gid=23,hidepid=invisible", "Groups:\t4 23 \nCapEff:\t0\n", false},
		{"from other groups", "rw,gid=23,hidepid=invisible", "Groups:\t4 230 \nCapEff:\t0\n", true},
		{"the group does not help with ptraceable", "rw,gid=23,hidepid=ptraceable", "Groups:\t4 23 \nCapEff:\t0\n", true},
	} {
		t.Run(test.rule, func(t *testing.T) {
			dir := procstatetest.Tree{{PID: 40}}.Dir(t)
			require.NoError(t, procstatetest.Tree{{Files: map[string]string{
				"self/mountinfo": "22 27 0:21 / " + dir + " rw - proc proc " + test.options + "\n",
				"self/status":    test.status,
			}}}.Write(dir))
			report, err := (&procstate.Scanner{Root: dir}).Zombies(t.Context())
			require.NoError(t, err)
			assert.Equal(t, test.hidden, len(report.Unseen) == 1, "%v", report.Unseen)
			assert.Equal(t, test.hidden, report.Verdict != procstate.Healthy)
		})
	}
}

// TestHiddenBehindALink: the mount is that of the directory which was opened, by
// whatever path.
func TestHiddenBehindALink(t *testing.T) {
	dir := procstatetest.Tree{{PID: 40}}.Dir(t)
	require.NoError(t, procstatetest.Tree{{Files: map[string]string{
		"self/mountinfo": "22 27 0:21 / " + dir + " rw - proc proc rw,hidepid=2\n",
		"self/status":    "CapEff:\t0000000000000000\n",
	}}}.Write(dir))
	for fd := range 64 {
		require.NoError(t, procstatetest.Tree{{Files: map[string]string{"self/fdinfo/" + strconv.Itoa(fd): "pos:\t0\nmnt_id:\t22\n"}}}.Write(dir))
	}
	for _, path := range []string{dir + "/", filepath.Dir(dir) + "/./" + filepath.Base(dir)} {
		report, err := (&procstate.Scanner{Root: path}).Zombies(t.Context())
		require.NoError(t, err)
		assert.Len(t, report.Unseen, 1, path)
	}
	// A user namespace's root may trace nobody outside of it.
	require.NoError(t, procstatetest.Tree{{Files: map[string]string{"self/status": "CapEff:\t000001ffffffffff\n"}}}.Write(dir))
	report, err := (&procstate.Scanner{Root: dir}).Zombies(t.Context())
	require.NoError(t, err)
	assert.Empty(t, report.Unseen)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "self/ns"), 0o700))
	require.NoError(t, os.Symlink("user:[4026539999]", filepath.Join(dir, "self/ns/user")))
	report, err = (&procstate.Scanner{Root: dir}).Zombies(t.Context())
	require.NoError(t, err)
	assert.Len(t, report.Unseen, 1)
}

// TestFolderWithoutProcesses: where procfs is not mounted nothing is seen, and
// that is not health.
func TestFolderWithoutProcesses(t *testing.T) {
	s := &procstate.Scanner{Root: t.TempDir()}
	report, err := s.Zombies(t.Context())
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.EqualValues(t, procstate.Unknown, report.Verdict)
	blocked, err := s.Uninterruptible(t.Context())
	require.ErrorIs(t, err, fs.ErrNotExist)
	assert.EqualValues(t, procstate.Unknown, blocked.Verdict)
}

// TestTextCountsWhatIsStuck: a process that runs on in other threads is none of
// those that nobody reaps, nor is after one look a zombie of this moment.
func TestTextCountsWhatIsStuck(t *testing.T) {
	report := twoLooks(t, procstatetest.Tree{
		{PID: 40}, {PID: 41, PPID: 40, State: 'Z'}, {PID: 50}, {PID: 51, PPID: 50, State: 'Z', Threads: 2, ExitStatus: 9},
	})
	assert.Contains(t, report.String(), "problem: 1 zombie that nobody reaps, of 1 parent\n")
	_, known := report.Groups[1].Zombies[0].ExitStatus()
	assert.False(t, known, "it has not ended yet")
	report.Patience = 0
	report.Judge()
	assert.Contains(t, report.String(), "unknown: 1 zombie among 4 processes\n", "its parent may only be slow")
	report.Groups[0].Zombies[0].DeadAtLeast = time.Minute
	report.Judge()
	assert.Contains(t, report.String(), "problem: 1 zombie that nobody reaps, of 1 parent\n")
}

func TestProcessesGoesOnAfterAnError(t *testing.T) {
	dir := procstatetest.Tree{
		{PID: 1, Comm: "init"},
		{PID: 40, Files: map[string]string{"stat": "40 (cut off"}},
		{PID: 41, Files: map[string]string{"stat": "42 (moved) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0\n"}},
		{PID: 43, Comm: "last"},
		{Files: map[string]string{"44/comm": "no stat: it is gone\n", "sys/x": "", "45x/stat": ""}},
	}.Dir(t)
	seen := map[int]error{}
	for p, err := range (&procstate.Scanner{Root: dir}).Processes(t.Context()) {
		seen[p.PID] = err
	}
	require.Len(t, seen, 4)
	require.NoError(t, seen[1])
	require.NoError(t, seen[43])
	var typed *opskit.Error
	for _, pid := range []int{40, 41} {
		require.ErrorIs(t, seen[pid], procstate.ErrMalformed)
		require.ErrorAs(t, seen[pid], &typed)
		assert.Contains(t, typed.Target, "pid 4")
	}
}

func TestProcessesCanBeLeft(t *testing.T) {
	dir := procstatetest.Tree{{PID: 1}, {PID: 2}, {PID: 3}}.Dir(t)
	n := 0
	for range (&procstate.Scanner{Root: dir}).Processes(t.Context()) {
		n++
		break
	}
	assert.Equal(t, 1, n) // TestMain fails if the walk left a descriptor open
}

func TestHostThatCannotBeLookedAt(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "proc")
	report, err := (&procstate.Scanner{Root: missing}).Zombies(t.Context())
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NotNil(t, report)
	assert.EqualValues(t, procstate.Unknown, report.Verdict)
	for p, err := range (&procstate.Scanner{Root: missing}).Processes(t.Context()) {
		assert.Zero(t, p)
		require.ErrorIs(t, err, fs.ErrNotExist)
	}
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = (&procstate.Scanner{Root: file}).Zombies(t.Context())
	var typed *opskit.Error
	require.ErrorAs(t, err, &typed)
}

func TestContextEndsTheLook(t *testing.T) {
	dir := procstatetest.Tree{{PID: 40}, {PID: 41, PPID: 40, State: 'Z'}}.Dir(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	report, err := (&procstate.Scanner{Root: dir, Settle: time.Hour}).Zombies(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.EqualValues(t, procstate.Unknown, report.Verdict)
	assert.NotEmpty(t, report.Unseen)
}
