package procstate

import (
	"fmt"
	"runtime"
	"strings"
)

// ExitStatus is how a process ended.
type ExitStatus struct {
	Code   int  `json:"code"`             // what it passed to exit, 0 to 255, or -1 if a signal ended it
	Signal int  `json:"signal,omitempty"` // the number of the signal that ended it, 0 if it exited
	Core   bool `json:"core,omitempty"`   // the signal left a core dump
}

// exitStatus reads the status that wait(2) gives.
func exitStatus(status uint32) ExitStatus {
	if signal := int(status & 0x7f); signal != 0 {
		return ExitStatus{Code: -1, Signal: signal, Core: status&0x80 != 0}
	}
	return ExitStatus{Code: int(status >> 8 & 0xff)}
}

// wait is the other way round.
func (s ExitStatus) wait() uint32 {
	status := uint32(s.Signal & 0x7f)
	if s.Signal == 0 {
		status = uint32(s.Code&0xff) << 8
	}
	if s.Core {
		status |= 0x80
	}
	return status
}

// String returns "exit status 9" or "killed by signal 9".
func (s ExitStatus) String() string {
	if s.Signal != 0 {
		return fmt.Sprintf("killed by signal %d", s.Signal)
	}
	return fmt.Sprintf("exit status %d", s.Code)
}

// sigchld is the number of SIGCHLD in what the /proc of a Linux shows.
func sigchld() int {
	if strings.HasPrefix(runtime.GOARCH, "mips") {
		return 18
	}
	return 17
}
