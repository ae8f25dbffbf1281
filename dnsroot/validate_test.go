package dnsroot_test

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/dnsroottest"
	"github.com/opskit-go/opskit/internal/lab"
)

// fetch asks the fleet's first letter one question about the root.
func fetch(t testing.TB, fleet *dnsroottest.Fleet, l string, qtype uint16) []byte {
	t.Helper()
	m := new(dns.Msg)
	m.SetQuestion(".", qtype)
	m.SetEdns0(1232, true)
	query, err := m.Pack()
	require.NoError(t, err)
	for _, s := range fleet.Hints().Servers {
		if s.Name == l+".root-servers.net." {
			reply, err := fleet.Exchange(t.Context(), dnsroot.Query{Wire: query, To: netip.AddrPortFrom(s.Addrs[0], 53), Over: dnsroot.TransportTCP})
			require.NoError(t, err)
			return reply.Wire
		}
	}
	t.Fatalf("no letter %s", l)
	return nil
}

func TestValidate(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	other := start(t, dnsroottest.Config{})
	now := time.Now()
	keys, soa := fetch(t, fleet, "a", dns.TypeDNSKEY), fetch(t, fleet, "a", dns.TypeSOA)
	anchors := fleet.Anchors()

	v := dnsroot.Validate(soa, keys, anchors, now)
	require.Equal(t, dnsroot.SecuritySecure, v.Security, "%v", v.Why)
	assert.True(t, v.Why.IsZero())
	assert.True(t, v.Inception.Before(now) && v.Expiration.After(now), "%s to %s", v.Inception, v.Expiration)
	assert.Equal(t, 14*24*time.Hour, v.Expiration.Sub(v.Inception))
	assert.NotEqual(t, anchors[0].KeyTag, v.KeyTag, "the zone key signs the SOA")
	assert.Equal(t, anchors[0].KeyTag, dnsroot.Validate(keys, keys, anchors, now).KeyTag, "the anchored key signs the keys")

	both := append(other.Anchors(), anchors...)
	assert.Equal(t, dnsroot.SecuritySecure, dnsroot.Validate(soa, keys, both, now).Security, "one matching anchor of several is enough")

	changed := func(wire []byte, change func(m *dns.Msg)) []byte {
		m := new(dns.Msg)
		require.NoError(t, m.Unpack(wire))
		change(m)
		packed, err := m.Pack()
		require.NoError(t, err)
		return packed
	}
	sign := func(m *dns.Msg) *dns.RRSIG { return m.Answer[len(m.Answer)-1].(*dns.RRSIG) }
	retired := fleet.Anchors()
	retired[0].ValidUntil = now.Add(-time.Hour)
	early := fleet.Anchors()
	early[0].ValidFrom = now.Add(time.Hour)
	forged := fleet.Anchors()
	forged[0].Digest = other.Anchors()[0].Digest // the right tag of another key
	for name, test := range map[string]struct {
		answer, keys []byte
		anchors      []dnsroot.Anchor
		want         dnsroot.Security
		says         string
	}{
		"no anchor":                     {soa, keys, []dnsroot.Anchor{}, dnsroot.SecurityUnknown, "no trust anchor was given"},
		"another root's anchor":         {soa, keys, other.Anchors(), dnsroot.SecurityBogus, "no key of the set matches"},
		"an anchor with another digest": {soa, keys, forged, dnsroot.SecurityBogus, "no key of the set matches"},
		"an anchor past its end":        {soa, keys, retired, dnsroot.SecurityBogus, "no key of the set matches"},
		"an anchor before its day":      {soa, keys, early, dnsroot.SecurityBogus, "no key of the set matches"},
		"another root's keys":           {soa, fetch(t, other, "a", dns.TypeDNSKEY), anchors, dnsroot.SecurityBogus, "no key of the set matches"},
		"another root's answer":         {fetch(t, other, "a", dns.TypeSOA), keys, anchors, dnsroot.SecurityBogus, "none of the trusted ones"},
		"no signature":                  {changed(soa, func(m *dns.Msg) { m.Answer = m.Answer[:1] }), keys, anchors, dnsroot.SecurityUnsigned, "not signed"},
		"no signature of the keys":      {soa, changed(keys, func(m *dns.Msg) { m.Answer = m.Answer[:2] }), anchors, dnsroot.SecurityUnsigned, "validate . DNSKEY"},
		"no keys":                       {soa, changed(keys, func(m *dns.Msg) { m.Answer = nil }), anchors, dnsroot.SecurityUnsigned, "no keys"},
		"no answer":                     {changed(soa, func(m *dns.Msg) { m.Answer = nil }), keys, anchors, dnsroot.SecurityUnknown, "no such record"},
		"a record added": {changed(keys, func(m *dns.Msg) {
			extra := *m.Answer[1].(*dns.DNSKEY)
			extra.PublicKey = m.Answer[0].(*dns.DNSKEY).PublicKey
			m.Answer = append(m.Answer, &extra)
		}), changed(keys, func(m *dns.Msg) {
			extra := *m.Answer[1].(*dns.DNSKEY)
			extra.PublicKey = m.Answer[0].(*dns.DNSKEY).PublicKey
			m.Answer = append(m.Answer, &extra)
		}), anchors, dnsroot.SecurityBogus, "signature by key"},
		"a changed serial":     {changed(soa, func(m *dns.Msg) { m.Answer[0].(*dns.SOA).Serial++ }), keys, anchors, dnsroot.SecurityBogus, "bad signature"},
		"signed by a TLD":      {changed(soa, func(m *dns.Msg) { sign(m).SignerName = "com." }), keys, anchors, dnsroot.SecurityBogus, "signature by com."},
		"a wildcard signature": {changed(soa, func(m *dns.Msg) { sign(m).Labels = 1 }), keys, anchors, dnsroot.SecurityBogus, "over 1 labels"},
		"an unknown algorithm": {changed(soa, func(m *dns.Msg) { sign(m).Algorithm = 253 }), keys, anchors, dnsroot.SecurityUnknown, "algorithm 253"},
		"cut off":              {changed(soa, func(m *dns.Msg) { m.Truncated = true }), keys, anchors, dnsroot.SecurityUnknown, "truncated"},
		"no message":           {[]byte{1}, keys, anchors, dnsroot.SecurityUnknown, "malformed"},
		"keys are no message":  {soa, []byte{1}, anchors, dnsroot.SecurityUnknown, "malformed"},
		"not about the root":   {changed(soa, func(m *dns.Msg) { m.Question[0].Name = "com." }), keys, anchors, dnsroot.SecurityUnknown, "not about the zone of the keys"},
	} {
		t.Run(name, func(t *testing.T) {
			v := dnsroot.Validate(test.answer, test.keys, test.anchors, now)
			assert.Equal(t, test.want, v.Security)
			require.False(t, v.Why.IsZero())
			assert.Contains(t, v.Why.String(), test.says)
		})
	}
}

// One RRset may carry signatures of old and new keys: one that holds is enough.
func TestValidateTriesEverySignature(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	keys, soa := fetch(t, fleet, "a", dns.TypeDNSKEY), fetch(t, fleet, "a", dns.TypeSOA)
	m := new(dns.Msg)
	require.NoError(t, m.Unpack(soa))
	for range 10 {
		bad := *m.Answer[1].(*dns.RRSIG)
		bad.Signature = strings.Repeat("A", len(bad.Signature)-2) + "=="
		m.Answer = append([]dns.RR{m.Answer[0], &bad}, m.Answer[1:]...)
	}
	several, err := m.Pack()
	require.NoError(t, err)
	assert.Equal(t, dnsroot.SecuritySecure, dnsroot.Validate(several, keys, fleet.Anchors(), time.Now()).Security)

	for range 100 { // and an attacker must not make that expensive
		bad := *m.Answer[1].(*dns.RRSIG)
		m.Answer = append([]dns.RR{m.Answer[0], &bad}, m.Answer[1:]...)
	}
	costly, err := m.Pack()
	require.NoError(t, err)
	v := dnsroot.Validate(costly, keys, fleet.Anchors(), time.Now())
	assert.Equal(t, dnsroot.SecurityBogus, v.Security)
	assert.Contains(t, v.Why.String(), "more than 16")
}

// delv is BIND's validator: it must agree on every letter, healthy or not.
func TestDelvAgrees(t *testing.T) {
	t.Parallel()
	lab.Need(t, "host-clock", "program:delv")
	delv, err := lab.Program("delv")
	require.NoError(t, err)
	fleet := start(t, dnsroottest.Config{})
	faults := map[string]dnsroottest.Fault{
		"b": {BadSignature: true}, "c": {Unsigned: true}, "d": {Rogue: true},
		"e": {WrongAnswer: true}, "f": {Serial: 2000010100}, "g": {Truncated: true, Transport: dnsroot.TransportUDP},
	}
	for l, fault := range faults {
		require.NoError(t, fleet.Set(l, fault))
	}
	file := filepath.Join(t.TempDir(), "anchors.conf")
	a := fleet.Anchors()[0]
	text := fmt.Sprintf("trust-anchors { . static-ds %d %d %d \"%s\"; };\n", a.KeyTag, a.Algorithm, a.DigestType, a.Digest)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))

	s := sweep(t, patient(fleet, dnsroottest.Fault{}))
	compared := 0
	for _, p := range s.Probes {
		if p.Transport != dnsroot.TransportUDP || !p.Addr.Addr().Is4() {
			continue
		}
		at := fleet.AddrPort(p.Addr.Addr())
		for qtype, ours := range map[string]dnsroot.Validation{"SOA": p.SOA, "NS": p.NS} {
			var out []byte
			var err error
			for range 5 { // delv's own timeouts are short for a machine under load
				out, err = exec.CommandContext(t.Context(), delv, "-a", file, "+root=.", "@"+at.Addr().String(),
					"-p", fmt.Sprint(at.Port()), ".", qtype).CombinedOutput()
				if !strings.Contains(string(out), "timed out") {
					break
				}
			}
			theirs := err == nil && strings.Contains(string(out), "; fully validated")
			assert.Equal(t, theirs, ours.Security == dnsroot.SecuritySecure, "%s %s: %s, delv: %s", p.Server, qtype, ours.Security, out)
			compared++
		}
	}
	assert.Equal(t, 26, compared)
}
