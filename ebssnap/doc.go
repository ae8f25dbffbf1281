// Package ebssnap answers whether a snapshot is consistent, and takes one that is: it stops writers,
// asks the cloud for the snapshot, and lets them run again as soon as the cloud has answered, whatever
// happens in between.
//
//	result, err := ebssnap.Consistent(ctx, ebssnap.Volume{Cloud: cloud, IDs: []string{"vol-0abc"}},
//		&ebssnap.FS{Mounts: []string{"/data"}}, 10*time.Second)
//	// result.Verdict: consistent, writers stopped for 61 ms; err == nil: nothing is frozen any more
//
// # Usage
//
// The point in time of an EBS snapshot is taken before CreateSnapshot answers; its completion, hours
// later, changes nothing. So writers are stopped for one freeze, one request and one thaw.
//
// Consistent takes the snapshot and judges it, Check tells whether it could, Hold stops writers for work
// of any kind. FS freezes filesystems in the kernel, Hook stops an application, Freezers does several in
// order. A database that syncs what it acknowledges needs no freezer if all of it lies in one atomic set
// of volumes. Package volumes tells whether it does, dbhook stops databases, restore checks what a
// snapshot gives back.
//
// Every snapshot carries a token and the tag opskit:consistency=unproven from its creation on; only
// after the proof one more request raises the tag to "frozen".
//
// # Verdicts
//
//	Result       consistent                         OK; Warning where the tag could not be raised, or a
//	                                                filesystem counts errors of an earlier time
//	             unproven, no_snapshot              Problem: there is no backup to rely on
//	             unknown                            Unknown: a snapshot may exist
//	CheckReport  ready                              OK
//	             anything missing                   Problem
//	Recovery     not_frozen                         OK
//	             by_other                           Warning: writers wait for somebody else's work
//	             by_dead_run                        Problem: nobody but Apply will thaw it
//
// A filesystem that the kernel gave up is refused; one that lost writes, before or meanwhile, is never
// consistent (ErrDamaged): mountinfo, the counters of ext4 and btrfs, syncfs and the kernel's log tell.
//
// # Nothing stays frozen
//
// FS starts a guard, a process of its own that freezes and thaws. It thaws when the thread that started
// it dies, when its deadline passes, or when asked; if it is killed, this process thaws at once and the
// verdict is not "consistent". A child of it, the canary, sleeps in the freeze and shows whoever thaws.
// GUARD.md beside this file has the states and the measurements. The library installs no signal handler.
//
// Where owner and guard were killed together, Recover tells what they left frozen, by the journal in
// memory, by the canary that still sleeps and by a probe, and Apply thaws exactly that. Under systemd use
// KillMode=process and ExecStopPost.
//
// A FIFREEZE that has begun cannot be stopped. What stops every process of a host stops the guard too: a
// suspended machine, docker pause, cgroup.freeze. A write to a frozen filesystem sleeps and cannot be
// killed; do not log there.
//
// # Privileges
//
// FS and Recover need CAP_SYS_ADMIN: root, or
//
//	sudo setcap cap_sys_admin+ep PROGRAM
//
// What the cloud must allow is in the documentation of ec2snap. Preflight tells what may be done here.
//
// # Platforms
//
// Freezing is for Linux; elsewhere FS returns errors.ErrUnsupported and everything else works. The guard
// is built for amd64 and arm64; on other processors set FS.NoGuard.
//
// # Testing
//
// ebssnaptest has a cloud in memory, an EC2 and metadata server that speaks the real protocols on
// loopback with faults on request, and a freezer that freezes nothing. All run without privileges and
// offline.
package ebssnap
