// Package inject reaps zombies inside their living parent: it makes the parent
// itself call wait4(2), by ptrace(2), and lets it go on where it was:
//
//	var in inject.Injector
//	plan, err := in.Prepare(ctx, procstate.ID{PID: 4711, Start: 123456})
//	result, err := in.Apply(ctx, plan)
//	fmt.Println(result)
//	// pid 4711 was made to wait for 1000 dead children, 0 left
//	//   its thread 4711 stopped 2 times, 20ms at most, 29ms together
//	// not checked: what the parent does when it misses them (only its program knows)
//
// # Usage
//
// A process is named by its PID and its start time, so that no other is ever
// touched. [Injector.Prepare] reads /proc and returns a [Plan], which is data: it
// can be shown, saved, shortened and applied later. [Injector.Apply] looks at
// everything again and acts. Nothing in this library calls this package by
// itself; use it for a parent that cannot be restarted, after repairing what
// made it forget its children.
//
// Every plan names its risks. The parent loses the exit status of the children:
// its own later wait fails with ECHILD. It may still hold their PIDs, which other
// processes can get from now on. And if the calling program is killed in the
// milliseconds while the parent is stopped, the call that the parent sleeps in
// returns early with a wrong result (and on arm64 the thread is left with its
// signals blocked); so run it where a Ctrl-C does not reach it, or catch the
// signal and end the context.
//
// How the parent is left undisturbed. One thread is stopped, which must sleep in
// a system call that the kernel itself restarts after an interruption; what that
// thread then shows the tracer at the exit of its call is what is put back at
// the end, at a point from which the kernel goes on as after any interruption:
// the call is restarted with what was left of its time, or ends with EINTR if a
// handler runs. Between, the same instruction is executed with wait4(PID, NULL,
// WNOHANG, NULL) for each zombie, two stops each. No memory of the parent is
// written, no signal is sent, and no disposition or mask is different
// afterwards. All other threads go on running. A call that the kernel ends with
// EINTR would not go on by itself: the parent is refused, except for an epoll_wait
// without a timeout, which is restarted on amd64.
//
// The parent is stopped for Injector.MaxStop at once, then runs for
// Injector.Rest; the calling thread moves to the processor on which the parent
// ran, and ends with the stop, so that the kernel detaches whatever is left. A
// zombie takes about 30 µs. The bound is kept between two injected calls: time in
// which a loaded machine runs neither of the two comes on top, and is counted in
// Result.Longest.
//
// Refused, each with an error of its own that also matches [ErrRefused]: PID 1
// and the PID 1 of any namespace, the caller and its ancestors, kernel threads, a
// process of another start time or another boot, a parent under seccomp (any
// thread), traced, stopped or frozen, in vfork or uninterruptible sleep,
// executing another program, running, in any other system call than the clean
// ones, or making 32-bit system calls. Only children that wait4 would reap are
// in a plan: no dead first thread with live ones, none that a debugger holds,
// none of another exit signal than SIGCHLD; and only those that were dead for
// Injector.Settle, because a parent may be just about to wait.
//
// A program that calls wait4(-1) itself in another goroutine takes reports of the
// parent's stops away; each one taken costs some milliseconds. The program gets a
// SIGCHLD for each stop.
//
// # Privileges
//
// Those of PTRACE_MODE_ATTACH_REALCREDS in ptrace(2): the same user and a
// dumpable parent, or CAP_SYS_PTRACE (setcap cap_sys_ptrace=ep PROGRAM); Yama's
// ptrace_scope may demand the latter. Without it the error matches
// fs.ErrPermission. A host may kill or report programs that call ptrace: it is
// called by Apply only.
//
// # Platforms
//
// Linux 5.3 or later on amd64 and arm64, 64-bit system calls. CI runs the tests
// on amd64, where they also take arm64's way of holding back signals. The arm64
// part is only compiled there. Its tests of the clean calls, of signals that
// arrive meanwhile and of either side's death have passed on Debian's kernel 6.1
// in an emulated machine, and were never run on arm64 hardware. epoll_wait is
// refused on it. Other systems get errors.ErrUnsupported.
//
// # Testing
//
// The tests need gcc, python3 and root, and for one a version 2 control group. A
// test parent in C sleeps in each of the clean calls and reports what they
// returned and when. Programs that use this package can test what they do with a
// Plan or a Result as values.
package inject
