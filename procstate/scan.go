package procstate

import (
	"context"
	"errors"
	"iter"
	"time"
)

// Scanner looks at the processes of a host. The zero value reads /proc and is
// ready; it holds no state, so that it is safe for concurrent use.
type Scanner struct {
	// Root is where procfs is mounted, such as "/host/proc". Empty means "/proc".
	Root string
	// Settle is the time between the two looks that tell a stuck process from one
	// that is being reaped at this moment. 0 means one second, less means that
	// there is only one look.
	Settle time.Duration
}

// defaultSettle is longer than a healthy parent leaves an ended child, also on
// a busy host.
const defaultSettle = time.Second

func (s *Scanner) root() (*root, error) {
	path := s.Root
	if path == "" {
		if err := haveProc(); err != nil {
			return nil, &Error{Op: "open", Target: "/proc", Err: err}
		}
		path = "/proc"
	}
	return openRoot(path)
}

func (s *Scanner) settle() time.Duration {
	if s.Settle == 0 {
		return defaultSettle
	}
	return max(s.Settle, 0)
}

// Processes yields every process of the host, in no order, and allocates
// nothing per process. A process that could not be read is yielded as its ID
// with an error, and the walk goes on; one that ended meanwhile is left out. An
// error with PID 0 ends the walk: /proc itself could not be read, or ctx is
// done.
//
// The walk is no snapshot: a process that is born during it may be missed, and
// one that is adopted meanwhile may still name its old parent.
func (s *Scanner) Processes(ctx context.Context) iter.Seq2[Process, error] {
	return func(yield func(Process, error) bool) {
		r, err := s.root()
		if err != nil {
			yield(Process{}, err)
			return
		}
		defer r.close()
		if err := r.processes(ctx, yield); err != nil {
			yield(Process{}, err)
		}
	}
}

// processes walks over all processes. It returns why the walk ended early, but
// nil if yield ended it.
func (r *root) processes(ctx context.Context, yield func(Process, error) bool) error {
	var p Process
	var stopped error
	seen := 0
	err := r.eachPID(func(pid int) bool {
		// Asking the context for every process would cost more than it is worth.
		if seen++; seen%256 == 0 {
			if stopped = ctx.Err(); stopped != nil {
				return false
			}
		}
		err := r.stat(pid, &p)
		switch {
		case err == nil:
			return yield(p, nil)
		case errors.Is(err, ErrGone):
			return true
		}
		return yield(Process{ID: ID{PID: pid}}, err)
	})
	if stopped != nil {
		return &Error{Op: "list", Target: r.path, Err: stopped}
	}
	return err
}
