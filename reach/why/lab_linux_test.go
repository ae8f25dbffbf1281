//go:build linux && !opskit_portable

package why

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/reach"
)

// Four ways in which this host loses what is its own, each named without a
// control: nobody but the resolver, the gateway and the target is asked.
func TestLabIsItUs(t *testing.T) {
	t.Parallel()
	lab.Need(t, "root", "netns", "nftables", "program:dnsmasq")
	dnsmasq, err := lab.Program("dnsmasq")
	require.NoError(t, err)
	const resolver, target = "10.74.9.53", "10.74.9.80"
	for name, tt := range map[string]struct {
		lose func(client, gateway *lab.NS, device, peer string)
		want []Cause
		text string
	}{
		"its link": {func(_, g *lab.NS, _, peer string) { g.Run("ip", "link", "set", peer, "down") }, []Cause{CauseThisHost}, "has no carrier"},
		"its gateway": {func(c, g *lab.NS, device, peer string) {
			g.Run("ip", "addr", "del", "10.74.1.1/24", "dev", peer)
			c.Run("ip", "neigh", "flush", "dev", device) // as it is a minute later
		}, []Cause{CauseThisHost}, "the gateway 10.74.1.1 does not answer"},
		"its resolver":             {func(_, g *lab.NS, _, _ string) { g.Nft(drop("udp dport 53 drop\n  tcp dport 53 drop")) }, []Cause{CauseResolver}, "answers echo requests"},
		"its route":                {func(c, _ *lab.NS, _, _ string) { c.Run("ip", "route", "del", "default") }, []Cause{CauseThisHost}, "local_failure"},
		"nothing, the target does": {func(_, g *lab.NS, _, _ string) { g.Nft(drop("ip daddr " + target + " drop")) }, []Cause{CauseUnknown}, "a control"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !lab.Inside(t, func() *lab.NS {
				client, gateway := lab.NewNS(t), lab.NewNS(t)
				device, peer := lab.Veth(t, client, "10.74.1.2/24", gateway, "10.74.1.1/24")
				client.Run("ip", "route", "add", "default", "via", "10.74.1.1")
				client.Sysctl("net.ipv4.ping_group_range", "0 2147483647")
				for _, a := range []string{resolver, target} {
					gateway.Run("ip", "addr", "add", a+"/32", "dev", "lo")
				}
				gateway.Daemon(dnsmasq, "-k", "-a", resolver, "--bind-interfaces", "--no-resolv", "--no-hosts", "-u", "root", "-C", "/dev/null", "--pid-file=", "--address=/www.test.example/"+target, "--local=/example/")
				lab.Eventually(t, 20*time.Second, "dnsmasq to listen", func() bool {
					return client.Command(t.Context(), "dig", "+tries=1", "+time=1", "@"+resolver, "www.test.example").Run() == nil
				})
				client.Nft("table inet w {\n chain o {\n  type filter hook output priority 0; policy accept;\n  ip daddr != { " + resolver + ", " + target + ", 10.74.1.1, 10.74.1.2, 127.0.0.0/8 } counter\n }\n}\n")
				tt.lose(client, gateway, device, peer)
				return client
			}) {
				return
			}
			p := &reach.Prober{Resolvers: []reach.Resolver{{Addr: netip.MustParseAddrPort(resolver + ":53")}}}
			d, err := Look(t.Context(), p, Question{Target: "http://www.test.example:8080/"})
			require.NoError(t, err)
			assert.Contains(t, tt.want, d.Cause, "%s", d)
			assert.Contains(t, d.String(), tt.text)
			rules, err := exec.CommandContext(t.Context(), "nft", "list", "ruleset").CombinedOutput()
			require.NoError(t, err)
			assert.Contains(t, string(rules), "counter packets 0 ", "nobody else was asked:\n%s", strings.TrimSpace(string(rules)))
		})
	}
}

func drop(rule string) string {
	return "table inet f {\n chain i {\n  type filter hook input priority 0; policy accept;\n  " + rule + "\n }\n}\n"
}

// A way that loses big packets is told from a service that hangs, whatever the first
// of them carries: what a server says of itself, its header or the page.
func TestLabHoleInTheWayWhateverFillsIt(t *testing.T) {
	t.Parallel()
	lab.Need(t, "root", "netns", "nftables")
	const target = "10.74.9.80:8080"
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	names := make([]string, 200)
	for i := range names {
		names[i] = fmt.Sprintf("name-%d.test.example", i)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: names, NotAfter: time.Now().Add(time.Hour)}
	leaf, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		scheme       string
		header, body int
		hangs        bool
		want         Cause
	}{
		"its certificate":        {"https", 0, 0, false, CauseMTU},
		"its header":             {"http", 4000, 0, false, CauseMTU},
		"its page":               {"http", 0, 4000, false, CauseMTU},
		"nothing: it hangs":      {"http", 0, 0, true, CauseApplication},
		"nothing that is so big": {"http", 0, 100, false, CauseNothing},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !lab.Inside(t, func() *lab.NS {
				client, server := lab.NewNS(t), lab.NewNS(t)
				lab.Veth(t, client, "10.74.1.2/24", server, "10.74.1.1/24")
				client.Run("ip", "route", "add", "default", "via", "10.74.1.1")
				server.Run("ip", "addr", "add", "10.74.9.80/32", "dev", "lo")
				client.Nft(drop("ip saddr 10.74.9.80 ip length > 1300 drop"))
				var l net.Listener
				var err error
				server.Do(func() { l, err = net.Listen("tcp", target) })
				require.NoError(t, err)
				ended := make(chan struct{})
				s := &http.Server{ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0), Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if tt.hangs {
						select {
						case <-ended:
						case <-r.Context().Done():
						}
						return
					}
					w.Header().Set("X-Big", strings.Repeat("x", tt.header))
					_, _ = io.WriteString(w, strings.Repeat("x", tt.body))
				})}
				if tt.scheme == "https" {
					l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{leaf}, PrivateKey: key}}})
				}
				served := make(chan struct{})
				go func() { defer close(served); _ = s.Serve(l) }()
				t.Cleanup(func() { close(ended); _ = s.Close(); <-served })
				return client
			}) {
				return
			}
			d, err := Look(t.Context(), &reach.Prober{Timeout: 3 * time.Second}, Question{Target: tt.scheme + "://" + target + "/", Controls: []string{target}})
			require.NoError(t, err)
			assert.Equal(t, tt.want, d.Cause, "%s", d)
		})
	}
}
