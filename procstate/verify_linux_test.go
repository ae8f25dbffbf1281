//go:build linux && !opskit_portable

package procstate

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestVerifyTellsIdentitiesApart: a PID in new hands means that the zombie has
// gone.
func TestVerifyTellsIdentitiesApart(t *testing.T) {
	r, err := openRoot("/proc")
	require.NoError(t, err)
	defer r.close()
	var self Process
	require.NoError(t, r.stat(os.Getpid(), &self))
	earlier := ID{self.PID, self.Start - 1}
	gone := ID{1 << 22, 5}
	a := applier{root: r, outcome: &Outcome{Left: []ID{earlier, self.ID, gone}}}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, a.verify(ctx, 10*time.Millisecond))
	assert.Equal(t, []ID{earlier, gone}, a.outcome.Reaped)
	assert.Equal(t, []ID{self.ID}, a.outcome.Left)
}
