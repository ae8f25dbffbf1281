package procstatetest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// roleVariable tells a test binary that it is to be one of the zoo's processes.
const roleVariable = "OPSKIT_PROCSTATETEST_ROLE"

// Actor must be called first in the TestMain of a package that uses the zoo of
// this package: [DeadLeader] and the others run the test binary again as the
// process that they make, and in that run Actor does not return. It does nothing
// in the test itself.
func Actor() {
	role, argument, _ := strings.Cut(os.Getenv(roleVariable), " ")
	if role == "" {
		return
	}
	if err := act(role, argument); err != nil {
		fmt.Fprintf(os.Stderr, "procstatetest: %s: %v\n", role, err)
		exit(1)
	}
	exit(0)
}

// exit ends an actor, which is a process of its own and never the test, without
// the race detector's last words: they take a second, and do not end at all in
// a PID namespace whose /proc is another's.
func exit(code int) {
	_, _, _ = syscall.RawSyscall(syscall.SYS_EXIT_GROUP, uintptr(code), 0, 0)
}

// environment is that of an actor, without the role of the one that starts it:
// of two values the first would count, and a parent's child would be a parent
// again, for ever. A signal of Go's own preemption would stop an actor that is
// traced.
func environment(role string) []string {
	own := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, roleVariable+"=") })
	return append(own, roleVariable+"="+role, "GODEBUG=asyncpreemptoff=1")
}

// ready tells the test which processes there are now.
func ready(pids ...int) { fmt.Fprintln(os.Stdout, strings.Trim(fmt.Sprint(pids), "[]")) }

// untilToldTo waits for the end of the standard input, which is the test's to
// close, and which also comes when the test is killed.
func untilToldTo() { _, _ = io.Copy(io.Discard, os.Stdin) }

func act(role, argument string) error {
	switch role {
	case "exit":
		exit(9)
	case "wait":
		untilToldTo()
		exit(5)
	case "named":
		// The zero byte makes an empty name possible.
		if err := os.WriteFile("/proc/self/comm", append([]byte(argument), 0), 0); err != nil {
			return err
		}
		ready(os.Getpid())
		untilToldTo()
		exit(7)
	case "parent", "init":
		pid, err := startSelf("exit", nil)
		if err != nil {
			return err
		}
		ready(pid)
		untilToldTo()
	case "ignore":
		signal.Ignore(syscall.SIGCHLD)
		if _, err := startSelf("exit", nil); err != nil {
			return err
		}
		ready(os.Getpid())
		untilToldTo()
	case "dead-leader":
		ready(os.Getpid())
		onMainThread(func() { _, _, _ = syscall.RawSyscall(syscall.SYS_EXIT, 3, 0, 0) })
		untilToldTo()
	case "quiet":
		pid := cloneAndExit()
		ready(pid)
		untilToldTo()
	case "vfork":
		onMainThread(func() {
			// Only now that the main thread is taken: reading would take it.
			reading := make(chan struct{})
			go func() {
				close(reading)
				untilToldTo()
				exit(0)
			}()
			<-reading
			vforkAndPause()
		})
	case "trace":
		pid, err := strconv.Atoi(argument)
		if err != nil {
			return err
		}
		runtime.LockOSThread()
		if _, _, errno := syscall.RawSyscall6(syscall.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(pid), 0, 0, 0, 0); errno != 0 {
			return errno
		}
		ready(os.Getpid())
		untilToldTo()
	case "write":
		file, err := os.OpenFile(argument, os.O_WRONLY|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		ready(os.Getpid())
		untilToldTo() // the filesystem is frozen by now
		onMainThread(func() {
			one := [1]byte{'x'}
			_, _, _ = syscall.RawSyscall(syscall.SYS_WRITE, file.Fd(), uintptr(unsafe.Pointer(&one[0])), 1)
		})
	default:
		return fmt.Errorf("unknown role")
	}
	return nil
}

// onMainThread runs f on the process's main thread, whose state is that of the
// process in /proc.
func onMainThread(f func()) {
	done := make(chan struct{})
	for {
		landed := make(chan bool)
		go func() {
			runtime.LockOSThread()
			if unix.Gettid() != os.Getpid() {
				landed <- false
				<-done // keeps this thread, so that the next goroutine gets another
				return
			}
			landed <- true
			f()
			close(done)
		}()
		if <-landed {
			<-done
			return
		}
	}
}

// cloneAndExit forks a child that ends without SIGCHLD. In the child only
// system calls may be made.
//
//go:norace
//go:nosplit
func cloneAndExit() int {
	pid, _, _ := syscall.RawSyscall6(syscall.SYS_CLONE, 0, 0, 0, 0, 0, 0)
	if pid == 0 {
		for {
			_, _, _ = syscall.RawSyscall(syscall.SYS_EXIT, 4, 0, 0)
		}
	}
	return int(pid)
}

// vforkAndPause forks a child that never calls exec, for which this thread
// waits as vfork(2) does. The test finds the child among the children.
//
//go:norace
//go:nosplit
func vforkAndPause() {
	pid, _, _ := syscall.RawSyscall6(syscall.SYS_CLONE, syscall.CLONE_VFORK|uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	if pid == 0 {
		for {
			_, _, _ = syscall.RawSyscall6(syscall.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
		}
	}
}

// startSelf starts this binary in a role, without waiting for it ever.
func startSelf(role string, attr *syscall.SysProcAttr) (pid int, err error) {
	process, err := os.StartProcess("/proc/self/exe", os.Args[:1], &os.ProcAttr{
		Env: environment(role), Sys: attr,
	})
	if err != nil {
		return 0, err
	}
	return process.Pid, nil
}

// actor is a started process of the zoo.
type actor struct {
	cmd   *exec.Cmd
	stdin io.Closer
	pids  []int // what it said when it was ready
}

// play starts this binary in a role and waits until it is ready, if it says so.
// It is killed when the test ends.
func play(tb testing.TB, role string, attr *syscall.SysProcAttr, says bool) *actor {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = environment(role)
	cmd.Stderr, cmd.SysProcAttr = os.Stderr, attr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	a := &actor{cmd: cmd, stdin: stdin}
	tb.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed, which is no failure here
	})
	if !says {
		return a
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		tb.Fatalf("procstatetest: %s said nothing: %v (does TestMain call procstatetest.Actor?)", role, err)
	}
	for field := range strings.FieldsSeq(line) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			tb.Fatalf("procstatetest: %s said %q", role, line)
		}
		a.pids = append(a.pids, pid)
	}
	return a
}
