package ebssnap_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ebssnap"
)

// scriptedCloud describes snapshots from a script, one line for every question; the last one is repeated.
type scriptedCloud struct {
	script [][]ebssnap.Snapshot
	asked  int
	at     []time.Time
}

func (*scriptedCloud) Create(context.Context, ebssnap.Request) ([]ebssnap.Snapshot, error) {
	return nil, errors.ErrUnsupported
}

func (*scriptedCloud) Tag(context.Context, []string, map[string]string) error {
	return errors.ErrUnsupported
}

func (c *scriptedCloud) Find(context.Context, ebssnap.Query) ([]ebssnap.Snapshot, error) {
	line := c.script[min(c.asked, len(c.script)-1)]
	c.asked++
	c.at = append(c.at, time.Now())
	if line == nil {
		return nil, errors.New("InvalidSnapshot.NotFound")
	}
	return line, nil
}

func snapshotLine(progressA, stateA, stateB string) []ebssnap.Snapshot {
	return []ebssnap.Snapshot{{ID: "a", State: stateA, Progress: progressA}, {ID: "b", State: stateB}, {ID: "stranger", State: "completed"}}
}

func TestProgressUntilCompleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := &scriptedCloud{script: [][]ebssnap.Snapshot{
			nil,
			snapshotLine("", "pending", "pending"),
			snapshotLine("", "pending", "pending"),
			snapshotLine("100%", "pending", "completed"), // 100 % is no completion
			snapshotLine("", "completed", "completed"),
		}}
		var seen []string
		for s, err := range ebssnap.Progress(t.Context(), cloud, time.Minute, "a", "b") {
			if err != nil {
				seen = append(seen, "error")
				continue
			}
			seen = append(seen, s.ID+" "+s.State+" "+s.Progress)
		}
		assert.Equal(t, []string{"error", "a pending ", "b pending ", "a pending 100%", "b completed ", "a completed "}, seen)
		for i := 1; i < len(cloud.at); i++ {
			between := cloud.at[i].Sub(cloud.at[i-1])
			assert.True(t, between >= 30*time.Second && between <= 90*time.Second, between)
		}
	})
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := &scriptedCloud{script: [][]ebssnap.Snapshot{nil, snapshotLine("", "completed", "completed")}}
		require.NoError(t, ebssnap.Wait(t.Context(), good, 0, "a", "b"))
		require.NoError(t, ebssnap.Wait(t.Context(), good, 0))

		bad := &scriptedCloud{script: [][]ebssnap.Snapshot{snapshotLine("", "error", "pending"), snapshotLine("", "error", "completed")}}
		require.ErrorIs(t, ebssnap.Wait(t.Context(), bad, 0, "a", "b"), ebssnap.ErrFailed)

		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		endless := &scriptedCloud{script: [][]ebssnap.Snapshot{snapshotLine("", "pending", "pending")}}
		require.ErrorIs(t, ebssnap.Wait(ctx, endless, 0, "a", "b"), context.DeadlineExceeded)
		for range ebssnap.Progress(t.Context(), endless, 0, "a", "b") {
			break // releases everything
		}
	})
}
