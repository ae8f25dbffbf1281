//go:build linux && !opskit_portable

package reaper_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate/reaper"

	"github.com/opskit-go/opskit/procstate"
)

// watched is a Reaper that records what it does.
type watched struct {
	mu     sync.Mutex
	reaped map[int]reaper.Reaped
	left   map[int][]reaper.Left
}

func watch(t *testing.T, keep func(int) bool) (*watched, func() reaper.Report) {
	w := &watched{reaped: map[int]reaper.Reaped{}, left: map[int][]reaper.Left{}}
	end := running(t, reaper.Reaper{
		Subreaper: true, Grace: -1, Interval: 10 * time.Millisecond, Keep: keep,
		OnReap: func(r reaper.Reaped) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.reaped[r.PID] = r
		},
		OnLeft: func(l reaper.Left) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.left[l.PID] = append(w.left[l.PID], l)
		},
	})
	lab.Eventually(t, 5*time.Second, "the process is a subreaper", isSubreaper)
	return w, end
}

func (w *watched) wait(t *testing.T, pid int, reason reaper.Reason) reaper.Left {
	t.Helper()
	var got reaper.Left
	lab.Eventually(t, 5*time.Second, fmt.Sprintf("pid %d is left: %v", pid, reason), func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, got = range w.left[pid] {
			if got.Reason == reason {
				return true
			}
		}
		return false
	})
	return got
}

// orphan runs a script in the background of a shell that exits at once, and
// returns its PID.
func orphan(t *testing.T, script string) int {
	t.Helper()
	// It waits for the end of its parent, which may otherwise wait for it.
	gate, open, err := os.Pipe()
	require.NoError(t, err)
	defer gate.Close()
	defer open.Close()
	command := exec.CommandContext(t.Context(), "sh", "-c", "sh -c 'read _ <&3; exec 3<&-; "+script+"' >/dev/null 2>&1 & echo $!")
	command.ExtraFiles = []*os.File{gate}
	output, err := command.Output()
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(output)))
	require.NoError(t, err)
	return pid
}

func TestReportsHowEachOrphanEnded(t *testing.T) {
	w, end := watch(t, nil)
	want := map[int]procstate.ExitStatus{
		orphan(t, "exit 7"):                                                     {Code: 7},
		orphan(t, "ulimit -c 0; kill -KILL $$"):                                 {Code: -1, Signal: 9},
		orphan(t, "ulimit -c 0; kill -TERM $$; true"):                           {Code: -1, Signal: 15},
		orphan(t, "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; exit 255"): {Code: 255},
	}
	lab.Eventually(t, 10*time.Second, "all orphans are reaped", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.reaped) == len(want)
	})
	for pid, status := range want {
		got := w.reaped[pid]
		assert.Equal(t, status, got.Status)
		assert.Equal(t, uint32(syscall.Getuid()), got.UID)
		assert.Positive(t, got.Usage.MaxRSS)
		assert.Equal(t, time.UTC, got.At.Location())
		if status.Code == 255 {
			assert.Positive(t, got.Usage.User+got.Usage.System, "it counted to 30000")
		}
	}
	assert.Equal(t, len(want), end().Reaped)
	assert.False(t, isSubreaper(), "Run restores the attribute")
}

func TestNeverTakesAChildOfExec(t *testing.T) {
	w, end := watch(t, nil)
	command := exec.CommandContext(t.Context(), "sh", "-c", "exit 42")
	require.NoError(t, command.Start())
	pid := command.Process.Pid
	left := w.wait(t, pid, reaper.ReasonOwned)
	assert.GreaterOrEqual(t, left.FD, 0)
	require.NoError(t, command.Process.Signal(syscall.Signal(0)), "the descriptor named is that of os: the process is still there")
	// Many more looks make no difference, nor is it reported again.
	other := orphan(t, "exit 1")
	lab.Eventually(t, 5*time.Second, "a later orphan is reaped", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		_, ok := w.reaped[other]
		return ok
	})
	report := end()
	assert.Equal(t, []reaper.Left{left}, report.Left)
	assert.Len(t, w.left[pid], 1)
	_ = command.Wait()
	assert.Equal(t, 42, command.ProcessState.ExitCode())
}

func TestLeavesAChildForkedByAnotherThread(t *testing.T) {
	w, _ := watch(t, nil)
	forked := make(chan int)
	var group sync.WaitGroup
	group.Go(func() { forked <- forkOffFirstThread(t) })
	pid := <-forked
	group.Wait()
	w.wait(t, pid, reaper.ReasonForked)
	var status syscall.WaitStatus
	got, err := syscall.Wait4(pid, &status, 0, nil)
	require.NoError(t, err)
	assert.Equal(t, pid, got)
	assert.Equal(t, 5, status.ExitStatus())
}

// forkOffFirstThread starts a child without a pidfd, on a thread that is not
// the first.
func forkOffFirstThread(t *testing.T) int {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if unix.Gettid() == unix.Getpid() {
		elsewhere := make(chan int)
		go func() { elsewhere <- forkOffFirstThread(t) }()
		return <-elsewhere
	}
	pid, err := syscall.ForkExec("/bin/sh", []string{"sh", "-c", "exit 5"}, nil)
	assert.NoError(t, err)
	return pid
}

func TestKeepIsAskedAfterTheChildDied(t *testing.T) {
	var mu sync.Mutex
	kept := map[int]bool{}
	w, _ := watch(t, func(pid int) bool {
		mu.Lock()
		defer mu.Unlock()
		return kept[pid]
	})
	mu.Lock() // as a program does around its own fork
	pid := orphan(t, "exit 9")
	kept[pid] = true
	mu.Unlock()
	w.wait(t, pid, reaper.ReasonKept)
	mu.Lock()
	delete(kept, pid)
	mu.Unlock()
	lab.Eventually(t, 5*time.Second, "a child no longer kept is reaped", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.reaped[pid].Status.Code == 9
	})
}

func TestLeavesAChildOfAnotherExitSignal(t *testing.T) {
	w, _ := watch(t, nil)
	// clone without CLONE_VM and with exit signal 0: the child only exits.
	pid, _, errno := syscall.RawSyscall6(syscall.SYS_CLONE, 0, 0, 0, 0, 0, 0)
	if pid == 0 && errno == 0 {
		for {
			syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 6, 0, 0)
		}
	}
	require.Zero(t, errno)
	lab.Eventually(t, 5*time.Second, "the child is judged", func() bool { // no SIGCHLD comes
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.left[int(pid)]) > 0
	})
	assert.Equal(t, reaper.ReasonCloned, w.left[int(pid)][0].Reason)
	var status unix.WaitStatus
	got, err := unix.Wait4(int(pid), &status, unix.WALL, nil)
	require.NoError(t, err)
	assert.Equal(t, int(pid), got)
	assert.Equal(t, 6, status.ExitStatus())
}

func TestLeavesAnOrphanThatThisProcessTraces(t *testing.T) {
	w, _ := watch(t, nil)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pid := orphan(t, "sleep 60")
	if err := unix.PtraceSeize(pid); err == unix.EPERM {
		t.Skip("ptrace is not allowed here")
	} else {
		require.NoError(t, err)
	}
	// A stop is no death, although the kernel reports it to whoever asks for one.
	require.NoError(t, unix.PtraceInterrupt(pid))
	var status unix.WaitStatus
	lab.Eventually(t, 5*time.Second, "it has stopped", func() bool {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err == nil && strings.Contains(string(text), ") t ")
	})
	other := orphan(t, "exit 1")
	lab.Eventually(t, 5*time.Second, "the reaper has looked", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		_, ok := w.reaped[other]
		return ok
	})
	w.mu.Lock()
	assert.NotContains(t, w.left, pid)
	w.mu.Unlock()
	require.NoError(t, unix.Kill(pid, unix.SIGKILL))
	w.wait(t, pid, reaper.ReasonTraced)
	lab.Eventually(t, 5*time.Second, "its end is reported", func() bool {
		got, err := unix.Wait4(pid, &status, unix.WALL|unix.WNOHANG, nil)
		return err == nil && got == pid && status.Signaled()
	})
	assert.Equal(t, unix.SIGKILL, status.Signal())
}

func TestADescriptorTableOfAThreadsOwn(t *testing.T) {
	w, _ := watch(t, nil)
	started := make(chan *exec.Cmd)
	judged := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		runtime.LockOSThread() // never unlocked: the thread ends with its table
		command := exec.Command("/bin/sh", "-c", "exit 11")
		if !assert.NoError(t, unix.Unshare(unix.CLONE_FILES)) || !assert.NoError(t, command.Start()) {
			close(started)
			return
		}
		started <- command
		<-judged
		_ = command.Wait()
		assert.Equal(t, 11, command.ProcessState.ExitCode())
	})
	command, ok := <-started
	require.True(t, ok)
	// It is seen dead by now, and would be Forked or reaped, were the pidfd in
	// the other table overlooked.
	w.wait(t, command.Process.Pid, reaper.ReasonOwned)
	close(judged)
	group.Wait()
}

func TestEndOfContextEndsRun(t *testing.T) {
	end := running(t, reaper.Reaper{Subreaper: true, Interval: time.Hour})
	began := time.Now()
	end()
	assert.Less(t, time.Since(began), 5*time.Second)
}
