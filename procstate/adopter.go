package procstate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/procstate/internal/taskiter"
)

// Adopter is who becomes the parent of a process's children when it ends, by the
// rules of kernel/exit.c, find_new_reaper, and what it will do about zombies.
type Adopter struct {
	ID   ID   `json:"id,omitzero"` // zero where By is ""
	Comm Comm `json:"comm"`        // its name
	// By is the rule that decides. "thread": only a thread ends, its children stay with
	// the process. "subreaper": the nearest ancestor with PR_SET_CHILD_SUBREAPER, in the
	// same PID namespace. "namespace_init": PID 1 of the PID namespace; if it is that
	// process which ends, the whole namespace ends with it and nobody is adopted. ""
	// cannot be told: what follows is then true of every ancestor that might adopt.
	By      string        `json:"by,omitempty"`
	Outer   bool          `json:"outer,omitempty"`        // a child is in an inner PID namespace, and is adopted outside of it
	Why     string        `json:"why,omitempty"`          // what keeps from telling, where By is ""
	SIGCHLD string        `json:"sigchld,omitempty"`      // how it takes SIGCHLD, as in Group
	Waits   *bool         `json:"waits,omitempty"`        // whether a thread of it sits in wait(2); nil: not shown
	Faults  uint64        `json:"child_faults,omitempty"` // as in Group; 0: it has never reaped a child
	Left    time.Duration `json:"left_ns,omitempty"`      // for how long a zombie of its own has been dead, unreaped
}

// Reaps tells whether it reaps what it adopts: "yes", "no", or "" where that could
// not be seen. The kernel reaps for a process that ignores SIGCHLD; one that reads or
// handles the signal, or waits, is taken to reap unless a zombie of its own has been
// left for a minute; one that leaves the signal at its default, waits in no thread and
// has never reaped a child is taken not to. Of several who might adopt it is "yes" or "".
func (a Adopter) Reaps() string {
	if reaps := a.reaps(); a.By != "" || reaps == "yes" {
		return reaps
	}
	return ""
}

func (a Adopter) reaps() string {
	waits := a.Waits != nil && *a.Waits
	switch {
	case a.By == "thread":
		return "no" // the same process
	case a.SIGCHLD == "" || (a.SIGCHLD == sigchldAllCaught || a.SIGCHLD == sigchldPerhaps) && !waits && a.Left < defaultPatience:
		return ""
	case a.SIGCHLD == sigchldIgnored:
		return "yes"
	case a.Left >= defaultPatience:
		return "no"
	case waits || a.SIGCHLD == sigchldCaught || a.SIGCHLD == sigchldSignalfd || a.SIGCHLD == sigchldSigwait:
		return "yes"
	case a.Waits == nil || a.Faults > 0: // it may look now and then
		return ""
	}
	return "no"
}

func (a Adopter) explain() string {
	if a.Left >= defaultPatience {
		return fmt.Sprintf("a zombie of its own has been left for %v", a.Left.Round(time.Second))
	}
	return "SIGCHLD " + a.SIGCHLD + ", no thread in wait, and it has never reaped a child"
}

// String returns the adopter on one line.
func (a Adopter) String() string {
	reaps := map[string]string{"yes": "reaps", "no": "does not reap"}[a.Reaps()]
	if a.By == "" {
		text := "cannot tell who adopts: " + opskit.Escape(a.Why)
		if reaps == "reaps" {
			text += "; all who might do reap"
		}
		return text
	}
	text := fmt.Sprintf("adopted by %d %q (%s)", a.ID.PID, a.Comm.Bytes(), opskit.Escape(a.By))
	if a.Outer {
		text += ", outside of their own PID namespace"
	}
	if reaps == "" {
		return text + "; whether it reaps could not be seen"
	}
	return text + ", which " + reaps
}

// Adopter predicts who adopts the children of a process when it ends; of a
// thread that is not the main one, when that thread ends.
//
// Subreapers are only visible to the BPF source. With /proc the answer is
// Unknown as soon as an ancestor might be one. It is also Unknown for PID 1 of a
// PID namespace, with which its namespace ends. The error matches ErrGone or
// ErrReused if the process is no longer there.
func (s *Scanner) Adopter(ctx context.Context, id ID) (Adopter, error) {
	r, err := s.root()
	if err != nil {
		return Adopter{}, err
	}
	defer r.close()
	it, _ := s.choose(false)
	l := newLook(r)
	if err := l.remember(ctx, it); err != nil {
		return Adopter{}, err
	}
	var p Process
	if err := r.stat(id.PID, &p); err != nil {
		return Adopter{}, err
	}
	if p.Start != id.Start {
		return Adopter{}, &opskit.Error{Op: "predict adopter", Target: "pid " + strconv.Itoa(id.PID), Err: ErrReused}
	}
	a, err := l.adopterOf(ctx, p)
	if err == nil && a.By != "" && a.By != "thread" {
		a.Outer, err = l.innerChild(ctx, p.PID)
	}
	return a, err
}

// adopters tells who adopts a group's zombies. That is a help and no evidence: a
// parent that is ending by now is no gap.
func (l *look) adopters(ctx context.Context, g *Group) {
	if g.Parent.Start == 0 {
		return
	}
	a, err := l.adopterOf(ctx, g.Parent)
	if err != nil {
		return
	}
	if a.By != "" {
		parent, err := l.namespaced(g.Parent.PID)
		zombie, err2 := l.namespaced(g.Zombies[0].PID)
		a.Outer = err == nil && err2 == nil && len(zombie.pids) > len(parent.pids)
	}
	g.Adopter = a
}

// adopterOf tells who adopts, and whether that one reaps: where it cannot be told
// who, what all that might adopt have in common.
func (l *look) adopterOf(ctx context.Context, dying Process) (Adopter, error) {
	a, candidates, err := l.adopter(dying)
	if err != nil || a.By == "thread" {
		return a, err
	}
	if a.By != "" {
		candidates = []Process{{ID: a.ID, Comm: a.Comm}}
	}
	for i, p := range candidates {
		one, known := l.reapers[p.PID]
		if !known {
			var g Group
			g.Parent = p
			l.parentStatus(ctx, &g)
			one = Adopter{SIGCHLD: g.SIGCHLD, Waits: g.Waits, Left: l.left[p.PID], Faults: l.root.childFaults(p.PID)}
			l.reapers[p.PID] = one
		}
		// The one that reaps least speaks for all.
		if reaps := one.reaps(); i == 0 || reaps != "yes" {
			a.SIGCHLD, a.Waits, a.Left, a.Faults = one.SIGCHLD, one.Waits, one.Left, one.Faults
		}
	}
	return a, nil
}

// innerChild reports whether a process has a child in an inner PID namespace.
func (l *look) innerChild(ctx context.Context, parent int) (inner bool, err error) {
	own, err := l.namespaced(parent)
	if err != nil {
		return false, err
	}
	err = l.root.processes(ctx, nil, func(p Process, err error) bool {
		if err == nil && p.PPID == parent {
			m, err := l.namespaced(p.PID)
			inner = err == nil && len(m.pids) > len(own.pids)
		}
		return !inner
	})
	return inner, err
}

// remember keeps what the BPF source alone knows: who is a subreaper.
func (l *look) remember(ctx context.Context, it *taskiter.Iterator) error {
	if it == nil {
		return nil
	}
	l.subreapers = map[int]Process{}
	return l.root.iterated(ctx, it, func(t task, _ error) bool {
		if t.facts&subreaper != 0 {
			l.subreapers[t.PID] = t.Process
		}
		return true
	})
}

// adopter applies the kernel's rules.
func (l *look) adopter(dying Process) (a Adopter, candidates []Process, err error) {
	own, err := l.namespaced(dying.PID)
	if err != nil {
		return a, nil, err
	}
	if own.tgid != dying.PID {
		var process Process
		if err := l.root.stat(own.tgid, &process); err != nil {
			return a, nil, err
		}
		if process.Threads > 1 {
			return Adopter{ID: process.ID, Comm: process.Comm, By: "thread"}, nil, nil
		}
	}
	if own.pids[len(own.pids)-1] == 1 {
		return Adopter{Why: "it is PID 1 of its PID namespace, which ends with it"}, nil, nil
	}
	seen := map[int]bool{dying.PID: true}
	for pid := own.ppid; pid != 0; {
		if seen[pid] { // parents are read one after the other
			return Adopter{Why: "its ancestors changed while they were read"}, nil, nil
		}
		seen[pid] = true
		ancestor, err := l.namespaced(pid)
		if err != nil {
			return a, nil, err
		}
		if len(ancestor.pids) != len(own.pids) {
			break // it is in another namespace: nobody beyond it counts
		}
		if ancestor.pids[len(ancestor.pids)-1] == 1 {
			break // the namespace's init, subreaper or not
		}
		if l.subreapers == nil {
			a.Why = cmp.Or(a.Why, "whether "+strconv.Itoa(pid)+" is a subreaper is only visible to the BPF source")
			var p Process
			if err := l.root.stat(pid, &p); err != nil {
				return a, nil, err
			}
			candidates = append(candidates, p)
		}
		if p, ok := l.subreapers[pid]; ok && (!p.State.Zombie() || p.Threads > 1) {
			return Adopter{ID: p.ID, Comm: p.Comm, By: "subreaper"}, nil, nil
		}
		pid = ancestor.ppid
	}
	first, err := l.namespaceInit(own)
	if a.Why == "" || err != nil {
		return first, nil, err
	}
	return a, append(candidates, Process{ID: first.ID, Comm: first.Comm}), nil
}

// member is a process's place among PID namespaces.
type member struct {
	tgid, ppid int
	pids       []int // its PID in each namespace, from this reader's inwards
}

// namespaced reads a process's place.
func (l *look) namespaced(pid int) (m member, err error) {
	s, err := l.root.status(pid, "status")
	if err == nil {
		m.tgid, m.ppid = s.Tgid, s.PPid
		m.pids, err = s.PIDs()
	}
	return m, err
}

// cannotTell is an answer too.
func cannotTell(what string, err error) (Adopter, error) {
	return Adopter{Why: what + ": " + err.Error()}, nil
}

// namespaceInit finds PID 1 of the namespace that a process is in.
func (l *look) namespaceInit(own member) (Adopter, error) {
	var first Process
	if len(own.pids) == 1 {
		// This reader's own namespace. Who was put into it from outside has a parent
		// that is not visible, but the same init.
		if err := l.root.stat(1, &first); err != nil {
			return cannotTell("PID 1 cannot be read", err)
		}
		return Adopter{ID: first.ID, Comm: first.Comm, By: "namespace_init"}, nil
	}
	link := func(pid int) (string, error) { return l.root.link(pid, "ns/pid") }
	space, err := link(own.pids[0])
	if err != nil {
		return cannotTell("its PID namespace is not shown", err)
	}
	found, hidden := 0, ""
	err = l.root.eachPID(func(pid int) bool {
		m, err := l.namespaced(pid)
		if err != nil || len(m.pids) != len(own.pids) || m.pids[len(m.pids)-1] != 1 {
			return true
		}
		switch other, err := link(pid); {
		case errors.Is(err, os.ErrPermission):
			hidden = err.Error()
		case err == nil && other == space:
			found = pid
		}
		return found == 0
	})
	if err != nil {
		return Adopter{}, err
	}
	if found == 0 {
		return Adopter{Why: strings.TrimSpace("PID 1 of its PID namespace was not found " + hidden)}, nil
	}
	if err := l.root.stat(found, &first); err != nil {
		return Adopter{}, err
	}
	return Adopter{ID: first.ID, Comm: first.Comm, By: "namespace_init"}, nil
}
