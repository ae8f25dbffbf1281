//go:build linux && !opskit_portable

package ebssnap_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/internal/lab"
)

func filesystems() []string { return []string{"ext4", "xfs", "btrfs"} }

// writable reports whether a write to dir gets through, from a process that is never waited for
// while it hangs.
func writable(t *testing.T, dir string) bool {
	t.Helper()
	probe := exec.Command("touch", filepath.Join(dir, "probe"))
	require.NoError(t, probe.Start())
	done := make(chan error, 1)
	go func() { done <- probe.Wait() }()
	t.Cleanup(func() {
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			t.Errorf("%s is frozen at the end of the test", dir)
			assert.NoError(t, exec.Command("fsfreeze", "-u", dir).Run())
			<-done
		}
	})
	for range 30 { // on a busy host it may not have come to its write yet
		select {
		case err := <-done:
			done <- err
			return err == nil
		case <-time.After(300 * time.Millisecond):
		}
		if sleeping(probe.Process.Pid) {
			return false
		}
	}
	return false
}

// guarded is a freezer of one filesystem with a guard from there, or "none".
func guarded(from, mount string) *ebssnap.FS {
	f := &ebssnap.FS{Mounts: []string{mount}, NoGuard: from == "none"}
	if strings.HasPrefix(from, "/") {
		f.GuardDirectory = from
	}
	return f
}

func TestFreezesRealFilesystems(t *testing.T) {
	lab.Need(t, "root")
	for _, fstype := range filesystems() {
		for _, choice := range []string{"memfd", "/dev/shm", "none"} {
			t.Run(fstype+" guard "+choice, func(t *testing.T) {
				fs := lab.LoopFS(t, fstype, 64)
				freezer := guarded(choice, fs.Dir)
				_, err := ebssnap.Hold(t.Context(), freezer, 10*time.Second, func(context.Context) error {
					assert.False(t, writable(t, fs.Dir), "a write must block")
					return nil
				})
				require.NoError(t, err)
				assert.True(t, writable(t, fs.Dir))
				assert.False(t, fs.Thaw(), "nothing is left to thaw")
			})
		}
	}
}

func TestConsistentOnRealFilesystems(t *testing.T) {
	lab.Need(t, "root")
	for _, fstype := range filesystems() {
		t.Run(fstype, func(t *testing.T) {
			fs := lab.LoopFS(t, fstype, 64)
			result, err := ebssnap.Consistent(t.Context(), volume(&ebssnaptest.Cloud{}), &ebssnap.FS{Mounts: []string{fs.Dir}}, 10*time.Second)
			require.NoError(t, err)
			assert.Equal(t, ebssnap.VerdictConsistent, result.Verdict)
			assert.Equal(t, []string{fs.Dir}, result.Evidence.Mounts)
			assert.False(t, fs.Thaw())
			for _, gap := range result.Gaps() {
				assert.NotContains(t, gap.What, "another program")
			}
		})
	}
}

// TestBarRefusals: every refusal is typed, names what it is about, and comes before anything is
// stopped. What the cloud refuses is in ec2snap.
func TestBarRefusals(t *testing.T) {
	lab.Need(t, "root", "program:fsfreeze")
	fs := lab.LoopFS(t, "ext4", 64)
	inside := filepath.Join(fs.Dir, "inside")
	require.NoError(t, os.Mkdir(inside, 0o755))
	file := filepath.Join(fs.Dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	tmpfs, overlay := t.TempDir(), t.TempDir()
	require.NoError(t, syscall.Mount("opskit", tmpfs, "tmpfs", 0, ""))
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(tmpfs, 0)) })
	for _, dir := range []string{"lower", "upper", "work"} {
		require.NoError(t, os.Mkdir(filepath.Join(tmpfs, dir), 0o755))
	}
	options := "lowerdir=" + tmpfs + "/lower,upperdir=" + tmpfs + "/upper,workdir=" + tmpfs + "/work"
	require.NoError(t, syscall.Mount("overlay", overlay, "overlay", 0, options))
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(overlay, 0)) })
	tests := []struct {
		name, path string
		err        error
	}{
		{"missing", filepath.Join(fs.Dir, "missing"), ebssnap.ErrNotMountPoint},
		{"file", file, ebssnap.ErrNotMountPoint},
		{"directory inside a mount", inside, ebssnap.ErrNotMountPoint},
		{"directory that nothing is mounted on", t.TempDir(), ebssnap.ErrNotMountPoint},
		{"tmpfs", tmpfs, ebssnap.ErrNotFreezable},
		{"overlay", overlay, ebssnap.ErrNotFreezable},
		{"proc", "/proc", ebssnap.ErrNotFreezable},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cloud := &ebssnaptest.Cloud{}
			result, err := ebssnap.Consistent(t.Context(), volume(cloud), &ebssnap.FS{Mounts: []string{fs.Dir, test.path}}, time.Second)
			require.ErrorIs(t, err, test.err)
			var typed *opskit.Error
			require.ErrorAs(t, err, &typed)
			assert.Equal(t, test.path, typed.Target)
			assert.Equal(t, ebssnap.VerdictNone, result.Verdict)
			assert.Equal(t, []string{"dry run"}, cloud.Calls(), "no snapshot was asked for")
			assert.Zero(t, result.Timing.Stopped)
			assert.False(t, fs.Thaw())
		})
	}
	t.Run("foreign freeze", func(t *testing.T) {
		other := lab.LoopFS(t, "xfs", 64)
		require.NoError(t, exec.Command("fsfreeze", "-f", other.Dir).Run())
		timing, err := ebssnap.Hold(t.Context(), &ebssnap.FS{Mounts: []string{fs.Dir, other.Dir}}, time.Second, func(context.Context) error { return nil })
		require.ErrorIs(t, err, ebssnap.ErrAlreadyFrozen)
		assert.Zero(t, timing.Stopped)
		assert.False(t, fs.Thaw())
		assert.True(t, other.Thaw(), "still frozen")
	})
	t.Run("unprivileged", func(t *testing.T) { asNobody(t, "TestUnprivileged") })
	t.Run("denied by the cloud", func(t *testing.T) {
		denied := errors.Join(ebssnap.ErrDenied, ebssnap.ErrNotCreated)
		freezer := &ebssnaptest.Freezer{}
		_, err := ebssnap.Consistent(t.Context(), volume(refusingCloud{&ebssnaptest.Cloud{}, denied}), freezer, time.Second)
		require.ErrorIs(t, err, ebssnap.ErrDenied)
		assert.Empty(t, freezer.Intervals())
	})
	lab.Bar(t, "refusals", "%d kinds, typed, before anything is stopped", len(tests)+3)
}

// refusingCloud fails its DryRun.
type refusingCloud struct {
	*ebssnaptest.Cloud

	err error
}

func (c refusingCloud) Create(context.Context, ebssnap.Request) ([]ebssnap.Snapshot, error) {
	return nil, c.err
}

func TestForeignFreezeIsLeftAlone(t *testing.T) {
	lab.Need(t, "root", "program:fsfreeze")
	for _, fstype := range filesystems() {
		t.Run(fstype, func(t *testing.T) {
			fs := lab.LoopFS(t, fstype, 64)
			require.NoError(t, exec.Command("fsfreeze", "-f", fs.Dir).Run())
			_, err := ebssnap.Hold(t.Context(), &ebssnap.FS{Mounts: []string{fs.Dir}}, time.Second, func(context.Context) error {
				t.Error("work ran")
				return nil
			})
			require.ErrorIs(t, err, ebssnap.ErrAlreadyFrozen)
			require.NoError(t, exec.Command("fsfreeze", "-u", fs.Dir).Run(), "it was still frozen")
		})
	}
}

func TestForeignThawIsSeen(t *testing.T) {
	lab.Need(t, "root", "program:fsfreeze")
	for _, fstype := range filesystems() {
		for _, again := range []bool{false, true} {
			name := fstype + " thawed"
			if again {
				name += " and frozen again"
			}
			t.Run(name, func(t *testing.T) {
				fs := lab.LoopFS(t, fstype, 64)
				_, err := ebssnap.Hold(t.Context(), &ebssnap.FS{Mounts: []string{fs.Dir}}, 5*time.Second, func(context.Context) error {
					require.NoError(t, exec.Command("fsfreeze", "-u", fs.Dir).Run())
					if again {
						require.NoError(t, exec.Command("fsfreeze", "-f", fs.Dir).Run())
					}
					return nil
				})
				require.ErrorIs(t, err, ebssnap.ErrThawedEarly)
				assert.Equal(t, again, fs.Thaw(), "the freeze of another program is left as it is, and nothing else is frozen")
			})
		}
	}
}

func TestSeveralFilesystemsAreAllOrNothing(t *testing.T) {
	lab.Need(t, "root", "program:fsfreeze")
	one, two := lab.LoopFS(t, "ext4", 64), lab.LoopFS(t, "btrfs", 64)
	both := &ebssnap.FS{Mounts: []string{one.Dir, two.Dir, one.Dir}}
	_, err := ebssnap.Hold(t.Context(), both, 5*time.Second, func(context.Context) error {
		assert.False(t, writable(t, one.Dir))
		assert.False(t, writable(t, two.Dir))
		return nil
	})
	require.NoError(t, err)

	require.NoError(t, exec.Command("fsfreeze", "-f", one.Dir).Run())
	timing, err := ebssnap.Hold(t.Context(), both, 5*time.Second, func(context.Context) error { return nil })
	require.ErrorIs(t, err, ebssnap.ErrAlreadyFrozen)
	assert.Zero(t, timing.Stopped, "seen before anything was stopped")
	assert.False(t, two.Thaw())
	assert.True(t, one.Thaw())
}

func TestFilesystemInsideAnother(t *testing.T) {
	lab.Need(t, "root", "loop", "ext4")
	outer := lab.LoopFS(t, "ext4", 128)
	image, dir := filepath.Join(outer.Dir, "image"), t.TempDir()
	require.NoError(t, os.WriteFile(image, nil, 0o600))
	require.NoError(t, os.Truncate(image, 32<<20))
	require.NoError(t, exec.Command("mkfs.ext4", "-q", image).Run())
	require.NoError(t, exec.Command("mount", "-o", "loop", image, dir).Run())
	t.Cleanup(func() { assert.NoError(t, exec.Command("umount", dir).Run()) })
	require.NoError(t, os.WriteFile(filepath.Join(dir, "dirty"), make([]byte, 8<<20), 0o600))
	timing, err := ebssnap.Hold(t.Context(), &ebssnap.FS{Mounts: []string{dir, outer.Dir}}, 5*time.Second, func(context.Context) error { return nil })
	require.NoError(t, err)
	assert.Less(t, timing.Stopped, 2*time.Second)
}

func TestLazyUnmountWhileFrozen(t *testing.T) {
	lab.Need(t, "root")
	fs := lab.LoopFS(t, "ext4", 64)
	again := t.TempDir()
	_, err := ebssnap.Hold(t.Context(), &ebssnap.FS{Mounts: []string{fs.Dir}}, 5*time.Second, func(context.Context) error {
		return syscall.Unmount(fs.Dir, syscall.MNT_DETACH)
	})
	require.NoError(t, err)
	_ = exec.Command("mount", fs.Device, again).Run() // the loop device may already be gone
	assert.NotContains(t, mountsText(t), fs.Dir)
	if err := syscall.Unmount(again, 0); err != nil {
		require.ErrorIs(t, err, syscall.EINVAL)
	}
}

func mountsText(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	return string(text)
}

func TestFreezeOnItsOwnNeedsADeadline(t *testing.T) {
	lab.Need(t, "root")
	fs := lab.LoopFS(t, "ext4", 64)
	freezer := &ebssnap.FS{Mounts: []string{fs.Dir}}
	_, err := freezer.Freeze(context.Background())
	require.ErrorIs(t, err, ebssnap.ErrUsage)

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	thawer, err := freezer.Freeze(ctx)
	require.NoError(t, err)
	<-ctx.Done()
	lab.Eventually(t, 10*time.Second, "thaw at the deadline without a call", func() bool { return writable(t, fs.Dir) })
	_ = thawer.Thaw() // an answer about the past; what counts is that nothing is frozen
	assert.False(t, fs.Thaw())
}

func TestUnprivileged(t *testing.T) {
	if os.Geteuid() == 0 {
		lab.Need(t, "program:fsfreeze")
		asNobody(t, "TestUnprivileged")
		return
	}
	dir := os.Getenv("OPSKIT_TEST_MOUNT")
	if dir == "" {
		dir = mountedFilesystem(t)
	}
	cloud := &ebssnaptest.Cloud{}
	_, err := ebssnap.Consistent(t.Context(), volume(cloud), &ebssnap.FS{Mounts: []string{dir}}, time.Second)
	require.ErrorIs(t, err, ebssnap.ErrPermission)
	assert.Equal(t, []string{"dry run"}, cloud.Calls())
	assert.False(t, ebssnap.Preflight(t.Context())[0].OK)
}

// mountedFilesystem returns a mount point that could be frozen by somebody who may.
func mountedFilesystem(t *testing.T) string {
	t.Helper()
	for _, dir := range []string{"/", "/boot", "/home", "/var"} {
		var stat syscall.Statfs_t
		if syscall.Statfs(dir, &stat) == nil {
			switch stat.Type {
			case 0xEF53, 0x58465342, 0x9123683E:
				return dir
			}
		}
	}
	t.Skip("no mounted ext4, xfs or btrfs to be refused")
	return ""
}

// asNobody runs one test of this binary as an ordinary user.
func asNobody(t *testing.T, name string) {
	t.Helper()
	fs := lab.LoopFS(t, "ext4", 64)
	binary := filepath.Join(filepath.Dir(fs.Dir), "test")
	text, err := os.ReadFile("/proc/self/exe")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(binary, text, 0o755))
	require.NoError(t, os.Chmod(filepath.Dir(fs.Dir), 0o755))
	child := exec.Command(binary, "-test.run", "^"+name+"$", "-test.v")
	child.Dir = "/"
	child.Env = append(os.Environ(), "OPSKIT_TEST_MOUNT="+fs.Dir)
	child.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	output, err := child.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.Contains(t, string(output), "--- PASS: "+name)
}
