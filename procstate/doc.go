// Package procstate tells which processes are stuck and who must reap them.
//
//	groups, err := procstate.Zombies()
//	for _, g := range groups {
//		fmt.Println(g)
//	}
//
// prints, for a parent that forked five children and does not wait for them:
//
//	5 zombies of 4242 "worker" (sleeping): not-waiting
//	  why: its parent runs, leaves SIGCHLD at its default and does not wait for its children
//	  owner: unit "worker.service", uid 33
//	  4243 "worker" reapable, exit status 9
//	  ...
//	next: terminate 4242 "worker": without its parent a zombie is adopted and reaped (risk: ...)
//	next: kill 4242 "worker": as above, for a parent that does not end when asked (risk: ...)
//	not checked: nothing more
//
// # Usage
//
// A zombie is a process that has ended and whose parent has not asked how. It
// runs nothing and holds no memory of its own, but it keeps its PID and counts
// against every limit on processes. Signals do nothing to it: what can be done
// is done about its parent, and what that is depends on why the parent does not
// reap. This package reads both out of /proc.
//
// [Zombies] is one look at this host. [Scanner.Zombies] looks twice, so that the
// zombies of a healthy host, which are gone in milliseconds, are no problem, and
// returns a [Report] with a [Verdict]. [Kind] tells apart what ps(1) shows as one
// 'Z', [Reason] says why a parent does not reap, and [Owner] to which systemd
// unit, container or pod it belongs. [Scanner.Processes] is the walk under all
// that.
//
// [Group.Plan] says what can be done, as data, the gentlest step first, each with
// its reason and its risk. [Plan.Without] takes steps out. [Plan.Apply] carries
// the plan out and verifies that the zombies were reaped:
//
//	outcome, err := group.Plan().Without(procstate.Kill).Apply(ctx)
//
// Every identity is an [ID]: a PID together with the start time of its process,
// because the kernel gives PIDs away again. What acts compares both, on a pidfd
// that is already open. Nothing ever acts on PID 1 of any namespace, on this
// process and its ancestors, on kernel threads, or on an identity without a
// start time.
//
// A [Report] is evidence and verdict apart: saved as JSON and read again it gives
// the same verdict, [Report.Judge]. Process names may hold any byte; they are
// escaped wherever they are printed.
//
// The errors of this package are of type [*Error].
//
// # Privileges
//
// None to list processes, unless /proc is mounted with hidepid: then those of
// other users are missing, which a report says in Unseen. Only a reader that may
// trace a zombie (its user or CAP_SYS_PTRACE) sees its exit status. Apply needs
// the right to signal the parent: its user or CAP_KILL. To thaw a control group
// takes write access to it. [Preflight] tells what is to be had here.
//
// # Platforms
//
// Linux 5.3 or later; without pidfds (before, or elsewhere) [Plan.Apply] returns
// errors.ErrUnsupported. On other systems, and built with the tag
// opskit_portable, a copy of a Linux /proc can be read through [Scanner.Root].
// Only files are read that cannot hang: stat, status and cgroup of a process,
// mountinfo of this one, and the freezer's state below /sys/fs/cgroup.
//
// # Testing
//
// Package procstatetest writes a /proc from a literal, and makes real zombies.
package procstate
