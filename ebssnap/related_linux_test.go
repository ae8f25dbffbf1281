//go:build linux && !opskit_portable

package ebssnap

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/internal/mountinfo"
)

// TestWhatAFilesystemLiesOnMayNotBeCertain: a file shown as a device is on no volume that could be
// told, and a name may by now be that of another device.
func TestWhatAFilesystemLiesOnMayNotBeCertain(t *testing.T) {
	lab.Need(t, "root")
	fs := lab.LoopFS(t, "ext4", 64)
	m, err := checkMount(fs.Dir)
	require.NoError(t, err)
	assert.True(t, isDevice(m.entry))
	assert.False(t, isDevice(mountinfo.Mount{Source: m.entry.Source, Number: "259:99"}), "the name is of another device")
	assert.True(t, isDevice(mountinfo.Mount{Source: m.entry.Source, Number: "0:41"}), "btrfs")
	assert.False(t, isDevice(mountinfo.Mount{Source: "/dev/null", Number: "0:41"}))
	require.NoError(t, related(t.Context(), []string{fs.Dir}, []string{"vol-0a"}))
	require.NoError(t, related(t.Context(), []string{fs.Dir + "/missing"}, []string{"vol-0a"}))
}
