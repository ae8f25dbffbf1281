//go:build linux && !opskit_portable

package ebssnap_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
)

// dump is where the kernel writes the core dump of a child to.
type dump int

const (
	dumpsNothing dump = iota
	dumpsFile         // on the frozen filesystem
	dumpsPipe         // into a program that writes to the frozen filesystem
)

func (d dump) String() string {
	return map[dump]string{dumpsFile: " to the frozen filesystem", dumpsPipe: " into a program that writes to the frozen filesystem"}[d]
}

// prepare lets child dump core to fs. The pattern of core dumps is that of the whole host: it is
// changed for this child only, and restored by a process of its own should this one be killed.
func (d dump) prepare(t *testing.T, child *exec.Cmd, fs *lab.FS) {
	t.Helper()
	pattern := filepath.Join(fs.Dir, "core")
	switch d {
	case dumpsNothing:
		return
	case dumpsPipe:
		helper := filepath.Join(filepath.Dir(fs.Dir), "dump") // the kernel keeps 127 bytes of a pattern
		require.NoError(t, os.WriteFile(helper, []byte("#!/bin/sh\nhead -c 1000000 >\"$1\"\n"), 0o755))
		pattern = "|" + helper + " " + pattern
	case dumpsFile:
	}
	const file = "/proc/sys/kernel/core_pattern"
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	restore := exec.Command("sh", "-c", `cat; printf '%s\n' "$0" >`+file, strings.TrimSuffix(string(before), "\n"))
	restore.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	stdin, err := restore.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, restore.Start())
	t.Cleanup(func() {
		assert.NoError(t, stdin.Close())
		assert.NoError(t, restore.Wait())
		after, err := os.ReadFile(file)
		assert.NoError(t, err)
		assert.Equal(t, string(before), string(after))
		lab.Eventually(t, 10*time.Second, "the dump to be there", func() bool {
			cores, _ := filepath.Glob(filepath.Join(fs.Dir, "core*")) // kernel.core_uses_pid adds to the name
			return len(cores) == 1 && os.Remove(cores[0]) == nil
		})
	})
	require.NoError(t, os.WriteFile(file, []byte(pattern+"\n"), 0))
	child.Env = append(child.Env, "GOTRACEBACK=crash")
}
