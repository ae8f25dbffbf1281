//go:build linux && !opskit_portable

package reaper_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate/reaper"
	"github.com/opskit-go/opskit/procstate/reaper/reapertest"

	"github.com/opskit-go/opskit"
)

func init() {
	if os.Getenv(roleVariable) != "" {
		runtime.LockOSThread() // roles are played by the first thread
	}
	roles["commands of the first thread"] = firstThread
	roles["no pidfd_open"] = func() string { return refuses(reaper.ErrNoPidfd, unix.SYS_PIDFD_OPEN) }
	roles["no waitid"] = func() string { return refuses(reaper.ErrNoPidfd, unix.SYS_WAITID) }
	roles["no pidfd_send_signal"] = func() string { return refuses(reaper.ErrNoPidfd, unix.SYS_PIDFD_SEND_SIGNAL) }
	roles["os looked when descriptors were exhausted"] = exhausted
	roles["pidfd_open refused later"] = refusedLater
	roles["proc of another pid namespace"] = func() string { return refused(reaper.ErrNoProc) }
	roles["pid 1"] = first
}

// refused returns "" if Run refuses for the reason given, reaps nothing, and
// leaves os/exec to work.
func refused(reason error) string {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return err.Error()
	}
	if err := (reaper.Reaper{}).Check(); !errors.Is(err, reason) {
		return fmt.Sprintf("Check: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	report, err := reaper.Reaper{Grace: -1}.Run(ctx)
	if !errors.Is(err, reason) || report.Reaped != 0 || ctx.Err() != nil {
		return fmt.Sprintf("Run: %v, %v", report, err)
	}
	if tally, err := (reapertest.Storm{Commands: 20}).Run(ctx); err != nil || tally.Right != 20 {
		return fmt.Sprintf("commands: %v, %v", tally, err)
	}
	return ""
}

func refuses(reason error, calls ...uint32) string {
	if err := answerENOSYS(calls...); err != nil {
		return "seccomp: " + err.Error()
	}
	return refused(reason)
}

// answerENOSYS makes system calls fail as in a kernel that lacks them, in every
// thread of this process.
func answerENOSYS(calls ...uint32) error {
	filter := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}}
	for i, call := range calls {
		filter = append(filter, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: uint8(len(calls) - i), K: call})
	}
	filter = append(
		filter,
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
	)
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(filter)
	if errno != 0 {
		return errno
	}
	return nil
}

// exhausted makes package os decide against pidfds although the kernel has
// them: its one attempt finds the descriptor table full.
func exhausted() string {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err.Error()
	}
	full := limit
	full.Cur = 0
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &full); err != nil {
		return err.Error()
	}
	_, _ = os.FindProcess(os.Getpid())
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err.Error()
	}
	if fd, err := unix.PidfdOpen(os.Getpid(), 0); err != nil {
		return "the kernel itself must have pidfds: " + err.Error()
	} else {
		unix.Close(fd)
	}
	return refused(reaper.ErrNoPidfd)
}

// refusedLater takes pidfd_open away from a Run at work.
func refusedLater() string {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	left := make(chan reaper.Left, 1)
	done := make(chan reaper.Report, 1)
	go func() {
		report, err := reaper.Reaper{Subreaper: true, OnLeft: func(l reaper.Left) { left <- l }}.Run(ctx)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		done <- report
	}()
	for !isSubreaper() {
		<-time.After(time.Millisecond)
	}
	if err := answerENOSYS(unix.SYS_PIDFD_OPEN); err != nil {
		return err.Error()
	}
	if tally, err := (reapertest.Storm{Commands: 1}).Run(ctx); err != nil || tally.Right != 1 {
		return fmt.Sprintf("commands: %v, %v", tally, err)
	}
	got := <-left
	if got.Reason != reaper.ReasonUnknown || got.Err.IsZero() {
		return "left: " + got.String()
	}
	cancel()
	if report := <-done; report.Reaped != 0 || report.Blind == 0 || report.Err.IsZero() {
		return "report: " + report.String()
	}
	return ""
}

// first is PID 1 of a namespace with the zero value of Reaper.
func first() string {
	if os.Getpid() != 1 {
		return fmt.Sprintf("pid %d", os.Getpid())
	}
	if err := errors.Join(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""), unix.Mount("proc", "/proc", "proc", 0, "")); err != nil {
		return err.Error()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	done := make(chan reaper.Report, 1)
	var failed error
	go func() {
		var report reaper.Report
		report, failed = reaper.Reaper{}.Run(ctx)
		done <- report
	}()
	tally, err := reapertest.Storm{Commands: 50}.Run(ctx)
	if err != nil || tally.Right != 50 {
		return fmt.Sprintf("commands: %v, %v", tally, err)
	}
	for {
		dead, err := reapertest.Zombies()
		if err != nil || ctx.Err() != nil {
			return fmt.Sprintf("zombies %v, %v", dead, err)
		}
		if len(dead) == 0 {
			break
		}
		<-time.After(time.Millisecond)
	}
	cancel()
	if report := <-done; failed != nil || report.Reaped < 100 || len(report.Left) > 0 {
		return fmt.Sprintf("report: %v, %v", report, failed)
	}
	return ""
}

// firstThread forks where the kernel puts orphans too, so that nothing but its
// pidfd protects a command.
func firstThread() string {
	if unix.Gettid() != os.Getpid() {
		return "not the first thread"
	}
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	done := make(chan reaper.Report, 1)
	go func() {
		report, err := reaper.Reaper{Subreaper: true, Grace: -1, Interval: time.Millisecond}.Run(ctx)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		done <- report
	}()
	for code := range 100 {
		command := exec.Command("/bin/sh", "-c", fmt.Sprintf("exit %d", code))
		if err := command.Start(); err != nil {
			return err.Error()
		}
		<-time.After(3 * time.Millisecond) // it is dead, and has been looked at
		_ = command.Wait()
		if command.ProcessState.ExitCode() != code {
			return fmt.Sprintf("command %d: %v", code, command.ProcessState)
		}
	}
	cancel()
	if report := <-done; report.Reaped != 0 {
		return "report: " + report.String()
	}
	return ""
}

// play runs a role in a process of its own.
func play(t *testing.T, role string, attributes *syscall.SysProcAttr) {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), roleVariable+"="+role)
	command.SysProcAttr = attributes
	output, err := command.CombinedOutput()
	require.NoError(t, err, "%s: %s", role, strings.TrimSpace(string(output)))
}

func TestFailsClosed(t *testing.T) {
	for _, role := range []string{
		"no pidfd_open", "no waitid", "no pidfd_send_signal",
		"os looked when descriptors were exhausted", "pidfd_open refused later",
	} {
		t.Run(role, func(t *testing.T) { play(t, role, nil) })
	}
}

func TestOnlyThePidfdProtectsACommandOfTheFirstThread(t *testing.T) {
	play(t, "commands of the first thread", nil)
}

func TestRefusesTheProcOfAnotherNamespace(t *testing.T) {
	lab.Need(t, "root")
	play(t, "proc of another pid namespace", &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID})
}

func TestZeroValueAsInit(t *testing.T) {
	lab.Need(t, "root")
	play(t, "pid 1", &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS})
}

func TestRefusesWhereNoOrphanComes(t *testing.T) {
	_, err := reaper.Reaper{}.Run(t.Context())
	require.ErrorIs(t, err, reaper.ErrNotAdopter)
	var typed *opskit.Error
	require.ErrorAs(t, err, &typed)
	assert.NoError(t, reaper.Reaper{Subreaper: true}.Check())
	assert.False(t, isSubreaper(), "Check changes nothing")
}
