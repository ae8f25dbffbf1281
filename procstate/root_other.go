//go:build !linux || opskit_portable

package procstate

import (
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/mountinfo"
	"github.com/opskit-go/opskit/procstate/internal/procfile"
)

// root is a directory in the form of /proc: a copy or a tree that a test made, or
// the real one on a Linux that is built with the portable tag.
type root struct {
	path   string
	spare  *spare
	behind []int
	free   *atomic.Bool
	tight  string
}

// copyTo makes another root of the same directory.
func (r *root) copyTo(other *root) { other.path = r.path }

func openRoot(path string) (*root, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &opskit.Error{Op: "open", Target: path, Err: err}
	}
	if !info.IsDir() {
		return nil, &opskit.Error{Op: "open", Target: path, Err: os.ErrInvalid}
	}
	return &root{path: path}, nil
}

func (r *root) close() {}

// findBehind does nothing: no thread is ever left behind.
func (r *root) findBehind() {}

// mount returns the mount that this root is on, or nil.
func (r *root) mount(mounts []mountinfo.Mount) *mountinfo.Mount {
	path, err := filepath.EvalSymlinks(r.path)
	if err != nil {
		path = r.path
	}
	return mountedAt(mounts, path)
}

// eachPID yields every PID of the directory until yield returns false.
func (r *root) eachPID(yield func(pid int) bool) error { return eachNumber(r.path, r.path, yield) }

// eachThread yields the thread IDs of a process.
func (r *root) eachThread(pid int, yield func(tid int) bool) error {
	return eachNumber(filepath.Join(r.path, strconv.Itoa(pid), "task"), "threads of pid "+strconv.Itoa(pid), yield)
}

func eachNumber(path, what string, yield func(int) bool) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return &opskit.Error{Op: "list", Target: what, Err: goneOr(err)}
	}
	for _, entry := range entries {
		if number, ok := procfile.Int([]byte(entry.Name())); ok && number > 0 && !yield(number) {
			return nil
		}
	}
	return nil
}

// tryStat reads a process's stat file. A process that has gone is ErrGone.
func (r *root) tryStat(pid int, p *Process) error { return r.statFile(pid, "stat", pid, p) }

// tryStatThread reads a thread's stat file.
func (r *root) tryStatThread(pid, tid int, p *Process) error {
	return r.statFile(pid, "task/"+strconv.Itoa(tid)+"/stat", tid, p)
}

func (r *root) statFile(pid int, file string, want int, p *Process) error {
	text, err := r.tryRead(pid, file)
	if err != nil {
		return err
	}
	if len(text) == 0 {
		return readError("read stat", want, os.ErrNotExist)
	}
	return parsedStat(text, want, p)
}

// tryRead reads a whole file of a process, such as "status".
func (r *root) tryRead(pid int, file string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(r.path, strconv.Itoa(pid), filepath.FromSlash(file)))
	if err != nil {
		return nil, readError("read "+file, pid, err)
	}
	return text, nil
}

// readNamed reads a file of the root itself, such as "self/mountinfo".
func (r *root) readNamed(file string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(r.path, filepath.FromSlash(file)))
	if err != nil {
		return nil, &opskit.Error{Op: "read", Target: r.path + "/" + file, Err: err}
	}
	return text, nil
}
