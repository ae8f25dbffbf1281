package procstate

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/procstate/internal/procfile"
	"github.com/opskit-go/opskit/procstate/internal/taskiter"
)

// Zombies returns the zombies of this host at this moment, grouped by the parent
// that does not reap them, the largest group first. It reads /proc only, opens
// nothing there that can hang (no cmdline, environ or maps), and ends within 10
// seconds.
//
// What Zombies returns includes zombies that are about to be reaped, of which
// every busy host has some; [Scanner.Zombies] looks twice and returns a verdict.
// The groups are valid also when there is an error. The error matches
// fs.ErrPermission if processes are hidden from this user, so that an empty
// answer without an error means that there are no zombies.
func Zombies() ([]Group, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	report, err := (&Scanner{Settle: -1}).Zombies(ctx)
	if err != nil {
		return report.Groups, err
	}
	for _, gap := range report.Unseen {
		return report.Groups, &opskit.Error{Op: "list zombies", Err: fmt.Errorf("not seen: %s: %w", gap, fs.ErrPermission)}
	}
	return report.Groups, nil
}

// Zombies looks for zombies, waits for [Scanner.Settle] if it finds any, and
// looks again: what was reaped meanwhile was no problem and is left out. The
// report is never nil. The error is that of a host that could not be looked at,
// or ctx's; single processes that could not be read are in the report's Unseen.
func (s *Scanner) Zombies(ctx context.Context) (*Report, error) {
	report := &Report{At: time.Now().UTC(), Source: SourceProcFS, Patience: s.Patience}
	r, err := s.root()
	if err != nil {
		return report, err
	}
	defer r.close()
	look := newLook(r)
	report.BootID = look.bootID()
	defer func() {
		report.Unseen = append(report.Unseen, look.gaps()...)
		report.Judge()
	}()

	var zombies []Zombie
	it, why := s.choose(false)
	if it != nil {
		report.Source = SourceBPF
	}
	report.Fallback = why
	err = r.processes(ctx, it, func(p Process, err error) bool {
		switch {
		case heldBack(err), errors.Is(err, errTight): // it executes a program or may do so, and is no zombie
			report.Processes++
		case err != nil:
			look.failed(err)
		case p.State.Zombie():
			zombies = append(zombies, Zombie{Process: p})
			report.Processes++
		default:
			report.Processes++
		}
		return true
	})
	settle := s.settle()
	if err == nil && len(zombies) > 0 {
		if settle > 0 {
			found := len(zombies)
			look.watchParents(zombies)
			zombies, err = look.again(ctx, it, zombies, settle)
			report.Settle = settle
			report.Reaped = found - len(zombies)
		}
	}
	if err != nil {
		report.Unseen = append(report.Unseen, opskit.Gap{What: "the processes after the first " + fmt.Sprint(report.Processes), Why: err.Error()})
	}
	if err == nil && len(zombies) > 0 && look.subreapers == nil {
		err = look.remember(ctx, it)
	}
	groups, groupErr := look.group(ctx, zombies)
	report.Groups = groups
	if cmp.Or(err, groupErr) == nil {
		look.linger(ctx, report, settle)
	}
	return report, cmp.Or(err, groupErr)
}

// watchParents notes what the parents of zombies have reaped so far.
func (l *look) watchParents(zombies []Zombie) {
	for i := range zombies {
		pid := zombies[i].PPID
		if _, known := l.faults[pid]; pid != 0 && !known {
			l.faults[pid] = l.root.childFaults(pid)
		}
	}
}

// rest waits between two looks.
func rest(ctx context.Context, settle time.Duration) error {
	timer := time.NewTimer(settle)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return &opskit.Error{Op: "wait for the second look", Err: ctx.Err()}
	case <-timer.C:
		return nil
	}
}

// again waits and keeps the zombies that are still there. With the iterator all is
// seen once more in a fraction of the time, and nothing that /proc does not show is lost.
func (l *look) again(ctx context.Context, it *taskiter.Iterator, zombies []Zombie, settle time.Duration) ([]Zombie, error) {
	start := time.Now()
	if err := rest(ctx, settle); err != nil {
		return zombies, err
	}
	parents := make(map[ID]int, len(zombies))
	for i := range zombies {
		parents[zombies[i].ID] = zombies[i].PPID
	}
	kept, err := l.secondLook(ctx, it, zombies, parents, start)
	for i := range kept {
		delete(parents, kept[i].ID)
	}
	for _, parent := range parents {
		l.reaped[parent] = true
	}
	return kept, err
}

func (l *look) secondLook(ctx context.Context, it *taskiter.Iterator, zombies []Zombie, first map[ID]int, start time.Time) ([]Zombie, error) {
	if it != nil {
		kept := zombies[:0]
		l.subreapers = map[int]Process{}
		err := l.root.iterated(ctx, it, func(t task, _ error) bool {
			if t.facts&subreaper != 0 {
				l.subreapers[t.PID] = t.Process
			}
			if _, known := first[t.ID]; known && t.State.Zombie() {
				kept = append(kept, Zombie{Process: t.Process, DeadAtLeast: time.Since(start), ran: t.ran})
			}
			return true
		})
		return kept, err
	}
	second := secondLook{look: l, zombies: zombies, kept: zombies[:0], start: start}
	b := l.root.batch(&second)
	defer b.end()
	for i := range len(zombies) {
		b.add(wanted{pid: zombies[i].PID})
	}
	b.flush()
	return second.kept, nil
}

// secondLook keeps the zombies that are still there.
type secondLook struct {
	look    *look
	zombies []Zombie // of the first look, of which next is the one that comes
	next    int
	kept    []Zombie // in the same memory, behind next
	start   time.Time
}

func (s *secondLook) take(_ wanted, now *Process, err error) bool {
	z := s.zombies[s.next]
	s.next++
	switch {
	case err == nil && now.ID == z.ID && now.State.Zombie():
		s.kept = append(s.kept, Zombie{Process: *now, DeadAtLeast: time.Since(s.start)})
	case err != nil && !errors.Is(err, ErrGone) && !heldBack(err): // a zombie executes nothing
		s.look.failed(err)
	}
	return true
}

// group puts zombies under their parents and learns why those do not reap. A
// parent that ends meanwhile leaves its zombies to another, which is why there
// are several rounds.
func (l *look) group(ctx context.Context, zombies []Zombie) ([]Group, error) {
	var groups []Group
	const rounds = 3
	for round := 1; len(zombies) > 0; round++ {
		byParent := map[int][]Zombie{}
		for _, z := range zombies {
			byParent[z.PPID] = append(byParent[z.PPID], z)
		}
		zombies = nil
		// The small groups first: should time run out, most parents have been read.
		parents := slices.SortedFunc(maps.Keys(byParent), func(a, b int) int {
			return cmp.Or(cmp.Compare(len(byParent[a]), len(byParent[b])), cmp.Compare(a, b))
		})
		for _, ppid := range parents {
			children := byParent[ppid]
			if err := ctx.Err(); err != nil {
				return sortGroups(groups), &opskit.Error{Op: "read the parents of zombies", Err: err}
			}
			g := Group{Zombies: children, BootID: l.bootID()}
			g.Parent.PID = ppid
			if l.parent(ctx, &g) || round == rounds {
				err := l.each(ctx, &g)
				g.judge()
				l.left[ppid] = g.oldest()
				l.adopters(ctx, &g)
				groups = append(groups, g)
				if err != nil {
					return sortGroups(groups), err
				}
				continue
			}
			for _, z := range children {
				var now Process
				if l.root.stat(z.PID, &now) == nil && now.ID == z.ID && now.State.Zombie() {
					z.Process = now
					zombies = append(zombies, z)
				}
			}
		}
	}
	return sortGroups(groups), nil
}

// ageBudget bounds the time that is spent on how long zombies have been dead:
// there may be tens of thousands, and the rest of the answer matters more.
const ageBudget = 50 * time.Millisecond

// each learns about every zombie of a group: its kind, and while there is time
// its age.
func (l *look) each(ctx context.Context, g *Group) error {
	for i := range g.Zombies {
		if i%64 == 0 && ctx.Err() != nil {
			g.unseen(fmt.Sprintf("the kind of %d zombies", len(g.Zombies)-i), ctx.Err())
			return &opskit.Error{Op: "read zombies", Err: ctx.Err()}
		}
		l.kind(&g.Zombies[i])
	}
	for i := range g.Zombies {
		if start := time.Now(); l.aging < ageBudget && ctx.Err() == nil {
			l.age(&g.Zombies[i])
			l.aging += time.Since(start)
		} else {
			g.Unseen = append(g.Unseen, opskit.Gap{
				What: fmt.Sprintf("for how long %d zombies have been dead", len(g.Zombies)-i), Why: "there are too many to ask them all",
			})
			break
		}
	}
	return nil
}

// sortGroups orders groups by size and PID, and the zombies in them by PID.
func sortGroups(groups []Group) []Group {
	for _, g := range groups {
		slices.SortFunc(g.Zombies, func(a, b Zombie) int { return cmp.Compare(a.PID, b.PID) })
	}
	slices.SortFunc(groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(len(b.Zombies), len(a.Zombies)), cmp.Compare(a.Parent.PID, b.Parent.PID))
	})
	return groups
}

// linger looks twice at what a moment's look does not tell: at parents that are in
// state D, and at processes without their main thread that were killed or have a
// thread in state D. There are hardly ever any.
func (l *look) linger(ctx context.Context, report *Report, settle time.Duration) {
	var found []suspect
	for i := range report.Groups {
		g := &report.Groups[i]
		if g.Parent.Start != 0 && g.Parent.State.Uninterruptible() {
			t := task{Process: g.Parent, tid: g.Parent.PID}
			found = append(found, suspect{t, l.root.switches(t), g, nil, false})
		}
		for j := range g.Zombies {
			if z := &g.Zombies[j]; z.Threads > 1 {
				found = append(found, l.threadsOf(g, z)...)
			}
		}
	}
	start := time.Now()
	if len(found) == 0 || rest(ctx, max(settle, 100*time.Millisecond)) != nil {
		return
	}
	for _, s := range found {
		s.judge(l, start)
	}
}

// suspect is a task that may be stuck.
type suspect struct {
	task

	before uint64 // its switches at the first look
	group  *Group
	zombie *Zombie // of which it is a thread; nil: it is the group's parent
	killed bool    // SIGKILL waits for it
}

// threadsOf returns what keeps a process without its main thread.
func (l *look) threadsOf(g *Group, z *Zombie) (found []suspect) {
	l.root.threads(z.PID, func(t task, err error) bool {
		if err != nil {
			return true
		}
		s, err := l.root.status(z.PID, t.path("status"))
		killed := err == nil && s.Killed()
		if t.State.Uninterruptible() || killed {
			found = append(found, suspect{t, s.Switches, g, z, killed})
		}
		return true
	})
	return found
}

// judge is the second look.
func (s *suspect) judge(l *look, start time.Time) {
	var now Process
	err := l.root.stat(s.PID, &now)
	if s.tid != s.PID {
		err = l.root.statThread(s.PID, s.tid, &now)
	}
	still := err == nil && now.Start == s.Start
	asleep := still && now.State.Uninterruptible() && l.root.switches(s.task) == s.before
	if s.zombie != nil {
		s.zombie.Killed = s.zombie.Killed || still && s.killed
	}
	if !asleep {
		if s.zombie == nil && still {
			s.group.Parent.State = now.State
			s.group.judge()
		}
		return
	}
	b := Blocked{Process: s.Process, TID: s.tid, Name: now.Comm, For: time.Since(start)}
	l.evidence(&b, &s.task)
	b.classify()
	if s.zombie != nil {
		s.zombie.Holds = append(s.zombie.Holds, b)
		return
	}
	s.group.Blocked = &b
	if b.Cause == "vfork" {
		s.group.Child = l.onlyChild(s.PID)
	}
	s.group.judge()
}

// onlyChild returns the one child of a process's main thread that is alive, if there
// is one (proc_pid_children(5)).
func (l *look) onlyChild(pid int) (child ID) {
	text, err := l.root.read(pid, "task/"+strconv.Itoa(pid)+"/children")
	if err != nil {
		return child
	}
	for field := range bytes.FieldsSeq(bytes.Clone(text)) {
		var p Process
		if number, ok := procfile.Int(field); ok && l.root.stat(number, &p) == nil && !p.State.Zombie() {
			if child.PID != 0 {
				return ID{}
			}
			child = p.ID
		}
	}
	return child
}
