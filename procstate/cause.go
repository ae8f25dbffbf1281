package procstate

import (
	"fmt"
	"slices"
	"strings"
)

// causeRule is how one cause of an uninterruptible sleep is recognised: by the
// functions on the task's kernel stack.
type causeRule struct {
	cause    string
	first    []string // one of these must be the innermost function (its prefix), where given
	any      []string // one of these prefixes must be on the stack, where given
	wchan    []string // without a stack, one of these as wchan is enough
	fstypes  []string // mounts of these types are at fault, where no descriptor names one
	explain  string
	remedy   string
	atMount  string // remedy where the mount is known: %s is its mount point
	byDevice bool   // the remedy's %s is the mount's minor device number instead
	freezes  bool   // a freezer takes it as it sleeps (TASK_FREEZABLE)
}

// causeRules returns the rules in the order in which they are tried: the more
// special ones first.
func causeRules() []causeRule {
	return []causeRule{
		{
			cause: "vfork", freezes: true, first: []string{"kernel_clone", "wait_for_vfork_done", "_do_fork"},
			wchan:   []string{"kernel_clone", "wait_for_vfork_done", "_do_fork"},
			explain: "it called vfork(2) and waits until its child calls exec or ends",
			remedy:  "end the child, or this process: its sleep can be killed",
		},
		{
			cause: "frozen-filesystem", freezes: true, first: []string{"percpu_rwsem_wait", "__percpu_down_read", "__sb_start_write"},
			any: []string{
				"mnt_want_write", "vfs_write", "vfs_iter_write", "vfs_writev", "do_iter", "vfs_fallocate", "vfs_copy_file_range", "do_splice",
				"do_truncate", "do_ftruncate", "sb_start", "__sb_start_write", "iomap_page_mkwrite", "ext4_page_mkwrite",
				"__xfs_filemap_fault", "xfs_trans_alloc", "btrfs_page_mkwrite", "file_start_write", "ksys_write", "aio_write", "io_write",
				"lo_rw_aio", // the worker of a loop device, whose file is on the frozen filesystem
			},
			explain: "it writes to a filesystem that is frozen",
			remedy:  "thaw the filesystem: fsfreeze --unfreeze MOUNTPOINT",
			atMount: "thaw the filesystem: fsfreeze --unfreeze %s",
		},
		{
			cause: "fuse", freezes: true, any: []string{"request_wait_answer", "fuse_", "__fuse_"}, wchan: []string{"request_wait_answer", "fuse_get_req"},
			fstypes: []string{"fuse", "fuseblk"},
			explain: "it waits for the program behind a FUSE filesystem, which does not answer",
			remedy:  "end or restart the program behind the FUSE mount, or abort it: echo 1 > /sys/fs/fuse/connections/N/abort",
			atMount: "end or restart the program behind the FUSE mount, or abort it: echo 1 > /sys/fs/fuse/connections/%s/abort", byDevice: true,
		},
		{
			cause: "nfs", freezes: true, any: []string{"nfs_", "nfs4_", "nfs3_", "rpc_wait_bit_killable", "rpc_execute", "__rpc_execute"}, wchan: []string{"rpc_wait_bit_killable"},
			fstypes: []string{"nfs", "nfs4"},
			explain: "it waits for an NFS server that does not answer",
			remedy:  "bring the NFS server back, or: umount -f MOUNTPOINT",
			atMount: "bring the NFS server back, or: umount -f %s",
		},
		{
			cause: "device-mapper", any: []string{"dm_submit_bio", "dm_wait", "__map_bio", "dm_suspend", "dm_get_live_table", "dm_blk_ioctl", "dm_bufio", "dm_ctl_ioctl"},
			explain: "it waits for a device-mapper device, which may be suspended",
			remedy:  "look for SUSPENDED in: dmsetup info; then: dmsetup resume DEVICE",
		},
		{
			cause: "block-device",
			first: []string{
				"io_schedule", "bit_wait_io", "folio_wait", "wait_on_page", "blk_", "rq_qos_wait", "wait_for_completion_io",
				"submit_bio_wait", "__iomap_dio_rw", "__wait_on_buffer",
			},
			// A wait for a page alone says nothing of where its file is stored.
			any: []string{
				"submit_bio_wait", "blk_", "blkdev_", "rq_qos_wait", "iomap_", "__iomap_", "__wait_on_buffer", "jbd2_", "ext4_", "ext2_", "xfs_", "btrfs_", "f2fs_",
			},
			wchan:   []string{"blk_mq_get_tag", "rq_qos_wait", "submit_bio_wait", "__iomap_dio_rw", "__wait_on_buffer"},
			explain: "it waits for a block device",
			remedy:  "look for errors and timeouts of the device: dmesg --level err,warn",
		},
		{
			cause: "file-io", first: []string{"io_schedule", "bit_wait_io", "folio_wait", "wait_on_page"},
			wchan:   []string{"io_schedule", "bit_wait_io", "folio_wait_bit", "folio_wait_bit_common", "wait_on_page_bit_common"},
			explain: "it waits for pages of a file to be read or written, by a disk or by a server",
			remedy:  "look for errors and timeouts of disks: dmesg --level err,warn; if the file is on a network filesystem, at its server",
		},
		{
			cause: "lock", first: []string{
				"rwsem_down", "__mutex_lock", "mutex_lock", "percpu_rwsem_wait", "percpu_down_write", "down_read", "down_write",
				"xfs_ilock", "btrfs_inode_lock", // a newer kernel leaves the lock's own functions out
			},
			wchan:   []string{"rwsem_down_read_slowpath", "rwsem_down_write_slowpath", "__mutex_lock", "xfs_ilock", "btrfs_inode_lock"},
			explain: "it waits for a lock that another task in the kernel holds",
			remedy:  "find what holds the lock: it is the task that is stuck elsewhere",
		},
	}
}

// causeExec is the cause of which the kernel shows nothing else.
const causeExec = "exec"

// classify finds the cause, and with it the remedy, from the evidence in b.
func (b *Blocked) classify() {
	b.Cause, b.Remedy = "", "no remedy is known before the cause is; SIGKILL takes effect when the sleep ends"
	frozen := b.Freezer != ""
	if frozen {
		b.Cause = "control-group-freezer"
		b.Remedy = "thaw the control group: echo THAWED > " + shellWord(b.Freezer)
	}
	for _, rule := range causeRules() {
		if !rule.matches(b.Stack, b.Wchan) {
			continue
		}
		if frozen && rule.freezes {
			return
		}
		// A group does not freeze before this sleep ends: it is not what holds the task.
		b.Cause, b.Remedy = rule.cause, rule.remedy
		switch at := b.Mount; {
		case at != nil && rule.byDevice:
			_, minor, _ := strings.Cut(at.Device, ":")
			b.Remedy = fmt.Sprintf(rule.atMount, minor)
		case at != nil && rule.atMount != "":
			b.Remedy = fmt.Sprintf(rule.atMount, shellWord(at.Point))
		}
		return
	}
}

// shellWord quotes a path for a line to paste: users choose names.
func shellWord(path string) string {
	plain := strings.Trim(path, "/") != "" && strings.IndexFunc(path, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+:@,=", r))
	}) < 0
	if plain || path == "/" {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

func (r *causeRule) matches(stack []string, wchan string) bool {
	if len(stack) == 0 {
		return slices.Contains(r.wchan, wchan)
	}
	begins := func(name string, prefixes []string) bool {
		return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	}
	if len(r.first) > 0 && !begins(innermost(stack), r.first) {
		return false
	}
	return len(r.any) == 0 || slices.ContainsFunc(stack, func(name string) bool { return begins(name, r.any) })
}

// innermost returns the function that the task sleeps in, past those of the
// scheduler.
func innermost(stack []string) string {
	for _, name := range stack {
		if name != "schedule" && name != "__schedule" && name != "schedule_preempt_disabled" && name != "schedule_timeout" {
			return name
		}
	}
	return ""
}

// explainCause returns a cause as a clause for people.
func explainCause(cause string) string {
	switch cause {
	case "control-group-freezer":
		return "its control group is frozen"
	case causeExec:
		return "it executes another program, and what it closes or gives up for that is on a filesystem that does not answer"
	}
	for _, rule := range causeRules() {
		if rule.cause == cause {
			return rule.explain
		}
	}
	return "what it waits for could not be told"
}
