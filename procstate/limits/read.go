package limits

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/opskit-go/opskit/internal/mountinfo"
	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/internal/held"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/procstate/internal/procfile"
)

// Query says for which process the limits are read.
type Query struct {
	// PID is the process that would fork. 0 is this one.
	PID int
	// Root is where procfs is mounted. Empty means "/proc". It must be that of the
	// PID namespace which this process is in: kernel.pid_max is one per namespace.
	Root string
	// Cgroups is a directory below which the hierarchies of control groups stand as
	// they are mounted here. Empty means "/".
	Cgroups string
}

// reader is one Read.
type reader struct {
	root    string
	cgroups string
	report  *Report
	target  procfile.Status
}

// Read counts every limit that a fork of the process runs into, as the kernel
// counts it. It reads the status of every process once, and takes no longer
// than that. The report is never nil; the error is that of a /proc or a process
// that cannot be read.
func Read(ctx context.Context, q Query) (*Report, error) {
	r := &reader{root: q.Root, cgroups: q.Cgroups, report: &Report{At: time.Now().UTC()}}
	if r.root == "" {
		r.root = "/proc"
	}
	pid := q.PID
	if pid == 0 {
		pid = os.Getpid()
	}
	var err error
	if r.target, err = r.status(strconv.Itoa(pid)); err != nil {
		return r.report, &opskit.Error{Op: "read limits of", Target: "pid " + strconv.Itoa(pid), Err: err}
	}
	r.report.For = r.identity(pid)
	c, err := r.count(ctx)
	if err != nil {
		return r.report, err
	}
	r.scope(pid)
	r.user(pid, c)
	r.namespace(c)
	r.host(c)
	r.groups(pid)
	sortLimits(r.report.Limits)
	r.report.Judge()
	return r.report, nil
}

// identity reads a process's start time, which is 0 where the kernel holds it back.
func (r *reader) identity(pid int) procstate.ID {
	var stat procfile.Stat
	path := filepath.Join(r.root, strconv.Itoa(pid), "stat")
	err := r.apart(pid, func() error {
		text, err := os.ReadFile(path)
		if err == nil {
			err = procfile.ParseStat(text, &stat)
		}
		return err
	})
	if err != nil {
		return procstate.ID{PID: pid}
	}
	return procstate.ID{PID: pid, Start: stat.Start}
}

// apart reads what the kernel may hold back while a process executes a program, as
// this one does not. At a limit on threads no other process is asked.
func (r *reader) apart(pid int, read func() error) (err error) {
	switch {
	case pid == os.Getpid() || pid == 0:
		return read()
	case held.Tight() != "":
		return errors.New("no thread may be started to guard its reading: " + held.Tight())
	case slices.Contains(held.Behind(), pid) || !held.Once(pid, held.First, func() { err = read() }):
		return held.Err
	}
	return err
}

func (r *reader) gap(what string, err error) {
	r.report.Unseen = append(r.report.Unseen, opskit.Gap{What: what, Why: err.Error()})
}

func (r *reader) add(l Limit) { r.report.Limits = append(r.report.Limits, l) }

// user adds RLIMIT_NPROC, which counts the tasks of a real user. The first user
// namespace's root and who has CAP_SYS_RESOURCE or CAP_SYS_ADMIN there are exempt
// (kernel/fork.c).
func (r *reader) user(pid int, c counts) {
	const exempt = procfile.CapSysResource | procfile.CapSysAdmin
	here, err := r.inFirst("self", procfile.FirstUsers)
	if err == nil && here && r.target.UID == 0 {
		return
	}
	there, err2 := r.inFirst(strconv.Itoa(pid), procfile.FirstUsers)
	switch err = errors.Join(err, err2); {
	case err != nil:
		r.gap("RLIMIT_NPROC", err)
		return
	case !there:
		r.gap("RLIMIT_NPROC", errors.New("another user namespace counts its users apart, and in the user that made it"))
		return
	case r.target.Effective&exempt != 0:
		return
	}
	text, err := os.ReadFile(filepath.Join(r.root, strconv.Itoa(pid), "limits"))
	if err != nil {
		r.gap("RLIMIT_NPROC", err)
		return
	}
	limit, err := softNproc(string(text))
	if err != nil {
		r.gap("RLIMIT_NPROC", err)
		return
	}
	if limit == math.MaxUint64 {
		return
	}
	r.add(Limit{
		Name: "rlimit.nproc", Scope: fmt.Sprintf("uid %d", r.target.UID), Max: limit,
		Used: c.byUser[r.target.UID], Zombies: c.zombiesByUser[r.target.UID],
	})
}

// scope says what this /proc does not show of what the kernel counts: tasks of other
// PID namespaces, and those that hidepid keeps from this user (proc(5)).
func (r *reader) scope(pid int) {
	gap := func(what, why, need string) {
		r.report.Unseen = append(r.report.Unseen, opskit.Gap{What: what, Why: why, Need: need})
	}
	switch first, err := r.inFirst("self", procfile.FirstPIDs); {
	case err != nil:
		r.gap("tasks of other PID namespaces", err)
	case !first:
		gap(fmt.Sprintf("tasks of uid %d in other PID namespaces, and the numbers that the namespaces above have left", r.target.UID),
			"only this PID namespace is shown", "look from the host's PID namespace")
	}
	text, err := os.ReadFile(filepath.Join(r.root, "self", "mountinfo"))
	if err != nil {
		return // groups tells
	}
	mounts, _ := mountinfo.Parse(text) // the lines that are right
	for _, m := range mounts {
		hides, _ := m.Option("hidepid")
		if m.Type != "proc" || m.Point != r.root || hides == "" || hides == "0" || hides == "off" {
			continue
		}
		if own, err := r.status("self"); err != nil || own.Effective&procfile.CapSysPtrace == 0 {
			gap("tasks of other users", m.Point+" is mounted with hidepid="+hides, "run as root (CAP_SYS_PTRACE)")
		}
	}
}

// inFirst tells whether a process is in the first namespace of a kind. A copy of
// /proc is taken for one of a host.
func (r *reader) inFirst(process, first string) (bool, error) {
	kind, _, _ := strings.Cut(first, ":")
	var link string
	path := filepath.Join(r.root, process, "ns", kind)
	pid, _ := strconv.Atoi(process) // 0 for "self"
	err := r.apart(pid, func() (err error) {
		link, err = os.Readlink(path)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return link == first, err
}

// softNproc finds the soft limit in /proc/PID/limits.
func softNproc(text string) (uint64, error) {
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, "Max processes")
		if !ok {
			continue
		}
		fields := strings.Fields(rest)
		if len(fields) > 0 && fields[0] == "unlimited" {
			return math.MaxUint64, nil
		}
		if len(fields) == 3 {
			return strconv.ParseUint(fields[0], 10, 64)
		}
	}
	return 0, fmt.Errorf("%w: limits has no whole line of Max processes", procstate.ErrMalformed)
}

// reservedPIDs are given out only once, in the first round (RESERVED_PIDS of
// kernel/pid.c).
const reservedPIDs = 300

// load reads /proc/loadavg: how many tasks the host has, and the number that was
// given out last in this PID namespace.
func (r *reader) load() (total, last uint64, err error) {
	text, err := os.ReadFile(filepath.Join(r.root, "loadavg"))
	if err != nil {
		return 0, 0, err
	}
	return parseLoad(string(text))
}

func parseLoad(text string) (total, last uint64, err error) {
	fields := strings.Fields(text)
	if len(fields) != 5 || !strings.HasSuffix(text, "\n") {
		return 0, 0, fmt.Errorf("%w: loadavg", procstate.ErrMalformed)
	}
	_, tasks, _ := strings.Cut(fields[3], "/")
	total, err = strconv.ParseUint(tasks, 10, 64)
	if err == nil {
		last, err = strconv.ParseUint(fields[4], 10, 64)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("%w: loadavg: %w", procstate.ErrMalformed, err)
	}
	return total, last, nil
}

// namespace adds the numbers of the PID namespace. A number is in use as long as
// a task, a process group or a session has it; the highest is pid_max - 1. Those
// below reservedPIDs count until they have been given out for the first time.
func (r *reader) namespace(c counts) {
	limit, err := r.number("sys/kernel/pid_max")
	if err != nil {
		r.gap("kernel.pid_max", err)
		return
	}
	_, last, err := r.load()
	if err != nil {
		r.gap("kernel.pid_max", err)
		return
	}
	used := uint64(0)
	for number := range c.numbers {
		if number >= reservedPIDs {
			used++
		}
	}
	available := limit - min(limit, reservedPIDs)
	if last < reservedPIDs {
		available += reservedPIDs - 1 - last
	}
	r.add(Limit{Name: "kernel.pid_max", Scope: "pid namespace", Used: used, Max: available, Zombies: c.zombies})
}

// host adds kernel.threads-max, which counts all tasks of the host, those of
// other namespaces included.
func (r *reader) host(c counts) {
	limit, err := r.number("sys/kernel/threads-max")
	if err != nil {
		r.gap("kernel.threads-max", err)
		return
	}
	used, _, err := r.load()
	if err != nil {
		r.gap("how many tasks there are", err)
		return
	}
	r.add(Limit{Name: "kernel.threads-max", Scope: "host", Used: used, Max: limit, Zombies: c.zombies})
}

func (r *reader) number(file string) (uint64, error) {
	text, err := os.ReadFile(filepath.Join(r.root, filepath.FromSlash(file)))
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
}
