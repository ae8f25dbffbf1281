package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/reach/origin"
	"github.com/opskit-go/opskit/reach/reachtest"
	"github.com/opskit-go/opskit/reach/why"
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

// server starts a web server, and returns it with its URL for the name.
func server(t *testing.T, page reachtest.Page) (*reachtest.HTTP, string) {
	web, err := reachtest.StartHTTP(reachtest.Site{"": page})
	require.NoError(t, err)
	t.Cleanup(func() { _ = web.Close() })
	return web, fmt.Sprintf("http://%s:%d/index.php", name, web.Addr().Port())
}

func TestSiteThatAnswers(t *testing.T) {
	web, url := server(t, reachtest.Page{Status: 302, Header: map[string]string{"Location": "/diario/ultimas/index.html"}})
	known, _ := server(t, reachtest.Page{Status: 204})
	dns := resolver(t, zone("127.0.0.1"))
	code, out, errs := call(t, "-resolver", dns, "-timeout", "1s", url)
	assert.Equal(t, 2, code, "plain http proves nothing: %s%s", out, errs)
	assert.Contains(t, out, "next: ask for a page of another site whose content is known (a control)")
	control := "http://" + known.Addr().String() + "/"
	code, out, errs = call(t, "-resolver", dns, "-timeout", "1s", "-control", control, url)
	assert.Equal(t, 0, code, "%s%s", out, errs)
	assert.True(t, strings.HasPrefix(out, name+": works\n"), out)

	code, out, _ = call(t, "-resolver", dns, "-timeout", "1s", "-control", control, "-origin", web.Addr().String(), url)
	assert.Equal(t, 2, code, "any name gets the same page: %s", out)
	assert.Contains(t, out, " at "+web.Addr().String()+": unknown")

	code, out, _ = call(t, "-json", "-resolver", dns, "-timeout", "1s", "-control", control, "-origin", "127.0.0.1:1", url)
	assert.Equal(t, 0, code, "a closed origin is shielded: %s", out)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 2, "one object a line")
	var d why.Diagnosis
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &d))
	assert.Equal(t, why.CauseNothing, d.Cause)
	var x origin.Exposure
	require.NoError(t, json.Unmarshal([]byte(lines[1]), &x))
	assert.Equal(t, origin.Shielded, x.Verdict)
}

// A network that wants a login answers for everybody.
func TestPortalIsNamedByItsControl(t *testing.T) {
	web, url := server(t, reachtest.Page{Status: 302, Header: map[string]string{"Location": "http://login.hotel.example/"}})
	dns := resolver(t, zone("127.0.0.1"))
	code, out, _ := call(t, "-resolver", dns, "-timeout", "1s", url)
	assert.Equal(t, 2, code, out)
	code, out, _ = call(t, "-resolver", dns, "-timeout", "1s", "-control", "http://"+web.Addr().String()+"/", url)
	assert.Equal(t, 1, code, out)
	assert.True(t, strings.HasPrefix(out, name+": down from here: portal\n"), out)

	web, url = server(t, reachtest.Page{Body: "please log in"})
	code, out, _ = call(t, "-resolver", dns, "-timeout", "1s", url)
	assert.Equal(t, 2, code, out)
	code, out, _ = call(t, "-resolver", dns, "-timeout", "1s", "-control", "http://"+web.Addr().String()+"/", url)
	assert.Equal(t, 1, code, out)
	assert.True(t, strings.HasPrefix(out, name+": down from here: portal\n"), out)
}

func TestProblemsAndCannotTell(t *testing.T) {
	known, _ := server(t, reachtest.Page{})
	closed := fmt.Sprintf("http://%s:1/", name)
	code, out, _ := call(t, "-resolver", resolver(t, zone("127.0.0.1")), "-timeout", "500ms", "-control", known.Addr().String(), closed)
	assert.Equal(t, 1, code)
	assert.True(t, strings.HasPrefix(out, name+": down from here: cannot tell why: resolver or resolution or service_down\n"), "a name that leads to this host: %s", out)
	code, out, _ = call(t, "-resolver", resolver(t, nil), "-timeout", "500ms", name)
	assert.Equal(t, 1, code)
	assert.True(t, strings.HasPrefix(out, name+": down from here: resolution\n"), out)
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
		{"-server-status", name},
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
func TestSinceTellsTheMove(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for silence to be judged")
	}
	dir := t.TempDir()
	before, saved := filepath.Join(dir, "before.json"), filepath.Join(dir, "now.json")
	silent, err := reachtest.StartSilent()
	require.NoError(t, err)
	defer silent.Close()
	known, _ := server(t, reachtest.Page{})
	url := fmt.Sprintf("http://%s:%d/", name, silent.Addr().Port())
	at := time.Now().UTC().Add(-48 * time.Hour)
	old := why.Diagnose(why.Case{Name: name, At: at, DNS: []reach.Comparison{
		{Name: name, Type: "A", Answers: []reach.DNSAnswer{{Resolver: "x", Rcode: "NOERROR", Data: []string{"190.57.233.170"}}}},
		{Name: "pagina12.com.ar", Type: "NS", Answers: []reach.DNSAnswer{{Resolver: "x", Rcode: "NOERROR", Data: []string{"ns1.example."}}}},
	}})
	require.NoError(t, program.SaveEvidence(before, kind, at, old))
	code, live, errs := call(t, "-resolver", resolver(t, zone("127.0.0.1")), "-control", known.Addr().String(), "-timeout", "3500ms", "-since", before, "-save", saved, url)
	assert.Equal(t, 1, code, "%s%s", live, errs)
	assert.True(t, strings.HasPrefix(live, name+": down from here: migration\n"), live)
	assert.Contains(t, live, "the address changed from 190.57.233.170 to 127.0.0.1")
	assert.Contains(t, live, "the name servers changed from ns1.example. to bill.ns.cloudflare.com.")

	code, again, _ := call(t, "-from", saved, "-since", before)
	assert.Equal(t, 1, code)
	assert.Equal(t, live, again, "saved evidence gives the same verdict")
}
