//go:build linux && !opskit_portable

package ipsec_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/conf"
)

// The file with the key is narrow before its first byte, with any umask: the
// kernel's record of the calls shows it.
func TestSecretsAreNarrowFromTheStart(t *testing.T) {
	const env = "OPSKIT_IPSEC_WRITE"
	if dir := os.Getenv(env); dir != "" {
		syscall.Umask(0)
		files, err := blogTunnel(conf.DialectLibreswan).Render(ipsec.SideA)
		require.NoError(t, err)
		root, err := os.OpenRoot(dir)
		require.NoError(t, err)
		defer root.Close()
		require.NoError(t, files.WriteTo(root))
		return
	}
	lab.Need(t, "program:strace")
	strace, err := lab.Program("strace")
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	record := filepath.Join(t.TempDir(), "record")
	cmd := exec.CommandContext(t.Context(), strace, "-f", "-o", record, "-e", "trace=openat", self, "-test.run", "^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), env+"="+t.TempDir())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	text, err := os.ReadFile(record)
	require.NoError(t, err)
	assert.Regexp(t, `"\.ipsec\.secrets\.[0-9a-f]+", [A-Z_|]*O_CREAT\|O_EXCL[A-Z_|]*, 0600\)`, string(text))
	assert.NotRegexp(t, `"[^"]*ipsec\.secrets[^"]*", [A-Z_|]*O_CREAT[A-Z_|]*, 0[0-7]*[1-7][0-7]?\)`, string(text))
}
