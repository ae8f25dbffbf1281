package procstate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
)

// Zombie is a process that has ended and was not reaped.
type Zombie struct {
	Process
	Kind        Kind          // of Judge; Unknown if its status could not be read
	Tracer      ID            // the process that traces it; zero if none does
	DeadAtLeast time.Duration // for how long it has been dead, at least; 0: not known
	DeadMore    time.Duration // by how much that may be too short; 0: not known
	Killed      bool          // of a KindDeadLeader: SIGKILL waits for a thread of it, at two looks
	ran         time.Duration // of the BPF source, when it last ran
	Holds       []Blocked     // of a KindDeadLeader: the threads in state D that keep it, at two looks
}

// judge tells the kind from what was seen.
func (z *Zombie) judge() Kind {
	switch {
	case z.Threads > 1:
		return KindDeadLeader
	case z.facts&tracerKnown == 0:
		return Unknown
	case z.tracer != 0 && z.Tracer.PID != z.PPID:
		return KindHeldByTracer
	case z.ExitSignal != sigchld():
		return KindNotSIGCHLD
	}
	return KindReapable
}

// cannotDie tells a process that was killed, or lost its main thread, and that
// something in the kernel keeps.
func (z *Zombie) cannotDie() bool { return z.Kind == KindDeadLeader && (z.Killed || len(z.Holds) > 0) }

// String returns the zombie on one line.
func (z Zombie) String() string {
	text := fmt.Sprintf("%d %q %s", z.PID, z.Comm.Bytes(), z.Kind)
	if status, known := z.ExitStatus(); known {
		text += ", " + status.String()
	}
	if z.Tracer.PID != 0 {
		text += fmt.Sprintf(", traced by %d", z.Tracer.PID)
	}
	if z.DeadAtLeast > 0 {
		text += ", dead for at least " + z.DeadAtLeast.Round(time.Millisecond).String()
	}
	if z.DeadMore > 0 {
		text += " (up to " + z.DeadMore.Round(time.Millisecond).String() + " more)"
	}
	if z.Killed {
		text += ", SIGKILL is pending"
	}
	return text
}

// zombieJSON is the JSON form of a Zombie.
type zombieJSON struct {
	processJSON
	Kind        Kind          `json:"kind"`
	Tracer      ID            `json:"tracer,omitzero"`
	DeadAtLeast time.Duration `json:"dead_at_least_ns,omitempty"`
	DeadMore    time.Duration `json:"dead_more_ns,omitempty"`
	Killed      bool          `json:"killed,omitempty"`
	Holds       []Blocked     `json:"holds,omitempty"`
}

// MarshalJSON writes the zombie; what was not seen is absent.
func (z Zombie) MarshalJSON() ([]byte, error) {
	return json.Marshal(zombieJSON{z.toJSON(), z.Kind, z.Tracer, z.DeadAtLeast, z.DeadMore, z.Killed, z.Holds})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (z *Zombie) UnmarshalJSON(text []byte) error {
	var body zombieJSON
	if err := json.Unmarshal(text, &body); err != nil {
		return err
	}
	*z = Zombie{
		Process: body.process(), Kind: body.Kind, Tracer: body.Tracer, DeadAtLeast: body.DeadAtLeast, DeadMore: body.DeadMore,
		Killed: body.Killed, Holds: body.Holds,
	}
	return nil
}

// Group is the zombies of one parent: the one process that can reap them.
type Group struct {
	Parent Process `json:"parent"` // only its PID if it could not be read
	Why    Reason  `json:"why"`    // of Judge: why it does not reap, from what follows
	// SIGCHLD is how the parent takes it: "default", "ignored", "blocked", "caught",
	// "all_caught" (as a runtime does, which tells nothing), and of the blocked ones that
	// read it "signalfd" or "sigwait"; "perhaps_sigwait" waits for signals, which need not
	// be this one. "" was not seen.
	SIGCHLD  string       `json:"sigchld,omitempty"`
	Waits    *bool        `json:"waits,omitempty"`        // whether a thread of it sits in wait(2); nil: not shown to this reader
	Pidfds   int          `json:"pidfds,omitempty"`       // of how many of the zombies it holds a pidfd
	Reaping  bool         `json:"reaping,omitempty"`      // it reaped children between the looks
	Faults   uint64       `json:"child_faults,omitempty"` // page faults of the children that it has reaped (proc_pid_stat(5), fields 11 and 13)
	Blocked  *Blocked     `json:"blocked,omitempty"`      // its main thread, in state D at two looks
	Child    ID           `json:"vfork_child,omitzero"`   // that it waits for in vfork(2)
	Freezer  string       `json:"freezer,omitempty"`      // control file of the frozen group that it is in
	Owner    Owner        `json:"owner"`                  // to whom it belongs
	Zombies  []Zombie     `json:"zombies,omitempty"`      // by PID
	Adopter  Adopter      `json:"adopter,omitzero"`       // who adopts them if the parent ends
	BootID   string       `json:"boot_id,omitempty"`      // the boot that start times belong to
	Unseen   []opskit.Gap `json:"unseen,omitempty"`       // what is not known about this group
	patience time.Duration
}

// unseen notes what an error hid of this group.
func (g *Group) unseen(what string, err error) {
	g.Unseen = append(g.Unseen, opskit.Gap{What: what, Why: err.Error()})
}

// judge derives the kinds and the reason from the evidence in the group alone.
func (g *Group) judge() {
	for i := range g.Zombies {
		g.Zombies[i].Kind = g.Zombies[i].judge()
	}
	g.Why = g.reason()
}

// reason asks first what could be reaped at all, then whether the parent can run,
// then what its threads do.
func (g *Group) reason() Reason {
	switch {
	case len(g.Zombies) > 0 && g.dead() == 0:
		return ReasonNotDead
	case len(g.Zombies) > 0 && g.dead() == g.count(KindHeldByTracer):
		return ReasonTracer
	case g.Parent.Start == 0:
		return Unknown
	case g.Freezer != "":
		return ReasonFrozen
	case g.Parent.State == 'T' || g.Parent.State == 't':
		return ReasonStopped
	case g.Blocked != nil && g.Parent.Threads <= 1:
		return ReasonUninterruptible
	case g.Reaping && g.oldest() < patienceOf(g.patience): // later it is others that it reaps
		return ReasonReaping
	case g.Parent.PID == 1 || g.Owner.NSPID == 1:
		return ReasonNamespaceInit
	case g.Waits != nil && *g.Waits && !g.Reaping: // one that reaps is in a wait now and then
		return ReasonWaitsForOther
	case g.SIGCHLD == sigchldAllCaught && g.Pidfds > 0:
		return ReasonNotWaiting
	}
	return map[string]Reason{
		sigchldDefault: ReasonNotWaiting, sigchldIgnored: ReasonIgnoring, sigchldBlocked: ReasonBlocking, sigchldCaught: ReasonHandling,
		sigchldSignalfd: ReasonListening, sigchldSigwait: ReasonListening,
	}[g.SIGCHLD]
}

// mayReap tells whether the parent could still reap by itself, if it is only slow.
func (g *Group) mayReap() bool {
	switch g.Why {
	case ReasonNotDead, ReasonTracer, ReasonFrozen, ReasonStopped, ReasonUninterruptible:
		return false
	}
	return true
}

// Explain returns why the zombies are not reaped, as a clause for people.
func (g *Group) Explain() string {
	switch {
	case g.Why == ReasonUninterruptible:
		return "the parent sleeps uninterruptibly: " + explainCause(g.Blocked)
	case g.Why == ReasonListening:
		return "the parent reads SIGCHLD (" + g.SIGCHLD + "), and has not waited for every child: several signals merge into one"
	case g.Why == ReasonNotWaiting && g.Reaping:
		return "the parent reaps other children, and has not waited for these"
	case g.Why == ReasonNotWaiting && g.Pidfds > 0:
		return "the parent holds pidfds of them and has not asked those how they ended, as after os/exec's Start without Wait"
	case g.Why == Unknown && g.SIGCHLD == sigchldPerhaps:
		return "the parent waits for signals, and the kernel does not tell whether SIGCHLD is one of them"
	case g.Why == Unknown && g.SIGCHLD == sigchldAllCaught:
		return "the parent catches every signal, as runtimes do, which does not tell whether it reaps"
	}
	return cmp.Or(map[Reason]string{
		ReasonNotDead:       "only the main threads have ended: there is nothing to be reaped yet",
		ReasonTracer:        "whoever traces them keeps the news of their end from the parent",
		ReasonFrozen:        "the parent's control group is frozen",
		ReasonStopped:       "the parent is stopped and cannot run",
		ReasonReaping:       "the parent does reap: it did so between the looks, and these may follow",
		ReasonNamespaceInit: "the parent is PID 1 of its PID namespace and has not reaped what it adopted",
		ReasonWaitsForOther: "the parent waits for another child, and does not ask for these meanwhile",
		ReasonIgnoring:      "the parent ignores SIGCHLD, but began to after these had ended",
		ReasonBlocking:      "the parent blocks SIGCHLD, nothing of it reads the signal, and it has not waited for these",
		ReasonHandling:      "the parent handles SIGCHLD, but its handler has not waited for every child",
		ReasonNotWaiting:    "the parent leaves SIGCHLD at its default, is in no wait, and has not waited for these",
	}[g.Why], "why the parent does not reap could not be seen")
}

// count returns how many zombies are of a kind.
func (g *Group) count(kind Kind) (n int) {
	for i := range g.Zombies {
		if g.Zombies[i].Kind == kind {
			n++
		}
	}
	return n
}

// dead returns how many are zombies as a whole, and not processes that live on
// without their main thread.
func (g *Group) dead() int { return len(g.Zombies) - g.count(KindDeadLeader) }

// oldest returns for how long the zombies that could be reaped have been dead, at
// least one of them.
func (g *Group) oldest() (age time.Duration) {
	for i := range g.Zombies {
		if z := &g.Zombies[i]; z.Kind != KindDeadLeader && z.Kind != KindHeldByTracer {
			age = max(age, z.DeadAtLeast)
		}
	}
	return age
}

// shown is how many zombies of a group its text names one by one.
const shown = 8

// String returns what is stuck and why, the zombies, what to do, and on the last
// line what was not seen; in a report that stands once, on the report's last line.
func (g Group) String() string {
	var text strings.Builder
	g.write(&text, "")
	text.WriteString(notChecked(g.Unseen))
	return text.String()
}

// write writes the group without its last line.
func (g *Group) write(text *strings.Builder, indent string) {
	what := plural(len(g.Zombies), "zombie", "zombies")
	if g.dead() == 0 {
		what = plural(len(g.Zombies), "process without its main thread", "processes without their main threads")
	}
	fmt.Fprintf(text, "%s%s of %s: %s\n", indent, what, parentName(&g.Parent), g.Why)
	fmt.Fprintf(text, "%s  why: %s\n", indent, g.Explain())
	fmt.Fprintf(text, "%s  owner: %s\n", indent, g.Owner)
	if g.Adopter != (Adopter{}) {
		fmt.Fprintf(text, "%s  if it ends: %s\n", indent, g.Adopter)
	}
	for i, z := range g.Zombies {
		if i == shown && len(g.Zombies) > shown+1 {
			fmt.Fprintf(text, "%s  and %d more\n", indent, len(g.Zombies)-shown)
			break
		}
		fmt.Fprintf(text, "%s  %s\n", indent, z)
		for j := range z.Holds {
			z.Holds[j].write(text, indent+"    ")
		}
	}
	plan := g.Plan()
	plan.write(text, indent+"next: ", indent+"  useless: ")
}

func parentName(p *Process) string {
	switch {
	case p.PID == 0:
		return "a parent outside this PID namespace"
	case p.Start == 0:
		return fmt.Sprintf("parent %d", p.PID)
	}
	return p.String()
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// notChecked is the last line of what is a part of a result.
func notChecked(gaps []opskit.Gap) string { return opskit.NotChecked(part(gaps)) }

type part []opskit.Gap

func (p part) Level() opskit.Level { return opskit.Problem }
func (p part) Gaps() []opskit.Gap  { return p }
func (p part) String() string      { return notChecked(p) }
