//go:build linux && !opskit_portable

package reaper

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/procstate/internal/procfile"

	"github.com/opskit-go/opskit"
)

func (r Reaper) check() error {
	if err := canTell(); err != nil {
		return err
	}
	if r.Subreaper {
		return nil
	}
	adopts, err := subreaper()
	if err != nil {
		return &opskit.Error{Op: "ask whether this process is a subreaper", Err: err}
	}
	if !adopts && os.Getpid() != 1 {
		return &opskit.Error{Op: "reap orphans", Err: ErrNotAdopter}
	}
	return nil
}

// canTell returns nil where a child of os/exec can be told from an orphan.
func canTell() error {
	pid := os.Getpid()
	// A /proc of another PID namespace has other numbers.
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return &opskit.Error{Op: "read own status", Err: errors.Join(ErrNoProc, err)}
	}
	if numbers, err := procfile.Numbers(text, "NSpid"); err != nil || len(numbers) != 1 || numbers[0] != pid {
		return &opskit.Error{Op: "read own status", Err: fmt.Errorf("%w: it is of another PID namespace", ErrNoProc)}
	}
	if _, err := os.ReadFile("/proc/self/task/" + strconv.Itoa(pid) + "/children"); err != nil {
		return &opskit.Error{Op: "list children (CONFIG_PROC_CHILDREN)", Err: errors.Join(ErrNoProc, err)}
	}
	if err := osHoldsPidfds(pid); err != nil {
		return &opskit.Error{Op: "ask os for a process handle", Err: errors.Join(ErrNoPidfd, err)}
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return &opskit.Error{Op: "open a pidfd", Err: errors.Join(ErrNoPidfd, err)}
	}
	defer unix.Close(fd)
	// This process is not its own child: ECHILD is the answer of a kernel that
	// knows P_PIDFD.
	if _, err := waitid(unix.P_PIDFD, fd, peek, nil); err != unix.ECHILD {
		return &opskit.Error{Op: "wait by pidfd", Err: errors.Join(ErrNoPidfd, err)}
	}
	if _, err := owned(pinned{fd: pid}); err != nil {
		return &opskit.Error{Op: "read own descriptors", Err: errors.Join(ErrNoProc, err)}
	}
	return nil
}

// osHoldsPidfds asks package os for its own decision. It takes it once, when
// the first process is started or looked up, and falls back to PIDs for the
// life of the program after any failure then, be it a full descriptor table:
// that the kernel has pidfds says nothing.
func osHoldsPidfds(pid int) error {
	process, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	defer func() { _ = process.Release() }()
	return process.WithHandle(func(uintptr) {})
}

func subreaper() (bool, error) {
	var set int32
	_, _, errno := unix.RawSyscall(unix.SYS_PRCTL, unix.PR_GET_CHILD_SUBREAPER, uintptr(unsafe.Pointer(&set)), 0)
	if errno != 0 {
		return false, errno
	}
	return set != 0, nil
}

func setSubreaper(on bool) error {
	var flag uintptr
	if on {
		flag = 1
	}
	return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, flag, 0, 0, 0)
}
