//go:build linux && !opskit_portable

package procstate_test

import (
	"bufio"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

//go:embed testdata/zoo.c
var zooProgram string

// kept is a process of the zoo, and what is true of it.
type kept struct {
	role    string
	kind    procstate.Kind   // of its zombies, of one where they differ
	why     procstate.Reason // Unknown is "cannot tell", for which decides says what would
	plan    string           // the actions in their order, without a unit's restart
	gone    bool             // its zombies are, after Apply
	decides string

	argument string
	ready    func(t *testing.T) // when it is there
	restore  func()             // before it is ended
	parent   int
	tell     func() // to go on, when all is as it shall be
}

const ends = "reap terminate kill"

// keep starts a process of the zoo.
func (k *kept) keep(t *testing.T, program string) {
	cmd := exec.Command(program, k.role, k.argument)
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		if k.restore != nil {
			k.restore()
		}
		kill(t, cmd.Process.Pid)
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err, k.role)
	_, err = fmt.Sscan(line, &k.parent)
	require.NoError(t, err)
	k.tell = func() { _, _ = stdin.Write([]byte("x")) } // of most nobody reads it
}

// kill ends a process with all that is below it.
func kill(t *testing.T, pid int) {
	t.Helper()
	below := map[int]bool{pid: true}
	for more := true; more; {
		more = false
		for p, err := range new(procstate.Scanner).Processes(context.WithoutCancel(t.Context())) {
			if err == nil && below[p.PPID] && !below[p.PID] {
				below[p.PID], more = true, true
			}
		}
	}
	for pid := range below {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// frozenGroup is a group for the role "frozen".
func frozenGroup(k *kept, group, control, frozen, thawed string) *kept {
	k.argument = filepath.Join(group, "cgroup.procs")
	k.ready = func(t *testing.T) { require.NoError(t, os.WriteFile(filepath.Join(group, control), []byte(frozen), 0)) }
	k.restore = func() { _ = os.WriteFile(filepath.Join(group, control), []byte(thawed), 0) }
	return k
}

// TestBarZooOfParents: of 47 kinds of parents that do not reap, kind, reason and plan
// are right by both sources, and each plan does what it said.
func TestBarZooOfParents(t *testing.T) {
	lab.Need(t, "root", "loop", "ext4", "program:fsfreeze", "cgroup_v1_freezer", "cgroup_v2")
	const reapable, waiting = procstate.KindReapable, procstate.ReasonNotWaiting
	fs := lab.LoopFS(t, "ext4", 32)
	freeze := func(t *testing.T) {
		_ = exec.Command("fsfreeze", "--freeze", fs.Dir).Run() // one of both has frozen it already
	}
	thaw := func() { fs.Thaw() }
	animals := []*kept{
		{role: "default", kind: reapable, why: waiting, plan: ends, gone: true},
		{role: "three", kind: reapable, why: waiting, plan: ends, gone: true},
		{role: "exit0", kind: reapable, why: waiting, plan: ends, gone: true},
		{role: "crashed", kind: reapable, why: waiting, plan: ends, gone: true},
		{role: "named", kind: reapable, why: waiting, plan: ends, gone: true},
		{role: "many threads", kind: reapable, why: waiting, plan: ends, gone: true},
		{role: "nobody", kind: reapable, why: waiting, plan: ends, gone: true},
		{role: "polls others", kind: reapable, why: waiting, plan: ends, gone: true},
		{role: "spins", kind: reapable, why: waiting, plan: ends, gone: true},
		{role: "leader gone parent", kind: reapable, why: waiting, plan: ends, gone: true},
		{role: "parent traces", kind: reapable, why: waiting, plan: ends, gone: true},
		{role: "pidfds", kind: reapable, why: waiting, plan: ends, gone: true},
		{role: "vfork busy", kind: reapable, why: waiting, plan: ends, gone: true},
		{role: "reaps others", kind: reapable, why: waiting, plan: "wait reap"},
		{role: "catches all", kind: reapable, why: procstate.Unknown, plan: "poke " + ends, gone: true, decides: "what its handler of SIGCHLD does"},
		{role: "ignoring", kind: reapable, why: procstate.ReasonIgnoring, plan: ends, gone: true},
		{role: "blocking", kind: reapable, why: procstate.ReasonBlocking, plan: ends, gone: true},
		{role: "signalfd of another", kind: reapable, why: procstate.ReasonBlocking, plan: ends, gone: true},
		{role: "blocked, sigwait of another", kind: reapable, why: procstate.ReasonBlocking, plan: ends, gone: true},
		{role: "handler nothing", kind: reapable, why: procstate.ReasonHandling, plan: "poke " + ends, gone: true},
		{role: "handler once", kind: reapable, why: procstate.ReasonHandling, plan: "poke " + ends, gone: true},
		{role: "handler late", kind: reapable, why: procstate.ReasonHandling, plan: "poke " + ends, gone: true},
		{role: "nocldwait late", kind: reapable, why: procstate.ReasonHandling, plan: "poke " + ends, gone: true},
		{role: "signalfd once", kind: reapable, why: procstate.ReasonListening, plan: "poke " + ends, gone: true},
		{role: "sigwait in thread", kind: reapable, why: procstate.ReasonListening, plan: "poke " + ends, gone: true},
		{role: "sigwait", kind: reapable, why: procstate.Unknown, plan: "poke " + ends, gone: true, decides: "which signals it waits for: the kernel shows them as not blocked, like those that it never blocked"},
		{role: "sigwait of another", kind: reapable, why: procstate.Unknown, plan: "poke " + ends, gone: true, decides: "the same"},
		{role: "waits for other", kind: reapable, why: procstate.ReasonWaitsForOther, plan: "wait " + ends, gone: true},
		{role: "waits for group", kind: reapable, why: procstate.ReasonWaitsForOther, plan: "wait " + ends, gone: true},
		{role: "thread waits for other", kind: reapable, why: procstate.ReasonWaitsForOther, plan: "wait " + ends, gone: true},
		{role: "stopped, reaps", kind: reapable, why: procstate.ReasonStopped, plan: "continue", gone: true},
		{role: "stopped", kind: reapable, why: procstate.ReasonStopped, plan: "continue"},
		{role: "traced parent", kind: reapable, why: procstate.ReasonStopped, plan: "wait"},
		{role: "tracer holds", kind: procstate.KindHeldByTracer, why: procstate.ReasonTracer, plan: "tell_tracer"},
		{role: "tracer holds one", kind: reapable, why: waiting, plan: "tell_tracer " + ends},
		{role: "not sigchld", kind: procstate.KindNotSIGCHLD, why: waiting, plan: "terminate kill", gone: true},
		{role: "dead leader", kind: procstate.KindDeadLeader, why: procstate.ReasonNotDead, plan: "wait"},
		{role: "vfork", kind: reapable, why: procstate.ReasonUninterruptible, plan: "wait kill", gone: true},
		{role: "below subreaper that ignores", kind: reapable, why: waiting, plan: ends, gone: true},
		{role: "below subreaper that sleeps", kind: reapable, why: waiting, plan: "reap restart"},
		{role: "init", kind: reapable, why: procstate.ReasonNamespaceInit, plan: "restart"},
		{role: "below init that sleeps", kind: reapable, why: waiting, plan: "reap restart"},
		{role: "below init that reaps", kind: reapable, why: waiting, plan: ends, gone: true},
		frozenGroup(&kept{role: "frozen", kind: reapable, why: procstate.ReasonFrozen, plan: "thaw", gone: true}, lab.Cgroup(t, "freezer"), "freezer.state", "FROZEN", "THAWED"),
		frozenGroup(&kept{role: "frozen", kind: reapable, why: procstate.ReasonFrozen, plan: "thaw", gone: true}, lab.Cgroup(t, ""), "cgroup.freeze", "1", "0"),
		{role: "writes to frozen fs", kind: reapable, why: procstate.ReasonUninterruptible, plan: "wait", argument: filepath.Join(fs.Dir, "a"), ready: freeze, restore: thaw},
		{role: "killed in frozen fs", kind: procstate.KindDeadLeader, why: procstate.ReasonNotDead, plan: "wait", argument: filepath.Join(fs.Dir, "b"), ready: freeze, restore: thaw},
	}
	if lab.Bars() == lab.Small {
		kinds := 0
		animals = slices.DeleteFunc(animals, func(*kept) bool { kinds++; return kinds%8 != 0 })
	}
	program := compile(t, "opskit-zoo", zooProgram, "-pthread")
	for _, k := range animals {
		k.keep(t, program)
	}
	for _, k := range animals {
		if k.ready != nil {
			k.ready(t)
		}
	}
	for _, k := range animals {
		k.tell()
	}
	find := func(r *procstate.Report, k *kept) *procstate.Group {
		for i := range r.Groups {
			if r.Groups[i].Parent.PID == k.parent {
				return &r.Groups[i]
			}
		}
		return nil
	}
	proc := &procstate.Scanner{Settle: 300 * time.Millisecond, Patience: -1}
	lab.Eventually(t, time.Minute, "all have their zombies", func() bool {
		r, err := proc.Zombies(t.Context())
		require.NoError(t, err)
		for _, k := range animals {
			g := find(r, k)
			if g == nil {
				return false
			}
			if k.role == "killed in frozen fs" && !g.Zombies[0].Killed {
				if len(g.Zombies[0].Holds) > 0 {
					_ = syscall.Kill(g.Zombies[0].PID, syscall.SIGKILL)
				}
				return false
			}
		}
		return true
	})
	wrong, cannot := 0, 0
	var plans []procstate.Plan
	for _, source := range []procstate.Source{procstate.SourceProcFS, procstate.SourceBPF} {
		s := &procstate.Scanner{Source: source, Settle: 300 * time.Millisecond, Patience: -1}
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		r, err := s.Zombies(t.Context())
		require.NoError(t, err)
		require.Equal(t, source, r.Source)
		plans = plans[:0]
		for _, k := range animals {
			g := find(r, k)
			if !assert.NotNil(t, g, "%s by %s", k.role, source) {
				return
			}
			kinds := map[procstate.Kind]bool{}
			for _, z := range g.Zombies {
				kinds[z.Kind] = true
			}
			plan := g.Plan()
			plan.Grace = time.Second
			plans = append(plans, plan)
			want := k.plan
			if source == procstate.SourceProcFS && k.role == "below subreaper that sleeps" {
				want = ends // who adopts cannot be told
				assert.Contains(t, plan.String(), "could not be told")
			}
			ok := assert.True(t, kinds[k.kind], "%s by %s: %v", k.role, source, kinds)
			ok = assert.Equal(t, k.why, g.Why, "%s by %s: %s", k.role, source, g) && ok
			ok = assert.Equal(t, want, stepsOf(plan), "%s by %s: %s", k.role, source, g) && ok
			if !ok {
				wrong++
			}
			if k.why == procstate.Unknown && source == procstate.SourceBPF {
				cannot++
				t.Logf("cannot tell: %s: %s would decide", k.role, k.decides)
			}
		}
	}
	var group sync.WaitGroup
	for i, k := range animals {
		group.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), map[bool]time.Duration{true: 20 * time.Second, false: 3 * time.Second}[k.gone])
			defer cancel()
			outcome, err := plans[i].Apply(ctx)
			text := fmt.Sprintf("%s: %s%s%v", k.role, plans[i], outcome, err)
			if k.gone {
				assert.NoError(t, err, text)
				assert.Empty(t, outcome.Left, text)
				assert.NotEmpty(t, outcome.Reaped, text)
				return
			}
			// The plan said so: what is left to do is for people, or its one step is said not to be enough.
			assert.True(t, k.kind == procstate.KindDeadLeader || len(outcome.Left) > 0, text)
			assert.True(t, len(outcome.Done) == 0 || strings.Contains(plans[i].String(), "look again") || len(outcome.Passed) > 0, text)
		})
	}
	group.Wait()
	assert.LessOrEqual(t, cannot, 4)
	lab.Bar(t, "procstate zoo of parents", "%d kinds by procfs and bpf: %d wrong, %d cannot be told; each plan carried out", len(animals), wrong, cannot)
}

// stepsOf are the actions of a plan, without the restart of a unit that the tests run in.
func stepsOf(p procstate.Plan) string {
	var all []string
	for _, s := range p.Steps {
		if !strings.HasPrefix(s.Because, "systemctl") {
			all = append(all, s.Action.String())
		}
	}
	return strings.Join(all, " ")
}
