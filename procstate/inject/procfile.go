package inject

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

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
