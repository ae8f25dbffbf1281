package lab

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/internal/mountinfo"
)

// Requests of linux/fs.h: _IOWR('X', 119, int) and _IOWR('X', 120, int).
const fithaw = 0xC0045878

// FS is a filesystem of one test on a loop device.
type FS struct {
	Dir    string // where it is mounted
	Image  string // the file behind it
	Device string // the loop device
	Type   string // ext4, xfs or btrfs

	t testing.TB
}

// LoopFS makes and mounts a filesystem of the given type in an image of sizeMiB
// MiB (raised to what mkfs demands). When the test ends it is thawed if frozen,
// unmounted and removed.
func LoopFS(t testing.TB, fstype string, sizeMiB int) *FS {
	t.Helper()
	Need(t, "loop", fstype)
	sweepMounts()
	smallest := map[string]int{"ext4": 8, "xfs": 320, "btrfs": 128}[fstype]
	base, err := os.MkdirTemp("", newName()+"-fs-")
	if err != nil {
		t.Fatalf("lab: %v", err)
	}
	fs := &FS{Dir: filepath.Join(base, "mnt"), Image: filepath.Join(base, "image"), Type: fstype, t: t}
	t.Cleanup(func() {
		if err := os.RemoveAll(base); err != nil {
			t.Errorf("lab: %v", err)
		}
	})
	if err := os.Mkdir(fs.Dir, 0o755); err != nil {
		t.Fatalf("lab: %v", err)
	}
	if err := os.WriteFile(fs.Image, nil, 0o600); err != nil {
		t.Fatalf("lab: %v", err)
	}
	if err := os.Truncate(fs.Image, int64(max(sizeMiB, smallest))<<20); err != nil {
		t.Fatalf("lab: %v", err)
	}
	run(t, "mkfs."+fstype, "-q", fs.Image)
	run(t, "mount", "-o", "loop", fs.Image, fs.Dir)
	t.Cleanup(fs.Unmount)
	fs.Device = strings.TrimSpace(run(t, "findmnt", "-n", "-o", "SOURCE", fs.Dir))
	return fs
}

// Thaw undoes a freeze of the filesystem, whoever made it, and reports whether
// it was frozen.
func (fs *FS) Thaw() bool { return thaw(fs.Dir) }

// Unmount thaws and unmounts the filesystem; a second call does nothing.
func (fs *FS) Unmount() { Unmount(fs.t, fs.Dir) }

// Unmount thaws and unmounts what is mounted there, which another program of the
// machine may use for a moment: a process that starts looks at all mounts.
func Unmount(t testing.TB, dir string) {
	t.Helper()
	if !mounted(dir) {
		return
	}
	thaw(dir)
	deadline := time.Now().Add(20 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := unix.Unmount(dir, 0)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("lab: unmount %s: %v (detached instead)", dir, err)
			_ = unix.Unmount(dir, unix.MNT_DETACH)
			return
		}
		<-tick.C
	}
}

func thaw(dir string) bool {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	return unix.IoctlSetInt(fd, fithaw, 0) == nil
}

func mounted(dir string) bool {
	return slices.Contains(mountPoints(), dir)
}

func mountPoints() []string {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	list, _ := mountinfo.Parse(text) // all that can be read; the lab's own names are plain
	var points []string
	for _, mount := range list {
		points = append(points, mount.Point)
	}
	return points
}

// sweepMounts removes what tests that were killed left mounted.
func sweepMounts() {
	for _, point := range mountPoints() {
		base := filepath.Dir(point)
		if filepath.Dir(base) != filepath.Clean(os.TempDir()) || !abandoned(base) {
			continue
		}
		thaw(point)
		if exec.Command("umount", point).Run() == nil {
			_ = os.RemoveAll(base)
		}
	}
}
