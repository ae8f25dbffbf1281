package inject

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/opskit-go/opskit/procstate/internal/coded"
)

// Parent names a process: its PID in the caller's PID namespace and its start
// time in clock ticks since boot, field 22 of /proc/PID/stat.
type Parent struct {
	PID   int    `json:"pid"`   // in this process's PID namespace
	Start uint64 `json:"start"` // clock ticks since boot, field 22 of /proc/PID/stat
}

// Zombie is a dead child of the parent, named in the same way.
type Zombie struct {
	PID   int    `json:"pid"`   // in this process's PID namespace
	Start uint64 `json:"start"` // clock ticks since boot
}

// Plan is what Apply would do. It is data: it may be saved, shown and applied
// later; Apply looks at everything again. A caller may shorten Zombies.
type Plan struct {
	Parent Parent `json:"parent"` // whose zombies they are
	// Comm is the parent's name, escaped as strconv.Quote does.
	Comm string `json:"comm"`
	// Boot is the kernel's boot ID; a plan is good for one boot.
	Boot string `json:"boot"`
	// Zombies are the children that the parent would be made to wait for.
	Zombies []Zombie `json:"zombies,omitzero"`
	// Left are its dead children that it would not, and why.
	Left []Left `json:"left,omitempty"`
	// Call is the system call that the thread to be used sleeps in.
	Call string `json:"call"`
	// MaxStop is how long the parent would be stopped at once.
	MaxStop time.Duration `json:"max_stop_ns"`
	// Risks are what may go wrong all the same.
	Risks []Risk `json:"risks,omitzero"`
}

// String returns what would be done, to whom, the risks, and what was not
// checked.
func (p Plan) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "make pid %d (%s) wait for %s, stopped for at most %v at once\n", p.Parent.PID, quoted(p.Comm), children(len(p.Zombies)), p.MaxStop)
	fmt.Fprintf(&text, "  its thread sleeps in %s, which goes on afterwards\n", p.Call)
	for _, left := range p.Left {
		fmt.Fprintf(&text, "  %s\n", left)
	}
	for _, risk := range p.Risks {
		fmt.Fprintf(&text, "  risk %s: %s\n", risk, risk.Text())
	}
	return text.String() + "not checked: whether the parent still means to wait for them"
}

// quoted puts quotes around a text that is escaped already.
func quoted(escaped string) string { return `"` + escaped + `"` }

// escaped writes any bytes as strconv.Quote does, without the quotes.
func escaped(raw string) string {
	text := strconv.Quote(raw)
	return text[1 : len(text)-1]
}

func children(n int) string {
	if n == 1 {
		return "1 dead child"
	}
	return strconv.Itoa(n) + " dead children"
}

// Risk is a way in which reaping inside a living parent may do harm.
type Risk uint8

const (
	// UnknownRisk is the zero value; a plan never has it.
	UnknownRisk Risk = iota
	// LostExitStatus: the parent never learns how its children ended.
	LostExitStatus
	// ReusedNumber: the parent does not know that the PIDs are free again.
	ReusedNumber
	// CallerDies: the caller may be killed while the parent is stopped.
	CallerDies
)

func riskNames() []string {
	return []string{"unknown", "lost_exit_status", "reused_number", "caller_dies"}
}

// String returns the stable lower-case name.
func (r Risk) String() string { return coded.Name(riskNames(), r) }

// Text says what the risk is.
func (r Risk) Text() string {
	switch r {
	case LostExitStatus:
		return "the parent's lost exit status: a later wait of its own for these children fails with ECHILD; Go's os/exec returns that error, Python's subprocess reports 0, a shell 127"
	case ReusedNumber:
		return "the parent does not know that these PIDs are free: if it signals one of them by number later, it may hit another process"
	case CallerDies:
		return "if the calling program is killed while the parent is stopped, the system call that the parent sleeps in ends early with a wrong result; on arm64 the thread is left with all signals blocked too"
	case UnknownRisk:
	}
	return "unknown"
}

// MarshalText writes what String returns.
func (r Risk) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText wrote; another text is an error.
func (r *Risk) UnmarshalText(text []byte) error { return coded.Value(riskNames(), text, r) }
