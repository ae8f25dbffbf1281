//go:build linux && !opskit_portable

package why

import (
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
