// Package procstate tells which processes are stuck and who must reap them.
//
//	groups, err := procstate.Zombies()
//	for _, g := range groups {
//		fmt.Println(g)
//	}
//
// prints, for a parent that forked five children and does not wait for them:
//
//	5 zombies of 4242 "worker" (sleeping): not_waiting
//	  why: the parent leaves SIGCHLD at its default, is in no wait, and has not waited for these
//	  owner: unit "worker.service", uid 33
//	  if it ends: adopted by 1 "systemd" (namespace_init), which reaps
//	  4243 "worker" reapable, exit status 9, dead for at least 1m3.4s (up to 40ms more)
//	  ...
//	next: reap 4242 "worker": the parent can be made to wait for them by ptrace(2), ... (by you)
//	next: restart 4242 "worker": systemctl restart worker.service: ... (by you)
//	next: terminate 4242 "worker": without its parent a zombie goes to 1 "systemd", which reaps ... (by apply)
//	  useless: kill -9 of a zombie: it has ended already, the signal is accepted and does nothing
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
// returns a [Report] with a [Verdict]: a parent that can run is said not to reap
// when a zombie has been left for [Scanner.Patience]. [Kind] tells apart what ps(1) shows as one
// 'Z', [Reason] says why a parent does not reap, [Owner] to which systemd unit,
// container or pod it belongs, and [Adopter] who takes its children over.
//
// A task in state D is not dead but cannot be woken by signals.
// [Scanner.Uninterruptible] finds those that are really stuck, threads included,
// names what they wait for (a frozen filesystem and its mount point, a child of
// vfork, the freezer, FUSE, NFS, a device, a lock) and what ends that.
//
// [Group.Plan] says what can be done, as data, the gentlest step first, each with
// its reason and its risk, with who adopts what the parent leaves, and whether that
// one reaps. Package inject reaps without ending the parent. [Plan.Without] takes steps out. [Plan.Apply] carries
// the plan out and verifies that the zombies were reaped:
//
//	outcome, err := group.Plan().Without(procstate.ActionKill).Apply(ctx)
//
// Every identity is an [ID]: a PID together with the start time of its process,
// because the kernel gives PIDs away again. What acts compares both, on a pidfd
// that is already open. Nothing ever acts on PID 1 of any namespace, on this
// process and its ancestors, on kernel threads, or on an identity without a
// start time.
//
// [Scanner.Processes] is the walk under all that: it allocates nothing per
// process. [Scanner.Source] chooses between /proc and, only where it is asked for
// by name, a BPF iterator, which costs a fraction and sees what /proc does not
// show: subreapers, killable sleeps, and every exit status.
//
// A [Report] is evidence and verdict apart: saved as JSON and read again it gives
// the same verdict, [Report.Judge]. [Healthy] is OK, since nothing that lasts was
// among what was seen; [Problem] is a problem, since what is stuck stays so until
// somebody acts; [Unknown] is all else: what hides processes, or a parent that may
// only be slow. [Outcome] and the reports of package limits have the same words: all
// reaped, zombies left; limits with room, one that is near. Process names may hold any byte; they are
// escaped wherever they are printed.
//
// Package limits tells which
// limit stops the next fork and when, and package watch what happens as it
// happens.
//
// # Privileges
//
// None to list processes, unless /proc is mounted with hidepid: then those of
// other users are missing, which a report says in Unseen. Only a reader that may
// trace a zombie (its user or CAP_SYS_PTRACE) sees its exit status. Why a task is
// in state D is shown to root alone. The BPF source needs CAP_BPF and CAP_PERFMON.
// Apply needs the right to signal the parent: its user or CAP_KILL. To thaw a
// control group takes write access to it. [Preflight] tells what is to be had
// here:
//
//	sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_kill+ep PROGRAM
//
// # Platforms
//
// Linux 5.3 or later; without pidfds (before, or elsewhere) [Plan.Apply] returns
// errors.ErrUnsupported. On other systems, and built with the tag
// opskit_portable, a copy of a Linux /proc can be read through [Scanner.Root].
//
// Only files are read that cannot hang: stat, status, cgroup and sched of a
// process; of the parent of zombies also the wchan of its threads, and where it
// blocks SIGCHLD or catches all signals what its descriptors are (fd, and fdinfo of a
// signalfd or pidfd); of a task in state D wchan, syscall, stack, fdinfo and
// mountinfo; this process's own files, and the freezer's state below /sys/fs/cgroup.
// One thing holds even those back: while a process executes another program the
// kernel guards its wchan, syscall and stack, and newer kernels its stat, so that
// ps(1) hangs where a file to be closed for that is on a filesystem which does not
// answer. They are read in a goroutine of its own, which is left behind after a tenth
// of a second; it alone may outlive a call, and ends when the kernel lets it. Its
// thread is named "held by PID" until then, so that later calls leave no other one
// there. The process is then yielded with an error that matches
// context.DeadlineExceeded, and is seen to be stuck by [Scanner.Uninterruptible] with
// the cause "exec". No command line is ever read.
//
// Where no thread can be made any more (EAGAIN of clone(2)), the runtime may end a Go
// program at any moment, whatever it calls: look at such a limit from outside of it,
// with a program that does not count against it. Each call looks first whether there is
// room (loadavg, threads-max and pid_max of /proc, pids.max of its own control groups);
// where there is none it starts no goroutine, and reads neither what may be held back,
// which is then a gap, nor acts on a process whose start time it could not compare.
//
// # Testing
//
// Package procstatetest writes a /proc from a literal, and makes real zombies and
// other processes that are not what they look like.
package procstate
