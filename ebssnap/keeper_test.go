package ebssnap_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ebssnap"
	"github.com/opskit-go/opskit/ebssnap/ebssnaptest"
)

// keeping is a Cloud that keeps a connection from the DryRun to the request, and loses it.
type keeping struct {
	ebssnaptest.Cloud
	lost     int   // so many times it is lost before writers are stopped
	denied   error // the second DryRun fails with this
	dryRuns  int
	budgets  []time.Duration
	released []string
}

func (k *keeping) Create(ctx context.Context, r ebssnap.Request) ([]ebssnap.Snapshot, error) {
	k.budgets = append(k.budgets, r.Budget)
	if r.DryRun {
		if k.dryRuns++; k.dryRuns == 2 && k.denied != nil {
			return nil, k.denied
		}
	}
	return k.Cloud.Create(ctx, r)
}

func (k *keeping) Kept(string) bool {
	k.lost--
	return k.lost < 0
}

func (k *keeping) Release(token string) []opskit.Gap {
	k.released = append(k.released, token)
	return []opskit.Gap{{What: "the connection", Why: "it may be another"}}
}

func TestDryRunIsSentAgainIfNothingIsLeftOfIt(t *testing.T) {
	for lost := range 2 {
		cloud, freezer := &keeping{lost: lost}, &ebssnaptest.Freezer{}
		result, err := ebssnap.Consistent(t.Context(), ebssnap.Volume{Cloud: cloud, IDs: []string{"vol-0"}}, freezer, time.Second)
		require.NoError(t, err)
		assert.Equal(t, 1+lost, cloud.dryRuns)
		assert.Len(t, freezer.Intervals(), 1)
		assert.Equal(t, []string{result.Evidence.Token}, cloud.released)
		assert.Contains(t, result.String(), "not checked: the connection (it may be another); ")
		for _, budget := range cloud.budgets {
			assert.Equal(t, time.Second, budget)
		}
	}
	denied := fmt.Errorf("%w: %w", ebssnap.ErrDenied, ebssnap.ErrNotCreated)
	cloud, freezer := &keeping{lost: 1, denied: denied}, &ebssnaptest.Freezer{}
	result, err := ebssnap.Consistent(t.Context(), ebssnap.Volume{Cloud: cloud, IDs: []string{"vol-0"}}, freezer, time.Second)
	require.ErrorIs(t, err, ebssnap.ErrDenied)
	assert.Equal(t, ebssnap.VerdictNone, result.Verdict)
	assert.Empty(t, freezer.Intervals(), "nothing was stopped")
	assert.Len(t, cloud.released, 1)
}

func TestThrottledDryRunIsTriedAgain(t *testing.T) {
	cloud := &keeping{lost: 1, denied: fmt.Errorf("%w: %w", ebssnap.ErrThrottled, ebssnap.ErrNotCreated)}
	freezer := &ebssnaptest.Freezer{}
	result, err := ebssnap.Consistent(t.Context(), ebssnap.Volume{Cloud: cloud, IDs: []string{"vol-0"}}, freezer, time.Second)
	require.NoError(t, err, "%v", result)
	assert.Len(t, result.Evidence.Attempts, 2, "the first did not come to stop writers")
	assert.Zero(t, result.Evidence.Attempts[0].Requested)
	assert.Len(t, freezer.Intervals(), 1)
}

// closing is a prepared freezer that fails to close.
type closing struct{ *ebssnaptest.Freezer }

func (c closing) Prepare(context.Context) (ebssnap.Prepared, error) { return c, nil }

func (closing) Close() error { return errors.New("not closed") }

func TestWhatWasPreparedIsClosedWhenTheDryRunFails(t *testing.T) {
	cloud := &keeping{lost: 1, denied: ebssnap.ErrDenied}
	_, err := ebssnap.Consistent(t.Context(), ebssnap.Volume{Cloud: cloud, IDs: []string{"vol-0"}}, closing{&ebssnaptest.Freezer{}}, time.Second)
	require.ErrorIs(t, err, ebssnap.ErrDenied)
	require.ErrorContains(t, err, "not closed")
}

// again is an error that says when another attempt is worth it.
type again struct{ error }

func (again) RetryAfter() time.Duration { return time.Millisecond }

func (a again) Unwrap() error { return a.error }

func TestAnErrorMaySayThatAnotherAttemptIsWorthIt(t *testing.T) {
	cloud := &ebssnaptest.Cloud{Fail: []error{again{ebssnap.ErrNotCreated}, again{errors.New("lost")}}}
	freezer := &ebssnaptest.Freezer{}
	vol := ebssnap.Volume{Cloud: cloud, IDs: []string{"vol-0"}, Settle: time.Millisecond}
	result, err := ebssnap.Consistent(t.Context(), vol, freezer, time.Second)
	require.ErrorIs(t, err, ebssnap.ErrOutcomeUnknown, "only what proves that nothing was created is sent again")
	assert.Len(t, result.Evidence.Attempts, 2)
	assert.Len(t, freezer.Intervals(), 2)
}
