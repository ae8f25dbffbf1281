//go:build linux && !opskit_portable && (amd64 || arm64)

package inject

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/internal/lab"

	"github.com/opskit-go/opskit/procstate"

	"github.com/opskit-go/opskit"
)

// identity names a process that is there.
func identity(t *testing.T, pid int) procstate.ID {
	t.Helper()
	s, err := readStat(pid)
	require.NoError(t, err)
	return procstate.ID{PID: pid, Start: s.Start}
}

func refuses(t *testing.T, parent procstate.ID, want error) {
	t.Helper()
	_, err := Injector{Settle: -1}.Prepare(t.Context(), parent)
	require.ErrorIs(t, err, want)
	assert.ErrorIs(t, err, ErrRefused)
	var typed *opskit.Error
	require.ErrorAs(t, err, &typed)
	assert.Equal(t, "pid "+strconv.Itoa(parent.PID), typed.Target)
	// The same for a plan made elsewhere.
	_, err = Injector{}.Apply(t.Context(), Plan{Parent: parent, Boot: bootID(t), Zombies: []procstate.ID{{PID: 4, Start: 4}}})
	assert.ErrorIs(t, err, want)
}

func TestRefusesByWhoItIs(t *testing.T) {
	self := os.Getpid()
	refuses(t, procstate.ID{PID: 1, Start: 1}, ErrInit)
	refuses(t, procstate.ID{PID: self}, ErrNoIdentity)
	refuses(t, procstate.ID{PID: 0, Start: 5}, ErrNoIdentity)
	refuses(t, procstate.ID{PID: -self, Start: 5}, ErrNoIdentity)
	refuses(t, identity(t, self), ErrSelf)
	if above := os.Getppid(); above > 1 {
		refuses(t, identity(t, above), ErrAncestor)
	}
	refuses(t, procstate.ID{PID: 1 << 22, Start: 5}, ErrGone)
	if s, err := readStat(2); err == nil && string(s.Name) == "kthreadd" && os.Geteuid() == 0 { // others may not look that far
		refuses(t, identity(t, 2), ErrKernelThread)
	}
}

func TestRefusesByWhatItDoes(t *testing.T) {
	lab.Need(t, "root", "program:gcc")
	for what, want := range map[string]error{
		"spin": ErrRunning, "seccomp": ErrSeccomp, "vfork": ErrVfork, "epoll-timeout": ErrCall,
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p := cParent(t, 4, what, 5*time.Second)
			before := p.fields(t)
			refuses(t, p.ID, want)
			assert.Len(t, p.zombies(t), 4)
			p.same(t, before)
		})
	}
}

func TestRefusesByWhatIsDoneToIt(t *testing.T) {
	lab.Need(t, "root", "program:gcc")
	p := cParent(t, 4, "sleep", time.Minute)

	other := p.ID
	other.Start++
	refuses(t, other, ErrReused)

	plan, err := Injector{Settle: -1}.Prepare(t.Context(), p.ID)
	require.NoError(t, err)
	plan.Boot = "00000000-0000-0000-0000-000000000000"
	_, err = Injector{}.Apply(t.Context(), plan)
	assert.ErrorIs(t, err, ErrReused, "a plan of another boot")

	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	require.NoError(t, unix.PtraceSeize(p.PID))
	refuses(t, p.ID, ErrTraced)
	require.NoError(t, unix.PtraceInterrupt(p.PID))
	stopped, err := waitStop(p.PID, 5*time.Second)
	require.NoError(t, err)
	require.Equal(t, stop{kind: trapStop}, stopped)
	require.NoError(t, unix.PtraceDetach(p.PID))

	require.NoError(t, unix.Kill(p.PID, unix.SIGSTOP))
	lab.Eventually(t, 5*time.Second, "it is stopped", func() bool { s, err := readStat(p.PID); return err == nil && s.State == 'T' })
	refuses(t, p.ID, ErrStopped)
	require.NoError(t, unix.Kill(p.PID, unix.SIGCONT))

	_, err = Injector{Settle: -1}.Prepare(t.Context(), p.ID)
	require.NoError(t, err, "it is fit again")
	require.NoError(t, p.command.Process.Kill())
	lab.Eventually(t, 5*time.Second, "it is dead", func() bool { s, err := readStat(p.PID); return err == nil && s.State == 'Z' })
	refuses(t, p.ID, ErrGone)
}

func TestRefusesAParentWithoutZombies(t *testing.T) {
	lab.Need(t, "root", "program:gcc")
	p := cParent(t, 0, "sleep", time.Minute)
	_, err := Injector{}.Prepare(t.Context(), p.ID)
	assert.ErrorIs(t, err, ErrNoZombies)
	_, err = Injector{}.Apply(t.Context(), Plan{Parent: p.ID})
	assert.ErrorIs(t, err, ErrNoZombies)
	// What a plan calls a zombie is looked at again.
	zombies := []procstate.ID{{PID: os.Getpid(), Start: 1}, {PID: 1 << 22, Start: 7}}
	result, err := Injector{}.Apply(t.Context(), Plan{Parent: p.ID, Boot: bootID(t), Zombies: zombies})
	require.NoError(t, err)
	assert.Equal(t, []Left{{zombies[0], ReasonGone}, {zombies[1], ReasonGone}}, result.Left)
	assert.Zero(t, result.Stops)
}

// TestRefusesThirtyTwoBitCalls: the number of the 32-bit waitpid is that of the
// 64-bit poll, so only the stopped thread shows the difference.
func TestRefusesThirtyTwoBitCalls(t *testing.T) {
	lab.Need(t, "root", "program:gcc")
	if runtime.GOARCH != "amd64" {
		t.Skip("amd64 only")
	}
	lab.NeedIf(t, "32-bit-calls", exec.Command(cProgram(t, compatProgram)).Run())
	p := cParent(t, 4, "compat", 2*time.Second)
	plan, err := Injector{Settle: -1}.Prepare(t.Context(), p.ID)
	require.NoError(t, err)
	_, err = Injector{}.Apply(t.Context(), plan)
	assert.ErrorIs(t, err, ErrCompat)
	assert.ErrorIs(t, err, ErrRefused)
	assert.Len(t, p.zombies(t), 4)
	value, _, took := p.result(t)
	assert.Equal(t, 1, value, "its call went on")
	assert.InDelta(t, 2, took.Seconds(), 0.5)
}

func TestRefusesAFrozenParent(t *testing.T) {
	lab.Need(t, "root", "program:gcc")
	group := lab.Cgroup(t, "")
	p := cParent(t, 4, "sleep", time.Second)
	t.Cleanup(func() { _ = p.command.Process.Kill(); _ = p.command.Wait() })
	require.NoError(t, os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(strconv.Itoa(p.PID)), 0))
	freeze := filepath.Join(group, "cgroup.freeze")
	require.NoError(t, os.WriteFile(freeze, []byte("1"), 0))
	lab.Eventually(t, 5*time.Second, "it is frozen", func() bool {
		text, err := os.ReadFile(procPath(p.PID) + "/wchan")
		return err == nil && (string(text) == "do_freezer_trap" || string(text) == "get_signal")
	})
	refuses(t, p.ID, ErrFrozen)
	require.NoError(t, os.WriteFile(freeze, []byte("0"), 0))
	p.result(t)
}

func init() {
	// A namespace: PID 1 of it, whose child is a parent of zombies.
	roles["namespace"] = func() {
		command := exec.Command(os.Getenv("OPSKIT_INJECT_TEST_COUNT"), "5", "sleep", "4000")
		command.Stdout = os.Stdout
		if err := command.Run(); err != nil {
			fmt.Println(err)
		}
	}
}

func TestAParentInAnotherPIDNamespace(t *testing.T) {
	lab.Need(t, "root", "program:gcc")
	binary := cProgram(t, parentProgram)
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), roleVariable+"=namespace", "OPSKIT_INJECT_TEST_COUNT="+binary)
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID}
	p := start(t, 0, command)
	refuses(t, p.ID, ErrNamespaceInit)

	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", p.PID, p.PID))
	require.NoError(t, err)
	if len(text) == 0 { // forked by another thread
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", p.PID))
		require.NoError(t, err)
		for _, name := range threads {
			more, err := os.ReadFile(name)
			require.NoError(t, err)
			text = append(text, more...)
		}
	}
	var pid int
	_, err = fmt.Sscan(string(text), &pid)
	require.NoError(t, err)
	inner := &parent{ID: identity(t, pid), command: p.command, lines: p.lines}
	lab.Eventually(t, 5*time.Second, "the children are dead", func() bool { return len(inner.zombies(t)) == 5 })
	result, err := apply(t, Injector{Settle: -1}, inner, false, nil)
	require.NoError(t, err)
	assert.Len(t, result.Reaped, 5, "by the numbers that they have inside")
	assert.Empty(t, inner.zombies(t))
	value, _, took := inner.result(t)
	assert.Zero(t, value)
	assert.InDelta(t, 4, took.Seconds(), 0.5)
}

func TestSettleLeavesOutTheNewlyDead(t *testing.T) {
	lab.Need(t, "root", "program:gcc")
	p := cParent(t, 4, "late", time.Second)
	old := p.zombies(t)
	plan, err := Injector{Settle: 2 * time.Second}.Prepare(t.Context(), p.ID)
	require.NoError(t, err)
	assert.Equal(t, old, plan.Zombies)
	assert.Len(t, p.zombies(t), 5)
}
