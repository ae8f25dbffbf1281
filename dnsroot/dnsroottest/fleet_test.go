package dnsroottest_test

import (
	"context"
	"fmt"
	"net/netip"
	"os/exec"
	"runtime"
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

func start(t *testing.T, config dnsroottest.Config) *dnsroottest.Fleet {
	t.Helper()
	fleet, err := dnsroottest.Start(config)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, fleet.Close()) })
	return fleet
}

// ask sends one question to letter a over IPv4.
func ask(t *testing.T, f *dnsroottest.Fleet, qtype uint16, over dnsroot.Transport, wait time.Duration) (*dns.Msg, dnsroot.Reply, error) {
	t.Helper()
	m := new(dns.Msg)
	m.SetQuestion(".", qtype)
	m.SetEdns0(1232, true)
	query, err := m.Pack()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	reply, err := f.Exchange(ctx, dnsroot.Query{Wire: query, To: netip.AddrPortFrom(f.Hints().Servers[0].Addrs[0], 53), Over: over})
	if err != nil {
		return nil, reply, err
	}
	answer := new(dns.Msg)
	return answer, reply, answer.Unpack(reply.Wire)
}

// A loss of 0.3 is 3 of every 10 questions, not about that many.
func TestLossIsExact(t *testing.T) {
	f := start(t, dnsroottest.Config{})
	require.NoError(t, f.Set("a", dnsroottest.Fault{Loss: 0.3}))
	lost := 0
	for range 20 {
		if _, _, err := ask(t, f, dns.TypeSOA, dnsroot.TransportUDP, 100*time.Millisecond); err != nil {
			require.ErrorIs(t, err, dnsroot.ErrNoAnswer)
			lost++
		}
	}
	assert.Equal(t, 6, lost)
	assert.Equal(t, 20, f.Queries("a"))
	assert.Zero(t, f.Queries("b"))
	assert.Zero(t, f.Queries("z"))
}

func TestFirstFaultThatAppliesCounts(t *testing.T) {
	f := start(t, dnsroottest.Config{})
	require.NoError(t, f.Set("a",
		dnsroottest.Fault{Transport: dnsroot.TransportTCP, Rcode: dns.RcodeRefused},
		dnsroottest.Fault{Family: dnsroottest.FamilyIPv6, Silence: true},
		dnsroottest.Fault{Rcode: dns.RcodeServerFailure},
		dnsroottest.Fault{Silence: true},
	))
	m, _, err := ask(t, f, dns.TypeSOA, dnsroot.TransportUDP, 5*time.Second)
	require.NoError(t, err)
	assert.Equal(t, dns.RcodeServerFailure, m.Rcode)
	m, _, err = ask(t, f, dns.TypeSOA, dnsroot.TransportTCP, 5*time.Second)
	require.NoError(t, err)
	assert.Equal(t, dns.RcodeRefused, m.Rcode)
	require.NoError(t, f.Set("a"))
	m, _, err = ask(t, f, dns.TypeSOA, dnsroot.TransportUDP, 5*time.Second)
	require.NoError(t, err)
	assert.Equal(t, dns.RcodeSuccess, m.Rcode)
	assert.Error(t, f.Set("z", dnsroottest.Fault{}))
}

func TestDelayAndSlowTCPTakeTheirTime(t *testing.T) {
	f := start(t, dnsroottest.Config{})
	require.NoError(t, f.Set("a", dnsroottest.Fault{Delay: 80 * time.Millisecond, Transport: dnsroot.TransportUDP}, dnsroottest.Fault{SlowTCP: time.Millisecond}))
	_, reply, err := ask(t, f, dns.TypeSOA, dnsroot.TransportUDP, 5*time.Second)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, reply.RTT, 80*time.Millisecond)
	_, reply, err = ask(t, f, dns.TypeSOA, dnsroot.TransportTCP, 20*time.Second)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, reply.RTT, time.Duration(len(reply.Wire))*time.Millisecond)
}

// Close ends whoever is waiting, and a second fleet may have the same port.
func TestCloseLeavesNothing(t *testing.T) {
	f, err := dnsroottest.Start(dnsroottest.Config{})
	require.NoError(t, err)
	require.NoError(t, f.Set("a", dnsroottest.Fault{Delay: time.Hour}))
	_, _, err = ask(t, f, dns.TypeSOA, dnsroot.TransportUDP, 50*time.Millisecond)
	require.ErrorIs(t, err, dnsroot.ErrNoAnswer)
	_, _, err = ask(t, f, dns.TypeSOA, dnsroot.TransportTCP, 50*time.Millisecond)
	require.ErrorIs(t, err, dnsroot.ErrNoAnswer)
	begin := time.Now()
	require.NoError(t, f.Close())
	assert.Less(t, time.Since(begin), 10*time.Second)
}

func TestListenOnOnePort(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has all of 127.0.0.0/8 on its loopback interface")
	}
	h := dnsroot.Hints{Servers: []dnsroot.Server{
		{Name: "a.root-servers.net.", Addrs: []netip.Addr{netip.MustParseAddr("127.0.53.1")}},
		{Name: "b.root-servers.net.", Addrs: []netip.Addr{netip.MustParseAddr("127.0.53.2")}},
	}}
	f := start(t, dnsroottest.Config{Hints: h, Listen: true})
	a, b := f.AddrPort(h.Servers[0].Addrs[0]), f.AddrPort(h.Servers[1].Addrs[0])
	assert.Equal(t, a.Port(), b.Port())
	assert.Equal(t, h.Servers[0].Addrs[0], a.Addr())
	assert.Equal(t, a.Port(), f.Client().Port)

	_, err := dnsroottest.Start(dnsroottest.Config{Hints: h, Listen: true, Port: a.Port()})
	assert.Error(t, err, "the port is taken")
	h.Servers[0].Addrs[0] = netip.MustParseAddr("192.0.2.1")
	_, err = dnsroottest.Start(dnsroottest.Config{Hints: h, Listen: true})
	assert.Error(t, err, "this host does not have the address")
}

// dig sees the fleet as it sees name servers.
func TestDigAgrees(t *testing.T) {
	lab.Need(t, "program:dig")
	dig, err := lab.Program("dig")
	require.NoError(t, err)
	f := start(t, dnsroottest.Config{Serial: 2026112200})
	at := f.AddrPort(f.Hints().Servers[10].Addrs[0])
	ask := func(args ...string) string {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		args = append([]string{"@" + at.Addr().String(), "-p", fmt.Sprint(at.Port()), "+norec"}, args...)
		out, err := exec.CommandContext(ctx, dig, args...).CombinedOutput()
		require.NoError(t, err, string(out))
		return string(out)
	}
	assert.Contains(t, ask(".", "SOA", "+short"), " 2026112200 ")
	assert.Contains(t, ask(".", "SOA", "+nsid"), `("k1.lab.root")`)
	assert.Contains(t, ask("hostname.bind", "CH", "TXT", "+short"), "k1.lab.root")
	assert.Equal(t, 13, strings.Count(ask(".", "NS", "+tcp", "+short"), "root-servers.net."))
	full := ask(".", "NS", "+dnssec")
	assert.Contains(t, full, "flags: qr aa;")
	assert.Contains(t, full, "ADDITIONAL: 27")
	assert.Contains(t, ask("example.", "A"), "status: NXDOMAIN")
	small := ask(".", "NS", "+bufsize=512", "+dnssec", "+ignore")
	assert.NotContains(t, small, " tc", "addresses are left out without a word")
	assert.Contains(t, small, "ADDITIONAL: 1\n")
}

func ExampleFleet() {
	fleet, err := dnsroottest.Start(dnsroottest.Config{NoIPv6: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer fleet.Close()
	if err := fleet.Set("k", dnsroottest.Fault{Rcode: dns.RcodeServerFailure}); err != nil {
		fmt.Println(err)
		return
	}
	client := fleet.Client()
	client.Timeout = 20 * time.Second // a busy machine loses no answer
	sweep, err := client.Sweep(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, l := range dnsroot.Assess(sweep).Servers {
		if l.Verdict != dnsroot.Healthy {
			fmt.Println(l.Server, l.Verdict, l.Evidence)
		}
	}
	// Output: k.root-servers.net. lame [answers, but not with the zone over IPv4 UDP: answers SERVFAIL answers, but not with the zone over IPv4 TCP: answers SERVFAIL]
}
