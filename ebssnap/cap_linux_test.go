//go:build linux && !opskit_portable

package ebssnap_test

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/internal/lab"
)

// TestFileCapability: a program of an ordinary user that setcap(8) gave cap_sys_admin+ep may
// freeze, and so may its guard, which has no file to carry the capability.
func TestFileCapability(t *testing.T) {
	if os.Geteuid() == 0 {
		lab.Need(t, "root")
		withCapability(t, "TestFileCapability")
		return
	}
	dir := os.Getenv("OPSKIT_TEST_MOUNT")
	if dir == "" {
		mountedFilesystem(t) // skips
		return
	}
	for _, choice := range []string{"memfd", "/dev/shm", "none"} {
		var err error
		for range 5 { // on a busy host a guard without CAP_SYS_NICE may come too late, and says so
			_, err = ebssnap.Hold(t.Context(), guarded(choice, dir), 5*time.Second, func(context.Context) error { return nil })
			if !errors.Is(err, ebssnap.ErrThawedEarly) {
				break
			}
		}
		assert.NoError(t, err, choice)
	}
}

// withCapability runs one test of this binary as an ordinary user, the binary having the file
// capability cap_sys_admin+ep.
func withCapability(t *testing.T, name string) {
	t.Helper()
	fs := lab.LoopFS(t, "ext4", 64)
	home := lab.LoopFS(t, "ext4", 128)
	binary := filepath.Join(home.Dir, "test")
	text, err := os.ReadFile("/proc/self/exe")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(binary, text, 0o755))
	require.NoError(t, unix.Setxattr(binary, "security.capability", fileCapability(unix.CAP_SYS_ADMIN), 0))
	for _, dir := range []string{fs.Dir, home.Dir} {
		require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	}
	child := exec.Command(binary, "-test.run", "^"+name+"$", "-test.v")
	child.Dir = "/"
	child.Env = append(os.Environ(), "OPSKIT_TEST_MOUNT="+fs.Dir)
	child.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	output, err := child.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.Contains(t, string(output), "--- PASS: "+name)
}

// fileCapability is struct vfs_cap_data of linux/capability.h, revision 2, with one capability
// permitted and effective.
func fileCapability(number int) []byte {
	text := make([]byte, 20)
	binary.LittleEndian.PutUint32(text, 0x02000000|1)
	binary.LittleEndian.PutUint32(text[4+number/32*8:], 1<<(number%32))
	return text
}
