package procstate

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/mountinfo"
	"github.com/opskit-go/opskit/procstate/internal/procfile"
	"github.com/opskit-go/opskit/procstate/internal/taskiter"
)

// Uninterruptible looks for tasks in state D, threads included, waits for
// [Scanner.Settle], and looks again: what ran meanwhile waited for an ordinary
// disk access and is left out. Of what is left the report tells the cause and
// the remedy. With no second look (a negative Settle) it waits a tenth of a
// second all the same. The report is never nil.
//
// The BPF source also tells whether SIGKILL ends a sleep. Stack and wchan are
// shown to root alone (CAP_SYS_ADMIN and CAP_SYS_PTRACE).
func (s *Scanner) Uninterruptible(ctx context.Context) (*BlockedReport, error) {
	report := &BlockedReport{At: time.Now().UTC(), Settle: s.settle(), Source: SourceProcFS}
	if report.Settle <= 0 {
		report.Settle = 100 * time.Millisecond
	}
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

	it, why := s.choose(true)
	if it != nil {
		report.Source = SourceBPF
	}
	report.Fallback = why
	first := map[ID]task{} // by thread
	err = r.tasks(ctx, it, func(found task, err error) bool {
		if heldBack(err) || errors.Is(err, errTight) {
			found, err = r.executing(found.PID)
		}
		switch {
		case errors.Is(err, ErrGone):
		case err != nil:
			look.failed(err)
		default:
			report.Tasks++
			if found.State.Uninterruptible() {
				found.switches = r.switches(found)
				first[ID{found.tid, found.Start}] = found
			}
		}
		return true
	})
	if err == nil && len(first) > 0 {
		err = look.stuck(ctx, report, first)
	}
	if err != nil {
		report.Unseen = append(report.Unseen, opskit.Gap{What: "the tasks after the first " + strconv.Itoa(report.Tasks), Why: err.Error()})
	}
	return report, err
}

// task is a thread: the fields of Process that describe a thread are its own.
type task struct {
	Process
	tid      int
	switches uint64
	ran      time.Duration // when it was last given a processor, as schedClock counts; 0: not known
}

// tasks walks over all threads. With /proc it opens the task directory only of
// processes that have more than one.
func (r *root) tasks(ctx context.Context, it *taskiter.Iterator, yield func(task, error) bool) error {
	if it != nil {
		return r.iterated(ctx, it, yield)
	}
	return r.processes(ctx, nil, func(p Process, err error) bool {
		if err != nil || p.Threads <= 1 {
			return yield(task{Process: p, tid: p.PID}, err)
		}
		return r.threads(p.PID, yield)
	})
}

// threads yields the threads of one process, and reports whether to go on.
func (r *root) threads(pid int, yield func(task, error) bool) bool {
	w := threadWalk{yield: yield, on: true}
	b := r.batch(&w)
	defer b.end()
	err := r.eachThread(pid, func(tid int) bool { return b.add(wanted{pid, tid}) })
	if w.on {
		b.flush()
	}
	if w.on && err != nil && !errors.Is(err, ErrGone) {
		return yield(task{Process: Process{ID: ID{PID: pid}}}, err)
	}
	return w.on
}

// threadWalk is a walk over the threads of one process.
type threadWalk struct {
	yield func(task, error) bool
	on    bool
}

func (w *threadWalk) take(id wanted, p *Process, err error) bool {
	if !errors.Is(err, ErrGone) {
		t := task{Process: *p, tid: id.tid}
		t.PID = id.pid
		w.on = w.yield(t, err)
	}
	return w.on
}

// switches returns how often a task has been switched away from; 0 if unknown.
func (r *root) switches(t task) uint64 {
	s, _ := r.status(t.PID, t.path("status")) // what could be read of it
	return s.Switches
}

// path returns the name of a thread's file below its process.
func (t *task) path(file string) string { return "task/" + strconv.Itoa(t.tid) + "/" + file }

// stuck takes the second look.
func (l *look) stuck(ctx context.Context, report *BlockedReport, first map[ID]task) error {
	start := time.Now()
	if err := rest(ctx, report.Settle); err != nil {
		return err
	}
	clock := newSchedClock(l.root)
	for _, before := range first {
		var now Process
		err := l.root.statThread(before.PID, before.tid, &now)
		executes := heldBack(err)
		if executes || errors.Is(err, errTight) {
			var again task
			again, err = l.root.executing(before.PID)
			now = again.Process
			now.Start = before.Start // which cannot be read now
		}
		if err != nil && !errors.Is(err, ErrGone) {
			l.failed(err)
		}
		if err != nil || now.Start != before.Start || !now.State.Uninterruptible() || l.root.switches(before) != before.switches {
			report.Passed++
			continue
		}
		b := Blocked{Process: before.Process, TID: before.tid, Name: now.Comm, For: time.Since(start)}
		var main Process
		if !executes && l.root.stat(b.PID, &main) == nil {
			b.Comm, b.Start, b.State, b.Threads = main.Comm, main.Start, main.State, main.Threads
		}
		l.evidence(&b, &before)
		if longer, more, ok := clock.since(&before, now.CPU); ok && longer > b.For {
			b.For, b.ForMore = longer, more
		} else if ok {
			b.ForMore = more
		}
		b.Executes = executes
		b.classify()
		report.Blocked = append(report.Blocked, b)
	}
	slices.SortFunc(report.Blocked, func(a, b Blocked) int {
		return cmp.Or(cmp.Compare(a.PID, b.PID), cmp.Compare(a.TID, b.TID))
	})
	return nil
}

// evidence reads what tells why a task sleeps. None of these files can hang: no
// file of the task's memory, and no path but those of /proc and /sys.
func (l *look) evidence(b *Blocked, t *task) {
	gap := func(what string, err error) {
		g := opskit.Gap{What: what + " of " + strconv.Itoa(b.TID), Why: err.Error()}
		if errors.Is(err, fs.ErrPermission) {
			g.Need = "run as root"
		}
		b.Unseen = append(b.Unseen, g)
	}
	read := func(what, file string) string {
		text, err := l.root.read(b.PID, t.path(file))
		if err != nil {
			gap(what, err)
		}
		return string(text)
	}
	if b.Wchan = strings.TrimSpace(read("wchan", "wchan")); b.Wchan == "0" {
		b.Wchan = ""
		gap("wchan", fs.ErrPermission)
	}
	call := syscallLine{fd: -1}
	if !t.Kernel() { // the file shows call 0 of a kernel thread, which is in none
		call = parseSyscall(read("system call", "syscall"))
		b.Syscall = call.name
	}
	b.Stack = parseStack(read("kernel stack", "stack"))
	if status, err := procfile.ParseStatus([]byte(read("status", "status")), procfile.ForJudging); err == nil {
		b.Killed = status.Killed()
		b.Owner.UID = &status.UID
		if inner := status.Inner(); inner != b.TID {
			b.Owner.NSPID = inner
		}
	}
	lines, err := procfile.ParseGroups([]byte(read("control group", "cgroup")))
	if err == nil {
		owner := ownerOf(lines)
		owner.UID, owner.NSPID = b.Owner.UID, b.Owner.NSPID
		b.Owner = owner
		if b.Freezer, err = freezerFile(l.mounts, lines); err == nil && !strings.HasSuffix(b.Freezer, "/freezer.state") {
			b.Freezer = "" // version 2 freezes in state S
		}
	}
	if err != nil {
		gap("control group", err)
	}
	b.Mount = l.waitsFor(b, call)
}

// waitsFor finds the filesystem that a task waits for, where its cause is about one:
// that of the descriptor which its system call is about, or the only one of the types
// that the cause is about.
func (l *look) waitsFor(b *Blocked, call syscallLine) *Mount {
	about := causes().causes[causeOf(b.Stack, b.Wchan)]
	if !strings.Contains(about.flags, "m") {
		return nil
	}
	mounts := l.mounts
	if text, err := l.root.read(b.PID, "mountinfo"); err == nil {
		if own, err := mountinfo.Parse(text); err == nil {
			mounts = own
		}
	}
	if call.fd >= 0 {
		text, err := l.root.read(b.PID, "fdinfo/"+strconv.Itoa(call.fd))
		if err == nil {
			return exported(mountByID(mounts, fdMountID(text)))
		}
	}
	var only *mountinfo.Mount
	for i := range mounts {
		fstype, _, _ := strings.Cut(mounts[i].Type, ".")
		if !slices.Contains(about.types, fstype) {
			continue
		}
		if only != nil {
			only = nil
			break
		}
		only = &mounts[i]
	}
	if only == nil {
		why := "its system call is about no file that could be named"
		switch {
		case b.Kernel():
			why = "it is a kernel thread, which works for others"
		case call.path:
			why = "its system call names a path, which is not read because that could hang"
		case call.fd >= 0:
			why = "its descriptor is not shown to this user"
		case call.name == "":
			why = "its system call is not shown to this user, or it is in none"
		}
		b.Unseen = append(b.Unseen, opskit.Gap{What: "the filesystem that " + strconv.Itoa(b.TID) + " waits for", Why: why})
	}
	return exported(only)
}
