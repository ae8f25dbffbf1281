package procstate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"
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
		if gap.What != oneLook {
			return report.Groups, &Error{Op: "list zombies", Err: &hiddenError{gap}}
		}
	}
	return report.Groups, nil
}

// oneLook is what a report cannot tell after a single look.
const oneLook = "whether the zombies last"

// Zombies looks for zombies, waits for [Scanner.Settle] if it finds any, and
// looks again: what was reaped meanwhile was no problem and is left out. The
// report is never nil. The error is that of a host that could not be looked at,
// or ctx's; single processes that could not be read are in the report's Unseen.
func (s *Scanner) Zombies(ctx context.Context) (*Report, error) {
	report := &Report{At: time.Now().UTC()}
	r, err := s.root()
	if err != nil {
		return report, err
	}
	defer r.close()
	look := newLook(r)
	defer func() {
		report.Unseen = append(report.Unseen, look.gaps()...)
		report.Verdict = report.Judge()
	}()

	var zombies []Zombie
	it, why := s.choose(false)
	if it != nil {
		report.Source = BPF
	}
	report.Fallback = why
	err = r.processes(ctx, it, func(p Process, err error) bool {
		switch {
		case heldBack(err): // it executes a program, and is no zombie
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
			zombies, err = look.again(ctx, zombies, settle)
			report.Settle = settle
			report.Reaped = found - len(zombies)
		}
	}
	if err != nil {
		report.Unseen = append(report.Unseen, Gap{What: "the processes after the first " + fmt.Sprint(report.Processes), Why: err.Error()})
	}
	if err == nil && len(zombies) > 0 {
		err = look.remember(ctx, it)
	}
	groups, groupErr := look.group(ctx, zombies)
	report.Groups = groups
	if settle <= 0 && len(report.Stuck()) == 0 && len(groups) > 0 {
		report.Unseen = append(report.Unseen, Gap{
			What: oneLook, Why: "there was only one look", Need: "a second look some time later",
		})
	}
	return report, cmp.Or(err, groupErr)
}

// again waits and keeps the zombies that are still there.
func (l *look) again(ctx context.Context, zombies []Zombie, settle time.Duration) ([]Zombie, error) {
	start := time.Now()
	timer := time.NewTimer(settle)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return zombies, &Error{Op: "wait for the second look", Err: ctx.Err()}
	case <-timer.C:
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
				return sortGroups(groups), &Error{Op: "read the parents of zombies", Err: err}
			}
			g := Group{Zombies: children, BootID: l.bootID()}
			g.Parent.PID = ppid
			if l.parent(ctx, &g) || round == rounds {
				err := l.each(ctx, &g)
				g.Why = g.reason()
				l.adopters(&g)
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
const ageBudget = time.Second

// each learns about every zombie of a group: its kind, and while there is time
// its age.
func (l *look) each(ctx context.Context, g *Group) error {
	for i := range g.Zombies {
		if i%64 == 0 && ctx.Err() != nil {
			g.unseen(fmt.Sprintf("the kind of %d zombies", len(g.Zombies)-i), ctx.Err())
			return &Error{Op: "read zombies", Err: ctx.Err()}
		}
		l.kind(&g.Zombies[i])
	}
	for i := range g.Zombies {
		if start := time.Now(); l.aging < ageBudget && ctx.Err() == nil {
			l.age(&g.Zombies[i])
			l.aging += time.Since(start)
		} else {
			g.Unseen = append(g.Unseen, Gap{
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

// hiddenError is a gap as an error.
type hiddenError struct{ gap Gap }

func (e *hiddenError) Error() string { return "not seen: " + e.gap.String() }

func (e *hiddenError) Unwrap() error { return fs.ErrPermission }
