//go:build linux

package dnsroot_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/internal/lab"
)

// realFleet is servers of a zone run by NSD, Knot and BIND on 127.0.53.N and
// fd53::N of a namespace that the test is in, port 53, signed by BIND's tools.
type realFleet struct {
	hints   dnsroot.Hints
	anchors []dnsroot.Anchor
	dir     string
	zone    string
	files   map[string]string // the signed zone of each server
}

// hostname is the name that a letter of the real fleet gives itself.
func hostname(name string) string { return name[:1] + "1.ams." + name[:1] + ".root" }

// addresses gives this namespace two addresses.
func addresses(t *testing.T, n int) []netip.Addr {
	t.Helper()
	v4, v6 := netip.AddrFrom4([4]byte{127, 0, 53, byte(n)}), netip.MustParseAddr(fmt.Sprintf("fd53::%x", n))
	command(t, "ip", "addr", "add", v4.String()+"/32", "dev", "lo")
	command(t, "ip", "-6", "addr", "add", v6.String()+"/128", "dev", "lo", "nodad")
	return []netip.Addr{v4, v6}
}

// keys makes a key-signing and a zone-signing key and returns their records.
func (f *realFleet) keys(t *testing.T, zone string) (records string) {
	t.Helper()
	for _, kind := range [][]string{{"-f", "KSK", "-b", "2048"}, {"-b", "1024"}} {
		args := append([]string{"-a", "RSASHA256", "-K", f.dir, "-q"}, kind...)
		key := strings.TrimSpace(command(t, "dnssec-keygen", append(args, zone)...))
		record, err := os.ReadFile(filepath.Join(f.dir, key+".key"))
		require.NoError(t, err)
		records += string(record)
		if kind[0] == "-f" {
			f.anchors, err = dnsroot.ParseAnchors(strings.NewReader(string(record)))
			require.NoError(t, err)
		}
	}
	return records
}

// startReal starts letters on the addresses from one on; more is what else the
// root zone has.
func startReal(t *testing.T, letters, first int, more string) *realFleet {
	t.Helper()
	f := &realFleet{dir: t.TempDir(), zone: ".", files: map[string]string{}}
	require.NoError(t, os.Chmod(f.dir, 0o755))
	var zone strings.Builder
	zone.WriteString("$TTL 518400\n. SOA a.root-servers.net. hostmaster.example. 2026112200 1800 900 604800 86400\n")
	file := filepath.Join(f.dir, "root.zone")
	for i := range letters {
		s := dnsroot.Server{Name: dnsroot.Letter('a' + i).Name(), Addrs: addresses(t, first+i)}
		f.hints.Servers = append(f.hints.Servers, s)
		f.files[s.Name] = file + ".signed"
		fmt.Fprintf(&zone, ". NS %s\n%s A %s\n%s AAAA %s\n", s.Name, s.Name, s.Addrs[0], s.Name, s.Addrs[1])
	}
	zone.WriteString(f.keys(t, ".") + more)
	require.NoError(t, os.WriteFile(file, []byte(zone.String()), 0o644))
	command(t, "dnssec-signzone", "-K", f.dir, "-d", f.dir, "-o", ".", "-f", file+".signed", file)
	for i, s := range f.hints.Servers {
		[]func(*testing.T, dnsroot.Server){f.nsd, f.knot, f.bind}[i%3](t, s)
	}
	for _, s := range f.hints.Servers {
		one := &dnsroot.Client{Hints: dnsroot.Hints{Servers: []dnsroot.Server{s}}, Anchors: f.anchors, Timeout: time.Second}
		var last strings.Builder // what was seen of a letter that never is healthy
		t.Cleanup(func() {
			if t.Failed() {
				t.Log(last.String())
			}
		})
		lab.Eventually(t, time.Minute, "letter "+s.Name+" answers", func() bool {
			sweep, err := one.Sweep(t.Context())
			if err != nil {
				return false
			}
			a := dnsroot.Assess(sweep)
			last.Reset()
			fmt.Fprintf(&last, "%s\n%s", a, sweep)
			return a.Verdict == dnsroot.Healthy
		})
	}
	return f
}

func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := lab.Program(name)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	require.NoError(t, err, "%s %v: %s%s", name, args, out, errs.String())
	return string(out)
}

// folder makes a folder for one server with its configuration in it.
func (f *realFleet) folder(t *testing.T, s dnsroot.Server, config string) (dir, file string) {
	t.Helper()
	dir = filepath.Join(f.dir, s.Name)
	require.NoError(t, os.Mkdir(dir, 0o755))
	zone, err := os.ReadFile(f.files[s.Name])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "root.zone"), zone, 0o644))
	file = filepath.Join(dir, "conf")
	config = strings.NewReplacer("DIR", dir, "NAME", hostname(s.Name), "ZONE", f.zone, "V4", s.Addrs[0].String(), "V6", s.Addrs[1].String()).Replace(config)
	require.NoError(t, os.WriteFile(file, []byte(config), 0o644))
	return dir, file
}

func daemon(t *testing.T, name string, args ...string) {
	t.Helper()
	path, err := lab.Program(name)
	require.NoError(t, err)
	lab.StartDaemon(t, append([]string{path}, args...)...)
}

func (f *realFleet) nsd(t *testing.T, s dnsroot.Server) {
	_, conf := f.folder(t, s, `server:
  ip-address: V4@53
  ip-address: V6@53
  server-count: 1
  username: ""
  zonesdir: "DIR"
  database: ""
  pidfile: "DIR/pid"
  xfrdfile: "DIR/xfrd.state"
  xfrdir: "DIR"
  zonelistfile: "DIR/zone.list"
  identity: "NAME"
  nsid: "ascii_NAME"
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: "ZONE"
  zonefile: root.zone
`)
	daemon(t, "nsd", "-d", "-c", conf)
}

func (f *realFleet) knot(t *testing.T, s dnsroot.Server) {
	_, conf := f.folder(t, s, `server:
  rundir: DIR
  identity: "NAME"
  nsid: "NAME"
  listen: [V4@53, V6@53]
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: DIR
log:
  - target: stderr
    any: warning
zone:
  - domain: ZONE
    file: DIR/root.zone
    storage: DIR
    zonefile-load: whole
    journal-content: none
`)
	daemon(t, "knotd", "-c", conf)
}

func (f *realFleet) bind(t *testing.T, s dnsroot.Server) {
	_, conf := f.folder(t, s, `options { directory "DIR"; pid-file "DIR/pid"; listen-on port 53 { V4; }; listen-on-v6 port 53 { V6; };
  recursion no; hostname "NAME"; server-id "NAME"; dnssec-validation no; session-keyfile "DIR/s.key"; minimal-responses no-auth-recursive; };
controls {};
zone "ZONE" { type primary; file "DIR/root.zone"; notify no; };
`)
	daemon(t, "named", "-g", "-n", "1", "-c", conf)
}

func needDaemons(t *testing.T) {
	t.Helper()
	lab.Need(t, "host-clock", "nftables", "program:nsd", "program:knotd", "program:named", "program:delv") // named brings dnssec-signzone
}

// NSD, Knot and BIND as letters: everything is measured and validated, delv
// agrees, and what a packet filter does on the way is told apart.
func TestBarRealServers(t *testing.T) {
	needDaemons(t)
	if !lab.Inside(t, func() *lab.NS { return lab.NewNS(t) }) {
		return
	}
	letters := 3
	if lab.Bars() == lab.Full {
		letters = 13
	}
	f := startReal(t, letters, 1, "example. NS ns.example.\nns.example. A 192.0.2.1\n")
	client := &dnsroot.Client{Hints: f.hints, Anchors: f.anchors, Timeout: 2 * time.Second}

	s := sweep(t, client)
	a := dnsroot.Assess(s)
	require.Equal(t, dnsroot.Healthy, a.Verdict, a.String())
	assert.Empty(t, a.Gaps())
	assert.Equal(t, uint32(2026112200), *a.Serial)
	require.Len(t, s.Probes, 4*letters)
	for _, p := range s.Probes {
		for _, v := range []dnsroot.Validation{p.SOA, p.NS, p.DNSKEY} {
			assert.Equal(t, dnsroot.SecuritySecure, v.Security, "%s %v", p.Server, v.Why)
		}
		ids := []*string{p.Identity.NSID}
		if p.Transport == dnsroot.TransportUDP {
			ids = append(ids, p.Identity.HostnameBind, p.Identity.IDServer)
		}
		for _, id := range ids {
			require.NotNil(t, id, p.String())
			assert.Equal(t, hostname(p.Server), *id)
		}
	}
	primings := map[lab.Size]int{lab.Small: 1, lab.CI: 10, lab.Full: 100}[lab.Bars()]
	for range primings {
		priming, err := client.Prime(t.Context())
		require.NoError(t, err)
		assert.Equal(t, dnsroot.Healthy, priming.Verdict, priming.String())
	}

	anchor := f.anchors[0]
	file := filepath.Join(f.dir, "anchors.conf")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, "trust-anchors { . static-ds %d %d %d \"%s\"; };\n",
		anchor.KeyTag, anchor.Algorithm, anchor.DigestType, anchor.Digest), 0o600))
	for _, server := range f.hints.Servers {
		for _, addr := range server.Addrs {
			out := command(t, "delv", "-a", file, "+root=.", "@"+addr.String(), ".", "SOA")
			assert.Contains(t, out, "; fully validated", "%s %s", server.Name, addr)
		}
	}
	lab.Bar(t, "dnsroot_real", "%d of %d probes secure with the right identity, delv agrees on each address; primed %d times, nothing gone", len(s.Probes), 4*letters, primings)
	if lab.Bars() != lab.Small {
		f.filters(t, client)
	}
}

// filters puts packet filters between the client and letter b.
func (f *realFleet) filters(t *testing.T, client *dnsroot.Client) {
	b := f.hints.Servers[1].Addrs[0].String()
	for name, test := range map[string]struct {
		hook, rule string
		verdict    dnsroot.Verdict
		says       string
	}{
		"dropped on the way":       {"input", "ip daddr " + b + " drop", dnsroot.Degraded, "IPv4 UDP: no answer"},
		"rejected on the way":      {"input", "ip daddr " + b + " meta l4proto { tcp, udp } th dport 53 reject with icmp admin-prohibited", dnsroot.Degraded, "over IPv4 TCP"},
		"dropped by this host":     {"output", "ip daddr " + b + " udp dport 53 drop", dnsroot.Healthy, "operation not permitted"},
		"three of ten are dropped": {"input", "ip daddr " + b + " udp dport 53 numgen inc mod 10 < 3 drop", dnsroot.Degraded, "questions lost"},
	} {
		t.Run(name, func(t *testing.T) {
			command(t, "nft", "add", "table", "inet", "opskit")
			defer command(t, "nft", "delete", "table", "inet", "opskit")
			command(t, "nft", "add", "chain", "inet", "opskit", "c", "{ type filter hook "+test.hook+" priority 0; }")
			command(t, "nft", "add", "rule", "inet", "opskit", "c", test.rule)
			own := *client
			if strings.Contains(test.rule, "numgen") {
				own.Tries = 40
			}
			s := sweep(t, &own)
			a := dnsroot.Assess(s)
			r := report(t, a, "b")
			assert.Equal(t, test.verdict, r.Verdict, a.String())
			assert.Contains(t, a.String()+s.String(), test.says)
			assert.Equal(t, test.verdict == dnsroot.Healthy, len(s.Unseen) == 1, "%v", s.Unseen)
			if strings.Contains(test.rule, "reject") && reportsICMP(t) {
				assert.Contains(t, a.String(), "IPv4 UDP: refused")
			}
			if own.Tries == 40 {
				for _, p := range s.Probes {
					if p.Addr.Addr().String() == b && p.Transport == dnsroot.TransportUDP {
						assert.InDelta(t, 0.3, float64(p.Small.Lost+p.Large.Lost)/float64(p.Small.Sent+p.Large.Sent), 0.05, "the filter dropped 3 of 10")
					}
				}
			}
		})
	}
}

// A namespace has no route anywhere: nothing is said about the servers.
func TestHostWithoutAnyRoute(t *testing.T) {
	if !lab.Inside(t, func() *lab.NS { return lab.NewNS(t) }) {
		return
	}
	begin := time.Now()
	s := sweep(t, new(dnsroot.Client))
	assert.Less(t, time.Since(begin), time.Second, "nothing is waited for")
	for _, p := range s.Probes {
		require.Nil(t, p.Reachable)
		require.ErrorIs(t, p.Err.Err(), dnsroot.ErrNotSent)
	}
	require.Len(t, s.Unseen, 2)
	a := dnsroot.Assess(s)
	assert.Equal(t, dnsroot.Unknown, a.Verdict, a.String())
	for _, r := range a.Servers {
		assert.Equal(t, dnsroot.Unknown, r.Verdict)
	}
	for _, c := range dnsroot.Preflight(t.Context())[:2] {
		assert.False(t, c.OK, c.Name)
		assert.NotEmpty(t, c.Fix, c.Name)
	}
	_, err := new(dnsroot.Client).Prime(t.Context())
	assert.ErrorIs(t, err, dnsroot.ErrNotSent)
}
