package dnsroot_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/dnsroottest"
	"github.com/opskit-go/opskit/internal/contract"
)

func TestContract(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	client := fleet.Client()
	client.Timeout = 300 * time.Millisecond
	client.Hints = onlyIPv4(client.Hints)
	client.Hints.Servers = client.Hints.Servers[10:] // every leaf of the JSON is mutated
	healthy := dnsroot.Assess(sweep(t, client))
	require.NoError(t, fleet.Set("k", dnsroottest.Fault{Silence: true}))
	require.NoError(t, fleet.Set("m", dnsroottest.Fault{Rogue: true}))
	require.NoError(t, fleet.Set("l", dnsroottest.Fault{Transport: dnsroot.TransportUDP, Forged: true}))
	second := sweep(t, client)
	priming, err := client.Prime(t.Context())
	require.NoError(t, err)
	stale := *priming
	stale.Hints = dnsroot.DefaultHints()
	stale.Judge()
	resolver, err := client.CheckResolver(t.Context(), netip.AddrPortFrom(client.Hints.Servers[0].Addrs[0], 53))
	require.NoError(t, err)
	resolver.Recursive, resolver.Validated = new(true), new(true)
	resolver.Judge()
	contract.Check(t, contract.Package{
		Prefix: "dnsroot_",
		Results: map[string]opskit.Result{
			"healthy": healthy, "faults": dnsroot.Assess(second), "two hosts": dnsroot.Assess(healthy.Sweeps[0], second), "by hand": dnsroot.Assess(fixed()),
			"server": healthy.Servers[0], "unknown server": dnsroot.ServerReport{Server: "a."},
			"priming": priming, "stale hints": &stale, "resolver": resolver,
		},
		Sentinels: []error{
			dnsroot.ErrNotSent, dnsroot.ErrNoAnswer, dnsroot.ErrRefused, dnsroot.ErrTruncated, dnsroot.ErrMalformed, dnsroot.ErrRcode,
			dnsroot.ErrUnsigned, dnsroot.ErrBogus, dnsroot.ErrWrongKey, dnsroot.ErrUntimely, dnsroot.ErrSyntax,
		},
	})
}
