package reach

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
)

// extended builds what the kernel delivers: struct sock_extended_err and the
// offender's sockaddr (linux/errqueue.h).
func extended(errno uint32, origin, typ, code byte, offender netip.Addr) []byte {
	b := binary.NativeEndian.AppendUint32(nil, errno)
	b = append(b, origin, typ, code, 0)
	b = append(b, make([]byte, 8)...)
	switch {
	case offender.Is4():
		a := offender.As4()
		b = append(append(b, 2, 0, 0, 0), a[:]...)
		b = append(b, make([]byte, 8)...)
	case offender.Is6():
		a := offender.As16()
		b = append(append(b, 10, 0, 0, 0, 0, 0, 0, 0), a[:]...)
		b = append(b, make([]byte, 4)...)
	}
	return b
}

func TestParseExtendedErr(t *testing.T) {
	router := netip.MustParseAddr("10.70.1.1")
	got, errno, ok := parseExtendedErr(extended(113, originICMP, 3, 13, router))
	assert.True(t, ok)
	assert.Equal(t, uint32(113), errno)
	assert.Equal(t, ICMP{Type: 3, Code: 13, Name: "admin-prohibited", From: router}, got)
	assert.Equal(t, "icmp admin-prohibited (3/13) from 10.70.1.1", got.String())
	router6 := netip.MustParseAddr("2001:db8::1")
	got, _, ok = parseExtendedErr(extended(13, originICMP6, 1, 5, router6))
	assert.True(t, ok)
	assert.Equal(t, ICMP{Type: 1, Code: 5, Name: "policy-fail", From: router6}, got)
	_, _, ok = parseExtendedErr(extended(113, 1, 0, 0, router))
	assert.False(t, ok, "an error of local origin is no ICMP")
	got, _, ok = parseExtendedErr(extended(113, originICMP, 3, 1, netip.Addr{}))
	assert.True(t, ok, "an error without its sender is still one")
	assert.False(t, got.From.IsValid())
	got, _, _ = parseExtendedErr(extended(113, originICMP, 3, 1, netip.IPv4Unspecified()))
	assert.False(t, got.From.IsValid(), "0.0.0.0 is nobody")
	_, _, ok = parseExtendedErr([]byte{1, 2, 3})
	assert.False(t, ok)
}

func TestICMPNames(t *testing.T) {
	for _, tt := range []struct {
		v6        bool
		typ, code uint8
		want      string
	}{
		{false, 3, 0, "net-unreachable"},
		{false, 3, 10, "host-prohibited"},
		{false, 11, 0, "ttl-exceeded"},
		{false, 11, 1, "reassembly-time-exceeded"},
		{false, 3, 16, "other"},
		{false, 12, 0, "other"},
		{true, 1, 0, "no-route"},
		{true, 1, 6, "reject-route"},
		{true, 3, 0, "ttl-exceeded"},
		{true, 1, 9, "other"},
	} {
		assert.Equal(t, tt.want, icmpName(tt.v6, tt.typ, tt.code))
	}
}

func FuzzParseExtendedErr(f *testing.F) {
	f.Add(extended(113, originICMP, 3, 13, netip.MustParseAddr("10.70.1.1")))
	f.Add(extended(13, originICMP6, 1, 1, netip.MustParseAddr("fd70:1::1")))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if i, _, ok := parseExtendedErr(b); ok && i.Name == "" {
			t.Fatal("an ICMP error without a name")
		}
	})
}
