package dnsroot_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/dnsroottest"
)

func TestPrime(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	p, err := fleet.Client().Prime(t.Context())
	require.NoError(t, err)
	require.Len(t, p.Lists, 3, "three servers, compared")
	for _, l := range p.Lists {
		assert.Equal(t, dnsroot.SecuritySecure, l.NS.Security, p.String())
		assert.Equal(t, dnsroot.TransportUDP, l.Transport)
		assert.Positive(t, l.RTT)
		assert.Empty(t, fleet.Hints().Diff(dnsroot.Hints{Servers: l.Servers}))
	}
	assert.Empty(t, p.Changes)
	assert.Equal(t, opskit.OK, p.Level(), p.String())
	assert.True(t, strings.HasPrefix(p.String(), "priming: the hints hold\n"), p.String())
}

func TestPrimeReportsWhatTheHintsHaveDifferently(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	client := fleet.Client()
	client.Hints.Servers = append([]dnsroot.Server(nil), fleet.Hints().Servers[:12]...)
	gone := netip.MustParseAddr("192.0.2.77") // an old address of b that nobody answers on
	client.Hints.Servers[1] = dnsroot.Server{Name: "b.root-servers.net.", Addrs: []netip.Addr{gone}}
	p, err := client.Prime(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []opskit.Change{
		{What: "b.root-servers.net. address", New: "192.0.2.2"},
		{What: "b.root-servers.net. address", Old: "192.0.2.77"},
		{What: "b.root-servers.net. address", New: "2001:db8:53::2"},
		{What: "m.root-servers.net. address", New: "192.0.2.13"},
		{What: "m.root-servers.net. address", New: "2001:db8:53::d"},
	}, p.Changes)
	assert.Equal(t, dnsroot.Stale, p.Verdict)
	assert.Contains(t, p.String(), "the hints differ in 5 places")
	assert.Contains(t, p.String(), "next: fetch the current hints file")
}

func TestPrimeAsksForAddressesLeftOut(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	setAll(t, fleet, dnsroottest.Fault{NoGlue: true})
	p, err := fleet.Client().Prime(t.Context())
	require.NoError(t, err)
	assert.Empty(t, p.Changes)
	assert.Equal(t, dnsroot.Healthy, p.Verdict, p.String())
}

// A referral, as a server gives that has no more than the zone, says nothing of
// an address; an authoritative answer without it says that it is gone.
func TestPrimeReferralIsNotAbsence(t *testing.T) {
	for range 10 { // who is asked is random
		fleet := start(t, dnsroottest.Config{})
		require.NoError(t, fleet.Set("c", dnsroottest.Fault{Referral: true}))
		client := fleet.Client()
		client.Hints.Servers = append(fleet.Hints().Servers[:3:3], fleet.Hints().Servers[12])
		p, err := client.Prime(t.Context())
		require.NoError(t, err)
		assert.NotContains(t, p.String(), "is gone", "who leaves out does not say so")
	}
	fleet := start(t, dnsroottest.Config{})
	setAll(t, fleet, dnsroottest.Fault{Referral: true})
	p, err := fleet.Client().Prime(t.Context())
	require.NoError(t, err)
	assert.Empty(t, p.Changes)
	assert.Equal(t, dnsroot.Unknown, p.Verdict)
	assert.Contains(t, p.String(), "not checked: 192.0.2.13 of m.root-servers.net.")

	setAll(t, fleet, dnsroottest.Fault{NoAddress: true})
	p, err = fleet.Client().Prime(t.Context())
	require.NoError(t, err)
	assert.Equal(t, dnsroot.Stale, p.Verdict)
	assert.Contains(t, p.String(), "m.root-servers.net. address: 192.0.2.13 is gone")
}

func TestPrimeComparesWhatServersList(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	require.NoError(t, fleet.Set("a", dnsroottest.Fault{NoAddress: true}))
	client := fleet.Client()
	client.Hints.Servers = append(fleet.Hints().Servers[:3:3], fleet.Hints().Servers[12])
	for range 20 {
		p, err := client.Prime(t.Context())
		require.NoError(t, err)
		if strings.Contains(p.String(), "\n  a lists") {
			assert.Contains(t, p.String(), "and not by a")
			return
		}
	}
	t.Fatal("a was never asked")
}

func TestPrimeGoesOverToTCP(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	setAll(t, fleet, dnsroottest.Fault{Truncated: true, Transport: dnsroot.TransportUDP})
	p, err := fleet.Client().Prime(t.Context())
	require.NoError(t, err)
	assert.Equal(t, dnsroot.TransportTCP, p.Lists[0].Transport)
	assert.Equal(t, dnsroot.SecuritySecure, p.Lists[0].NS.Security)
}

func TestPrimeTakesAnotherServer(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]dnsroottest.Fault{
		"silent":      {Silence: true},
		"SERVFAIL":    {Rcode: 2},
		"a resolver":  {Intercepted: true},
		"no question": {Garbage: true},
	} {
		t.Run(name, func(t *testing.T) {
			fleet := start(t, dnsroottest.Config{})
			setAll(t, fleet, fault)
			require.NoError(t, fleet.Set("c"))
			client := fleet.Client()
			client.Timeout = 200 * time.Millisecond
			client.Hints.Servers = fleet.Hints().Servers[1:3] // at most two or four addresses before c's
			tried := 0
			for range 5 { // the order is random
				p, err := client.Prime(t.Context())
				require.NoError(t, err)
				require.Equal(t, "c.root-servers.net.", p.Lists[0].Server)
				tried += len(p.Tried)
			}
			assert.Positive(t, tried)
		})
	}
}

func TestPrimeGivesUp(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	setAll(t, fleet, dnsroottest.Fault{Silence: true})
	client := fleet.Client()
	client.Timeout = 20 * time.Millisecond
	p, err := client.Prime(t.Context())
	assert.Nil(t, p)
	assert.ErrorIs(t, err, dnsroot.ErrNoAnswer)
	asked := 0
	for l := range dnsroot.Letters() {
		asked += fleet.Queries(l.Name())
	}
	assert.Equal(t, 8, asked, "no more than the documented number is asked")

	client.Hints = dnsroot.Hints{Servers: []dnsroot.Server{{Name: "a.root-servers.net.", Addrs: []netip.Addr{netip.MustParseAddr("198.51.100.1")}}}}
	_, err = client.Prime(t.Context())
	assert.ErrorIs(t, err, dnsroot.ErrNotSent, "the fleet has no such address")
}

func TestPrimeTellsABogusList(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	setAll(t, fleet, dnsroottest.Fault{WrongAnswer: true})
	p, err := fleet.Client().Prime(t.Context())
	require.NoError(t, err)
	assert.Equal(t, dnsroot.Invalid, p.Verdict)
	assert.ErrorIs(t, p.Lists[0].NS.Why.Err(), dnsroot.ErrBogus)
	assert.Contains(t, p.String(), "name server: wrong.example. is new")
	assert.NotContains(t, p.String(), "next: fetch", "a bogus list is no reason to change the hints")
}
