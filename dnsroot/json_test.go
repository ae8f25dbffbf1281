package dnsroot_test

import (
	"encoding"
	"encoding/json"
	"errors"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/dnsroottest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// fixed is a sweep with one of everything, written by hand.
func fixed() *dnsroot.Sweep {
	at := time.Date(2026, time.November, 22, 11, 30, 0, 123456789, time.UTC)
	secure := dnsroot.Validation{
		Security: dnsroot.Secure, KeyTag: 20326,
		Inception: at.Truncate(time.Hour).Add(-26 * time.Hour), Expiration: at.Truncate(time.Hour).Add(300 * time.Hour),
	}
	bogus := dnsroot.Validation{
		Security: dnsroot.Bogus,
		Why:      &dnsroot.Error{Op: "validate . SOA", Err: dnsroot.ErrBogus},
	}
	a := netip.MustParseAddrPort("198.41.0.4:53")
	a6 := netip.MustParseAddrPort("[2001:503:ba3e::2:30]:53")
	b := netip.MustParseAddrPort("170.247.170.2:53")
	return &dnsroot.Sweep{
		Started: at, Took: 183 * time.Millisecond, Stalled: 3 * time.Millisecond, HintsUpdated: dnsroot.DefaultHints().Updated,
		Anchors: dnsroot.DefaultAnchors(),
		Probes: []dnsroot.Probe{
			{
				Letter: 'a', Addr: a, Transport: dnsroot.UDP, Reachable: new(true), Sent: 5, Lost: 1,
				RTT: []time.Duration{21 * time.Millisecond, 20 * time.Millisecond}, Rcode: "NOERROR",
				Authoritative: new(true), Recursive: new(false), Truncated: true, Serial: new(uint32(2026112200)),
				Identity: dnsroot.Identity{NSID: new("nnn1-xx1\\000"), HostnameBind: new("nnn1-xx1"), IDServer: new("nnn1-xx1")},
				SOA:      secure, NS: secure, DNSKEY: secure,
				Discarded: []dnsroot.Discarded{{Why: "other_id", Count: 2}},
			},
			{
				Letter: 'a', Addr: a6, Transport: dnsroot.UDP,
				Err: &dnsroot.Error{Op: "query . SOA over udp", Target: a6.String(), Err: dnsroot.ErrNotSent},
			},
			{
				Letter: 'b', Addr: b, Transport: dnsroot.TCP, Reachable: new(true), Sent: 5,
				RTT: []time.Duration{30 * time.Millisecond}, Connect: []time.Duration{29 * time.Millisecond}, Rcode: "NOERROR",
				Authoritative: new(true), Recursive: new(false), Serial: new(uint32(2026112100)), SerialAgain: new(uint32(2026112200)),
				SOA: bogus, NS: secure, DNSKEY: secure,
			},
			{
				Letter: 'b', Addr: b, Transport: dnsroot.UDP, Reachable: new(false), Sent: 3, Lost: 3,
				Err: &dnsroot.Error{Op: "query . SOA over udp", Target: b.String(), Err: dnsroot.ErrNoAnswer},
			},
		},
		Unseen: []dnsroot.Gap{{What: "every letter over IPv6", Why: "network is unreachable", Need: "a host with IPv6"}},
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
	golden(t, "priming", &dnsroot.Priming{
		Letter: 'k', Addr: netip.MustParseAddrPort("193.0.14.129:53"), Transport: dnsroot.TCP, RTT: 12345 * time.Microsecond,
		NS:      fixed().Probes[0].NS,
		Hints:   dnsroot.Hints{Servers: dnsroot.DefaultHints().Servers[:2]},
		Others:  []string{"z.example."},
		Changes: []dnsroot.Change{{Letter: 'b', Old: netip.MustParseAddr("199.9.14.201")}, {Letter: 'b', New: netip.MustParseAddr("170.247.170.2")}},
		Tried:   []*dnsroot.Error{{Op: "prime from a", Target: "198.41.0.4:53", Err: dnsroot.ErrNoAnswer}},
		Unseen:  []dnsroot.Gap{{What: "m.root-servers.net. A, left out of the answer", Why: "no answer"}},
	})
}

func TestSavedEvidenceSameVerdict(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	require.NoError(t, fleet.Set('b', dnsroottest.Fault{Silence: true, Transport: dnsroot.TCP}))
	require.NoError(t, fleet.Set('d', dnsroottest.Fault{Rogue: true}))
	require.NoError(t, fleet.Set('h', dnsroottest.Fault{Serial: 2000010100}))
	require.NoError(t, fleet.Set('j', dnsroottest.Fault{WrongID: true}))
	require.NoError(t, fleet.Set('l', dnsroottest.Fault{Rcode: 5}))
	live := sweep(t, fleet.Client())
	for _, s := range []*dnsroot.Sweep{live, fixed()} {
		text, err := json.Marshal(s)
		require.NoError(t, err)
		var saved dnsroot.Sweep
		require.NoError(t, json.Unmarshal(text, &saved))
		assert.Equal(t, dnsroot.Assess(s), dnsroot.Assess(&saved))
		assert.Equal(t, dnsroot.Assess(s).String(), dnsroot.Assess(&saved).String())
	}
}

func TestErrorJSON(t *testing.T) {
	for _, sentinel := range []error{
		dnsroot.ErrNotSent, dnsroot.ErrNoAnswer, dnsroot.ErrRefused, dnsroot.ErrTruncated, dnsroot.ErrMalformed,
		dnsroot.ErrRcode, dnsroot.ErrUnsigned, dnsroot.ErrBogus, dnsroot.ErrSyntax, errors.New("something else"),
	} {
		e := &dnsroot.Error{Op: "query . SOA", Target: "192.0.2.1:53", Err: sentinel}
		text, err := json.Marshal(e)
		require.NoError(t, err)
		var read dnsroot.Error
		require.NoError(t, json.Unmarshal(text, &read))
		assert.Equal(t, e.Error(), read.Error())
		again, err := json.Marshal(&read)
		require.NoError(t, err)
		assert.Equal(t, string(text), string(again))
		if sentinel.Error() == "something else" {
			assert.Contains(t, string(text), `"code":"other"`)
		} else {
			assert.ErrorIs(t, &read, sentinel)
			assert.NotContains(t, string(text), `"other"`)
		}
	}
	assert.Equal(t, "op target\\u{a}: bad\\u{1b}[0m", (&dnsroot.Error{Op: "op", Target: "target\n", Err: errors.New("bad\x1b[0m")}).Error())
	assert.NotPanics(t, func() { _ = new(dnsroot.Error).Error() })
}

type enum interface {
	encoding.TextMarshaler
	String() string
}

func TestEnumsAreExhaustive(t *testing.T) {
	check := func(name string, n int, at func(i int) enum, read func(text []byte) (enum, error)) {
		t.Helper()
		seen := map[string]bool{}
		for i := range n {
			v := at(i)
			text, err := v.MarshalText()
			require.NoError(t, err)
			assert.Equal(t, v.String(), string(text))
			assert.False(t, seen[v.String()], "%s %s twice", name, v)
			seen[v.String()] = true
			got, err := read(text)
			require.NoError(t, err)
			assert.Equal(t, v, got)
		}
		assert.Equal(t, "unknown", at(0).String())
		assert.Equal(t, "unknown", at(n).String(), "%s has more values than the test knows", name)
		_, err := read([]byte("no such text"))
		assert.ErrorIs(t, err, dnsroot.ErrSyntax)
	}
	check("verdict", 8, func(i int) enum { return dnsroot.Verdict(i) }, func(text []byte) (enum, error) {
		var v dnsroot.Verdict
		err := v.UnmarshalText(text)
		return v, err
	})
	check("security", 4, func(i int) enum { return dnsroot.Security(i) }, func(text []byte) (enum, error) {
		var v dnsroot.Security
		err := v.UnmarshalText(text)
		return v, err
	})
	check("transport", 3, func(i int) enum { return dnsroot.Transport(i) }, func(text []byte) (enum, error) {
		var v dnsroot.Transport
		err := v.UnmarshalText(text)
		return v, err
	})
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

func TestGapString(t *testing.T) {
	assert.Equal(t, "a (b; need: c)", dnsroot.Gap{What: "a", Why: "b", Need: "c"}.String())
	assert.Equal(t, `a\u{1b} (b)`, dnsroot.Gap{What: "a\x1b", Why: "b"}.String())
}
