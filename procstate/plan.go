package procstate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
)

// Step is one thing to do about a group, the gentlest first.
type Step struct {
	Action  Action `json:"action"`            // what to do
	Target  ID     `json:"target,omitzero"`   // whom it acts on
	Comm    Comm   `json:"comm"`              // the target's name
	Freezer string `json:"freezer,omitempty"` // the control file that ActionThaw writes
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
	text += ": " + opskit.Escape(s.Because)
	if s.Risk != "" {
		text += " (risk: " + opskit.Escape(s.Risk) + ")"
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
	Useless []string      `json:"useless,omitempty"` // what does not help here, and why
	Grace   time.Duration `json:"grace_ns"`          // how long each step has to take effect; 0: two seconds
	// Patience is how long one of the zombies must have been dead, without the parent
	// having reaped anything, before the parent is sent a signal: until then it may only
	// be slow. 0 is a minute, a negative value is off. Apply waits for that.
	Patience time.Duration `json:"patience_ns"`
	Dead     time.Duration `json:"dead_at_least_ns,omitempty"` // for how long that was so when the plan was made
	Faults   uint64        `json:"child_faults,omitempty"`     // of the group: changes as soon as the parent reaps
	BootID   string        `json:"boot_id,omitempty"`          // the boot that start times belong to
	Unseen   []opskit.Gap  `json:"unseen,omitempty"`           // what is not known and may matter
}

const (
	defaultGrace    = 2 * time.Second
	defaultPatience = time.Minute
)

func patienceOf(d time.Duration) time.Duration {
	if d == 0 {
		return defaultPatience
	}
	return max(d, 0)
}

// Plan returns what can be done about the group. It is a pure function of the
// group and changes nothing.
func (g Group) Plan() Plan {
	plan := Plan{
		Parent: g.Parent, Why: g.Why, Grace: defaultGrace, Patience: g.patience, Dead: g.oldest(), Faults: g.Faults,
		BootID: g.BootID, Unseen: g.Unseen,
	}
	for i := range g.Zombies {
		if g.Zombies[i].Kind != KindDeadLeader {
			plan.Zombies = append(plan.Zombies, g.Zombies[i].ID)
		}
	}
	plan.tellTracers(g.Zombies)
	plan.deadLeaders(g.Zombies)
	if g.dead() > g.count(KindHeldByTracer) {
		plan.parentSteps(&g)
	}
	if g.dead() > 0 {
		plan.Useless = append(plan.Useless, "kill -9 of a zombie: it has ended already, the signal is accepted and does nothing")
	}
	return plan
}

func (p *Plan) add(step Step) {
	step.Manual = manual(step.Action)
	p.Steps = append(p.Steps, step)
}

// tellTracers adds one step per process that holds zombies by tracing them.
func (p *Plan) tellTracers(zombies []Zombie) {
	held := map[ID]int{}
	var tracers []ID
	for i := range zombies {
		if z := &zombies[i]; z.Kind == KindHeldByTracer {
			if held[z.Tracer]++; held[z.Tracer] == 1 {
				tracers = append(tracers, z.Tracer)
			}
		}
	}
	for _, tracer := range tracers {
		p.add(Step{
			Action: ActionTellTracer, Target: tracer,
			Because: "it traces " + plural(held[tracer], "zombie", "zombies") + " and must wait for them, detach or end before the parent is told",
		})
	}
}

// deadLeaders tells what holds processes that have lost their main thread alone.
func (p *Plan) deadLeaders(zombies []Zombie) {
	live := 0
	for i := range zombies {
		z := &zombies[i]
		switch {
		case z.Kind != KindDeadLeader:
		case len(z.Holds) > 0:
			for _, b := range z.Holds {
				p.add(Step{Action: ActionWait, Target: z.ID, Comm: z.Comm, Because: fmt.Sprintf("its thread %d is in uninterruptible sleep (%s), and it ends only after that: %s", b.TID, b.cause(), b.Remedy)})
			}
		case z.Killed:
			p.add(Step{Action: ActionWait, Target: z.ID, Comm: z.Comm, Because: "SIGKILL is pending and a thread of it does not end: a tracer or the kernel holds that thread"})
		default:
			live++
		}
	}
	if live > 0 {
		p.add(Step{
			Action:  ActionWait,
			Because: plural(live, "process runs", "processes run") + " on in other threads: not a zombie to be reaped",
		})
	}
}

// parentSteps adds what can be done about the parent.
func (p *Plan) parentSteps(g *Group) {
	on := func(action Action, because, risk string) {
		p.add(Step{Action: action, Target: g.Parent.ID, Comm: g.Parent.Comm, Because: because, Risk: risk})
	}
	told := g.dead() > g.count(KindHeldByTracer)+g.count(KindNotSIGCHLD)
	switch {
	case g.Parent.Start == 0 || g.Parent.Kernel():
		p.add(Step{Action: ActionWait, Because: "nothing is done about a parent that is not known for sure"})
		return
	case g.Why == ReasonFrozen:
		p.add(Step{
			Action: ActionThaw, Target: g.Parent.ID, Comm: g.Parent.Comm, Freezer: g.Freezer,
			Because: "a frozen parent reaps nothing; look again when it runs",
			Risk:    "someone froze the group on purpose, perhaps for a snapshot or a checkpoint",
		})
		return
	case g.Why == ReasonStopped && g.Parent.State == 't':
		on(ActionWait, "a debugger has stopped the parent and must let it go on", "")
		return
	case g.Why == ReasonStopped:
		on(ActionContinue, "a stopped parent reaps nothing; look again when it runs", "whoever stopped it wanted it stopped")
		return
	case g.Why == ReasonUninterruptible && !g.Blocked.endsByKill():
		remedy := ""
		if g.Blocked != nil {
			remedy = ": " + g.Blocked.Remedy
		}
		on(ActionWait, "no signal reaches the parent before its sleep ends ("+g.Blocked.cause()+")"+remedy, "")
		return
	case g.Why == ReasonUninterruptible && g.Child.PID != 0:
		p.add(Step{Action: ActionWait, Target: g.Child, Because: "the parent goes on when this child of vfork(2) calls exec or ends"})
	case g.Reaping || g.Why == ReasonReaping:
		on(ActionWait, "the parent reaps, and nothing that does is sent a signal; look again", "")
		if told && g.Why != ReasonReaping {
			on(ActionReap, reapBecause, reapRisk)
		}
		return
	case g.Parent.PID == 1:
		on(ActionRestart, "PID 1 adopts every orphan and must reap them: only a restart puts another in its place", "everything below it ends: the container, or the whole system")
		return
	case g.Why == ReasonNamespaceInit:
		on(ActionRestart, "run an init that reaps, such as tini, as PID 1 of the container", "everything in the container ends")
		return
	case g.Why == ReasonListening && told, g.Why == ReasonHandling && told, g.Why == Unknown && (g.SIGCHLD == sigchldAllCaught || g.SIGCHLD == sigchldPerhaps) && told:
		on(ActionPoke, "it may reap when it is told once more that a child has ended", "")
	case g.Why == ReasonWaitsForOther:
		on(ActionWait, "it may go on when the child that it waits for ends", "")
	}
	if g.Why != ReasonUninterruptible && told {
		on(ActionReap, reapBecause, reapRisk)
	}
	p.ending(g, on)
}

const (
	reapBecause = "the parent can be made to wait for them by ptrace(2), without ending: see package inject"
	reapRisk    = "the parent never learns how they ended"
)

// ending adds the ends of the parent, which help if its adopter reaps.
func (p *Plan) ending(g *Group, on func(action Action, because, risk string)) {
	adopter := fmt.Sprintf("%d %q", g.Adopter.ID.PID, g.Adopter.Comm.Bytes())
	because := "without its parent a zombie goes to " + adopter + ", which reaps"
	switch {
	case g.Adopter.Reaps() == "no":
		p.Useless = append(p.Useless, fmt.Sprintf("ending the parent: its zombies would go to %s, which does not reap: %s", adopter, g.Adopter.explain()))
		p.add(Step{
			Action: ActionRestart, Target: g.Adopter.ID, Comm: g.Adopter.Comm,
			Because: "it adopts what the parent leaves, and must be one that reaps, or end with the parent", Risk: "whatever runs below it may end",
		})
		return
	case g.Adopter.By == "":
		because = "without its parent a zombie is adopted, and reaped if its adopter reaps, which could not be told"
		if g.Adopter.Reaps() == "yes" {
			because = "without its parent a zombie goes to an ancestor, and each of them reaps"
		}
	case g.Adopter.Reaps() != "yes":
		because = "without its parent a zombie goes to " + adopter + "; whether that one reaps could not be told"
	}
	if line := g.Owner.restart(""); line != "" {
		on(ActionRestart, line+": its owner ends and starts it in good order; "+because, "the parent ends, and with it what it does")
	}
	if g.Why != ReasonUninterruptible { // which SIGTERM does not wake
		on(ActionTerminate, because, "the parent ends, and with it what it does; how the zombies ended is lost")
	}
	on(ActionKill, because+"; for a parent that does not end when asked", "the parent ends without cleaning up")
}

// Without returns the plan without the steps of these actions, such as ActionKill.
func (p Plan) Without(actions ...Action) Plan {
	p.Steps = slices.DeleteFunc(slices.Clone(p.Steps), func(s Step) bool { return slices.Contains(actions, s.Action) })
	return p
}

// signals tells whether the plan has steps that need patience.
func (p *Plan) signals() bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool {
		return s.Action == ActionPoke || s.Action == ActionTerminate || s.Action == ActionKill
	})
}

// String returns the steps in order, what is useless, and on the last line what
// was not seen.
func (p Plan) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "plan for %s of %s: %s\n", plural(len(p.Zombies), "zombie", "zombies"), parentName(&p.Parent), p.Why)
	p.write(&text, "  ", "  useless: ")
	text.WriteString(notChecked(p.Unseen))
	return text.String()
}

func (p *Plan) write(text *strings.Builder, step, useless string) {
	if rest := patienceOf(p.Patience) - p.Dead; rest > 0 && p.signals() {
		fmt.Fprintf(text, "%swait for another %v: until then the parent may only be slow to reap (by apply, before any signal)\n", step, rest.Round(time.Second))
	}
	for _, s := range p.Steps {
		by := "apply"
		if s.Manual {
			by = "you"
		}
		fmt.Fprintf(text, "%s%s (by %s)\n", step, s, by)
	}
	for _, line := range p.Useless {
		fmt.Fprintf(text, "%s%s\n", useless, opskit.Escape(line))
	}
}
