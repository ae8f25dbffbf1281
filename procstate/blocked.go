package procstate

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Blocked is one task in uninterruptible sleep (state D) that did not run
// between two looks.
type Blocked struct {
	Process               // its process; its Killable is that of this task
	TID     int           // the thread; the same as PID for the main one
	Name    Comm          // of the thread
	For     time.Duration // for how long it has not run, at least; 0: not known
	ForMore time.Duration // by how much For may be too short
	Wchan   string        // kernel function that it sleeps in; "": not shown to this reader
	Syscall string        // system call that it is in; "": not shown, or none
	Stack   []string      // kernel functions, the innermost first; empty: not shown to this reader
	Killed  bool          // SIGKILL has been sent, and waits
	Freezer string        // control file of the frozen group that it is in
	Mount   *Mount        // filesystem that it waits for, where a descriptor or the only mount of its type tells
	Owner   Owner         // to whom it belongs
	// Cause is what the evidence above says that it waits for: "vfork",
	// "frozen-filesystem", "control-group-freezer", "fuse", "nfs",
	// "device-mapper", "block-device", "file-io" (of a disk or a server, which
	// could not be told), "lock" or "exec" (it executes a program, and the kernel
	// shows no more meanwhile). "" is unknown. More may come.
	Cause  string
	Remedy string // what ends the sleep, with a line to paste where there is one
	Unseen []Gap  // what of this is not known
}

// Mount is a mounted filesystem, as in /proc/PID/mountinfo.
type Mount struct {
	Point  string `json:"point"`  // where it is mounted
	Type   string `json:"type"`   // of filesystem
	Source string `json:"source"` // as mountinfo names it
	Device string `json:"device"` // "major:minor"
}

// blockedJSON is the JSON form of a Blocked.
type blockedJSON struct {
	processJSON
	TID     int           `json:"tid"`
	Name    Comm          `json:"thread_name"`
	For     time.Duration `json:"for_ns,omitempty"`
	ForMore time.Duration `json:"for_more_ns,omitempty"`
	Wchan   string        `json:"wchan,omitempty"`
	Syscall string        `json:"syscall,omitempty"`
	Stack   []string      `json:"stack,omitempty"`
	Killed  bool          `json:"killed,omitempty"`
	Freezer string        `json:"freezer,omitempty"`
	Mount   *Mount        `json:"mount,omitempty"`
	Owner   Owner         `json:"owner"`
	Cause   string        `json:"cause,omitempty"`
	Remedy  string        `json:"remedy"`
	Unseen  []Gap         `json:"unseen,omitempty"`
}

// MarshalJSON writes the task; what was not seen is absent.
func (b Blocked) MarshalJSON() ([]byte, error) {
	return json.Marshal(blockedJSON{
		b.toJSON(), b.TID, b.Name, b.For, b.ForMore, b.Wchan, b.Syscall, b.Stack, b.Killed, b.Freezer, b.Mount, b.Owner,
		b.Cause, b.Remedy, b.Unseen,
	})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (b *Blocked) UnmarshalJSON(text []byte) error {
	var j blockedJSON
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	*b = Blocked{
		j.process(), j.TID, j.Name, j.For, j.ForMore, j.Wchan, j.Syscall, j.Stack, j.Killed, j.Freezer, j.Mount, j.Owner,
		j.Cause, j.Remedy, j.Unseen,
	}
	return nil
}

// String returns the task, why it sleeps, what to do, and on the last line what
// was not seen; in a report that stands once, on the report's last line.
func (b Blocked) String() string {
	var text strings.Builder
	b.write(&text, "")
	text.WriteString(notChecked(b.Unseen))
	return text.String()
}

func (b *Blocked) write(text *strings.Builder, indent string) {
	cause := b.Cause
	if cause == "" {
		cause = "unknown"
	}
	fmt.Fprintf(text, "%s%s", indent, b.Process)
	if b.TID != b.PID {
		fmt.Fprintf(text, ", thread %d %q", b.TID, b.Name.Bytes())
	}
	fmt.Fprintf(text, ": %s\n", cause)
	line := func(format string, args ...any) { fmt.Fprintf(text, indent+"  "+format+"\n", args...) }
	line("why: %s", explainCause(b.Cause))
	if b.For > 0 {
		line("for at least %v (up to %v more)", b.For.Round(time.Millisecond), b.ForMore.Round(time.Millisecond))
	}
	if b.Mount != nil {
		line("filesystem: %s %q from %q", b.Mount.Type, b.Mount.Point, b.Mount.Source)
	}
	line("owner: %s", b.Owner)
	switch {
	case b.Wchan != "" && b.Kernel():
		line("in %s, a kernel thread", quoteUnlessName(b.Wchan))
	case b.Wchan != "":
		line("in %s, system call %s", quoteUnlessName(b.Wchan), quoteUnlessName(b.Syscall))
	}
	if yes, known := b.Killable(); known {
		line("kill -9 ends it: %t", yes && b.Freezer == "")
	}
	if b.Killed {
		line("kill -9 was tried: the signal is pending until the sleep ends")
	}
	fmt.Fprintf(text, "%snext: %s\n", indent, quoteControl(b.Remedy))
}

// quoteUnlessName quotes what is no plain word.
func quoteUnlessName(text string) string {
	if text == "" {
		return "unknown"
	}
	return quoteControl(text)
}

// quoteControl quotes a text that holds anything but printable ASCII.
func quoteControl(text string) string {
	for _, r := range text {
		if r < ' ' || r > '~' {
			return fmt.Sprintf("%q", text)
		}
	}
	return text
}

// BlockedReport is what [Scanner.Uninterruptible] saw, and its verdict.
type BlockedReport struct {
	Verdict  Verdict       `json:"verdict"`            // of Judge
	Source   Source        `json:"source"`             // that listed the tasks
	Fallback string        `json:"fallback,omitempty"` // why it is not the one that was asked for
	At       time.Time     `json:"at"`                 // when the first look began
	Settle   time.Duration `json:"settle_ns"`          // time between the two looks
	Tasks    int           `json:"tasks"`              // threads seen at the first look
	Passed   int           `json:"passed,omitempty"`   // tasks in D at the first look that ran on: no problem
	Blocked  []Blocked     `json:"blocked,omitempty"`  // by PID and TID
	BootID   string        `json:"boot_id,omitempty"`  // the boot that start times belong to
	Unseen   []Gap         `json:"unseen,omitempty"`   // what may hide a stuck task
}

// Judge returns the verdict, which rests on the report's other fields alone, and
// sets nothing.
func (r *BlockedReport) Judge() Verdict {
	switch {
	case r.At.IsZero():
		return Unknown
	case len(r.Blocked) > 0:
		return Problem
	case len(r.Unseen) > 0:
		return Unknown
	}
	return Healthy
}

// String returns the verdict, every stuck task with its cause and remedy, and
// what was not seen.
func (r *BlockedReport) String() string {
	var text strings.Builder
	gaps := r.Unseen
	tasks := plural(r.Tasks, "task", "tasks")
	switch r.Judge() {
	case Problem:
		fmt.Fprintf(&text, "problem: %s stuck in uninterruptible sleep, of %s\n", plural(len(r.Blocked), "task is", "tasks are"), tasks)
	case Healthy:
		fmt.Fprintf(&text, "healthy: none of %s is stuck in uninterruptible sleep\n", tasks)
	default:
		fmt.Fprintf(&text, "unknown: none of %s is seen to be stuck in uninterruptible sleep\n", tasks)
	}
	if r.Passed > 0 {
		fmt.Fprintf(&text, "  %s ran on between two looks, %v apart\n", plural(r.Passed, "other", "others"), r.Settle)
	}
	for i := range r.Blocked {
		r.Blocked[i].write(&text, "  ")
		gaps = append(gaps[:len(gaps):len(gaps)], r.Blocked[i].Unseen...)
	}
	text.WriteString(notChecked(gaps))
	return text.String()
}
