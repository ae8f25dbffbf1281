package traffic_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/contract"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/traffic"
)

// charon is what statusall prints of one SA with that serial and these counters.
func charon(serial, in, out int, networks string) string {
	return fmt.Sprintf(`Status of IKE charon daemon (strongSwan 5.9.8, Linux 6.1.0, x86_64):
Connections:
      tunnel:  172.31.16.163...198.51.100.2  IKEv2
      tunnel:   child:  %[4]s TUNNEL
Security Associations (1 up, 0 connecting):
      tunnel[1]: ESTABLISHED 4 seconds ago, 172.31.16.163[172.31.16.163]...198.51.100.2[10.0.61.63]
      tunnel{%[1]d}:  INSTALLED, TUNNEL, reqid 1, ESP in UDP SPIs: 6ff67a11_i af5e7e6a_o
      tunnel{%[1]d}:  AES_CBC_128/HMAC_SHA1_96, %[2]d bytes_i, %[3]d bytes_o, rekeying in 43 minutes
      tunnel{%[1]d}:   %[4]s
`, serial, in, out, networks)
}

const none = "Status of IKE charon daemon (strongSwan 5.9.8, Linux 6.1.0, x86_64):\nConnections:\nSecurity Associations (0 up, 0 connecting):\n  none\n"

const (
	westNetworks = "172.31.0.0/16 === 10.0.0.0/16"
	eastNetworks = "10.0.0.0/16 === 172.31.0.0/16"
)

// lookAt is a look at that second; "" is a daemon that did not answer.
func lookAt(second int, text string) traffic.Look {
	l := traffic.Look{Time: time.Date(2026, 1, 2, 3, 4, second, 0, time.UTC)}
	if text != "" {
		l.Status, _ = ipsec.ParseStatus("ipsec statusall", text)
	}
	return l
}

// twice is two looks at one end, at second 0 and 10.
func twice(name, before, after string) traffic.End {
	return traffic.End{Name: name, Conn: "tunnel", Before: lookAt(0, before), After: lookAt(10, after)}
}

func west(in, out int) traffic.End {
	return twice("west", charon(1, 1000, 1000, westNetworks), charon(1, 1000+in, 1000+out, westNetworks))
}

func east(in, out int) traffic.End {
	return twice("east", charon(1, 1000, 1000, eastNetworks), charon(1, 1000+in, 1000+out, eastNetworks))
}

func ExampleCheck() {
	// service ipsec status says "1 tunnels up", and nothing passes.
	a, b := west(0, 420), east(420, 0)
	a.ESP, b.After.Sysctls = "aes128-sha1", ipsec.Sysctls{{Key: "net.ipv4.ip_forward", Want: "1", Have: "0"}}
	b.After.Routes = &[]netip.Prefix{netip.MustParsePrefix("10.0.207.0/24")}
	a.Pings = []traffic.Pings{{To: netip.MustParseAddr("10.0.207.203"), Size: 84, Sent: 5}}
	fmt.Println(traffic.Check(a, b))
	// Output:
	// not_answered: looked twice at 2 ends
	//   west: 0 bytes in, 420 bytes out in 10s
	//   east: 420 bytes in, 0 bytes out in 10s
	//   problem no_forwarding: east forwards nothing: net.ipv4.ip_forward is 0
	//     next: sysctl -w net.ipv4.ip_forward=1
	//   problem not_answered: east has received 420 bytes from west, and sent nothing back into the tunnel
	//     next: look at forwarding, at the routes behind this end and those of its hosts back to it, and at the FORWARD rules
	//   note mss: west: the largest packet; aes128-sha1 over IPv4 leaves 1422 of a link of 1500
	//     next: iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -m policy --dir out --pol ipsec -j TCPMSS --set-mss 1382
	// not checked: nothing more
}

func pinged(l traffic.End, sent, answered int, more ...traffic.Pings) traffic.End {
	l.Pings = append([]traffic.Pings{{To: netip.MustParseAddr("10.0.207.203"), Size: 84, Sent: sent, Answered: answered}}, more...)
	return l
}

func with(l traffic.End, change func(*traffic.End)) traffic.End {
	change(&l)
	return l
}

func TestCheckNamesTheLegThatLoses(t *testing.T) {
	rekeyed := func(name, networks string, in, out int) traffic.End {
		return twice(name, charon(1, 1000, 1000, networks), charon(2, in, out, networks))
	}
	stopped := func(l *traffic.End) {
		no := false
		l.After.Status = &ipsec.Status{Source: "ipsec statusall", Running: &no, Listed: true}
	}
	gone := func(l *traffic.End) { l.After = lookAt(10, none) }
	at := func(before, after int) func(*traffic.End) {
		return func(l *traffic.End) {
			l.Before.Time, l.After.Time = lookAt(before, "").Time, lookAt(after, "").Time
		}
	}
	several := func(l *traffic.End) {
		l.Conn = ""
		for _, look := range []*traffic.Look{&l.Before, &l.After} {
			more := look.Status.Child[0]
			more.Conn, more.Serial = "branch", 7
			status := *look.Status
			status.Child = append(slices.Clone(status.Child), more)
			look.Status = &status
		}
	}
	uncounted := func(l *traffic.End) { l.After.Status.Child[0].InBytes, l.After.Status.Child[0].OutBytes = nil, nil }
	big := traffic.Pings{Size: 1422, Sent: 5}
	cases := []struct {
		name string
		ends []traffic.End
		want traffic.Verdict
		code string // of a finding
	}{
		{"pings are answered through the tunnel", []traffic.End{pinged(west(420, 420), 5, 5)}, traffic.Passes, ""},
		{"the same with both ends", []traffic.End{pinged(west(420, 420), 5, 5), east(420, 420)}, traffic.Passes, ""},
		{"all four counters grow", []traffic.End{west(420, 420), east(420, 420)}, traffic.Passes, ""},
		{"both counters of one end grow: what comes need not be an answer", []traffic.End{west(420, 420)}, traffic.Unknown, ""},
		{"nobody sent anything", []traffic.End{west(0, 0), east(0, 0)}, traffic.Unknown, ""},
		{"nobody sent anything, one end", []traffic.End{west(0, 0)}, traffic.Unknown, ""},
		{"sent, and nothing enters", []traffic.End{pinged(west(0, 0), 5, 0), east(0, 0)}, traffic.NotEntering, "not_entering"},
		{"sent, and there is no SA", []traffic.End{pinged(twice("west", none, none), 5, 0)}, traffic.NotEntering, "no_sa"},
		{"answered, and not by the tunnel", []traffic.End{pinged(west(0, 0), 5, 5)}, traffic.Beside, "beside"},
		{"answered, and the tunnel took less than that", []traffic.End{pinged(west(84, 84), 5, 5)}, traffic.Beside, "beside"},
		{"ESP is lost", []traffic.End{pinged(west(0, 420), 5, 0), east(0, 0)}, traffic.NotArriving, "esp_dropped"},
		{"ESP is lost, and nobody counted pings", []traffic.End{west(0, 420), east(0, 0)}, traffic.NotArriving, "esp_dropped"},
		{"ESP is lost on the other wire", []traffic.End{west(0, 0), east(0, 420)}, traffic.NotArriving, "esp_dropped"},
		{"answers are lost", []traffic.End{pinged(west(0, 420), 5, 0), east(420, 420)}, traffic.NotReturning, "esp_dropped"},
		{"arrives and is not answered", []traffic.End{pinged(west(0, 420), 5, 0), east(420, 0)}, traffic.NotAnswered, "not_answered"},
		{"one end: leaves and nothing comes", []traffic.End{pinged(west(0, 420), 5, 0)}, traffic.NoReply, "no_reply"},
		{"one end: comes and nothing leaves, which nobody asked about", []traffic.End{west(420, 0)}, traffic.Unknown, ""},
		{"the peer's daemon is stopped", []traffic.End{pinged(west(0, 420), 5, 0), with(east(0, 0), stopped)}, traffic.NoReply, "peer_stopped"},
		{"the peer has lost the SA", []traffic.End{pinged(west(0, 420), 5, 0), with(east(0, 0), gone)}, traffic.NotArriving, "no_sa"},
		{"the peer has lost the SA before", []traffic.End{pinged(west(0, 420), 5, 0), twice("east", none, none)}, traffic.NotArriving, "no_sa"},
		{"some pings are lost", []traffic.End{pinged(west(336, 420), 5, 4)}, traffic.Partly, "partly"},
		{"large ones are lost", []traffic.End{pinged(west(420, 7530), 5, 5, big)}, traffic.Partly, "mtu"},
		{"what comes back is an error of the other gateway", []traffic.End{pinged(west(336, 252), 3, 0), with(east(252, 336), func(l *traffic.End) { l.After.Routes = &[]netip.Prefix{} })}, traffic.NotAnswered, "no_route"},
		{"pings fail, while others pass", []traffic.End{pinged(west(420, 840), 5, 0), east(840, 420)}, traffic.Partly, "partly"},
		{"a rekey took the last counts away", []traffic.End{rekeyed("west", westNetworks, 0, 84), rekeyed("east", eastNetworks, 0, 0)}, traffic.Unknown, ""},
		{"a rekey, and all counters have grown", []traffic.End{rekeyed("west", westNetworks, 84, 84), rekeyed("east", eastNetworks, 84, 84)}, traffic.Passes, ""},
		{"a rekey, and pings are not counted by the new SA", []traffic.End{pinged(rekeyed("west", westNetworks, 0, 0), 5, 0)}, traffic.Unknown, ""},
		{"the receiver was looked at later", []traffic.End{west(0, 420), with(east(0, 0), at(20, 30))}, traffic.NoReply, "no_reply"},
		{"the receiver was looked at too early", []traffic.End{with(west(0, 420), at(5, 15)), east(0, 0)}, traffic.NoReply, "no_reply"},
		{"the receiver was watched all the time", []traffic.End{with(west(0, 420), at(2, 8)), east(0, 0)}, traffic.NotArriving, "esp_dropped"},
		{"answers were sent before the first look", []traffic.End{with(west(0, 420), at(2, 8)), east(420, 420)}, traffic.NoReply, "no_reply"},
		{"another connection's SA says nothing", []traffic.End{with(west(0, 420), func(l *traffic.End) { l.Conn = "other" })}, traffic.Unknown, ""},
		{"the daemon did not answer", []traffic.End{pinged(twice("west", "", ""), 5, 0)}, traffic.Unknown, ""},
		{"the daemon was restarted", []traffic.End{pinged(twice("west", charon(1, 1000, 1000, westNetworks), charon(1, 0, 0, westNetworks)), 5, 0)}, traffic.Unknown, ""},
		{"the second end asked", []traffic.End{west(420, 0), pinged(east(0, 420), 5, 0)}, traffic.NotAnswered, "not_answered"},
		{"three ends", []traffic.End{west(0, 420), east(0, 0), east(0, 0)}, traffic.Unknown, ""},
		{"the peer's daemon is gone, and nothing listens", []traffic.End{pinged(west(0, 420), 5, 0), with(east(0, 0), func(l *traffic.End) {
			l.After = traffic.Look{Time: l.After.Time, Listeners: &ipsec.ListenerReport{Verdict: ipsec.Broken, Tables: []string{"net/udp"}}}
		})}, traffic.NoReply, "peer_stopped"},
		{"several tunnels, and no name", []traffic.End{pinged(with(west(0, 420), several), 5, 0), east(0, 0)}, traffic.Unknown, ""},
		{"several tunnels at the other end, and no name", []traffic.End{pinged(west(0, 420), 5, 0), with(east(0, 0), several)}, traffic.Unknown, ""},
		{"several tunnels, and the name", []traffic.End{pinged(with(west(0, 420), func(l *traffic.End) { several(l); l.Conn = "tunnel" }), 5, 0)}, traffic.NoReply, "no_reply"},
		{"a name that the daemon has not", []traffic.End{pinged(with(west(0, 420), func(l *traffic.End) { l.Conn = "tunel" }), 5, 0)}, traffic.Unknown, ""},
		{"the other end calls it otherwise", []traffic.End{pinged(west(0, 420), 5, 0), with(east(0, 0), func(l *traffic.End) { l.Conn = "to-west" })}, traffic.Unknown, ""},
		{"all answered, and the output shows no counters", []traffic.End{pinged(with(west(420, 420), uncounted), 5, 5)}, traffic.Unknown, ""},
		{"some answered, and the output shows no counters", []traffic.End{pinged(with(west(420, 420), uncounted), 5, 4)}, traffic.Partly, "partly"},
		{"all answered, and a rekey took the counts away", []traffic.End{pinged(rekeyed("west", westNetworks, 0, 0), 5, 5)}, traffic.Unknown, ""},
		{"all answered, and a rekey took most of the count away", []traffic.End{pinged(rekeyed("west", westNetworks, 84, 84), 5, 5)}, traffic.Passes, ""},
		{"all answered, and another daemon counts as many", []traffic.End{pinged(with(west(0, 0), func(l *traffic.End) { l.After.Status.PID = 2 }), 5, 5)}, traffic.Passes, ""},
		{"nothing entered, and a line of the output was not read", []traffic.End{pinged(with(west(0, 0), func(l *traffic.End) {
			l.After.Status.Unseen = []opskit.Gap{{What: "line 9", Why: "not understood"}}
		}), 5, 0)}, traffic.Unknown, ""},
		{"counted without headers", []traffic.End{pinged(west(320, 320), 5, 5)}, traffic.Passes, ""},
		{"nothing", nil, traffic.Unknown, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := traffic.Check(c.ends...)
			assert.Equal(t, c.want, r.Verdict, "%s", r)
			if c.code != "" {
				assert.Contains(t, r.String(), " "+c.code+": ")
			}
			if c.want == traffic.Unknown {
				assert.Empty(t, r.Findings, "%s", r)
				assert.NotEmpty(t, r.Gaps())
			}
		})
	}
}

var update = flag.Bool("update", false, "write the golden file")

func TestGoldenJSON(t *testing.T) {
	data, err := json.MarshalIndent(traffic.Check(pinged(west(0, 420), 5, 0), east(420, 0)), "", "\t")
	require.NoError(t, err)
	path := filepath.Join("testdata", "report.golden.json")
	if *update {
		require.NoError(t, os.WriteFile(path, append(data, '\n'), 0o600))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), string(data)+"\n")
	var back traffic.Report
	require.NoError(t, json.Unmarshal(data, &back))
	level := back.Level()
	assert.Equal(t, level, back.Judge())
	again, err := json.MarshalIndent(back, "", "\t")
	require.NoError(t, err)
	assert.Equal(t, string(data), string(again))
}

func FuzzReadHost(f *testing.F) {
	f.Add("eth1\t0011A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n", "ipv4 2 icmp 1 29 src=172.31.1.1 dst=10.0.0.1 src=10.0.0.1 dst=192.0.2.1\n")
	f.Add("a b c d", "src=x dst=y src= dst=")
	f.Fuzz(func(t *testing.T, routes, flows string) {
		file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
		l := lookAt(0, charon(1, 0, 0, westNetworks))
		require.NoError(t, l.ReadHost(t.Context(), fstest.MapFS{"net/udp": file(""), "net/route": file(routes), "net/ipv6_route": file(routes), "net/nf_conntrack": file(flows)}))
		end := west(0, 420)
		end.After.Routes, end.After.Translated = l.Routes, l.Translated
		r := traffic.Check(pinged(end, 5, 0), east(420, 0))
		assert.Equal(t, r.Level(), r.Judge())
	})
}

func TestPackageKeepsTheContract(t *testing.T) {
	contract.Check(t, contract.Package{Prefix: "ipsec_", Results: map[string]opskit.Result{
		"lost": traffic.Check(pinged(west(0, 420), 5, 0), east(420, 0)), "passes": traffic.Check(pinged(west(420, 420), 5, 5)), "nothing": traffic.Check(),
	}})
}

func TestCheckNamesWhatTheHostShows(t *testing.T) {
	forward := ipsec.Sysctls{{Key: "net.ipv4.ip_forward", Want: "1", Have: "1"}, {Key: "net.ipv4.conf.eth0.rp_filter", Want: "0", Have: "1"}}
	behind := []netip.Prefix{netip.MustParsePrefix("10.0.207.0/24")}
	codes := func(r *traffic.Report) (list []string) {
		for _, f := range r.Findings {
			list = append(list, f.Code)
		}
		return list
	}
	base := func(change func(*traffic.Look)) *traffic.Report {
		b := east(420, 0)
		b.After.Sysctls, b.After.Routes = forward, &behind
		change(&b.After)
		return traffic.Check(pinged(west(0, 420), 5, 0), b)
	}
	assert.Equal(t, []string{"not_answered", "rp_filter"}, codes(base(func(*traffic.Look) {})))
	assert.Contains(t, codes(base(func(l *traffic.Look) { l.Routes = &[]netip.Prefix{} })), "no_route")
	assert.Contains(t, codes(base(func(l *traffic.Look) { l.Routes = &[]netip.Prefix{netip.MustParsePrefix("10.0.61.0/24")} })), "no_route", "the pings tell which host")
	assert.NotContains(t, codes(base(func(l *traffic.Look) { l.Routes = &[]netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")} })), "no_route", "a router of the VPC may be there")
	assert.Contains(t, codes(base(func(l *traffic.Look) { l.Translated = []string{"a to b leaves as c to b"} })), "masqueraded")
	assert.Contains(t, base(func(l *traffic.Look) { l.Routes = nil }).Gaps(), opskit.Gap{What: "the routes of east", Why: "they were not read", Need: "ip route there"})
}

func TestReadHostReadsWhatACauseNeeds(t *testing.T) {
	const rt = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n" +
		"eth0\t00000000\t0110A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n" +
		"eth1\t0011A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n" +
		"*\t0012A8C0\t00000000\t0201\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	proc := fstest.MapFS{
		"net/udp": file("  sl  local_address rem_address   st\n"), "net/udp6": file("  sl  local_address rem_address   st\n"),
		"net/route": file(rt),
		"net/nf_conntrack": file("ipv4     2 icmp     1 29 src=172.31.17.235 dst=10.0.207.203 type=8 code=0 id=1 [UNREPLIED] src=10.0.207.203 dst=198.51.100.1 type=0 code=0 id=1 mark=0 use=2\n" +
			"ipv4     2 icmp     1 29 src=172.31.17.235 dst=10.0.207.203 type=8 code=0 id=2 src=10.0.207.203 dst=172.31.17.235 type=0 code=0 id=2 mark=0 use=2\n" +
			"ipv4     2 udp      17 29 src=172.31.17.235 dst=192.0.2.53 sport=5 dport=53 src=192.0.2.53 dst=198.51.100.1 sport=53 dport=5 mark=0 use=2\n"),
		"sys/net/ipv4/ip_forward":                file("0\n"),
		"sys/net/ipv4/conf/eth0.10/rp_filter":    file("1\n"),
		"sys/net/ipv4/conf/all/rp_filter":        file("0\n"),
		"sys/net/ipv6/conf/all/accept_redirects": file("1\n"),
	}
	l := lookAt(0, charon(1, 0, 0, westNetworks))
	require.NoError(t, l.ReadHost(t.Context(), proc))
	require.NotNil(t, l.Routes)
	assert.Equal(t, []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("192.168.17.0/24")}, *l.Routes)
	assert.Equal(t, []string{"172.31.17.235 to 10.0.207.203 leaves as 198.51.100.1 to 10.0.207.203"}, l.Translated)
	assert.Contains(t, l.Sysctls.Differing().String(), "net.ipv4.ip_forward = 1")
	assert.Contains(t, l.Sysctls.Differing().String(), "net.ipv4.conf.eth0/10.rp_filter = 0")
	require.Len(t, l.Unseen, 1)
	assert.Equal(t, "/proc/net/ipv6_route", l.Unseen[0].What)
}
