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

// scriptedCloud describes snapshots from a script, one line for every question; the last one is
// repeated. A line that is nil is an error.
type scriptedCloud struct {
	script [][]ebssnap.Snapshot
	errs   []error // by question; the first ones may be nil
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
	if c.asked < len(c.errs) && c.errs[c.asked] != nil {
		c.at = append(c.at, time.Now())
		c.asked++
		return nil, c.errs[c.asked-1]
	}
	c.asked++
	c.at = append(c.at, time.Now())
	if line == nil {
		return nil, errors.New("connection reset")
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
		for i, between := range pauses(cloud) {
			middle := time.Minute
			if i == 0 { // after an error
				middle *= 2
			}
			assert.True(t, between >= middle/2 && between <= middle*3/2, between)
		}
	})
}

func pauses(c *scriptedCloud) []time.Duration {
	var list []time.Duration
	for i := 1; i < len(c.at); i++ {
		list = append(list, c.at[i].Sub(c.at[i-1]))
	}
	return list
}

// leaveAlone is a refusal that says how long to wait.
type leaveAlone time.Duration

func (leaveAlone) Error() string               { return "throttled" }
func (l leaveAlone) RetryAfter() time.Duration { return time.Duration(l) }

func TestPausesGrowAfterErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		no := errors.New("connection reset")
		cloud := &scriptedCloud{
			script: [][]ebssnap.Snapshot{snapshotLine("", "completed", "completed")},
			errs:   []error{no, no, no, no, leaveAlone(time.Hour), no},
		}
		require.NoError(t, wait(t.Context(), cloud, time.Minute, "a", "b"))
		require.Len(t, cloud.at, 7)
		for i, middle := range []time.Duration{2 * time.Minute, 4 * time.Minute, 5 * time.Minute, 5 * time.Minute} {
			between := pauses(cloud)[i]
			assert.True(t, between >= middle/2 && between <= middle*3/2, "pause %d: %s", i, between)
		}
		assert.GreaterOrEqual(t, pauses(cloud)[4], time.Hour, "as long as the cloud asks for")
		assert.LessOrEqual(t, pauses(cloud)[5], 450*time.Second)
	})
}

func TestWaitForWhatIsNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		onlyB := []ebssnap.Snapshot{{ID: "b", State: "pending"}}
		nothing := []ebssnap.Snapshot{}
		cloud := &scriptedCloud{script: [][]ebssnap.Snapshot{onlyB, onlyB, onlyB, onlyB, {{ID: "b", State: "completed"}}}}
		err := wait(t.Context(), cloud, time.Minute, "a", "b")
		require.ErrorIs(t, err, ebssnap.ErrFailed)
		assert.EqualError(t, err, "complete a: snapshot failed: it does not exist: it was deleted, or never was")
		assert.Equal(t, 5, cloud.asked, "b was waited for")

		late := &scriptedCloud{script: [][]ebssnap.Snapshot{nothing, nothing, snapshotLine("", "pending", "completed"), nothing, nothing, snapshotLine("", "completed", "")}}
		require.NoError(t, wait(t.Context(), late, time.Minute, "a", "b", "a"))

		unanswered := &scriptedCloud{script: [][]ebssnap.Snapshot{nothing, nothing, nil, nil, nil, snapshotLine("", "completed", "completed")}}
		require.NoError(t, wait(t.Context(), unanswered, time.Minute, "a", "b"), "a question without answer proves nothing")

		began := time.Now()
		hasty := &scriptedCloud{script: [][]ebssnap.Snapshot{nothing}}
		require.ErrorIs(t, wait(t.Context(), hasty, time.Millisecond, "a"), ebssnap.ErrFailed)
		assert.GreaterOrEqual(t, time.Since(began), 10*time.Second, "a new snapshot may take a while to be known")

		binned := &scriptedCloud{script: [][]ebssnap.Snapshot{{{ID: "a", State: "recoverable"}}}}
		require.ErrorContains(t, wait(t.Context(), binned, 0, "a"), "recycle bin")
	})
}

func TestWaitEndsWhenDenied(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := &scriptedCloud{script: [][]ebssnap.Snapshot{snapshotLine("", "pending", "error")}, errs: []error{nil, ebssnap.ErrDenied}}
		err := wait(t.Context(), cloud, 0, "a", "b")
		require.ErrorIs(t, err, ebssnap.ErrDenied)
		require.ErrorIs(t, err, ebssnap.ErrFailed)
		assert.Equal(t, 2, cloud.asked)
		require.ErrorIs(t, wait(t.Context(), nil, 0, "a"), ebssnap.ErrUsage)
	})
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		good := &scriptedCloud{script: [][]ebssnap.Snapshot{nil, snapshotLine("", "completed", "completed")}}
		require.NoError(t, wait(t.Context(), good, 0, "a", "b"))
		require.NoError(t, wait(t.Context(), good, 0))

		bad := &scriptedCloud{script: [][]ebssnap.Snapshot{snapshotLine("", "error", "pending"), snapshotLine("", "error", "completed")}}
		require.ErrorIs(t, wait(t.Context(), bad, 0, "a", "b"), ebssnap.ErrFailed)

		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		endless := &scriptedCloud{script: [][]ebssnap.Snapshot{snapshotLine("", "pending", "pending")}}
		require.ErrorIs(t, wait(ctx, endless, 0, "a", "b"), context.DeadlineExceeded)
		for range ebssnap.Progress(t.Context(), endless, 0, "a", "b") {
			break // releases everything
		}
	})
}

// wait waits until all snapshots are completed. Its error is nil only then. It matches ErrFailed
// for each that never will be: one that failed, or does not exist. The others are waited for all
// the same. It asks as Progress does, and like it ends with ErrDenied.
func wait(ctx context.Context, cloud ebssnap.Cloud, every time.Duration, ids ...string) error {
	var failures, last error
	for s, err := range ebssnap.Progress(ctx, cloud, every, ids...) {
		switch {
		case s.ID == "":
			last = err
			continue
		case err != nil:
			failures = errors.Join(failures, err)
		}
		last = nil // it was asked again, and answered
	}
	return errors.Join(failures, last)
}
