//go:build linux && !opskit_portable

package held

import (
	"bytes"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Reader runs reads in a goroutine of its own, which can be left behind with the
// thread that it is on. No thread is made for it: where the kernel refuses one, the
// runtime ends the whole program. The zero value with Reads set is ready. It is used
// by one goroutine.
type Reader struct {
	Reads Reads

	ended, thread atomic.Int64
	turn          chan int // one way what to do, the other way what has been done
	timer         *time.Timer
	running       bool
}

// Run runs read 0, 1 to n-1 and returns how many have ended: fewer than n if the
// kernel holds one up for longer than patience. That one goes on when the kernel
// lets it, perhaps never, and none follows it: nothing in the program can end it
// before. The reader and what its Reads write to must not be touched again then.
func (r *Reader) Run(n int, patience time.Duration) int {
	const step = 5 * time.Millisecond
	if r.turn == nil {
		r.turn = make(chan int)
		r.timer = time.NewTimer(step)
	}
	if !r.running {
		r.running = true
		go r.loop()
	}
	r.ended.Store(0)
	r.turn <- n
	last, waited, began := int64(0), time.Duration(0), time.Now()
	for {
		r.timer.Reset(step)
		select {
		case <-r.turn:
			return n
		case <-r.timer.C:
		}
		// A thread that is only not given a processor is not held up.
		now := r.ended.Load()
		if now != last {
			began = time.Now()
		}
		// The goroutine may have changed its thread between saying which one it is on and
		// the read, or that thread's status may not be readable.
		if now != last || !asleep(r.thread.Load()) && time.Since(began) < longest {
			last, waited = now, 0
		} else if waited += step; waited >= patience && r.ended.CompareAndSwap(now, -1) {
			return int(now)
		}
	}
}

// longest is how long a read may take that is not seen to be held up.
const longest = 5 * time.Second

// Stop ends the work. The next Run begins it again.
func (r *Reader) Stop() {
	if r.running {
		r.turn <- 0
		<-r.turn
		r.running = false
		r.timer.Stop()
	}
}

// Mark names the thread that Run left behind in a read of a process. The
// program's first thread keeps its name, which is that of the program.
func (r *Reader) Mark(pid int) {
	if thread := r.thread.Load(); int(thread) != os.Getpid() {
		_ = os.WriteFile(commOf(strconv.FormatInt(thread, 10)), []byte(mark+strconv.Itoa(pid)), 0) // without, one more may be left behind
	}
}

// Behind returns the processes for which threads were left behind that still
// wait.
func Behind() (pids []int) {
	threads, _ := os.ReadDir("/proc/self/task") // without it no thread could have been named
	for _, thread := range threads {
		if comm, err := os.ReadFile(commOf(thread.Name())); err == nil {
			if pid := Marked(comm); pid > 0 {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

func commOf(thread string) string { return "/proc/self/task/" + thread + "/comm" }

func (r *Reader) loop() {
	for {
		n := <-r.turn
		for i := range n {
			r.thread.Store(int64(unix.Gettid()))
			r.Reads.Read(i)
			if !r.ended.CompareAndSwap(int64(i), int64(i+1)) { // was left behind: the thread gets its name back
				if name, err := os.ReadFile("/proc/self/comm"); err == nil {
					_ = os.WriteFile(commOf(strconv.FormatInt(r.thread.Load(), 10)), name, 0) // it may have ended
				}
				return
			}
		}
		r.turn <- n
		if n == 0 {
			return
		}
	}
}

// asleep reports whether a thread of this process is in uninterruptible sleep.
func asleep(thread int64) bool {
	text, err := os.ReadFile("/proc/self/task/" + strconv.FormatInt(thread, 10) + "/status")
	return err == nil && bytes.Contains(text, []byte("\nState:\tD"))
}
