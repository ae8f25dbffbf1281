package procstate

import "github.com/opskit-go/opskit"

type (
	verdictKind struct{}
	kindKind    struct{}
	reasonKind  struct{}
	actionKind  struct{}
	sourceKind  struct{}
)

// Verdict says how a host fares. The zero value is [Unknown].
type Verdict = opskit.Enum[verdictKind]

// Unknown is the zero value of every word of this package: not seen, or not to be
// told.
const Unknown = ""

// The verdicts; the package's documentation has their levels.
const (
	Healthy Verdict = "healthy" // nothing is stuck, and nothing unseen could hide it
	Problem Verdict = "problem" // something is stuck
)

// level is the table of verdicts and levels.
func level(v Verdict) opskit.Level {
	return map[Verdict]opskit.Level{Healthy: opskit.OK, Problem: opskit.Problem}[v]
}

// Kind tells apart what ps(1) shows as one and the same 'Z'.
type Kind = opskit.Enum[kindKind]

// The kinds.
const (
	// KindReapable is a zombie in the ordinary sense: every thread has ended, and the
	// parent has not asked how.
	KindReapable Kind = "reapable"
	// KindDeadLeader is a process whose main thread has ended and whose other threads
	// have not. It cannot be reaped, holds its memory and files, and does end when it
	// is killed itself, unless something holds a thread: see [Zombie.Holds].
	KindDeadLeader Kind = "dead_leader"
	// KindHeldByTracer is a zombie that its parent will only hear of when the process
	// that traces it has waited for it or has ended.
	KindHeldByTracer Kind = "held_by_tracer"
	// KindNotSIGCHLD is a zombie that was cloned to end without SIGCHLD: its parent is
	// not told in the usual way, and finds it only with __WALL or __WCLONE (wait(2)).
	KindNotSIGCHLD Kind = "not_sigchld"
)

// Reason is why the zombies of a group are not reaped: what could be reaped at all
// decides first, then whether the parent can run, then what its threads do.
type Reason = opskit.Enum[reasonKind]

// The reasons.
const (
	// ReasonNotDead: none of the group has ended as a whole.
	ReasonNotDead Reason = "not_dead"
	// ReasonTracer: tracers hold all of them, and the parent cannot know.
	ReasonTracer Reason = "tracer"
	// ReasonFrozen: the parent's control group is frozen.
	ReasonFrozen Reason = "frozen"
	// ReasonStopped: the parent is stopped by a signal or a debugger.
	ReasonStopped Reason = "stopped"
	// ReasonUninterruptible: all that the parent could wait with sleeps uninterruptibly,
	// and did so between two looks.
	ReasonUninterruptible Reason = "uninterruptible"
	// ReasonReaping: it reaped children between the looks. These may follow.
	ReasonReaping Reason = "reaping"
	// ReasonNamespaceInit: it is PID 1 of its PID namespace, adopts every orphan there,
	// and has not reaped these.
	ReasonNamespaceInit Reason = "namespace_init"
	// ReasonWaitsForOther: a thread of it sits in wait(2), for another child.
	ReasonWaitsForOther Reason = "waits_for_other"
	// ReasonNotWaiting: it leaves SIGCHLD at its default and is in no wait(2), or it holds
	// pidfds of the zombies and does not ask them.
	ReasonNotWaiting Reason = "not_waiting"
	// ReasonIgnoring: it ignores SIGCHLD, which spares it zombies only of children that
	// end after it began to. These had ended before.
	ReasonIgnoring Reason = "ignoring"
	// ReasonBlocking: it blocks SIGCHLD and nothing of it reads the signal.
	ReasonBlocking Reason = "blocking"
	// ReasonListening: it reads SIGCHLD by signalfd(2) or sigwait(3), and did not wait for
	// every child: signals of one kind merge while they are pending.
	ReasonListening Reason = "listening"
	// ReasonHandling: it has a handler for SIGCHLD, which did not wait for every child.
	ReasonHandling Reason = "handling"
)

// Action is what a [Step] does.
type Action = opskit.Enum[actionKind]

// The actions. All but Continue, Thaw, Poke, Terminate and Kill are for people:
// [Plan.Apply] passes over them.
const (
	ActionWait       Action = "wait"        // nothing is to be done, or nothing can be
	ActionContinue   Action = "continue"    // sends SIGCONT to a stopped parent
	ActionThaw       Action = "thaw"        // unfreezes the parent's control group
	ActionPoke       Action = "poke"        // sends SIGCHLD for as long as each gets a zombie reaped
	ActionTellTracer Action = "tell_tracer" // whoever runs the tracer lets it wait, detach or end
	ActionReap       Action = "reap"        // the parent is made to wait, by ptrace(2): package inject
	ActionRestart    Action = "restart"     // whoever runs the unit, container or host restarts it
	ActionTerminate  Action = "terminate"   // asks the parent to end (SIGTERM)
	ActionKill       Action = "kill"        // ends the parent (SIGKILL)
)

// manual reports whether the action is for people.
func manual(a Action) bool {
	return a == ActionWait || a == ActionTellTracer || a == ActionReap || a == ActionRestart
}

// Source is where a [Scanner] learns of processes. All sources give the same
// answer; they differ in what they cost and in a few facts that /proc keeps to
// itself: see [Process].
type Source = opskit.Enum[sourceKind]

// The sources.
const (
	// SourceProcFS reads /proc, with three system calls per process. It is what the zero
	// value stands for.
	SourceProcFS Source = "procfs"
	// SourceBPF runs a task iterator in the kernel (bpf(2)), at a fraction of the cost.
	// It needs CAP_BPF and CAP_PERFMON, Linux 5.14 with BTF, and the first PID and
	// time namespaces; where it is not to be had the scan reads /proc instead, and
	// says so. A seccomp filter that kills whoever calls bpf(2) ends the program:
	// this source is never used unless it was asked for.
	SourceBPF Source = "bpf"
	// SourceFastest is BPF where that pays: when it is loaded already or there are so
	// many tasks that loading it costs less than reading /proc once. It is asking
	// for BPF by another name.
	SourceFastest Source = "fastest"
)

// bpfPays is the number of tasks above which loading the iterator costs less
// than reading /proc once: about 15 ms against 8 µs per process.
const bpfPays = 2500
