//go:build linux && !opskit_portable

package reaper

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/procstate/internal/procfile"
)

// errControl: a pidfd that is certainly open was not found, so nothing that was
// not found may be taken for absent.
var errControl = errors.New("a pidfd of the reaper's own was not found among this process's descriptors")

// pinned are the pidfds that the reaper itself holds: descriptor to PID.
type pinned map[int]int

// owned finds the processes that this process holds a pidfd of, other than the
// reaper's own: PID to descriptor. A descriptor that is open at one number
// throughout the call is certain to be found, because the kernel lists
// descriptors by number; the caller looks twice to find one that moved.
//
// Every different table among the threads is read. The pinned pidfds serve as
// the control: each must turn up, or the answer is an error.
func owned(control pinned) (map[int]int, error) {
	found := map[int]int{}
	left := len(control)
	// This thread's table is nearly always that of all threads.
	seen, err := readTable("/proc/thread-self", true, control, found)
	if err != nil {
		return nil, err
	}
	left -= seen
	threads, err := threadNames()
	if err != nil {
		return nil, err
	}
	for _, tid := range threads {
		task := "/proc/self/task/" + tid
		if shares(task, control) {
			continue
		}
		seen, err := readTable(task, false, control, found)
		if _, alive := os.Lstat(task); err != nil && gone(alive) {
			continue
		}
		if err != nil {
			return nil, err
		}
		left -= seen
	}
	if left > 0 {
		return nil, errControl
	}
	return found, nil
}

// shares tells whether the thread's descriptor table holds the reaper's pidfds,
// which makes it the table that was read already (or a copy made since, which
// then holds every descriptor of a child that was dead before).
func shares(task string, control pinned) bool {
	for fd, pid := range control {
		if number, err := pidfdTarget(task, strconv.Itoa(fd)); err == nil && number == pid {
			return true
		}
	}
	return false
}

// readTable adds the pidfds of one thread's table to found and returns how many
// of control it met. In the table that is certainly the caller's own, the first
// of control is read to the end and the others go by their number.
func readTable(task string, own bool, control pinned, found map[int]int) (int, error) {
	dir, err := os.Open(task + "/fd")
	if err != nil {
		return 0, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return 0, err
	}
	met := 0
	for _, name := range names {
		fd, err := strconv.Atoi(name)
		if err != nil {
			return 0, err
		}
		want, pins := control[fd]
		if pins && own && met > 0 {
			met++
			continue
		}
		pid, err := readPidfd(task, int(dir.Fd()), name)
		if err != nil {
			return 0, fmt.Errorf("read descriptor %s: %w", name, err)
		}
		switch {
		case pins && (pid == want || pid == -1): // -1: its owner has waited meanwhile
			met++
		case pid > 0:
			found[pid] = fd
		}
	}
	return met, nil
}

// readPidfd returns the PID that a descriptor refers to if it is a pidfd, 0 if
// it is not, or no longer open.
func readPidfd(task string, dir int, name string) (int, error) {
	link := make([]byte, 64)
	for {
		n, err := unix.Readlinkat(dir, name, link)
		if gone(err) {
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		if !isPidfd(string(link[:n])) {
			return 0, nil
		}
		pid, err := pidfdTarget(task, name)
		if gone(err) {
			return 0, nil
		}
		if err == nil {
			return pid, nil
		}
		// Another file may have got the number in between.
		again, failed := unix.Readlinkat(dir, name, link)
		if failed == nil && isPidfd(string(link[:again])) {
			return 0, err
		}
	}
}

// isPidfd tells a pidfd by the text of its link: anon_inode:[pidfd], and
// pidfd:[INODE] in some kernels since 6.9.
func isPidfd(link string) bool {
	return strings.HasPrefix(link, "anon_inode:[pidfd]") || strings.HasPrefix(link, "pidfd:")
}

// pidfdTarget reads the PID that a descriptor of a thread refers to: -1 if that
// process has been reaped, 0 if it is not of this PID namespace.
func pidfdTarget(task, fd string) (int, error) {
	text, err := os.ReadFile(task + "/fdinfo/" + fd)
	if err != nil {
		return 0, err
	}
	numbers, err := procfile.Numbers(text, "Pid")
	if err != nil {
		return 0, err
	}
	return numbers[0], nil
}
