package procstate_test

import (
	"context"
	"fmt"
	"os"

	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/procstatetest"
)

// blog is the /proc of a host on which a worker forked two children and does not
// wait for them.
func blog() (dir string, remove func()) {
	dir, err := os.MkdirTemp("", "proc")
	if err == nil {
		err = procstatetest.Tree{
			{PID: 1, Comm: "init"},
			{PID: 42, PPID: 1, Comm: "worker", UID: 33, Cgroup: "0::/system.slice/worker.service\n"},
			{PID: 43, PPID: 42, Comm: "job", State: 'Z', ExitStatus: 9 << 8},
			{PID: 44, PPID: 42, Comm: "job", State: 'Z', Threads: 2},
		}.Write(dir)
	}
	if err != nil {
		panic(err)
	}
	return dir, func() { os.RemoveAll(dir) }
}

func ExampleZombies() {
	groups, err := procstate.Zombies()
	if err != nil && len(groups) == 0 {
		return // nothing could be seen, and err says why
	}
	for _, g := range groups {
		if g.Parent.Comm.String() == "opskit-example" {
			fmt.Println(g.Parent.PID, "does not reap:", g.Explain())
		}
	}
	// Output:
}

func ExampleScanner_Zombies() {
	proc, remove := blog()
	defer remove()
	report, err := (&procstate.Scanner{Root: proc, Settle: -1}).Zombies(context.Background())
	if err != nil {
		fmt.Println(err)
	}
	for _, g := range report.Groups {
		fmt.Println(g.Parent.Comm, "of", g.Owner.Unit, "does not reap:", g.Why)
		for _, z := range g.Zombies {
			fmt.Println(z.PID, z.Kind)
		}
	}
	// Output:
	// worker of worker.service does not reap: not_waiting
	// 43 reapable
	// 44 dead_leader
}

func ExampleScanner_Processes() {
	proc, remove := blog()
	defer remove()
	states := map[string]int{}
	for p, err := range (&procstate.Scanner{Root: proc}).Processes(context.Background()) {
		if err != nil {
			fmt.Println(err)
			continue
		}
		states[p.State.String()]++
	}
	fmt.Println(states)
	// Output: map[sleeping:2 zombie:2]
}

func ExampleGroup_Plan() {
	proc, remove := blog()
	defer remove()
	report, err := (&procstate.Scanner{Root: proc, Settle: -1}).Zombies(context.Background())
	if err != nil {
		fmt.Println(err)
	}
	for _, step := range report.Groups[0].Plan().Without(procstate.ActionKill).Steps {
		fmt.Println(step.Action, step.Target, step.Because)
	}
	// Output:
	// wait 0@0 1 process runs on in other threads: not a zombie to be reaped
	// reap 42@1000 the parent can be made to wait for them by ptrace(2), without ending: see package inject
	// restart 42@1000 systemctl restart worker.service: its owner ends and starts it in good order; without its parent a zombie goes to 1 "init"; whether that one reaps could not be told
	// terminate 42@1000 without its parent a zombie goes to 1 "init"; whether that one reaps could not be told
}

// Apply acts on this host only: a plan of another one is refused.
func ExamplePlan_Apply() {
	plan := procstate.Plan{Steps: []procstate.Step{{Action: procstate.ActionKill, Target: procstate.ID{PID: 1, Start: 1}}}}
	outcome, err := plan.Apply(context.Background())
	fmt.Println(len(outcome.Done), "steps taken, error:", err != nil)
	// Output: 0 steps taken, error: true
}

func ExamplePreflight() {
	for _, c := range procstate.Preflight(context.Background()) {
		fmt.Println(c.Name)
	}
	// Output:
	// list
	// all_users
	// all_namespaces
	// blocked_causes
	// apply
}
