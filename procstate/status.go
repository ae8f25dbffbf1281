package procstate

import (
	"bytes"
	"math/bits"
	"strconv"
)

// status is what this package reads from /proc/PID/status (proc(5)).
type status struct {
	tgid, ppid, tracer int
	uid                uint32 // real user
	threads            int
	nspid              int    // PID in the innermost PID namespace; 0 before Linux 4.1
	pending            uint64 // of the process
	ownPending         uint64 // of the thread
	blocked, ignored   uint64
	caught             uint64
}

// parseStatus reads one /proc/PID/status. The name in its first line is escaped
// by the kernel, so a line cannot be forged.
func parseStatus(text []byte) (status, error) {
	var s status
	const want = 8
	found := 0
	for len(text) > 0 {
		line, rest, whole := bytes.Cut(text, []byte{'\n'})
		if !whole {
			break // the file was cut, perhaps within a number
		}
		text = rest
		name, value, ok := bytes.Cut(line, []byte{':'})
		if !ok {
			return s, malformed("status", "line without a colon")
		}
		value = bytes.TrimLeft(value, "\t ")
		found++
		switch string(name) {
		case "Tgid":
			s.tgid, ok = parseInt(value)
		case "PPid":
			s.ppid, ok = parseInt(value)
		case "TracerPid":
			s.tracer, ok = parseInt(value)
		case "Threads":
			s.threads, ok = parseInt(value)
		case "Uid":
			s.uid, ok = parseUint32(firstField(value))
		case "SigBlk":
			s.blocked, ok = parseMask(value)
		case "SigIgn":
			s.ignored, ok = parseMask(value)
		case "SigCgt":
			s.caught, ok = parseMask(value)
		case "ShdPnd":
			s.pending, ok = parseMask(value)
			found--
		case "SigPnd":
			s.ownPending, ok = parseMask(value)
			found--
		case "NSpid":
			s.nspid, ok = parseInt(lastField(value))
			found--
		default:
			found--
		}
		if !ok {
			return s, malformed("status", "bad value of "+strconv.Quote(string(name)))
		}
	}
	if found != want {
		return s, malformed("status", "lines are missing")
	}
	return s, nil
}

func firstField(text []byte) []byte {
	if end := bytes.IndexAny(text, "\t "); end >= 0 {
		return text[:end]
	}
	return text
}

func lastField(text []byte) []byte {
	return text[bytes.LastIndexAny(text, "\t ")+1:]
}

func parseUint32(text []byte) (uint32, bool) {
	value, err := strconv.ParseUint(string(text), 10, 32)
	return uint32(value), err == nil
}

// parseMask reads a signal mask, or the first 64 signals of the 128 that MIPS
// has.
func parseMask(text []byte) (uint64, bool) {
	if len(text) > 16 {
		text = text[len(text)-16:]
	}
	value, err := strconv.ParseUint(string(text), 16, 64)
	return value, err == nil
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
)

// sigchld tells what the process does with SIGCHLD.
func (s *status) sigchld() string {
	bit, many := uint64(1)<<(sigchld()-1), 22
	switch {
	case s.ignored&bit != 0:
		return sigchldIgnored
	case s.blocked&bit != 0:
		return sigchldBlocked
	case s.caught&bit != 0 && bits.OnesCount32(uint32(s.caught)) >= many:
		return sigchldAllCaught
	case s.caught&bit != 0:
		return sigchldCaught
	}
	return sigchldDefault
}

// killed tells whether SIGKILL waits for the task.
func (s *status) killed() bool {
	const sigkill = 1 << (9 - 1)
	return (s.pending|s.ownPending)&sigkill != 0
}
