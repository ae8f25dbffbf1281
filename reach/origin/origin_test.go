package origin

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/reach/cdn"
	"github.com/opskit-go/opskit/reach/reachtest"
)

var update = flag.Bool("update", false, "rewrite the golden file")

func TestMain(m *testing.M) { lab.Main(m) }

const (
	name = "www.pagina12.com.ar"
	page = "http://" + name + "/index.php"
)

func redirect(to string) reachtest.Page {
	return reachtest.Page{Status: 302, Header: map[string]string{"Location": to, "Server": "Apache", "Content-Type": "text/html; charset=ISO-8859-1"}}
}

func check(t *testing.T, origin, edge reachtest.Site) (*Exposure, *reachtest.HTTP) {
	o, err := reachtest.StartHTTP(origin)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, o.Close()) })
	q := Question{URL: page, Origin: o.Addr()}
	if edge != nil {
		n, err := reachtest.StartHTTP(edge)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, n.Close()) })
		q.Edge = n.Addr()
	}
	e, err := Check(t.Context(), &reach.Prober{Timeout: 2500 * time.Millisecond}, q)
	require.NoError(t, err)
	return e, o
}

func TestCheck(t *testing.T) {
	site := redirect("/diario/ultimas/index.html")
	for rule, tt := range map[string]struct {
		origin, edge reachtest.Site
		want         Verdict
		why          string
	}{
		"the blog's: it knows the name and closes on others": {reachtest.Site{name: site}, nil, Exposed, "knows the name"},
		"and the network serves the same":                    {reachtest.Site{name: site}, reachtest.Site{name: site}, Exposed, "what the network serves"},
		"others get a default page":                          {reachtest.Site{name: site, "": {Body: "It works!"}}, nil, Exposed, "knows the name"},
		"a default page for everybody is not the site":       {reachtest.Site{"": {Body: "Welcome to nginx!"}}, nil, Unknown, "any name the same"},
		"nor one that repeats the name":                      {reachtest.Site{"": {Echo: true}}, nil, Unknown, "any name the same"},
		"nor a redirect to the name itself for everybody":    {reachtest.Site{"": redirect("/login")}, nil, Unknown, "any name the same"},
		"the only site of a server, as the network has it":   {reachtest.Site{"": site}, reachtest.Site{name: site}, Exposed, "what the network serves"},
		"a default page beside another page of the network":  {reachtest.Site{"": {Body: "Welcome"}}, reachtest.Site{name: site}, Unknown, "any name the same"},
		"two default pages that look alike":                  {reachtest.Site{"": {Body: "Welcome"}}, reachtest.Site{name: {Body: "Welcome"}}, Unknown, "any name the same"},
		"it knows the name and gives something else":         {reachtest.Site{name: {Body: "we moved"}}, reachtest.Site{name: site}, Unknown, "something else"},
		"the network challenges, the origin serves":          {reachtest.Site{name: site}, reachtest.Site{name: {Status: 403}}, Exposed, "knows the name"},
		"it leads to the network's https":                    {reachtest.Site{name: redirect("https://" + name + "/index.php")}, nil, Unknown, "leads elsewhere"},
		"it leads to another host":                           {reachtest.Site{name: redirect("http://cdn.example/")}, nil, Unknown, "leads elsewhere"},
		"an absolute redirect within the site":               {reachtest.Site{name: redirect("http://" + name + "/x")}, nil, Exposed, "knows the name"},
		"an edge that no list has":                           {reachtest.Site{name: {Status: 200, Header: map[string]string{"Cf-Ray": "8f0-EZE"}}}, nil, Unknown, "own mark (Cloudflare)"},
		"an edge by its server":                              {reachtest.Site{name: {Status: 403, Header: map[string]string{"Server": "cloudflare"}}}, nil, Unknown, "own mark (Cloudflare)"},
		"it forbids":                                         {reachtest.Site{"": {Status: 403}}, nil, Shielded, "refuses"},
		"it is the wrong server":                             {reachtest.Site{"": {Status: 421}}, nil, Shielded, "refuses"},
		"it has no such page":                                {reachtest.Site{name: {Status: 404}}, nil, Unknown, "no such page"},
		"it has an error":                                    {reachtest.Site{name: {Status: 503}}, nil, Unknown, "an error of its own"},
		"it closes without a word":                           {reachtest.Site{}, nil, Shielded, "does not answer"},
		"it says nothing":                                    {reachtest.Site{"": {Silent: true}}, nil, Unknown, "silent"},
		"it does not know HEAD":                              {reachtest.Site{name: {Status: 405}}, nil, Unknown, "no such page"},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			e, o := check(t, tt.origin, tt.edge)
			assert.Equal(t, tt.want, e.Verdict, "%s", e)
			assert.Contains(t, e.Why, tt.why)
			assert.LessOrEqual(t, len(o.Requests()), 4)
			assert.Contains(t, e.String(), "\nnot checked: ")
			if tt.want == Exposed {
				assert.Contains(t, e.String(), "next: let in only the network's own ranges")
				assert.Contains(t, e.String(), "it is in no list of 20", "the lists have a day")
			}
		})
	}
}

func TestControlsLookLikeTheName(t *testing.T) {
	for _, host := range []string{name, "a-b.example:8080", "[2001:db8::1]:80", "192.0.2.1"} {
		s := stranger(host)
		assert.Len(t, s, len(host))
		assert.NotEqual(t, host, s)
		assert.Equal(t, strings.Count(host, "."), strings.Count(s, "."))
	}
	assert.True(t, strings.HasSuffix(stranger("www.example.org:8080"), ":8080"))
	first, second := stranger(name), stranger(name)
	assert.NotEqual(t, first, second)
}

func TestPartThatVariesByItselfIsNoDifference(t *testing.T) {
	answer := func(length, etag string) reach.HTTPAnswer {
		return reach.HTTPAnswer{Verdict: reach.Answered, Status: 200, Host: name, Header: map[string][]string{"Content-Length": {length}, "Etag": {etag}}}
	}
	site := answer("100", "a")
	assert.False(t, differs(&site, []reach.HTTPAnswer{answer("101", "b"), answer("102", "c")}))
	assert.True(t, differs(&site, []reach.HTTPAnswer{answer("101", "b"), answer("101", "c")}))
}

func TestOriginThatIsNotThere(t *testing.T) {
	o, err := reachtest.StartHTTP(nil)
	require.NoError(t, err)
	at := o.Addr()
	require.NoError(t, o.Close())
	e, err := Check(t.Context(), &reach.Prober{}, Question{URL: page, Origin: at})
	require.NoError(t, err)
	assert.Equal(t, Shielded, e.Verdict)
	assert.NotEmpty(t, e.Gaps(), "from elsewhere it may be open")
	_, err = Check(t.Context(), &reach.Prober{}, Question{URL: "pagina12", Origin: at})
	require.ErrorIs(t, err, reach.ErrTarget)
	silent, err := reachtest.StartSilent()
	require.NoError(t, err)
	defer silent.Close()
	e, err = Check(t.Context(), &reach.Prober{Timeout: 100 * time.Millisecond}, Question{URL: page, Origin: silent.Addr()})
	require.NoError(t, err)
	assert.Equal(t, Unknown, e.Verdict, "too short to judge: %s", e)
	assert.NotEmpty(t, e.Gaps())
}

func TestAddressOfTheNetworkIsNoOrigin(t *testing.T) {
	web, err := reachtest.StartHTTP(reachtest.Site{name: redirect("/x")})
	require.NoError(t, err)
	defer web.Close()
	p := &reach.Prober{Via: func(netip.AddrPort) netip.AddrPort { return web.Addr() }}
	e, err := Check(t.Context(), p, Question{URL: page, Origin: netip.MustParseAddrPort("104.20.75.37:80")})
	require.NoError(t, err)
	assert.Equal(t, Unknown, e.Verdict)
	assert.Contains(t, e.Why, "the network's own: Cloudflare 104.16.0.0/13")
}

// saved is evidence as Check gathers it, with fixed times.
func saved() *Exposure {
	at := netip.MustParseAddrPort("138.0.155.10:80")
	answer := func(host string, status int) reach.HTTPAnswer {
		a := reach.HTTPAnswer{
			URL: page, Method: "HEAD", Host: host, Status: status, At: time.Date(2015, 12, 14, 22, 9, 10, 0, time.UTC),
			Connection: reach.Connection{Target: at, Established: true}, Ended: map[bool]string{true: "closed"}[status == 0],
			Header: map[string][]string{"Location": {"/diario/ultimas/index.html"}},
		}
		if status == 0 {
			a.Header = nil
		}
		a.Judge()
		return a
	}
	e := &Exposure{URL: page, Origin: at, Lists: "2026-01-02", Site: answer(name, 302), Controls: []reach.HTTPAnswer{answer("abc.example", 0), answer("def.example", 0)}}
	e.Judge()
	return e
}

func TestSavedEvidenceSameVerdict(t *testing.T) {
	e := saved()
	require.Equal(t, Exposed, e.Verdict)
	b, err := json.MarshalIndent(e, "", "  ")
	require.NoError(t, err)
	b = append(b, '\n')
	file := filepath.Join("testdata", "exposure.golden.json")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, b, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(b))
	var back Exposure
	require.NoError(t, json.Unmarshal(b, &back))
	back.Verdict, back.Why = Unknown, ""
	back.Judge()
	assert.Equal(t, e, &back)
}

func TestNothingOfTheServerMovesATerminal(t *testing.T) {
	e := saved()
	e.Site.Header["Location"] = []string{"/\x1b[2J"}
	e.Network = []cdn.Match{{Provider: "x\x1b"}}
	e.Judge()
	assert.NotContains(t, e.String(), "\x1b")
}

func ExampleCheck() {
	web, err := reachtest.StartHTTP(reachtest.Site{"www.example.org": {Status: 302, Header: map[string]string{"Location": "/news"}}})
	if err != nil {
		panic(err)
	}
	defer web.Close()
	e, err := Check(context.Background(), &reach.Prober{}, Question{URL: "http://www.example.org/", Origin: web.Addr()})
	fmt.Println(e.Verdict, "-", e.Why)
	fmt.Println(err)
	// Output:
	// exposed - it knows the name and serves it
	// <nil>
}

// The status page is asked for by name only, and a server that gives every path the
// same page shows none.
func TestStatusPageOnlyWhenAskedFor(t *testing.T) {
	for rule, tt := range map[string]struct {
		ask, open, every bool
		want             bool
	}{
		"it is open": {true, true, false, true}, "it is not": {true, false, false, false},
		"every path is": {true, true, true, false}, "nobody asked": {false, true, false, false},
	} {
		t.Run(rule, func(t *testing.T) {
			asked := make(chan string, 10)
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked <- r.URL.Path
				if r.URL.Path != "/index.php" && !tt.every && (r.URL.Path != "/server-status" || !tt.open) {
					http.NotFound(w, r)
				}
			}))
			defer web.Close()
			e, err := Check(t.Context(), new(reach.Prober), Question{URL: page, Origin: netip.MustParseAddrPort(web.Listener.Addr().String()), StatusPage: tt.ask})
			require.NoError(t, err)
			assert.Equal(t, tt.want, strings.Contains(e.String(), "Require local"), "%s", e)
			close(asked)
			for path := range asked {
				assert.True(t, tt.ask || path == "/index.php", path)
			}
		})
	}
}
