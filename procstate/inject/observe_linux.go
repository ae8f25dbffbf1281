//go:build linux && !opskit_portable && (amd64 || arm64)

package inject

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/procstate/internal/held"
	"github.com/opskit-go/opskit/procstate/internal/procfile"

	"github.com/opskit-go/opskit/procstate"
)

// observe collects the evidence on a parent from /proc, without touching it.
func observe(pid int) (evidence, error) {
	e := evidence{caller: os.Getpid()}
	_, numbers, err := readStatus("/proc/self")
	if err != nil {
		return e, err
	}
	if len(numbers) != 1 || numbers[0] != e.caller {
		e.foreign = true
		return e, nil
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return e, err
	}
	e.boot = strings.TrimSpace(string(boot))
	if e.ancestors, err = ancestors(e.caller); err != nil {
		return e, err
	}
	if pid <= 1 {
		return e, nil
	}
	if slices.Contains(held.Behind(), pid) {
		return e, ErrExec
	}
	if e.parent, err = readStat(pid); err != nil {
		return e, missing(err)
	}
	status, spaces, err := readStatus(procPath(pid))
	if err != nil {
		return e, missing(err)
	}
	if status.Tgid != pid {
		return e, ErrGone // a thread's number
	}
	e.spaces = spaces
	if e.parent.State == 'Z' && e.parent.Threads <= 1 {
		return e, ErrGone
	}
	tasks, err := os.ReadDir(procPath(pid) + "/task")
	if err != nil {
		return e, missing(err)
	}
	for _, task := range tasks {
		tid, err := strconv.Atoi(task.Name())
		if err != nil {
			return e, err
		}
		t, err := observeThread(pid, tid)
		if isGone(err) {
			continue
		}
		if err != nil {
			return e, err
		}
		e.threads = append(e.threads, t)
	}
	return e, nil
}

func observeThread(pid, tid int) (thread, error) {
	path := procPath(pid) + "/task/" + strconv.Itoa(tid)
	t := thread{tid: tid, call: call{number: -1, name: runningCall}}
	status, _, err := readStatus(path)
	if err != nil {
		return t, err
	}
	t.seccomp, t.tracer = status.Seccomp, status.Tracer
	s, err := readStatOf(pid, path)
	if err != nil {
		return t, err
	}
	t.state, t.cpu = s.State, s.CPU
	if t.state == 'Z' || t.state == 'X' {
		return t, nil
	}
	var wchan, text []byte
	var failed error
	if !held.Once(pid, held.First, func() {
		wchan, _ = os.ReadFile(path + "/wchan")
		text, failed = os.ReadFile(path + "/syscall")
	}) {
		return t, ErrExec
	}
	t.wchan = string(wchan)
	if failed != nil {
		return t, failed
	}
	if t.call, err = parseCall(text); err != nil {
		return t, err
	}
	if t.call.number >= 0 {
		t.call.name = cmp.Or(callNames()[t.call.number], "system call "+strconv.FormatInt(t.call.number, 10))
	}
	if t.call.name == "read" {
		t.call.file, _ = os.Readlink(path + "/fd/" + strconv.FormatUint(t.call.args[0], 10))
	}
	return t, nil
}

// ancestors lists the processes above pid as far as /proc shows them.
func ancestors(pid int) ([]int, error) {
	var all []int
	for pid > 1 && !slices.Contains(all, pid) {
		s, err := readStat(pid)
		if err != nil {
			return nil, err
		}
		pid = s.PPID
		all = append(all, pid)
	}
	return all, nil
}

// dead lists the dead children of a parent: those that wait4 would reap, and
// the others with the reason. What cannot be read is no child that could be
// reaped.
func dead(parent int) (zombies []procstate.ID, left []Left, err error) {
	names, err := candidates(parent)
	if err != nil {
		return nil, nil, err
	}
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	for _, s := range readStats(pids) {
		if s.PPID != parent || s.State != 'Z' {
			continue
		}
		z := procstate.ID{PID: s.PID, Start: s.Start}
		if reason := unfit(s); reason != ReasonNotTried {
			left = append(left, Left{ID: z, Reason: reason})
		} else {
			zombies = append(zombies, z)
		}
	}
	slices.SortFunc(zombies, func(a, b procstate.ID) int { return cmp.Compare(a.PID, b.PID) })
	slices.SortFunc(left, func(a, b Left) int { return cmp.Compare(a.PID, b.PID) })
	return zombies, left, nil
}

// candidates lists the PIDs among which the children of a parent are: those of
// its threads (proc_pid_children(5); one may be missing while others exit), or
// all where the kernel has no such list (CONFIG_PROC_CHILDREN).
func candidates(parent int) ([]string, error) {
	tasks, err := os.ReadDir(procPath(parent) + "/task")
	if err != nil {
		return nil, missing(err)
	}
	var names []string
	listed := false
	for _, task := range tasks {
		text, err := os.ReadFile(procPath(parent) + "/task/" + task.Name() + "/children")
		if isGone(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		listed = true
		names = append(names, strings.Fields(string(text))...)
	}
	if listed {
		return names, nil
	}
	dir, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.Readdirnames(-1)
}

// unfit returns why wait4 without __WALL would not reap a zombie, or NotTried.
func unfit(s procfile.Stat) Reason {
	switch {
	case s.Threads > 1:
		return ReasonLiveThreads
	case s.ExitSignal != int(unix.SIGCHLD):
		return ReasonOtherSignal
	}
	status, _, err := readStatus(procPath(s.PID))
	switch {
	case isGone(err):
		return ReasonGone
	case err != nil || status.Tracer != 0:
		return ReasonTraced
	}
	return ReasonNotTried
}

// numberInside returns the PID by which the parent knows its zombie, or 0 if it has
// been reaped: the zombie's PID at the depth of the parent's PID namespace.
func numberInside(z procstate.ID, parent, depth int) int {
	s, err := readStatNow(procPath(z.PID)) // it was a zombie
	if err != nil || s.Start != z.Start || s.PPID != parent || s.State != 'Z' {
		return 0
	}
	_, numbers, err := readStatus(procPath(z.PID))
	if err != nil || len(numbers) < depth {
		return 0
	}
	return numbers[depth-1]
}

func readStat(pid int) (procfile.Stat, error) { return readStatOf(pid, procPath(pid)) }

// readStatOf reads the stat file of a process, or of a thread of it. Of one that executes
// another program the kernel may hold it back.
func readStatOf(pid int, path string) (s procfile.Stat, err error) {
	if !held.Once(pid, held.First, func() { s, err = readStatNow(path) }) {
		return procfile.Stat{}, ErrExec
	}
	return s, err
}

func readStatNow(path string) (s procfile.Stat, err error) {
	text, err := os.ReadFile(path + "/stat")
	if err == nil {
		err = procfile.ParseStat(text, &s)
	}
	return s, err
}

// readStatus reads the status file of a process or thread, with its PIDs from /proc's
// namespace inwards.
func readStatus(path string) (s procfile.Status, pids []int, err error) {
	text, err := os.ReadFile(path + "/status")
	if err == nil {
		s, err = procfile.ParseStatus(text, procfile.ForTracing)
	}
	if err == nil {
		pids, err = s.PIDs()
	}
	return s, pids, err
}

// stats reads the stat files of many processes. Whose is held back is not dead.
type stats struct {
	pids  []int
	found []procfile.Stat
	errs  []error
}

// Read reads one of them.
func (s *stats) Read(i int) { s.found[i], s.errs[i] = readStatNow(procPath(s.pids[i])) }

// readStats returns the stat of every process that could be read.
func readStats(pids []int) (all []procfile.Stat) {
	behind := held.Behind()
	pids = slices.DeleteFunc(pids, func(pid int) bool { return slices.Contains(behind, pid) })
	for len(pids) > 0 {
		s := &stats{pids, make([]procfile.Stat, len(pids)), make([]error, len(pids))}
		reader := held.Reader{Reads: s}
		done := reader.Run(len(pids), held.First)
		for i := range done {
			if s.errs[i] == nil {
				all = append(all, s.found[i])
			}
		}
		if done == len(pids) {
			reader.Stop()
			break
		}
		reader.Mark(pids[done])
		pids = pids[done+1:]
	}
	return all
}

func procPath(pid int) string { return "/proc/" + strconv.Itoa(pid) }

// isGone tells that a /proc file vanished with its process.
func isGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH)
}

func missing(err error) error {
	if isGone(err) {
		return ErrGone
	}
	return err
}
