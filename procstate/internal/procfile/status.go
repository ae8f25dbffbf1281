package procfile

import (
	"bytes"
	"strconv"
)

// Status is what is needed of /proc/PID/status (proc_pid_status(5)).
type Status struct {
	Name                     []byte // as the kernel escapes it
	State                    byte
	Tgid, PPid, Tracer       int
	UID                      uint32 // real user
	Threads                  int
	NSpid, NSpgid, NSsid     []byte // numbers from this reader's PID namespace inwards; nil before Linux 4.1
	Pending, OwnPending      uint64 // of the process, and of the thread
	Blocked, Ignored, Caught uint64
	Effective                uint64 // capabilities
	Seccomp                  int
	Switches                 uint64 // how often it has been switched away from: the same while it sleeps
}

// Lines is a set of lines of a status file.
type Lines uint

const (
	tgid Lines = 1 << iota
	ppid
	tracer
	threads
	uid
	blocked
	ignored
	caught
	effective
	seccomp

	// ForJudging is what every kernel writes and a judgement rests on.
	ForJudging = tgid | ppid | tracer | threads | uid | blocked | ignored | caught
	// ForLimits is what decides which limits a process has.
	ForLimits = threads | uid | effective
	// ForTracing is what must be known before a process is touched by ptrace(2).
	ForTracing = tgid | tracer | seccomp
)

// ParseStatus reads one status file, in which there must be all lines of need. The
// name in its first line is escaped by the kernel, so a line cannot be forged.
func ParseStatus(text []byte, need Lines) (s Status, err error) {
	var found Lines
	for len(text) > 0 {
		line, rest, whole := bytes.Cut(text, []byte{'\n'})
		if !whole {
			break // the file was cut, perhaps within a number
		}
		text = rest
		name, value, ok := bytes.Cut(line, []byte{':'})
		if !ok {
			return s, Malformed("status", "line without a colon")
		}
		value = bytes.TrimLeft(value, "\t ")
		is := Lines(0)
		switch string(name) {
		case "Tgid":
			is = tgid
			s.Tgid, ok = Int(value)
		case "PPid":
			is = ppid
			s.PPid, ok = Int(value)
		case "TracerPid":
			is = tracer
			s.Tracer, ok = Int(value)
		case "Threads":
			is = threads
			s.Threads, ok = Int(value)
		case "Uid":
			is = uid
			first, _, _ := bytes.Cut(value, []byte{'\t'})
			number, err := strconv.ParseUint(string(first), 10, 32)
			s.UID, ok = uint32(number), err == nil
		case "SigBlk":
			is = blocked
			s.Blocked, ok = Mask(value)
		case "SigIgn":
			is = ignored
			s.Ignored, ok = Mask(value)
		case "SigCgt":
			is = caught
			s.Caught, ok = Mask(value)
		case "CapEff":
			is = effective
			s.Effective, ok = Mask(value)
		case "Name":
			s.Name = value
		case "State":
			if len(value) > 0 {
				s.State = value[0]
			}
		case "ShdPnd":
			s.Pending, ok = Mask(value)
		case "SigPnd":
			s.OwnPending, ok = Mask(value)
		case "NSpid":
			s.NSpid = value
		case "NSpgid":
			s.NSpgid = value
		case "NSsid":
			s.NSsid = value
		case "Seccomp":
			is = seccomp
			s.Seccomp, ok = Int(value)
		case "voluntary_ctxt_switches", "nonvoluntary_ctxt_switches":
			n, _ := strconv.ParseUint(string(value), 10, 64)
			s.Switches += n
		}
		if !ok {
			return s, Malformed("status", "bad value of "+strconv.Quote(string(name)))
		}
		found |= is
	}
	if found&need != need {
		return s, Malformed("status", "lines are missing")
	}
	return s, nil
}

// PIDs returns the numbers of NSpid, from this reader's PID namespace inwards.
func (s *Status) PIDs() (pids []int, err error) {
	for field := range bytes.FieldsSeq(s.NSpid) {
		pid, ok := Int(field)
		if !ok {
			return nil, Malformed("status", `bad value of "NSpid"`)
		}
		pids = append(pids, pid)
	}
	if len(pids) == 0 {
		return nil, Malformed("status", "no line NSpid")
	}
	return pids, nil
}

// Inner returns the PID in the innermost PID namespace; 0 before Linux 4.1.
func (s *Status) Inner() int {
	pid, _ := Int(s.NSpid[bytes.LastIndexAny(s.NSpid, "\t ")+1:])
	return pid
}

// Killed tells whether SIGKILL waits for the task.
func (s *Status) Killed() bool {
	const sigkill = 1 << (9 - 1)
	return (s.Pending|s.OwnPending)&sigkill != 0
}

// First returns the first of the numbers of a line such as NSpgid, or 0.
func First(numbers []byte) int {
	first, _, _ := bytes.Cut(numbers, []byte{'\t'})
	n, _ := Int(first)
	return n
}
