package whoislookup_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/servers"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

// TestARedirectIsAHop: registries send on what another of them keeps, and the
// record is the other's.
func TestARedirectIsAHop(t *testing.T) {
	srv := newServer(t, whoistest.Answers{})
	to := "https://rdap.db.ripe.net/ip/8.8.8.8"
	require.NoError(t, srv.HandleRDAP("rdap.arin.net", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, to, http.StatusMovedPermanently)
	})))
	require.NoError(t, srv.HandleRDAP("rdap.db.ripe.net", whoistest.RDAP(map[string]string{
		"/ip/8.8.8.8": `{"objectClassName":"ip network","startAddress":"8.8.8.0","endAddress":"8.8.8.255","country":"NL","entities":[{"roles":["registrant"],"vcardArray":["vcard",[["fn",{},"text","Holder"]]]}]}`,
	})))
	c := srv.Client()
	rec, err := c.Lookup(t.Context(), "8.8.8.8")
	require.NoError(t, err)
	assert.Equal(t, "rdap.db.ripe.net", rec.Server)
	require.Len(t, rec.Hops, 2)
	assert.Equal(t, "rdap.arin.net", rec.Hops[0].Server)
	assert.Equal(t, to, rec.Hops[0].Referral)
	assert.Equal(t, to, rec.Hops[1].Sent)
	assert.Positive(t, rec.Hops[0].Latency)
	assert.Positive(t, rec.Hops[1].Latency)
	where, ok := rec.Where("holder.name")
	require.True(t, ok)
	assert.Equal(t, 1, where.Hop)
	assert.Empty(t, rec.Gaps())
	assert.Contains(t, rec.String(), "asked: rdap.arin.net over rdap, which refers to "+to+"\n  asked: rdap.db.ripe.net over rdap\n")
	again, err := whoislookup.Assemble(rec.Query, rec.Hops)
	require.NoError(t, err)
	assert.Equal(t, rec, again)

	// What goes wrong is laid at the right door.
	to = "https://rdap.db.ripe.net/ip/elsewhere"
	c.Protocols = []string{"rdap"}
	rec, err = c.Lookup(t.Context(), "8.8.8.8")
	require.NoError(t, err)
	assert.Len(t, rec.Hops, 2)
	assert.Equal(t, "rdap.db.ripe.net", rec.Server)
	to = "https://10.0.0.1/"
	rec, err = c.Lookup(t.Context(), "8.8.8.8")
	require.ErrorIs(t, err, whoislookup.ErrUnsafeTarget)
	require.Len(t, rec.Hops, 1)
	assert.Equal(t, "rdap.arin.net", rec.Hops[0].Server)
}

func TestRedirectsAreGuarded(t *testing.T) {
	for _, to := range []string{
		"https://127.0.0.1/", "https://[::1]/", "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::a00:1]/", "https://[2002:a00:1::1]/",
		"https://[fe80::1%25eth0]/", "https://[::ffff:169.254.169.254]/latest/meta-data", "https://localhost/", "https://2130706433/",
		"https://rdap.db.ripe.net:22/", "http://rdap.db.ripe.net/", "ftp://rdap.db.ripe.net/", "file:///etc/passwd", "//10.0.0.1/",
	} {
		srv := newServer(t, whoistest.Answers{})
		require.NoError(t, srv.HandleRDAP("rdap.arin.net", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
		})))
		c := srv.Client()
		c.Protocols = []string{"rdap"}
		_, err := c.Lookup(t.Context(), "8.8.8.8")
		require.ErrorIs(t, err, whoislookup.ErrUnsafeTarget, to)
		assert.Len(t, srv.Queries(), 1, to)
	}
}

// TestNamesThatOnlyTheProxyKnows may be hosts of its own network: a redirect is
// not followed there.
func TestNamesThatOnlyTheProxyKnows(t *testing.T) {
	to, connects := "", []string(nil)
	srv := newServer(t, whoistest.Answers{})
	require.NoError(t, srv.HandleRDAP("rdap.test.example", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, to, http.StatusFound)
	})))
	proxy := httptest.NewServer(connectTo(srv, &connects))
	defer proxy.Close()
	t.Setenv("HTTPS_PROXY", proxy.URL)
	t.Setenv("NO_PROXY", "")
	b, err := servers.ParseBootstrap([]byte(`{"version":"1.0","services":[[["zz"],["https://rdap.test.example/"]]]}`))
	require.NoError(t, err)
	c := &whoislookup.Client{Bootstrap: []servers.Bootstrap{b}, Protocols: []string{"rdap"}, RootCAs: srv.Client().RootCAs}
	for _, to = range []string{"https://intranet.invalid/", "https://127.1/", "https://0x7f.1/", "https://metadata.google.invalid/"} {
		connects = nil
		_, err := c.Lookup(t.Context(), "example.zz")
		require.ErrorIs(t, err, whoislookup.ErrUnsafeTarget, to)
		assert.Equal(t, []string{"CONNECT rdap.test.example:443"}, connects, to)
	}
	connects, to = nil, "https://rdap.db.ripe.net/domain/example.zz"
	_, err = c.Lookup(t.Context(), "example.zz")
	require.Error(t, err)
	require.NotErrorIs(t, err, whoislookup.ErrUnsafeTarget, "the registries refer to one another")
	assert.Equal(t, []string{"CONNECT rdap.test.example:443", "CONNECT rdap.db.ripe.net:443"}, connects)
}

// TestADialFunctionIsNoProxysBusiness: it is told the server, also where the
// environment names a proxy.
func TestADialFunctionIsNoProxysBusiness(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://192.0.2.1:3128")
	t.Setenv("NO_PROXY", "")
	srv := newServer(t, whoistest.Answers{})
	require.NoError(t, srv.HandleRDAP("rdap.arin.net", whoistest.RDAP(map[string]string{
		"/registry/ip/8.8.8.8": `{"objectClassName":"ip network","startAddress":"8.8.8.0","endAddress":"8.8.8.255","name":"X"}`,
	})))
	rec, err := srv.Client().Lookup(t.Context(), "8.8.8.8")
	require.NoError(t, err)
	assert.Equal(t, "rdap.arin.net", rec.Server)
}

// TestErrorsAreSafeForATerminal: they quote what servers sent.
func TestErrorsAreSafeForATerminal(t *testing.T) {
	for rule, body := range map[string]string{
		"code":  `{"errorCode":"\u001b[2J404","title":"x"}`,
		"title": `{"errorCode":404,"title":"\u009b2J\u202e"}`,
		"name":  `{"objectClassName":"domain","ldhName":"\u001b]0;x\u0007.example"}`,
	} {
		srv := newServer(t, whoistest.Answers{})
		require.NoError(t, srv.HandleRDAP("rdap.arin.net", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, body) })))
		c := srv.Client()
		c.Protocols = []string{"rdap"}
		rec, err := c.Lookup(t.Context(), "8.8.8.8")
		for _, text := range []string{opskit.Fail(err).String(), rec.String()} {
			for _, r := range text {
				assert.False(t, r < ' ' && r != '\n' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x202e, "%s: %q", rule, text)
			}
		}
	}
}
