package reach

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/reach/reachtest"
)

func addr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func TestJudgeConnection(t *testing.T) {
	v4, v6 := addr("192.0.2.80:80"), addr("[2001:db8::80]:80")
	own, router := netip.MustParseAddr("198.51.100.2"), netip.MustParseAddr("198.51.100.1")
	for rule, tt := range map[string]struct {
		c      Connection
		want   Verdict
		fault  error
		unseen string // in the gaps; "" means that there is none
	}{
		"a handshake is open":                     {c: Connection{Established: true}, want: Open},
		"a handshake reset at once is still open": {c: Connection{Established: true, Reset: true, Errno: "ECONNRESET"}, want: Open},
		"a reset is refused, whoever sent it":     {c: Connection{Errno: "ECONNREFUSED"}, want: Refused, unseen: "who sent the reset"},
		"a port-unreachable is no refusal": {
			c:    Connection{Errno: "ECONNREFUSED", ICMP: &ICMP{Type: 3, Code: 3, From: router}, Source: own},
			want: Unreachable,
		},
		"code 13 is prohibited":     {c: Connection{ICMP: &ICMP{Type: 3, Code: 13, From: router}, Source: own}, want: Prohibited},
		"code 9 is prohibited":      {c: Connection{ICMP: &ICMP{Type: 3, Code: 9, From: router}}, want: Prohibited},
		"code 1 is not prohibited":  {c: Connection{ICMP: &ICMP{Type: 3, Code: 1, From: router}}, want: Unreachable},
		"IPv6 code 1 is prohibited": {c: Connection{Target: v6, ICMP: &ICMP{Type: 1, Code: 1}}, want: Prohibited},
		"IPv6 code 3 is not":        {c: Connection{Target: v6, ICMP: &ICMP{Type: 1, Code: 3}}, want: Unreachable},
		"a hop limit is no unreachable host": {
			c: Connection{Errno: "EHOSTUNREACH", ICMP: &ICMP{Type: 11, Name: "ttl-exceeded", From: router}}, want: Unreachable,
		},
		"an error from this host is local": {
			c: Connection{ICMP: &ICMP{Type: 3, Code: 13, Name: "admin-prohibited", From: own}, Source: own}, want: LocalFailure, fault: ErrNoRoute, unseen: "this host did not ask",
		},
		"but this host says so too when no neighbour answers": {
			c: Connection{ICMP: &ICMP{Type: 3, Code: 1, From: own}, Source: own}, want: Unreachable, unseen: "local packet filter",
		},
		"the target's own error is the target's": {
			c: Connection{Target: v4, ICMP: &ICMP{Type: 3, Code: 13, From: v4.Addr()}, Source: v4.Addr()}, want: Prohibited,
		},
		"no route here is local":           {c: Connection{Errno: "ENETUNREACH", Immediate: true}, want: LocalFailure, fault: ErrNoRoute, unseen: "this host did not ask"},
		"an unreachable route is local":    {c: Connection{Errno: "EHOSTUNREACH", Immediate: true}, want: LocalFailure, fault: ErrNoRoute, unseen: "this host did not ask"},
		"a prohibit route is local":        {c: Connection{Errno: "EACCES", Immediate: true}, want: LocalFailure, fault: ErrNoRoute, unseen: "this host did not ask"},
		"a blackhole route is local":       {c: Connection{Errno: "EINVAL", Immediate: true}, want: LocalFailure, fault: ErrNoRoute, unseen: "this host did not ask"},
		"no descriptors is local":          {c: Connection{Errno: "EMFILE", Immediate: true}, want: LocalFailure, fault: ErrLocal, unseen: "this host did not ask"},
		"no ports left is local":           {c: Connection{Errno: "EADDRNOTAVAIL", Immediate: true}, want: LocalFailure, fault: ErrLocal, unseen: "this host did not ask"},
		"a later IPv6 EACCES is remote":    {c: Connection{Target: v6, Errno: "EACCES"}, want: Prohibited, unseen: "ICMP code"},
		"an error without its ICMP packet": {c: Connection{Errno: "EHOSTUNREACH", Took: time.Second}, want: Unreachable, unseen: "ICMP code"},
		"three SYNs unanswered":            {c: Connection{TimedOut: true, SYNRetransmits: new(2), Took: 4 * time.Second}, want: NoAnswer},
		"three SYNs in less than a router's search": {
			c: Connection{TimedOut: true, SYNRetransmits: new(2), Took: 2500 * time.Millisecond}, want: NoAnswer, unseen: "host unreachable",
		},
		"two SYNs are too few":                    {c: Connection{TimedOut: true, SYNRetransmits: new(1), Took: 1900 * time.Millisecond}, want: Unknown, unseen: "too short to judge: 2 of 3 SYNs"},
		"one SYN is too few":                      {c: Connection{TimedOut: true, SYNRetransmits: new(0), Took: 10 * time.Millisecond}, want: Unknown, unseen: "too short to judge"},
		"nothing left this host":                  {c: Connection{TimedOut: true, SYNRetransmits: new(0), SYNTimeouts: new(1), Took: 2 * time.Second}, want: Unknown, unseen: "no SYN has left this host"},
		"the kernel gave up early":                {c: Connection{Errno: "ETIMEDOUT", SYNRetransmits: new(0), Took: time.Second}, want: Unknown, unseen: "too short"},
		"the kernel gave up":                      {c: Connection{Errno: "ETIMEDOUT", SYNRetransmits: new(6), Took: time.Minute}, want: NoAnswer},
		"portable: long silence":                  {c: Connection{Portable: true, TimedOut: true, Took: 4 * time.Second}, want: NoAnswer, unseen: "how often the SYN was sent"},
		"portable: short silence":                 {c: Connection{Portable: true, TimedOut: true, Took: time.Second}, want: Unknown, unseen: "too short"},
		"portable: refused or port-unreachable":   {c: Connection{Portable: true, Errno: "ECONNREFUSED"}, want: Refused, unseen: "ICMP code"},
		"portable: an error at once may be local": {c: Connection{Portable: true, Errno: "EHOSTUNREACH", Took: time.Microsecond}, want: Unknown, unseen: "this host or a router"},
		"an error nobody knows":                   {c: Connection{Errno: "other"}, want: Unknown, unseen: "failed with other"},
		"nothing observed":                        {c: Connection{}, want: Unknown, unseen: "before anything came back"},
	} {
		t.Run(rule, func(t *testing.T) {
			c := tt.c
			if !c.Target.IsValid() {
				c.Target = v4
			}
			c.Judge()
			assert.Equal(t, tt.want, c.Verdict)
			if tt.fault != nil {
				require.False(t, c.Fault.IsZero())
				require.ErrorIs(t, c.Fault.Err(), tt.fault)
			} else {
				assert.True(t, c.Fault.IsZero())
			}
			if tt.unseen == "" {
				assert.Empty(t, c.Unseen)
			} else {
				assert.Contains(t, c.String(), tt.unseen)
			}
			assert.True(t, strings.HasPrefix(c.String(), c.Target.String()+": "+c.Verdict.String()))
			assert.Contains(t, c.String(), "\nnot checked: ")
		})
	}
}

func TestConnectOnLoopback(t *testing.T) {
	web, err := reachtest.StartHTTP(nil)
	require.NoError(t, err)
	defer web.Close()
	p := &Prober{}
	c, err := p.Connect(t.Context(), web.Addr())
	require.NoError(t, err)
	assert.Equal(t, Open, c.Verdict, "%s", c)
	mapped := netip.AddrPortFrom(netip.AddrFrom16(web.Addr().Addr().As16()), web.Addr().Port())
	c, err = p.Connect(t.Context(), mapped)
	require.NoError(t, err)
	assert.Equal(t, Open, c.Verdict, "an IPv4-mapped address is the IPv4 address")
	assert.Equal(t, web.Addr(), c.Target)

	closed := web.Addr()
	require.NoError(t, web.Close())
	c, err = p.Connect(t.Context(), closed)
	require.NoError(t, err)
	assert.Equal(t, Refused, c.Verdict, "%s", c)
	assert.True(t, c.Fault.IsZero())
}

func TestSilenceOnLoopback(t *testing.T) {
	t.Parallel()
	silent, err := reachtest.StartSilent()
	require.NoError(t, err)
	defer silent.Close()
	c, err := new(Prober).Connect(t.Context(), silent.Addr())
	require.NoError(t, err)
	assert.Equal(t, NoAnswer, c.Verdict, "%s", c)

	// Two seconds are two SYNs: that is not called an answer.
	c, err = (&Prober{Timeout: 1500 * time.Millisecond}).Connect(t.Context(), silent.Addr())
	require.NoError(t, err)
	assert.Equal(t, Unknown, c.Verdict, "%s", c)
	ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer stop()
	start := time.Now()
	c, err = new(Prober).Connect(ctx, silent.Addr())
	require.NoError(t, err, "a context's deadline only shortens the time")
	assert.Equal(t, Unknown, c.Verdict)
	assert.Less(t, time.Since(start), 3*time.Second, "far less than the time without it")
}

func TestConnectGivesUpWithTheCaller(t *testing.T) {
	silent, err := reachtest.StartSilent()
	require.NoError(t, err)
	defer silent.Close()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(30*time.Millisecond, cancel)
	c, err := new(Prober).Connect(ctx, silent.Addr())
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, Unknown, c.Verdict)
	c, err = new(Prober).Connect(ctx, silent.Addr())
	require.ErrorIs(t, err, context.Canceled, "already canceled")
	assert.NotNil(t, c)
}

func TestConnectRefusesTargetsThatAreNone(t *testing.T) {
	for _, target := range []netip.AddrPort{
		{}, addr("192.0.2.1:0"), addr("0.0.0.0:80"), addr("[::]:80"), addr("224.0.0.1:80"), addr("[ff02::1]:80"),
	} {
		c, err := new(Prober).Connect(t.Context(), target)
		require.ErrorIs(t, err, ErrTarget, "%s", target)
		assert.Equal(t, Unknown, c.Verdict)
	}
}

func TestViaLeadsTheTargetElsewhereAndSaysSo(t *testing.T) {
	web, err := reachtest.StartHTTP(nil)
	require.NoError(t, err)
	defer web.Close()
	p := &Prober{Via: func(netip.AddrPort) netip.AddrPort { return web.Addr() }}
	c, err := p.Connect(t.Context(), addr("192.0.2.1:80"))
	require.NoError(t, err)
	assert.Equal(t, Open, c.Verdict)
	assert.Equal(t, addr("192.0.2.1:80"), c.Target)
	assert.Equal(t, web.Addr(), c.Via)
	assert.Contains(t, c.String(), "contacted "+web.Addr().String()+" in its place")
	p.Via = func(a netip.AddrPort) netip.AddrPort { return netip.AddrPort{} }
	c, err = p.Connect(t.Context(), web.Addr())
	require.NoError(t, err)
	assert.False(t, c.Via.IsValid(), "nothing to lead to is no detour")
}

// An ordinary dialer shows less, and the result says so.
func TestDialerGivesLessEvidence(t *testing.T) {
	web, err := reachtest.StartHTTP(nil)
	require.NoError(t, err)
	defer web.Close()
	p := &Prober{DialContext: (&net.Dialer{}).DialContext}
	c, err := p.Connect(t.Context(), web.Addr())
	require.NoError(t, err)
	assert.Equal(t, Open, c.Verdict)
	assert.True(t, c.Portable)
	assert.Nil(t, c.SYNRetransmits)
	require.NoError(t, web.Close())
	c, err = p.Connect(t.Context(), web.Addr())
	require.NoError(t, err)
	assert.Equal(t, Refused, c.Verdict)
	assert.Contains(t, c.String(), "the ICMP code and its sender")
	p = &Prober{Timeout: 20 * time.Millisecond, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	c, err = p.Connect(t.Context(), web.Addr())
	require.NoError(t, err)
	assert.Equal(t, Unknown, c.Verdict)
	p.DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("proxy says no") }
	c, err = p.Connect(t.Context(), web.Addr())
	require.NoError(t, err)
	assert.Equal(t, Unknown, c.Verdict)
	p.DialContext = func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("socket", errTooManyFiles)}
	}
	c, err = p.Connect(t.Context(), web.Addr())
	require.ErrorIs(t, err, ErrLocal)
	assert.Equal(t, LocalFailure, c.Verdict)
}
