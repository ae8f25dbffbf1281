package procstate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"sync/atomic"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/procstate/internal/held"
	"github.com/opskit-go/opskit/procstate/internal/taskiter"
)

// Scanner looks at the processes of a host. The zero value reads /proc and is
// ready. It is safe for concurrent use, and must not be copied after its first
// use.
type Scanner struct {
	// Source is where the processes are listed from. The zero value is [SourceProcFS].
	Source Source
	// Root is where procfs is mounted, such as "/host/proc". Empty means "/proc".
	Root string
	// Settle is the time between the two looks that tell a stuck process from one
	// that is being reaped at this moment. 0 means one second, less means that
	// there is only one look.
	Settle time.Duration
	// Patience is how long a zombie must have been dead before its parent, if that can
	// run, is said not to reap: one that is slow reaps in less. 0 means a minute, a
	// negative value that Settle is enough.
	Patience time.Duration

	bpf iterators

	room atomic.Pointer[headroom]
	free atomic.Bool // no thread was left behind when last looked: see package held
}

// headroom is whether a thread can be started, which is looked at once a second.
type headroom struct {
	at    time.Time
	tight string
}

// Close releases what the BPF source holds in the kernel between scans; the next
// scan loads it again. With the ProcFS source it does nothing.
func (s *Scanner) Close() error { return s.bpf.close() }

// Choose returns the source that a scan uses now, loading it if need be, and if
// that is not the one which was asked for, why.
func (s *Scanner) Choose() (used Source, why string) {
	it, why := s.choose(false)
	if it != nil {
		return SourceBPF, ""
	}
	return SourceProcFS, why
}

// defaultSettle is longer than a healthy parent leaves an ended child, also on
// a busy host.
const defaultSettle = time.Second

func (s *Scanner) root() (*root, error) {
	if s.Root != "" {
		r, err := openRoot(s.Root)
		return s.know(r), err
	}
	r, err := openRoot("/proc")
	if errors.Is(err, fs.ErrNotExist) {
		err = &opskit.Error{Op: "open", Target: "/proc", Err: errors.ErrUnsupported}
	}
	return s.know(r), err
}

// know tells a root what threads were left behind. Looking for them takes as long
// as reading some processes, so that it is done once, and as long as there are any.
func (s *Scanner) know(r *root) *root {
	if r == nil {
		return nil
	}
	r.free = &s.free
	if r.path == "/proc" {
		room := s.room.Load()
		if room == nil || time.Since(room.at) > time.Second {
			room = &headroom{time.Now(), held.Tight()}
			s.room.Store(room)
		}
		r.tight = room.tight
	}
	if !s.free.Load() {
		r.findBehind()
		s.free.Store(len(r.behind) == 0)
	}
	return r
}

func (s *Scanner) settle() time.Duration {
	if s.Settle == 0 {
		return defaultSettle
	}
	return max(s.Settle, 0)
}

// Processes yields every process of the host, in no order, and allocates
// nothing per process. [Scanner.Choose] tells which source it uses. A process that could not be read is yielded as its ID
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
		it, _ := s.choose(false)
		if err := r.processes(ctx, it, yield); err != nil {
			yield(Process{}, err)
		}
	}
}

// processes walks over all processes, with the iterator if there is one. It
// returns why the walk ended early, but nil if yield ended it.
func (r *root) processes(ctx context.Context, it *taskiter.Iterator, yield func(Process, error) bool) error {
	if it != nil {
		return r.iterated(ctx, it, func(t task, err error) bool { return t.tid != t.PID && err == nil || yield(t.Process, err) })
	}
	var stopped error
	w := walk{yield: yield, on: true}
	w.batch = batch{root: r, taker: &w}
	w.begin(&w.first)
	defer w.end()
	err := r.eachPID(func(pid int) bool {
		// Asking the context for every process would cost more than it is worth.
		if w.seen++; w.seen%256 == 0 {
			if stopped = ctx.Err(); stopped != nil {
				return false
			}
		}
		return w.add(wanted{pid: pid})
	})
	if w.on && stopped == nil {
		w.flush()
	}
	switch {
	case stopped != nil:
		return &opskit.Error{Op: "list", Target: r.path, Err: stopped}
	case err == nil && w.seen == 0:
		return &opskit.Error{Op: "list", Target: r.path, Err: fmt.Errorf("%w: it shows no process, so procfs is not mounted there", fs.ErrNotExist)}
	}
	return err
}

// walk is one walk over all processes.
type walk struct {
	batch

	first results
	yield func(Process, error) bool
	seen  int
	on    bool
}

func (w *walk) take(id wanted, p *Process, err error) bool {
	switch {
	case err == nil:
		w.on = w.yield(*p, nil)
	case !errors.Is(err, ErrGone):
		w.on = w.yield(Process{ID: ID{PID: id.pid}}, err)
	}
	return w.on
}
