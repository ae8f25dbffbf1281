//go:build linux && !opskit_portable

package reach

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOneKindOfICMPSocketIsEnough(t *testing.T) {
	no := Capability{Name: "ping_raw", Why: "socket: operation not permitted", Fix: "setcap cap_net_raw+ep PROGRAM"}
	yes := Capability{Name: "ping_unprivileged", OK: true}
	a, b := yes, no
	either(&a, &b)
	assert.Equal(t, yes, a)
	assert.Equal(t, Capability{Name: "ping_raw", Why: "socket: operation not permitted; not needed, ping_unprivileged does", Fix: no.Fix}, b)
	a, b = no, yes
	either(&a, &b)
	assert.Contains(t, a.Why, "not needed", "whichever it is")
	a, b = no, no
	either(&a, &b)
	assert.Equal(t, no, a, "with neither, both say what helps")
	assert.Equal(t, no, b)
}
