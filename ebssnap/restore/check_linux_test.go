//go:build linux && !opskit_portable

package restore_test

import (
	"bytes"
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
	"github.com/opskit-go/opskit/ebssnap/restore"
	"github.com/opskit-go/opskit/internal/lab"
)

// image makes a filesystem with one file in it, and returns the path of its image.
func image(t *testing.T, fstype string) string {
	t.Helper()
	fs := lab.LoopFS(t, fstype, 64)
	require.NoError(t, os.WriteFile(filepath.Join(fs.Dir, "orders"), []byte("7\n"), 0o600))
	fs.Unmount()
	settled(t, fs.Image)
	return fs.Image
}

// settled waits until no loop device has the image any more.
func settled(t *testing.T, image string) {
	t.Helper()
	lab.Eventually(t, 5*time.Second, "loop device lets go", func() bool {
		out, err := exec.Command("losetup", "-j", image).Output()
		return err == nil && len(out) == 0
	})
}

func mounts(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	return string(text)
}

func TestCheckMountsReadOnlyAndUnmounts(t *testing.T) {
	lab.Need(t, "root")
	for _, fstype := range []string{"ext4", "xfs", "btrfs"} {
		for _, replay := range []bool{false, true} {
			name := fstype
			if replay {
				name += " with its log"
			}
			t.Run(name, func(t *testing.T) {
				source, directory := image(t, fstype), t.TempDir()
				before, err := os.ReadFile(source)
				require.NoError(t, err)
				result, err := restore.Check(t.Context(), restore.Copy{Source: source, Replay: replay, Directory: directory}, func(_ context.Context, dir string) error {
					text, err := os.ReadFile(filepath.Join(dir, "orders"))
					assert.Equal(t, "7\n", string(text))
					assert.ErrorIs(t, os.WriteFile(filepath.Join(dir, "new"), nil, 0o600), syscall.EROFS)
					info, statErr := os.Stat(filepath.Dir(dir))
					require.NoError(t, statErr)
					assert.Equal(t, os.FileMode(0o700), info.Mode().Perm())
					return err
				})
				require.NoError(t, err)
				assert.Equal(t, restore.VerdictHolds, result.Verdict)
				assert.True(t, result.Evidence.Unmounted)
				assert.Equal(t, fstype, result.Evidence.Filesystem.Type)
				assert.NotContains(t, mounts(t), directory)
				left, err := os.ReadDir(directory)
				require.NoError(t, err)
				assert.Empty(t, left)
				settled(t, source)
				if !replay {
					after, err := os.ReadFile(source)
					require.NoError(t, err)
					assert.True(t, bytes.Equal(before, after), "a byte of the copy was written")
				}
			})
		}
	}
}

func TestCheckUnmountsWhateverTheInvariantDoes(t *testing.T) {
	lab.Need(t, "root")
	source := image(t, "ext4")
	check := func(ctx context.Context, invariant restore.Invariant) (*restore.Result, error) {
		directory := t.TempDir()
		defer func() {
			assert.NotContains(t, mounts(t), directory)
			settled(t, source)
		}()
		return restore.Check(ctx, restore.Copy{Source: source, Directory: directory}, invariant)
	}
	result, err := check(t.Context(), func(context.Context, string) error { return errors.New("order 7 has no lines") })
	require.NoError(t, err, "the question was answered")
	assert.Equal(t, restore.VerdictBroken, result.Verdict)
	assert.Equal(t, "order 7 has no lines", result.Reason)

	assert.PanicsWithValue(t, "oops", func() { _, _ = check(t.Context(), func(context.Context, string) error { panic("oops") }) })

	ctx, cancel := context.WithCancel(t.Context())
	result, err = check(ctx, func(ctx context.Context, _ string) error {
		cancel()
		return ctx.Err()
	})
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, restore.VerdictUnknown, result.Verdict, "an invariant that was interrupted has found nothing")
	assert.True(t, result.Evidence.Unmounted)
}

func TestCheckWaitsForWhatStaysOpen(t *testing.T) {
	lab.Need(t, "root")
	source := image(t, "ext4")
	result, err := restore.Check(t.Context(), restore.Copy{Source: source}, func(_ context.Context, dir string) error {
		file, err := os.Open(filepath.Join(dir, "orders"))
		if err == nil {
			time.AfterFunc(200*time.Millisecond, func() { file.Close() })
		}
		return err
	})
	require.NoError(t, err)
	assert.True(t, result.Evidence.Unmounted)

	var open *os.File
	result, err = restore.Check(t.Context(), restore.Copy{Source: source}, func(_ context.Context, dir string) error {
		var err error
		open, err = os.Open(filepath.Join(dir, "orders"))
		return err
	})
	require.ErrorIs(t, err, restore.ErrStillMounted)
	assert.False(t, result.Evidence.Unmounted)
	require.NoError(t, open.Close())
	settled(t, source)
}

func TestCheckRefusals(t *testing.T) {
	lab.Need(t, "root", "ext4", "btrfs", "program:mount")
	never := func(context.Context, string) error {
		t.Error("the invariant ran")
		return nil
	}
	live := lab.LoopFS(t, "ext4", 64)
	twin := lab.LoopFS(t, "btrfs", 128)
	clone := filepath.Join(t.TempDir(), "clone")
	require.NoError(t, exec.Command("cp", twin.Image, clone).Run())
	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, make([]byte, 1<<20), 0o600))
	tests := []struct {
		name, source string
		err          error
	}{
		{"missing", filepath.Join(live.Dir, "missing"), os.ErrNotExist},
		{"directory", live.Dir, restore.ErrUsage},
		{"no filesystem", empty, restore.ErrUnknownFilesystem},
		{"the mounted original", live.Device, restore.ErrInUse},
		{"the image of the mounted original", live.Image, restore.ErrInUse},
		{"a btrfs with the ID of a mounted one", clone, restore.ErrSameFilesystem},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			result, err := restore.Check(t.Context(), restore.Copy{Source: test.source}, never)
			require.ErrorIs(t, err, test.err)
			var typed *opskit.Error
			require.ErrorAs(t, err, &typed)
			assert.Equal(t, test.source, typed.Target)
			assert.Equal(t, restore.VerdictUnknown, result.Verdict)
		})
	}
}

func TestDamagedCopyIsUnmountable(t *testing.T) {
	lab.Need(t, "root", "ext4")
	source := image(t, "ext4")
	file, err := os.OpenFile(source, os.O_RDWR, 0)
	require.NoError(t, err)
	_, err = file.WriteAt([]byte(strings.Repeat("\xff", 64)), 1024+0x4) // the number of blocks, ...
	require.NoError(t, err)
	_, err = file.WriteAt([]byte{0x53, 0xEF}, 1024+56) // ... but the magic is there
	require.NoError(t, err)
	require.NoError(t, file.Close())
	result, err := restore.Check(t.Context(), restore.Copy{Source: source}, func(context.Context, string) error { return nil })
	require.NoError(t, err)
	assert.Equal(t, restore.VerdictUnmountable, result.Verdict, result.Reason)
}

// The other program is blkid: it reads the same IDs off real filesystems.
func TestIdentifyAgreesWithBlkid(t *testing.T) {
	lab.Need(t, "root")
	for _, fstype := range []string{"ext4", "xfs", "btrfs"} {
		source := image(t, fstype)
		out, err := exec.Command("blkid", "-p", "-o", "value", "-s", "UUID", source).Output()
		require.NoError(t, err)
		result, err := restore.Check(t.Context(), restore.Copy{Source: source}, func(context.Context, string) error { return nil })
		require.NoError(t, err)
		assert.Equal(t, strings.TrimSpace(string(out)), result.Evidence.Filesystem.ID)
	}
}
