package procstate

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"syscall"
)

// goneOr turns what a vanished process answers into ErrGone: ENOENT when its
// file is opened, ESRCH when it is read.
func goneOr(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("%w: %w", ErrGone, err)
	}
	return err
}

// readError is what reading a file of one process failed with.
func readError(op string, pid int, err error) error {
	return &Error{Op: op, Target: "pid " + strconv.Itoa(pid), Err: goneOr(err)}
}

// parsedStat parses a stat file that was read for pid.
func parsedStat(text []byte, pid int, p *Process) error {
	err := parseStat(text, p)
	if err == nil && p.PID != pid {
		err = malformed("stat", "it is about pid "+strconv.Itoa(p.PID))
	}
	if err != nil {
		*p = Process{}
		return &Error{Op: "read stat", Target: "pid " + strconv.Itoa(pid), Err: err}
	}
	return nil
}
