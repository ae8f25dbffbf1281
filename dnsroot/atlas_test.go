package dnsroot_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/dnsroottest"
)

// results writes what probes of RIPE Atlas would have seen of the fleet: probe 1
// reaches both letters, probe 2 does not reach b, probe 3 could not look a name up.
func results(t *testing.T, fleet *dnsroottest.Fleet) (list []map[string]any) {
	t.Helper()
	one := func(probe int, letter string, qtype uint16, answered bool) map[string]any {
		address := fleet.Hints().Servers[letter[0]-'a'].Addrs[0].String()
		r := map[string]any{
			"af": 4, "dst_addr": address, "dst_name": letter + ".root-servers.net", "dst_port": "53", "from": "192.0.2.250", "fw": 5080, "lts": 21,
			"msm_id": 10001, "msm_name": "Tdig", "prb_id": probe, "proto": "UDP", "timestamp": time.Now().Unix(), "type": "dns",
		}
		if answered {
			wire := fetch(t, fleet, letter, qtype)
			r["result"] = map[string]any{"ANCOUNT": 1, "ID": 7, "abuf": base64.StdEncoding.EncodeToString(wire), "rt": 12.5, "size": len(wire)}
		} else {
			r["error"] = map[string]any{"timeout": 5000}
		}
		return r
	}
	for _, qtype := range []uint16{6, 2, 48} {
		for range 6 {
			list = append(list, one(1, "a", qtype, true), one(1, "b", qtype, true), one(2, "a", qtype, true), one(2, "b", qtype, false))
		}
	}
	return append(list,
		map[string]any{"type": "dns", "prb_id": 3, "timestamp": 1, "error": map[string]any{"getaddrinfo": "no"}},
		map[string]any{"type": "ping", "prb_id": 1})
}

func TestParseAtlas(t *testing.T) {
	fleet := start(t, dnsroottest.Config{NoIPv6: true})
	list := results(t, fleet)
	array, err := json.Marshal(list)
	require.NoError(t, err)
	var lines []string
	for _, r := range list {
		text, err := json.Marshal(r)
		require.NoError(t, err)
		lines = append(lines, string(text))
	}
	hints := dnsroot.Hints{Servers: fleet.Hints().Servers[:2]}
	for name, text := range map[string]string{"an array": string(array), "a line each": strings.Join(lines, "\n"), "a set": string(inSets(t, list))} {
		t.Run(name, func(t *testing.T) {
			sweeps, err := dnsroot.ParseAtlas(strings.NewReader(text), hints, fleet.Anchors())
			require.NoError(t, err)
			require.Len(t, sweeps, 2)
			assert.Equal(t, "atlas probe 1", sweeps[0].Vantage)
			require.Len(t, sweeps[0].Probes, 2)
			p := sweeps[0].Probes[0]
			assert.Equal(t, "a.root-servers.net.", p.Server)
			assert.Equal(t, dnsroot.Count{Sent: 18}, p.Large)
			assert.Equal(t, 12500*time.Microsecond, p.MedianRTT())
			assert.Equal(t, dnsroot.SecuritySecure, p.SOA.Security, "%v", p.SOA.Why)
			assert.Equal(t, fleet.Serial(), *p.Serial)
			lost := sweeps[1].Probes[1]
			assert.False(t, *lost.Reachable)
			assert.Equal(t, dnsroot.Count{Sent: 18, Lost: 18}, lost.Small, "which question it was is not told")

			a := dnsroot.Assess(sweeps...)
			assert.Equal(t, dnsroot.Healthy, report(t, a, "a").Verdict, a.String())
			assert.Contains(t, a.String(), "b: down from atlas probe 2, and answers atlas probe 1")
		})
	}
	for name, text := range map[string]string{
		"empty": "", "no DNS": `[{"type":"ping"}]`, "no JSON": "x", "another shape": `[1]`,
		"no address": `{"type":"dns","prb_id":1,"dst_addr":"x","timestamp":1}`, "no base64": `{"type":"dns","prb_id":1,"dst_addr":"192.0.2.1","result":{"abuf":"*"}}`,
	} {
		_, err := dnsroot.ParseAtlas(strings.NewReader(text), hints, nil)
		require.ErrorIs(t, err, dnsroot.ErrSyntax, name)
	}
}

// inSets puts the results of each probe into one result with a set.
func inSets(t *testing.T, list []map[string]any) []byte {
	t.Helper()
	by := map[any]map[string]any{}
	var out []map[string]any
	for _, r := range list {
		if r["dst_addr"] == nil {
			continue
		}
		probe := r["prb_id"]
		if by[probe] == nil {
			by[probe] = map[string]any{"type": "dns", "prb_id": probe, "timestamp": r["timestamp"], "fw": 5080, "resultset": []map[string]any{}}
			out = append(out, by[probe])
		}
		one := map[string]any{"time": r["timestamp"]}
		for _, key := range []string{"af", "dst_addr", "dst_name", "dst_port", "proto", "result", "error"} {
			if v, ok := r[key]; ok {
				one[key] = v
			}
		}
		by[probe]["resultset"] = append(by[probe]["resultset"].([]map[string]any), one)
	}
	text, err := json.Marshal(out)
	require.NoError(t, err)
	return text
}

// Sweeps of three hosts, one of them behind a full link: what is down and what
// is down from there are told apart.
func TestBarSeveralHosts(t *testing.T) {
	const rounds = 20
	right := 0
	for range rounds {
		var sweeps []*dnsroot.Sweep
		fleet := start(t, dnsroottest.Config{NoIPv6: true})
		for i, host := range []string{"here", "there", "crowded"} {
			s := fixedFleet(fleet, host, i == 2)
			sweeps = append(sweeps, s)
		}
		a := dnsroot.Assess(sweeps...)
		text := a.String()
		if report(t, a, "k").Verdict == dnsroot.Unreachable && report(t, a, "c").Verdict == dnsroot.Degraded &&
			strings.Contains(text, "k: down: no answer to here, there; crowded cannot tell") && strings.Contains(text, "c: down from there, and answers here") {
			right++
		}
		assert.Equal(t, dnsroot.Healthy, report(t, a, "a").Verdict, text)
	}
	assert.Equal(t, rounds, right)
}

// fixedFleet is a sweep in which k is down, c does not answer "there", and the
// crowded host loses most questions to all.
func fixedFleet(fleet *dnsroottest.Fleet, host string, crowded bool) *dnsroot.Sweep {
	secure := fixed().Probes[0].NS
	s := &dnsroot.Sweep{Vantage: host, Started: fixed().Started, Anchors: fleet.Anchors()}
	i := 0
	for l := range dnsroot.Letters() {
		i++
		p := dnsroot.Probe{
			Server: l.Name(), Transport: dnsroot.TransportUDP, Reachable: new(true), Small: dnsroot.Count{Sent: 16}, Large: dnsroot.Count{Sent: 16},
			Rcode: "NOERROR", Serial: new(uint32(2026112200)), SOA: secure, NS: secure, DNSKEY: secure,
		}
		switch {
		case l == 'k' || l == 'c' && host == "there" || crowded && i%4 == 0:
			p = dnsroot.Probe{Server: l.Name(), Transport: dnsroot.TransportUDP, Reachable: new(false), Small: dnsroot.Count{Sent: 8, Lost: 8}}
		case crowded:
			p.Small.Lost, p.Large.Lost = 5+i%7, 6+i%5
		}
		s.Probes = append(s.Probes, p)
	}
	return s
}
