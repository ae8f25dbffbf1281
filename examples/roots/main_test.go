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

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
			Letter: l, Addrs: []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 53, byte(l-'a') + 1})},
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
	assert.True(t, strings.HasPrefix(out, "root servers: healthy\n  13 of 13 letters healthy from here\n"), out)
	assert.Contains(t, out, "13 root servers listed, secure, the hints hold")
	assert.True(t, strings.HasSuffix(out, "not checked: nothing more\n"), out)
}

func TestProblemIsSavedJudgedAgainAndCompared(t *testing.T) {
	f, flags := fleet(t)
	before, after := filepath.Join(t.TempDir(), "before"), filepath.Join(t.TempDir(), "after")
	code, _, errs := call(t, append(flags, "-save", before)...)
	require.Equal(t, 0, code, errs)

	require.NoError(t, f.Set('k', dnsroottest.Fault{Silence: true}))
	require.NoError(t, f.Set('m', dnsroottest.Fault{Rogue: true}))
	code, live, errs := call(t, append(flags, "-save", after)...)
	require.Equal(t, 1, code, errs)
	assert.Contains(t, live, "root servers: degraded")
	assert.Contains(t, live, "k: unreachable: no answer over IPv4 UDP")
	assert.Contains(t, live, "m: invalid: bogus over IPv4 UDP")

	code, saved, errs := call(t, "-from", after)
	assert.Equal(t, 1, code, errs)
	assert.Equal(t, live, saved)

	code, out, errs := call(t, "-from", after, "-since", before)
	assert.Equal(t, 1, code, errs)
	assert.Contains(t, out, "  k: was healthy, is unreachable\n  m: was healthy, is invalid\n")
	assert.True(t, strings.HasSuffix(out, "\nnot checked: what happened in between\n"), out)
	code, out, _ = call(t, "-from", before, "-since", before)
	assert.Equal(t, 0, code)
	assert.Contains(t, out, "every verdict the same\nnot checked: what happened in between\n")
}

func TestCannotTell(t *testing.T) {
	f, flags := fleet(t)
	for l := range dnsroot.Letters() {
		require.NoError(t, f.Set(l, dnsroottest.Fault{Silence: true}))
	}
	code, out, errs := call(t, flags...)
	assert.Equal(t, 2, code, errs)
	assert.Contains(t, out, "this host's own network cannot be told from the servers")

	healthyButBlind := filepath.Join(t.TempDir(), "blind")
	s := &dnsroot.Sweep{Unseen: []dnsroot.Gap{{What: "every letter over IPv6", Why: "no route"}}, Probes: []dnsroot.Probe{{
		Letter: 'a', Transport: dnsroot.UDP, Reachable: new(true), Sent: 5, Rcode: "NOERROR", Serial: new(uint32(1)),
		SOA: dnsroot.Validation{Security: dnsroot.Secure}, NS: dnsroot.Validation{Security: dnsroot.Secure}, DNSKEY: dnsroot.Validation{Security: dnsroot.Secure},
	}}}
	text, err := json.Marshal(evidence{Sweep: s})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(healthyButBlind, text, 0o600))
	code, out, _ = call(t, "-from", healthyButBlind)
	assert.Equal(t, 2, code, "healthy as far as seen is not healthy")
	assert.Contains(t, out, "not checked: every letter over IPv6")
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
	assert.Len(t, p.Hints.Servers, 13)
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
	assert.Contains(t, out, `{"error":{"code":"other"`)
}

func TestOnlyIPv4IsAskedFor(t *testing.T) {
	for _, s := range ipv4(dnsroot.DefaultHints()).Servers {
		require.Len(t, s.Addrs, 1)
		assert.True(t, s.Addrs[0].Is4())
	}
}
