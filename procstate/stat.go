package procstate

import (
	"bytes"
	"fmt"
)

// parseStat reads one /proc/PID/stat (proc(5)). The name stands between the
// first opening and the last closing parenthesis, and may itself hold anything.
func parseStat(text []byte, p *Process) error {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 2 || end < open || end+3 >= len(text) || text[open-1] != ' ' || text[end+1] != ' ' || text[end+3] != ' ' {
		return malformed("stat", "no process name in parentheses")
	}
	*p = Process{State: State(text[end+2])}
	if stateName(p.State) == "" {
		return malformed("stat", "field 3 is no process state")
	}
	var ok bool
	if p.PID, ok = parseInt(text[:open-1]); !ok || p.PID < 1 {
		return malformed("stat", "field 1 is no pid")
	}
	fields := statFields{rest: text[end+4:], next: 4}
	p.PPID = int(fields.take(4))
	p.Flags = uint32(fields.take(9))
	p.Threads = int(fields.take(20))
	p.Start = uint64(fields.take(22))
	p.ExitSignal = int(fields.take(38))
	p.CPU = int(fields.take(39))
	if fields.bad != 0 {
		return malformed("stat", fmt.Sprintf("field %d is missing or no number", fields.bad))
	}
	p.Comm = commFromStat(text[open+1:end], p.Flags)
	if p.State == 'Z' && p.Threads <= 1 { // a live process may still end in another way
		// Zero may also mean that this reader must not know (proc(5), field 52).
		if exit := fields.take(52); fields.bad == 0 && exit != 0 {
			p.setExit(uint32(exit))
		}
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

// parseInt reads a decimal number of at most nine digits.
func parseInt(text []byte) (value int, ok bool) {
	if len(text) == 0 || len(text) > 9 {
		return 0, false
	}
	for _, digit := range text {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		value = value*10 + int(digit-'0')
	}
	return value, true
}
