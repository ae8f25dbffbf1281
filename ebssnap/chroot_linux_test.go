//go:build linux && !opskit_portable

package ebssnap_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/internal/lab"
)

const envChroot = "OPSKIT_TEST_CHROOT"

// TestChrootChild takes a snapshot of the filesystem that is its root; it is what TestBarFrozenRoot
// starts.
func TestChrootChild(*testing.T) {
	if os.Getenv(envChroot) == "" {
		return
	}
	if os.Getenv(envChroot) == "cold" {
		if err := os.WriteFile("/proc/sys/vm/drop_caches", []byte("3\n"), 0); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	cloud := &ebssnaptest.Cloud{Latency: 20 * time.Millisecond}
	result, err := ebssnap.Consistent(context.Background(), volume(cloud), &ebssnap.FS{Mounts: []string{"/"}}, 20*time.Second)
	fmt.Println(result, err)
	if err != nil || result.Verdict != ebssnap.VerdictConsistent {
		os.Exit(1)
	}
	os.Exit(0)
}

// copyInto copies a file to where a program whose root is dir finds it.
func copyInto(t *testing.T, dir, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(to)), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, to), text, 0o755))
}

// TestBarFrozenRoot runs the whole scenario from a root filesystem that is frozen: the program, its
// guard and all they read lie on it.
func TestBarFrozenRoot(t *testing.T) {
	lab.Need(t, "root", "program:mount")
	rounds, caches := 50, "cold"
	switch lab.Bars() {
	case lab.Small:
		rounds, caches = 1, "warm" // the caches are everybody's on this host
	case lab.CI:
		rounds = 10
	}
	fs := lab.LoopFS(t, "ext4", 256)
	require.NoError(t, syscall.Mount("", fs.Dir, "", syscall.MS_REMOUNT|syscall.MS_STRICTATIME, ""))
	copyInto(t, fs.Dir, "/proc/self/exe", "/test")
	libraries, _ := exec.Command("ldd", os.Args[0]).Output() // fails, with nothing to copy, on a static program
	for word := range strings.FieldsSeq(string(libraries)) {
		if strings.HasPrefix(word, "/") {
			copyInto(t, fs.Dir, word, word)
		}
	}
	for _, dir := range []string{"proc", "dev/shm", "tmp", "run"} {
		require.NoError(t, os.MkdirAll(filepath.Join(fs.Dir, dir), 0o755))
	}
	for fstype, dir := range map[string]string{"proc": "proc", "tmpfs": "dev/shm"} {
		at := filepath.Join(fs.Dir, dir)
		require.NoError(t, syscall.Mount("opskit", at, fstype, 0, ""))
		t.Cleanup(func() { require.NoError(t, syscall.Unmount(at, 0)) })
	}
	passed := 0
	for range rounds {
		ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
		child := exec.CommandContext(ctx, "/test", "-test.run=^TestChrootChild$")
		child.Env = []string{envChroot + "=" + caches}
		child.Dir = "/"
		child.SysProcAttr = &syscall.SysProcAttr{Chroot: fs.Dir}
		output, err := child.CombinedOutput()
		cancel()
		require.NoError(t, err, "%s", output)
		require.False(t, fs.Thaw(), "left frozen")
		passed++
	}
	lab.Bar(t, "frozen root", "%d of %d", passed, rounds)
}
