package procstate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/mountinfo"
	"github.com/opskit-go/opskit/procstate/internal/procfile"
)

// look is one look at a host: the open /proc, and what all groups share.
type look struct {
	root   *root
	mounts []mountinfo.Mount
	boot   string
	clock  *schedClock
	aging  time.Duration // spent on ages so far

	subreapers map[int]Process       // nil where they are not visible
	reapers    map[int]Adopter       // what has been found out about adopters
	left       map[int]time.Duration // by parent, for how long a zombie of it has been left
	reaped     map[int]bool          // parents that reaped between the looks
	faults     map[int]uint64        // child faults of parents at the first look
	hidden     []opskit.Gap          // what the mount of /proc keeps from this reader
	errs       []error
}

func newLook(r *root) *look {
	l := &look{root: r, clock: newSchedClock(r), reapers: map[int]Adopter{}, left: map[int]time.Duration{}, reaped: map[int]bool{}, faults: map[int]uint64{}}
	text, err := r.readNamed("self/mountinfo")
	if err == nil {
		l.mounts, err = mountinfo.Parse(text)
	}
	if err == nil {
		l.hidden = l.hiddenBy()
	} else if !errors.Is(err, fs.ErrNotExist) {
		l.failed(err)
	}
	return l
}

// failed notes an error that hides a process.
func (l *look) failed(err error) { l.errs = append(l.errs, err) }

// gaps returns what hides processes from this look.
func (l *look) gaps() []opskit.Gap {
	gaps := l.hidden
	if l.root.tight != "" {
		gaps = append(gaps, opskit.Gap{
			What: "start times, other threads, and what is slept in: the files that the kernel may hold back",
			Why:  l.root.tight + ", and starting a thread to guard their reading could end this program", Need: "look from outside of that limit",
		})
	}
	if len(l.errs) > 0 {
		gap := opskit.Gap{What: "a process", Why: l.errs[0].Error()}
		if n := len(l.errs); n > 1 {
			gap.What = fmt.Sprintf("%d processes", n)
			gap.Why = "first " + gap.Why
		}
		gaps = append(gaps, gap)
	}
	return gaps
}

// hiddenBy tells what the hidepid option of this /proc hides (proc(5)).
func (l *look) hiddenBy() []opskit.Gap {
	m := l.root.mount(l.mounts)
	if m == nil || m.Type != "proc" {
		return nil
	}
	value, _ := m.Option("hidepid")
	switch value {
	case "", "0", "off":
		return nil
	}
	group, hasGroup := m.Option("gid")
	if mayTrace(l.root) || hasGroup && value != "4" && value != "ptraceable" && inGroup(l.root, group) {
		return nil
	}
	return []opskit.Gap{{
		What: "processes of other users", Why: l.root.path + " is mounted with hidepid=" + value,
		Need: "run as root (CAP_SYS_PTRACE)",
	}}
}

// mayTrace reports whether this process has CAP_SYS_PTRACE over every process:
// in another user namespace than the first it is over those of that one alone.
func mayTrace(r *root) bool {
	// A kernel without user namespaces has no such file.
	if space, err := os.Readlink(r.path + "/self/ns/user"); err == nil && space != procfile.FirstUsers {
		return false
	}
	text, _ := r.readNamed("self/status") // without it the mask is none
	value, _ := procfile.Field(text, "CapEff")
	effective, _ := procfile.Mask(value)
	return effective&procfile.CapSysPtrace != 0
}

func inGroup(r *root, gid string) bool {
	// The last number of Gid is that for filesystems, which is what the kernel asks.
	text, _ := r.readNamed("self/status") // without it there are none
	groups, _ := procfile.Field(text, "Groups")
	ids, _ := procfile.Field(text, "Gid")
	own := append(strings.Fields(string(ids)), "")
	return slices.Contains(append(strings.Fields(string(groups)), own[max(len(own)-2, 0)]), gid)
}

// bootID names this boot, which start times are relative to; "" if unknown.
func (l *look) bootID() string {
	if l.boot == "" {
		if text, err := l.root.readNamed("sys/kernel/random/boot_id"); err == nil {
			l.boot = strings.TrimSpace(string(text))
		}
	}
	return l.boot
}

// parent learns about the parent of a group. It reports false if that has ended
// and its zombies must be looked up again.
func (l *look) parent(ctx context.Context, g *Group) bool {
	pid := g.Parent.PID
	if pid == 0 {
		g.Unseen = append(g.Unseen, opskit.Gap{
			What: "the parent", Why: "it is outside this PID namespace", Need: "look from the host's PID namespace",
		})
		return true
	}
	var p Process
	err := l.sealed(ctx, pid, &p)
	if err == nil {
		for _, z := range g.Zombies {
			// Nobody is adopted by a process younger than itself: the PID is in new hands.
			if p.Start > z.Start {
				err = &opskit.Error{Op: "read stat", Target: "pid " + strconv.Itoa(pid), Err: ErrReused}
			}
		}
	}
	if err != nil {
		g.unseen("the parent", err)
		return !errors.Is(err, ErrGone) && !errors.Is(err, ErrReused)
	}
	g.Parent = p
	g.Faults = l.root.childFaults(pid)
	before, known := l.faults[pid]
	g.Reaping = l.reaped[pid] || known && g.Faults > before
	l.parentStatus(ctx, g)
	l.parentCgroup(g)
	return true
}

// sealed reads a process at a moment when its start time is already past, so
// that a successor with the same PID must have a later one.
func (l *look) sealed(ctx context.Context, pid int, p *Process) error {
	for {
		now := bootTicks()
		if err := l.root.stat(pid, p); err != nil {
			return err
		}
		if now == 0 || p.Start < now {
			return nil
		}
		timer := time.NewTimer(tick)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
		if p.Start > bootTicks() { // another boot's copy of /proc
			return nil
		}
	}
}

// tick is the unit of start times: USER_HZ is 100 on every architecture that Go
// runs on.
const tick = 10 * time.Millisecond

// parentStatus learns how the parent takes SIGCHLD, from its status, and where that
// does not tell from its threads and descriptors.
func (l *look) parentStatus(ctx context.Context, g *Group) {
	pid := g.Parent.PID
	s, err := l.root.status(pid, "status")
	if err != nil {
		g.unseen("how the parent handles SIGCHLD, and its user", err)
		return
	}
	g.SIGCHLD = takesSIGCHLD(&s)
	g.Owner.UID = &s.UID
	if inner := s.Inner(); inner != pid {
		g.Owner.NSPID = inner
	}
	if g.Parent.State != 'T' && g.Parent.State != 't' {
		l.parentThreads(ctx, g)
	}
	switch g.SIGCHLD {
	case sigchldBlocked, sigchldAllCaught:
		l.parentDescriptors(g)
	}
}

// mostThreads bounds the threads that one parent's answer rests on.
const mostThreads = 256

// parentThreads learns whether a thread of the parent waits, or reads signals. What is
// not shown to this reader is not known.
func (l *look) parentThreads(ctx context.Context, g *Group) {
	pid, seen, hidden, waits := g.Parent.PID, 0, false, false
	err := l.root.eachThread(pid, func(tid int) bool {
		text, err := l.root.read(pid, "task/"+strconv.Itoa(tid)+"/wchan")
		wchan, _, _ := strings.Cut(strings.TrimSpace(string(text)), ".") // what compilers append
		switch {
		case errors.Is(err, ErrGone):
			return true
		case err != nil:
			hidden = true
		case wchan == "do_wait" || wchan == "wait4" || wchan == "kernel_wait4":
			waits = true
		case wchan == "do_sigtimedwait":
			l.sigwait(g, tid)
		case wchan == "0" && !l.seesWchan():
			hidden = true
		}
		seen++
		return seen < mostThreads && ctx.Err() == nil && !heldBack(err)
	})
	if err != nil || seen == 0 || seen == mostThreads {
		hidden = true
	}
	if waits || !hidden {
		g.Waits = &waits
	} else if l.root.path == "/proc" {
		g.Unseen = append(g.Unseen, opskit.Gap{What: "whether a thread of " + strconv.Itoa(pid) + " waits for a child", Why: "what it sleeps in is not shown to this user", Need: "run as its user, or as root (CAP_SYS_PTRACE)"})
	}
}

// sigwait learns whether a thread that waits for signals waits for SIGCHLD. The kernel
// shows those that it waits for as not blocked meanwhile (kernel/signal.c).
func (l *look) sigwait(g *Group, tid int) {
	s, err := l.root.status(g.Parent.PID, "task/"+strconv.Itoa(tid)+"/status")
	switch open := err == nil && s.Blocked&(1<<(sigchld()-1)) == 0; {
	case open && g.SIGCHLD == sigchldBlocked: // by the main thread, and so by those that it made
		g.SIGCHLD = sigchldSigwait
	case open && g.SIGCHLD == sigchldDefault:
		g.SIGCHLD = sigchldPerhaps
	}
}

// seesWchan reports whether this reader is shown what tasks sleep in: the kernel says
// 0 of those that it is not, and of those that run.
func (l *look) seesWchan() bool { return mayTrace(l.root) }

// parentDescriptors looks for a signalfd of SIGCHLD, and for pidfds of the zombies.
func (l *look) parentDescriptors(g *Group) {
	dead := map[int]bool{}
	for i := range g.Zombies {
		dead[g.Zombies[i].PID] = true
	}
	directory := filepath.Join(l.root.path, strconv.Itoa(g.Parent.PID))
	names, err := directoryNames(filepath.Join(directory, "fd"))
	if err != nil && l.root.path == "/proc" {
		g.unseen("the descriptors of "+strconv.Itoa(g.Parent.PID), goneOr(err))
	}
	for _, name := range names {
		link, err := os.Readlink(filepath.Join(directory, "fd", name)) // of no path is more read than its name
		if err != nil || !strings.Contains(link, "[signalfd]") && !strings.Contains(link, "pidfd") {
			continue
		}
		text, err := l.root.read(g.Parent.PID, "fdinfo/"+name)
		if err != nil {
			continue
		}
		value, _ := procfile.Field(text, "sigmask")
		if mask, _ := procfile.Mask(value); mask&(1<<(sigchld()-1)) != 0 && g.SIGCHLD == sigchldBlocked {
			g.SIGCHLD = sigchldSignalfd
		}
		if numbers, err := procfile.Numbers(text, "Pid"); err == nil && dead[numbers[0]] {
			g.Pidfds++
		}
	}
}

func directoryNames(path string) ([]string, error) {
	directory, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer directory.Close()
	return directory.Readdirnames(-1)
}

// parentCgroup finds the owner and the freezer. It asks the parent and not the
// zombies, of which hierarchies of version 1 only say "/".
func (l *look) parentCgroup(g *Group) {
	text, err := l.root.read(g.Parent.PID, "cgroup")
	var lines []procfile.Group
	if err == nil {
		lines, err = procfile.ParseGroups(text)
	}
	if err != nil {
		g.unseen("the parent's control group", err)
		return
	}
	owner := ownerOf(lines)
	owner.UID, owner.NSPID = g.Owner.UID, g.Owner.NSPID
	g.Owner = owner
	if g.Freezer, err = freezerFile(l.mounts, lines); err != nil {
		g.unseen("whether the parent is frozen", err)
	}
}

// kind learns what tells the sort of zombie: who traces it.
func (l *look) kind(z *Zombie) {
	if z.facts&tracerKnown == 0 && z.Threads <= 1 {
		s, err := l.root.status(z.PID, "status")
		if err != nil {
			return // unknown, the zero value
		}
		z.setTracer(s.Tracer)
	}
	if z.tracer != 0 {
		z.Tracer = l.tracer(int(z.tracer))
	}
	z.Kind = z.judge()
}

// age tells for how long the zombie has been dead: since it last ran.
func (l *look) age(z *Zombie) {
	least, more, ok := l.clock.since(&task{Process: z.Process, tid: z.PID, ran: z.ran}, z.CPU)
	if ok && z.Kind != KindDeadLeader {
		if least < z.DeadAtLeast {
			least, more = z.DeadAtLeast, max(more-(z.DeadAtLeast-least), 0)
		}
		z.DeadAtLeast, z.DeadMore = least, more
	}
}

// tracer returns the process that a tracing thread belongs to.
func (l *look) tracer(tid int) ID {
	id := ID{PID: tid}
	if s, err := l.root.status(tid, "status"); err == nil {
		id.PID = s.Tgid
	}
	var p Process
	if l.root.stat(id.PID, &p) == nil {
		id = p.ID
	}
	return id
}
