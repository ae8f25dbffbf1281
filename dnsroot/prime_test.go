package dnsroot_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/dnsroottest"
)

func TestPrime(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	p, err := fleet.Client().Prime(t.Context())
	require.NoError(t, err)
	assert.Equal(t, dnsroot.Secure, p.NS.Security, p.String())
	assert.Equal(t, dnsroot.UDP, p.Transport)
	assert.Positive(t, p.RTT)
	assert.Empty(t, p.Changes)
	assert.Empty(t, p.Unseen)
	assert.Empty(t, fleet.Hints().Diff(p.Hints))
	assert.Contains(t, p.String(), "13 root servers listed, secure, the hints hold")
}

func TestPrimeReportsWhatTheHintsHaveDifferently(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	client := fleet.Client()
	client.Hints.Servers = append([]dnsroot.Server(nil), fleet.Hints().Servers[:12]...)
	gone := netip.MustParseAddr("192.0.2.77") // an old address of b that nobody answers on
	client.Hints.Servers[1] = dnsroot.Server{Letter: 'b', Addrs: []netip.Addr{gone}}
	p, err := client.Prime(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []dnsroot.Change{
		{Letter: 'b', Old: gone},
		{Letter: 'b', New: netip.MustParseAddr("192.0.2.2")},
		{Letter: 'b', New: netip.MustParseAddr("2001:db8:53::2")},
		{Letter: 'm', New: netip.MustParseAddr("192.0.2.13")},
		{Letter: 'm', New: netip.MustParseAddr("2001:db8:53::d")},
	}, p.Changes)
	assert.Contains(t, p.String(), "the hints differ in 5 places")
	assert.Contains(t, p.String(), "next: fetch the current hints file")
}

func TestPrimeAsksForAddressesLeftOut(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	setAll(t, fleet, dnsroottest.Fault{NoGlue: true})
	p, err := fleet.Client().Prime(t.Context())
	require.NoError(t, err)
	assert.Empty(t, p.Changes)
	assert.Empty(t, fleet.Hints().Diff(p.Hints))
}

func TestPrimeGoesOverToTCP(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	setAll(t, fleet, dnsroottest.Fault{Truncated: true, Transport: dnsroot.UDP})
	p, err := fleet.Client().Prime(t.Context())
	require.NoError(t, err)
	assert.Equal(t, dnsroot.TCP, p.Transport)
	assert.Equal(t, dnsroot.Secure, p.NS.Security)
}

func TestPrimeTakesAnotherServer(t *testing.T) {
	for name, fault := range map[string]dnsroottest.Fault{
		"silent":      {Silence: true},
		"SERVFAIL":    {Rcode: 2},
		"a resolver":  {Intercepted: true},
		"no question": {Garbage: true},
	} {
		t.Run(name, func(t *testing.T) {
			fleet := start(t, dnsroottest.Config{})
			setAll(t, fleet, fault)
			require.NoError(t, fleet.Set('c'))
			client := fleet.Client()
			client.Timeout = 200 * time.Millisecond
			client.Hints.Servers = fleet.Hints().Servers[1:3] // at most two or four addresses before c's
			tried := 0
			for range 10 { // the order is random
				p, err := client.Prime(t.Context())
				require.NoError(t, err)
				require.Equal(t, dnsroot.Letter('c'), p.Letter)
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
		asked += fleet.Queries(l)
	}
	assert.Equal(t, 6, asked, "no more than the documented number is asked")

	client.Hints = dnsroot.Hints{Servers: []dnsroot.Server{{Letter: 'a', Addrs: []netip.Addr{netip.MustParseAddr("198.51.100.1")}}}}
	_, err = client.Prime(t.Context())
	assert.ErrorIs(t, err, dnsroot.ErrNotSent, "the fleet has no such address")
}

func TestPrimeTellsABogusList(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	setAll(t, fleet, dnsroottest.Fault{WrongAnswer: true})
	p, err := fleet.Client().Prime(t.Context())
	require.NoError(t, err)
	assert.Equal(t, dnsroot.Bogus, p.NS.Security)
	assert.ErrorIs(t, p.NS.Why, dnsroot.ErrBogus)
	assert.Equal(t, []string{"wrong.example."}, p.Others[:1])
	assert.NotContains(t, p.String(), "next: fetch", "a bogus list is no reason to change the hints")
}
