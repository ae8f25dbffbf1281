//go:build linux && !opskit_portable

package procstate_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/procstate/procstatetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBarBlockDevice: a disk that does not answer is a loop device whose file is
// on a frozen filesystem. Who waits for the device is told from its worker, which
// waits for the filesystem.
//
// NFS and device mapper are not made: CI's kernel has neither, nor 9P, nbd or
// ublk, and loads no modules. Their stacks in TestCauseByStack are written by
// hand after the kernel's sources. A kernel that has them is named by the bar.
func TestBarBlockDevice(t *testing.T) {
	lab.Need(t, "root", "loop", "ext4")
	fs, device := deadDisk(t)
	quiet := procstatetest.FrozenWriter(t, fs.Dir) // it also freezes, and so kills the disk
	var writers []int
	for _, how := range []string{"oflag=direct", "conv=fsync"} {
		writers = append(writers, start(t, "exec dd if=/dev/zero bs=4096 count=1 of="+device+" "+how))
		t.Cleanup(func() { fs.Thaw() }) // first of all, or the writer cannot end
		waitForState(t, writers[len(writers)-1], 'D')
	}
	lab.Eventually(t, 10*time.Second, "the device's worker is in D", func() bool {
		for p, err := range new(procstate.Scanner).Processes(t.Context()) {
			if err == nil && p.Kernel() && p.State == 'D' && isLoopWorker(p.PID) {
				return true
			}
		}
		return false
	})

	for _, source := range []procstate.Source{procstate.SourceProcFS, procstate.SourceBPF} {
		s := &procstate.Scanner{Source: source, Settle: 50 * time.Millisecond}
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		report, err := s.Uninterruptible(t.Context())
		require.NoError(t, err)
		found, workers := 0, 0
		for _, b := range report.Blocked {
			switch {
			case b.PID == quiet:
				assert.Equal(t, "frozen_filesystem", b.Cause, "%s", b)
			case slices.Contains(writers, b.PID):
				found++
				assert.Equal(t, "block_device", b.Cause, "%s", b)
				assert.Contains(t, b.Remedy, "dmesg")
				assert.Contains(t, []string{"write", "fsync"}, b.Syscall)
			case slices.Contains(b.Stack, "loop_process_work"):
				workers++
				assert.True(t, b.Kernel())
				assert.Equal(t, "frozen_filesystem", b.Cause, "%s", b)
				assert.Empty(t, b.Syscall, "a kernel thread is in no system call")
				assert.Nil(t, b.Mount)
				assert.Contains(t, fmt.Sprint(b.Unseen), "kernel thread")
				assert.Contains(t, b.String(), "a kernel thread\n")
			}
		}
		assert.Equal(t, 2, found, "%s", report)
		assert.Positive(t, workers, "%s", report)
	}
	lab.Bar(t, "procstate block device", "2 writers and the device's worker with their causes; not made here: %s", strings.Join(absentKinds(t), ", "))
}

// isLoopWorker tells the kernel thread that does a loop device's work.
func isLoopWorker(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stack", pid))
	return err == nil && strings.Contains(string(text), "loop_process_work")
}

// deadDisk makes a device that answers nothing once the filesystem is frozen.
func deadDisk(t *testing.T) (fs *lab.FS, device string) {
	t.Helper()
	fs = lab.LoopFS(t, "ext4", 32)
	image := filepath.Join(fs.Dir, "disk")
	require.NoError(t, os.WriteFile(image, make([]byte, 4<<20), 0o600))
	out, err := exec.Command("losetup", "--find", "--show", image).Output()
	require.NoError(t, err)
	device = strings.TrimSpace(string(out))
	t.Cleanup(func() {
		require.NoError(t, exec.Command("losetup", "--detach", device).Run())
		// The device lets its file go a moment after its last user has ended.
		lab.Eventually(t, 10*time.Second, "the device is free", func() bool {
			_, err := os.Stat("/sys/block/" + filepath.Base(device) + "/loop/backing_file")
			return err != nil
		})
	})
	return fs, device
}

// TestGroupThatCannotFreeze: a task that waits for a disk keeps its control group
// from freezing; to thaw the group would not help it.
func TestGroupThatCannotFreeze(t *testing.T) {
	lab.Need(t, "root", "loop", "ext4", "cgroup_v1_freezer")
	fs, device := deadDisk(t)
	group := lab.Cgroup(t, "freezer")
	procstatetest.FrozenWriter(t, fs.Dir)
	writer := start(t, "exec dd if=/dev/zero bs=4096 count=1 oflag=direct of="+device)
	t.Cleanup(func() { fs.Thaw() }) // first of all, or the writer cannot end
	waitForState(t, writer, 'D')
	require.NoError(t, os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(strconv.Itoa(writer)), 0))
	control := filepath.Join(group, "freezer.state")
	require.NoError(t, os.WriteFile(control, []byte("FROZEN"), 0))
	t.Cleanup(func() { require.NoError(t, os.WriteFile(control, []byte("THAWED"), 0)) })
	text, err := os.ReadFile(control)
	require.NoError(t, err)
	require.Equal(t, "FREEZING\n", string(text))
	report, err := (&procstate.Scanner{Settle: 50 * time.Millisecond}).Uninterruptible(t.Context())
	require.NoError(t, err)
	for _, b := range report.Blocked {
		if b.PID == writer {
			assert.Equal(t, control, b.Freezer)
			assert.Equal(t, "block_device", b.Cause)
			assert.Contains(t, b.Remedy, "dmesg")
			return
		}
	}
	assert.Fail(t, "the writer is not found", "%s", report)
}

// absentKinds says which kinds of D this kernel could make and no test does.
func absentKinds(t *testing.T) (kinds []string) {
	t.Helper()
	for _, kind := range []struct{ name, file string }{
		{"nfs", "/proc/filesystems"}, {"nfs4", "/proc/filesystems"}, {"9p", "/proc/filesystems"}, {"device_mapper", "/proc/devices"}, {"nbd", "/proc/devices"},
	} {
		text, err := os.ReadFile(kind.file)
		require.NoError(t, err)
		why := "not in " + kind.file
		if slices.Contains(strings.Fields(string(text)), kind.name) {
			why = "the kernel has it"
		}
		kinds = append(kinds, kind.name+" ("+why+")")
	}
	return kinds
}
