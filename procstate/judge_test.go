package procstate

import (
	"testing"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/stretchr/testify/assert"
)

// family is a group with one zombie that has been dead for so long.
func family(dead time.Duration, change func(g *Group)) *Report {
	z := Zombie{Process: Process{ID: ID{51, 600}, PPID: 50, State: 'Z', Threads: 1, ExitSignal: sigchld()}, DeadAtLeast: dead}
	z.setTracer(0)
	g := Group{Parent: Process{ID: ID{50, 500}, PPID: 1, State: 'S', Threads: 1}, SIGCHLD: "default", Zombies: []Zombie{z}}
	change(&g)
	r := &Report{At: time.Now(), Settle: time.Second, Processes: 9, Groups: []Group{g}}
	r.Judge()
	return r
}

// TestWhoCouldReap: what could be reaped decides before the parent's threads, and
// those before how it takes SIGCHLD.
func TestWhoCouldReap(t *testing.T) {
	yes, no := true, false
	for _, test := range []struct {
		rule   string
		change func(g *Group)
		why    Reason
		young  opskit.Level // after two seconds
		old    opskit.Level // after a minute
	}{
		{"default", func(*Group) {}, ReasonNotWaiting, opskit.Unknown, opskit.Problem},
		{"in wait for another", func(g *Group) { g.Waits = &yes }, ReasonWaitsForOther, opskit.Unknown, opskit.Problem},
		{"in no wait", func(g *Group) { g.Waits = &no }, ReasonNotWaiting, opskit.Unknown, opskit.Problem},
		{"in wait, and a tracer has the news", func(g *Group) { g.Waits = &yes; g.Zombies[0].setTracer(9); g.Zombies[0].Tracer.PID = 9 }, ReasonTracer, opskit.Problem, opskit.Problem},
		{"traced by its parent", func(g *Group) { g.Zombies[0].setTracer(50); g.Zombies[0].Tracer.PID = 50 }, ReasonNotWaiting, opskit.Unknown, opskit.Problem},
		{"stopped", func(g *Group) { g.Parent.State = 'T' }, ReasonStopped, opskit.Problem, opskit.Problem},
		{"frozen", func(g *Group) { g.Freezer = "/sys/fs/cgroup/a/cgroup.freeze" }, ReasonFrozen, opskit.Problem, opskit.Problem},
		{"in D at one look", func(g *Group) { g.Parent.State = 'D' }, ReasonNotWaiting, opskit.Unknown, opskit.Problem},
		{"in D at two looks", func(g *Group) { g.Blocked = &Blocked{} }, ReasonUninterruptible, opskit.Problem, opskit.Problem},
		{"in D, with other threads", func(g *Group) { g.Blocked = &Blocked{}; g.Parent.Threads = 2 }, ReasonNotWaiting, opskit.Unknown, opskit.Problem},
		{"PID 1", func(g *Group) { g.Owner.NSPID = 1 }, ReasonNamespaceInit, opskit.Unknown, opskit.Problem},
		{"catches every signal", func(g *Group) { g.SIGCHLD = "all_caught" }, Unknown, opskit.Unknown, opskit.Problem},
		{"and holds a pidfd", func(g *Group) { g.SIGCHLD = "all_caught"; g.Pidfds = 1 }, ReasonNotWaiting, opskit.Unknown, opskit.Problem},
		{"signalfd", func(g *Group) { g.SIGCHLD = "signalfd" }, ReasonListening, opskit.Unknown, opskit.Problem},
		{"sigwait", func(g *Group) { g.SIGCHLD = "sigwait" }, ReasonListening, opskit.Unknown, opskit.Problem},
		{"waits for signals, perhaps for this one", func(g *Group) { g.SIGCHLD = "perhaps_sigwait" }, Unknown, opskit.Unknown, opskit.Problem},
		{"blocked", func(g *Group) { g.SIGCHLD = "blocked" }, ReasonBlocking, opskit.Unknown, opskit.Problem},
		{"lives on", func(g *Group) { g.Zombies[0].Threads = 2 }, ReasonNotDead, opskit.OK, opskit.OK},
		{"lives on, and was killed", func(g *Group) { g.Zombies[0].Threads = 2; g.Zombies[0].Killed = true }, ReasonNotDead, opskit.Problem, opskit.Problem},
		{"lives on, with a thread in D", func(g *Group) { g.Zombies[0].Threads = 2; g.Zombies[0].Holds = []Blocked{{TID: 52}} }, ReasonNotDead, opskit.Problem, opskit.Problem},
	} {
		for dead, want := range map[time.Duration]opskit.Level{2 * time.Second: test.young, time.Minute: test.old} {
			r := family(dead, test.change)
			assert.Equal(t, test.why, r.Groups[0].Why, test.rule)
			assert.Equal(t, want, r.Level(), "%s, dead for %v", test.rule, dead)
			assert.NotEmpty(t, r.Groups[0].Plan().Steps, test.rule)
		}
	}
}

// TestReapsOthers: what reaps is never sent a signal, and is said to reap these for as
// long as they may follow.
func TestReapsOthers(t *testing.T) {
	for dead, want := range map[time.Duration]Reason{2 * time.Second: ReasonReaping, time.Minute: ReasonNotWaiting} {
		g := family(dead, func(g *Group) { g.Reaping = true }).Groups[0]
		assert.Equal(t, want, g.Why)
		for _, step := range g.Plan().Steps {
			assert.True(t, step.Manual, "%v", step)
		}
	}
}

// TestPlanKnowsWhoAdopts: a step that cannot help is none.
func TestPlanKnowsWhoAdopts(t *testing.T) {
	yes, no := true, false
	for _, test := range []struct {
		rule    string
		adopter Adopter
		reaps   string
	}{
		{"ignores SIGCHLD: the kernel reaps", Adopter{By: "subreaper", SIGCHLD: "ignored", Waits: &no}, "yes"},
		{"waits", Adopter{By: "namespace_init", SIGCHLD: "default", Waits: &yes}, "yes"},
		{"reads SIGCHLD", Adopter{By: "namespace_init", SIGCHLD: "signalfd", Waits: &no}, "yes"},
		{"has a handler", Adopter{By: "namespace_init", SIGCHLD: "caught", Waits: &no}, "yes"},
		{"has a handler, and left a zombie", Adopter{By: "namespace_init", SIGCHLD: "caught", Waits: &no, Left: time.Hour}, "no"},
		{"sleeps, and never reaped", Adopter{By: "subreaper", SIGCHLD: "default", Waits: &no}, "no"},
		{"sleeps, and reaped once", Adopter{By: "subreaper", SIGCHLD: "default", Waits: &no, Faults: 7}, ""},
		{"its threads are not shown", Adopter{By: "subreaper", SIGCHLD: "default"}, ""},
		{"a runtime", Adopter{By: "namespace_init", SIGCHLD: "all_caught", Waits: &no}, ""},
		{"was not seen", Adopter{By: "namespace_init"}, ""},
		{"one of several, of which the worst does not", Adopter{SIGCHLD: "default", Waits: &no}, ""},
		{"one of several that all do", Adopter{SIGCHLD: "caught", Waits: &no}, "yes"},
	} {
		assert.Equal(t, test.reaps, test.adopter.Reaps(), test.rule)
		g := family(time.Minute, func(g *Group) { g.Adopter = test.adopter }).Groups[0]
		ends := false
		for _, step := range g.Plan().Steps {
			ends = ends || step.Action == ActionTerminate || step.Action == ActionKill
		}
		assert.Equal(t, test.reaps != "no", ends, test.rule)
		assert.Len(t, g.Plan().Useless, map[bool]int{true: 1, false: 2}[ends], test.rule)
	}
}

// TestRestartLine: the unit's own restart comes before a signal, where it is known.
func TestRestartLine(t *testing.T) {
	uid := uint32(1000)
	for _, test := range []struct {
		owner Owner
		want  string
	}{
		{Owner{Unit: "nginx.service"}, "systemctl restart nginx.service"},
		{Owner{Unit: "a b.service"}, "systemctl restart 'a b.service'"},
		{Owner{Unit: "app.service", Manager: "user@1000.service", UID: &uid}, "systemctl --user --machine=1000@ restart app.service"},
		{Owner{Unit: "user@1000.service"}, ""},
		{Owner{Unit: "session-3.scope"}, ""},
		{Owner{Unit: "docker.service", Container: "abc"}, ""},
		{Owner{}, ""},
	} {
		assert.Equal(t, test.want, test.owner.restart(""), "%s", test.owner)
	}
}
