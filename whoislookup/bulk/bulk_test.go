package bulk_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/bulk"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

// inBubble runs a test with a simulated registry and no real time.
func inBubble(t *testing.T, test func(t *testing.T, reg *registry, b *bulk.Bulk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		reg := &registry{truth: load(t, delegatedText), latency: 100 * time.Millisecond}
		test(t, reg, &bulk.Bulk{Client: reg.client(), Every: every})
		reg.waits.Wait()
	})
}

func TestThrottledAnswersAreAskedAgainAndNeverKept(t *testing.T) {
	inBubble(t, func(t *testing.T, reg *registry, b *bulk.Bulk) {
		refuse := 2
		reg.answer = func(netip.Addr) string {
			if refuse--; refuse >= 0 {
				return "% Query rate limit exceeded. Reduced information.\n"
			}
			return ""
		}
		start := time.Now()
		res, err := b.IP(t.Context(), netip.MustParseAddr("101.0.0.1"))
		require.NoError(t, err)
		assert.Equal(t, "A91A0001", res.Record.Holder.Name)
		assert.Equal(t, 3, reg.asked())
		assert.GreaterOrEqual(t, time.Since(start), 30*time.Second, "10 s after the first, 20 s after the second")

		refuse = 1000
		_, err = b.IP(t.Context(), netip.MustParseAddr("101.1.0.1"))
		require.ErrorIs(t, err, whoislookup.ErrThrottled)
		before := reg.asked()
		refuse = 0
		_, err = b.IP(t.Context(), netip.MustParseAddr("101.1.0.1"))
		require.NoError(t, err)
		assert.Equal(t, before+1, reg.asked())
	})
}

func TestADeadlineBeforeTheTurnTellsWhenToComeBack(t *testing.T) {
	inBubble(t, func(t *testing.T, reg *registry, b *bulk.Bulk) {
		b.Every = time.Minute
		_, err := b.IP(t.Context(), netip.MustParseAddr("101.0.0.1"))
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		_, err = b.IP(ctx, netip.MustParseAddr("101.1.0.1"))
		require.ErrorIs(t, err, whoislookup.ErrThrottled)
		e, ok := errors.AsType[whoislookup.Pause](err)
		require.True(t, ok)
		assert.InDelta(t, time.Minute, e.RetryAfter(), float64(time.Second))
		assert.Zero(t, time.Since(start), "it did not wait for nothing")
		assert.Equal(t, 1, reg.asked())
	})
}

func TestOneWhoGivesUpDoesNotStopTheOthers(t *testing.T) {
	inBubble(t, func(t *testing.T, reg *registry, b *bulk.Bulk) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		var all sync.WaitGroup
		all.Go(func() {
			_, err := b.IP(ctx, netip.MustParseAddr("101.0.0.1"))
			assert.ErrorIs(t, err, context.Canceled)
		})
		synctest.Wait()
		for i := range 10 {
			all.Go(func() {
				_, err := b.IP(t.Context(), netip.AddrFrom4([4]byte{101, 0, 0, byte(i)}))
				assert.NoError(t, err)
			})
		}
		all.Go(func() {
			_, err := b.IP(ctx, netip.MustParseAddr("101.0.0.2"))
			assert.ErrorIs(t, err, context.Canceled, "waiting ends too")
		})
		all.Wait()
		assert.Equal(t, 2, reg.asked())
	})
}

func TestAnswersAboutAllocations(t *testing.T) {
	inBubble(t, func(t *testing.T, reg *registry, b *bulk.Bulk) {
		// 101.1.0.0 - 101.1.2.255 is allocated, and one /24 of it is assigned.
		reg.answer = func(a netip.Addr) string {
			if a.As4()[2] != 1 {
				return ""
			}
			return "inetnum: 101.1.1.0 - 101.1.1.255\nnetname: CUSTOMER\ndescr: Customer\ncountry: JP\nstatus: ASSIGNED NON-PORTABLE\nsource: TEST\n"
		}
		addrs := []string{"101.1.0.1", "101.1.0.2", "101.1.1.1"}
		holders := func(b *bulk.Bulk) (names []string, gaps int) {
			for _, a := range addrs {
				res, err := b.IP(t.Context(), netip.MustParseAddr(a))
				require.NoError(t, err)
				names = append(names, res.Record.Holder.Name)
				gaps += len(res.Unseen)
			}
			return names, gaps
		}
		names, gaps := holders(b)
		assert.Equal(t, []string{"A91A0002", "A91A0002", "A91A0002"}, names)
		assert.Equal(t, 2, gaps, "each result that may be too coarse says so")
		assert.Equal(t, 1, reg.asked())

		exact := &bulk.Bulk{Client: reg.client(), Every: every, Exact: true}
		names, gaps = holders(exact)
		assert.Equal(t, []string{"A91A0002", "A91A0002", "Customer"}, names)
		assert.Zero(t, gaps)
		assert.Equal(t, 4, reg.asked())
	})
}

func TestLookupYieldsEveryAddress(t *testing.T) {
	inBubble(t, func(t *testing.T, reg *registry, b *bulk.Bulk) {
		b.Delegated = reg.truth
		got := map[string]error{}
		list := []netip.Addr{
			netip.MustParseAddr("101.0.0.1"),
			{},
			netip.MustParseAddr("::ffff:101.0.0.2"), netip.MustParseAddr("10.0.0.1"),
			netip.MustParseAddr("101.2.0.1"), netip.MustParseAddr("2401:1::1%eth0"), netip.MustParseAddr("101.0.0.1"),
		}
		n, told := 0, 0
		b.Observer = func(p opskit.Phase) { told = p.Done }
		for res, err := range b.Lookup(t.Context(), slices.Values(list)) {
			got[res.Addr.String()] = err
			n++
			assert.Equal(t, n, told)
		}
		assert.Equal(t, len(list), n)
		require.NoError(t, got["101.0.0.1"])
		require.NoError(t, got["101.0.0.2"])
		require.NoError(t, got["2401:1::1"])
		require.ErrorIs(t, got["invalid IP"], whoislookup.ErrBadQuery)
		require.NoError(t, got["10.0.0.1"])
		require.NoError(t, got["101.2.0.1"])
		assert.Equal(t, 3, reg.asked(), "one per range, none for special-purpose space")

		_, err := b.IP(t.Context(), list[4])
		require.NoError(t, err)
		assert.Equal(t, 3, reg.asked(), "that there is nothing is kept")
		<-time.After(11 * time.Minute)
		_, err = b.IP(t.Context(), list[4])
		require.NoError(t, err)
		assert.Equal(t, 4, reg.asked(), "but not for long")
	})
}

func TestEarlierAnswersDoNotWaitForAWorker(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *registry, b *bulk.Bulk) {
		b.Workers = 1
		known := netip.MustParseAddr("101.1.0.1")
		_, err := b.IP(t.Context(), known)
		require.NoError(t, err)
		var order []string
		for res, err := range b.Lookup(t.Context(), slices.Values([]netip.Addr{netip.MustParseAddr("101.0.0.1"), known})) {
			require.NoError(t, err)
			assert.Empty(t, res.Unseen, "each was asked for itself")
			order = append(order, res.Addr.String())
		}
		assert.Equal(t, []string{"101.1.0.1", "101.0.0.1"}, order)
	})
}

func TestBreakingOutReleasesEverything(t *testing.T) {
	inBubble(t, func(t *testing.T, reg *registry, b *bulk.Bulk) {
		endless := func(yield func(netip.Addr) bool) {
			for i := 0; yield(netip.AddrFrom4([4]byte{101, byte(i >> 16), byte(i >> 8), byte(i)})); i++ {
			}
		}
		n := 0
		for range b.Lookup(t.Context(), endless) {
			if n++; n == 3 {
				break
			}
		}
		assert.Equal(t, 3, n) // the bubble fails if a goroutine is left
	})
}

func TestServersThatAreDownDoNotHoldUpTheRest(t *testing.T) {
	inBubble(t, func(t *testing.T, reg *registry, b *bulk.Bulk) {
		dials := 0
		b.Client.Dial = func(context.Context, string, string) (net.Conn, error) {
			dials++
			return nil, errors.New("connection refused")
		}
		start := time.Now()
		for i := range 20 {
			_, err := b.IP(t.Context(), netip.AddrFrom4([4]byte{101, byte(i), 0, 1}))
			require.ErrorIs(t, err, whoislookup.ErrUnreachable)
		}
		assert.LessOrEqual(t, dials, 6, "three for the registry, and three for IANA that may know better")
		assert.Less(t, time.Since(start), time.Second)
	})
}

func TestReferralsKeepThePaceToo(t *testing.T) {
	srv, err := whoistest.NewServer(whoistest.Blog())
	require.NoError(t, err)
	defer srv.Close()
	b := &bulk.Bulk{Client: srv.Client(), Every: time.Nanosecond, Servers: map[string]time.Duration{"whois.lacnic.net": 150 * time.Millisecond}}
	start := time.Now()
	for _, a := range []string{"138.0.155.10", "190.57.233.170"} { // by ARIN's referral, then directly
		_, err := b.IP(t.Context(), netip.MustParseAddr(a))
		require.NoError(t, err)
	}
	assert.GreaterOrEqual(t, time.Since(start), 150*time.Millisecond)
	assert.Len(t, srv.Queries(), 3)
}

// TestAServerThatThrottlesIsLeftAloneThoughAnotherAnswered: the registry's
// answer is there, and the customer's server says that it is asked too much.
func TestAServerThatThrottlesIsLeftAloneThoughAnotherAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := map[string]int{}
		var all sync.WaitGroup
		c := &whoislookup.Client{Protocols: []string{"whois"}, Dial: func(_ context.Context, _, address string) (net.Conn, error) {
			host, _, _ := net.SplitHostPort(address)
			asked[host]++
			near, far := net.Pipe()
			all.Go(func() {
				defer far.Close()
				far.Read(make([]byte, 100))
				if host == "whois.arin.net" {
					io.WriteString(far, "NetRange: 192.5.0.0 - 192.5.255.255\nOrgName: Provider\n\nReferralServer: rwhois://rwhois.example.net:4321\n")
					return
				}
				io.WriteString(far, "%rwhois V-1.5\n%error 350 Query rate limit exceeded\n")
			})
			return near, nil
		}}
		b := &bulk.Bulk{Client: c, Every: time.Second}
		start := time.Now()
		for i := range 4 {
			res, err := b.IP(t.Context(), netip.AddrFrom4([4]byte{192, 5, byte(i), 1}))
			require.NoError(t, err)
			assert.Equal(t, "Provider", res.Record.Holder.Name)
			assert.Contains(t, res.String(), "the answer of rwhois.example.net")
		}
		assert.Equal(t, map[string]int{"whois.arin.net": 4, "rwhois.example.net": 4}, asked)
		assert.GreaterOrEqual(t, time.Since(start), 70*time.Second, "10 s after the first, then 20 s and 40 s")
		all.Wait()
	})
}

// TestOneRangeWiderThanASlashSixteen: look-ups that do not know of one another
// while they are asked for share the answer as soon as it is there.
func TestOneRangeWiderThanASlashSixteen(t *testing.T) {
	inBubble(t, func(t *testing.T, reg *registry, b *bulk.Bulk) {
		b.Every = time.Second
		reg.answer = func(netip.Addr) string {
			return "inetnum: 100.0.0.0 - 100.63.255.255\nnetname: WIDE\ndescr: Wide\nstatus: ASSIGNED PORTABLE\nsource: TEST\n"
		}
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				res, err := b.IP(t.Context(), netip.AddrFrom4([4]byte{100, byte(i % 64), byte(i), 1}))
				assert.NoError(t, err)
				assert.Equal(t, "Wide", res.Record.Holder.Name)
				assert.Empty(t, res.Unseen)
			})
		}
		all.Wait()
		assert.Equal(t, 1, reg.asked())
	})
}

// TestTheSameAddressAgainAndAgain yields a result each time, and asks once.
func TestTheSameAddressAgainAndAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, reg *registry, b *bulk.Bulk) {
		same := func(yield func(netip.Addr) bool) {
			for range 1000 {
				if !yield(netip.MustParseAddr("101.0.0.1")) {
					return
				}
			}
		}
		n, cached := 0, 0
		for res, err := range b.Lookup(t.Context(), same) {
			require.NoError(t, err)
			if n++; res.Cached {
				cached++
			}
		}
		assert.Equal(t, 1000, n)
		assert.Equal(t, 999, cached)
		assert.Equal(t, 1, reg.asked())
	})
}

// TestRefusingRegistriesAreLeftAlone: a server that refuses refuses everybody, and
// who waits for a turn at it is told at once.
func TestRefusingRegistriesAreLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inTime := time.Now()
		var dialled atomic.Int64
		b := &bulk.Bulk{Client: &whoislookup.Client{Dial: func(context.Context, string, string) (net.Conn, error) {
			dialled.Add(1)
			return nil, syscall.ECONNREFUSED
		}}}
		var addrs []netip.Addr
		for i := range 50 {
			addrs = append(addrs, netip.AddrFrom4([4]byte{byte(20 + 3*i), byte(i), 1, 1}))
		}
		n := 0
		for _, err := range b.Lookup(t.Context(), slices.Values(addrs)) {
			assert.ErrorIs(t, err, whoislookup.ErrUnreachable)
			n++
		}
		assert.Equal(t, 50, n)
		assert.LessOrEqual(t, time.Since(inTime), 5*time.Second)
		assert.LessOrEqual(t, dialled.Load(), int64(30))
	})
}
