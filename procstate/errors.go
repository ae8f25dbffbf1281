package procstate

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"syscall"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/procstate/internal/procfile"
)

// Sentinels that the errors of this package match with errors.Is. A missing
// permission matches fs.ErrPermission, a reached deadline
// context.DeadlineExceeded, and a call that this system does not have
// errors.ErrUnsupported. The errors are of type [opskit.Error].
var (
	// ErrGone: the process has ended and been reaped.
	ErrGone = opskit.Sentinel("procstate_gone", "process is gone")
	// ErrReused: its PID now belongs to another process, which is left alone.
	ErrReused = opskit.Sentinel("procstate_reused", "pid belongs to another process now")
	// ErrRefused: this package never does that; the message says why.
	ErrRefused = opskit.Sentinel("procstate_refused", "refused")
	// ErrMalformed: a /proc file does not have the form that proc(5) gives it.
	ErrMalformed = procfile.ErrMalformed
)

// goneOr turns what a vanished process answers into ErrGone: ENOENT when its
// file is opened, ESRCH when it is read.
func goneOr(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("%w: %w", ErrGone, err)
	}
	return err
}

// failed is an error about a process.
func failed(op string, pid int, err error) error {
	return &opskit.Error{Op: op, Target: "pid " + strconv.Itoa(pid), Err: err}
}

// readError is what reading a file of one process failed with.
func readError(op string, pid int, err error) error { return failed(op, pid, goneOr(err)) }

// parsedStat parses a stat file that was read for pid.
func parsedStat(text []byte, pid int, p *Process) error {
	err := parseStat(text, p)
	if err == nil && p.PID != pid {
		err = procfile.Malformed("stat", "it is about pid "+strconv.Itoa(p.PID))
	}
	if err != nil {
		*p = Process{}
		return failed("read stat", pid, err)
	}
	return nil
}

func refused(op, target, why string) error {
	return &opskit.Error{Op: op, Target: target, Err: fmt.Errorf("%w: %s", ErrRefused, why)}
}
