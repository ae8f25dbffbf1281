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
// A database that survives a crash needs no freezer at all if every file of it lies in one atomic set of volumes: a consistent
// filesystem adds what was written but not yet synced.
//
// Every snapshot carries a token and the tag opskit:consistency=unproven from its creation on; only after the proof one more request raises the tag to "frozen". So
// a snapshot left behind by a program that was killed in between never claims more than is known.
//
// # Nothing stays frozen
//
// FS starts a guard: a process of its own, in a session of its own, under 4 KiB, run from a memfd (or a short-lived file, see Guard). It does the freezing
// and the thawing, and it thaws by itself when the thread that started it dies (exit, panic, SIGTERM, SIGKILL, also of the whole process group), when its owner says
// nothing until the deadline (SIGSTOP, a hang), or when asked. If the guard is killed, this process thaws. When both are killed at once nothing is left to thaw: avoid killing the whole cgroup.
//
// The guard costs 0.5 ms to start whatever the size of this process (fork and a raw clone copy page tables: 17 ms at 512 MiB
// of heap, 103 ms at 4 GiB), and nothing while it waits.
//
// A FIFREEZE that has begun cannot be stopped, by anybody. When the budget ends meanwhile, the call returns only after it has ended and was undone.
//
// A write to a frozen filesystem sleeps and cannot be killed; do not log there. A process with such a write, or one that dumps core there, is guarded all
// the same. FITHAW and FIFREEZE do not say whose freeze it is: a child of the guard sleeps in the freeze, so a thaw by
// another program is seen, the verdict is not "consistent", and what another program froze afterwards is left frozen. What remains is
// a thaw and a new freeze by others within the microseconds between the last look and FITHAW.
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
