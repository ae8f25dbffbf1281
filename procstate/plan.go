package procstate

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Step is one thing to do about a group, the gentlest first.
type Step struct {
	Action  Action `json:"action"`            // what to do
	Target  ID     `json:"target,omitzero"`   // whom it acts on
	Comm    Comm   `json:"comm"`              // the target's name
	Freezer string `json:"freezer,omitempty"` // the control file that Thaw writes
	Because string `json:"because"`           // why it helps
	Risk    string `json:"risk,omitempty"`    // what it costs
	Manual  bool   `json:"manual,omitempty"`  // for people: Apply does not do it
}

// String returns the step on one line.
func (s Step) String() string {
	text := s.Action.String()
	if s.Target.PID != 0 {
		text += fmt.Sprintf(" %d", s.Target.PID)
		if name := s.Comm.Bytes(); len(name) > 0 {
			text += fmt.Sprintf(" %q", name)
		}
	}
	text += ": " + s.Because
	if s.Risk != "" {
		text += " (risk: " + s.Risk + ")"
	}
	return text
}

// Plan is what can be done about one group of zombies, as data: to be read,
// saved, shortened, and carried out by [Plan.Apply].
type Plan struct {
	Parent  Process       `json:"parent"`            // whose zombies they are
	Why     Reason        `json:"why"`               // why it does not reap
	Zombies []ID          `json:"zombies,omitempty"` // that the steps are about
	Steps   []Step        `json:"steps,omitempty"`   // the gentlest first
	Useless []string      `json:"useless,omitempty"` // what people try in vain
	Grace   time.Duration `json:"grace_ns"`          // how long each step has to take effect; 0: two seconds
	BootID  string        `json:"boot_id,omitempty"` // the boot that start times belong to
	Unseen  []Gap         `json:"unseen,omitempty"`  // what is not known and may matter
}

const defaultGrace = 2 * time.Second

// Plan returns what can be done about the group. It is a pure function of the
// group and changes nothing.
func (g Group) Plan() Plan {
	plan := Plan{Parent: g.Parent, Why: g.Why, Grace: defaultGrace, BootID: g.BootID, Unseen: g.Unseen}
	for i := range g.Zombies {
		if g.Zombies[i].Kind != DeadLeader {
			plan.Zombies = append(plan.Zombies, g.Zombies[i].ID)
		}
	}
	plan.tellTracers(g.Zombies)
	if n := g.count(DeadLeader); n > 0 {
		plan.add(Step{
			Action:  Wait,
			Because: plural(n, "process runs", "processes run") + " on in other threads: not a zombie to be reaped",
		})
	}
	if g.dead() > g.count(HeldByTracer) {
		plan.parentSteps(&g)
	}
	if g.dead() > 0 {
		plan.Useless = []string{"kill -9 of a zombie: it has ended already, the signal is accepted and does nothing"}
	}
	return plan
}

func (p *Plan) add(step Step) {
	step.Manual = step.Action.manual()
	p.Steps = append(p.Steps, step)
}

// tellTracers adds one step per process that holds zombies by tracing them.
func (p *Plan) tellTracers(zombies []Zombie) {
	held := map[ID]int{}
	var tracers []ID
	for i := range zombies {
		if z := &zombies[i]; z.Kind == HeldByTracer {
			if held[z.Tracer]++; held[z.Tracer] == 1 {
				tracers = append(tracers, z.Tracer)
			}
		}
	}
	for _, tracer := range tracers {
		p.add(Step{
			Action: TellTracer, Target: tracer,
			Because: "it traces " + plural(held[tracer], "zombie", "zombies") + " and must wait for them, detach or end before the parent is told",
		})
	}
}

// parentSteps adds what can be done about the parent.
func (p *Plan) parentSteps(g *Group) {
	on := func(action Action, because, risk string) {
		p.add(Step{Action: action, Target: g.Parent.ID, Comm: g.Parent.Comm, Because: because, Risk: risk})
	}
	switch {
	case g.Parent.Start == 0 || g.Parent.Kernel():
		p.add(Step{Action: Wait, Because: "nothing is done about a parent that is not known for sure"})
		return
	case g.Why == Frozen:
		p.add(Step{
			Action: Thaw, Target: g.Parent.ID, Comm: g.Parent.Comm, Freezer: g.Freezer,
			Because: "a frozen parent reaps nothing",
			Risk:    "someone froze the group on purpose, perhaps for a snapshot or a checkpoint",
		})
		return
	case g.Why == Stopped && g.Parent.State == 't':
		on(Wait, "a debugger has stopped the parent and must let it go on", "")
		return
	case g.Why == Stopped:
		on(Continue, "a stopped parent reaps nothing", "whoever stopped it wanted it stopped")
		return
	case g.Why == InD:
		on(Wait, "no signal reaches the parent before its uninterruptible sleep ends", "")
		return
	case g.Parent.PID == 1:
		on(Restart, "PID 1 adopts every orphan and must reap them: only a restart puts another in its place", "everything below it ends: the container, or the whole system")
		return
	case g.Why == NamespaceInit:
		on(Restart, "run an init that reaps, such as tini, as PID 1 of the container", "everything in the container ends")
		return
	case g.Why == Handling && g.dead() > g.count(HeldByTracer)+g.count(NotSIGCHLD):
		on(Poke, "its handler for SIGCHLD may reap when it is called again", "")
	}
	on(Terminate, "without its parent a zombie is adopted and reaped", "the parent ends, and with it what it does; how the zombies ended is lost")
	on(Kill, "as above, for a parent that does not end when asked", "the parent ends without cleaning up")
}

// Without returns the plan without the steps of these actions, such as Kill.
func (p Plan) Without(actions ...Action) Plan {
	p.Steps = slices.DeleteFunc(slices.Clone(p.Steps), func(s Step) bool { return slices.Contains(actions, s.Action) })
	return p
}

// String returns the steps in order, what is useless, and on the last line what
// was not seen.
func (p Plan) String() string {
	var text strings.Builder
	parent := Group{Parent: p.Parent}
	fmt.Fprintf(&text, "plan for %s of %s: %s\n", plural(len(p.Zombies), "zombie", "zombies"), parent.parentName(), p.Why)
	for _, step := range p.Steps {
		by := "apply"
		if step.Manual {
			by = "you"
		}
		fmt.Fprintf(&text, "  %s (by %s)\n", step, by)
	}
	for _, useless := range p.Useless {
		fmt.Fprintf(&text, "  useless: %s\n", useless)
	}
	text.WriteString(notChecked(p.Unseen))
	return text.String()
}
