//go:build !opskit_portable

package whoislookup_test

import (
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is the processor time that all threads of this process have had, -1
// if it is not known.
func cpuTime() time.Duration {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &now) != nil {
		return -1
	}
	return time.Duration(now.Nano())
}
