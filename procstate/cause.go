package procstate

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/opskit-go/opskit"
)

//go:embed causes.txt
var causesText string

// cause is what an uninterruptible sleep waits for.
type cause struct {
	flags           string   // of causes.txt
	types           []string // of filesystems that are at fault, where no descriptor names one
	explain, remedy string
	atMount         string // remedy where the mount is known
}

// causeRow tells a cause by functions on a stack.
type causeRow struct {
	cause     string
	innermost []string // one of these prefixes, nil is any
	functions []string
	last      bool // only if no other row matches
	wchan     bool // enough without a stack
}

type causeTable struct {
	causes map[string]cause
	rows   []causeRow
}

// causes reads the table once; its test knows that it can be read.
var causes = sync.OnceValue(func() (t causeTable) {
	t.causes = map[string]cause{}
	for line := range strings.Lines(causesText) {
		line, last := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "last: ")
		definition, defines := strings.CutPrefix(line, "cause: ")
		fields := append(strings.Split(definition, "\t"), "", "")
		switch {
		case strings.HasPrefix(line, "#"):
		case defines:
			t.causes[fields[0]] = cause{fields[1], strings.Fields(fields[2]), fields[3], fields[4], fields[5]}
		default:
			row := causeRow{cause: fields[0], functions: strings.Fields(fields[2]), last: last, wchan: strings.HasPrefix(fields[3], "w ")}
			if fields[1] != "*" {
				row.innermost = strings.Fields(fields[1])
			}
			t.rows = append(t.rows, row)
		}
	}
	return t
})

// causeOf finds the cause by the function that has a row and is nearest to the
// innermost one, or without a stack by wchan alone.
func causeOf(stack []string, wchan string) string {
	alone := len(stack) == 0
	if alone {
		stack = []string{wchan}
	}
	inner := slices.IndexFunc(stack, func(name string) bool {
		return name != "schedule" && name != "__schedule" && name != "schedule_preempt_disabled" && name != "schedule_timeout" && name != "__switch_to"
	})
	if inner < 0 {
		return ""
	}
	for _, last := range []bool{false, true} {
		for _, name := range stack[inner:] {
			for _, row := range causes().rows {
				if row.last == last && (row.wchan || !alone) && begins(name, row.functions) && (row.innermost == nil || begins(stack[inner], row.innermost)) {
					return row.cause
				}
			}
		}
	}
	return ""
}

func begins(name string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// Two causes are not told by functions.
const (
	causeExec    = "exec" // the kernel shows nothing else
	causeFreezer = "control_group_freezer"
)

// classify finds the cause, and with it the remedy, from the evidence in b.
func (b *Blocked) classify() {
	b.Cause = causeOf(b.Stack, b.Wchan)
	known := causes().causes[b.Cause]
	switch {
	// A group does not freeze before another sleep ends: it is not what holds the task.
	case b.Freezer != "" && (b.Cause == "" || strings.Contains(known.flags, "f")):
		b.Cause, b.Remedy = causeFreezer, "thaw the control group: echo THAWED > "+shellWord(b.Freezer)
	case b.Cause == "" && b.Executes:
		b.Cause, b.Remedy = causeExec, "look for a filesystem that does not answer: FUSE, NFS or a disk"
	case b.Cause == "":
		b.Remedy = "no remedy is known before the cause is; SIGKILL takes effect when the sleep ends"
	case b.Mount != nil && strings.Contains(known.flags, "d"):
		_, minor, _ := strings.Cut(b.Mount.Device, ":")
		b.Remedy = fmt.Sprintf(known.atMount, shellWord(minor))
	case b.Mount != nil && known.atMount != "":
		b.Remedy = fmt.Sprintf(known.atMount, shellWord(b.Mount.Point))
	default:
		b.Remedy = known.remedy
	}
}

// cause returns the cause in a word.
func (b *Blocked) cause() string {
	if b == nil || b.Cause == "" {
		return "unknown"
	}
	return opskit.Escape(b.Cause)
}

// endsByKill tells whether SIGKILL ends the sleep.
func (b *Blocked) endsByKill() bool {
	if b == nil {
		return false
	}
	if yes, known := b.Killable(); known {
		return yes && b.Freezer == ""
	}
	return strings.Contains(causes().causes[b.Cause].flags, "k")
}

// shellWord quotes a path for a line to paste: users choose names.
func shellWord(path string) string {
	plain := strings.Trim(path, "/") != "" && strings.IndexFunc(path, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:@,=", r))
	}) < 0
	if plain || path == "/" {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// explainCause returns a cause as a clause for people.
func explainCause(b *Blocked) string {
	if b != nil {
		switch known, ok := causes().causes[b.Cause]; {
		case b.Cause == causeFreezer:
			return "its control group is frozen"
		case b.Cause == causeExec:
			return "it executes another program, and what it closes or gives up for that is on a filesystem that does not answer"
		case ok:
			return known.explain
		}
	}
	return "what it waits for could not be told"
}
