//go:build linux && !opskit_portable

package ebssnap_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/internal/lab"
)

// bind mounts from on to, and remounts it with flags.
func bind(t *testing.T, from, to string, flags uintptr) {
	t.Helper()
	require.NoError(t, syscall.Mount(from, to, "", syscall.MS_BIND, ""))
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(to, syscall.MNT_DETACH)) })
	if flags != 0 {
		require.NoError(t, syscall.Mount("", to, "", syscall.MS_REMOUNT|syscall.MS_BIND|flags, ""))
	}
}

// TestOneFilesystemUnderTwoNames: a second mount of a filesystem, read-only at that, freezes it as
// the first does.
func TestOneFilesystemUnderTwoNames(t *testing.T) {
	lab.Need(t, "root", "program:fsfreeze")
	for _, fstype := range filesystems() {
		t.Run(fstype, func(t *testing.T) {
			fs, other := lab.LoopFS(t, fstype, 64), t.TempDir()
			bind(t, fs.Dir, other, syscall.MS_RDONLY)
			result, err := ebssnap.Consistent(t.Context(), volume(&workingCloud{work: func() {
				assert.False(t, writable(t, fs.Dir))
				_, err := ebssnap.Hold(t.Context(), &ebssnap.FS{Mounts: []string{fs.Dir}}, time.Second, func(context.Context) error { return nil })
				assert.ErrorIs(t, err, ebssnap.ErrAlreadyFrozen, "the second of two programs is refused")
			}}), &ebssnap.FS{Mounts: []string{other, fs.Dir}}, 10*time.Second)
			require.NoError(t, err)
			assert.Equal(t, ebssnap.VerdictConsistent, result.Verdict)
			assert.Len(t, result.Gaps(), 1, "a read-only mount of a writable filesystem is watched as well: %v", result.Gaps())
			_, err = ebssnap.Hold(t.Context(), &ebssnap.FS{Mounts: []string{other}}, 5*time.Second, func(context.Context) error {
				return exec.Command("fsfreeze", "-u", fs.Dir).Run()
			})
			require.ErrorIs(t, err, ebssnap.ErrThawedEarly)
			assert.False(t, fs.Thaw())
		})
	}
}

// workingCloud works while it creates a snapshot.
type workingCloud struct {
	ebssnaptest.Cloud
	work func()
}

func (c *workingCloud) Create(ctx context.Context, r ebssnap.Request) ([]ebssnap.Snapshot, error) {
	if !r.DryRun {
		c.work()
	}
	return c.Cloud.Create(ctx, r)
}

func TestReadOnlyFilesystem(t *testing.T) {
	lab.Need(t, "root")
	fs := lab.LoopFS(t, "ext4", 64)
	require.NoError(t, syscall.Mount("", fs.Dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""))
	result, err := ebssnap.Consistent(t.Context(), volume(&ebssnaptest.Cloud{}), &ebssnap.FS{Mounts: []string{fs.Dir}}, 5*time.Second)
	require.NoError(t, err)
	assert.Contains(t, result.String(), "it is read-only")
	assert.False(t, fs.Thaw())
}

// TestOverlayAboveAFrozenFilesystem: what writes through an overlay sleeps as well, and wakes at
// the thaw.
func TestOverlayAboveAFrozenFilesystem(t *testing.T) {
	lab.Need(t, "root")
	fs, overlay := lab.LoopFS(t, "ext4", 64), t.TempDir()
	for _, dir := range []string{"lower", "upper", "work"} {
		require.NoError(t, os.Mkdir(filepath.Join(fs.Dir, dir), 0o755))
	}
	options := "lowerdir=" + fs.Dir + "/lower,upperdir=" + fs.Dir + "/upper,workdir=" + fs.Dir + "/work"
	require.NoError(t, syscall.Mount("overlay", overlay, "overlay", 0, options))
	t.Cleanup(func() { assert.NoError(t, syscall.Unmount(overlay, 0)) })
	_, err := ebssnap.Hold(t.Context(), &ebssnap.FS{Mounts: []string{fs.Dir}}, 5*time.Second, func(context.Context) error {
		assert.False(t, writable(t, overlay))
		return nil
	})
	require.NoError(t, err)
	assert.True(t, writable(t, overlay))
}

const envAutomount = "OPSKIT_TEST_AUTOMOUNT"

// TestAutomountDaemon is the daemon of TestAutomount: it mounts an automount on the second of two
// directories, and on the first look at it the first directory over it, see the kernel's
// Documentation/filesystems/autofs.rst.
func TestAutomountDaemon(*testing.T) {
	from, point, ok := strings.Cut(os.Getenv(envAutomount), ":")
	if !ok {
		return
	}
	check := func(err error) {
		if err != nil {
			fmt.Println("failed", err)
			os.Exit(1)
		}
	}
	reader, writer, err := os.Pipe()
	check(err)
	check(syscall.Mount("opskit", point, "autofs", 0, fmt.Sprintf("fd=%d,minproto=5,maxproto=5,direct", writer.Fd())))
	root, err := os.Open(point)
	check(err)
	fmt.Println("mounted")
	packet := make([]byte, 512)
	n, err := reader.Read(packet)
	check(err)
	token := binary.NativeEndian.Uint32(packet[8:min(n, 12)])
	check(syscall.Mount(from, point, "", syscall.MS_BIND, ""))
	check(unix.IoctlSetInt(int(root.Fd()), 0x9360 /* AUTOFS_IOC_READY */, int(token)))
	fmt.Println("automounted")
	<-make(chan struct{}) // an automount whose daemon is gone shows nothing any more
}

// TestAutomount: the filesystem behind an automount, as of x-systemd.automount in fstab, is mounted
// by the look at it, and is nowhere before.
func TestAutomount(t *testing.T) {
	lab.Need(t, "root", "autofs")
	fs, point := lab.LoopFS(t, "ext4", 64), t.TempDir()
	daemon := exec.Command(os.Args[0], "-test.run=^TestAutomountDaemon$")
	daemon.Env = append(os.Environ(), envAutomount+"="+fs.Dir+":"+point)
	daemon.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the kernel tells the daemon by its group
	stdout, err := daemon.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, daemon.Start())
	t.Cleanup(func() {
		assert.NoError(t, daemon.Process.Kill())
		_ = daemon.Wait()
		for syscall.Unmount(point, syscall.MNT_DETACH) == nil {
		}
	})
	lines := bufio.NewScanner(stdout)
	require.True(t, lines.Scan())
	require.Equal(t, "mounted", lines.Text())
	_, err = ebssnap.Hold(t.Context(), &ebssnap.FS{Mounts: []string{point}}, 5*time.Second, func(context.Context) error {
		assert.False(t, writable(t, fs.Dir), "it is the filesystem behind")
		return nil
	})
	require.NoError(t, err)
	require.True(t, lines.Scan())
	require.Equal(t, "automounted", lines.Text())
	assert.False(t, fs.Thaw())
}
