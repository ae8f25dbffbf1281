// Package reaper reaps the orphans that come to a program which is PID 1 or a
// child subreaper, and never takes a child of os/exec away:
//
//	report, err := reaper.Reaper{Subreaper: true}.Run(ctx)
//	fmt.Println(report)
//	// 12 orphans reaped, 1 dead child left alone
//	//   pid 4711: owned: descriptor 9 is a pidfd of it
//	// not checked: children that died after the last look; ...
//
// # Usage
//
// Call [Reaper.Run] once, in a goroutine of its own, for as long as the program
// lives. Nothing else in the program changes: no lock around exec.Cmd, no
// registration. Reaper.OnReap tells PID, exit status and resource usage of each
// orphan, Reaper.OnLeft each dead child that was left alone and why.
// [Reaper.Check] tells beforehand whether Run would work.
//
// What it rests on. Package os starts a child with CLONE_PIDFD and closes that
// pidfd only after it has waited. The kernel installs the pidfd before the child
// first runs (copy_process in kernel/fork.c), so there is no moment at which a
// child of os/exec is dead and its pidfd not yet there. A dead child is reaped
// only if it has been dead for the grace, no descriptor of this process refers
// to it in two readings of every descriptor table, it has the exit signal and
// stands under the thread that the kernel gives adopted children, nobody traces
// it and Reaper.Keep does not ask for it. The reaper holds a pidfd of its own
// meanwhile and waits by that, so a number that was used again is never
// mistaken. Each reading must find the reaper's own pidfd, or it counts as
// blind. Whatever cannot be found out speaks against reaping.
//
// What can still be lost is a child that was forked in this process without a
// pidfd, by its first thread: syscall.ForkExec and syscall.StartProcess without
// SysProcAttr.PidFD, fork, system(3), popen(3) or posix_spawn(3) of a C library.
// Nothing in the kernel tells such a child from an orphan. (Forked by another
// thread that still lives, it is left alone as Forked. The wait that fails
// inside syscall.ForkExec when exec failed loses nothing.) If somebody is
// waiting for it already, the grace lets him come first; if not, name it by
// Reaper.Keep, or start it through os/exec. The same holds for a child whose
// os.Process was released or dropped without Wait: nobody can wait for it any
// more. It is reaped if the first thread forked it, and otherwise left as
// Forked until the program ends. A caller that sets SysProcAttr.PidFD itself
// must not close that descriptor before Wait when descriptors run out, because
// os then could not duplicate it.
//
// A child that os/exec started and nobody waits for stays a zombie, as without
// this package; it is reported as Owned.
//
// Costs. Run looks when SIGCHLD arrives and every Reaper.Interval. A look costs
// one waitid(2) for each living child. Judging dead children, 128 at a time,
// reads the list of this process's descriptors twice, about 4 µs for each open
// descriptor. Run uses at most a quarter of one processor and at most 130
// descriptors.
//
// # Privileges
//
// None. Reading /proc/self/fd needs a dumpable process (see PR_SET_DUMPABLE in
// prctl(2)); a program that changed its user ID or gave itself file
// capabilities may be refused, and Run then returns ErrNoProc.
//
// # Platforms
//
// Linux 5.4 or later with CONFIG_PROC_CHILDREN and its own namespace's /proc
// mounted. Older kernels, seccomp filters that refuse pidfds and programs in
// which os decided against them (it decides once; a full descriptor table at
// that moment is enough) get ErrNoPidfd, and nothing is reaped. Other systems
// get errors.ErrUnsupported.
//
// # Testing
//
// Package reapertest makes a storm of commands and orphans and counts what a
// reaper took or left; it works for any reaper. The tests of this package need
// sh, and root for those in a PID namespace of their own.
package reaper
