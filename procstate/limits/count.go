package limits

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/procstate/internal/procfile"
)

// counts is what the tasks of a PID namespace use up.
type counts struct {
	byUser        map[uint32]uint64
	zombiesByUser map[uint32]uint64
	zombies       uint64
	numbers       map[int]bool // PIDs, thread IDs, process groups and sessions
}

// count walks over all processes and their threads.
func (r *reader) count(ctx context.Context) (counts, error) {
	c := counts{byUser: map[uint32]uint64{}, zombiesByUser: map[uint32]uint64{}, numbers: map[int]bool{}}
	directory, err := os.Open(r.root)
	if err != nil {
		return c, err
	}
	defer directory.Close()
	names, err := directory.Readdirnames(-1)
	if err != nil {
		return c, err
	}
	for i, name := range names {
		pid, ok := procfile.Int([]byte(name))
		if !ok || pid == 0 {
			continue
		}
		if i%256 == 0 && ctx.Err() != nil {
			return c, &opskit.Error{Op: "list", Target: r.root, Err: ctx.Err()}
		}
		s, err := r.status(name)
		if gone(err) {
			continue
		}
		if err != nil {
			r.gap("pid "+name, err)
			continue
		}
		c.byUser[s.UID] += uint64(s.Threads)
		if s.State == 'Z' {
			c.zombies++
			c.zombiesByUser[s.UID]++
		}
		for _, number := range []int{pid, procfile.First(s.NSpgid), procfile.First(s.NSsid)} {
			if number > 0 {
				c.numbers[number] = true
			}
		}
		if s.Threads > 1 {
			r.threads(pid, c.numbers)
		}
	}
	return c, nil
}

// threads adds the thread IDs of a process.
func (r *reader) threads(pid int, numbers map[int]bool) {
	entries, err := os.ReadDir(filepath.Join(r.root, strconv.Itoa(pid), "task"))
	if err != nil && !gone(err) {
		r.gap("threads of pid "+strconv.Itoa(pid), err)
	}
	for _, entry := range entries {
		if tid, err := strconv.Atoi(entry.Name()); err == nil {
			numbers[tid] = true
		}
	}
}

// gone reports whether a process ended while it was being read.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH)
}

// status reads the status file of a process, or of "self".
func (r *reader) status(process string) (procfile.Status, error) {
	text, err := os.ReadFile(filepath.Join(r.root, process, "status"))
	if err != nil {
		return procfile.Status{}, err
	}
	return procfile.ParseStatus(text, procfile.ForLimits)
}
