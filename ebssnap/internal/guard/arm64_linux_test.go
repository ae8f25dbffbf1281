//go:build linux && !opskit_portable

package guard

import (
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
)

// arm64Kernel returns the kernel of Debian's linux-image-arm64 and its directory of modules, from
// the directory in OPSKIT_ARM64_KERNEL that the package was unpacked to.
func arm64Kernel() (kernel, modules string, err error) {
	root := os.Getenv("OPSKIT_ARM64_KERNEL")
	if root == "" {
		return "", "", fmt.Errorf("OPSKIT_ARM64_KERNEL is not set")
	}
	kernels, _ := filepath.Glob(filepath.Join(root, "boot/vmlinuz-*-arm64"))
	directories, _ := filepath.Glob(filepath.Join(root, "lib/modules/*-arm64"))
	if len(kernels) != 1 || len(directories) != 1 {
		return "", "", fmt.Errorf("%s has %d kernels and %d directories of modules, want one of each", root, len(kernels), len(directories))
	}
	return kernels[0], directories[0], nil
}

// TestBarGuardOnArm64 runs the guard for arm64 on a kernel for arm64, in a machine that QEMU
// emulates: this test binary is its only program, see guest.
func TestBarGuardOnArm64(t *testing.T) {
	if lab.Bars() == lab.Small { // a machine takes longer than a second
		program, err := elf.Open("guard_arm64.bin")
		require.NoError(t, err)
		defer program.Close()
		require.Equal(t, elf.EM_AARCH64, program.Machine)
		lab.Bar(t, "guard on arm64", "it is a program for arm64")
		return
	}
	kernel, modules, err := arm64Kernel()
	lab.NeedIf(t, "arm64-kernel", err)
	qemu, err := lab.Program("qemu-system-aarch64")
	lab.NeedIf(t, "program:qemu-system-aarch64", err)
	lab.Need(t, "ext4")
	work := t.TempDir()
	image, guest, root := filepath.Join(work, "image"), filepath.Join(work, "guest"), filepath.Join(work, "root")
	build := exec.Command("go", "test", "-c", "-o", guest, ".")
	build.Env = append(os.Environ(), "GOARCH=arm64", "CGO_ENABLED=0")
	output, err := build.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.NoError(t, os.WriteFile(image, nil, 0o600))
	require.NoError(t, os.Truncate(image, 8<<20))
	require.NoError(t, exec.Command("mkfs.ext4", "-q", image).Run())

	var archive cpio
	archive.add(t, "init", guest)
	archive.add(t, "image", image)
	archive.add(t, "modules", "")
	for i, name := range []string{"lib/crc16.ko", "crypto/crc32c_generic.ko", "fs/mbcache.ko", "fs/jbd2/jbd2.ko", "fs/ext4/ext4.ko", "drivers/block/loop.ko"} {
		archive.add(t, fmt.Sprintf("modules/%d", i), filepath.Join(modules, "kernel", name))
	}
	archive.add(t, "TRAILER!!!", "")
	require.NoError(t, os.WriteFile(root, archive.Bytes(), 0o600))

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	began := time.Now()
	output, err = exec.CommandContext(ctx, qemu, "-machine", "virt", "-cpu", "cortex-a57", "-smp", "2", "-m", "256", "-nographic", "-nic", "none", "-no-reboot",
		"-kernel", kernel, "-initrd", root, "-append", "console=ttyAMA0 quiet panic=-1").CombinedOutput()
	require.NoError(t, err, "%s", output)
	took := time.Since(began)

	var worst time.Duration
	for cause, want := range map[string]By{"thaw": ByOwner, "exit": ByDeath, "kill": ByDeath, "dump": ByDeath, "stop": ByDeadline} {
		_, line, _ := strings.Cut(string(output), "guest: "+cause+" ")
		var state State
		var by By
		var late time.Duration
		_, err := fmt.Sscan(line, &state, &by, &late)
		require.NoError(t, err, "%s", output)
		assert.Equal(t, Thawed, state, cause)
		assert.Equal(t, want, by, cause)
		assert.Less(t, late, time.Second, cause) // of an emulated processor
		worst = max(worst, late)
	}
	assert.Contains(t, string(output), "guest: done <nil>")
	lab.BarTiming(t, "guard on arm64", "thaw, exit, kill, core dump and stop on an emulated machine: all thawed, at most %.1f ms late; %.1f s", float64(worst)/1e6, took.Seconds())
}

// cpio is an archive of the kind that a kernel unpacks as its first root, see the kernel's
// Documentation/driver-api/early-userspace/buffer-format.rst.
type cpio struct{ bytes.Buffer }

// add adds a file, or without path a directory.
func (c *cpio) add(t *testing.T, name, path string) {
	t.Helper()
	mode, text := 0o40755, []byte(nil)
	if path != "" {
		var err error
		text, err = os.ReadFile(path)
		require.NoError(t, err)
		mode = 0o100755
	}
	fields := []int{0, mode, 0, 0, 1, 0, len(text), 0, 0, 0, 0, len(name) + 1, 0}
	c.WriteString("070701")
	for _, field := range fields {
		fmt.Fprintf(c, "%08X", field)
	}
	c.WriteString(name + "\x00")
	c.Write(make([]byte, -c.Len()&3))
	c.Write(text)
	c.Write(make([]byte, -c.Len()&3))
}
