//go:build linux && !opskit_portable

package reaper

import (
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/procstate"
)

// Flags for looking at a child without reaping it.
const (
	peek    = unix.WEXITED | unix.WNOHANG | unix.WNOWAIT
	peekAll = peek | unix.WALL
)

// waited is the part of siginfo_t that waitid(2) fills in.
type waited struct {
	code   int32
	pid    int32
	uid    uint32
	status int32
}

// waitid calls waitid(2) again after EINTR. A pid of 0 in the answer means that
// the child has nothing to report.
func waitid(kind, id, options int, usage *unix.Rusage) (waited, error) {
	for {
		var info unix.Siginfo
		err := unix.Waitid(kind, id, &info, options, usage)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return waited{}, err
		}
		// The union begins at a multiple of the pointer size.
		const union = 3*4 + (unsafe.Sizeof(uintptr(0)) - 4)
		fields := (*[3]int32)(unsafe.Add(unsafe.Pointer(&info), union))
		return waited{code: info.Code, pid: fields[0], uid: uint32(fields[1]), status: fields[2]}, nil
	}
}

// dead tells whether a child has ended and can be waited for. It is false for a
// process whose first thread ended before the others, and for one whose
// debugger must act first.
func dead(pid int) bool {
	info, err := waitid(unix.P_PID, pid, peekAll, nil)
	return err == nil && info.ended(pid)
}

// The values of si_code for a child that ended, asm-generic/siginfo.h.
const (
	exited = 1
	killed = 2
	dumped = 3
)

// ended tells the end of a child from the stop of one that this process traces,
// which the kernel reports whatever was asked for.
func (w waited) ended(pid int) bool {
	return int(w.pid) == pid && (w.code == exited || w.code == killed || w.code == dumped)
}

func (w waited) reaped(usage unix.Rusage, at time.Time) Reaped {
	status := procstate.ExitStatus{Code: -1, Signal: int(w.status), Core: w.code == dumped}
	if w.code == exited {
		status = procstate.ExitStatus{Code: int(w.status)}
	}
	return Reaped{
		PID: int(w.pid), UID: w.uid, Status: status, At: at.UTC(),
		Usage: Usage{
			User:        time.Duration(usage.Utime.Nano()),
			System:      time.Duration(usage.Stime.Nano()),
			MaxRSS:      int64(usage.Maxrss) << 10, //nolint:unconvert // 32 bits on some architectures
			MinorFaults: int64(usage.Minflt),       //nolint:unconvert // 32 bits on some architectures
			MajorFaults: int64(usage.Majflt),       //nolint:unconvert // 32 bits on some architectures
		},
	}
}
