package procstate

import (
	"strings"
	"testing"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/stretchr/testify/assert"
)

// stacks are put together from the names of kernel functions, innermost first, before
// it was looked what causes.txt makes of them; "?" may be told or not, but not wrongly.
const stacks = `
jbd2_log_wait_commit jbd2_complete_transaction ext4_sync_file vfs_fsync_range do_fsync = block_device
wait_transaction_locked add_transaction_credits start_this_handle jbd2__journal_start ext4_dirty_inode __mark_inode_dirty = block_device
xlog_wait_on_iclog xfs_log_force_seq xfs_file_fsync vfs_fsync_range do_fsync = block_device
balance_dirty_pages balance_dirty_pages_ratelimited_flags generic_perform_write ext4_buffered_write_iter vfs_write = block_device
wait_for_response compound_send_recv cifs_send_recv SMB2_open smb2_open_file cifs_open = smb
wait_for_completion_killable_timeout ceph_mdsc_wait_request ceph_mdsc_do_request ceph_lookup = ceph
autofs_wait autofs_mount_wait autofs_d_automount = autofs
cv_wait_common __cv_wait txg_wait_open dmu_tx_wait zfs_write = zfs
md_write_start raid1_make_request md_handle_request submit_bio = md
__refrigerator unix_stream_data_wait unix_stream_read_generic = freezer
percpu_rwsem_wait percpu_down_write cgroup_attach_lock cgroup_procs_write_start cgroup_procs_write cgroup_file_write kernfs_fop_write_iter vfs_write ksys_write = lock
percpu_rwsem_wait __percpu_down_read mnt_want_write path_openat do_filp_open = frozen_filesystem
percpu_rwsem_wait __percpu_down_read vfs_write ksys_write = frozen_filesystem
percpu_rwsem_wait __percpu_down_read mnt_want_write do_unlinkat = frozen_filesystem
percpu_rwsem_wait __percpu_down_read sb_start_pagefault ext4_page_mkwrite do_page_mkwrite = frozen_filesystem
percpu_rwsem_wait __percpu_down_read cgroup_can_fork copy_process kernel_clone = lock
percpu_rwsem_wait __percpu_down_read cpus_read_lock = lock
percpu_rwsem_wait __percpu_down_read exit_signals do_exit = lock
kernel_clone __do_sys_vfork do_syscall_64 = vfork
wait_for_vfork_done _do_fork = vfork
request_wait_answer __fuse_simple_request fuse_lookup_name fuse_lookup = fuse
request_wait_answer __fuse_simple_request fuse_flush filp_close do_close_on_exec begin_new_exec = fuse
fuse_get_req fuse_simple_background fuse_readahead = fuse
rpc_wait_bit_killable __wait_on_bit out_of_line_wait_on_bit nfs4_run_open_task = nfs
io_schedule folio_wait_bit_common nfs_wait_on_request nfs_lock_and_join_requests nfs_updatepage = nfs
io_schedule folio_wait_bit_common filemap_read nfs_file_read vfs_read = nfs
io_schedule folio_wait_bit_common filemap_read ext4_file_read_iter vfs_read = block_device
io_schedule bit_wait_io __wait_on_bit out_of_line_wait_on_bit __wait_on_buffer ext4_read_bh = block_device
io_schedule blk_mq_get_tag __blk_mq_alloc_requests blk_mq_submit_bio submit_bio_noacct = block_device
io_schedule rq_qos_wait wbt_wait __rq_qos_throttle blk_mq_submit_bio = block_device
blk_mq_freeze_queue_wait nvme_wait_freeze nvme_reset_work process_one_work = block_device
io_schedule_timeout wait_for_completion_io_timeout submit_bio_wait blkdev_issue_flush = block_device
wait_for_completion_io blk_execute_rq sg_io scsi_ioctl blkdev_ioctl = block_device
bio_queue_enter blk_mq_submit_bio submit_bio_noacct ext4_mpage_readpages = block_device
xfs_buf_lock xfs_buf_find_lock xfs_buf_get_map xfs_trans_read_buf_map = block_device
xlog_grant_head_wait xlog_grant_head_check xfs_log_reserve xfs_trans_alloc = block_device
io_schedule dm_wait_for_completion dm_suspend dev_suspend ctl_ioctl dm_ctl_ioctl = device_mapper
io_schedule __map_bio dm_submit_bio submit_bio_noacct ext4_io_submit = device_mapper
rwsem_down_write_slowpath down_write_killable vm_mmap_pgoff ksys_mmap_pgoff = lock
rwsem_down_read_slowpath down_read proc_pid_cmdline_read vfs_read = lock
rwsem_down_write_slowpath down_write ext4_buffered_write_iter vfs_write = lock
__mutex_lock rtnl_dumpit netlink_dump = lock
__mutex_lock nfs_idmap_id rpc_call_sync = lock
xfs_ilock xfs_file_buffered_write vfs_write = lock
__lock_sock lock_sock_nested tcp_sendmsg = lock
kernfs_drain __kernfs_remove sysfs_remove_group device_del = lock
fanotify_handle_event fsnotify __fsnotify_parent do_dentry_open = fanotify
p9_client_rpc p9_client_walk v9fs_vfs_lookup = 9p
gfs2_glock_wait gfs2_glock_nq gfs2_inode_lookup = cluster_filesystem
dlm_lock_sync lockspace_lock do_ioctl = cluster_filesystem
coredump_task_exit do_exit do_group_exit get_signal = coredump
wait_for_completion exit_aio mmput do_exit = io_uring
io_wq_put_and_exit io_uring_clean_tctx io_uring_cancel_generic do_exit = io_uring
mem_cgroup_oom_synchronize pagefault_out_of_memory do_user_addr_fault = memory
reclaim_throttle shrink_node do_try_to_free_pages try_to_free_pages __alloc_pages_slowpath = memory
io_schedule folio_wait_bit_common do_swap_page handle_mm_fault = swap
usb_kill_urb usb_start_wait_urb usb_bulk_msg proc_do_bulk = usb
dma_fence_default_wait dma_fence_wait_timeout drm_atomic_helper_wait_for_fences = gpu
msleep netdev_wait_allrefs_any netdev_run_todo rtnl_dellink = network_device
audit_log_start audit_log_exit syscall_exit_work = audit
handle_userfault do_anonymous_page handle_mm_fault = userfaultfd
wait_for_completion_killable call_usermodehelper_exec __request_module dev_load = usermode_helper
wait_for_completion __wait_rcu_gp synchronize_rcu_normal packet_release = rcu
wait_for_completion __flush_work lru_add_drain_all = kernel_worker
wait_for_completion __flush_workqueue xfs_inodegc_flush = kernel_worker
zap_pid_ns_processes do_exit do_group_exit = pid_namespace
tty_wait_until_sent tty_port_close_start uart_close tty_release = terminal
wb_wait_for_completion sync_inodes_sb sync_inodes_one_sb iterate_supers = file_io
folio_wait_writeback truncate_inode_pages_range evict = file_io
netfs_wait_for_read netfs_unbuffered_read_iter vfs_read = netfs
cl_sync_io_wait vvp_io_fault_start cl_io_start ll_fault = lustre
nfs4_wait_clnt_recover nfs4_client_recover_expired_lease nfs4_do_open nfs4_atomic_open = nfs
rpc_wait_bit_killable nfs4_do_close __nfs4_close nfs_release __fput = nfs
io_schedule folio_wait_bit_common folio_wait_writeback nfs_wb_all nfs4_file_flush filp_close = nfs
cifs_wait_for_server_reconnect smb2_reconnect smb2_plain_req_init SMB2_open = smb
wait_for_completion_killable ceph_osdc_wait_request ceph_sync_read ceph_read_iter = ceph
ceph_get_caps ceph_write_iter vfs_write ksys_write = ceph
folio_wait_bit_common folio_wait_private_2 netfs_invalidate_folio truncate_inode_pages_range = netfs
fuse_wait_on_folio_writeback fuse_page_mkwrite do_page_mkwrite = fuse
request_wait_answer __fuse_request_send fuse_do_getattr fuse_update_attributes = fuse
jbd2_journal_lock_updates ext4_change_inode_journal_flag ext4_fileattr_set = block_device
jbd2_log_do_checkpoint __jbd2_log_wait_for_space add_transaction_credits start_this_handle = block_device
jbd2_fc_begin_commit ext4_fc_commit ext4_fsync_journal ext4_sync_file = block_device
io_schedule bit_wait_io __wait_on_bit out_of_line_wait_on_bit ext4_wait_block_bitmap ext4_read_block_bitmap = block_device
xfs_ail_push_all_sync xfs_log_quiesce xfs_fs_freeze freeze_super = block_device
wait_for_completion xfs_buf_iowait xfs_buf_read_map xfs_trans_read_buf_map = block_device
xfs_inodegc_throttle xfs_inode_mark_reclaimable destroy_inode = block_device
wait_current_trans start_transaction btrfs_create lookup_open = block_device
btrfs_wait_ordered_range btrfs_sync_file vfs_fsync_range = block_device
btrfs_start_ordered_extent btrfs_wait_ordered_range btrfs_sync_file = block_device
wait_for_commit btrfs_commit_transaction btrfs_sync_fs = block_device
btrfs_commit_transaction btrfs_sync_file do_fsync = block_device
f2fs_issue_flush f2fs_do_sync_file f2fs_sync_file = block_device
io_schedule folio_wait_bit_common f2fs_wait_on_page_writeback f2fs_write_begin = block_device
wait_for_completion_io_timeout submit_bio_wait blkdev_issue_zeroout blkdev_fallocate = block_device
scsi_block_when_processing_errors sd_open blkdev_get_whole blkdev_open = block_device
wait_for_completion_io_timeout blk_execute_rq __nvme_submit_sync_cmd nvme_identify_ns = block_device
blk_mq_freeze_queue_wait nbd_start_device_ioctl nbd_ioctl = block_device
blk_mq_freeze_queue_wait __loop_clr_fd lo_ioctl = block_device
raid5_get_active_stripe raid5_make_request md_handle_request = md
md_super_wait md_update_sb md_check_recovery = md
drbd_al_begin_io drbd_submit_bio submit_bio_noacct = drbd
dm_wait_for_bios_completion __dm_suspend dm_suspend = device_mapper
io_schedule dm_pool_commit_metadata commit process_deferred_bios do_worker = device_mapper
closure_sync bch_bucket_alloc bch_journal_meta = block_device
__mutex_lock cgroup_kn_lock_live cgroup_mkdir kernfs_iop_mkdir = lock
rwsem_down_read_slowpath lock_mm_and_find_vma do_user_addr_fault = lock
__mutex_lock pipe_write vfs_write = lock
__rt_mutex_slowlock rwbase_write_lock down_write = lock
d_alloc_parallel lookup_open path_openat = lock
__mutex_lock_interruptible ovl_inode_lock_interruptible ovl_copy_up_start = lock
__mutex_lock rtnetlink_rcv_msg netlink_rcv_skb = lock
lock_sock_nested inet_shutdown __sys_shutdown = lock
schedule_timeout wait_for_completion __synchronize_srcu mmu_notifier_unregister = rcu
synchronize_rcu_expedited namespace_unlock path_umount = rcu
wait_for_completion rcu_barrier kmem_cache_destroy = rcu
__flush_work __cancel_work_sync cancel_delayed_work_sync = kernel_worker
wait_for_completion stop_machine_cpuslocked stop_machine = kernel_worker
throttle_direct_reclaim try_to_free_pages __alloc_pages_slowpath = memory
mem_cgroup_handle_over_high exit_to_user_mode_loop = memory
io_schedule migration_entry_wait_on_locked migration_entry_wait do_swap_page handle_mm_fault = page_migration
io_schedule folio_wait_bit_common __folio_lock_or_retry do_swap_page handle_mm_fault = swap
wait_for_completion_state coredump_wait vfs_coredump get_signal = coredump
usb_kill_urb usb_start_wait_urb usb_control_msg = usb
dma_fence_default_wait drm_atomic_helper_wait_for_fences commit_tail = gpu
wait_for_completion_timeout wait_func cmd_exec mlx5_cmd_exec = driver
msleep netdev_run_todo rtnl_unlock default_device_exit_batch cleanup_net = network_device
fanotify_get_response fanotify_handle_event fsnotify fsnotify_open_perm_and_set_mode = fanotify
wait_for_completion_state call_usermodehelper_exec __request_module = usermode_helper
io_uring_cancel_generic io_uring_files_cancel do_exit = io_uring
gfs2_glock_wait gfs2_glock_nq gfs2_permission = cluster_filesystem
ocfs2_wait_for_mask __ocfs2_cluster_lock ocfs2_inode_lock_full_nested = cluster_filesystem
cv_wait_common zil_commit_impl zfs_fsync = zfs
percpu_rwsem_wait percpu_down_write freeze_super ioctl_fsfreeze = lock
percpu_rwsem_wait __percpu_down_read ext4_evict_inode evict do_unlinkat = frozen_filesystem
percpu_rwsem_wait __percpu_down_read start_transaction btrfs_create lookup_open = frozen_filesystem
percpu_rwsem_wait __percpu_down_read f2fs_evict_inode evict = frozen_filesystem
percpu_rwsem_wait __percpu_down_read mnt_want_write do_renameat2 = frozen_filesystem
percpu_rwsem_wait __percpu_down_read ovl_want_write ovl_setattr = frozen_filesystem
percpu_rwsem_wait __percpu_down_read cgroup_attach_task_all vhost_attach_cgroups = lock
percpu_rwsem_wait __percpu_down_read dup_userfaultfd_complete dup_mm copy_process = lock
percpu_rwsem_wait __percpu_down_read uprobe_mmap mmap_region = lock
__refrigerator do_nanosleep hrtimer_nanosleep = freezer
wait_for_vfork_done kernel_clone __do_sys_clone = vfork
hrtimer_nanosleep do_nanosleep common_nsleep = 
ep_poll do_epoll_wait = 
futex_wait_queue futex_wait do_futex = 
do_wait kernel_wait4 = 
`

// TestBarStacks: causes are named, and none wrongly.
func TestBarStacks(t *testing.T) {
	named, all := 0, 0
	for line := range strings.Lines(strings.TrimSpace(stacks)) {
		stack, want, _ := strings.Cut(strings.TrimSpace(line), " =")
		all++
		got := causeOf(strings.Fields(stack), "")
		if got == strings.TrimSpace(want) {
			named++
		} else {
			assert.Empty(t, got, "%s is %s, and not", stack, want)
		}
	}
	assert.GreaterOrEqual(t, 10*named, 9*all, "named")
	lab.Bar(t, "procstate stacks", "%d of %d named, none wrongly", named, all)
}

// TestTableOfCauses: every row can match, and says all that it must.
func TestTableOfCauses(t *testing.T) {
	table := causes()
	assert.GreaterOrEqual(t, len(table.causes), 30)
	for _, row := range table.rows {
		assert.Contains(t, table.causes, row.cause)
		for _, name := range row.functions {
			stack := []string{name}
			if row.innermost != nil && !begins(name, row.innermost) {
				stack = []string{row.innermost[0], name}
			}
			got := causeOf(stack, "")
			assert.NotEmpty(t, got, "%s", stack)
			if len(stack) == 1 && !row.last {
				assert.Equal(t, row.cause, got, "%s can never match: another row has it", name)
			}
		}
	}
	for name, c := range table.causes {
		assert.NotEmpty(t, c.explain, name)
		assert.NotEmpty(t, c.remedy, name)
		if c.atMount != "" {
			assert.Equal(t, 1, strings.Count(c.atMount, "%s"), name)
		}
	}
}
