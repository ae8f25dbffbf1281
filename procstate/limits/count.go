package limits

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/opskit-go/opskit/procstate"
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
	for p, err := range (&procstate.Scanner{Root: r.root}).Processes(ctx) {
		if err != nil {
			if p.PID == 0 {
				return c, err
			}
			r.gap("pid "+strconv.Itoa(p.PID), err)
			continue
		}
		s, err := r.status(p.PID)
		if gone(err) {
			continue
		}
		if err != nil {
			r.gap("pid "+strconv.Itoa(p.PID), err)
			continue
		}
		c.byUser[s.uid] += s.threads
		if p.State.Zombie() {
			c.zombies++
			c.zombiesByUser[s.uid]++
		}
		for _, number := range []int{p.PID, s.group, s.session} {
			if number > 0 {
				c.numbers[number] = true
			}
		}
		if s.threads > 1 {
			r.threads(p.PID, c.numbers)
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

// status is what this package reads from /proc/PID/status.
type status struct {
	uid            uint32
	threads        uint64
	group, session int // in this PID namespace
	effective      uint64
}

func (r *reader) status(pid int) (s status, err error) { return r.statusOf(strconv.Itoa(pid)) }

func (r *reader) statusOf(process string) (s status, err error) {
	text, err := os.ReadFile(filepath.Join(r.root, process, "status"))
	if err != nil {
		return s, err
	}
	return parseStatus(string(text))
}

// parseStatus reads the lines that matter here; those about namespaces are
// missing before Linux 4.1.
func parseStatus(text string) (s status, err error) {
	found := 0
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(line, ":")
		fields := strings.Fields(value)
		if !strings.HasSuffix(line, "\n") || len(fields) == 0 {
			continue
		}
		var number uint64
		switch name {
		case "Uid", "Threads", "NSpgid", "NSsid":
			number, err = strconv.ParseUint(fields[0], 10, 32)
		case "CapEff":
			number, err = strconv.ParseUint(fields[0], 16, 64)
		}
		if err != nil {
			return s, fmt.Errorf("%w: %s in status", procstate.ErrMalformed, name)
		}
		switch name {
		case "Uid":
			s.uid, found = uint32(number), found+1
		case "Threads":
			s.threads, found = number, found+1
		case "NSpgid":
			s.group = int(number)
		case "NSsid":
			s.session = int(number)
		case "CapEff":
			s.effective, found = number, found+1
		}
	}
	if found != 3 {
		return s, fmt.Errorf("%w: lines are missing in status", procstate.ErrMalformed)
	}
	return s, nil
}
