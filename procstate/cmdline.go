package procstate

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
)

// CommandLine returns the arguments of a process, which no other call of this
// package reads: reading them waits for the process's memory lock, and a process
// that is stuck may hold that forever. The file is therefore read by a child
// process, cat(1), which is killed when ctx is done, or after a second if ctx
// has no deadline: the error then matches context.DeadlineExceeded.
//
// A process in state D is not asked at all (ErrRefused). A zombie and a kernel
// thread have no arguments. The arguments are whatever the process has put
// there, and not safe for a terminal.
func (s *Scanner) CommandLine(ctx context.Context, id ID) ([]string, error) {
	r, err := s.root()
	if err != nil {
		return nil, err
	}
	defer r.close()
	fail := func(err error) ([]string, error) {
		return nil, &opskit.Error{Op: "read command line", Target: "pid " + strconv.Itoa(id.PID), Err: err}
	}
	var p Process
	if err := r.stat(id.PID, &p); err != nil {
		return nil, err
	}
	switch {
	case p.Start != id.Start:
		return fail(ErrReused)
	case p.State.Uninterruptible():
		return fail(fmt.Errorf("%w: it is in uninterruptible sleep and may hold its memory lock", ErrRefused))
	case p.State.Zombie() && p.Threads <= 1 || p.Kernel():
		return nil, nil
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Second)
		defer cancel()
	}
	text, err := exec.CommandContext(ctx, "cat", filepath.Join(r.path, strconv.Itoa(id.PID), "cmdline")).Output()
	if ctx.Err() != nil {
		return fail(ctx.Err())
	}
	if err != nil {
		return fail(err)
	}
	// The identity again: the file may have been that of a successor.
	if err := r.stat(id.PID, &p); err != nil {
		return nil, err
	}
	if p.Start != id.Start {
		return fail(ErrReused)
	}
	if len(text) == 0 {
		return nil, nil
	}
	return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00"), nil
}
