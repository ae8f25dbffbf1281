//go:build linux && !opskit_portable

package procstate

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit"
)

// pollBatch is how many pidfds are held at once: zombies come in tens of
// thousands, file descriptors do not. Where even so many are not to be had
// (RLIMIT_NOFILE), a batch is halved until one is.
const pollBatch = 256

// verify waits until the plan's zombies have been reaped, for at most so long
// (0: as long as ctx allows), and sorts them into Reaped and Left. Zombies that
// are left are no error, nor is the end of ctx.
func (a *applier) verify(ctx context.Context, within time.Duration) error {
	deadline, _ := ctx.Deadline()
	if within > 0 {
		if sooner := time.Now().Add(within); sooner.Before(deadline) {
			deadline = sooner
		}
	}
	still := make(map[ID]bool)
	batch := pollBatch
	for pending := a.outcome.Left; len(pending) > 0; {
		n := min(len(pending), batch)
		left, err := a.waitReaped(ctx, pending[:n], deadline)
		if n > 1 && (errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE)) {
			batch = n / 2
			continue
		}
		if err != nil {
			return err
		}
		for _, id := range left {
			still[id] = true
		}
		pending = pending[n:]
	}
	var left []ID
	for _, id := range a.outcome.Left {
		if still[id] {
			left = append(left, id)
		} else {
			a.outcome.Reaped = append(a.outcome.Reaped, id)
		}
	}
	a.outcome.Left = left
	return nil
}

// waitReaped waits for one batch and returns who is still there.
func (a *applier) waitReaped(ctx context.Context, ids []ID, deadline time.Time) ([]ID, error) {
	held := make([]ID, 0, len(ids))
	var fds []unix.PollFd
	defer func() {
		for _, fd := range fds {
			unix.Close(int(fd.Fd))
		}
	}()
	for _, id := range ids {
		fd, err := unix.PidfdOpen(id.PID, 0)
		if errors.Is(err, unix.ESRCH) {
			continue
		}
		if err != nil {
			return nil, readError("verify", id.PID, err)
		}
		held = append(held, id)
		fds = append(fds, unix.PollFd{Fd: int32(fd)}) // POLLHUP alone: reaped (Linux 6.9)
	}
	// The pidfds are open: whoever has the PIDs now has them to the end.
	known := identities{ids: held, same: make([]bool, len(held))}
	b := a.root.batch(&known)
	for _, id := range held {
		b.add(wanted{pid: id.PID})
	}
	b.flush()
	b.end()
	if known.err != nil {
		return nil, known.err
	}
	for i := len(held) - 1; i >= 0; i-- {
		if !known.same[i] {
			unix.Close(int(fds[i].Fd))
			held, fds = slices.Delete(held, i, i+1), slices.Delete(fds, i, i+1)
		}
	}
	for {
		for i := len(held) - 1; i >= 0; i-- {
			// Before Linux 6.9 poll does not tell a reaped process from a zombie, but a
			// signal to one that is gone fails.
			if fds[i].Revents&unix.POLLHUP != 0 || errors.Is(unix.PidfdSendSignal(int(fds[i].Fd), 0, nil, 0), unix.ESRCH) {
				unix.Close(int(fds[i].Fd))
				last := len(held) - 1
				held[i], fds[i] = held[last], fds[last]
				held, fds = held[:last], fds[:last]
			}
		}
		rest := time.Until(deadline)
		if len(held) == 0 || rest <= 0 || ctx.Err() != nil {
			return held, nil
		}
		// A short wait: ctx can be cancelled, and old kernels do not wake the poll.
		wait := min(rest, 20*time.Millisecond)
		if _, err := unix.Poll(fds, int(wait.Milliseconds())+1); err != nil && err != unix.EINTR {
			return nil, &opskit.Error{Op: "verify", Err: err}
		}
	}
}

// identities tells which processes still are who they were.
type identities struct {
	ids  []ID
	same []bool
	next int
	err  error
}

func (k *identities) take(_ wanted, now *Process, err error) bool {
	i := k.next
	k.next++
	switch {
	case err == nil:
		k.same[i] = now.ID == k.ids[i]
	case !errors.Is(err, ErrGone) && !heldBack(err): // a zombie executes nothing
		k.err = err
	}
	return true
}
