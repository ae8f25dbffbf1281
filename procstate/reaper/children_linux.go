//go:build linux && !opskit_portable

package reaper

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/procstate/internal/procfile"
)

// child is a child process of this process.
type child struct {
	pid int
	// first: it is listed under this process's first thread, where the kernel
	// puts adopted orphans (find_new_reaper in kernel/exit.c takes the first
	// thread that is not exiting). A child listed elsewhere was forked here.
	first bool
}

// children lists the children of this process, from
// /proc/self/task/TID/children (proc_pid_children(5)). A child may be missing
// when others exit meanwhile; the next look finds it.
func children(pid int) ([]child, error) {
	threads, err := threadNames()
	if err != nil {
		return nil, err
	}
	var all []child
	own := strconv.Itoa(pid)
	for _, tid := range threads {
		text, err := os.ReadFile("/proc/self/task/" + tid + "/children")
		if gone(err) && tid != own {
			continue
		}
		if err != nil {
			return nil, err
		}
		for field := range bytes.FieldsSeq(text) {
			if number, err := strconv.Atoi(string(field)); err == nil && number > 0 {
				all = append(all, child{pid: number, first: tid == own})
			}
		}
	}
	return all, nil
}

func threadNames() ([]string, error) {
	dir, err := os.Open("/proc/self/task")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.Readdirnames(-1)
}

// gone tells that a /proc file vanished with its thread, process or descriptor.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH)
}

// traced tells from /proc/PID/status whether a debugger is attached.
func traced(pid int) (bool, error) {
	text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return false, err
	}
	s, err := procfile.ParseStatus(text, procfile.ForTracing)
	return s.Tracer != 0, err
}
