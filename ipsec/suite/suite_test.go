package suite

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ipsec/conf"
)

// What two daemons answered to each other, or what the RFC says of the pair.
func TestNegotiate(t *testing.T) {
	s, l, w := conf.DialectStrongSwan, conf.DialectLibreswan, conf.DialectSwanctl
	for _, c := range []struct {
		a    string
		da   conf.Dialect
		b    string
		db   conf.Dialect
		p    Protocol
		m    Moment
		want string // yes, no: KINDS, or unknown
	}{
		{"aes256-sha256-modp2048!", s, "aes256-sha256-modp2048!", s, ProtocolIKE, MomentFirst, "yes"},
		{"aes256-sha256-modp2048!", s, "aes256gcm16-prfsha256-modp2048!", s, ProtocolIKE, MomentFirst, "no: cipher"},
		{"aes256-sha256-modp2048!", s, "aes256-sha256-prfsha384-modp2048!", s, ProtocolIKE, MomentFirst, "no: prf"},
		{"aes256-sha256-modp2048!", s, "aes256-sha256-modp4096!", s, ProtocolIKE, MomentFirst, "no: group"},
		{"aes256-sha256-x25519!", s, "aes256-sha2-dh31", l, ProtocolIKE, MomentFirst, "yes"},
		{"aes-sha256-modp2048!", s, "aes256-sha256-modp2048!", s, ProtocolIKE, MomentFirst, "no: cipher"},
		{"aes-sha256;modp2048", l, "aes256-sha256-modp2048!", s, ProtocolIKE, MomentFirst, "yes"},
		{"aes_gcm256-sha2_512+sha2_256-dh19+dh14", l, "aes256gcm16-prfsha256-ecp256!", s, ProtocolIKE, MomentFirst, "yes"},
		{"aes_gcm_c-256-null", l, "aes256gcm128!", s, ProtocolESP, MomentFirst, "yes"},
		{"aes_gcm_8", l, "aes256gcm16!", s, ProtocolESP, MomentFirst, "no: cipher"},
		{"aes256-sha256-modp2048!", s, "aes256-sha256!", s, ProtocolESP, MomentFirst, "yes"},
		{"aes256-sha256-modp2048!", s, "aes256-sha256!", s, ProtocolESP, MomentRekey, "no: group"},
		{"aes256-sha256-modpnone!", s, "aes256-sha256!", s, ProtocolESP, MomentRekey, "yes"},
		{"aes256-sha256-modp2048-modpnone!", s, "aes256-sha256!", s, ProtocolESP, MomentRekey, "yes"},
		{"aes256-sha256-esn!", s, "aes256-sha256!", s, ProtocolESP, MomentFirst, "no: esn"},
		{"aes256-sha256-esn-noesn!", s, "aes256-sha256!", s, ProtocolESP, MomentFirst, "yes"},
		{"aes256-sha256_96!", s, "aes256-sha256!", s, ProtocolESP, MomentFirst, "no: hash"},
		{"", s, "", s, ProtocolIKE, MomentFirst, "yes"},
		{"", s, "aes128-sha512-modp4096!", s, ProtocolIKE, MomentFirst, "yes"},
		{"", s, "3des-md5-modp1024!", s, ProtocolIKE, MomentFirst, "unknown"},
		{"3des-md5-modp1024", s, "aes128-sha512-modp4096!", s, ProtocolIKE, MomentFirst, "yes"},
		{"default,3des-md5-modp1024!", w, "3des-md5-modp1024!", w, ProtocolIKE, MomentFirst, "yes"},
		{"aes256-sha256-newgroup7!", s, "aes128-sha256-modp2048!", s, ProtocolIKE, MomentFirst, "unknown"},
		{"aes256-sha256-newgroup7,aes128-sha1-modp2048!", s, "aes128-sha1-modp2048!", s, ProtocolIKE, MomentFirst, "yes"},
		{"sha256", l, "sha512", l, ProtocolAH, MomentFirst, "no: hash"},
		{"aes-sha1;modp1024", l, "aes-sha1;modp1024", l, ProtocolIKE, MomentFirst, "unknown"}, // not every libreswan takes it
		{"aesgcm256", l, "aes256gcm16!", s, ProtocolESP, MomentFirst, "unknown"},
		{"aes_ccm-sha2;modp2048", l, "aes_ccm-sha2;modp2048", l, ProtocolIKE, MomentFirst, "unknown"},
		{"aes-sha1;modp1024", conf.DialectOpenswan, "aes-sha1;modp1024", conf.DialectOpenswan, ProtocolIKE, MomentFirst, "yes"},
	} {
		a, b := Parse(c.a, c.p, c.da), Parse(c.b, c.p, c.db)
		for _, out := range []Outcome{Negotiate(a, b, c.m), Negotiate(b, a, c.m)} {
			got := "unknown"
			if out.Agreed != nil && *out.Agreed {
				got = "yes"
			} else if out.Agreed != nil {
				got = "no: " + strings.Join(out.Differ, " ")
			}
			assert.Equal(t, c.want, got, "%s and %s", c.a, c.b)
			assert.Equal(t, out.Agreed == nil, out.Why != "", "an answer that is not there says why")
		}
	}
}

// What a daemon does not load at all.
func TestRefusedByTheDaemonItself(t *testing.T) {
	for text, d := range map[string]conf.Dialect{
		"aes256gcm16-modp2048!":         conf.DialectStrongSwan, // a PRF is mandatory
		"AES256-SHA256-MODP2048!":       conf.DialectStrongSwan,
		"aes256-sha256!":                conf.DialectStrongSwan, // a group is
		"aes_gcm256-sha2-dh14!":         conf.DialectStrongSwan,
		"aes256gcm16-prfsha256-x25519":  conf.DialectLibreswan,
		"aes128gcm16-prfsha256-ecp256!": conf.DialectLibreswan,
	} {
		assert.NotEmpty(t, Parse(text, ProtocolIKE, d).Refused, text)
	}
	assert.Empty(t, Parse("aes256-sha256-curve25519!", ProtocolIKE, conf.DialectStrongSwan).Refused)
}

func TestWeak(t *testing.T) {
	assert.Equal(t, []string{"3des_cbc", "md5", "modp1024"}, Parse("aes256-sha256-modp2048,3des-md5-modp1024!", ProtocolIKE, conf.DialectStrongSwan).Weak())
}

// Sizes that two strongSwan daemons put on the wire, and the arithmetic of the MTU.
func TestSizesOfESP(t *testing.T) {
	for _, c := range []struct {
		proposal               string
		payload, udp, raw, mss int
	}{
		{"3des-sha1", 116, 1438, 1446, 1398},
		{"aes128-sha1", 132, 1422, 1438, 1382},
		{"aes256-sha256", 136, 1422, 1438, 1382},
		{"aes256-sha512", 152, 1406, 1422, 1366},
		{"aes128gcm16", 120, 1438, 1446, 1398},
		{"chacha20poly1305", 120, 1438, 1446, 1398},
		{"aes128gcm8", 112, 1446, 1454, 1406},
	} {
		offer := Parse(c.proposal+"!", ProtocolESP, conf.DialectStrongSwan)
		require.Len(t, offer.Proposals, 1, c.proposal)
		e, ok := offer.Proposals[0].Sizes()
		require.True(t, ok)
		assert.Equal(t, c.payload, e.Payload(84), c.proposal)
		assert.Equal(t, []int{c.udp, c.raw, c.mss}, []int{e.InnerMTU(1500, 20, true), e.InnerMTU(1500, 20, false), e.MSS(1500, 20, true)}, c.proposal)
		assert.LessOrEqual(t, e.Payload(c.udp)+28, 1500)
		assert.Greater(t, e.Payload(c.udp+1)+28, 1500, "one byte more does not fit")
	}
	e := ESP{16, 16, 16}
	assert.Equal(t, e.InnerMTU(1500, 40, true), e.InnerMTU(1500, 40, false), "blocks of 16 swallow the 8 of UDP")
	_, ok := Proposal{}.Sizes()
	assert.False(t, ok)
}

// Every word of the table is read as what it stands for, and by nothing else.
func TestTableHasNoRowThatCannotMatch(t *testing.T) {
	for word, list := range table().strong {
		assert.NotEmpty(t, list, word)
		assert.Empty(t, Parse(word+"!", ProtocolESP, conf.DialectStrongSwan).Unread, word)
	}
	for word := range table().pluto {
		assert.NotContains(t, word, "_", "underscores are taken away before")
		assert.NotEmpty(t, table().inPluto(word), word)
	}
	for word := range table().libreswan {
		assert.Empty(t, Parse("aes-"+word, ProtocolESP, conf.DialectLibreswan).Unread, word)
	}
	for key, tr := range table().byName {
		if tr.kind == "cipher" || tr.kind == "aead" {
			assert.Positive(t, tr.block, key)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("aes256-sha256-modp2048!", "aes_gcm_c-256-null;dh14")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, d := range append(conf.Dialects(), conf.DialectUnknown) {
			x, y := Parse(a, ProtocolESP, d), Parse(b, ProtocolESP, d)
			_ = x.Weak()
			out := Negotiate(x, y, MomentRekey)
			if len(x.Unread) > 0 && len(x.Proposals) == 0 {
				require.False(t, out.Agreed != nil && !*out.Agreed, "what was not understood decides nothing")
			}
		}
	})
}
