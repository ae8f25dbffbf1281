//go:build linux && !opskit_portable

package reach

import (
	"fmt"
	"maps"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
)

// row is a place where something on the way answers, or does not. Its rules name the
// address as TARGET; nmap is what a raw scan by root must say of it, if it is told.
type firewallRow struct {
	name          string
	where         string // whose rule it is: client, router, server, or one's route
	v4, v6        string // the rule; empty for none
	port          uint16
	target        [2]string // where it is no address of the server
	verdict       Verdict
	from          [2]string // who sent the ICMP error
	says, saysNot string
	nmap          [2]string
	alone         bool // asked after the others
}

func firewallRows() []firewallRow {
	router, reject := [2]string{routerV4, routerV6}, "meta l4proto tcp reject with "
	rule := func(name, where, v4, v6 string, verdict Verdict, from [2]string, nmap4, nmap6 string) firewallRow {
		return firewallRow{name: name, where: where, v4: reject + "icmp " + v4, v6: reject + "icmpv6 " + v6, verdict: verdict, from: from, nmap: [2]string{nmap4, nmap6}}
	}
	host := [2]string{"TARGET", "fd70:2::2"} // for an address of no device IPv6 sends from the link's
	none, silent := [2]string{}, [2]string{"no-response", "no-response"}
	return []firewallRow{
		{name: "open", verdict: Open, says: "round trip", nmap: [2]string{"syn-ack", "syn-ack"}, saysNot: "SYNs sent"},
		{name: "closed", port: 81, verdict: Refused, nmap: [2]string{"reset", "reset"}, saysNot: "icmp"},
		{name: "dropped by the router", where: "router", v4: "drop", v6: "drop", verdict: NoAnswer, nmap: silent, says: "SYNs sent", saysNot: "icmp"},
		{name: "dropped by the host", where: "server", v4: "drop", v6: "drop", verdict: NoAnswer, nmap: silent, says: "SYNs sent"},
		{name: "dropped on the way back", where: "router back", v4: "drop", v6: "drop", verdict: NoAnswer, nmap: silent, says: "SYNs sent"},
		{name: "reset by the router", where: "router", v4: reject + "tcp reset", v6: reject + "tcp reset", verdict: Refused, nmap: [2]string{"reset", "reset"}, says: "who sent the reset"},
		{name: "reset by the host's rule", where: "server", v4: reject + "tcp reset", v6: reject + "tcp reset", verdict: Refused, nmap: [2]string{"reset", "reset"}, says: "who sent the reset"},
		rule("no way, says the router", "router", "net-unreachable", "no-route", Unreachable, router, "net-unreach", "no-route"),
		rule("nobody there, says its rule", "router", "host-unreachable", "addr-unreachable", Unreachable, router, "host-unreach", "host-unreach"),
		rule("port unreachable, says the router", "router", "port-unreachable", "port-unreachable", Unreachable, router, "port-unreach", "port-unreach"),
		rule("no such protocol, says the router", "router", "prot-unreachable", "addr-unreachable", Unreachable, router, "proto-unreach", "host-unreach"),
		rule("the net is prohibited", "router", "net-prohibited", "policy-fail", Prohibited, router, "net-prohibited", ""),
		rule("the host is prohibited", "router", "host-prohibited", "reject-route", Prohibited, router, "host-prohibited", ""),
		rule("prohibited by an administrator", "router", "admin-prohibited", "admin-prohibited", Prohibited, router, "admin-prohibited", "admin-prohibited"),
		rule("port unreachable, says the host", "server", "port-unreachable", "port-unreachable", Unreachable, host, "port-unreach", "port-unreach"),
		rule("prohibited by the host", "server", "admin-prohibited", "admin-prohibited", Prohibited, host, "admin-prohibited", "admin-prohibited"),
		{name: "a prohibiting route of the router", where: "router route prohibit", verdict: Prohibited, from: router, alone: true}, // one error a second, and answered only after a second SYN, for which nmap does not wait,
		{name: "an unreachable route of the router", where: "router route unreachable", verdict: Unreachable, from: router, alone: true},
		{name: "nobody behind the router", target: [2]string{"10.70.2.77", "fd70:2::77"}, verdict: Unreachable, from: router},
		{name: "nobody on this link", target: [2]string{"10.70.1.77", "fd70:1::77"}, verdict: Unreachable, from: [2]string{clientV4, "fd70:1::2"}, says: "it came from this host"},
		{name: "an unreachable route here", where: "client route unreachable", verdict: LocalFailure, from: none, saysNot: "SYNs sent"},
		{name: "a prohibiting route here", where: "client route prohibit", verdict: LocalFailure, from: none, saysNot: "SYNs sent"},
		{name: "a black hole here", where: "client route blackhole", verdict: LocalFailure, from: none, saysNot: "SYNs sent"},
		{name: "rejected here", where: "client", v4: reject + "icmp admin-prohibited", v6: reject + "icmpv6 admin-prohibited", verdict: LocalFailure, says: "this host's own packet filter"},
		{name: "dropped here", where: "client", v4: "drop", v6: "drop", verdict: Unknown, says: "could not send", saysNot: "SYNs sent", alone: true},
	}
}

// Whatever answers, and whoever, it is told by its sender, and nothing is told that
// was not seen: as an ordinary user, over both families, with nmap -sS by root beside.
func TestLabFirewallRows(t *testing.T) {
	t.Parallel()
	firewall(t)
}

func TestBarFirewallRows(t *testing.T) {
	if lab.Bars() == lab.Small { // TestLab shows it: silence alone takes seconds
		lab.Bar(t, "reach-firewall", "small")
		return
	}
	rows, compared := firewall(t)
	lab.Bar(t, "reach-firewall", "%d rows over IPv4 and IPv6 as uid 65534: 0 false; %d of them as nmap -sS by root says", rows, compared)
}

func firewall(t *testing.T) (rows, compared int) {
	lab.Need(t, "program:nmap")
	w := newWorld(t)
	lines := map[string][]string{}
	var together, alone []string
	asked := map[string]firewallRow{}
	scan := [2][]string{}
	for i, r := range firewallRows() {
		for v6 := range 2 {
			address := [2]string{fmt.Sprintf("10.77.20.%d", i+1), fmt.Sprintf("fd77::20:%d", i+1)}[v6]
			if r.target[v6] != "" {
				address = r.target[v6]
			}
			text, family := [2]string{r.v4, r.v6}[v6], [2]string{"ip", "ip6"}[v6]
			ns := map[string]*lab.NS{"client": w.client, "router": w.router}
			if who, route, ok := strings.Cut(r.where, " route "); ok {
				ns[who].Run("ip", [2]string{"-4", "-6"}[v6], "route", "add", route, address)
			} else if text != "" {
				end := " daddr "
				if r.where == "router back" {
					end = " saddr "
				}
				where, _, _ := strings.Cut(r.where, " ")
				lines[where] = append(lines[where], family+end+address+" "+text)
			}
			port := r.port
			if port == 0 {
				port = 80
			}
			target := netip.AddrPortFrom(netip.MustParseAddr(address), port).String()
			asked[target] = r
			if r.alone {
				alone = append(alone, target)
			} else {
				together = append(together, target)
			}
			if r.nmap[v6] != "" {
				scan[v6] = append(scan[v6], target)
			}
		}
	}
	for where, hook := range map[string]string{"client": "output", "router": "forward", "server": "input"} {
		map[string]*lab.NS{"client": w.client, "router": w.router, "server": w.server}[where].Nft(rules(hook, lines[where]))
	}
	got := w.connect(t, Prober{}, together...)
	for _, target := range alone { // the kernel counts failures to send over all connections
		maps.Copy(got, w.connect(t, Prober{}, target))
	}
	for target, c := range got {
		r, v6 := asked[target], 0
		if c.Target.Addr().Is6() {
			v6 = 1
		}
		assert.Equal(t, r.verdict, c.Verdict, "%s: %s", r.name, c)
		if from := strings.ReplaceAll(r.from[v6], "TARGET", c.Target.Addr().String()); from != "" && assert.NotNil(t, c.ICMP, "%s: %s", r.name, c) {
			assert.Equal(t, from, c.ICMP.From.String(), r.name)
		}
		assert.Contains(t, c.String(), r.says, r.name)
		if r.saysNot != "" {
			assert.NotContains(t, c.String(), r.saysNot, r.name)
		}
		if c.Verdict == Unknown || c.Verdict == LocalFailure {
			assert.NotEmpty(t, c.Gaps(), r.name)
		}
	}
	for v6, targets := range scan {
		reasons := nmapRaw(t, w, v6 == 1, targets)
		for _, target := range targets {
			r, c := asked[target], got[target]
			from := ""
			if c.ICMP != nil && c.ICMP.From != c.Target.Addr() { // nmap leaves out the target's own address
				from = c.ICMP.From.String()
			}
			assert.Equal(t, strings.TrimSpace(r.nmap[v6]+" "+from), strings.TrimSpace(reasons[target]), r.name)
			compared++
		}
	}
	require.Len(t, got, len(asked))
	return len(got), compared
}

// nmapRaw is what a raw scan by root says of targets of one family.
func nmapRaw(t *testing.T, w *world, v6 bool, targets []string) map[string]string {
	argv := []string{"-n", "-Pn", "-sS", "--reason", "--max-retries", "1", "-p80,81", "-oX", "-"}
	if v6 {
		argv = append(argv, "-6")
	}
	for _, target := range targets {
		argv = append(argv, netip.MustParseAddrPort(target).Addr().String())
	}
	return readNmap(t, w.client.Run(append([]string{"nmap"}, argv...)...))
}
