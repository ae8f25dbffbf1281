package procstate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/opskit-go/opskit/procstate/internal/procfile"
	"github.com/opskit-go/opskit/procstate/internal/taskiter"
)

// iterators holds the loaded task iterators of one [Scanner]; loading one is
// the expensive part.
type iterators struct {
	mu      sync.Mutex
	process *taskiter.Iterator
	thread  *taskiter.Iterator
	layout  *taskiter.Layout
}

func (its *iterators) close() error {
	its.mu.Lock()
	defer its.mu.Unlock()
	var failed error
	for _, it := range []**taskiter.Iterator{&its.process, &its.thread} {
		if *it != nil {
			failed = errors.Join(failed, (*it).Close())
			*it = nil
		}
	}
	return failed
}

// choose returns an iterator if the scanner is to use one. Otherwise why says
// what keeps it from the source that was asked for.
func (s *Scanner) choose(threads bool) (it *taskiter.Iterator, why string) {
	if s.Source != SourceBPF && s.Source != SourceFastest {
		return nil, ""
	}
	s.bpf.mu.Lock()
	defer s.bpf.mu.Unlock()
	slot := &s.bpf.process
	if threads {
		slot = &s.bpf.thread
	}
	if *slot != nil {
		return *slot, ""
	}
	if s.Root != "" && s.Root != "/proc" {
		return nil, "another /proc was asked for than this host's own"
	}
	if s.Source == SourceFastest {
		if n := tasks(); n < bpfPays {
			return nil, fmt.Sprintf("reading /proc is faster for %d tasks", n)
		}
	}
	if err := firstNamespaces(); err != nil {
		return nil, err.Error()
	}
	if s.bpf.layout == nil {
		found, err := taskiter.Kernel()
		if err != nil {
			return nil, err.Error()
		}
		s.bpf.layout = &found
	}
	it, err := s.bpf.layout.Load(threads)
	if err != nil {
		return nil, err.Error()
	}
	*slot = it
	return it, ""
}

// tasks returns how many tasks there are, from /proc/loadavg.
func tasks() int {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text))
	if len(fields) < 4 {
		return 0
	}
	_, total, _ := strings.Cut(fields[3], "/")
	n, err := strconv.Atoi(total)
	if err != nil {
		return 0
	}
	return n
}

// firstNamespaces refuses where the kernel's numbers are not those that /proc
// shows to this process.
func firstNamespaces() error {
	for _, first := range []string{procfile.FirstPIDs, procfile.FirstTime} {
		kind, _, _ := strings.Cut(first, ":")
		link, err := os.Readlink("/proc/self/ns/" + kind)
		switch {
		case errors.Is(err, os.ErrNotExist) && first == procfile.FirstTime: // a kernel without time namespaces
		case err != nil:
			return err
		case link != first:
			return fmt.Errorf("inside another %s namespace the kernel's numbers are not those of /proc", kind)
		}
	}
	return nil
}

// taskOf is a task as /proc would show it: in a Process of its own.
func taskOf(k *taskiter.Task) task {
	t := task{tid: k.TID, ran: k.Ran, Process: Process{
		ID: ID{k.PID, uint64(k.Start / tick)}, PPID: k.PPID, State: State(k.State), Comm: k.Comm, Threads: k.Threads,
		Flags: k.Flags, ExitSignal: k.ExitSignal, CPU: k.CPU,
	}}
	t.setTracer(k.Tracer)
	t.setFact(subreaperKnown, subreaper, k.Subreaper)
	if k.Exited {
		t.setExit(k.Exit)
	}
	if k.State == 'D' {
		t.setFact(killableKnown, killable, k.Killable)
	}
	return t
}

// iterated yields every task of the iterator, and those of PID 1 out of /proc: there
// are kernels that hide it from iterators.
func (r *root) iterated(ctx context.Context, it *taskiter.Iterator, yield func(task, error) bool) error {
	first, on := false, true
	err := it.Each(ctx, func(k *taskiter.Task) bool {
		first = first || k.PID == 1
		on = yield(taskOf(k), nil)
		return on
	})
	if err == nil && on && !first {
		r.threads(1, yield)
	}
	return err
}
