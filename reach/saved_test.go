package reach_test

import (
	"encoding/json"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/reach/reachtest"
)

// What real sockets showed gives the same results when it is read from a file
// and judged again, one by one and all together.
func TestSavedEvidenceOfRealSocketsSameVerdict(t *testing.T) {
	const name = "www.example.org"
	web, err := reachtest.StartHTTP(reachtest.Site{name: {Status: 302, Header: map[string]string{"Location": "/index.html"}}})
	require.NoError(t, err)
	defer web.Close()
	silent, err := reachtest.StartSilent()
	require.NoError(t, err)
	defer silent.Close()
	var resolvers []reach.Resolver
	for _, zone := range []reachtest.Zone{
		{name + " A": {Records: []string{name + ". 300 IN A 127.0.0.1"}}},
		{name + " A": {Rcode: "SERVFAIL"}},
	} {
		dns, err := reachtest.StartDNS(zone)
		require.NoError(t, err)
		defer dns.Close()
		resolvers = append(resolvers, reach.Resolver{Addr: dns.Addr()})
	}

	live := reach.Case{Name: name, At: time.Now().UTC().Round(0)}
	p := reach.Prober{Timeout: 300 * time.Millisecond, Interval: time.Millisecond}
	closed := netip.AddrPortFrom(web.Addr().Addr(), 1)
	for _, target := range []netip.AddrPort{web.Addr(), closed, silent.Addr()} {
		c, err := p.Connect(t.Context(), target)
		require.NoError(t, err)
		live.Connections = append(live.Connections, *c)
	}
	for _, at := range []netip.AddrPort{web.Addr(), closed} {
		a, err := p.HTTP(t.Context(), reach.HTTPRequest{URL: "http://" + name + "/", At: at})
		require.NoError(t, err)
		live.HTTP = append(live.HTTP, *a)
	}
	answers, err := p.Compare(t.Context(), name, "A", resolvers...)
	require.NoError(t, err)
	live.DNS = append(live.DNS, *answers)
	if ping, err := p.Ping(t.Context(), web.Addr().Addr(), 2); err == nil {
		live.Pings = append(live.Pings, *ping)
	}
	assert.Equal(t, []reach.Verdict{reach.Open, reach.Refused, reach.Unknown},
		[]reach.Verdict{live.Connections[0].Verdict, live.Connections[1].Verdict, live.Connections[2].Verdict})

	text, err := json.Marshal(live)
	require.NoError(t, err)
	var saved reach.Case
	require.NoError(t, json.Unmarshal(text, &saved))
	for i := range saved.Connections {
		saved.Connections[i].Verdict = reach.Unknown
		saved.Connections[i].Judge()
		assert.Equal(t, live.Connections[i].String(), saved.Connections[i].String())
	}
	for i := range saved.HTTP {
		saved.HTTP[i].Verdict = reach.Unknown
		saved.HTTP[i].Judge()
		assert.Equal(t, live.HTTP[i].String(), saved.HTTP[i].String())
	}
	for i := range saved.DNS {
		saved.DNS[i].Verdict = reach.Unknown
		saved.DNS[i].Judge()
		assert.Equal(t, live.DNS[i].String(), saved.DNS[i].String())
	}
	for i := range saved.Pings {
		saved.Pings[i].Verdict = reach.Unknown
		saved.Pings[i].Judge()
		assert.Equal(t, live.Pings[i].String(), saved.Pings[i].String())
	}
	again, err := json.Marshal(saved)
	require.NoError(t, err)
	assert.Equal(t, string(text), string(again), "every field of what was judged again is what it was")
	assert.Equal(t, reach.Diagnose(live).String(), reach.Diagnose(saved).String())
	assert.Equal(t, reach.Diagnose(live).Cause, reach.Diagnose(saved).Cause)
}
