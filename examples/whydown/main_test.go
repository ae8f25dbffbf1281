package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/reach/cause"
	"github.com/opskit-go/opskit/reach/origin"
	"github.com/opskit-go/opskit/reach/reachtest"
)

func TestMain(m *testing.M) { lab.Main(m) }

const name = "www.pagina12.com.ar"

func call(t *testing.T, args ...string) (code int, out, errs string) {
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func resolver(t *testing.T, zone reachtest.Zone) string {
	d, err := reachtest.StartDNS(zone)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d.Addr().String()
}

func zone(address string) reachtest.Zone {
	return reachtest.Zone{
		name + " A":          {Records: []string{name + ". 300 IN A " + address}},
		"pagina12.com.ar NS": {Records: []string{"pagina12.com.ar. 2084 IN NS bill.ns.cloudflare.com."}},
	}
}

// A site that answers over IPv4 may be dead over the family that this host
// does not have.
func TestMissingFamilyCannotTell(t *testing.T) {
	open := reach.Connection{Target: netip.MustParseAddrPort("192.0.2.80:80"), Established: true}
	answer := reach.HTTPAnswer{URL: "http://" + name + "/", Method: "HEAD", Host: name, Connection: open, Status: 200}
	local := reach.Connection{Target: netip.MustParseAddrPort("[2001:db8::80]:80"), Errno: "ENETUNREACH", Immediate: true}
	open.Judge()
	answer.Judge()
	local.Judge()
	for want, connections := range map[int][]reach.Connection{0: {open}, 2: {open, local}} {
		file := filepath.Join(t.TempDir(), "saved.json")
		require.NoError(t, program.Write(file, evidence{Case: reach.Case{Name: name, Connections: connections, HTTP: []reach.HTTPAnswer{answer}}}))
		code, out, _ := call(t, "-from", file)
		assert.Equal(t, want, code, out)
		assert.True(t, strings.HasPrefix(out, name+": nothing\n"), out)
		assert.Equal(t, want == 2, strings.Contains(out, "its addresses over IPv6 (this host has no IPv6"), out)
	}
}

func TestSiteThatAnswers(t *testing.T) {
	web, err := reachtest.StartHTTP(reachtest.Site{name: {Status: 302, Header: map[string]string{"Location": "/diario/ultimas/index.html"}}})
	require.NoError(t, err)
	defer web.Close()
	url := fmt.Sprintf("http://%s:%d/index.php", name, web.Addr().Port())
	dns := resolver(t, zone("127.0.0.1"))
	code, out, errs := call(t, "-resolver", dns, "-timeout", "1s", url)
	assert.Equal(t, 0, code, "%s%s", out, errs)
	assert.True(t, strings.HasPrefix(out, name+": nothing\n"), out)
	assert.Contains(t, out, "\nnot checked: ")

	code, out, _ = call(t, "-resolver", dns, "-timeout", "1s", "-origin", web.Addr().String(), url)
	assert.Equal(t, 1, code, "the site works, and its origin is exposed")
	assert.Contains(t, out, ": exposed")

	code, out, _ = call(t, "-json", "-resolver", dns, "-timeout", "1s", "-origin", "127.0.0.1:1", url)
	assert.Equal(t, 0, code, "a closed origin is shielded: %s", out)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 2, "one object a line")
	var d reach.Diagnosis
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &d))
	assert.Equal(t, cause.Nothing, d.Cause)
	var x origin.Exposure
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &x))
	assert.Equal(t, origin.Shielded, x.Verdict)
}

func TestProblemsAndCannotTell(t *testing.T) {
	closed := fmt.Sprintf("http://%s:1/", name)
	code, out, _ := call(t, "-resolver", resolver(t, zone("127.0.0.1")), "-timeout", "500ms", closed)
	assert.Equal(t, 1, code)
	assert.True(t, strings.HasPrefix(out, name+": service-down ("), out)
	code, out, _ = call(t, "-resolver", resolver(t, nil), "-timeout", "500ms", name)
	assert.Equal(t, 1, code)
	assert.True(t, strings.HasPrefix(out, name+": resolution"), out)
	silent, err := reachtest.StartSilent()
	require.NoError(t, err)
	defer silent.Close()
	code, out, _ = call(t, "-resolver", resolver(t, zone("127.0.0.1")), "-timeout", "50ms", fmt.Sprintf("http://%s:%d/", name, silent.Addr().Port()))
	assert.Equal(t, 2, code)
	assert.Contains(t, out, "cannot tell")
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"a", "b"},
		{"-nosuch"},
		{"-from", "x", "y"},
		{"-from", "/no/such/file"},
		{"-since", "/no/such/file", name},
		{"-resolver", "resolver.example", name},
		{"-origin", "x", name},
		{"-down-since", "yesterday", name},
		{"ftp://" + name},
		{"http://" + name + ":99999/"},
	} {
		code, out, errs := call(t, args...)
		assert.Equal(t, 2, code, "%v", args)
		assert.Empty(t, out)
		assert.NotEmpty(t, errs)
	}
	code, out, _ := call(t, "-h")
	assert.Equal(t, 0, code)
	assert.Contains(t, out, "-resolver")
	assert.Contains(t, out, "exit codes: 0 ")
	_, out, _ = call(t, "-preflight")
	assert.Contains(t, out, "resolvers")
}

// The blog's case over two runs of the program: the first one saw the old
// address, the second finds the new one silent.
func TestSinceRanksTheMove(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for silence to be judged")
	}
	dir := t.TempDir()
	before, saved := filepath.Join(dir, "before.json"), filepath.Join(dir, "now.json")
	silent, err := reachtest.StartSilent()
	require.NoError(t, err)
	defer silent.Close()
	url := fmt.Sprintf("http://%s:%d/", name, silent.Addr().Port())
	old := evidence{Case: reach.Case{Name: name, At: time.Now().UTC().Add(-48 * time.Hour), DNS: []reach.Comparison{
		{Name: name, Type: "A", Answers: []reach.DNSAnswer{{Resolver: "x", Rcode: "NOERROR", Data: []string{"190.57.233.170"}}}},
		{Name: "pagina12.com.ar", Type: "NS", Answers: []reach.DNSAnswer{{Resolver: "x", Rcode: "NOERROR", Data: []string{"ns1.example."}}}},
	}}}
	require.NoError(t, program.Write(before, old))
	code, live, errs := call(t, "-resolver", resolver(t, zone("127.0.0.1")), "-timeout", "3500ms", "-since", before, "-save", saved, url)
	assert.Equal(t, 1, code, "%s%s", live, errs)
	assert.True(t, strings.HasPrefix(live, name+": migration ("), live)
	assert.Contains(t, live, "the address changed from 190.57.233.170 to 127.0.0.1")
	assert.Contains(t, live, "the name servers changed from ns1.example. to bill.ns.cloudflare.com.")

	code, again, _ := call(t, "-from", saved, "-since", before)
	assert.Equal(t, 1, code)
	assert.Equal(t, live, again, "saved evidence gives the same verdict")
	assert.True(t, strings.HasSuffix(live, "\nnot checked: what happened in between\n"), live)
	b, err := os.ReadFile(saved)
	require.NoError(t, err)
	assert.True(t, json.Valid(b))
}
