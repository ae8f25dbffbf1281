package whoislookup_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/servers"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

const gigaredRDAP = `{
  "rdapConformance": ["rdap_level_0"],
  "objectClassName": "ip network",
  "handle": "138.0.152.0/22",
  "startAddress": "138.0.152.0",
  "endAddress": "138.0.155.255",
  "ipVersion": "v4",
  "type": "allocated",
  "country": "AR",
  "entities": [
    {"objectClassName": "entity", "handle": "AR-GISA2-LACNIC", "roles": ["registrant"],
     "vcardArray": ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", "Gigared S.A."], ["kind", {}, "text", "org"]]],
     "entities": [{"handle": "NOC", "roles": ["abuse"], "vcardArray": ["vcard", [["email", {}, "text", "abuse@EXAMPLE.net"]]]}]}
  ],
  "events": [{"eventAction": "registration", "eventDate": "2015-01-02T00:00:00Z"}]
}`

// rdapServer is ARIN's and LACNIC's RDAP, the former redirecting to the latter.
func rdapServer(t *testing.T, body string) *whoistest.Server {
	t.Helper()
	srv := newServer(t, whoistest.Blog())
	require.NoError(t, srv.HandleRDAP("rdap.arin.net", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://rdap.lacnic.net/rdap/"+strings.TrimPrefix(r.URL.Path, "/registry/"), http.StatusFound)
	})))
	require.NoError(t, srv.HandleRDAP("rdap.lacnic.net", whoistest.RDAP(map[string]string{"/rdap/ip/138.0.155.10": body})))
	return srv
}

func TestRDAPFirst(t *testing.T) {
	srv := rdapServer(t, gigaredRDAP)
	rec, err := srv.Client().Lookup(t.Context(), "138.0.155.10")
	require.NoError(t, err)
	assert.Equal(t, []string{"rdap.arin.net GET /registry/ip/138.0.155.10", "rdap.lacnic.net GET /rdap/ip/138.0.155.10"}, asked(srv))
	assert.Equal(t, "Gigared S.A.", rec.Holder.Name)
	assert.Equal(t, "138.0.152.0/22", rec.Network.Range.String())
	assert.Equal(t, "AR", rec.Country)
	assert.Equal(t, "abuse@example.net", rec.Abuse[0].Email)
	where, ok := rec.Where("holder.name")
	require.True(t, ok)
	assert.Equal(t, 12, where.Line)
}

func TestRDAPFallsBackToWHOIS(t *testing.T) {
	for rule, h := range map[string]http.HandlerFunc{
		"a 404 that is no RDAP": http.NotFound,
		"a broken server":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
		"throttled":             func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) },
		"HTML with status 200":  func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>hello</html>") },
		"another range": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, strings.ReplaceAll(gigaredRDAP, "138.0.15", "139.0.15"))
		},
		"an error in a 200": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"errorCode": 500}`) },
		"a downgrade to http": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://rdap.lacnic.net/", http.StatusFound)
		},
		"a redirect to itself": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) },
		"a redirect inside": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://127.0.0.1/", http.StatusFound)
		},
		"the queried address echoed": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"objectClassName":"ip network","handle":"138.0.155.10","startAddress":"138.0.155.10","endAddress":"138.0.155.10"}`)
		},
	} {
		t.Run(rule, func(t *testing.T) {
			srv := newServer(t, whoistest.Blog())
			require.NoError(t, srv.HandleRDAP("rdap.arin.net", h))
			rec, err := srv.Client().Lookup(t.Context(), "138.0.155.10")
			require.NoError(t, err)
			assert.Equal(t, "Gigared S.A.", rec.Holder.Name)
			assert.Equal(t, "138.0.152.0/22", rec.Network.Range.String())
			assert.Equal(t, "rdap", rec.Hops[0].Protocol)
			assert.Equal(t, "whois.lacnic.net", rec.Hops[len(rec.Hops)-1].Server)
		})
	}
}

func TestRDAPAlone(t *testing.T) {
	srv := rdapServer(t, gigaredRDAP)
	c := srv.Client()
	c.Protocols = []string{"rdap"}
	_, err := c.Lookup(t.Context(), "138.0.155.11")
	require.NoError(t, err)
	_, err = c.Lookup(t.Context(), "example.zz")
	require.ErrorIs(t, err, whoislookup.ErrNoServer)
}

// TestRDAPPlaceholderIsNeverTheOwner has ARIN answer about a block that it
// handed over, without the redirect.
func TestRDAPPlaceholderIsNeverTheOwner(t *testing.T) {
	body := `{"objectClassName": "ip network", "startAddress": "138.0.0.0", "endAddress": "138.0.255.255", "type": "Transferred to LACNIC", "country": "UY",
	 "entities": [{"handle": "LACNIC", "roles": ["registrant", "abuse"], "vcardArray": ["vcard", [["fn", {}, "text", "LACNIC"], ["email", {}, "text", "abuse@lacnic.example"]]]}]}`
	srv := newServer(t, whoistest.Blog())
	require.NoError(t, srv.HandleRDAP("rdap.arin.net", whoistest.RDAP(map[string]string{"/registry/ip/138.0.155.10": body})))
	c := srv.Client()
	rec, err := c.Lookup(t.Context(), "138.0.155.10")
	require.NoError(t, err)
	assert.Equal(t, "Gigared S.A.", rec.Holder.Name, "WHOIS follows the referral")
	assert.Equal(t, "AR", rec.Country)

	c.Protocols = []string{"rdap"}
	rec, err = c.Lookup(t.Context(), "138.0.155.10")
	require.ErrorIs(t, err, whoislookup.ErrNoServer)
	assert.Equal(t, whoislookup.VerdictElsewhere, rec.Verdict)
	assert.Empty(t, rec.Holder)
	assert.Empty(t, rec.Abuse)
}

func TestRetryAfterIsReported(t *testing.T) {
	for rule, header := range map[string]string{"seconds": "90", "a date": time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)} {
		t.Run(rule, func(t *testing.T) {
			srv := newServer(t, whoistest.Answers{})
			require.NoError(t, srv.HandleRDAP("rdap.arin.net", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", header)
				w.WriteHeader(http.StatusTooManyRequests)
			})))
			c := srv.Client()
			c.Protocols = []string{"rdap"}
			_, err := c.Lookup(t.Context(), "104.20.75.37")
			require.ErrorIs(t, err, whoislookup.ErrThrottled)
			e, ok := errors.AsType[whoislookup.Pause](err)
			require.True(t, ok)
			assert.InDelta(t, 90, e.RetryAfter().Seconds(), 3)
		})
	}
}

func TestRDAPBombIsBounded(t *testing.T) {
	srv := newServer(t, whoistest.Answers{})
	require.NoError(t, srv.HandleRDAP("rdap.arin.net", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		block := []byte(strings.Repeat(" ", 1<<16))
		for range 1 << 10 {
			if _, err := z.Write(block); err != nil {
				return
			}
		}
		z.Close()
	})))
	c := srv.Client()
	c.Protocols = []string{"rdap"}
	rec, err := c.Lookup(t.Context(), "104.20.75.37")
	require.ErrorIs(t, err, whoislookup.ErrTooBig)
	assert.LessOrEqual(t, len(rec.Hops[0].Raw), 1<<20)
}

func TestRegistrarByRelatedLink(t *testing.T) {
	domain := func(link, entity string) string {
		return `{"objectClassName":"domain","ldhName":"EXAMPLE.COM","links":[{"rel":"related","type":"application/rdap+json","href":"` + link + `"}],"entities":[` + entity + `],"nameservers":[{"ldhName":"NS1.EXAMPLE.NET"}],"status":["client hold"]}`
	}
	holder := `{"roles":["registrant"],"vcardArray":["vcard",[["fn",{},"text","Example Holder"]]]}`
	srv := newServer(t, whoistest.Answers{})
	require.NoError(t, srv.HandleRDAP("rdap.verisign.com", whoistest.RDAP(map[string]string{"/com/v1/domain/example.com": domain("https://rdap.registrar.example/domain/example.com", "")})))
	require.NoError(t, srv.HandleRDAP("rdap.registrar.example", whoistest.RDAP(map[string]string{"/domain/example.com": domain("https://rdap.registrar.example/domain/example.com", holder)})))
	rec, err := srv.Client().Domain(t.Context(), "example.com")
	require.NoError(t, err)
	assert.Equal(t, "Example Holder", rec.Holder.Name)
	assert.Len(t, srv.Queries(), 2, "a related link to itself is not followed again")
	in, because := rec.Domain.Delegated()
	assert.Equal(t, whoislookup.AnswerNo, in)
	assert.Equal(t, whoislookup.Status("clientHold"), because)
}

// connectTo is a proxy that notes what it is asked for and ends every connection
// at srv.
func connectTo(srv *whoistest.Server, connects *[]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*connects = append(*connects, r.Method+" "+r.Host)
		to, err := srv.Dial(r.Context(), "tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer to.Close()
		from, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer from.Close()
		io.WriteString(from, "HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			io.Copy(to, from)
			to.Close()
		}()
		io.Copy(from, to)
	})
}

// TestProxyOfTheEnvironment has the proxy make the connection, and the target
// guarded all the same.
func TestProxyOfTheEnvironment(t *testing.T) {
	srv := newServer(t, whoistest.Answers{})
	require.NoError(t, srv.HandleRDAP("rdap.test.example", whoistest.RDAP(map[string]string{"/domain/example.zz": `{"objectClassName":"domain","ldhName":"example.zz"}`})))
	var connects []string
	proxy := httptest.NewServer(connectTo(srv, &connects))
	defer proxy.Close()
	t.Setenv("HTTPS_PROXY", proxy.URL)
	t.Setenv("NO_PROXY", "")
	client := func(url string) *whoislookup.Client {
		b, err := servers.ParseBootstrap([]byte(`{"version":"1.0","services":[[["zz"],["` + url + `"]]]}`))
		require.NoError(t, err)
		return &whoislookup.Client{Bootstrap: []servers.Bootstrap{b}, Protocols: []string{"rdap"}, RootCAs: srv.Client().RootCAs}
	}
	rec, err := client("https://rdap.test.example/").Lookup(t.Context(), "example.zz")
	require.NoError(t, err)
	assert.Equal(t, "example.zz", rec.Domain.Name)
	assert.Equal(t, []string{"CONNECT rdap.test.example:443"}, connects)

	_, err = client("https://127.0.0.1/").Lookup(t.Context(), "example.zz")
	require.ErrorIs(t, err, whoislookup.ErrUnsafeTarget)
	assert.Len(t, connects, 1)
}

func TestRDAPHelpIsNoAnswer(t *testing.T) {
	const help = `{"rdapConformance":["rdap_level_0"],"notices":[{"title":"Help"}]}`
	rec, err := whoislookup.Parse("rdap.example.net", []byte(help))
	require.ErrorIs(t, err, whoislookup.ErrGarbage)
	assert.Equal(t, whoislookup.VerdictUnknown, rec.Verdict)

	srv := newServer(t, whoistest.Answers{})
	require.NoError(t, srv.HandleRDAP("rdap.arin.net", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, help) })))
	c := srv.Client()
	c.Protocols = []string{"rdap"}
	rec, err = c.Lookup(t.Context(), "138.0.155.10")
	require.ErrorIs(t, err, whoislookup.ErrGarbage)
	assert.Equal(t, whoislookup.VerdictUnknown, rec.Verdict)
	assert.Contains(t, err.Error(), "rdap.arin.net")
}

func TestRDAPTargetsAreGuarded(t *testing.T) {
	file := func(url string) []byte {
		return []byte(`{"version":"1.0","services":[[["zz"],["` + url + `"]]]}`)
	}
	for _, url := range []string{"https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/", "https://[::ffff:169.254.169.254]/", "https://localhost/", "https://rdap.example.net:22/"} {
		b, err := servers.ParseBootstrap(file(url))
		require.NoError(t, err)
		dialed := false
		c := &whoislookup.Client{
			Bootstrap: []servers.Bootstrap{b}, Protocols: []string{"rdap"},
			Dial: func(context.Context, string, string) (net.Conn, error) { dialed = true; return nil, net.ErrClosed },
		}
		_, err = c.Lookup(t.Context(), "example.zz")
		require.ErrorIs(t, err, whoislookup.ErrUnsafeTarget, url)
		assert.False(t, dialed, url)
	}
	b, err := servers.ParseBootstrap(file("http://rdap.example.net/"))
	require.NoError(t, err)
	_, ok := b.Domain("example.zz")
	assert.False(t, ok, "plain http is left out")
}

// TestBarRDAPAgreesWithWHOIS compares the addresses that the corpus has in both
// forms. What differs is listed here, with the reason.
func TestBarRDAPAgreesWithWHOIS(t *testing.T) {
	// Field by field where both tell something, and they differ.
	known := map[string]string{
		"196.11.240.215 network.name":              "RDAP has the organisation's handle where WHOIS has the network's name",
		"2001:240:10c:1::ca20:9d1d network.range":  "WHOIS also has the assignment inside the allocation, and the narrower counts",
		"2001:240:10c:1::ca20:9d1d network.name":   "as the range",
		"2001:240:10c:1::ca20:9d1d network.parent": "as the range",
		"2001:240:10c:1::ca20:9d1d holder.name":    "as the range",
		"2001:240:10c:1::ca20:9d1d updated":        "as the range",
		"200.57.141.161 network.range":             "RDAP echoes the queried address, so this cannot be told",
	}
	pairs := [][3]string{
		{"196.11.240.215", "ip/ipwhois_afrinic_196.11.240.215.txt", "rdap/ipwhois_rdap_afrinic_196.11.240.215.json"},
		{"2001:240:10c:1::ca20:9d1d", "ip/ipwhois_apnic_2001-240-10c-1--ca20-9d1d.txt", "rdap/ipwhois_rdap_apnic_2001-240-10c-1--ca20-9d1d.json"},
		{"200.57.141.161", "ip/ipwhois_lacnic_200.57.141.161.txt", "rdap/ipwhois_rdap_lacnic_200.57.141.161.json"},
	}
	listed := 0
	for _, p := range pairs {
		var recs [2]*whoislookup.Record
		for i := range 2 {
			raw, err := os.ReadFile(lab.Corpus(t, "whoislookup", p[1+i]))
			require.NoError(t, err)
			recs[i], err = whoislookup.Parse("", raw)
			require.NoError(t, err)
		}
		assert.Equal(t, recs[0].Country, recs[1].Country, p[0])
		for i := range min(len(recs[0].Abuse), len(recs[1].Abuse)) {
			assert.Equal(t, recs[0].Abuse[i].Email, recs[1].Abuse[i].Email, p[0])
		}
		changes, untold := diff(recs[0], recs[1])
		for _, g := range untold {
			if strings.Contains(g.Why, "only the address that was asked for") {
				assert.Contains(t, known, p[0]+" "+g.What, g.String())
				listed++
			}
		}
		for _, c := range changes {
			if c.Old == "" || c.New == "" {
				continue // only one of them tells
			}
			assert.Contains(t, known, p[0]+" "+c.What, "%+v", c)
			listed++
		}
	}
	assert.Equal(t, len(known), listed, "no difference is listed that is not there")
	lab.Bar(t, "whois-rdap-agrees", "%d addresses in both forms: country and abuse agree, %d differences, all listed", len(pairs), listed)
}
