package procstate

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Zombie is a process that has ended and was not reaped.
type Zombie struct {
	Process
	Kind        Kind          // Unknown if its status could not be read
	Tracer      ID            // the process that traces it; zero if none does
	DeadAtLeast time.Duration // for how long it has been dead, at least; 0: not known
	DeadMore    time.Duration // by how much that may be too short; 0: not known
}

// judge tells the kind from what was seen.
func (z *Zombie) judge() Kind {
	switch {
	case z.Threads > 1:
		return DeadLeader
	case z.Tracer.PID != 0 && z.Tracer.PID != z.PPID:
		return HeldByTracer
	case z.ExitSignal != sigchld:
		return NotSIGCHLD
	}
	return Reapable
}

// String returns the zombie on one line.
func (z Zombie) String() string {
	text := fmt.Sprintf("%d %q %s", z.PID, z.Comm.Bytes(), z.Kind)
	if status, known := z.ExitStatus(); known {
		if status.Signaled() {
			text += fmt.Sprintf(", killed by signal %d", status.Signal())
		} else {
			text += fmt.Sprintf(", exit status %d", status.ExitStatus())
		}
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
	return text
}

// zombieJSON is the JSON form of a Zombie.
type zombieJSON struct {
	processJSON
	Kind        Kind          `json:"kind"`
	Tracer      ID            `json:"tracer,omitzero"`
	DeadAtLeast time.Duration `json:"dead_at_least_ns,omitempty"`
	DeadMore    time.Duration `json:"dead_more_ns,omitempty"`
}

// MarshalJSON writes the zombie; what was not seen is absent.
func (z Zombie) MarshalJSON() ([]byte, error) {
	return json.Marshal(zombieJSON{z.toJSON(), z.Kind, z.Tracer, z.DeadAtLeast, z.DeadMore})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (z *Zombie) UnmarshalJSON(text []byte) error {
	var body zombieJSON
	if err := json.Unmarshal(text, &body); err != nil {
		return err
	}
	*z = Zombie{body.process(), body.Kind, body.Tracer, body.DeadAtLeast, body.DeadMore}
	return nil
}

// Group is the zombies of one parent: the one process that can reap them.
type Group struct {
	Parent  Process  `json:"parent"`            // only its PID if it could not be read
	Why     Reason   `json:"why"`               // why it does not reap, from what follows
	SIGCHLD Reason   `json:"sigchld"`           // NotWaiting (default), Ignoring, Blocking or Handling
	Freezer string   `json:"freezer,omitempty"` // control file of the frozen group that it is in
	Owner   Owner    `json:"owner"`             // to whom it belongs
	Zombies []Zombie `json:"zombies,omitempty"` // by PID
	Adopter Adopter  `json:"adopter,omitzero"`  // who adopts them if the parent ends
	BootID  string   `json:"boot_id,omitempty"` // the boot that start times belong to
	Unseen  []Gap    `json:"unseen,omitempty"`  // what is not known about this group
}

// unseen notes what an error hid of this group.
func (g *Group) unseen(what string, err error) {
	g.Unseen = append(g.Unseen, Gap{What: what, Why: err.Error()})
}

// Lasting returns the group with only those zombies that have been dead for at
// least so long, for sure.
func (g Group) Lasting(least time.Duration) Group {
	lasting := make([]Zombie, 0, len(g.Zombies))
	for _, z := range g.Zombies {
		if z.DeadAtLeast >= least {
			lasting = append(lasting, z)
		}
	}
	g.Zombies = lasting
	return g
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
func (g *Group) dead() int { return len(g.Zombies) - g.count(DeadLeader) }

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
	fmt.Fprintf(text, "%s%s of %s: %s\n", indent, what, g.parentName(), g.Why)
	fmt.Fprintf(text, "%s  why: %s\n", indent, g.Why.Explain())
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
	}
	plan := g.Plan()
	for _, step := range plan.Steps {
		fmt.Fprintf(text, "%snext: %s\n", indent, step)
	}
	for _, useless := range plan.Useless {
		fmt.Fprintf(text, "%s  useless: %s\n", indent, useless)
	}
}

func (g *Group) parentName() string {
	switch {
	case g.Parent.PID == 0:
		return "a parent outside this PID namespace"
	case g.Parent.Start == 0:
		return fmt.Sprintf("parent %d", g.Parent.PID)
	}
	return g.Parent.String()
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
