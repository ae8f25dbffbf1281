package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/dnsroottest"
	"github.com/opskit-go/opskit/internal/lab"
)

func TestMain(m *testing.M) { lab.Main(m) }

// fleet listens on 127.0.53.1 to .13, as thirteen machines on one port, and
// returns the flags that lead there.
func fleet(t *testing.T) (*dnsroottest.Fleet, []string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has all of 127.0.0.0/8 on its loopback interface")
	}
	var h dnsroot.Hints
	for l := range dnsroot.Letters() {
		h.Servers = append(h.Servers, dnsroot.Server{
			Name: l.Name(), Addrs: []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 53, byte(l-'a') + 1})},
		})
	}
	f, err := dnsroottest.Start(dnsroottest.Config{Hints: h, Listen: true})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, f.Close()) })
	dir := t.TempDir()
	hints, anchor := filepath.Join(dir, "hints"), filepath.Join(dir, "anchor")
	require.NoError(t, os.WriteFile(hints, []byte(f.HintsFile()), 0o600))
	require.NoError(t, os.WriteFile(anchor, []byte(f.AnchorsFile()), 0o600))
	return f, []string{"-hints", hints, "-anchor", anchor, "-port", fmt.Sprint(f.Client().Port), "-timeout", "2s"}
}

func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestHealthyFleet(t *testing.T) {
	_, flags := fleet(t)
	code, out, errs := call(t, append(flags, "-prime")...)
	assert.Equal(t, 0, code, out+errs)
	assert.True(t, strings.HasPrefix(out, "root servers: healthy\n  13 of 13 letters healthy from here; on each of their paths loss above 17 % is excluded\n"), out)
	assert.Contains(t, out, "priming: the hints hold")
	assert.True(t, strings.HasSuffix(out, "not checked: nothing more\n"), out)
}

func TestProblemIsSavedJudgedAgainAndCompared(t *testing.T) {
	f, flags := fleet(t)
	before, after := filepath.Join(t.TempDir(), "before"), filepath.Join(t.TempDir(), "after")
	code, _, errs := call(t, append(flags, "-save", before)...)
	require.Equal(t, 0, code, errs)

	require.NoError(t, f.Set("k", dnsroottest.Fault{Silence: true}))
	require.NoError(t, f.Set("m", dnsroottest.Fault{Rogue: true}))
	code, live, errs := call(t, append(flags, "-save", after)...)
	require.Equal(t, 1, code, errs)
	assert.Contains(t, live, "root servers: degraded")
	assert.Contains(t, live, "unreachable: k over IPv4 TCP, IPv4 UDP: no answer")
	assert.Contains(t, live, "invalid: m over IPv4 TCP, IPv4 UDP: signed by keys")

	code, saved, errs := call(t, "-from", after)
	assert.Equal(t, 1, code, errs)
	assert.Equal(t, live, saved)

	code, out, errs := call(t, "-from", after, "-since", before)
	assert.Equal(t, 1, code, errs)
	assert.Contains(t, out, "  k.root-servers.net. verdict: healthy -> unreachable\n  m.root-servers.net. verdict: healthy -> invalid\n")
	code, out, _ = call(t, "-from", before, "-since", before)
	assert.Equal(t, 0, code)
	assert.Contains(t, out, "unchanged: facts compared: 14\n")

	code, out, errs = call(t, "-from", after, before) // of two hosts, as it were
	assert.Equal(t, 1, code, errs)
	assert.Contains(t, out, "k: down from sweep 1, and answers sweep 2")
}

func TestCannotTell(t *testing.T) {
	f, flags := fleet(t)
	for l := range dnsroot.Letters() {
		require.NoError(t, f.Set(l.Name(), dnsroottest.Fault{Silence: true}))
	}
	code, out, errs := call(t, flags...)
	assert.Equal(t, 2, code, errs)
	assert.Contains(t, out, "this host's own network cannot be told from the servers")

	blind := filepath.Join(t.TempDir(), "blind")
	secure := dnsroot.Validation{Security: dnsroot.SecuritySecure}
	require.NoError(t, save(blind, dnsroot.Assess(&dnsroot.Sweep{
		Started: time.Unix(1, 0), Anchors: f.Anchors(), Unseen: []opskit.Gap{{What: "every server over IPv6", Why: "no route"}},
		Probes: []dnsroot.Probe{{
			Server: "a.root-servers.net.", Transport: dnsroot.TransportUDP, Reachable: new(true), Small: dnsroot.Count{Sent: 16}, Rcode: "NOERROR", Serial: new(uint32(1)),
			SOA: secure, NS: secure, DNSKEY: secure,
		}},
	})))
	code, out, _ = call(t, "-from", blind)
	assert.Equal(t, 2, code, "healthy as far as seen is not healthy")
	assert.Contains(t, out, "root servers: healthy")
	assert.Contains(t, out, "not checked: every server over IPv6")
}

// A finished sweep is told and saved, whatever becomes of priming.
func TestFailedPrimingKeepsTheSweep(t *testing.T) {
	f, flags := fleet(t)
	for l := range dnsroot.Letters() {
		require.NoError(t, f.Set(l.Name(), dnsroottest.Fault{Intercepted: true}))
	}
	saved := filepath.Join(t.TempDir(), "saved")
	code, out, errs := call(t, append(flags, "-prime", "-save", saved)...)
	assert.Equal(t, 1, code)
	assert.Contains(t, out, "root servers: suspicious")
	assert.Contains(t, errs, "not authoritative")
	assert.FileExists(t, saved)
}

func TestJSONIsOneObjectALine(t *testing.T) {
	_, flags := fleet(t)
	code, out, errs := call(t, append(flags, "-json", "-prime", "-v")...)
	require.Equal(t, 0, code, errs)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 3)
	var s dnsroot.Sweep
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &s))
	assert.Len(t, s.Probes, 26)
	var a dnsroot.Assessment
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &a))
	assert.Equal(t, dnsroot.Healthy, a.Verdict)
	var p dnsroot.Priming
	require.NoError(t, json.Unmarshal([]byte(lines[2]), &p))
	assert.Len(t, p.Lists, 3)
}

func TestUsage(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad")
	require.NoError(t, os.WriteFile(bad, []byte("{}"), 0o600))
	for _, args := range [][]string{
		{"-port", "0"},
		{"-port", "70000"},
		{"argument"},
		{"-nosuchflag"},
		{"-hints", filepath.Join(dir, "none")},
		{"-hints", bad},
		{"-anchor", bad},
		{"-anchor", filepath.Join(dir, "none")},
		{"-from", filepath.Join(dir, "none")},
		{"-from", bad},
	} {
		code, out, errs := call(t, args...)
		assert.Equal(t, 2, code, args)
		assert.Empty(t, out, args)
		assert.NotEmpty(t, errs, args)
	}
	code, out, _ := call(t, "-h")
	assert.Equal(t, 0, code)
	assert.Contains(t, out, "-anchor")
	assert.Contains(t, out, "exit codes: 0 ")
	code, out, _ = call(t, "-preflight")
	assert.Contains(t, []int{0, 2}, code)
	assert.Contains(t, out, "ipv4_route")
	code, out, _ = call(t, "-json", "-from", bad)
	assert.Equal(t, 2, code)
	assert.Contains(t, out, `{"error":{"code":"opskit_not_evidence"`)
}

func TestOnlyIPv4IsAskedFor(t *testing.T) {
	for _, s := range only(true, dnsroot.DefaultHints()).Servers {
		require.Len(t, s.Addrs, 1)
		assert.True(t, s.Addrs[0].Is4())
	}
}

// Where the servers on the way do not delegate it, there is no such zone to sweep.
func TestZoneIsLookedFor(t *testing.T) {
	_, flags := fleet(t)
	code, _, errs := call(t, append(flags, "-zone", "nowhere.invalid")...)
	assert.Equal(t, 2, code)
	assert.Contains(t, errs, "find servers nowhere.invalid.: ")
	code, out, errs := call(t, append(flags, "-zone", ".")...)
	assert.Equal(t, 0, code, out+errs)
}

// A root server is no resolver, and that is told.
func TestResolverIsChecked(t *testing.T) {
	f, flags := fleet(t)
	at := f.AddrPort(f.Hints().Servers[0].Addrs[0])
	code, out, errs := call(t, append(flags, "-resolver", at.String())...)
	assert.Equal(t, 1, code, errs)
	assert.Contains(t, out, "resolver "+at.String()+": lame\n  offers no recursion")
	code, _, errs = call(t, append(flags, "-resolver", "example.org")...)
	assert.Equal(t, 2, code)
	assert.Contains(t, errs, "-resolver wants an address")
}

func TestAtlasFileIsJudged(t *testing.T) {
	file := filepath.Join(t.TempDir(), "atlas")
	require.NoError(t, os.WriteFile(file, []byte(`[{"type":"dns","prb_id":1,"dst_addr":"198.41.0.4","proto":"UDP","timestamp":1764547200,"error":{"timeout":5000}}]`), 0o600))
	code, out, errs := call(t, "-atlas", file)
	assert.Equal(t, 2, code, errs)
	assert.Contains(t, out, "root servers: unknown")
}
