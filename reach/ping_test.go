package reach

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestJudgePing(t *testing.T) {
	target, router, own := netip.MustParseAddr("192.0.2.80"), netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("198.51.100.2")
	for rule, tt := range map[string]struct {
		p      Ping
		want   Verdict
		unseen string
	}{
		"one reply of three is a loss":      {Ping{Method: "raw", Sent: 3, Replies: []Echo{{Seq: 2}}}, Lossy, ""},
		"silence after three requests":      {Ping{Method: "raw", Sent: 3, Waited: time.Second}, NoAnswer, "drop echo requests"},
		"silence after one request":         {Ping{Method: "raw", Sent: 1, Waited: time.Minute}, Unknown, "too little to judge"},
		"silence for a moment":              {Ping{Method: "raw", Sent: 3, Waited: 100 * time.Millisecond}, Unknown, "too little to judge"},
		"no socket is no silence":           {Ping{}, Unknown, pingFix},
		"a router's error":                  {Ping{Method: "raw", Sent: 1, ICMP: &ICMP{Type: 3, Code: 1, From: router}, Source: own}, Unreachable, ""},
		"a router's rule":                   {Ping{Method: "raw", Sent: 1, ICMP: &ICMP{Type: 3, Code: 10, From: router}, Source: own}, Prohibited, ""},
		"this host's own rule":              {Ping{Method: "raw", Sent: 1, ICMP: &ICMP{Type: 3, Code: 13, From: own}, Source: own}, LocalFailure, "this host did not ask"},
		"no route here":                     {Ping{Method: "raw", Errno: "ENETUNREACH"}, LocalFailure, "this host did not ask"},
		"a local packet filter drops it":    {Ping{Method: "raw", Errno: "EPERM"}, LocalFailure, "this host did not ask"},
		"no descriptors says nothing of it": {Ping{Method: "raw", Errno: "EMFILE"}, LocalFailure, "this host did not ask"},
	} {
		t.Run(rule, func(t *testing.T) {
			p := tt.p
			p.Target = target
			p.Judge()
			assert.Equal(t, tt.want, p.Verdict, "%s", &p)
			assert.Equal(t, tt.want == LocalFailure, !p.Fault.IsZero())
			if tt.unseen == "" {
				assert.Empty(t, p.Unseen)
			} else {
				assert.Contains(t, p.String(), tt.unseen)
			}
		})
	}
}

func TestPingRefusesTargetsThatAreNone(t *testing.T) {
	for _, a := range []string{"0.0.0.0", "224.0.0.1", "::"} {
		_, err := new(Prober).Ping(t.Context(), netip.MustParseAddr(a), 1)
		require.ErrorIs(t, err, ErrTarget, a)
	}
	_, err := new(Prober).Ping(t.Context(), netip.Addr{}, 1)
	require.ErrorIs(t, err, ErrTarget)
	for _, n := range []int{-1, maxEchoes + 1} {
		_, err := new(Prober).Ping(t.Context(), netip.MustParseAddr("127.0.0.1"), n)
		require.ErrorIs(t, err, ErrTarget)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = new(Prober).Ping(ctx, netip.MustParseAddr("127.0.0.1"), 1)
	require.ErrorIs(t, err, context.Canceled)
}

func TestPingLoopback(t *testing.T) {
	p, err := (&Prober{Interval: time.Millisecond, Timeout: 2 * time.Second}).Ping(t.Context(), netip.MustParseAddr("127.0.0.1"), 3)
	if !kernelEvidence {
		require.ErrorIs(t, err, errors.ErrUnsupported)
		assert.Equal(t, Unknown, p.Verdict)
		assert.NotEmpty(t, p.Gaps())
		return
	}
	require.NoError(t, err)
	if p.Method == "" { // an ordinary user where ping_group_range is closed
		assert.Equal(t, Unknown, p.Verdict)
		assert.Contains(t, p.String(), pingFix)
		return
	}
	assert.Equal(t, Answered, p.Verdict, "%s", p)
	assert.Len(t, p.Replies, 3)
	assert.Equal(t, 64, p.Replies[0].TTL)
}

func TestEchoPackets(t *testing.T) {
	token := newToken()
	request := echoRequest(false, 7, 0x0102, token)
	assert.Equal(t, []byte{8, 0}, request[:2])
	reply := append([]byte{}, request...)
	reply[0] = 0
	seq, _, ok := parseEchoReply(reply, false, false, token)
	assert.True(t, ok)
	assert.Equal(t, uint16(0x0102), seq)
	_, _, ok = parseEchoReply(request, false, false, token)
	assert.False(t, ok, "a request on loopback is no reply")
	_, _, ok = parseEchoReply(reply, false, false, newToken())
	assert.False(t, ok, "somebody else's reply")
	header := []byte{0x46, 0, 0, 0, 0, 0, 0, 0, 57, 1, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1, 0, 0, 0, 0}
	seq, ttl, ok := parseEchoReply(append(header, reply...), false, true, token)
	assert.True(t, ok, "an IPv4 header with options")
	assert.Equal(t, 57, ttl)
	assert.Equal(t, uint16(0x0102), seq)
	assert.Equal(t, byte(128), echoRequest(true, 0, 0, token)[0])
}

func FuzzParseEchoReply(f *testing.F) {
	token := [tokenSize]byte{1, 2, 3}
	r := echoRequest(false, 1, 2, token)
	r[0] = 0
	f.Add(r, false, false)
	f.Add(append([]byte{0x45, 0, 0, 44, 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2}, r...), false, true)
	f.Add([]byte{129, 0, 0, 0, 0, 1, 0, 0}, true, false)
	f.Add([]byte{0x4f}, false, true)
	f.Fuzz(func(_ *testing.T, b []byte, v6, header bool) { _, _, _ = parseEchoReply(b, v6, header, token) })
}
