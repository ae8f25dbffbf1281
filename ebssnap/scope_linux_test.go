//go:build linux && !opskit_portable

package ebssnap

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
)

func TestWhatIsMadeOfALoopDevice(t *testing.T) {
	sys := t.TempDir()
	for _, path := range []string{"loop7/holders/dm-0", "loop7/loop7p1", "loop7p1/holders/md1", "dm-0/holders/dm-2", "dm-2/holders", "md1", "loop8/holders/dm-9"} {
		require.NoError(t, os.MkdirAll(filepath.Join(sys, path), 0o755))
	}
	require.NoError(t, os.WriteFile(filepath.Join(sys, "loop7/loop7p1/partition"), []byte("1\n"), 0o600))
	assert.ElementsMatch(t, []string{"loop7", "loop7p1", "dm-0", "dm-2", "md1"}, stacked(sys, "loop7"))
}

// TestBarScope: before anything stops, Check names what else waits: other mounts of the filesystem,
// here and in another mount namespace, an image that is mounted from it, swap in it. The result does
// too, and says that the image's own filesystem was not frozen. A mount of a part is refused.
func TestBarScope(t *testing.T) {
	lab.Need(t, "root", "loop", "ext4")
	fs := lab.LoopFS(t, "ext4", 128)
	run := func(argv ...string) {
		t.Helper()
		out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
		require.NoError(t, err, "%v: %s", argv, out)
	}
	bind, inner := t.TempDir(), t.TempDir()
	part, image, swap := filepath.Join(fs.Dir, "part"), filepath.Join(fs.Dir, "image"), filepath.Join(fs.Dir, "swap")
	require.NoError(t, os.Mkdir(part, 0o755))
	run("mount", "--bind", part, bind)
	t.Cleanup(func() { run("umount", bind) })
	require.NoError(t, os.WriteFile(image, make([]byte, 16<<20), 0o600))
	run("mkfs.ext4", "-q", image)
	run("mount", "-o", "loop", image, inner)
	t.Cleanup(func() { run("umount", inner) })
	require.NoError(t, os.WriteFile(swap, make([]byte, 1<<20), 0o600))
	swapped := exec.Command("mkswap", swap).Run() == nil && exec.Command("swapon", swap).Run() == nil
	if swapped {
		t.Cleanup(func() { run("swapoff", swap) })
	}
	away := exec.Command("sh", "-c", "mount --bind \"$1\" \"$2\" && echo mounted && read end", "sh", fs.Dir, inner)
	away.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	input, err := away.StdinPipe()
	require.NoError(t, err)
	output, err := away.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, away.Start())
	defer func() { _ = away.Wait() }()
	defer input.Close()
	_, err = output.Read(make([]byte, 16))
	require.NoError(t, err)

	freezer := &FS{Mounts: []string{fs.Dir}}
	vol := Volume{Cloud: fakeCloud{func() {}}, IDs: []string{"vol-0a"}}
	report, err := Check(t.Context(), vol, freezer)
	require.NoError(t, err)
	result, err := Consistent(context.Background(), vol, freezer, 10*time.Second)
	require.NoError(t, err)
	told := []string{bind + " (its /part)", inner + " of process ", " on " + image}
	if swapped {
		told = append(told, "swap in "+swap)
	}
	for _, want := range told {
		assert.Contains(t, report.String(), want)
		assert.Contains(t, result.String(), want)
	}
	assert.Contains(t, result.String(), "whether the files of "+inner+" are consistent")

	freezer.Mounts = append(freezer.Mounts, inner)
	result, err = Consistent(context.Background(), vol, freezer, 10*time.Second)
	require.NoError(t, err)
	assert.NotContains(t, result.String(), "whether the files of", "it is frozen too")

	for whole, want := range map[bool]error{false: ErrNotMountPoint, true: nil} {
		_, err = Consistent(context.Background(), vol, &FS{Mounts: []string{bind}, Whole: whole}, 10*time.Second)
		require.ErrorIs(t, err, want)
	}
	lab.Bar(t, "scope", "%d things named by Check and by the result; a part is refused unless it is asked for", len(told))
}
