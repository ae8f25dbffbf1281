package procfile

import (
	"bytes"
	"fmt"
	"strings"
)

// Stat is what is needed of /proc/PID/stat (proc_pid_stat(5)).
type Stat struct {
	PID, PPID   int
	Name        []byte // raw, in the text that was parsed
	State       byte
	Flags       uint32
	ChildFaults uint64 // page faults of the children that were waited for, which grow with each
	Threads     int
	Start       uint64
	ExitSignal  int
	CPU         int
	Exit        uint32 // as of wait(2), of a zombie; 0 may also mean that this reader must not know
}

// States are the letters of fs/proc/array.c, task_state_array, of all kernels.
const States = "RSDTtXxZPIKW"

// ParseStat reads one stat file. The name stands between the first opening and the
// last closing parenthesis, and may itself hold anything.
func ParseStat(text []byte, s *Stat) error {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 2 || end < open || end+3 >= len(text) || text[open-1] != ' ' || text[end+1] != ' ' || text[end+3] != ' ' {
		return Malformed("stat", "no process name in parentheses")
	}
	*s = Stat{State: text[end+2], Name: text[open+1 : end]}
	if strings.IndexByte(States, s.State) < 0 {
		return Malformed("stat", "field 3 is no process state")
	}
	var ok bool
	if s.PID, ok = Int(text[:open-1]); !ok || s.PID < 1 {
		return Malformed("stat", "field 1 is no pid")
	}
	fields := statFields{rest: text[end+4:], next: 4}
	s.PPID = int(fields.take(4))
	s.Flags = uint32(fields.take(9))
	s.ChildFaults = uint64(fields.take(11)) + uint64(fields.take(13))
	s.Threads = int(fields.take(20))
	s.Start = uint64(fields.take(22))
	s.ExitSignal = int(fields.take(38))
	s.CPU = int(fields.take(39))
	if fields.bad != 0 {
		return Malformed("stat", fmt.Sprintf("field %d is missing or no number", fields.bad))
	}
	if s.State == 'Z' {
		s.Exit = uint32(fields.take(52))
	}
	return nil
}

// statFields walks over the numbers of a stat file.
type statFields struct {
	rest []byte
	next int // number of the field that rest begins with
	bad  int // number of the first field that could not be read
}

// take returns field n, which must not stand before the last one taken.
func (f *statFields) take(n int) int64 {
	if f.bad != 0 {
		return 0
	}
	rest := f.rest
	for ; f.next < n; f.next++ {
		space := bytes.IndexByte(rest, ' ')
		if space < 0 {
			f.bad = n
			return 0
		}
		rest = rest[space+1:]
	}
	var value uint64
	digits, negative := 0, len(rest) > 0 && rest[0] == '-'
	if negative {
		rest = rest[1:]
	}
	for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
		value = value*10 + uint64(rest[digits]-'0')
		digits++
	}
	// Without what ends a number the file was cut and this may be half of it.
	if digits == 0 || digits > 20 || digits == len(rest) || rest[digits] != ' ' && rest[digits] != '\n' {
		f.bad = n
		return 0
	}
	f.rest = rest[digits:]
	if f.rest[0] == ' ' {
		f.rest = f.rest[1:]
		f.next = n + 1
	}
	if negative {
		return -int64(value)
	}
	return int64(value)
}
