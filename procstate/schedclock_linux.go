//go:build linux && !opskit_portable

package procstate

import (
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// schedClock turns the scheduler's per-processor clock, on which se.exec_start
// stands, into boot time. That clock leaves out the time which a hypervisor or
// interrupts took from the processor, so that it falls behind ever more: what is
// measured on it is never longer than it was, and shorter by no more than the
// clock has fallen behind since boot.
type schedClock struct {
	root   *root
	behind map[int]time.Duration // per processor: boot time less its clock
}

func newSchedClock(r *root) *schedClock {
	return &schedClock{root: r, behind: map[int]time.Duration{}}
}

// clockError is what reading both clocks one after the other may be off.
const clockError = 10 * time.Millisecond

// since returns for how long at least a task has not run, and how much longer it
// may have been. cpu is the processor that it ran on last.
func (c *schedClock) since(t *task, cpu int) (least, more time.Duration, ok bool) {
	if c.root.path != "/proc" {
		return 0, 0, false
	}
	ran := t.ran
	if ran == 0 {
		text, err := c.root.read(t.PID, t.path("sched"))
		if err != nil {
			return 0, 0, false
		}
		start, ok := execStart(text)
		if !ok {
			return 0, 0, false
		}
		ran = time.Duration(start * float64(time.Millisecond))
	}
	behind, measured := c.behind[cpu]
	if !measured {
		if behind, ok = c.measureBehind(cpu); !ok {
			return 0, 0, false
		}
		c.behind[cpu] = behind
	}
	now := bootTime()
	measuredAge := now - behind - ran
	slew := measuredAge / 1000 // clocks are steered by up to 500 ppm
	least = max(measuredAge-clockError-slew, 0)
	age := now - time.Duration(t.Start)*tick // it cannot be longer ago than its start
	return least, max(min(behind+2*clockError+2*slew, age-least+tick), 0), true
}

// bootTicks is the present time in the unit of start times.
func bootTicks() uint64 {
	return uint64(bootTime() / tick)
}

func bootTime() time.Duration {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &now) != nil {
		return 0
	}
	return time.Duration(now.Nano())
}

// measureBehind reads the se.exec_start of the thread that it is on, moved to a
// processor for that. Should it be on another thread by then, it reads a value that is
// older, which makes the clock seem to be further behind and ages shorter: they remain
// lower bounds.
func (c *schedClock) measureBehind(cpu int) (behind time.Duration, ok bool) {
	var before, set unix.CPUSet
	thread := unix.Gettid()
	set.Set(cpu)
	if unix.SchedGetaffinity(thread, &before) != nil || unix.SchedSetaffinity(thread, &set) != nil {
		return 0, false
	}
	defer func() { _ = unix.SchedSetaffinity(thread, &before) }() // it was allowed a moment ago
	text, err := c.root.readNamed("self/task/" + strconv.Itoa(thread) + "/sched")
	now := bootTime()
	start, ok := execStart(text)
	if err != nil || !ok {
		return 0, false
	}
	return now - time.Duration(start*float64(time.Millisecond)), true
}
