package dnsroot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/dnsroottest"
)

func FuzzParseHints(f *testing.F) {
	f.Add(someHints)
	f.Add(". 3600000 IN NS a.root-servers.net.\na.root-servers.net. IN A 192.0.2.1\n")
	f.Add("$ORIGIN root-servers.net.\n$TTL 1d\n. NS k\nk AAAA 2001:7fd::1\n")
	f.Add("$GENERATE 1-3 $ NS a.root-servers.net.\n")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := dnsroot.ParseHints(strings.NewReader(text))
		if err == nil {
			assert.NotEmpty(t, h.Servers)
			assert.Empty(t, h.Diff(h))
		}
		for _, s := range h.Servers {
			assert.NotEqual(t, "?", s.Name)
			assert.NotEmpty(t, s.Addrs)
		}
	})
}

func FuzzParseAnchors(f *testing.F) {
	f.Add(". IN DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D\n")
	f.Add(". IN DNSKEY 257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==\n")
	f.Add(`<TrustAnchor><Zone>.</Zone><KeyDigest id="x" validFrom="2017-02-02T00:00:00+00:00"><KeyTag>7</KeyTag><Algorithm>8</Algorithm><DigestType>2</DigestType><Digest>00</Digest></KeyDigest></TrustAnchor>`)
	f.Fuzz(func(t *testing.T, text string) {
		anchors, err := dnsroot.ParseAnchors(strings.NewReader(text))
		assert.True(t, err != nil || len(anchors) > 0)
	})
}

// FuzzValidate feeds whatever bytes as answer and keys: nothing but the signed
// zone itself may come out secure.
func FuzzValidate(f *testing.F) {
	fleet := start(f, dnsroottest.Config{})
	keys, soa := fetch(f, fleet, "a", dns.TypeDNSKEY), fetch(f, fleet, "a", dns.TypeSOA)
	anchors, now := fleet.Anchors(), time.Now()
	f.Add(soa, keys)
	f.Add(keys, keys)
	f.Add(soa[:30], keys[:40])
	genuine := dnsroot.Validate(soa, keys, anchors, now)
	require.Equal(f, dnsroot.SecuritySecure, genuine.Security, "%v", genuine.Why)
	f.Fuzz(func(t *testing.T, answer, keySet []byte) {
		v := dnsroot.Validate(answer, keySet, anchors, now)
		if v.Security != dnsroot.SecuritySecure {
			require.False(t, v.Why.IsZero())
			return
		}
		m := new(dns.Msg)
		require.NoError(t, m.Unpack(answer))
		for _, rr := range m.Answer {
			if got, ok := rr.(*dns.SOA); ok && rr.Header().Name == "." && rr.Header().Class == dns.ClassINET && m.Question[0].Qtype == dns.TypeSOA {
				assert.Equal(t, fleet.Serial(), got.Serial, "a forged SOA was called secure")
			}
		}
	})
}

// FuzzAnswer gives every question of a sweep and of priming the same bytes as
// answer, behind a matching header.
func FuzzAnswer(f *testing.F) {
	fleet := start(f, dnsroottest.Config{})
	f.Add(fetch(f, fleet, "a", dns.TypeSOA))
	f.Add(fetch(f, fleet, "a", dns.TypeNS))
	f.Add([]byte{0, 0, 0x84, 0, 0, 1, 0, 1, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, body []byte) {
		client := &dnsroot.Client{
			Hints: dnsroot.Hints{Servers: fleet.Hints().Servers[:1]}, Anchors: fleet.Anchors(), Tries: 1, Pace: -1, Timeout: time.Second,
			Exchanger: exchangerFunc(func(_ context.Context, query dnsroot.Query) (dnsroot.Reply, error) {
				wire := bytes.Clone(body)
				copy(wire, query.Wire[:2])
				if len(wire) >= 17 {
					copy(wire[12:17], query.Wire[12:17]) // the root's name, type and class
				}
				return dnsroot.Reply{Wire: wire, RTT: 1}, nil
			}),
		}
		s, err := client.Sweep(t.Context())
		require.NoError(t, err)
		a := dnsroot.Assess(s)
		assert.NotEqual(t, dnsroot.Healthy, a.Verdict, "the same bytes cannot answer SOA, NS and DNSKEY")
		for _, c := range s.String() + a.String() {
			assert.True(t, c == '\n' || (c >= ' ' && c < 0x7f), "control or odd character %q", c)
		}
		text, err := json.Marshal(s)
		require.NoError(t, err)
		var saved dnsroot.Sweep
		require.NoError(t, json.Unmarshal(text, &saved))
		assert.Equal(t, a.String(), dnsroot.Assess(&saved).String())
		if p, err := client.Prime(t.Context()); err == nil {
			assert.NotEmpty(t, p.String())
		}
	})
}
