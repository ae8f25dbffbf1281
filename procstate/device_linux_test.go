//go:build linux && !opskit_portable

package procstate_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
	fs := lab.LoopFS(t, "ext4", 32)
	image := filepath.Join(fs.Dir, "disk")
	require.NoError(t, os.WriteFile(image, make([]byte, 4<<20), 0o600))
	out, err := exec.Command("losetup", "--find", "--show", image).Output()
	require.NoError(t, err)
	device := strings.TrimSpace(string(out))
	t.Cleanup(func() {
		require.NoError(t, exec.Command("losetup", "--detach", device).Run())
		// The device lets its file go a moment after its last user has ended.
		lab.Eventually(t, 10*time.Second, "the device is free", func() bool {
			_, err := os.Stat("/sys/block/" + filepath.Base(device) + "/loop/backing_file")
			return err != nil
		})
	})
	quiet := procstatetest.FrozenWriter(t, fs.Dir) // it also freezes
	var writers []int
	for _, how := range []string{"oflag=direct", "conv=fsync"} {
		writers = append(writers, start(t, "exec dd if=/dev/zero bs=4096 count=1 of="+device+" "+how))
		t.Cleanup(func() { fs.Thaw() }) // first of all, or the writer cannot end
		waitForState(t, writers[len(writers)-1], 'D')
	}

	for _, source := range []procstate.Source{procstate.ProcFS, procstate.BPF} {
		s := &procstate.Scanner{Source: source, Settle: 50 * time.Millisecond}
		t.Cleanup(func() { require.NoError(t, s.Close()) })
		report, err := s.Uninterruptible(t.Context())
		require.NoError(t, err)
		found, workers := 0, 0
		for _, b := range report.Blocked {
			switch {
			case b.PID == quiet:
				assert.Equal(t, "frozen-filesystem", b.Cause, "%s", b)
			case slices.Contains(writers, b.PID):
				found++
				assert.Equal(t, "block-device", b.Cause, "%s", b)
				assert.Contains(t, b.Remedy, "dmesg")
				assert.Contains(t, []string{"write", "fsync"}, b.Syscall)
			case strings.HasSuffix(string(b.Comm.Bytes()), "+"+filepath.Base(device)) || strings.Contains(fmt.Sprint(b.Stack), "loop_process_work"):
				workers++
				assert.True(t, b.Kernel())
				assert.Equal(t, "frozen-filesystem", b.Cause, "%s", b)
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

// absentKinds says which kinds of D this kernel could make and no test does.
func absentKinds(t *testing.T) (kinds []string) {
	t.Helper()
	for _, kind := range []struct{ name, file string }{
		{"nfs", "/proc/filesystems"}, {"nfs4", "/proc/filesystems"}, {"9p", "/proc/filesystems"}, {"device-mapper", "/proc/devices"}, {"nbd", "/proc/devices"},
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
