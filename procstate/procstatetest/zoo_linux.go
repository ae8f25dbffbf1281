package procstatetest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// DeadLeader starts a process whose main thread has ended and whose others run
// on, and returns its PID. The package's TestMain must call [Actor].
func DeadLeader(tb testing.TB) (pid int) {
	tb.Helper()
	a := play(tb, "dead-leader", nil, true)
	awaitState(tb, a.pids[0], 'Z')
	return a.pids[0]
}

// TracedZombie starts a process that has ended, whose parent is not told because
// another traces it. The package's TestMain must call [Actor].
func TracedZombie(tb testing.TB) (zombie, parent, tracer int) {
	tb.Helper()
	tracee := play(tb, "wait", nil, false)
	zombie = tracee.cmd.Process.Pid
	tracer = play(tb, "trace "+strconv.Itoa(zombie), nil, true).pids[0]
	_ = tracee.stdin.Close()
	awaitState(tb, zombie, 'Z')
	return zombie, os.Getpid(), tracer
}

// StoppedParent starts a stopped parent with one zombie. The package's TestMain
// must call [Actor].
func StoppedParent(tb testing.TB) *Parent {
	tb.Helper()
	parent := parentIn(tb, "parent", nil)
	if err := syscall.Kill(parent.PID, syscall.SIGSTOP); err != nil {
		tb.Fatal(err)
	}
	awaitState(tb, parent.PID, 'T')
	return parent
}

// NamespaceInit starts a process that is PID 1 of a PID namespace and has one
// zombie there. It needs root. The package's TestMain must call [Actor].
func NamespaceInit(tb testing.TB) *Parent {
	tb.Helper()
	return parentIn(tb, "init", &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID})
}

func parentIn(tb testing.TB, role string, attr *syscall.SysProcAttr) *Parent {
	tb.Helper()
	a := play(tb, role, attr, true)
	parent := &Parent{PID: a.cmd.Process.Pid}
	await(tb, "there is a zombie", func() bool {
		parent.Zombies = childrenOf(parent.PID, 'Z')
		return len(parent.Zombies) == 1
	})
	return parent
}

// IgnoringParent starts a parent that ignores SIGCHLD and whose child has ended:
// there is no zombie. The package's TestMain must call [Actor].
func IgnoringParent(tb testing.TB) (pid int) {
	tb.Helper()
	a := play(tb, "ignore", nil, true)
	await(tb, "the child is gone", func() bool { return len(childrenOf(a.pids[0], 0)) == 0 })
	return a.pids[0]
}

// QuietZombie starts a parent with a zombie that was cloned to end without
// SIGCHLD. The package's TestMain must call [Actor].
func QuietZombie(tb testing.TB) *Parent {
	tb.Helper()
	a := play(tb, "quiet", nil, true)
	awaitState(tb, a.pids[0], 'Z')
	return &Parent{PID: a.cmd.Process.Pid, Zombies: a.pids}
}

// Named starts a process that calls itself anything, at most 15 bytes, and with
// dead set ends as a zombie of the test itself. The package's TestMain must call
// [Actor].
func Named(tb testing.TB, name string, dead bool) (pid int) {
	tb.Helper()
	a := play(tb, "named "+name, nil, true)
	if dead {
		_ = a.stdin.Close()
		awaitState(tb, a.pids[0], 'Z')
	}
	return a.pids[0]
}

// Vfork starts a process whose main thread is in state D because it waits, as
// after vfork(2), for a child that never calls exec. The package's TestMain must
// call [Actor].
func Vfork(tb testing.TB) (parent, child int) {
	tb.Helper()
	a := play(tb, "vfork", nil, false)
	parent = a.cmd.Process.Pid
	tb.Cleanup(func() {
		for _, pid := range childrenOf(parent, 0) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	})
	awaitState(tb, parent, 'D')
	await(tb, "there is a child", func() bool {
		children := childrenOf(parent, 0)
		if len(children) == 1 {
			child = children[0]
		}
		return child != 0
	})
	return parent, child
}

// FrozenWriter freezes the filesystem at a mount point, which must be one that
// was made for the test, and starts a process that writes to a file there: its
// main thread is in state D until the filesystem is thawed, which is done when
// the test ends, or before by the test itself. It needs root. The package's TestMain must call [Actor].
func FrozenWriter(tb testing.TB, mountPoint string) (pid int) {
	tb.Helper()
	const fifreeze, fithaw = 0xc0045877, 0xc0045878
	a := play(tb, "write "+filepath.Join(mountPoint, "opskit-writer"), nil, true)
	dir, err := unix.Open(mountPoint, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		tb.Fatal(err)
	}
	if err := unix.IoctlSetInt(dir, fifreeze, 0); err != nil {
		unix.Close(dir)
		tb.Fatalf("procstatetest: freeze: %v", err)
	}
	tb.Cleanup(func() {
		if err := unix.IoctlSetInt(dir, fithaw, 0); err != nil && err != unix.EINVAL { // thawed already
			tb.Errorf("procstatetest: STILL FROZEN: run fsfreeze --unfreeze %s: %v", mountPoint, err)
		}
		unix.Close(dir)
	})
	_ = a.stdin.Close()
	awaitState(tb, a.pids[0], 'D')
	return a.pids[0]
}

func awaitState(tb testing.TB, pid int, state byte) {
	tb.Helper()
	await(tb, fmt.Sprintf("%d is in state %c", pid, state), func() bool {
		now, _ := stateAndParent(pid)
		return now == state
	})
}

// stateAndParent reads two fields of a stat file.
func stateAndParent(pid int) (state byte, parent int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 2 {
		return 0, 0
	}
	parent, _ = strconv.Atoi(fields[1])
	return fields[0][0], parent
}

// childrenOf returns the children of a process, in one state or (0) in any.
func childrenOf(parent int, state byte) (children []int) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if now, ppid := stateAndParent(pid); ppid == parent && (state == 0 || state == now) {
			children = append(children, pid)
		}
	}
	return children
}
