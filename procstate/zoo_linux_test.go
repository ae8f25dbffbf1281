//go:build linux && !opskit_portable

package procstate_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBarZoo: each of the fourteen hostile or special processes is seen as what
// it was made, by both sources.
func TestBarZoo(t *testing.T) {
	lab.Need(t, "root")
	type want struct {
		state  procstate.State
		name   string // "": this binary's own
		parent int
		kind   procstate.Kind
		why    procstate.Reason
		tracer int
	}
	animals := map[int]want{} // by PID
	add := func(pid int, w want) { animals[pid] = w }
	for _, name := range []string{"ev) Z 1 (il", "new\nline", "sp a ce", "\xff\xfe bad", ") R 1 1 1 1", ""} {
		pid := procstatetest.Named(t, name, true)
		add(pid, want{'Z', "name:" + name, os.Getpid(), procstate.KindReapable, procstate.ReasonNotWaiting, 0})
	}
	add(procstatetest.Named(t, "x) Z 1 1 1 ", false), want{'S', "name:x) Z 1 1 1 ", os.Getpid(), "", "", 0})
	add(procstatetest.DeadLeader(t), want{'Z', "", os.Getpid(), procstate.KindDeadLeader, procstate.ReasonNotWaiting, 0})
	zombie, parent, tracer := procstatetest.TracedZombie(t)
	add(zombie, want{'Z', "", parent, procstate.KindHeldByTracer, procstate.ReasonNotWaiting, tracer})
	stopped := procstatetest.StoppedParent(t)
	add(stopped.Zombies[0], want{'Z', "", stopped.PID, procstate.KindReapable, procstate.ReasonStopped, 0})
	namespace := procstatetest.NamespaceInit(t)
	add(namespace.Zombies[0], want{'Z', "", namespace.PID, procstate.KindReapable, procstate.ReasonNamespaceInit, 0})
	ignoring := procstatetest.IgnoringParent(t)
	add(ignoring, want{'S', "", os.Getpid(), "", "", 0})
	quiet := procstatetest.QuietZombie(t)
	add(quiet.Zombies[0], want{'Z', "", quiet.PID, procstate.KindNotSIGCHLD, procstate.Unknown, 0})
	vfork, _ := procstatetest.Vfork(t)
	add(vfork, want{'D', "", os.Getpid(), "", "", 0})
	require.Len(t, animals, 14)

	for _, source := range []procstate.Source{procstate.SourceProcFS, procstate.SourceBPF} {
		s := &procstate.Scanner{Source: source, Settle: time.Millisecond}
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		seen := 0
		for p, err := range s.Processes(t.Context()) {
			w, ok := animals[p.PID]
			if !ok {
				continue
			}
			seen++
			require.NoError(t, err)
			assert.Equal(t, w.state, p.State, "%v", p)
			assert.Equal(t, w.parent, p.PPID, "%v", p)
			if w.name != "" {
				assert.Equal(t, w.name, "name:"+string(p.Comm.Bytes()))
			}
		}
		assert.Equal(t, 14, seen)
		report, err := s.Zombies(t.Context())
		require.NoError(t, err)
		zombies := 0
		for _, g := range report.Groups {
			assert.NotEqual(t, ignoring, g.Parent.PID, "a parent that ignores SIGCHLD from the beginning has no zombies")
			for _, z := range g.Zombies {
				w, ok := animals[z.PID]
				if !ok {
					continue
				}
				zombies++
				assert.Equal(t, w.kind, z.Kind, "%v", z)
				assert.Equal(t, w.why, g.Why, "%v", z)
				assert.Equal(t, w.tracer, z.Tracer.PID, "%v", z)
				status, known := z.ExitStatus()
				if known && w.name != "" {
					assert.Equal(t, 7, status.Code)
				}
				if z.PID == stopped.Zombies[0] || z.PID == namespace.Zombies[0] {
					assert.Equal(t, 9, status.Code, "the child played its own part, and not its parent's")
				}
			}
		}
		assert.Equal(t, 11, zombies, "all that are dead")
	}
	lab.Bar(t, "procstate zoo", "14 of 14 processes seen as what they are, by procfs and bpf")
}

// TestBarUninterruptible: each kind of state D that can be made here is found
// with its cause, and nothing that is well.
func TestBarUninterruptible(t *testing.T) {
	lab.Need(t, "root", "loop", "ext4", "cgroup_v1_freezer")
	type want struct {
		cause    string
		killable bool
		mount    string
		syscall  string
		remedy   string
	}
	tasks := map[int]want{}
	fs := lab.LoopFS(t, "ext4", 32)
	writer := procstatetest.FrozenWriter(t, fs.Dir)
	tasks[writer] = want{"frozen_filesystem", false, fs.Dir, "write", "thaw the filesystem: fsfreeze --unfreeze " + fs.Dir}
	creator := start(t, "exec dd if=/dev/zero of="+filepath.Join(fs.Dir, "new")+" bs=1 count=1")
	t.Cleanup(func() { fs.Thaw() }) // first of all, or nothing on it can end
	waitForState(t, creator, 'D')
	tasks[creator] = want{"frozen_filesystem", false, "", "openat", "fsfreeze --unfreeze"}
	vfork, child := procstatetest.Vfork(t)
	tasks[vfork] = want{"vfork", true, "", "clone", "end the child"}
	group := lab.Cgroup(t, "freezer")
	frozen := start(t, "exec sleep 1000000")
	control := filepath.Join(group, "freezer.state")
	require.NoError(t, os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(strconv.Itoa(frozen)), 0))
	require.NoError(t, os.WriteFile(control, []byte("FROZEN"), 0))
	defer func() {
		require.NoError(t, os.WriteFile(control, []byte("THAWED"), 0))
		end(t, frozen)
	}()
	waitForState(t, frozen, 'D')
	tasks[frozen] = want{"control_group_freezer", false, "", "", "echo THAWED > " + control}

	require.NoError(t, syscall.Kill(writer, syscall.SIGKILL), "the signal is accepted")
	for _, source := range []procstate.Source{procstate.SourceProcFS, procstate.SourceBPF} {
		s := &procstate.Scanner{Source: source, Settle: 50 * time.Millisecond}
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		report, err := s.Uninterruptible(t.Context())
		require.NoError(t, err)
		assert.Equal(t, procstate.Problem, report.Verdict)
		found := 0
		for _, b := range report.Blocked {
			w, ok := tasks[b.PID]
			if !ok {
				continue
			}
			found++
			assert.Equal(t, w.cause, b.Cause, "%s", b)
			assert.Equal(t, b.PID, b.TID)
			assert.Equal(t, b.PID == writer, b.Killed, "kill -9 pending")
			assert.GreaterOrEqual(t, b.For, 50*time.Millisecond)
			assert.Contains(t, b.Remedy, w.remedy)
			if b.PID != frozen { // it is on its way out of its system call
				assert.Equal(t, w.syscall, b.Syscall)
			}
			assert.NotEmpty(t, b.Wchan)
			assert.NotEmpty(t, b.Stack)
			if w.mount != "" && assert.NotNil(t, b.Mount, "%s", b) {
				assert.Equal(t, w.mount, b.Mount.Point)
				assert.Equal(t, "ext4", b.Mount.Type)
			}
			assert.Equal(t, b.PID == creator, len(b.Unseen) > 0, "a path is not read: %v", b.Unseen)
			killable, known := b.Killable()
			assert.Equal(t, source == procstate.SourceBPF, known)
			if known && b.PID != frozen {
				assert.Equal(t, w.killable, killable, "%s", b)
			}
			assert.NotContains(t, fmt.Sprint(b), "not known")
		}
		assert.Equal(t, len(tasks), found, "%s", report)
	}
	require.NoError(t, syscall.Kill(vfork, syscall.SIGKILL), "this one can be killed")
	lab.Eventually(t, 5*time.Second, "it is dead", func() bool { return look(t, vfork).State == 'Z' })
	require.NoError(t, syscall.Kill(child, syscall.SIGKILL))
	lab.Bar(t, "procstate uninterruptible", "%d of %d tasks in D with their cause, by procfs and bpf", len(tasks), len(tasks))
}

// TestBarAgeOfZombies: for how long a zombie has been dead, without having been
// watched, lies within the bounds that are given.
func TestBarAgeOfZombies(t *testing.T) {
	n := map[lab.Size]int{lab.Small: 1, lab.CI: 8, lab.Full: 20}[lab.Bars()]
	alive, died := map[int]time.Time{}, map[int]time.Time{} // at the latest seen alive, at the earliest dead
	for range n {
		start := time.Now()
		pid := procstatetest.Named(t, "opskit-dead", true)
		alive[pid], died[pid] = start, time.Now()
		tick := time.NewTimer(time.Duration(20*n) * time.Millisecond)
		<-tick.C
	}
	before := time.Now()
	groups, err := procstate.Zombies()
	after := time.Now()
	require.NoError(t, err)
	found, widest, worst := 0, time.Duration(0), time.Duration(0)
	for _, g := range groups {
		for _, z := range g.Zombies {
			death, ok := died[z.PID]
			if !ok {
				continue
			}
			found++
			require.NotZero(t, z.DeadMore, "the age is known")
			// The look came some time after before, and the test saw the death some
			// time after it was.
			assert.GreaterOrEqual(t, z.DeadAtLeast+z.DeadMore, before.Sub(death))
			assert.LessOrEqual(t, z.DeadAtLeast, after.Sub(alive[z.PID]))
			widest, worst = max(widest, z.DeadMore), max(worst, before.Sub(death)-z.DeadAtLeast)
		}
	}
	assert.Equal(t, n, found)
	lab.BarTiming(t, "procstate age of zombies", "%d of %d within their bounds; off by at most %v, bounds up to %v wide",
		found, n, worst.Round(time.Millisecond), widest.Round(time.Millisecond))
}
