//go:build linux && !opskit_portable

package procstate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
)

// hasty is a plan of a test, which knows that its parents are not only slow.
func hasty(p procstate.Plan) procstate.Plan {
	p.Patience = -1
	return p
}

// groupOf returns the group of one parent on this host, where others leave
// zombies too.
func groupOf(t *testing.T, parent int) procstate.Group {
	t.Helper()
	groups, err := procstate.Zombies()
	for _, g := range groups {
		if g.Parent.PID == parent {
			return g
		}
	}
	require.NoError(t, err)
	t.Fatalf("no zombies of %d", parent)
	return procstate.Group{}
}

// TestBarZombiesOfTheBlog: a parent forks five children and does not wait;
// kill -9 of a zombie does nothing; the plan ends the parent and all are reaped.
func TestBarZombiesOfTheBlog(t *testing.T) {
	parent := procstatetest.Zombies(t, 5)
	start := time.Now()
	g := groupOf(t, parent.PID)
	found := time.Since(start)

	assert.Equal(t, "sleep", g.Parent.Comm.String())
	assert.Equal(t, os.Getpid(), g.Parent.PPID)
	assert.NotZero(t, g.Parent.Start)
	assert.Equal(t, procstate.ReasonNotWaiting, g.Why)
	require.NotNil(t, g.Owner.UID)
	assert.Equal(t, os.Getuid(), int(*g.Owner.UID))
	require.Len(t, g.Zombies, 5)
	for _, z := range g.Zombies {
		assert.Contains(t, parent.Zombies, z.PID)
		assert.Equal(t, parent.PID, z.PPID)
		assert.Equal(t, procstate.KindReapable, z.Kind)
		status, known := z.ExitStatus()
		assert.True(t, known)
		assert.Equal(t, 9, status.Code)
	}

	for _, pid := range parent.Zombies {
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL), "the signal is accepted")
	}
	again := groupOf(t, parent.PID)
	require.Len(t, again.Zombies, 5, "and does nothing")
	for i, z := range again.Zombies {
		assert.Equal(t, g.Zombies[i].Process, z.Process)
		assert.GreaterOrEqual(t, z.DeadAtLeast, g.Zombies[i].DeadAtLeast)
	}

	start = time.Now()
	outcome, err := hasty(g.Plan()).Apply(t.Context())
	require.NoError(t, err)
	applied := time.Since(start)
	assert.Equal(t, procstate.Healthy, outcome.Verdict)
	assert.Len(t, outcome.Reaped, 5)
	require.Len(t, outcome.Done, 1)
	assert.Equal(t, procstate.ActionTerminate, outcome.Done[0].Action)
	for _, pid := range parent.Zombies {
		require.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH)
	}
	lab.BarTiming(t, "procstate zombies of the blog", "found in %v, parent ended and 5 reaped in %v", found.Round(time.Microsecond), applied.Round(time.Millisecond))
}

func TestParentThatIgnoresSIGTERMIsKilled(t *testing.T) {
	parent := start(t, `trap "" TERM; (sleep 0.3; exit 3) & exec sleep 1000000`)
	waitForState(t, onlyChild(t, parent), 'Z')
	lab.Eventually(t, 10*time.Second, "the shell has become another program", func() bool { return look(t, parent).Comm.String() == "sleep" })
	plan := hasty(groupOf(t, parent).Plan())
	plan.Grace = 50 * time.Millisecond
	outcome, err := plan.Apply(t.Context())
	require.NoError(t, err)
	require.Len(t, outcome.Done, 2)
	assert.Equal(t, procstate.ActionKill, outcome.Done[1].Action)
	assert.Len(t, outcome.Reaped, 1)
}

func TestStoppedParentIsContinued(t *testing.T) {
	// A shell that waits reaps as soon as it runs again.
	parent := start(t, `sleep 1000000 & wait`)
	child := onlyChild(t, parent)
	require.NoError(t, syscall.Kill(parent, syscall.SIGSTOP))
	waitForState(t, parent, 'T')
	require.NoError(t, syscall.Kill(child, syscall.SIGTERM))
	waitForState(t, child, 'Z')
	g := groupOf(t, parent)
	assert.Equal(t, procstate.ReasonStopped, g.Why)
	outcome, err := hasty(g.Plan()).Apply(t.Context())
	require.NoError(t, err)
	assert.Len(t, outcome.Reaped, 1)
}

func TestFrozenParentIsThawed(t *testing.T) {
	for _, version := range []struct{ controller, file, freeze string }{
		{"", "cgroup.freeze", "1"},
		{"freezer", "freezer.state", "FROZEN"},
	} {
		t.Run("control groups "+version.file, func(t *testing.T) {
			dir := lab.Cgroup(t, version.controller)
			parent := start(t, `sleep 1000000 & wait`)
			child := onlyChild(t, parent)
			control := filepath.Join(dir, version.file)
			t.Cleanup(func() { _ = os.WriteFile(control, []byte(thawed(version.freeze)), 0) })
			require.NoError(t, os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(parent)), 0))
			require.NoError(t, os.WriteFile(control, []byte(version.freeze), 0))
			lab.Eventually(t, 5*time.Second, "frozen", func() bool {
				if version.controller == "" {
					text, err := os.ReadFile(filepath.Join(dir, "cgroup.events"))
					return err == nil && strings.Contains(string(text), "frozen 1")
				}
				text, err := os.ReadFile(control)
				return err == nil && string(text) == "FROZEN\n"
			})
			require.NoError(t, syscall.Kill(child, syscall.SIGTERM))
			waitForState(t, child, 'Z')
			g := groupOf(t, parent)
			assert.Equal(t, procstate.ReasonFrozen, g.Why)
			assert.Equal(t, control, g.Freezer)

			forged := hasty(g.Plan())
			forged.Steps = append([]procstate.Step(nil), forged.Steps...)
			forged.Steps[0].Freezer = filepath.Join(dir, "tasks")
			_, err := forged.Apply(t.Context())
			require.ErrorIs(t, err, procstate.ErrRefused, "only the file that froze it is written")

			outcome, err := hasty(g.Plan()).Apply(t.Context())
			require.NoError(t, err)
			assert.Len(t, outcome.Reaped, 1)
			end(t, parent)
		})
	}
}

func thawed(frozen string) string {
	if frozen == "1" {
		return "0"
	}
	return "THAWED"
}

func TestPokedParentReaps(t *testing.T) {
	lab.Need(t, "program:python3")
	// The handler waits for one child per signal, and signals merge: three
	// children end while it is blocked, and two zombies stay.
	parent := startProgram(t, "python3", "-c", `
import os, signal, time
signal.signal(signal.SIGCHLD, lambda *_: os.waitpid(-1, os.WNOHANG))
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
for _ in range(5):
    if os.fork() == 0:
        os._exit(0)
time.sleep(0.2)
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
print("ready", flush=True)
while True:
    time.sleep(1000)
`)
	g := groupOf(t, parent)
	assert.Equal(t, procstate.ReasonHandling, g.Why)
	require.GreaterOrEqual(t, len(g.Zombies), 2)
	outcome, err := hasty(g.Plan()).Without(procstate.ActionTerminate, procstate.ActionKill).Apply(t.Context())
	require.NoError(t, err)
	assert.Len(t, outcome.Reaped, len(g.Zombies))
	assert.NoError(t, syscall.Kill(parent, 0), "the parent lives")
}

func TestApplyRefuses(t *testing.T) {
	victim := start(t, `exec sleep 1000000`)
	lab.Eventually(t, 5*time.Second, "it sleeps", func() bool { return look(t, victim).Comm.String() == "sleep" })
	target := look(t, victim).ID
	self, parent := look(t, os.Getpid()).ID, look(t, os.Getppid()).ID
	for _, test := range []struct {
		rule   string
		target procstate.ID
		want   error
	}{
		{"PID 1", look(t, 1).ID, procstate.ErrRefused},
		{"everybody", procstate.ID{PID: -1, Start: 1}, procstate.ErrRefused},
		{"its own group", procstate.ID{PID: 0, Start: 1}, procstate.ErrRefused},
		{"itself", self, procstate.ErrRefused},
		{"its parent", parent, procstate.ErrRefused},
		{"a kernel thread", look(t, 2).ID, procstate.ErrRefused},
		{"a PID without a start time", procstate.ID{PID: target.PID}, procstate.ErrRefused},
		{"a PID in new hands", procstate.ID{PID: target.PID, Start: target.Start - 1}, procstate.ErrReused},
		{"a zombie, which has ended already", look(t, procstatetest.Zombies(t, 1).Zombies[0]).ID, procstate.ErrGone},
		{"a process that has gone", procstate.ID{PID: 1 << 22, Start: 1}, procstate.ErrGone},
	} {
		for _, action := range []procstate.Action{procstate.ActionKill, procstate.ActionTerminate, procstate.ActionContinue, procstate.ActionPoke, procstate.ActionThaw} {
			plan := procstate.Plan{Steps: []procstate.Step{{Action: action, Target: test.target}}}
			outcome, err := plan.Apply(t.Context())
			require.ErrorIs(t, err, test.want, "%s %s", action, test.rule)
			assert.Empty(t, outcome.Done)
		}
	}
	other := procstate.Plan{BootID: "another", Steps: []procstate.Step{{Action: procstate.ActionKill, Target: target}}}
	_, err := other.Apply(t.Context())
	require.ErrorIs(t, err, procstate.ErrRefused, "a plan of another boot")
	unknown := procstate.Plan{Steps: []procstate.Step{{Target: target}}}
	_, err = unknown.Apply(t.Context())
	require.ErrorIs(t, err, procstate.ErrRefused, "an action that is none")
	assert.Equal(t, target, look(t, victim).ID, "the victim lives")
}

func TestNamespaceInitIsNeverKilled(t *testing.T) {
	lab.Need(t, "root")
	cmd := exec.Command("sleep", "1000000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	plan := procstate.Plan{Steps: []procstate.Step{{Action: procstate.ActionKill, Target: look(t, cmd.Process.Pid).ID}}}
	_, err := plan.Apply(t.Context())
	require.ErrorIs(t, err, procstate.ErrRefused)
	assert.NoError(t, cmd.Process.Signal(syscall.Signal(0)))
}

func TestZombiesThatStayAreAnError(t *testing.T) {
	parent := procstatetest.Zombies(t, 3)
	plan := hasty(groupOf(t, parent.PID).Plan()).Without(procstate.ActionTerminate, procstate.ActionKill)
	outcome, err := plan.Apply(t.Context())
	require.Error(t, err)
	assert.Len(t, outcome.Left, 3)
	assert.Equal(t, procstate.Problem, outcome.Verdict)
	var typed *opskit.Error
	require.ErrorAs(t, err, &typed)
}

// TestHidepid mounts /proc so that it hides others from an ordinary user, and
// runs the test after this one there.
func TestHidepid(t *testing.T) {
	lab.Need(t, "root", "program:mount")
	// The test binary's own directory may be closed to others.
	binary := filepath.Join("/dev/shm", fmt.Sprintf("opskit-hidepid-%d", os.Getpid()))
	self, err := os.ReadFile("/proc/self/exe")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(binary, self, 0o755))
	t.Cleanup(func() { require.NoError(t, os.Remove(binary)) })
	cmd := exec.Command("sh", "-c", `mount -t proc -o hidepid=2 proc /proc && cd / && `+
		`exec setpriv --reuid=65534 --regid=65534 --clear-groups "$0" -test.run='^TestInsideHidepid$' -test.v`, binary)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID, Unshareflags: syscall.CLONE_NEWNS}
	cmd.Env = append(os.Environ(), insideHidepid+"=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), "--- PASS: TestInsideHidepid", "%s", out)
}

const insideHidepid = "OPSKIT_INSIDE_HIDEPID"

// TestInsideHidepid is the part of TestHidepid that runs as nobody.
func TestInsideHidepid(t *testing.T) {
	if os.Getenv(insideHidepid) == "" {
		return
	}
	_, err := procstate.Zombies()
	require.ErrorIs(t, err, os.ErrPermission, "no zombies seen is not no zombies")
	report, err := new(procstate.Scanner).Zombies(t.Context())
	require.NoError(t, err)
	assert.NotEqual(t, procstate.Healthy, report.Verdict)
	require.Len(t, report.Unseen, 1)
	assert.False(t, procstate.Preflight(t.Context())[1].OK)
}

// start starts a shell that is killed when the test ends.
func start(t *testing.T, script string) int {
	t.Helper()
	cmd := exec.Command("sh", "-c", script)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		for _, child := range children(t, cmd.Process.Pid) {
			_ = syscall.Kill(child.PID, syscall.SIGKILL)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

// startProgram starts a program and waits until it prints a line.
func startProgram(t *testing.T, argv ...string) int {
	t.Helper()
	d := lab.StartDaemon(t, argv...)
	lab.Eventually(t, 20*time.Second, "the program is ready", func() bool { return bytes.ContainsRune([]byte(d.Output()), '\n') })
	return d.Cmd.Process.Pid
}

// end kills a process of this test before the test ends.
func end(t *testing.T, pid int) {
	t.Helper()
	err := syscall.Kill(pid, syscall.SIGKILL)
	require.True(t, err == nil || errors.Is(err, syscall.ESRCH))
}

// look returns one process. Like children it also works while a test is being
// cleaned up, when its context has ended.
func look(t *testing.T, pid int) procstate.Process {
	t.Helper()
	for p, err := range new(procstate.Scanner).Processes(context.WithoutCancel(t.Context())) {
		if p.PID == pid {
			require.NoError(t, err)
			return p
		}
	}
	t.Fatalf("no process %d", pid)
	return procstate.Process{}
}

func children(t *testing.T, parent int) (children []procstate.Process) {
	t.Helper()
	for p, err := range new(procstate.Scanner).Processes(context.WithoutCancel(t.Context())) {
		if err == nil && p.PPID == parent {
			children = append(children, p)
		}
	}
	return children
}

func onlyChild(t *testing.T, parent int) (pid int) {
	t.Helper()
	lab.Eventually(t, 10*time.Second, "there is a child", func() bool {
		for _, p := range children(t, parent) {
			pid = p.PID
		}
		return pid != 0
	})
	return pid
}

func waitForState(t *testing.T, pid int, state procstate.State) {
	t.Helper()
	lab.Eventually(t, 10*time.Second, fmt.Sprintf("%d is in state %c", pid, state), func() bool { return look(t, pid).State == state })
}
