package dnsroot_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/dnsroottest"
	"github.com/opskit-go/opskit/internal/lab"
)

func start(t testing.TB, config dnsroottest.Config) *dnsroottest.Fleet {
	t.Helper()
	fleet, err := dnsroottest.Start(config)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, fleet.Close()) })
	return fleet
}

func sweep(t testing.TB, client *dnsroot.Client) *dnsroot.Sweep {
	t.Helper()
	s, err := client.Sweep(t.Context())
	require.NoError(t, err)
	return s
}

func report(t testing.TB, a *dnsroot.Assessment, l string) dnsroot.ServerReport {
	t.Helper()
	i := slices.IndexFunc(a.Servers, func(r dnsroot.ServerReport) bool { return r.Server == l+".root-servers.net." })
	require.GreaterOrEqual(t, i, 0, "letter %s", l)
	return a.Servers[i]
}

func TestSweepMeasuresEveryLetterFamilyAndTransport(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	s := sweep(t, patient(fleet, dnsroottest.Fault{}))
	families := 1
	if fleet.HasIPv6() {
		families = 2
	}
	seen := 0
	for _, p := range s.Probes {
		if p.Addr.Addr().Is6() && !fleet.HasIPv6() {
			continue
		}
		seen++
		name := fmt.Sprintf("%s %s %s", p.Server, p.Addr, p.Transport)
		require.NotNil(t, p.Reachable, name)
		assert.True(t, *p.Reachable, name)
		assert.GreaterOrEqual(t, p.Small.Sent, 8, name)
		assert.GreaterOrEqual(t, p.Large.Sent, 8, name) // one more where this host was busy
		assert.Zero(t, p.Small.Lost+p.Large.Lost, name)
		assert.Equal(t, "NXDOMAIN", p.NoSuchName, name)
		assert.Len(t, p.Servers, 13, name)
		assert.GreaterOrEqual(t, len(p.RTT), 16, name)
		for _, rtt := range p.RTT {
			assert.Positive(t, rtt, name)
		}
		assert.Len(t, p.Connect, map[dnsroot.Transport]int{dnsroot.TransportUDP: 0, dnsroot.TransportTCP: len(p.RTT)}[p.Transport], name)
		require.NotNil(t, p.Serial, name)
		assert.Equal(t, fleet.Serial(), *p.Serial, name)
		require.NotNil(t, p.Identity.NSID, name)
		assert.Equal(t, p.Server[:1]+"1.lab.root", *p.Identity.NSID, name)
		if p.Transport == dnsroot.TransportUDP {
			require.NotNil(t, p.Identity.HostnameBind, name)
			require.NotNil(t, p.Identity.IDServer, name)
			assert.Equal(t, *p.Identity.NSID, *p.Identity.HostnameBind, name)
			assert.Equal(t, *p.Identity.NSID, *p.Identity.IDServer, name)
		}
		for _, v := range []dnsroot.Validation{p.SOA, p.NS, p.DNSKEY} {
			assert.Equal(t, dnsroot.SecuritySecure, v.Security, "%s: %v", name, v.Why)
		}
		assert.True(t, p.Err.IsZero(), name)
	}
	assert.Equal(t, 13*2*families, seen)
	assert.Equal(t, fleet.HasIPv6(), len(s.Unseen) == 0)

	a := dnsroot.Assess(s)
	assert.Equal(t, dnsroot.Healthy, a.Verdict, a.String())
	require.NotNil(t, a.Serial)
	assert.Equal(t, fleet.Serial(), *a.Serial)
}

func missingIPv6(fleet *dnsroottest.Fleet) error {
	if fleet.HasIPv6() {
		return nil
	}
	return fmt.Errorf("no IPv6 loopback")
}

func TestHostWithoutIPv6IsAGap(t *testing.T) {
	fleet := start(t, dnsroottest.Config{NoIPv6: true})
	s := sweep(t, patient(fleet, dnsroottest.Fault{}))
	for _, p := range s.Probes {
		if p.Addr.Addr().Is6() {
			assert.Nil(t, p.Reachable)
			assert.Zero(t, p.Small.Sent+p.Large.Sent)
			assert.ErrorIs(t, p.Err.Err(), dnsroot.ErrNotSent)
		}
	}
	require.Len(t, s.Unseen, 1)
	assert.Equal(t, "every server over IPv6", s.Unseen[0].What)
	a := dnsroot.Assess(s)
	assert.Equal(t, dnsroot.Healthy, a.Verdict, a.String())
	assert.Equal(t, s.Unseen, a.Gaps())
	for _, r := range a.Servers {
		assert.Equal(t, dnsroot.Healthy, r.Verdict)
	}
}

// Where nothing could be sent the next step is here, and no letter's.
func TestNothingSentLeadsToThisHost(t *testing.T) {
	s := fixed()
	s.Probes = []dnsroot.Probe{{Server: "a.root-servers.net.", Addr: netip.MustParseAddrPort("192.0.2.1:53"), Transport: dnsroot.TransportUDP}}
	a := dnsroot.Assess(s)
	assert.Equal(t, dnsroot.Unknown, a.Verdict)
	assert.Equal(t, []string{"look at this host's own network: it could send nothing to any server"}, a.Next)
	s.Probes[0].Reachable = new(false)
	assert.NotContains(t, dnsroot.Assess(s).String(), "it could send nothing")
}

// A zone that was published while the sweep ran must not make anybody stale:
// who was behind is asked again.
func TestZonePublishedDuringTheSweep(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	require.NoError(t, fleet.Set("c", dnsroottest.Fault{Serial: fleet.Serial() - 1}))
	client := patient(fleet, dnsroottest.Fault{})
	client.Hints.Servers = fleet.Hints().Servers[:4]
	client.Exchanger = exchangerFunc(func(ctx context.Context, query dnsroot.Query) (dnsroot.Reply, error) {
		reply, err := fleet.Exchange(ctx, query)
		if fleet.Queries("c") >= 24 || (!fleet.HasIPv6() && fleet.Queries("c") >= 12) {
			err = fleet.Set("c") // all that the sweep asks at first has been answered
		}
		return reply, err
	})
	s := sweep(t, client)
	again := 0
	for _, p := range s.Probes {
		if p.SerialAgain != nil {
			again++
			assert.Equal(t, "c.root-servers.net.", p.Server)
			assert.Equal(t, fleet.Serial(), *p.SerialAgain)
		}
	}
	assert.Positive(t, again)
	assert.Equal(t, dnsroot.Healthy, dnsroot.Assess(s).Verdict)
}

// While a zone may still be on its way nobody can call a letter stale.
func TestZoneOnItsWayIsNotStale(t *testing.T) {
	t.Parallel()
	signed := time.Now().Add(-time.Hour)
	fleet := start(t, dnsroottest.Config{Signed: signed})
	require.NoError(t, fleet.Set("c", dnsroottest.Fault{Serial: fleet.Serial() - 1}))
	a := dnsroot.Assess(sweep(t, patient(fleet, dnsroottest.Fault{})))
	assert.Equal(t, dnsroot.Unknown, report(t, a, "c").Verdict, a.String())
	assert.Equal(t, dnsroot.Unknown, a.Verdict)
	assert.Contains(t, a.String(), "next: ask again in three hours")

	year, month, day := signed.UTC().AddDate(0, 0, -10).Date()
	require.NoError(t, fleet.Set("c", dnsroottest.Fault{Serial: uint32(year*1000000 + int(month)*10000 + day*100)}))
	a = dnsroot.Assess(sweep(t, patient(fleet, dnsroottest.Fault{})))
	assert.Equal(t, dnsroot.Stale, report(t, a, "c").Verdict, a.String())
}

// A zone that all letters serve and that nobody has renewed for days is not
// healthy: a copy of it can stand in place of all of them.
func TestZoneThatNobodyRenews(t *testing.T) {
	t.Parallel()
	fleet := start(t, dnsroottest.Config{Signed: time.Now().Add(-5 * 24 * time.Hour)})
	s := sweep(t, patient(fleet, dnsroottest.Fault{}))
	assert.Equal(t, dnsroot.Healthy, dnsroot.Assess(s).Verdict, "a fleet's own zone is renewed when its owner likes")
	s.Anchors = append(s.Anchors, dnsroot.DefaultAnchors()...) // as if IANA's keys had proved it
	a := dnsroot.Assess(s)
	assert.Equal(t, dnsroot.Unknown, a.Verdict, a.String())
	assert.Contains(t, a.String(), "the newest zone is 5 days old")
	assert.Contains(t, a.String(), "next: compare the serial and this host's clock")

	fleet = start(t, dnsroottest.Config{Signed: time.Now().Add(-5 * 24 * time.Hour), Serial: 7}) // its serial is no day
	s = sweep(t, patient(fleet, dnsroottest.Fault{}))
	s.Anchors = append(s.Anchors, dnsroot.DefaultAnchors()...)
	a = dnsroot.Assess(s)
	assert.Equal(t, dnsroot.Healthy, a.Verdict, a.String())
}

// An answer may be late because this host was not running: that is no verdict
// on the letter, and it is said.
func TestStalledHostCannotTellSlow(t *testing.T) {
	s := fixed()
	secure := s.Probes[0].NS
	s.Unseen, s.Probes = nil, nil
	for l := range dnsroot.Letters() {
		rtt := 20 * time.Millisecond
		if l == 'k' {
			rtt = 400 * time.Millisecond
		}
		s.Probes = append(s.Probes, dnsroot.Probe{
			Server: l.Name(), Addr: netip.MustParseAddrPort("192.0.2.1:53"), Transport: dnsroot.TransportUDP, Reachable: new(true), Small: dnsroot.Count{Sent: 5},
			RTT: []time.Duration{rtt, rtt, rtt}, Rcode: "NOERROR", Serial: new(uint32(1)), SOA: secure, NS: secure, DNSKEY: secure,
		})
	}
	s.Stalled = time.Millisecond
	assert.Equal(t, dnsroot.Degraded, report(t, dnsroot.Assess(s), "k").Verdict)
	s.Stalled = 100 * time.Millisecond
	a := dnsroot.Assess(s)
	assert.Equal(t, dnsroot.Healthy, report(t, a, "k").Verdict)
	require.Len(t, a.Gaps(), 1)
	assert.Equal(t, "whether k are slow", a.Gaps()[0].What)
	assert.Contains(t, a.Gaps()[0].Why, "stalled for 100ms")
}

// RFC 1982: 4294967295 is followed by 0.
func TestSerialsWrap(t *testing.T) {
	s := fixed()
	secure := s.Probes[0].NS
	s.Unseen, s.Probes = nil, nil
	for l, n := range map[dnsroot.Letter]uint32{'a': 4294967295, 'b': 1, 'c': 1} {
		s.Probes = append(s.Probes, dnsroot.Probe{
			Server: l.Name(), Addr: netip.MustParseAddrPort("192.0.2.1:53"), Transport: dnsroot.TransportUDP, Reachable: new(true), Small: dnsroot.Count{Sent: 5},
			Rcode: "NOERROR", Serial: new(n), SOA: secure, NS: secure, DNSKEY: secure,
		})
	}
	a := dnsroot.Assess(s)
	assert.Equal(t, uint32(1), *a.Serial)
	assert.Equal(t, dnsroot.Stale, report(t, a, "a").Verdict, a.String())
	assert.Contains(t, fmt.Sprint(report(t, a, "a").Evidence), "2 behind 1")
	assert.Equal(t, dnsroot.Healthy, report(t, a, "b").Verdict)

	for i := range s.Probes { // asked again, a had more than caught up
		if s.Probes[i].Server == "a.root-servers.net." {
			s.Probes[i].SerialAgain = new(uint32(2))
		}
	}
	assert.Equal(t, dnsroot.Healthy, report(t, dnsroot.Assess(s), "a").Verdict)
}

func TestAssessOfNothing(t *testing.T) {
	for _, s := range []*dnsroot.Sweep{nil, {}, {Probes: make([]dnsroot.Probe, 2)}} {
		assert.Equal(t, dnsroot.Unknown, dnsroot.Assess(s).Verdict)
	}
}

// Who a server says it is comes from outside: bytes, empty, or nothing.
func TestIdentityIsPresentedSafely(t *testing.T) {
	client := &dnsroot.Client{Tries: 1, Hints: dnsroot.Hints{Servers: dnsroot.DefaultHints().Servers[:1]}}
	for name, test := range map[string]struct {
		nsid string // hexadecimal
		txt  []string
		want dnsroot.Identity
	}{
		"binary and several strings": {"1b5b00ff5c41", []string{"two", "strings\\027[0m"}, dnsroot.Identity{
			NSID: new(`\027[\000\255\\A`), HostnameBind: new(`two strings\027[0m`), IDServer: new(`two strings\027[0m`),
		}},
		"empty": {"", []string{""}, dnsroot.Identity{}},
	} {
		t.Run(name, func(t *testing.T) {
			client.Exchanger = exchangerFunc(func(_ context.Context, query dnsroot.Query) (dnsroot.Reply, error) {
				q, m := new(dns.Msg), new(dns.Msg)
				if err := q.Unpack(query.Wire); err != nil {
					return dnsroot.Reply{}, err
				}
				m.SetReply(q)
				if q.Question[0].Qtype == dns.TypeTXT {
					m.Answer = []dns.RR{&dns.TXT{
						Hdr: dns.RR_Header{Name: q.Question[0].Name, Rrtype: dns.TypeTXT, Class: dns.ClassCHAOS}, Txt: test.txt,
					}}
				} else {
					m.SetEdns0(1232, true)
					m.IsEdns0().Option = []dns.EDNS0{&dns.EDNS0_NSID{Code: dns.EDNS0NSID, Nsid: test.nsid}}
				}
				wire, err := m.Pack()
				return dnsroot.Reply{Wire: wire, RTT: 1}, err
			})
			assert.Equal(t, test.want, sweep(t, client).Probes[0].Identity)
		})
	}
}

// A forged far-future serial must not make the twelve others look stale.
func TestForgedSerialIsNotTheNewest(t *testing.T) {
	t.Parallel()
	fleet := start(t, dnsroottest.Config{})
	require.NoError(t, fleet.Set("m", dnsroottest.Fault{Serial: fleet.Serial() + 100000, BadSignature: true}))
	s := sweep(t, patient(fleet, dnsroottest.Fault{}))
	for _, p := range s.Probes {
		assert.Nil(t, p.SerialAgain, "%s was not behind anything", p.Server)
	}
	a := dnsroot.Assess(s)
	assert.Equal(t, dnsroot.Invalid, report(t, a, "m").Verdict)
	assert.Equal(t, dnsroot.Healthy, report(t, a, "a").Verdict, a.String())
	assert.Equal(t, fleet.Serial(), *a.Serial)
}

func TestSignaturesAreJudgedByTheClientsClock(t *testing.T) {
	t.Parallel()
	fleet := start(t, dnsroottest.Config{})
	for name, test := range map[string]struct {
		now  time.Time
		says string
	}{
		"expired":       {time.Now().Add(20 * 24 * time.Hour), "expired at"},
		"not yet valid": {time.Now().Add(-30 * 24 * time.Hour), "is not valid before"},
	} {
		t.Run(name, func(t *testing.T) {
			client := patient(fleet, dnsroottest.Fault{})
			client.Now = func() time.Time { return test.now }
			a := dnsroot.Assess(sweep(t, client))
			assert.Equal(t, dnsroot.Unknown, a.Verdict, "a wrong clock here is no forgery there")
			assert.Contains(t, a.String(), test.says)
			assert.Contains(t, a.String(), "next: compare this host's clock")
		})
	}
}

func TestSweepEndsWithItsContext(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	setAll(t, fleet, dnsroottest.Fault{Silence: true})
	client := fleet.Client()
	client.Timeout = time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
	defer cancel()
	begin := time.Now()
	s, err := client.Sweep(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Less(t, time.Since(begin), 10*time.Second)
	require.NotNil(t, s)
	for _, p := range s.Probes {
		assert.Nil(t, p.Reachable, "a wait cut short says nothing about the server")
	}
	assert.Equal(t, dnsroot.Unknown, dnsroot.Assess(s).Verdict)
}

func TestSweepOfNothingIsAnError(t *testing.T) {
	client := &dnsroot.Client{Hints: dnsroot.Hints{Servers: []dnsroot.Server{{Name: "a.root-servers.net."}}}}
	s, err := client.Sweep(t.Context())
	assert.Nil(t, s)
	assert.ErrorIs(t, err, dnsroot.ErrSyntax)
}

type exchangerFunc func(context.Context, dnsroot.Query) (dnsroot.Reply, error)

func (f exchangerFunc) Exchange(ctx context.Context, q dnsroot.Query) (dnsroot.Reply, error) {
	return f(ctx, q)
}

// A healthy fleet is swept well within a second, and dead letters cost one
// timeout together.
func TestBarSweep(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	client := fleet.Client()
	begin := time.Now()
	require.Equal(t, dnsroot.Healthy, dnsroot.Assess(sweep(t, client)).Verdict)
	healthy := time.Since(begin)

	for _, l := range []dnsroot.Letter{'b', 'g', 'k'} {
		require.NoError(t, fleet.Set(l.Name(), dnsroottest.Fault{Silence: true}))
	}
	begin = time.Now()
	a := dnsroot.Assess(sweep(t, client))
	dead := time.Since(begin)
	assert.Equal(t, dnsroot.Unreachable, report(t, a, "k").Verdict)
	if lab.Bars() != lab.Small && !lab.Race {
		assert.Less(t, healthy, time.Second)
		assert.Less(t, dead, 2*client.Timeout+time.Second)
	}
	lab.BarTiming(t, "dnsroot_sweep", "52 probes healthy in %s; three dead letters, timeout %s: %s",
		healthy.Round(time.Millisecond), client.Timeout, dead.Round(time.Millisecond))
}

// losing drops questions at random.
func losing(fleet *dnsroottest.Fleet, rng *rand.Rand, share func(dnsroot.Query) float64) dnsroot.Exchanger {
	var mu sync.Mutex
	return exchangerFunc(func(ctx context.Context, q dnsroot.Query) (dnsroot.Reply, error) {
		mu.Lock()
		drop := rng.Float64() < share(q)
		mu.Unlock()
		if drop {
			<-ctx.Done()
			return dnsroot.Reply{}, dnsroot.ErrNoAnswer
		}
		return fleet.Exchange(ctx, q)
	})
}
