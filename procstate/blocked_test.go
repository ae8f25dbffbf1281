package procstate

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCauseByStack(t *testing.T) {
	for _, test := range []struct {
		rule, stack, wchan string
		mount              *Mount
		cause, remedy      string
	}{
		{rule: "a file opened for writing", stack: "percpu_rwsem_wait mnt_want_write path_openat do_filp_open", cause: "frozen_filesystem", remedy: "MOUNTPOINT"},
		{
			rule: "a write, where the mount is known", stack: "percpu_rwsem_wait vfs_write ksys_write", mount: &Mount{Point: "/data"},
			cause: "frozen_filesystem", remedy: "fsfreeze --unfreeze /data",
		},
		{rule: "an older kernel", stack: "__percpu_down_read __sb_start_write vfs_write", cause: "frozen_filesystem", remedy: "thaw"},
		{rule: "the same lock for another purpose", stack: "percpu_rwsem_wait cgroup_procs_write_start", cause: "lock", remedy: "find"},
		{rule: "vfork", stack: "kernel_clone __do_sys_vfork do_syscall_64", cause: "vfork", remedy: "can be killed"},
		{rule: "vfork of an older kernel", stack: "wait_for_vfork_done _do_fork", cause: "vfork", remedy: "child"},
		{rule: "any clone has kernel_clone, but not innermost", stack: "io_schedule blk_mq_get_tag kernel_clone", cause: "block_device", remedy: "dmesg"},
		{
			rule: "FUSE", stack: "request_wait_answer fuse_simple_request fuse_lookup_name", mount: &Mount{Device: "0:57"},
			cause: "fuse", remedy: "/sys/fs/fuse/connections/57/abort",
		},
		{
			rule: "NFS", stack: "rpc_wait_bit_killable __wait_on_bit nfs4_proc_getattr vfs_statx", mount: &Mount{Point: "/mnt/nfs"},
			cause: "nfs", remedy: "umount -f /mnt/nfs",
		},
		{rule: "a page of an NFS file", stack: "io_schedule folio_wait_bit_common nfs_wait_on_request", cause: "nfs", remedy: "server"},
		{rule: "a suspended device", stack: "io_schedule dm_wait_for_completion dm_submit_bio submit_bio_noacct", cause: "device_mapper", remedy: "dmsetup resume"},
		{rule: "a journal", stack: "jbd2_log_wait_commit ext4_sync_file do_fsync", cause: "block_device", remedy: "dmesg"},
		{rule: "a disk", stack: "schedule io_schedule folio_wait_bit_common filemap_read ext4_file_read_iter", cause: "block_device", remedy: "dmesg"},
		{rule: "a page of any file", stack: "folio_wait_bit_common filemap_fault __do_fault", cause: "file_io", remedy: "its server"},
		{rule: "sync of any filesystem", stack: "folio_wait_bit folio_wait_writeback sync_inodes_sb __x64_sys_syncfs", cause: "file_io", remedy: "its server"},
		{rule: "pages on a server of another kind", stack: "folio_wait_bit folio_wait_writeback cifs_fsync", cause: "smb", remedy: "server"},
		{rule: "the device itself", stack: "submit_bio_wait __blkdev_direct_IO_simple blkdev_write_iter vfs_write", cause: "block_device", remedy: "dmesg"},
		{rule: "a file past the page cache", stack: "__iomap_dio_rw iomap_dio_rw ext4_file_write_iter vfs_write", cause: "block_device", remedy: "dmesg"},
		{rule: "a loop device's worker", stack: "percpu_rwsem_wait lo_rw_aio.isra.0 loop_process_work", cause: "frozen_filesystem", remedy: "thaw"},
		{rule: "an inode's lock, on newer kernels", stack: "xfs_ilock xfs_file_buffered_write vfs_write", cause: "lock", remedy: "holds the lock"},
		{rule: "without a stack a page may be anywhere", wchan: "folio_wait_bit_common", cause: "file_io", remedy: "its server"},
		{rule: "a FUSE program that was never heard of", wchan: "fuse_get_req", cause: "fuse", remedy: "abort"},
		{rule: "or certainly on a device", wchan: "submit_bio_wait", cause: "block_device", remedy: "dmesg"},
		{rule: "a lock", stack: "schedule_preempt_disabled rwsem_down_read_slowpath down_read proc_pid_cmdline_read", cause: "lock", remedy: "holds the lock"},
		{rule: "something else", stack: "synchronize_rcu_normal packet_release", cause: "rcu", remedy: "dmesg"},
		{rule: "without a stack wchan alone may do", wchan: "kernel_clone", cause: "vfork", remedy: "child"},
		{rule: "or not: this lock has many users", wchan: "percpu_rwsem_wait", cause: "", remedy: "no remedy"},
		{rule: "nothing is shown", cause: "", remedy: "no remedy"},
	} {
		t.Run(test.rule, func(t *testing.T) {
			b := Blocked{Stack: strings.Fields(test.stack), Wchan: test.wchan, Mount: test.mount}
			b.classify()
			assert.Equal(t, test.cause, b.Cause)
			assert.Contains(t, b.Remedy, test.remedy)
		})
	}
	for stack, want := range map[string]string{
		"hrtimer_nanosleep do_nanosleep":                     "control_group_freezer",
		"__refrigerator get_signal":                          "control_group_freezer",
		"request_wait_answer fuse_lookup_name":               "control_group_freezer",
		"kernel_clone __do_sys_vfork":                        "control_group_freezer",
		"":                                                   "control_group_freezer",
		"percpu_rwsem_wait vfs_write":                        "control_group_freezer",
		"submit_bio_wait blkdev_write_iter":                  "block_device", // the group waits for it to freeze
		"folio_wait_bit folio_wait_writeback sync_inodes_sb": "file_io",
	} {
		frozen := Blocked{Stack: strings.Fields(stack), Freezer: "/sys/fs/cgroup/freezer/a/freezer.state"}
		frozen.classify()
		assert.Equal(t, want, frozen.Cause, "%s", stack)
	}
}

// blockedTree has a process with a stuck thread that writes to descriptor 5.
func blockedTree(t *testing.T, status string) string {
	t.Helper()
	write := map[string]string{"arm64": "64"}[runtime.GOARCH]
	write = cmp.Or(write, "1")
	stat := func(pid, state string) string {
		return pid + " (worker) " + state + " 1 40 40 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 2 0 1000 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
	}
	return procstatetest.Tree{
		{PID: 1, Comm: "init"},
		{PID: 40, PPID: 1, Comm: "worker", Threads: 2, Files: map[string]string{
			"task/40/stat":    stat("40", "S"),
			"task/41/stat":    stat("41", "D"),
			"task/41/status":  status,
			"task/41/wchan":   "percpu_rwsem_wait",
			"task/41/syscall": write + " 0x100000005 0x55 0x1000 0x0 0x7 0x55 0x7ffd 0x7fb4\n",
			"task/41/stack":   "[<0>] percpu_rwsem_wait+0x15f/0x1d0\n[<0>] vfs_write.isra.0+0x3f0/0x450\n",
			"task/41/cgroup":  "0::/system.slice/worker.service\n",
			"fdinfo/5":        "pos:\t0\nflags:\t0100001\nmnt_id:\t50\nino:\t12\n",
			"mountinfo":       mountsText,
		}},
		{PID: 50, PPID: 1, State: 'I', Comm: "idle kthread"},
	}.Dir(t)
}

func TestStuckThread(t *testing.T) {
	root := blockedTree(t, strings.Replace(statusText, "ShdPnd:\t0000000000000100", "ShdPnd:\t0000000000000000", 1))
	report, err := (&Scanner{Root: root, Settle: time.Millisecond}).Uninterruptible(t.Context())
	require.NoError(t, err)
	assert.Equal(t, Problem, report.Verdict)
	assert.Equal(t, 4, report.Tasks)
	require.Len(t, report.Blocked, 1)
	b := report.Blocked[0]
	assert.Equal(t, []int{40, 41}, []int{b.PID, b.TID})
	assert.Equal(t, "write", b.Syscall)
	assert.Equal(t, []string{"percpu_rwsem_wait", "vfs_write"}, b.Stack)
	assert.Equal(t, &Mount{"/mnt/my disk", "ext4", "/dev/vda", "254:0"}, b.Mount)
	assert.Equal(t, "frozen_filesystem", b.Cause)
	assert.Equal(t, "worker.service", b.Owner.Unit)
	assert.False(t, b.Killed)
	text := report.String()
	assert.Contains(t, text, `40 "worker" (sleeping), thread 41 "worker": frozen_filesystem`)
	assert.Contains(t, text, "next: thaw the filesystem: fsfreeze --unfreeze '/mnt/my disk'")
	assert.True(t, strings.HasSuffix(text, "not checked: nothing more"))

	golden(t, "blocked", report.Blocked[0].fixed())
	fixed := *report
	fixed.At, fixed.Blocked = time.Date(2015, 11, 20, 0, 0, 0, 0, time.UTC), []Blocked{b.fixed()}
	golden(t, "blockedreport", &fixed)

	var saved BlockedReport
	encoded, err := json.Marshal(report)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(encoded, &saved))
	assert.Equal(t, opskit.Problem, saved.Judge())
	again := saved.Blocked[0]
	again.classify()
	assert.Equal(t, saved.Blocked[0], again, "the cause follows from the saved evidence")
}

// fixed returns the task with times that do not change.
func (b Blocked) fixed() Blocked {
	b.For, b.ForMore, b.Killed = time.Second, time.Millisecond, true
	b.setFact(killableKnown, killable, true)
	return b
}

// TestStuckElsewhere changes one thing at a time of what the first test sees.
func TestStuckElsewhere(t *testing.T) {
	see := func(change func(file func(name, text string))) Blocked {
		root := blockedTree(t, statusText)
		change(func(name, text string) {
			path := filepath.Join(root, "40", name)
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
			require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		})
		report, err := (&Scanner{Root: root, Settle: time.Millisecond}).Uninterruptible(t.Context())
		require.NoError(t, err)
		require.Len(t, report.Blocked, 1)
		return report.Blocked[0]
	}
	killed := strings.Replace(statusText, "ShdPnd:\t0000000000000100", "ShdPnd:\t0000000000000000", 1)
	assert.False(t, see(func(file func(name, text string)) { file("task/41/status", killed) }).Killed)
	own := strings.Replace(killed, "SigPnd:\t0000000000000000", "SigPnd:\t0000000000000100", 1)
	assert.True(t, see(func(file func(name, text string)) { file("task/41/status", own) }).Killed, "sent to the thread alone")

	fuse := "50 27 0:57 / /mnt/a rw - fuse.sshfs a rw\n"
	lookup := func(mounts string) Blocked {
		return see(func(file func(name, text string)) {
			file("task/41/syscall", map[string]string{"arm64": "291"}[runtime.GOARCH]+map[string]string{"amd64": "332"}[runtime.GOARCH]+" 0x1 0x2 0x3 0x4 0x5 0x6 0x7 0x8\n")
			file("task/41/stack", "[<0>] request_wait_answer+0x1/0x2\n[<0>] fuse_lookup_name+0x1/0x2\n")
			file("mountinfo", mounts)
		})
	}
	require.NotNil(t, lookup(fuse).Mount, "the only one of its type")
	two := lookup(fuse + "51 27 0:58 / /mnt/b rw - fuse.sshfs b rw\n")
	assert.Nil(t, two.Mount, "one of two is a guess")
	assert.Contains(t, two.Remedy, "connections/N/abort")
	assert.NotEmpty(t, two.Unseen)
	assert.Nil(t, lookup(fuse+"51 27 0:58 / /mnt/b rw - fuse.sshfs b rw\n52 27 0:59 / /mnt/c rw - fuse c rw\n").Mount, "nor is the last of three")

	groups := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(groups, "a"), 0o700))
	procMounts := "60 27 0:60 / " + groups + " rw - cgroup2 cgroup2 rw\n"
	require.NoError(t, os.WriteFile(filepath.Join(groups, "a", "cgroup.freeze"), []byte("1\n"), 0o600))
	b := see(func(file func(name, text string)) {
		file("task/41/cgroup", "0::/a\n")
		file("../self/mountinfo", procMounts)
	})
	assert.Empty(t, b.Freezer, "version 2 freezes nothing in D")
	assert.Equal(t, "frozen_filesystem", b.Cause)
}

func TestWhatIsNotShownIsSaid(t *testing.T) {
	root := procstatetest.Tree{{PID: 40, State: 'D', Files: map[string]string{
		"task/40/stat": "40 () D 1 40 40 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 1000 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0\n", "task/40/wchan": "0",
	}}}.Dir(t)
	report, err := (&Scanner{Root: root, Settle: time.Millisecond}).Uninterruptible(t.Context())
	require.NoError(t, err)
	require.Len(t, report.Blocked, 1)
	b := report.Blocked[0]
	assert.Empty(t, b.Cause)
	assert.GreaterOrEqual(t, len(b.Unseen), 3)
	assert.Contains(t, b.String(), "not checked: wchan of 40 (permission denied; need: run as root)")
	_, known := b.Killable()
	assert.False(t, known, "/proc does not tell")
}

func TestTaskThatRanOnIsNoProblem(t *testing.T) {
	root := blockedTree(t, statusText)
	r, err := openRoot(root)
	require.NoError(t, err)
	defer r.close()
	l := newLook(r)
	first := task{Process: Process{ID: ID{40, 1000}, State: 'D'}, tid: 41}
	first.switches = r.switches(first)
	assert.EqualValues(t, 31, first.switches)
	ran := first
	ran.switches--
	reused := first
	reused.Start--
	gone := first
	gone.tid = 99
	report := &BlockedReport{Settle: time.Millisecond}
	require.NoError(t, l.stuck(t.Context(), report, map[ID]task{{1, 1}: ran, {2, 2}: reused, {3, 3}: gone, {4, 4}: first}))
	assert.Equal(t, 3, report.Passed)
	require.Len(t, report.Blocked, 1)
	assert.True(t, report.Blocked[0].Killed, "SIGKILL is pending")
}

// TestRemedyCanBePasted: whoever chose a name must not choose what root runs.
func TestRemedyCanBePasted(t *testing.T) {
	b := Blocked{
		Stack: []string{"percpu_rwsem_wait", "mnt_want_write"},
		Mount: &Mount{Point: "/mnt/it's; rm -rf x", Type: "ext4"},
	}
	b.classify()
	assert.Equal(t, `thaw the filesystem: fsfreeze --unfreeze '/mnt/it'\''s; rm -rf x'`, b.Remedy)
	b = Blocked{Freezer: "/sys/fs/cgroup/freezer/$(id)/freezer.state"}
	b.classify()
	assert.Equal(t, "thaw the control group: echo THAWED > '/sys/fs/cgroup/freezer/$(id)/freezer.state'", b.Remedy)
	b.Freezer = "/sys/fs/cgroup/freezer/a-1/freezer.state"
	b.classify()
	assert.Equal(t, "thaw the control group: echo THAWED > "+b.Freezer, b.Remedy)
}

func TestBlockedVerdict(t *testing.T) {
	at, gaps := time.Now(), []opskit.Gap{{What: "a", Why: "b"}}
	for _, test := range []struct {
		report BlockedReport
		want   opskit.Level
	}{
		{BlockedReport{}, opskit.Unknown},
		{BlockedReport{At: at}, opskit.Unknown}, // no task was seen
		{BlockedReport{At: at, Tasks: 7}, opskit.OK},
		{BlockedReport{At: at, Tasks: 7, Unseen: gaps}, opskit.Unknown},
		{BlockedReport{At: at, Tasks: 7, Blocked: []Blocked{{}}, Unseen: gaps}, opskit.Problem},
	} {
		assert.Equal(t, test.want, test.report.Judge())
	}
	well := &BlockedReport{At: at, Tasks: 7}
	well.Judge()
	assert.Equal(t, "healthy: none of 7 tasks is stuck in uninterruptible sleep\nnot checked: nothing more", well.String())
}

func TestParseSyscall(t *testing.T) {
	for text, want := range map[string]syscallLine{
		"":                            {"", -1, false},
		"running\n":                   {"", -1, false},
		"-1 0x7ffd 0x7fb4\n":          {"", -1, false},
		"100000 0x1 0x2\n":            {"number 100000", -1, false},
		"garbage":                     {"", -1, false},
		"435 0x7ffe 0x58 0x0 0x0 0\n": {"clone3", -1, false},
	} {
		assert.Equal(t, want, parseSyscall(text), "%q", text)
	}
	for _, arch := range []string{"amd64", "arm64"} {
		names := map[string]bool{}
		for _, name := range syscallsOf(arch) {
			assert.False(t, names[name], "%s twice on %s", name, arch)
			names[name] = true
		}
		for _, name := range []string{"fd:write", "fd:fsync", "openat", "clone"} {
			assert.True(t, names[name], "%s on %s", name, arch)
		}
	}
}

func TestParseTaskFiles(t *testing.T) {
	assert.Empty(t, parseStack("0\n[<0>]\n"))
	assert.Zero(t, fdMountID([]byte("pos:\t0\n")))
	assert.Equal(t, 49, fdMountID([]byte("pos:\t0\nmnt_id:\t49\n")))
	at, ok := execStart([]byte("cat (30905, #threads: 1)\n---\nse.exec_start                                :       3370573.484327\n"))
	assert.True(t, ok)
	assert.InDelta(t, 3370573.484327, at, 1e-6)
	for _, text := range []string{"", "se.exec_start : x\n", "se.exec_start : 0.0\n", "other : 1\n"} {
		_, ok := execStart([]byte(text))
		assert.False(t, ok, "%q", text)
	}
}

func FuzzTaskFiles(f *testing.F) {
	f.Add("1 0x5 0x55 0x1000 0x0 0x7 0x55 0x7ffd 0x7fb4\n", "[<0>] percpu_rwsem_wait+0x15f/0x1d0\n", "percpu_rwsem_wait", "mnt_id:\t5\n")
	f.Add("running", "[<0>] kernel_clone+0x1af/0x3e0\n", "0", "se.exec_start : 5.1\n")
	f.Fuzz(func(t *testing.T, call, stack, wchan, other string) {
		parsed := parseSyscall(call)
		b := Blocked{Syscall: parsed.name, Stack: parseStack(stack), Wchan: wchan}
		b.classify()
		fdMountID([]byte(other))
		execStart([]byte(other))
		for _, r := range b.String() {
			if r != '\n' && (r < ' ' || r == 0x7f) {
				t.Fatalf("%q reaches the terminal", r)
			}
		}
	})
}
