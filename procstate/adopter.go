package procstate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/opskit-go/opskit/procstate/internal/coded"
)

// Adopter is who becomes the parent of a process's children when it ends, by the
// rules of kernel/exit.c, find_new_reaper.
type Adopter struct {
	ID    ID        `json:"id,omitzero"`     // zero where By is Unknown
	Comm  Comm      `json:"comm"`            // its name
	By    AdoptedBy `json:"by"`              // which rule decides
	Outer bool      `json:"outer,omitempty"` // a child is in an inner PID namespace, and is adopted outside of it
	Why   string    `json:"why,omitempty"`   // what keeps from telling, where By is Unknown
}

// String returns the adopter on one line.
func (a Adopter) String() string {
	if a.By == Unknown {
		return "cannot tell who adopts: " + a.Why
	}
	text := fmt.Sprintf("adopted by %d %q (%s)", a.ID.PID, a.Comm.Bytes(), a.By)
	if a.Outer {
		text += ", outside of their own PID namespace"
	}
	return text
}

// AdoptedBy is the rule by which a process adopts.
type AdoptedBy uint8

const (
	// ByThread: only a thread ends; its children stay with the process.
	ByThread AdoptedBy = iota + 1
	// BySubreaper: the nearest ancestor with PR_SET_CHILD_SUBREAPER, in the same
	// PID namespace.
	BySubreaper
	// ByInit: PID 1 of the PID namespace. If it is that process which ends, the
	// whole namespace ends with it and nobody is adopted.
	ByInit
)

func adoptedByNames() []string {
	return []string{"unknown", "thread", "subreaper", "namespace-init"}
}

// String returns the rule's text, such as "subreaper"; "unknown" for 0.
func (b AdoptedBy) String() string { return coded.Name(adoptedByNames(), b) }

// MarshalText writes what String returns.
func (b AdoptedBy) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads what String returns; other text is an error.
func (b *AdoptedBy) UnmarshalText(text []byte) error { return coded.Value(adoptedByNames(), text, b) }

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
		return Adopter{}, &Error{Op: "predict adopter", Target: "pid " + strconv.Itoa(id.PID), Err: ErrReused}
	}
	a, err := l.adopter(p)
	if err == nil && a.By != Unknown && a.By != ByThread {
		a.Outer, err = l.innerChild(ctx, p.PID)
	}
	return a, err
}

// adopters tells who adopts a group's zombies. That is a help and no evidence: a
// parent that is ending by now is no gap.
func (l *look) adopters(g *Group) {
	if g.Parent.Start == 0 {
		return
	}
	a, err := l.adopter(g.Parent)
	if err != nil {
		return
	}
	if a.By != Unknown {
		parent, err := l.namespaced(g.Parent.PID)
		zombie, err2 := l.namespaced(g.Zombies[0].PID)
		a.Outer = err == nil && err2 == nil && len(zombie.pids) > len(parent.pids)
	}
	g.Adopter = a
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
func (l *look) remember(ctx context.Context, it *iterator) error {
	if it == nil {
		return nil
	}
	l.subreapers = map[int]Process{}
	return it.processes(ctx, func(p Process, _ error) bool {
		if p.facts&subreaper != 0 {
			l.subreapers[p.PID] = p
		}
		return true
	})
}

// adopter applies the kernel's rules.
func (l *look) adopter(dying Process) (Adopter, error) {
	own, err := l.namespaced(dying.PID)
	if err != nil {
		return Adopter{}, err
	}
	if own.tgid != dying.PID {
		var process Process
		if err := l.root.stat(own.tgid, &process); err != nil {
			return Adopter{}, err
		}
		if process.Threads > 1 {
			return Adopter{ID: process.ID, Comm: process.Comm, By: ByThread}, nil
		}
	}
	if own.pids[len(own.pids)-1] == 1 {
		return Adopter{Why: "it is PID 1 of its PID namespace, which ends with it"}, nil
	}
	seen := map[int]bool{dying.PID: true}
	for pid := own.ppid; pid != 0; {
		if seen[pid] { // parents are read one after the other
			return Adopter{Why: "its ancestors changed while they were read"}, nil
		}
		seen[pid] = true
		ancestor, err := l.namespaced(pid)
		if err != nil {
			return Adopter{}, err
		}
		if len(ancestor.pids) != len(own.pids) {
			break // it is in another namespace: nobody beyond it counts
		}
		if ancestor.pids[len(ancestor.pids)-1] == 1 {
			break // the namespace's init, subreaper or not
		}
		if l.subreapers == nil {
			return Adopter{Why: "whether " + strconv.Itoa(pid) + " is a subreaper is only visible to the BPF source"}, nil
		}
		if p, ok := l.subreapers[pid]; ok && (!p.State.Zombie() || p.Threads > 1) {
			return Adopter{ID: p.ID, Comm: p.Comm, By: BySubreaper}, nil
		}
		pid = ancestor.ppid
	}
	return l.namespaceInit(own)
}

// member is a process's place among PID namespaces.
type member struct {
	tgid, ppid int
	pids       []int // its PID in each namespace, from this reader's inwards
}

// namespaced reads a process's place.
func (l *look) namespaced(pid int) (m member, err error) {
	text, err := l.root.read(pid, "status")
	if err != nil {
		return m, err
	}
	s, err := parseStatus(text)
	if err != nil {
		return m, err
	}
	m.tgid, m.ppid = s.tgid, s.ppid
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "NSpid:"); ok {
			for field := range strings.FieldsSeq(value) {
				inner, ok := parseInt([]byte(field))
				if !ok {
					return m, malformed("status", `bad value of "NSpid"`)
				}
				m.pids = append(m.pids, inner)
			}
		}
	}
	if len(m.pids) == 0 {
		return m, malformed("status", "no line NSpid")
	}
	return m, nil
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
		return Adopter{ID: first.ID, Comm: first.Comm, By: ByInit}, nil
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
	return Adopter{ID: first.ID, Comm: first.Comm, By: ByInit}, nil
}
