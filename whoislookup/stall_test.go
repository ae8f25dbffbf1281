package whoislookup_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// stallMeter proves that the machine, not the code under test, took time. It
// ticks while something runs. When a tick is late, the processor time that the
// whole process had meanwhile tells whose doing that was: what is neither the
// tick nor processor time of any of our threads is time in which nothing of
// this process ran although a timer was due. So a busy loop, a garbage
// collection or a lock of ours is never taken for a stall. Only what lies after
// a given time counts: a stall before a deadline makes nobody late.
type stallMeter struct {
	stop chan struct{}
	end  chan time.Duration
}

const stallTick = 2 * time.Millisecond

func startStallMeter(from time.Time) *stallMeter {
	m := &stallMeter{stop: make(chan struct{}), end: make(chan time.Duration)}
	go func() {
		tick := time.NewTicker(stallTick)
		defer tick.Stop()
		var sum time.Duration
		for last, ran := time.Now(), cpuTime(); ; {
			stopped := false
			select {
			case <-tick.C:
			case <-m.stop:
				stopped = true
			}
			now, cpu := time.Now(), cpuTime()
			if last.Before(from) {
				last = from
			}
			if cpu >= 0 {
				sum += stalled(now.Sub(last), cpu-ran)
			}
			if last, ran = now, cpu; stopped {
				m.end <- sum
				return
			}
		}
	}()
	return m
}

// total ends the meter and returns how long the machine is known to have
// stalled.
func (m *stallMeter) total() time.Duration {
	close(m.stop)
	return <-m.end
}

// stalled judges one interval between ticks in which this process ran that
// long. A tick may be late by a few milliseconds on an idle machine.
func stalled(gap, ran time.Duration) time.Duration {
	if gap < 5*stallTick {
		return 0
	}
	return max(0, gap-stallTick-ran)
}

func TestOnlyTheMachineStalls(t *testing.T) {
	assert.Zero(t, stalled(3*time.Millisecond, 0), "a tick a little late")
	assert.Equal(t, 98*time.Millisecond, stalled(100*time.Millisecond, 0), "nothing of ours ran")
	assert.Equal(t, 68*time.Millisecond, stalled(100*time.Millisecond, 30*time.Millisecond))
	assert.Zero(t, stalled(100*time.Millisecond, 100*time.Millisecond), "we were busy")
	assert.Zero(t, stalled(100*time.Millisecond, 190*time.Millisecond), "on both processors")

	begin, ran := time.Now(), cpuTime()
	m := startStallMeter(begin)
	none := startStallMeter(begin.Add(time.Hour))
	for end := begin.Add(100 * time.Millisecond); time.Now().Before(end); { // nothing but work
	}
	got := m.total()
	assert.Zero(t, none.total(), "nothing is after the deadline")
	if ran < 0 {
		assert.Zero(t, got, "what cannot be proved")
		return
	}
	assert.LessOrEqual(t, got, max(0, time.Since(begin)-(cpuTime()-ran))+20*time.Millisecond, "work is no stall")
}
