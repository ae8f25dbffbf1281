package reaper

import (
	"time"

	"github.com/opskit-go/opskit/procstate"
)

// Reaped is an orphan that was reaped.
type Reaped struct {
	PID    int                  `json:"pid"`    // in this process's PID namespace
	UID    uint32               `json:"uid"`    // its real user ID
	Status procstate.ExitStatus `json:"status"` // how it ended
	Usage  Usage                `json:"usage"`  // of it and the children it waited for
	At     time.Time            `json:"at"`     // when it was reaped, UTC
}

// Usage is what an orphan and the descendants that it had waited for used, as
// getrusage(2) counts it.
type Usage struct {
	User        time.Duration `json:"user_ns"`       // CPU time in user mode
	System      time.Duration `json:"system_ns"`     // CPU time in the kernel
	MaxRSS      int64         `json:"max_rss_bytes"` // the largest of them, not their sum
	MinorFaults int64         `json:"minor_faults"`  // page faults that did not
	MajorFaults int64         `json:"major_faults"`  // page faults that needed input
}
