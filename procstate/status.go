package procstate

import (
	"math/bits"

	"github.com/opskit-go/opskit/procstate/internal/procfile"
)

// status reads a process's status file, or with its path that of one of its threads.
func (r *root) status(pid int, file string) (procfile.Status, error) {
	text, err := r.read(pid, file)
	if err != nil {
		return procfile.Status{}, err
	}
	s, err := procfile.ParseStatus(text, procfile.ForJudging)
	if err != nil {
		return s, failed("read status", pid, err)
	}
	return s, nil
}

// How a process takes SIGCHLD, as its status alone tells.
const (
	sigchldDefault = "default"
	sigchldIgnored = "ignored"
	sigchldBlocked = "blocked"
	sigchldCaught  = "caught"
	// With so many other signals, as a runtime does that catches all: Go's reaps nothing by it.
	sigchldAllCaught = "all_caught"
	// What a look at its threads and descriptors adds.
	sigchldSignalfd = "signalfd"
	sigchldSigwait  = "sigwait"
	sigchldPerhaps  = "perhaps_sigwait" // it waits for signals: SIGCHLD is one of them, or was never blocked
)

// takesSIGCHLD tells what the process does with the signal.
func takesSIGCHLD(s *procfile.Status) string {
	bit, many := uint64(1)<<(sigchld()-1), 22
	switch {
	case s.Ignored&bit != 0:
		return sigchldIgnored
	case s.Blocked&bit != 0:
		return sigchldBlocked
	case s.Caught&bit != 0 && bits.OnesCount32(uint32(s.Caught)) >= many:
		return sigchldAllCaught
	case s.Caught&bit != 0:
		return sigchldCaught
	}
	return sigchldDefault
}
