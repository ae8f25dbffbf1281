package procstate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
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
	// Executes: it executes a program, and the kernel shows no more meanwhile.
	Executes bool
	// Cause is what the evidence above says that it waits for, of Judge: a word of
	// causes.txt such as "vfork", "frozen_filesystem", "fuse", "nfs", "block_device" or
	// "lock", or "control_group_freezer" or "exec". "" is unknown. More may come.
	Cause  string
	Remedy string       // what ends the sleep, with a line to paste where there is one
	Unseen []opskit.Gap // what of this is not known
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
	TID      int           `json:"tid"`
	Name     Comm          `json:"thread_name"`
	For      time.Duration `json:"for_ns,omitempty"`
	ForMore  time.Duration `json:"for_more_ns,omitempty"`
	Wchan    string        `json:"wchan,omitempty"`
	Syscall  string        `json:"syscall,omitempty"`
	Stack    []string      `json:"stack,omitempty"`
	Killed   bool          `json:"killed,omitempty"`
	Freezer  string        `json:"freezer,omitempty"`
	Mount    *Mount        `json:"mount,omitempty"`
	Owner    Owner         `json:"owner"`
	Executes bool          `json:"executes,omitempty"`
	Cause    string        `json:"cause,omitempty"`
	Remedy   string        `json:"remedy"`
	Unseen   []opskit.Gap  `json:"unseen,omitempty"`
}

// MarshalJSON writes the task; what was not seen is absent.
func (b Blocked) MarshalJSON() ([]byte, error) {
	return json.Marshal(blockedJSON{
		b.toJSON(), b.TID, b.Name, b.For, b.ForMore, b.Wchan, b.Syscall, b.Stack, b.Killed, b.Freezer, b.Mount, b.Owner,
		b.Executes, b.Cause, b.Remedy, b.Unseen,
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
		j.Executes, j.Cause, j.Remedy, j.Unseen,
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
	fmt.Fprintf(text, "%s%s", indent, b.Process)
	if b.TID != b.PID {
		fmt.Fprintf(text, ", thread %d %q", b.TID, b.Name.Bytes())
	}
	fmt.Fprintf(text, ": %s\n", b.cause())
	line := func(format string, args ...any) { fmt.Fprintf(text, indent+"  "+format+"\n", args...) }
	line("why: %s", explainCause(b))
	if b.For > 0 {
		line("for at least %v (up to %v more)", b.For.Round(time.Millisecond), b.ForMore.Round(time.Millisecond))
	}
	if b.Mount != nil {
		line("filesystem: %s %q from %q", opskit.Escape(b.Mount.Type), b.Mount.Point, b.Mount.Source)
	}
	line("owner: %s", b.Owner)
	switch {
	case b.Wchan != "" && b.Kernel():
		line("in %s, a kernel thread", orUnknown(b.Wchan))
	case b.Wchan != "":
		line("in %s, system call %s", orUnknown(b.Wchan), orUnknown(b.Syscall))
	}
	if yes, known := b.Killable(); known {
		line("kill -9 ends it: %t", yes && b.Freezer == "")
	}
	if b.Killed {
		line("kill -9 was tried: the signal is pending until the sleep ends")
	}
	fmt.Fprintf(text, "%snext: %s\n", indent, opskit.Escape(b.Remedy))
}

func orUnknown(text string) string { return opskit.Escape(cmp.Or(text, "unknown")) }

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
	Unseen   []opskit.Gap  `json:"unseen,omitempty"`   // what may hide a stuck task
}

// Judge derives the causes, the remedies and Verdict from the rest of the report
// alone.
func (r *BlockedReport) Judge() opskit.Level {
	r.Verdict = Unknown
	for i := range r.Blocked {
		r.Blocked[i].classify()
	}
	switch {
	case r.At.IsZero() || r.Tasks <= 0:
	case len(r.Blocked) > 0:
		r.Verdict = Problem
	case len(r.Unseen) == 0:
		r.Verdict = Healthy
	}
	return r.Level()
}

// Level is a problem where a task is stuck: Healthy is OK.
func (r *BlockedReport) Level() opskit.Level { return level(r.Verdict) }

// Gaps returns what may hide a stuck task, and what is not known of each.
func (r *BlockedReport) Gaps() []opskit.Gap {
	gaps := slices.Clone(r.Unseen)
	for i := range r.Blocked {
		gaps = append(gaps, r.Blocked[i].Unseen...)
	}
	if len(gaps) == 0 && opskit.ExitCode(r.Level()) == 2 {
		gaps = []opskit.Gap{{What: "the tasks", Why: "nothing was looked at"}}
	}
	return whole(gaps)
}

// Seen reports whether there is anything in the report.
func (r *BlockedReport) Seen() bool { return r != nil && !r.At.IsZero() && r.Tasks > 0 }

// String returns the verdict, every stuck task with its cause and remedy, and
// what was not seen.
func (r *BlockedReport) String() string {
	var text strings.Builder
	tasks := plural(r.Tasks, "task", "tasks")
	switch r.Verdict {
	case Problem:
		fmt.Fprintf(&text, "problem: %s stuck in uninterruptible sleep, of %s\n", plural(len(r.Blocked), "task is", "tasks are"), tasks)
	case Healthy:
		fmt.Fprintf(&text, "healthy: none of %s is stuck in uninterruptible sleep\n", tasks)
	default:
		fmt.Fprintf(&text, "%s: none of %s is seen to be stuck in uninterruptible sleep\n", r.Verdict, tasks)
	}
	if r.Passed > 0 {
		fmt.Fprintf(&text, "  %s ran on between two looks, %v apart\n", plural(r.Passed, "other", "others"), r.Settle)
	}
	for i := range r.Blocked {
		r.Blocked[i].write(&text, "  ")
	}
	text.WriteString(opskit.NotChecked(r))
	return text.String()
}
