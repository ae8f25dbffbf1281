package dnsroot_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/dnsroottest"
)

// zoneAt is what a letter serves: its serial, and from when until when the
// signatures over it are valid.
type zoneAt struct {
	serial      uint32
	from, until time.Duration // of the sweep's time by this host's clock
}

// seen is a sweep of 13 letters in which the first few serve other zones.
func seen(others []zoneAt, rest zoneAt) *dnsroot.Sweep {
	at := time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)
	s := &dnsroot.Sweep{Started: at}
	i := 0
	for l := range dnsroot.Letters() {
		z := rest
		if i < len(others) {
			z = others[i]
		}
		i++
		v := dnsroot.Validation{Security: dnsroot.SecuritySecure, KeyTag: 1, Inception: at.Add(z.from), Expiration: at.Add(z.until)}
		if z.from > 0 || z.until < 0 {
			v.Security, v.KeyTag, v.Why = dnsroot.SecurityBogus, 0, opskit.Fail(&opskit.Error{Op: "validate . SOA", Err: dnsroot.ErrBogus})
		}
		keys := dnsroot.Validation{Security: dnsroot.SecuritySecure, KeyTag: 1, Inception: at.Add(-240 * time.Hour), Expiration: at.Add(240 * time.Hour)}
		s.Probes = append(s.Probes, dnsroot.Probe{
			Server: l.Name(), Addr: netip.MustParseAddrPort("192.0.2.1:53"), Transport: dnsroot.TransportUDP, Reachable: new(true), Small: dnsroot.Count{Sent: 5},
			RTT: []time.Duration{time.Millisecond}, Rcode: "NOERROR", Serial: new(z.serial), SOA: v, NS: v, DNSKEY: keys,
		})
	}
	return s
}

func repeated(n int, z zoneAt) (out []zoneAt) {
	for range n {
		out = append(out, z)
	}
	return out
}

// What a wrong clock on this host would look like is no verdict on a letter.
func TestThisHostsClockIsASuspect(t *testing.T) {
	const day, hour = 24 * time.Hour, time.Hour
	fresh := zoneAt{2026112200, -6 * hour, 13*day - 6*hour}
	for name, test := range map[string]struct {
		others          []zoneAt
		rest            zoneAt
		letter, system  dnsroot.Verdict
		evidence, other string
	}{
		"clock behind: most letters have a zone of the future": {
			repeated(12, zoneAt{2026112201, hour, 13 * day}), fresh,
			dnsroot.Unknown, dnsroot.Unknown, "signatures of a b c d e f g h i j k l are not valid yet by this host's clock: it may be behind", "compare this host's clock",
		},
		"clock behind: one letter is first": {
			repeated(1, zoneAt{2026112201, hour, 13 * day}), fresh,
			dnsroot.Unknown, dnsroot.Unknown, "signatures of a are not valid yet", "compare this host's clock",
		},
		"clock ahead: most letters' zone has expired": {
			repeated(9, zoneAt{2026112101, -13*day - hour, -hour}),
			zoneAt{2026112200, -12*day - hour, hour},
			dnsroot.Unknown, dnsroot.Unknown, "signatures of a b c d e f g h i have expired by this host's clock", "compare this host's clock",
		},
		"expired before another letter's zone was signed: no matter what the clock says": {
			repeated(9, zoneAt{2026110900, -13*day - 12*hour, -12 * hour}), fresh,
			dnsroot.Invalid, dnsroot.Degraded, "invalid: a b c d e f g h i", "must not be used",
		},
		"both ways": {
			[]zoneAt{{2026112201, hour, 13 * day}, {2026112101, -13*day - hour, -hour}},
			zoneAt{2026112200, -12*day - hour, hour},
			dnsroot.Unknown, dnsroot.Unknown, "signatures of b have expired and those of a are not valid yet", "compare this host's clock",
		},
		"most letters are behind a zone that is old by this clock alone": {
			repeated(8, zoneAt{2026112101, -18 * hour, 12 * day}), fresh,
			dnsroot.Unknown, dnsroot.Unknown, "are behind a zone that is 6h0m0s old by this host's clock, no fewer than have it", "compare this host's clock",
		},
		"one letter is behind": {
			repeated(1, zoneAt{2026112101, -18 * hour, 12 * day}), fresh,
			dnsroot.Stale, dnsroot.Degraded, "a day behind 2026112200, which is 6h0m0s old by this host's clock", "before calling a server stale",
		},
		"most letters are days behind by the serials' own dates": {
			repeated(8, zoneAt{2026111901, -3 * day, 10 * day}), fresh,
			dnsroot.Stale, dnsroot.Degraded, "3 days behind 2026112200, by the dates of both", "before calling a server stale",
		},
		"an expired letter makes the clock no witness against another that is behind": {
			[]zoneAt{{2026112101, -18 * hour, 12 * day}, {2026112001, -13 * day, -time.Minute}},
			fresh,
			dnsroot.Unknown, dnsroot.Unknown, "signatures of b have expired", "ask again in three hours",
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := dnsroot.Assess(seen(test.others, test.rest))
			assert.Equal(t, test.letter, a.Servers[0].Verdict, a.String())
			assert.Equal(t, dnsroot.Healthy, a.Servers[12].Verdict, a.String())
			assert.Equal(t, test.system, a.Verdict, a.String())
			assert.Contains(t, a.String(), test.evidence)
			assert.Contains(t, fmt.Sprint(a.Next), test.other)
		})
	}
}

// A signature that only the time keeps from proving tells its times; one that
// is no good tells none.
func TestValidationTellsTheTimesOfASoundSignature(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	keys, soa := fetch(t, fleet, "a", 48), fetch(t, fleet, "a", 6)
	for _, late := range []time.Duration{20 * 24 * time.Hour, -30 * 24 * time.Hour} {
		v := dnsroot.Validate(soa, keys, fleet.Anchors(), time.Now().Add(late))
		require.Equal(t, dnsroot.SecurityBogus, v.Security)
		assert.Equal(t, 14*24*time.Hour, v.Expiration.Sub(v.Inception))
		assert.Zero(t, v.KeyTag, "nothing was proved")
	}
	require.NoError(t, fleet.Set("a", dnsroottest.Fault{BadSignature: true}))
	v := dnsroot.Validate(fetch(t, fleet, "a", 6), keys, fleet.Anchors(), time.Now().Add(20*24*time.Hour))
	assert.Equal(t, dnsroot.SecurityBogus, v.Security)
	v = dnsroot.Validate(fetch(t, fleet, "a", 6), keys, fleet.Anchors(), time.Now())
	assert.Equal(t, dnsroot.SecurityBogus, v.Security)
	assert.True(t, v.Expiration.IsZero(), "%v", v)
}
