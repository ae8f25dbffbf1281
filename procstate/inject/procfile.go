package inject

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// stat is what this package needs of /proc/PID/stat.
type stat struct {
	pid, ppid  int
	comm       string
	state      byte
	flags      uint64
	threads    int
	start      uint64
	exitSignal int
	cpu        int
}

// parseStat reads /proc/PID/stat, proc_pid_stat(5). The name may hold anything,
// so fields are counted from the last parenthesis.
func parseStat(text []byte) (stat, error) {
	open, end := bytes.IndexByte(text, '('), bytes.LastIndexByte(text, ')')
	if open < 1 || end < open {
		return stat{}, errors.New("stat: no name in parentheses")
	}
	fields := strings.Fields(string(text[end+1:]))
	// The first of fields is field 3; field 39, the processor, is the last needed.
	if len(fields) < 37 || len(fields[0]) != 1 {
		return stat{}, fmt.Errorf("stat: %d fields after the name", len(fields))
	}
	s := stat{comm: string(text[open+1 : end]), state: fields[0][0]}
	if !strings.Contains("RSDTtWXxZKPI", fields[0]) {
		return stat{}, fmt.Errorf("stat: state %q", fields[0])
	}
	var err error
	number := func(field int) int64 {
		n, failed := strconv.ParseInt(fields[field-3], 10, 64)
		if failed != nil && err == nil {
			err = fmt.Errorf("stat: field %d: %w", field, failed)
		}
		return n
	}
	s.ppid, s.flags, s.threads = int(number(4)), uint64(number(9)), int(number(20))
	s.exitSignal, s.cpu = int(number(38)), int(number(39))
	start, failed := strconv.ParseUint(fields[22-3], 10, 64)
	if failed != nil && err == nil {
		err = fmt.Errorf("stat: field 22: %w", failed)
	}
	s.start = start
	pid, failed := strconv.Atoi(strings.TrimSpace(string(text[:open])))
	if failed != nil && err == nil {
		err = fmt.Errorf("stat: field 1: %w", failed)
	}
	s.pid = pid
	if err != nil {
		return stat{}, err
	}
	return s, nil
}

// parseCall reads /proc/PID/syscall, proc_pid_syscall(5): "running", "-1 SP PC"
// for a thread that is stopped outside a call, or "NR ARG1 ... ARG6 SP PC".
func parseCall(text []byte) (call, error) {
	fields := strings.Fields(string(text))
	if len(fields) == 1 && fields[0] == "running" {
		return call{number: -1, name: runningCall}, nil
	}
	if len(fields) == 0 {
		return call{}, errors.New("syscall: empty")
	}
	number, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return call{}, fmt.Errorf("syscall: %w", err)
	}
	if number < 0 {
		return call{number: -1, name: runningCall}, nil
	}
	c := call{number: number}
	if len(fields) != 1+len(c.args)+2 {
		return call{}, fmt.Errorf("syscall: %d fields", len(fields))
	}
	for i := range c.args {
		if c.args[i], err = strconv.ParseUint(fields[1+i], 0, 64); err != nil {
			return call{}, fmt.Errorf("syscall: %w", err)
		}
	}
	return c, nil
}
