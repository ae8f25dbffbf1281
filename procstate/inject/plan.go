package inject

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/procstate"
)

// Plan is what Apply would do. It is data: it may be saved, shown and applied
// later; Apply looks at everything again. A caller may shorten Zombies.
type Plan struct {
	Parent procstate.ID `json:"parent"` // whose zombies they are
	// Comm is the parent's name, escaped as strconv.Quote does.
	Comm string `json:"comm"`
	// Boot is the kernel's boot ID; a plan is good for one boot.
	Boot string `json:"boot"`
	// Zombies are the children that the parent would be made to wait for.
	Zombies []procstate.ID `json:"zombies,omitzero"`
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
		fmt.Fprintf(&text, "  risk %s: %s\n", risk, explain(risk))
	}
	text.WriteString(opskit.NotChecked(missed{What: "whether the parent still means to wait for them", Why: "only its program knows"}))
	return text.String()
}

// missed is what no plan or result of this package can tell.
type missed opskit.Gap

func (m missed) Level() opskit.Level { return opskit.OK }
func (m missed) Gaps() []opskit.Gap  { return []opskit.Gap{opskit.Gap(m)} }
func (m missed) String() string      { return opskit.NotChecked(m) }

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

type (
	riskKind   struct{}
	reasonKind struct{}
)

// Risk is a way in which reaping inside a living parent may do harm.
type Risk = opskit.Enum[riskKind]

// The risks. A plan never has the zero value.
const (
	RiskLostExitStatus Risk = "lost_exit_status" // the parent never learns how its children ended
	RiskReusedNumber   Risk = "reused_number"    // the parent does not know that the PIDs are free again
	RiskCallerDies     Risk = "caller_dies"      // the caller may be killed while the parent is stopped
)

// explain says what the risk is.
func explain(r Risk) string {
	switch r {
	case RiskLostExitStatus:
		return "the parent's lost exit status: a later wait of its own for these children fails with ECHILD; Go's os/exec returns that error, Python's subprocess reports 0, a shell 127"
	case RiskReusedNumber:
		return "the parent does not know that these PIDs are free: if it signals one of them by number later, it may hit another process"
	case RiskCallerDies:
		return "if the calling program is killed while the parent is stopped, the system call that the parent sleeps in ends early with a wrong result; on arm64 the thread is left with all signals blocked too"
	}
	return "unknown"
}
