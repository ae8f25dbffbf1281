package bulk

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup"
)

const patience = time.Minute

func reserve(t *testing.T, p *pacer, now time.Time) time.Duration {
	t.Helper()
	slot, err := p.reserve("WHOIS.example", now, time.Second, patience, time.Time{})
	require.NoError(t, err)
	return slot.Sub(now)
}

func TestTurnsAreSpaced(t *testing.T) {
	var p pacer
	now := time.Unix(1e9, 0)
	for i := range 5 {
		assert.Equal(t, time.Duration(i)*time.Second, reserve(t, &p, now))
	}
	assert.Equal(t, time.Duration(0), reserve(t, &p, now.Add(time.Hour)), "idle time is not saved up")
	assert.Equal(t, time.Second, reserve(t, &p, now.Add(time.Hour)))
	other, err := p.reserve("rdap.example", now, time.Second, patience, time.Time{})
	require.NoError(t, err)
	assert.Equal(t, now, other, "each server has turns of its own")
}

func TestTurnsAreGivenBack(t *testing.T) {
	var p pacer
	now := time.Unix(1e9, 0)
	reserve(t, &p, now)
	p.giveBack("whois.example", now, time.Second)
	assert.Equal(t, time.Duration(0), reserve(t, &p, now))
	reserve(t, &p, now)
	p.giveBack("whois.example", now, time.Second)
	assert.Equal(t, 2*time.Second, reserve(t, &p, now), "somebody stands behind it")
}

func TestThrottledServersAreLeftAlone(t *testing.T) {
	var p pacer
	now := time.Unix(1e9, 0)
	for _, want := range []time.Duration{10, 20, 40} {
		p.throttled("whois.example", now, 0)
		p.throttled("whois.example", now, 0) // was under way, and counts once
		assert.False(t, p.good("whois.example", now))
		p.answered("whois.example", now) // was under way, and ends nothing
		assert.Equal(t, want*time.Second, reserve(t, &p, now))
		now = now.Add(want * time.Second)
		assert.True(t, p.good("whois.example", now))
	}
	now = now.Add(time.Minute)
	p.answered("whois.example", now)
	p.throttled("whois.example", now, 0)
	assert.Equal(t, 10*time.Second, reserve(t, &p, now), "a good answer forgives")

	p.throttled("whois.example", now, time.Hour)
	_, err := p.reserve("whois.example", now, time.Second, patience, time.Time{})
	require.ErrorIs(t, err, whoislookup.ErrThrottled)
	e, ok := errors.AsType[whoislookup.Pause](err)
	require.True(t, ok)
	assert.Equal(t, time.Hour, e.RetryAfter())
}

func TestADeadlineBeforeTheTurnFailsAtOnce(t *testing.T) {
	var p pacer
	now := time.Unix(1e9, 0)
	reserve(t, &p, now)
	_, err := p.reserve("whois.example", now, time.Second, patience, now.Add(time.Second/2))
	require.ErrorIs(t, err, whoislookup.ErrThrottled)
	assert.Equal(t, time.Second, retryAfter(err))
	assert.Equal(t, time.Second, reserve(t, &p, now), "no turn was taken")
}

func TestServersThatAreDownAreNotWaitedFor(t *testing.T) {
	var p pacer
	now := time.Unix(1e9, 0)
	for range strikesOut {
		reserve(t, &p, now)
		p.failed("whois.example", now)
	}
	_, err := p.reserve("whois.example", now, time.Second, patience, time.Time{})
	require.ErrorIs(t, err, whoislookup.ErrUnreachable)
	require.ErrorIs(t, err, errNoTurn)
	now = now.Add(firstPause)
	assert.Equal(t, time.Duration(0), reserve(t, &p, now))
	p.failed("whois.example", now)
	_, err = p.reserve("whois.example", now.Add(firstPause), time.Second, patience, time.Time{})
	require.ErrorIs(t, err, whoislookup.ErrUnreachable, "one more failure, twice the pause")
}

func TestPausesEnd(t *testing.T) {
	assert.Equal(t, lastPause, doubled(1_000_000))
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pacer
		start := time.Now()
		for range 3 {
			require.NoError(t, p.wait(t.Context(), "a", time.Second, patience))
		}
		assert.Equal(t, 2*time.Second, time.Since(start))
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(300*time.Millisecond, cancel)
		require.ErrorIs(t, p.wait(ctx, "a", time.Second, patience), context.Canceled)
		require.NoError(t, p.wait(t.Context(), "a", time.Second, patience))
		assert.Equal(t, 3*time.Second, time.Since(start), "the turn was given back")

		time.AfterFunc(500*time.Millisecond, func() { p.throttled("a", time.Now(), 5*time.Second) })
		require.NoError(t, p.wait(t.Context(), "a", time.Second, patience))
		assert.Equal(t, 8500*time.Millisecond, time.Since(start), "a pause that came while waiting counts")
	})
}
