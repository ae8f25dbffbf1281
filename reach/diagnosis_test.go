package reach

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/reach/cause"
)

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

// silentTo and the others are evidence as a probe on Linux gathers it.
func silentTo(target string) Connection {
	c := Connection{Target: addr(target), TimedOut: true, SYNRetransmits: new(3), SYNTimeouts: new(3), At: day("2015-12-12"), Took: 4 * time.Second}
	c.Judge()
	return c
}

func openTo(target string) Connection {
	c := Connection{Target: addr(target), Established: true, SYNRetransmits: new(0), RTT: 12 * time.Millisecond, At: day("2015-12-12"), Took: 12 * time.Millisecond}
	c.Judge()
	return c
}

func refusedBy(target string) Connection {
	c := Connection{Target: addr(target), Errno: "ECONNREFUSED", SYNRetransmits: new(0), At: day("2015-12-12")}
	c.Judge()
	return c
}

func rejectedWith(target string, icmp ICMP) Connection {
	c := Connection{Target: addr(target), Errno: "EHOSTUNREACH", ICMP: &icmp, SYNRetransmits: new(0), At: day("2015-12-12")}
	c.Judge()
	return c
}

// localTo is a connection that this host did not make.
func localTo(target, errno string) Connection {
	c := Connection{Target: addr(target), Errno: errno, Immediate: true, At: day("2015-12-12")}
	c.Judge()
	return c
}

func leadingTo(at, location string) HTTPAnswer {
	a := page(at, 302)
	a.Header = map[string][]string{"Location": {location}}
	return a
}

func pingOf(target string, replies int) Ping {
	p := Ping{Target: netip.MustParseAddr(target), Sent: 3, Method: "unprivileged", Waited: 4 * time.Second, At: day("2015-12-12")}
	for i := range replies {
		p.Replies = append(p.Replies, Echo{Seq: i, RTT: time.Millisecond, TTL: 60})
	}
	p.Judge()
	return p
}

func resolves(to ...string) Comparison {
	c := Comparison{Name: site, Type: "A"}
	for i := range 3 {
		c.Answers = append(c.Answers, DNSAnswer{Resolver: fmt.Sprintf("192.0.2.%d:53", 53+i), Rcode: "NOERROR", Data: to, At: day("2015-12-12")})
	}
	c.Judge()
	return c
}

func rcodes(names ...string) Comparison {
	c := Comparison{Name: site, Type: "A"}
	for i, n := range names {
		a := DNSAnswer{Resolver: fmt.Sprintf("192.0.2.%d:53", 53+i), Rcode: n}
		if n == "NOERROR" {
			a.Data = []string{"192.0.2.80"}
		}
		c.Answers = append(c.Answers, a)
	}
	c.Judge()
	return c
}

// stubSays is what the resolver on this host said.
func stubSays(rcode string) Comparison {
	c := rcodes(rcode)
	c.Answers[0].Resolver = "127.0.0.53:53"
	c.Judge()
	return c
}

func page(at string, status int) HTTPAnswer {
	a := HTTPAnswer{URL: "http://" + site + "/", Method: "HEAD", Host: site, Connection: openTo(at), Status: status}
	a.Judge()
	return a
}

func mute(at string, acked bool) HTTPAnswer {
	a := HTTPAnswer{URL: "http://" + site + "/", Method: "HEAD", Host: site, Connection: openTo(at), TimedOut: true, Took: 4 * time.Second, RequestAcked: &acked}
	a.Judge()
	return a
}

// blog is what the blog's author had in hand on 12 December 2015.
func blog() Case {
	return Case{
		Name: site, At: day("2015-12-12"), DownSince: day("2015-12-08"),
		DNS:         []Comparison{resolves("138.0.155.10")},
		Connections: []Connection{silentTo("138.0.155.10:80"), silentTo("138.0.155.10:22"), silentTo("138.0.155.10:443")},
		Pings:       []Ping{pingOf("138.0.155.10", 0)},
		Controls:    []Connection{openTo("192.0.2.1:443")},
		Address:     &Change{Before: "190.57.233.170", After: "138.0.155.10", LastBefore: day("2015-12-04"), Source: "viewdns.info"},
		Nameservers: &Change{Before: "ns1.example", After: "bill.ns.cloudflare.com edna.ns.cloudflare.com", LastBefore: day("2015-12-04"), Source: "NIC Argentina"},
		Owner:       &Change{Before: "EDITORIAL LA PAGINA S.A.", After: "Gigared S.A.", LastBefore: day("2015-12-04"), Source: "whois"},
		Evidence:    []Evidence{{Fact: "the press says that it is under attack", Source: "press", Weight: 2, For: []cause.Cause{cause.Attack}}},
	}
}

func TestDiagnoseTheBlogsCase(t *testing.T) {
	d := Diagnose(blog())
	require.NotEmpty(t, d.Hypotheses)
	assert.Equal(t, cause.Migration, d.Cause, "%s", d)
	rank := map[cause.Cause]int{}
	for i, h := range d.Hypotheses {
		rank[h.Cause] = i
	}
	assert.Contains(t, rank, cause.Attack, "the other explanation is there too")
	assert.Less(t, rank[cause.Migration], rank[cause.Attack], "migration ranks above attack")
	assert.NotEmpty(t, d.Hypotheses[rank[cause.Attack]].Against, "five days speak against it")
	assert.GreaterOrEqual(t, d.Margin, leastMargin)
	assert.Contains(t, d.String(), "the address changed from 190.57.233.170 to 138.0.155.10 after 2015-12-04, shortly before the trouble began [viewdns.info]")
	lab := d.String()
	assert.Contains(t, lab, "neither an attack nor a migration is visible from outside")
	golden(t, "diagnosis", d)
	c := blog()
	golden(t, "case", &c)
}

func TestDiagnoseRanks(t *testing.T) {
	router := netip.MustParseAddr("203.0.113.1")
	const at, other = "192.0.2.80:80", "192.0.2.81:80"
	up := []Connection{openTo("192.0.2.1:443")}
	for rule, tt := range map[string]struct {
		c    Case
		want cause.Cause
	}{
		"a site that answers": {Case{DNS: []Comparison{resolves("192.0.2.80")}, Connections: []Connection{openTo(at)}, HTTP: []HTTPAnswer{page(at, 302)}}, cause.Nothing},
		"a site that has moved and answers": {Case{
			At: day("2015-12-14"), DNS: []Comparison{resolves("104.20.75.37")}, Connections: []Connection{openTo("104.20.75.37:80")}, HTTP: []HTTPAnswer{page("104.20.75.37:80", 200)},
			Address: &Change{Before: "138.0.155.10", After: "104.20.75.37", LastBefore: day("2015-12-12")}, Nameservers: blog().Nameservers, Owner: blog().Owner,
		}, cause.Nothing},
		"silence alone says nothing":         {Case{DNS: []Comparison{resolves("192.0.2.80")}, Connections: []Connection{silentTo(at)}, Pings: []Ping{pingOf("192.0.2.80", 0)}, Controls: up}, cause.Unknown},
		"nothing known":                      {Case{}, cause.Unknown},
		"silence with another port open":     {Case{Connections: []Connection{silentTo(at), openTo("192.0.2.80:22")}, Controls: up}, cause.Unknown},
		"silence and an echo reply":          {Case{Connections: []Connection{silentTo(at)}, Pings: []Ping{pingOf("192.0.2.80", 3)}, Controls: up}, cause.Unknown},
		"a router's rule":                    {Case{Connections: []Connection{rejectedWith(at, ICMP{Type: 3, Code: 13, From: router})}}, cause.Filtered},
		"a rule that imitates a closed port": {Case{Connections: []Connection{rejectedWith(at, ICMP{Type: 3, Code: 3, From: router})}}, cause.Filtered},
		"the host's own port-unreachable":    {Case{Connections: []Connection{rejectedWith(at, ICMP{Type: 3, Code: 3, From: addr(at).Addr()})}}, cause.Unknown},
		"nobody at the address":              {Case{Connections: []Connection{rejectedWith(at, ICMP{Type: 3, Code: 1, From: router})}}, cause.HostDown},
		"no route on the way":                {Case{Connections: []Connection{rejectedWith(at, ICMP{Type: 3, Code: 0, From: router})}}, cause.Path},
		"a loop":                             {Case{Connections: []Connection{rejectedWith(at, ICMP{Type: 11, Code: 0, From: router})}}, cause.Path},
		"a closed port":                      {Case{DNS: []Comparison{resolves("192.0.2.80")}, Connections: []Connection{refusedBy(at)}, Controls: up}, cause.ServiceDown},
		"an error page":                      {Case{Connections: []Connection{openTo(at)}, HTTP: []HTTPAnswer{page(at, 502)}}, cause.Application},
		"a mute server":                      {Case{Connections: []Connection{openTo(at)}, HTTP: []HTTPAnswer{mute(at, true)}}, cause.Application},
		"a handshake with nobody behind":     {Case{Connections: []Connection{openTo(at)}, HTTP: []HTTPAnswer{mute(at, false)}}, cause.Unknown},
		"nothing reachable from here":        {Case{Connections: []Connection{silentTo(at)}, Controls: []Connection{silentTo("192.0.2.1:443"), silentTo("192.0.2.2:443")}}, cause.ThisHost},
		"no route on this host":              {Case{Connections: []Connection{localTo(at, "ENETUNREACH")}}, cause.ThisHost},
		"no route in both families":          {Case{Connections: []Connection{localTo(at, "ENETUNREACH"), localTo("[2001:db8::80]:80", "ENETUNREACH")}}, cause.ThisHost},
		"no IPv6 here, and the site answers over IPv4": {Case{
			DNS: []Comparison{resolves("192.0.2.80")}, Connections: []Connection{openTo(at), localTo("[2001:db8::80]:80", "ENETUNREACH")}, HTTP: []HTTPAnswer{page(at, 200)},
		}, cause.Nothing},
		"no IPv6 here, and the site is silent over IPv4":     {Case{Connections: []Connection{silentTo(at), localTo("[2001:db8::80]:80", "ENETUNREACH")}, Controls: up}, cause.Unknown},
		"no IPv6 address here, and nobody at the address":    {Case{Connections: []Connection{rejectedWith(at, ICMP{Type: 3, Code: 1, From: router}), localTo("[2001:db8::80]:80", "EADDRNOTAVAIL")}}, cause.HostDown},
		"no IPv4 here, and a closed port over IPv6":          {Case{Connections: []Connection{localTo(at, "ENETUNREACH"), refusedBy("[2001:db8::80]:80")}}, cause.ServiceDown},
		"a local rule for one of two addresses":              {Case{Connections: []Connection{openTo(other), localTo(at, "EACCES")}}, cause.Unknown},
		"a network that wants a login":                       {Case{Connections: []Connection{openTo(at)}, HTTP: []HTTPAnswer{page(at, 511)}}, cause.ThisHost},
		"a page that leads to another site":                  {Case{Connections: []Connection{openTo(at)}, HTTP: []HTTPAnswer{leadingTo(at, "http://portal.example.net/login")}}, cause.Unknown},
		"a page that leads to its own https":                 {Case{Connections: []Connection{openTo(at)}, HTTP: []HTTPAnswer{leadingTo(at, "https://"+site+"/")}}, cause.Nothing},
		"a page that leads to a name beside it":              {Case{Connections: []Connection{openTo(at)}, HTTP: []HTTPAnswer{leadingTo(at, "https://m.pagina12.com.ar/")}}, cause.Nothing},
		"a page that leads within the site":                  {Case{Connections: []Connection{openTo(at)}, HTTP: []HTTPAnswer{leadingTo(at, "/diario/ultimas/index.html")}}, cause.Nothing},
		"a name that does not exist":                         {Case{DNS: []Comparison{rcodes("NXDOMAIN", "NXDOMAIN")}}, cause.Resolution},
		"a zone that is broken":                              {Case{DNS: []Comparison{rcodes("SERVFAIL", "SERVFAIL")}}, cause.Resolution},
		"a stub here that cannot find out":                   {Case{DNS: []Comparison{stubSays("SERVFAIL")}}, cause.Unknown},
		"a stub here that cannot, and the rest is reachable": {Case{DNS: []Comparison{stubSays("SERVFAIL")}, Controls: up}, cause.Resolution},
		"a stub here that knows that there is no such name":  {Case{DNS: []Comparison{stubSays("NXDOMAIN")}}, cause.Resolution},
		"resolvers that disagree":                            {Case{DNS: []Comparison{rcodes("NOERROR", "NXDOMAIN")}}, cause.Resolution},
		"no AAAA beside an A is no matter": {Case{DNS: []Comparison{rcodes("NOERROR"), func() Comparison {
			c := Comparison{Name: site, Type: "AAAA", Answers: []DNSAnswer{{Rcode: "NOERROR"}}}
			c.Judge()
			return c
		}()}, Connections: []Connection{openTo(at)}, HTTP: []HTTPAnswer{page(at, 200)}}, cause.Nothing},
		"one address of two is silent":  {Case{Connections: []Connection{openTo(at), silentTo(other)}, HTTP: []HTTPAnswer{page(at, 200)}}, cause.Unknown},
		"what the caller knows decides": {Case{Connections: []Connection{silentTo(at)}, Controls: up, Evidence: []Evidence{{Fact: "its provider counts 80 Gbit/s", Weight: 8, For: []cause.Cause{cause.Attack}}}}, cause.Attack},
		"an old change explains nothing": {Case{
			At: day("2015-12-12"), Connections: []Connection{silentTo(at)},
			Address: &Change{Before: "a", After: "b", LastBefore: day("2013-01-01"), FirstAfter: day("2013-02-01")},
		}, cause.Unknown},
		"a change after the trouble began is no cause": {Case{
			At: day("2015-12-12"), DownSince: day("2015-12-01"), Connections: []Connection{silentTo(at)},
			Address: &Change{Before: "a", After: "b", LastBefore: day("2015-12-08")},
		}, cause.Unknown},
	} {
		t.Run(rule, func(t *testing.T) {
			tt.c.Name = site
			d := Diagnose(tt.c)
			assert.Equal(t, tt.want, d.Cause, "%s", d)
			if tt.want == cause.Unknown {
				assert.Contains(t, d.String(), ": cannot tell: ")
			}
			assert.NotEmpty(t, d.Unseen, "what is invisible from outside is always said")
			if rule == "an old change explains nothing" {
				assert.NotContains(t, d.String(), "changed from")
			}
		})
	}
}

// By a wrong clock every certificate looks expired: that is not the site's.
func TestWrongClockIsNoBadCertificate(t *testing.T) {
	const at = "192.0.2.80:443"
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{site}, NotBefore: day("2015-11-01"), NotAfter: day("2016-02-01")}
	leaf, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	for rule, tt := range map[string]struct {
		here, there string
		want        cause.Cause
	}{
		"this host's clock is years ahead":    {"2019-01-01", "2015-12-12", cause.Unknown},
		"this host's clock is behind":         {"1970-01-01", "2015-12-12", cause.Unknown},
		"it has expired by both clocks":       {"2019-01-01", "2019-01-01", cause.Certificate},
		"another reason than time":            {"2015-12-12", "2015-12-12", cause.Certificate},
		"a server that does not tell its day": {"2019-01-01", "", cause.Certificate},
	} {
		t.Run(rule, func(t *testing.T) {
			a := page(at, 200)
			a.URL, a.At = "https://"+site+"/", day(tt.here)
			a.TLS = &TLS{ServerName: site, Chain: [][]byte{leaf}, Problem: &Error{Op: "verify", Target: site, Err: fmt.Errorf("%w: expired or not yet valid", ErrCertificate)}}
			if tt.there != "" {
				a.Header = map[string][]string{"Date": {day(tt.there).Format(http.TimeFormat)}}
			}
			d := Diagnose(Case{Name: site, Connections: []Connection{openTo(at)}, HTTP: []HTTPAnswer{a}})
			assert.Equal(t, tt.want, d.Cause, "%s", d)
			assert.Equal(t, tt.want == cause.Unknown, strings.Contains(d.String(), "the right time on this host"), "%s", d)
		})
	}
}

// A certificate that proves the name makes a redirect the site's own word.
func TestProvenRedirectIsThePage(t *testing.T) {
	const at = "192.0.2.80:443"
	a := leadingTo(at, "https://renamed.example.net/")
	assert.Equal(t, "https://renamed.example.net/", a.elsewhere())
	a.TLS = &TLS{ServerName: site, Version: "TLS 1.3"}
	d := Diagnose(Case{Name: site, Connections: []Connection{openTo(at)}, HTTP: []HTTPAnswer{a}})
	assert.Equal(t, cause.Nothing, d.Cause, "%s", d)
	a.TLS.Problem = &Error{Err: ErrCertificate}
	assert.NotEmpty(t, a.elsewhere())
}

func TestSameSite(t *testing.T) {
	for _, pair := range [][2]string{{"example.org", "www.example.org"}, {"WWW.example.org.", "example.org"}, {"a.example.org", "b.example.org"}, {"x.pagina12.com.ar", "y.pagina12.com.ar"}, {"192.0.2.1", "192.0.2.1"}} {
		assert.True(t, sameSite(pair[0], pair[1]), pair)
		assert.True(t, sameSite(pair[1], pair[0]), pair)
	}
	for _, pair := range [][2]string{{"example.org", "example.net"}, {"a.com.ar", "b.com.ar"}, {"a.co.uk", "b.co.uk"}, {"notexample.org", "example.org"}, {"10.1.2.3", "9.1.2.3"}} {
		assert.False(t, sameSite(pair[0], pair[1]), pair)
		assert.False(t, sameSite(pair[1], pair[0]), pair)
	}
}

// What a connection could not see, the diagnosis has not seen either; twice is
// once.
func TestDiagnosisKeepsTheGapsOfConnections(t *testing.T) {
	d := Diagnose(Case{Name: site, Connections: []Connection{refusedBy("192.0.2.80:80"), refusedBy("192.0.2.80:443")}})
	n := 0
	for _, g := range d.Unseen {
		if g.What == "who sent the reset" {
			n++
		}
	}
	assert.Equal(t, 1, n, "%s", d)
}

func TestDiagnoseHoldsAStrangersWeight(t *testing.T) {
	c := blog()
	c.Evidence = []Evidence{{Fact: "trust me\x1b[2J", Weight: 1000, For: []cause.Cause{cause.Attack}}, {Fact: "nothing", Weight: -5, For: []cause.Cause{cause.Attack}}}
	d := Diagnose(c)
	assert.Equal(t, cause.Migration, d.Cause, "%s", d)
	assert.NotContains(t, d.String(), "\x1b")
}

// What was saved gives the same verdict as what was seen.
func TestSavedEvidenceSameVerdict(t *testing.T) {
	c := blog()
	want := Diagnose(c)
	file := filepath.Join(t.TempDir(), "case.json")
	b, err := json.Marshal(c)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, b, 0o600))
	b, err = os.ReadFile(file)
	require.NoError(t, err)
	var back Case
	require.NoError(t, json.Unmarshal(b, &back))
	assert.Equal(t, want, Diagnose(back))
	for i, c := range back.Connections {
		c.Verdict = Unknown
		c.Judge()
		assert.Equal(t, back.Connections[i].Verdict, c.Verdict)
	}
	for i, d := range back.DNS {
		d.Verdict = Unknown
		d.Judge()
		assert.Equal(t, back.DNS[i].Verdict, d.Verdict)
	}
	for i, p := range back.Pings {
		p.Verdict = Unknown
		p.Judge()
		assert.Equal(t, back.Pings[i].Verdict, p.Verdict)
	}
}

func TestGoldenResults(t *testing.T) {
	c := rejectedWith("138.0.155.10:80", ICMP{Type: 3, Code: 13, Name: "admin-prohibited", From: netip.MustParseAddr("203.0.113.1")})
	golden(t, "connection", &c)
	local := Connection{Target: addr("[2001:db8::1]:443"), Via: addr("127.0.0.1:8443"), Errno: "EMFILE", Immediate: true, At: day("2015-12-12"), Took: 1}
	local.Judge()
	golden(t, "connection-local", &local)
	p := pingOf("138.0.155.10", 2)
	golden(t, "ping", &p)
	a := page("138.0.155.10:80", 302)
	a.Proto, a.Header, a.At = "HTTP/1.1", map[string][]string{"Location": {"/diario/ultimas/index.html"}, "Server": {"Apache"}}, day("2015-12-14")
	a.TLS = &TLS{ServerName: site, Version: "TLS 1.2", Chain: [][]byte{{0x30, 0}}, Problem: &Error{Op: "verify", Target: site, Err: fmt.Errorf("%w: expired", ErrCertificate)}}
	golden(t, "httpanswer", &a)
	d := rcodes("NOERROR", "SERVFAIL")
	d.Answers[0].CNAMEs, d.Answers[0].TTL = []string{"cdn.example."}, time.Minute
	golden(t, "comparison", &d)
	capabilities := []Capability{{Name: "ping", Why: "raw ICMP socket: operation not permitted", Fix: "setcap cap_net_raw+ep PROGRAM"}}
	golden(t, "preflight", &capabilities)
}
