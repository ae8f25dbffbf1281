// Package ebssnap answers whether a snapshot is consistent, and takes one that is: it stops writers, asks the cloud for the snapshot, and lets
// them run again as soon as the cloud has answered, whatever happens in between.
//
//	result, err := ebssnap.Consistent(ctx, ebssnap.Volume{Cloud: cloud, IDs: []string{"vol-0abc"}},
//		&ebssnap.FS{Mounts: []string{"/data"}}, 10*time.Second)
//	// result.Verdict: consistent, writers stopped for 61 ms; err == nil: nothing is frozen any more
//
// # Usage
//
// The point in time of an EBS snapshot is taken before CreateSnapshot answers; its completion, minutes or hours later, changes nothing. So writers
// are stopped for one freeze, one request and one thaw, and a snapshot that is slow to complete is as consistent as a fast one.
//
// Consistent takes the snapshot and judges it. Hold stops writers for work of any kind: another cloud's snapshot, LVM, Ceph. FS
// freezes filesystems in the kernel, Hook stops an application, Freezers does several in order. A verdict is a pure function of evidence: Judge makes
// it again from a Result that was saved as JSON.
//
// A database that survives a crash needs no freezer at all if it syncs what it acknowledges and every file of it lies in one atomic set of
// volumes: a consistent filesystem adds what was written but not yet synced.
//
// Package volumes tells whether all data lies in the set, dbhook stops the databases that need it, and restore checks what a snapshot
// gives back.
//
// Every snapshot carries a token and the tag opskit:consistency=unproven from its creation on; only after the proof one more request raises the tag to "frozen". So
// a snapshot left behind by a program that was killed in between never claims more than is known.
//
// # Nothing stays frozen
//
// FS starts a guard: a process of its own, in a session of its own, under 4 KiB, run from a memfd (or a short-lived file, see Guard). It does the freezing
// and the thawing, and it thaws by itself when the thread that started it dies (exit, panic, SIGTERM, SIGKILL, also of the whole process group, also while
// another thread is stuck in a write to the frozen filesystem), when its owner says nothing until the deadline (SIGSTOP, a hang), or when asked. If the guard is
// killed, this process thaws at once, and the verdict is not "consistent". The library installs no signal handler.
//
// Before the freeze a record of it is written to a journal in memory (FS.Journal), in which the guard notes how far it got by a store to memory. When the process and
// its guard were killed together, a control group at once for example, Recover finds what they left frozen, as a plan, and thaws exactly that. A record of a freeze
// that was done is told from one that was only intended; whether an intended one took place before its owner died cannot be
// told, so Apply leaves it alone unless it is asked to. Under systemd use KillMode=process and ExecStopPost.
//
// Three designs of a guard were measured, on 2 cores that had other work too (OPSKIT_BARS=full go test -run TestBarGuardDesigns): time to be ready, median, and how long the
// owner's first write to a page of its own memory takes while the guard is there.
//
//	                                at 1 MiB of heap     at 4 GiB
//	static helper from a memfd      0.51 ms, 12 ns       0.41 ms, 12 ns
//	static helper from a file       0.45 ms, 12 ns       0.47 ms, 24 ns
//	raw clone of this process       0.17 ms, 1681 ns     290.8 ms, 6102 ns
//	this program started again      2.90 ms, 21 ns       2.74 ms, 20 ns, and whatever its init functions do
//
// A clone copies page tables, and after it every page costs a fault; starting the program again runs its init functions, and needs a call
// in its main. So it is the helper: its start uses CLONE_VM and CLONE_VFORK, and does not depend on the size of this process.
//
// What stops every process of a host or a container stops the guard too: a suspended machine, docker pause, cgroup.freeze. The budget is counted on
// CLOCK_MONOTONIC, which stands still in a suspended machine, so that what was left of it is left when that wakes.
//
// A FIFREEZE that has begun cannot be stopped, by anybody. When the budget ends meanwhile, the call returns only after it has ended and was undone; the
// filesystems and hooks that were stopped before it run again at the end of the budget. Should this process be killed while its guard is held up in
// one FIFREEZE, by a device that does not answer, the filesystems frozen before it wait for Recover.
//
// A write to a frozen filesystem sleeps and cannot be killed; do not log there. A process that dies with a core dump is not gone before the dump is written: while something is
// frozen, the guard reads the owner's /proc/PID/status every 5 ms and thaws when that says so. Where it cannot be read, such a process is thawed at the deadline.
//
// FITHAW and FIFREEZE do not say whose freeze it is. A child of the guard therefore asks for write access, over and over, from just before the freeze on: it sleeps in
// that very freeze, and wakes at its end. So a thaw by another program is seen, the verdict is not "consistent", and what another program
// froze afterwards is left frozen. What remains are the microseconds between the guard's last look at that child and its FITHAW. Where the child may have been too late to sleep in
// the right freeze (only after a thaw and a new freeze by others within the same instant), the freeze is first watched for 200 ms.
//
// # Privileges
//
// FS needs CAP_SYS_ADMIN: root, or
//
//	sudo setcap cap_sys_admin+ep PROGRAM
//
// Raising the guard's protection from the OOM killer needs CAP_SYS_RESOURCE and is done without a word when it is there. What the cloud must allow is in the
// documentation of ec2snap. Preflight tells what may be done here.
//
// # Platforms
//
// Freezing is for Linux; elsewhere FS returns errors.ErrUnsupported and everything else works. The guard is built for amd64 and arm64;
// on other processors choose GuardNone.
//
// # Testing
//
// ebssnaptest has a cloud in memory, an EC2 and metadata server that speaks the real protocols on loopback with faults on request, and a freezer that
// freezes nothing. All run without privileges and offline.
package ebssnap
