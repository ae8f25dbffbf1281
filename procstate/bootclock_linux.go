//go:build linux

package procstate

import (
	"time"

	"golang.org/x/sys/unix"
)

// bootTicks is the present time in the unit of start times.
func bootTicks() uint64 {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &now) != nil {
		return 0
	}
	return uint64(time.Duration(now.Nano()) / tick)
}
