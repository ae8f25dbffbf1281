package dnsroot_test

import (
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/dnsroottest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// fixed is a sweep with one of everything, written by hand.
func fixed() *dnsroot.Sweep {
	at := time.Date(2026, time.November, 22, 11, 30, 0, 123456789, time.UTC)
	secure := dnsroot.Validation{
		Security: dnsroot.SecuritySecure, KeyTag: 20326,
		Inception: at.Truncate(time.Hour).Add(-26 * time.Hour), Expiration: at.Truncate(time.Hour).Add(300 * time.Hour),
	}
	bogus := dnsroot.Validation{
		Security: dnsroot.SecurityBogus,
		Why:      opskit.Fail(&opskit.Error{Op: "validate . SOA", Err: dnsroot.ErrBogus}),
	}
	a := netip.MustParseAddrPort("198.41.0.4:53")
	a6 := netip.MustParseAddrPort("[2001:503:ba3e::2:30]:53")
	b := netip.MustParseAddrPort("170.247.170.2:53")
	return &dnsroot.Sweep{
		Zone: ".", Lead: 24 * time.Hour, Started: at, Took: 183 * time.Millisecond, Stalled: 3 * time.Millisecond, HintsUpdated: dnsroot.DefaultHints().Updated,
		Anchors: dnsroot.DefaultAnchors(),
		Probes: []dnsroot.Probe{
			{
				Server: "a.root-servers.net.", Addr: a, Transport: dnsroot.TransportUDP, Reachable: new(true), Small: dnsroot.Count{Sent: 5, Lost: 1},
				RTT: []time.Duration{21 * time.Millisecond, 20 * time.Millisecond}, Rcode: "NOERROR",
				Authoritative: new(true), Recursive: new(false), Truncated: true, Serial: new(uint32(2026112200)),
				Identity: dnsroot.Identity{NSID: new("nnn1-xx1\\000"), HostnameBind: new("nnn1-xx1"), IDServer: new("nnn1-xx1")},
				SOA:      secure, NS: secure, DNSKEY: secure,
				Discarded: []dnsroot.Discarded{{Why: "other_id", Count: 2}},
			},
			{
				Server: "a.root-servers.net.", Addr: a6, Transport: dnsroot.TransportUDP,
				Err: opskit.Fail(&opskit.Error{Op: "query . SOA over udp", Target: a6.String(), Err: dnsroot.ErrNotSent}),
			},
			{
				Server: "b.root-servers.net.", Addr: b, Transport: dnsroot.TransportTCP, Reachable: new(true), Small: dnsroot.Count{Sent: 5},
				RTT: []time.Duration{30 * time.Millisecond}, Connect: []time.Duration{29 * time.Millisecond}, Rcode: "NOERROR",
				Authoritative: new(true), Recursive: new(false), Serial: new(uint32(2026112100)), SerialAgain: new(uint32(2026112200)),
				SOA: bogus, NS: secure, DNSKEY: secure,
			},
			{
				Server: "b.root-servers.net.", Addr: b, Transport: dnsroot.TransportUDP, Reachable: new(false), Small: dnsroot.Count{Sent: 3, Lost: 3},
				Err: opskit.Fail(&opskit.Error{Op: "query . SOA over udp", Target: b.String(), Err: dnsroot.ErrNoAnswer}),
			},
		},
		Unseen: []opskit.Gap{{What: "every letter over IPv6", Why: "network is unreachable", Need: "a host with IPv6"}},
	}
}

func golden[T any](t *testing.T, name string, value *T) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden.json")
	text, err := json.MarshalIndent(value, "", "  ")
	require.NoError(t, err)
	text = append(text, '\n')
	if *update {
		require.NoError(t, os.WriteFile(file, text, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(text))

	read := new(T)
	require.NoError(t, json.Unmarshal(text, read))
	again, err := json.MarshalIndent(read, "", "  ")
	require.NoError(t, err)
	assert.Equal(t, string(text), string(again)+"\n", "what was written reads back as the same")
}

func TestGoldenJSON(t *testing.T) {
	golden(t, "sweep", fixed())
	golden(t, "assessment", dnsroot.Assess(fixed()))
	p := &dnsroot.Priming{
		Hints: dnsroot.Hints{Servers: dnsroot.DefaultHints().Servers[:2]},
		Lists: []dnsroot.Listing{{
			Server: "k.root-servers.net.", Addr: netip.MustParseAddrPort("193.0.14.129:53"), Transport: dnsroot.TransportTCP, RTT: 12345 * time.Microsecond,
			NS: fixed().Probes[0].NS, Untold: []string{"a.root-servers.net. AAAA"},
			Servers: []dnsroot.Server{{Name: "a.root-servers.net.", Addrs: dnsroot.DefaultHints().Servers[0].Addrs[:1]}, {Name: "b.root-servers.net.", Addrs: []netip.Addr{netip.MustParseAddr("199.9.14.201")}}},
			Absent:  []string{"b.root-servers.net. AAAA"},
		}},
		Tried: []opskit.Failure{opskit.Fail(&opskit.Error{Op: "prime from a", Target: "198.41.0.4:53", Err: dnsroot.ErrNoAnswer})},
	}
	p.Judge()
	golden(t, "priming", p)
}

func TestSavedEvidenceSameVerdict(t *testing.T) {
	t.Parallel()
	fleet := start(t, dnsroottest.Config{})
	require.NoError(t, fleet.Set("b", dnsroottest.Fault{Silence: true, Transport: dnsroot.TransportTCP}))
	require.NoError(t, fleet.Set("d", dnsroottest.Fault{Rogue: true}))
	require.NoError(t, fleet.Set("h", dnsroottest.Fault{Serial: 2000010100}))
	require.NoError(t, fleet.Set("j", dnsroottest.Fault{WrongID: true}))
	require.NoError(t, fleet.Set("l", dnsroottest.Fault{Rcode: 5}))
	client := fleet.Client()
	client.Timeout = 300 * time.Millisecond // whatever is lost, the verdict is the same
	live := sweep(t, client)
	for _, s := range []*dnsroot.Sweep{live, fixed()} {
		text, err := json.Marshal(s)
		require.NoError(t, err)
		var saved dnsroot.Sweep
		require.NoError(t, json.Unmarshal(text, &saved))
		one, err := json.Marshal(dnsroot.Assess(s))
		require.NoError(t, err)
		two, err := json.Marshal(dnsroot.Assess(&saved))
		require.NoError(t, err)
		assert.JSONEq(t, string(one), string(two))
		assert.Equal(t, dnsroot.Assess(s).String(), dnsroot.Assess(&saved).String())
	}
}

func TestPreflight(t *testing.T) {
	var names []string
	for _, c := range dnsroot.Preflight(t.Context()) {
		names = append(names, c.Name)
		if !c.OK {
			assert.NotEmpty(t, c.Why, c.Name)
			if c.Name != "icmp_errors" { // no line makes this host a Linux
				assert.NotEmpty(t, c.Fix, c.Name)
			}
		}
	}
	assert.Equal(t, []string{"ipv4_route", "ipv6_route", "udp_socket", "icmp_errors"}, names)
}
