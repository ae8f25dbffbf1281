//go:build !opskit_portable

package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
	"github.com/opskit-go/opskit/internal/lab"
)

func TestRealFilesystem(t *testing.T) {
	lab.Need(t, "root")
	fs := lab.LoopFS(t, "xfs", 320)
	server, args := world(t)
	for i, arg := range args {
		if arg == "/data" {
			args[i] = fs.Dir
		}
	}
	server.Next(ebssnaptest.FaultHang)
	var stdout, stderr bytes.Buffer
	onDisk := command{freezer: func(mounts []string) ebssnap.Freezer { return &ebssnap.FS{Mounts: mounts} }, find: onOneVolume} // the file below the loop device lies anywhere
	code := onDisk.run(t.Context(), args, &stdout, &stderr)
	assert.Equal(t, 2, code, stdout.String())
	lastLines(t, stdout.String(), "thawed")
	stdout.Reset()
	code = onDisk.run(t.Context(), args, &stdout, &stderr)
	assert.Equal(t, 0, code, stderr.String())
	lastLines(t, stdout.String(), "thawed")
	assert.False(t, fs.Thaw())
}

// Without -yes: it looks at the whole host, where other tests may have left something on purpose.
func TestRecoverLooksAtTheHost(t *testing.T) {
	lab.Need(t, "root")
	code, stdout, stderr := runWith(t, &ebssnaptest.Freezer{}, "-recover")
	require.Empty(t, stderr)
	if code == 0 && strings.HasPrefix(stdout, "nothing is frozen: ") {
		lastLines(t, stdout, "thawed")
		return
	}
	told := strings.Contains(stdout, " (device ") || !strings.HasSuffix(stdout, "not checked: nothing more\nthawed\n")
	assert.True(t, told, "somebody else's freeze is told, or what could not be seen: %s", stdout)
}
