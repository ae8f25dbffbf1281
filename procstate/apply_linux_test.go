//go:build linux && !opskit_portable

package procstate_test

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestGentleStepIsEnough: the whole plan is carried out, and what comes after
// the step that helped is not done.
func TestGentleStepIsEnough(t *testing.T) {
	lab.Need(t, "program:python3")
	parent := startProgram(t, "python3", "-c", `
import os, signal, time
def reap(*_):
    try:
        while os.waitpid(-1, os.WNOHANG)[0]: pass
    except ChildProcessError: pass
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
if os.fork() == 0:
    os._exit(0)
time.sleep(0.2)
signal.sigtimedwait([signal.SIGCHLD], 1)
signal.signal(signal.SIGCHLD, reap)
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
print("ready", flush=True)
while True:
    time.sleep(1000)
`)
	plan := hasty(groupOf(t, parent).Plan())
	plan.Patience = -1
	require.Equal(t, []procstate.Action{procstate.ActionPoke, procstate.ActionReap, procstate.ActionTerminate, procstate.ActionKill}, actions(plan))
	outcome, err := plan.Apply(t.Context())
	require.NoError(t, err)
	assert.Len(t, outcome.Reaped, 1)
	require.Len(t, outcome.Done, 1)
	assert.Equal(t, procstate.ActionPoke, outcome.Done[0].Action)
	assert.NotEqual(t, procstate.State('Z'), look(t, parent).State, "the parent lives")
}

// TestDeadLeaderIsNotGone: a process whose first thread has ended is in state Z
// and alive.
func TestDeadLeaderIsNotGone(t *testing.T) {
	pid := procstatetest.DeadLeader(t)
	target := look(t, pid)
	require.Greater(t, target.Threads, 1)
	outcome, err := procstate.Plan{Steps: []procstate.Step{{Action: procstate.ActionKill, Target: target.ID}}}.Apply(t.Context())
	require.NoError(t, err)
	assert.Len(t, outcome.Done, 1)
	lab.Eventually(t, 5*time.Second, "its other threads have ended", func() bool { return look(t, pid).Threads <= 1 })
}

const insideForeignProc = "OPSKIT_INSIDE_FOREIGN_PROC"

// TestForeignProc runs the test after this one in a PID namespace of its own,
// where /proc still is that of the outer one.
func TestForeignProc(t *testing.T) {
	lab.Need(t, "root")
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestInsideForeignProc$", "-test.v")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	cmd.Env = append(os.Environ(), insideForeignProc+"=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), "--- PASS: TestInsideForeignProc", "%s", out)
}

// TestInsideForeignProc is the part of TestForeignProc in the namespace: a PID
// that /proc shows is another process's for the kernel.
func TestInsideForeignProc(t *testing.T) {
	if os.Getenv(insideForeignProc) == "" {
		return
	}
	require.Equal(t, 1, os.Getpid())
	victim := exec.Command("sleep", "1000000")
	require.NoError(t, victim.Start())
	plan := procstate.Plan{Steps: []procstate.Step{{Action: procstate.ActionKill, Target: procstate.ID{PID: victim.Process.Pid, Start: 1}}}}
	_, err := plan.Apply(t.Context())
	require.ErrorIs(t, err, procstate.ErrRefused)
	assert.ErrorContains(t, err, "another PID namespace")
	require.NoError(t, victim.Process.Kill())
	_ = victim.Wait()
}
