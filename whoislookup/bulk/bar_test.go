package bulk_test

import (
	"context"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/bulk"
)

// every is the configured pace of the simulated servers.
const every = 100 * time.Millisecond

func TestBarBulk(t *testing.T) {
	truth := corpus(t)
	n := 10_000
	if lab.Bars() == lab.Small {
		n = 1000
	}
	addrs, ranges := draw(truth, n)
	limit := ranges + ranges/100
	queries := 0
	t.Run("one query per range, at the configured pace", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			reg := &registry{truth: truth, latency: 150 * time.Millisecond}
			b := &bulk.Bulk{Client: reg.client(), Every: every}
			got := 0
			for res, err := range b.Lookup(t.Context(), slices.Values(addrs)) {
				require.NoError(t, err, res.Addr)
				want, _ := truth.Addr(res.Addr)
				require.Equal(t, want.Range, res.Record.Network.Range)
				require.Equal(t, want.Holder, res.Record.Holder.Name)
				got++
			}
			assert.Equal(t, n, got)
			queries = reg.asked()
			assert.LessOrEqual(t, queries, limit)
			assert.GreaterOrEqual(t, queries, ranges, "a range was answered without a query")
			reg.paced(t, every)
			reg.waits.Wait()
		})
	})
	partial := 0
	t.Run("cancel returns what is there", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			reg := &registry{truth: truth, latency: 150 * time.Millisecond}
			b := &bulk.Bulk{Client: reg.client(), Every: every}
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(5*time.Second, cancel)
			start := time.Now()
			var last error
			for res, err := range b.Lookup(ctx, slices.Values(addrs)) {
				require.NoError(t, last, "something came after the end")
				if last = err; err == nil {
					require.NotNil(t, res.Record)
					partial++
				}
			}
			require.ErrorIs(t, last, context.Canceled)
			assert.Equal(t, 5*time.Second, time.Since(start))
			// Two servers, one query each every 100 ms, 150 ms of latency.
			assert.GreaterOrEqual(t, partial, 50)
			assert.Less(t, partial, n)
			reg.waits.Wait()
		})
	})
	t.Run("100 goroutines in one /22 make 1 query", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			reg := &registry{truth: load(t, delegatedText), latency: time.Second}
			b := &bulk.Bulk{Client: reg.client(), Every: every}
			var all sync.WaitGroup
			for i := range 100 {
				all.Go(func() {
					res, err := b.IP(t.Context(), netip.AddrFrom4([4]byte{101, 0, byte(i % 4), byte(i)}))
					assert.NoError(t, err)
					assert.Equal(t, "A91A0001", res.Record.Holder.Name)
				})
			}
			all.Wait()
			assert.Equal(t, 1, reg.asked())
			reg.waits.Wait()
		})
	})
	lab.Bar(t, "bulk", "%d look-ups in %d ranges: %d queries (limit %d), never closer than %s; %d results when cancelled after 5 s; 100 goroutines in one /22: 1 query",
		n, ranges, queries, limit, every, partial)
}

func TestNoQueryWithDelegatedStatistics(t *testing.T) {
	reg := &registry{}
	b := &bulk.Bulk{Client: reg.client(), Delegated: load(t, delegatedText), Offline: true}
	res, err := b.IP(t.Context(), netip.MustParseAddr("101.1.2.3"))
	require.NoError(t, err)
	assert.Equal(t, "apnic", res.Delegation.Registry)
	assert.Equal(t, "JP", res.Country())
	require.Len(t, res.Unseen, 1)
	assert.Equal(t, "the holder", res.Unseen[0].What)
	_, err = b.IP(t.Context(), netip.MustParseAddr("9.9.9.9"))
	require.ErrorIs(t, err, whoislookup.ErrNoServer)
	assert.Zero(t, reg.asked())
}
