package procstate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
)

// look is one look at a host: the open /proc, and what all groups share.
type look struct {
	root   *root
	mounts []mount
	boot   string
	clock  *schedClock
	aging  time.Duration // spent on ages so far

	subreapers map[int]Process // nil where they are not visible
	hidden     []Gap           // what the mount of /proc keeps from this reader
	errs       []error
}

func newLook(r *root) *look {
	l := &look{root: r, clock: newSchedClock(r)}
	text, err := r.readNamed("self/mountinfo")
	if err == nil {
		l.mounts, err = parseMounts(text)
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
func (l *look) gaps() []Gap {
	gaps := l.hidden
	if len(l.errs) > 0 {
		gap := Gap{What: "a process", Why: l.errs[0].Error()}
		if n := len(l.errs); n > 1 {
			gap.What = fmt.Sprintf("%d processes", n)
			gap.Why = "first " + gap.Why
		}
		gaps = append(gaps, gap)
	}
	return gaps
}

// hiddenBy tells what the hidepid option of this /proc hides (proc(5)).
func (l *look) hiddenBy() []Gap {
	m := l.root.mount(l.mounts)
	if m == nil || m.fstype != "proc" {
		return nil
	}
	value, _ := m.option("hidepid")
	switch value {
	case "", "0", "off":
		return nil
	}
	group, hasGroup := m.option("gid")
	if mayTrace(l.root) || hasGroup && value != "4" && value != "ptraceable" && inGroup(l.root, group) {
		return nil
	}
	return []Gap{{
		What: "processes of other users", Why: l.root.path + " is mounted with hidepid=" + value,
		Need: "run as root (CAP_SYS_PTRACE)",
	}}
}

// mayTrace reports whether this process has CAP_SYS_PTRACE over every process:
// in another user namespace than the first it is over those of that one alone.
func mayTrace(r *root) bool {
	const capSysPtrace = 19
	// PROC_USER_INIT_INO of include/linux/proc_ns.h; a kernel without user
	// namespaces has no such file.
	if space, err := os.Readlink(r.path + "/self/ns/user"); err == nil && space != "user:[4026531837]" {
		return false
	}
	effective, ok := parseMask([]byte(ownStatus(r, "CapEff")))
	return ok && effective&(1<<capSysPtrace) != 0
}

func inGroup(r *root, gid string) bool {
	// The last number of Gid is that for filesystems, which is what the kernel asks.
	for own := range strings.FieldsSeq(ownStatus(r, "Groups") + " " + string(lastField([]byte(ownStatus(r, "Gid"))))) {
		if own == gid {
			return true
		}
	}
	return false
}

// ownStatus returns a line of this process's own status.
func ownStatus(r *root, name string) string {
	text, err := r.readNamed("self/status")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && key == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
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
		g.Unseen = append(g.Unseen, Gap{
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
				err = &Error{Op: "read stat", Target: "pid " + strconv.Itoa(pid), Err: ErrReused}
			}
		}
	}
	if err != nil {
		g.unseen("the parent", err)
		return !errors.Is(err, ErrGone) && !errors.Is(err, ErrReused)
	}
	g.Parent = p
	l.parentStatus(g)
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

func (l *look) parentStatus(g *Group) {
	text, err := l.root.read(g.Parent.PID, "status")
	var s status
	if err == nil {
		s, err = parseStatus(text)
	}
	if err != nil {
		g.unseen("how the parent handles SIGCHLD, and its user", err)
		return
	}
	g.SIGCHLD = s.sigchld()
	g.Owner.UID = &s.uid
	if s.nspid != g.Parent.PID {
		g.Owner.NSPID = s.nspid
	}
}

// parentCgroup finds the owner and the freezer. It asks the parent and not the
// zombies, of which hierarchies of version 1 only say "/".
func (l *look) parentCgroup(g *Group) {
	text, err := l.root.read(g.Parent.PID, "cgroup")
	var lines []cgroupLine
	if err == nil {
		lines, err = parseCgroups(text)
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

// kind tells what sort of zombie this is.
func (l *look) kind(z *Zombie) {
	if z.Threads > 1 {
		z.Kind = DeadLeader
		return
	}
	tracer := int(z.tracer)
	if z.facts&tracerKnown == 0 {
		text, err := l.root.read(z.PID, "status")
		var s status
		if err == nil {
			s, err = parseStatus(text)
		}
		if err != nil {
			return // unknown, the zero value
		}
		tracer = s.tracer
	}
	if tracer != 0 {
		z.Tracer = l.tracer(tracer)
	}
	z.Kind = z.judge()
}

// age tells for how long the zombie has been dead: since it last ran.
func (l *look) age(z *Zombie) {
	least, more, ok := l.clock.since(&task{Process: z.Process, tid: z.PID}, z.CPU)
	if ok && z.Kind != DeadLeader {
		if least < z.DeadAtLeast {
			least, more = z.DeadAtLeast, max(more-(z.DeadAtLeast-least), 0)
		}
		z.DeadAtLeast, z.DeadMore = least, more
	}
}

// tracer returns the process that a tracing thread belongs to.
func (l *look) tracer(tid int) ID {
	id := ID{PID: tid}
	if text, err := l.root.read(tid, "status"); err == nil {
		if s, err := parseStatus(text); err == nil {
			id.PID = s.tgid
		}
	}
	var p Process
	if l.root.stat(id.PID, &p) == nil {
		id = p.ID
	}
	return id
}
