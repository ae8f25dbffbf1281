package procstate

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/opskit-go/opskit/procstate/internal/held"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/procstate/internal/procfile"
)

// batch reads the stat files of processes, some at a time, on a thread that may
// be left behind: see package held.
type batch struct {
	root    *root
	taker   taker
	results *results
}

// taker takes what a batch has read. It reports whether to go on.
type taker interface {
	take(id wanted, p *Process, err error) bool
}

// results is what the reading thread writes to, and left to it where it is held
// up.
type results struct {
	reader    held.Reader
	own       root
	n         int // how many have been asked for
	ids       [batchProcesses]wanted
	processes [batchProcesses]Process
	errs      [batchProcesses]error
}

// batchProcesses are so many that starting to read them costs next to nothing.
const batchProcesses = 256

// wanted is a process, or with a thread ID one of its threads.
type wanted struct{ pid, tid int }

func (w wanted) heldBack() error { return heldError("read stat", max(w.pid, w.tid)) }

// Read reads the stat file of one.
func (res *results) Read(i int) {
	switch id := res.ids[i]; {
	case slices.Contains(res.own.behind, id.pid):
		res.errs[i] = id.heldBack()
	case id.tid != 0:
		res.errs[i] = res.own.tryStatThread(id.pid, id.tid, &res.processes[i])
	default:
		res.errs[i] = res.own.tryStat(id.pid, &res.processes[i])
	}
}

// batch begins to read processes; end must follow.
func (r *root) batch(to taker) batch {
	b := batch{root: r, taker: to}
	b.begin(&results{})
	return b
}

func (b *batch) begin(empty *results) {
	b.results = empty
	b.results.reader.Reads = b.results
	b.root.copyTo(&b.results.own)
}

// end ends what begin began.
func (b *batch) end() { b.results.reader.Stop() }

// add asks for one, and reports whether to go on.
func (b *batch) add(id wanted) bool {
	b.results.ids[b.results.n] = id
	b.results.n++
	return b.results.n < batchProcesses || b.flush()
}

// flush reads what has been asked for and yields it in its order. It reports
// whether to go on.
func (b *batch) flush() bool {
	for b.results.n > 0 {
		res := b.results
		if b.root.tight != "" {
			if !b.inline() {
				return false
			}
			continue
		}
		done := res.reader.Run(res.n, b.root.patience())
		stuck := done < res.n
		if stuck { // the reading thread may still write to its own
			res.reader.Mark(res.ids[done].pid)
			b.root.leave(res.ids[done].pid)
			b.begin(&results{})
			b.results.n = copy(b.results.ids[:], res.ids[done+1:res.n])
		} else {
			res.n = 0
		}
		for i := range done {
			if !b.taker.take(res.ids[i], &res.processes[i], res.errs[i]) {
				return false
			}
		}
		if stuck && !b.taker.take(res.ids[done], &Process{}, res.ids[done].heldBack()) {
			return false
		}
	}
	return true
}

// inline reads what has been asked for where no thread may be started.
func (b *batch) inline() bool {
	res := b.results
	n := res.n
	res.n = 0
	for i := range n {
		id := res.ids[i]
		err := b.root.tightStat(id.pid, &res.processes[i])
		if id.tid != 0 {
			err = errTight
		}
		if !b.taker.take(id, &res.processes[i], err) {
			return false
		}
	}
	return true
}

// errTight is what a file that may be held back is not read with at a limit.
var errTight = errors.New("no thread may be started to guard its reading")

// tightStat reads a stat file that cannot be held back: that of a zombie.
func (r *root) tightStat(pid int, p *Process) error {
	s, err := r.status(pid, "status")
	switch {
	case errors.Is(err, ErrGone):
		return ErrGone
	case err == nil && (s.State != 'Z' || s.Threads > 1):
		err = failed("read stat", pid, errTight)
	case err == nil:
		err = r.tryStat(pid, p)
	}
	return err
}

// leave notes that a thread was left behind for a process.
func (r *root) leave(pid int) {
	r.behind = append(r.behind, pid)
	if r.free != nil {
		r.free.Store(false)
	}
}

// patience is how long a read may be held up.
func (r *root) patience() time.Duration {
	if len(r.behind) > 0 {
		return held.Next
	}
	return held.First
}

// stat reads a process's stat file. A process that has gone is ErrGone.
func (r *root) stat(pid int, p *Process) error {
	var err error
	if r.tight != "" {
		err = r.tightStat(pid, p)
	} else {
		err = r.apart(pid, func(own *root, read *Process) error { return own.tryStat(pid, read) }, p)
	}
	switch err {
	case ErrGone:
		return readError("read stat", pid, fs.ErrNotExist)
	case held.Err:
		return heldError("read stat", pid)
	}
	return err
}

// statThread reads a thread's stat file.
func (r *root) statThread(pid, tid int, p *Process) error {
	err := r.apart(pid, func(own *root, read *Process) error { return own.tryStatThread(pid, tid, read) }, p)
	if err == held.Err {
		return heldError("read stat", tid)
	}
	return err
}

// apart runs one read of a process on a thread that may be left behind.
func (r *root) apart(pid int, read func(own *root, p *Process) error, p *Process) (err error) {
	switch {
	case r.tight != "":
		return failed("read", pid, errTight)
	case slices.Contains(r.behind, pid):
		return held.Err
	}
	one := r.spare
	if one == nil {
		one = &spare{}
		r.copyTo(&one.own)
	}
	r.spare = nil
	if !held.Once(pid, r.patience(), func() { one.err = read(&one.own, &one.process) }) {
		r.leave(pid) // and the spare is left to the reading thread
		return held.Err
	}
	r.spare = one
	*p = one.process
	return one.err
}

// spare is what one read writes to.
type spare struct {
	own     root
	process Process
	err     error
}

// read reads a whole file of a process, such as "status". The bytes are valid
// until the next call.
func (r *root) read(pid int, file string) ([]byte, error) {
	switch filepath.Base(file) {
	case "stat", "wchan", "syscall", "stack": // those that may be held back
	default:
		return r.tryRead(pid, file)
	}
	var text []byte
	err := r.apart(pid, func(own *root, _ *Process) (err error) {
		text, err = own.tryRead(pid, file)
		return err
	}, &Process{})
	if err == held.Err {
		return nil, heldError("read "+file, pid)
	}
	if err != nil {
		return nil, err
	}
	return text, nil
}

// link reads a link of a process, such as "ns/pid".
func (r *root) link(pid int, name string) (string, error) {
	var target string
	path := filepath.Join(r.path, strconv.Itoa(pid), filepath.FromSlash(name))
	err := r.apart(pid, func(_ *root, _ *Process) (err error) {
		target, err = os.Readlink(path)
		return err
	}, &Process{})
	if err == held.Err {
		return "", err
	}
	return target, err
}

func heldError(op string, pid int) error {
	return &opskit.Error{Op: op, Target: "pid " + strconv.Itoa(pid), Err: held.Err}
}

// heldBack reports whether an error is that of a process whose files the kernel
// holds back.
func heldBack(err error) bool { return errors.Is(err, held.Err) }

// executing reads a process whose stat file is held back. Its status file is not,
// and tells all but the start time.
func (r *root) executing(pid int) (task, error) {
	t := task{Process: Process{ID: ID{PID: pid}, ExitSignal: sigchld()}, tid: pid}
	s, err := r.status(pid, "status")
	if err != nil {
		return t, err
	}
	t.PPID, t.Threads, t.State, t.switches = s.PPid, s.Threads, State(s.State), s.Switches
	copy(t.Comm[:len(t.Comm)-1], strings.NewReplacer(`\n`, "\n", `\\`, `\`).Replace(string(s.Name)))
	return t, nil
}

// childFaults reads what the children that a process has waited for have left there.
func (r *root) childFaults(pid int) uint64 {
	var s procfile.Stat
	if text, err := r.read(pid, "stat"); err != nil || procfile.ParseStat(text, &s) != nil {
		return 0
	}
	return s.ChildFaults
}
