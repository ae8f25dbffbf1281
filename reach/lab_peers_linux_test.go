//go:build linux && !opskit_portable

package reach_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/reach/origin"
)

// in runs f's questions from within the namespace.
func in(n *lab.NS, f func()) { n.Do(f) }

const nginxConf = `
pid DIR/nginx.pid; error_log DIR/err.log; daemon off; worker_processes 1; user root;
events { worker_connections 64; }
http {
 access_log off; client_body_temp_path DIR/b; proxy_temp_path DIR/p; fastcgi_temp_path DIR/f; uwsgi_temp_path DIR/u; scgi_temp_path DIR/s;
 server { listen 127.0.0.1:8080 default_server; return 444; }
 server { listen 127.0.0.1:8080; server_name www.pagina12.com.ar; location / { return 302 /diario/ultimas/index.html; } }
 server { listen 127.0.0.2:8080; location / { proxy_pass http://127.0.0.1:8080; proxy_set_header Host $host; proxy_redirect off; } }
 server { listen 127.0.0.3:8080 default_server; location / { default_type text/html; return 200 "Welcome to nginx!"; } }
 server { listen 127.0.0.4:8080 default_server; allow 104.16.0.0/13; deny all; }
}
`

// The origin behind a network, as the blog found it, served by nginx; curl -I
// with -H Host is the oracle for what an address gives for a name.
func TestLabNginxAgreesWithCurl(t *testing.T) {
	t.Parallel()
	lab.Need(t, "root", "netns", "program:nginx", "program:curl")
	n := lab.NewNS(t)
	dir := t.TempDir()
	conf := filepath.Join(dir, "nginx.conf")
	require.NoError(t, os.WriteFile(conf, []byte(strings.ReplaceAll(nginxConf, "DIR", dir)), 0o600))
	nginx, err := lab.Program("nginx")
	require.NoError(t, err)
	n.Daemon(nginx, "-c", conf, "-e", filepath.Join(dir, "err.log"))
	const url = "http://www.pagina12.com.ar:8080/index.php"
	p := &reach.Prober{}
	ask := func(at, host string) (a *reach.HTTPAnswer) {
		in(n, func() {
			a, err = p.HTTP(t.Context(), reach.HTTPRequest{URL: url, At: netip.MustParseAddrPort(at), Host: host})
		})
		require.NoError(t, err)
		return a
	}
	lab.Eventually(t, 20*time.Second, "nginx to listen", func() bool {
		return ask("127.0.0.1:8080", "").Verdict == reach.Answered
	})
	status := regexp.MustCompile(`(?m)^HTTP/1\.1 (\d+)`)
	for _, at := range []string{"127.0.0.1:8080", "127.0.0.2:8080", "127.0.0.3:8080", "127.0.0.4:8080"} {
		for _, host := range []string{"www.pagina12.com.ar", "stranger.example"} {
			out, _ := n.Command(t.Context(), "curl", "-sI", "-m", "5", at+"/index.php", "-H", "Host: "+host).CombinedOutput()
			want := ""
			if m := status.FindSubmatch(out); m != nil {
				want = string(m[1])
			}
			a := ask(at, host)
			got := ""
			if a.Status != 0 {
				got = fmt.Sprint(a.Status)
			}
			assert.Equal(t, want, got, "%s for %s: %s", at, host, a)
			if want == "" {
				assert.Equal(t, reach.Closed, a.Verdict)
			}
		}
	}
	for at, want := range map[string]origin.Verdict{
		"127.0.0.1:8080": origin.Exposed, "127.0.0.3:8080": origin.Unknown, "127.0.0.4:8080": origin.Shielded,
	} {
		var e *origin.Exposure
		in(n, func() {
			e, err = origin.Check(t.Context(), p, origin.Question{URL: url, Origin: netip.MustParseAddrPort(at), Edge: netip.MustParseAddrPort("127.0.0.2:8080")})
		})
		require.NoError(t, err)
		assert.Equal(t, want, e.Verdict, "%s", e)
	}
}

// Two resolvers that disagree, one that refuses, and one that is dead; dig is
// the oracle for each.
func TestLabDnsmasqAgreesWithDig(t *testing.T) {
	t.Parallel()
	lab.Need(t, "root", "netns", "program:dnsmasq", "program:dig")
	n := lab.NewNS(t)
	dnsmasq, err := lab.Program("dnsmasq")
	require.NoError(t, err)
	const name = "www.test.example"
	start := func(ip string, more ...string) {
		n.Daemon(append([]string{
			dnsmasq, "-k", "-p", "5353", "-a", ip, "--bind-interfaces", "--no-resolv", "--no-hosts", "-u", "root", "-C", "/dev/null", "--pid-file=",
		}, more...)...)
	}
	start("127.0.0.11", "--address=/"+name+"/192.0.2.1", "--local=/example/")
	start("127.0.0.12", "--address=/"+name+"/192.0.2.2", "--local=/example/")
	start("127.0.0.13") // knows nobody to ask
	var rs []reach.Resolver
	for _, ip := range []string{"127.0.0.11", "127.0.0.12", "127.0.0.13", "127.0.0.14"} {
		rs = append(rs, reach.Resolver{Name: ip, Addr: netip.AddrPortFrom(netip.MustParseAddr(ip), 5353)})
	}
	p := &reach.Prober{}
	ask := func(name, kind string, r reach.Resolver) reach.DNSAnswer {
		var c *reach.Comparison
		// Compare asks every resolver in a goroutine of its own, so a relay
		// whose socket belongs to the namespace carries the bytes.
		r.Exchanger = relay{n, r.Addr}
		c, err = p.Compare(t.Context(), name, kind, r)
		require.NoError(t, err)
		return c.Answers[0]
	}
	lab.Eventually(t, 20*time.Second, "dnsmasq to listen", func() bool {
		for _, r := range rs[:3] {
			if v := ask(name, "A", r).Verdict; v == reach.DNSUnreachable || v == "" {
				return false
			}
		}
		return true
	})
	rcode := regexp.MustCompile(`status: (\w+)`)
	for _, q := range [][2]string{{name, "A"}, {name, "AAAA"}, {"nobody.example", "A"}} {
		for _, r := range rs {
			out, _ := n.Command(t.Context(), "dig", "+tries=1", "+time=2", "-p", "5353", "@"+r.Addr.Addr().String(), q[0], q[1]).CombinedOutput()
			want := ""
			if m := rcode.FindSubmatch(out); m != nil {
				want = string(m[1])
			}
			a := ask(q[0], q[1], r)
			assert.Equal(t, want, a.Rcode, "%s %v: %s", r.Name, q, out)
			var short []byte
			if want == "NOERROR" {
				short, _ = n.Command(t.Context(), "dig", "+short", "-p", "5353", "@"+r.Addr.Addr().String(), q[0], q[1]).Output()
			}
			assert.Equal(t, strings.Fields(string(short)), append([]string{}, a.Data...), "%s %v", r.Name, q)
		}
	}
	assert.Equal(t, reach.DNSRefused, ask(name, "A", rs[2]).Verdict)
	assert.Equal(t, reach.DNSUnreachable, ask(name, "A", rs[3]).Verdict, "nothing listens there")
}
