//go:build linux && !opskit_portable

package ebssnap

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap/internal/guard"
)

// overEngine is an engine whose freeze is over before anybody could watch it.
type overEngine struct {
	by    guard.By
	mount guard.Mount
}

func (overEngine) Freeze(context.Context, time.Duration) error { return nil }
func (overEngine) Thaw()                                       {}
func (e overEngine) Mounts() []guard.Mount                     { return []guard.Mount{e.mount} }
func (e overEngine) ThawedBy() guard.By                        { return e.by }
func (overEngine) Watch() []guard.Watched                      { return []guard.Watched{guard.FreezeOver} }
func (overEngine) Pid() int                                    { return 1 }
func (overEngine) Sync(context.Context, int) error             { return nil }
func (overEngine) Close() error                                { return nil }

// TestWhoEndedAFreezeThatIsOver: another program is named only where nobody else did.
func TestWhoEndedAFreezeThatIsOver(t *testing.T) {
	for want, engine := range map[string]overEngine{
		"the guard thawed at the deadline":                     {guard.ByDeadline, guard.Mount{State: guard.Thawed, ThawBegin: 1}},
		"the guard lost its owner's thread":                    {guard.ByDeath, guard.Mount{State: guard.Thawed, ThawBegin: 1}},
		"the guard was killed, and this process thawed in its": {guard.ByNobody, guard.Mount{State: guard.Thawed, ThawBegin: 1}},
		"another program thawed it":                            {guard.ByNobody, guard.Mount{State: guard.Frozen}},
	} {
		p := &preparedFS{mounts: []mount{{path: "/data"}}, engine: engine}
		err := p.watch(t.Context())
		require.ErrorIs(t, err, ErrThawedEarly)
		require.ErrorContains(t, err, want)
	}
}
