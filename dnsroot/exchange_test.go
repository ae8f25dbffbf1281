package dnsroot_test

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/dnsroottest"
)

// rootSOA is ". SOA" with id 0x1234, as in RFC 1035 section 4.1.
var rootSOA = []byte{0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1}

func closedPort(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).AddrPort()
}

func TestSocketsRefused(t *testing.T) {
	to := closedPort(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := dnsroot.Sockets{}.Exchange(ctx, dnsroot.Query{Wire: rootSOA, To: to, Over: dnsroot.TransportTCP})
	assert.ErrorIs(t, err, dnsroot.ErrRefused)
	_, err = dnsroot.Sockets{}.Exchange(ctx, dnsroot.Query{Wire: rootSOA, To: to, Over: dnsroot.TransportUDP})
	if reportsICMP(t) {
		assert.ErrorIs(t, err, dnsroot.ErrRefused)
	} else {
		assert.ErrorIs(t, err, dnsroot.ErrNoAnswer)
	}
}

func reportsICMP(t *testing.T) bool {
	t.Helper()
	for _, c := range dnsroot.Preflight(t.Context()) {
		if c.Name == "icmp_errors" {
			return c.OK
		}
	}
	t.Fatal("no capability icmp_errors")
	return false
}

// A link-local address of an interface that this host does not have.
func TestSocketsNotSent(t *testing.T) {
	for _, over := range []dnsroot.Transport{dnsroot.TransportUDP, dnsroot.TransportTCP} {
		_, err := dnsroot.Sockets{}.Exchange(t.Context(), dnsroot.Query{Wire: rootSOA, To: netip.MustParseAddrPort("[fe80::1%opskit-none]:53"), Over: over})
		assert.ErrorIs(t, err, dnsroot.ErrNotSent, over.String())
	}
}

func TestSocketsEndWithTheContext(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	require.NoError(t, fleet.Set("a", dnsroottest.Fault{Silence: true}))
	to := fleet.AddrPort(fleet.Hints().Servers[0].Addrs[0])
	for _, over := range []dnsroot.Transport{dnsroot.TransportUDP, dnsroot.TransportTCP} {
		ctx, cancel := context.WithCancel(t.Context())
		stop := time.AfterFunc(20*time.Millisecond, cancel)
		begin := time.Now()
		_, err := dnsroot.Sockets{}.Exchange(ctx, dnsroot.Query{Wire: rootSOA, To: to, Over: over})
		assert.ErrorIs(t, err, context.Canceled, over.String())
		assert.Less(t, time.Since(begin), 4*time.Second)
		stop.Stop()
		cancel()
	}
}

// Over TCP a server may close in the middle, or send another message first.
func TestSocketsTCP(t *testing.T) {
	answer := append([]byte(nil), rootSOA...)
	answer[2] |= 0x80
	other := append([]byte(nil), answer...)
	other[0]++
	frame := func(m []byte) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(m))), m...) }
	for name, test := range map[string]struct {
		send []byte
		err  error
	}{
		"closes at once":        {nil, dnsroot.ErrNoAnswer},
		"closes in the length":  {[]byte{0}, dnsroot.ErrNoAnswer},
		"closes in the message": {frame(answer)[:9], dnsroot.ErrNoAnswer},
		"an empty message":      {append([]byte{0, 0}, frame(answer)...), nil},
		"another id first":      {append(frame(other), frame(answer)...), nil},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
			require.NoError(t, err)
			defer l.Close()
			done := make(chan error, 1)
			go func() {
				conn, err := l.Accept()
				if err == nil {
					_, err = conn.Read(make([]byte, 100))
					_, _ = conn.Write(test.send)
					_ = conn.Close()
				}
				done <- err
			}()
			reply, err := dnsroot.Sockets{}.Exchange(t.Context(), dnsroot.Query{Wire: rootSOA, To: l.Addr().(*net.TCPAddr).AddrPort(), Over: dnsroot.TransportTCP})
			require.NoError(t, <-done)
			if test.err != nil {
				require.ErrorIs(t, err, test.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, answer, reply.Wire)
			require.Len(t, reply.Discarded, 1)
			assert.Equal(t, 1, reply.Discarded[0].Count)
		})
	}
}

// What a caller's own Exchanger brings is checked like everything else.
func TestClientChecksItsExchanger(t *testing.T) {
	for name, change := range map[string]func(wire []byte) []byte{
		"another id":          func(w []byte) []byte { w[0] ^= 1; w[2] |= 0x80; return w },
		"the query reflected": func(w []byte) []byte { return w },
		"another opcode":      func(w []byte) []byte { w[2] |= 0x80 | 0x10; return w },
		"another type":        func(w []byte) []byte { w[2] |= 0x80; w[14] ^= 1; return w },
		"another name":        func(w []byte) []byte { w[2] |= 0x80; w[12] = 1; return w },
		"no question":         func(w []byte) []byte { w[2] |= 0x80; w[5] = 0; return w },
		"a header only":       func(w []byte) []byte { w[2] |= 0x80; return w[:12] },
		"nothing":             func([]byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			client := &dnsroot.Client{Exchanger: exchangerFunc(
				func(_ context.Context, query dnsroot.Query) (dnsroot.Reply, error) {
					return dnsroot.Reply{Wire: change(append([]byte(nil), query.Wire...))}, nil
				})}
			_, err := client.Prime(t.Context())
			assert.ErrorIs(t, err, dnsroot.ErrMalformed)
		})
	}
}
