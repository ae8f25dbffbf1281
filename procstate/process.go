package procstate

import (
	"encoding/json"
	"fmt"
)

// ID names one process for as long as the system is up: its PID, which the
// kernel gives away again, and its start time, in clock ticks (1/100 s) since
// boot as in field 22 of /proc/PID/stat. Every call that acts on a process
// compares both. ID is comparable; the zero value names no process.
type ID struct {
	PID   int    `json:"pid"`             // in the namespace of the /proc that was read
	Start uint64 `json:"start,omitempty"` // 0: not known, nothing acts on such an identity
}

// String returns "pid@start".
func (id ID) String() string { return fmt.Sprintf("%d@%d", id.PID, id.Start) }

// target names the process in errors.
func target(id ID) string { return fmt.Sprintf("pid %d", id.PID) }

// Process is one process (thread group) as the kernel showed it at one moment.
// It holds no pointers, is comparable, and stays valid.
type Process struct {
	ID
	PPID       int    // parent; 0 if there is none in this PID namespace
	State      State  // of the main thread
	Comm       Comm   // name of the main thread
	Threads    int    // threads still in the process, the dead main thread included
	Flags      uint32 // PF_* of include/linux/sched.h
	ExitSignal int    // what the parent is sent at the end: SIGCHLD (17, on MIPS 18), or 0 for nothing
	CPU        int    // where it ran last

	facts  facts
	exit   uint32
	tracer int32 // process that traces it
}

// facts are what only some sources can see.
type facts uint8

const (
	exitKnown facts = 1 << iota
	subreaperKnown
	subreaper
	killableKnown
	killable
	tracerKnown
)

// Flags of struct task_struct that this package reads (include/linux/sched.h).
const (
	flagWorkqueue = 0x00000020 // PF_WQ_WORKER
	flagKernel    = 0x00200000 // PF_KTHREAD
)

// Kernel reports whether this is a kernel thread.
func (p Process) Kernel() bool { return p.Flags&flagKernel != 0 }

// ExitStatus returns how a zombie ended. /proc shows it only to a reader that
// may trace the process and shows 0 to others, so that known is false there for
// status 0; the BPF source always knows it.
func (p Process) ExitStatus() (status ExitStatus, known bool) {
	return exitStatus(p.exit), p.facts&exitKnown != 0
}

// Subreaper reports whether the process adopts the orphans among its
// descendants (PR_SET_CHILD_SUBREAPER). /proc does not show it of another
// process: known is then false.
func (p Process) Subreaper() (yes, known bool) {
	return p.facts&subreaper != 0, p.facts&subreaperKnown != 0
}

// Killable reports whether SIGKILL ends the sleep of a process in state D
// (TASK_WAKEKILL). /proc does not show it: known is then false.
func (p Process) Killable() (yes, known bool) {
	return p.facts&killable != 0, p.facts&killableKnown != 0
}

// String returns the process on one line: `4242 "name" (zombie)`.
func (p Process) String() string {
	return fmt.Sprintf("%d %q (%s)", p.PID, p.Comm.Bytes(), p.State)
}

// processJSON is the JSON form of a Process.
type processJSON struct {
	ID
	PPID       int         `json:"ppid"`
	State      State       `json:"state"`
	Comm       Comm        `json:"comm"`
	Threads    int         `json:"threads,omitempty"`
	Flags      uint32      `json:"flags,omitempty"`
	ExitSignal int         `json:"exit_signal"`
	CPU        int         `json:"cpu"`
	Exit       *ExitStatus `json:"exit_status,omitempty"`
	Tracer     *int        `json:"tracer_pid,omitempty"`
	Subreaper  *bool       `json:"subreaper,omitempty"`
	Killable   *bool       `json:"killable,omitempty"`
}

func (p Process) toJSON() processJSON {
	body := processJSON{p.ID, p.PPID, p.State, p.Comm, p.Threads, p.Flags, p.ExitSignal, p.CPU, nil, nil, nil, nil}
	if status, known := p.ExitStatus(); known {
		body.Exit = &status
	}
	if p.facts&tracerKnown != 0 {
		tracer := int(p.tracer)
		body.Tracer = &tracer
	}
	if yes, known := p.Subreaper(); known {
		body.Subreaper = &yes
	}
	if yes, known := p.Killable(); known {
		body.Killable = &yes
	}
	return body
}

func (body processJSON) process() Process {
	p := Process{
		ID: body.ID, PPID: body.PPID, State: body.State, Comm: body.Comm, Threads: body.Threads,
		Flags: body.Flags, ExitSignal: body.ExitSignal, CPU: body.CPU,
	}
	if body.Exit != nil {
		p.setExit(body.Exit.wait())
	}
	if body.Tracer != nil {
		p.setTracer(*body.Tracer)
	}
	if body.Subreaper != nil {
		p.setFact(subreaperKnown, subreaper, *body.Subreaper)
	}
	if body.Killable != nil {
		p.setFact(killableKnown, killable, *body.Killable)
	}
	return p
}

func (p *Process) setExit(status uint32) {
	p.exit = status
	p.facts |= exitKnown
}

func (p *Process) setTracer(pid int) {
	p.tracer = int32(pid)
	p.facts |= tracerKnown
}

func (p *Process) setFact(known, fact facts, yes bool) {
	p.facts |= known
	if yes {
		p.facts |= fact
	}
}

// MarshalJSON writes the process; what was not seen is absent.
func (p Process) MarshalJSON() ([]byte, error) { return json.Marshal(p.toJSON()) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (p *Process) UnmarshalJSON(text []byte) error {
	var body processJSON
	if err := json.Unmarshal(text, &body); err != nil {
		return err
	}
	*p = body.process()
	return nil
}
