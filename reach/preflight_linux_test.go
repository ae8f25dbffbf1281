//go:build linux && !opskit_portable

package reach

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"golang.org/x/sys/unix"

	"github.com/opskit-go/opskit"
)

// Ping works with either kind of socket, so having one is no lack, and a
// program that tells by exit code whether everything may be done agrees.
func TestOneKindOfICMPSocketIsEnough(t *testing.T) {
	refused := unix.EPERM
	assert.Equal(t, opskit.Capability{Name: "ping", OK: true, Why: "unprivileged ICMP sockets"}, pingCapability(nil, refused))
	assert.Equal(t, opskit.Capability{Name: "ping", OK: true, Why: "raw ICMP sockets"}, pingCapability(refused, nil))
	assert.True(t, pingCapability(nil, nil).OK)
	neither := pingCapability(unix.EACCES, refused)
	assert.False(t, neither.OK)
	assert.Equal(t, "unprivileged ICMP socket: permission denied; raw ICMP socket: operation not permitted", neither.Why)
	assert.Equal(t, pingFix, neither.Fix)
	names := map[string]int{}
	for _, c := range kernelCapabilities() {
		names[c.Name]++
	}
	assert.Equal(t, map[string]int{"icmp_codes": 1, "ping": 1}, names)
}
