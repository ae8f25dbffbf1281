//go:build linux

package dnsroot_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/internal/lab"
)

// resolverConfigs are those of unbound, which keeps its trust anchors in a file
// (RFC 5011), and of BIND.
var resolverConfigs = map[string]string{
	"unbound": `server:
  directory: "DIR"
  pidfile: ""
  username: ""
  chroot: ""
  use-syslog: no
  interface: V4
  access-control: 0.0.0.0/0 allow
  do-not-query-localhost: no
  do-ip6: no
  root-hints: "DIR/hints"
  auto-trust-anchor-file: "DIR/root.key"
  root-key-sentinel: yes
remote-control:
  control-enable: no
`,
	"named": `options { directory "DIR"; pid-file "DIR/pid"; listen-on port 53 { V4; }; listen-on-v6 { none; };
  recursion yes; allow-query { any; }; dnssec-validation yes; session-keyfile "DIR/s.key"; };
controls {};
trust-anchors { . static-ds DS; };
zone "." { type hint; file "DIR/hints"; };
`,
}

// resolver starts a resolver on an address of its own.
func (f *realFleet) resolver(t *testing.T, program string, addr netip.Addr, hints dnsroot.Hints, anchor dnsroot.Anchor) (dir string) {
	t.Helper()
	dir = t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o777))
	var list strings.Builder
	for _, s := range hints.Servers {
		fmt.Fprintf(&list, ". 3600000 NS %s\n%s 3600000 A %s\n", s.Name, s.Name, s.Addrs[0])
	}
	conf := filepath.Join(dir, "conf")
	text := strings.NewReplacer("DIR", dir, "V4", addr.String(), "DS", ds(anchor)).Replace(resolverConfigs[program])
	for name, text := range map[string]string{
		"hints": list.String(), "conf": text,
		"root.key": fmt.Sprintf(". IN DS %d %d %d %s\n", anchor.KeyTag, anchor.Algorithm, anchor.DigestType, anchor.Digest),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	daemon(t, program, map[string][]string{"unbound": {"-d", "-c", conf}, "named": {"-g", "-n", "1", "-c", conf}}[program]...)
	return dir
}

// unbound and BIND as resolvers: right, with an outdated trust anchor, with
// large answers lost on the way, and with another root in place of the servers.
func TestBarResolvers(t *testing.T) {
	needDaemons(t)
	lab.Need(t, "program:unbound")
	if lab.Bars() == lab.Small {
		lab.Bar(t, "dnsroot_resolvers", "small")
		return
	}
	if !lab.Inside(t, func() *lab.NS { return lab.NewNS(t) }) {
		return
	}
	f := startReal(t, 2, 1, "")
	impostor := startReal(t, 2, 40, "")
	outdated := f.anchors[0]
	outdated.KeyTag, outdated.Digest = impostor.anchors[0].KeyTag, impostor.anchors[0].Digest
	command(t, "nft", "add", "table", "inet", "opskit")
	command(t, "nft", "add", "chain", "inet", "opskit", "c", "{ type filter hook input priority 0; }")
	client := &dnsroot.Client{Hints: f.hints, Anchors: f.anchors, Timeout: time.Second}
	told, next := 0, 20
	programs := []string{"unbound", "named"}
	if lab.Bars() == lab.CI {
		programs = programs[:1]
	}
	for _, program := range programs {
		for _, test := range []struct {
			name    string
			anchor  dnsroot.Anchor
			hints   dnsroot.Hints
			verdict dnsroot.Verdict
			says    string
		}{
			{"right", f.anchors[0], f.hints, dnsroot.Healthy, "validates (AD), and its answer validates here"},
			{"outdated anchor", outdated, f.hints, dnsroot.Invalid, "its trust anchors are outdated"},
			{"loses large answers", f.anchors[0], f.hints, dnsroot.Degraded, "loses large answers"},
			{"another root in place of the servers", f.anchors[0], impostor.hints, dnsroot.Invalid, "something answers in place of the root servers"},
		} {
			next++
			addr := addresses(t, next)[0]
			if strings.HasPrefix(test.name, "loses") {
				command(t, "nft", "add", "rule", "inet", "opskit", "c", "ip saddr "+addr.String()+" udp sport 53 udp length > 600 drop")
			}
			dir := f.resolver(t, program, addr, test.hints, test.anchor)
			var r *dnsroot.ResolverReport
			lab.Eventually(t, time.Minute, program+" answers", func() bool {
				var err error
				r, err = client.CheckResolver(t.Context(), netip.AddrPortFrom(addr, 53))
				return err == nil && r.Verdict != dnsroot.Unknown && !errors.Is(r.Err.Err(), dnsroot.ErrRefused) // until it listens
			})
			if assert.Equal(t, test.verdict, r.Verdict, "%s, %s: %s", program, test.name, r) && assert.Contains(t, r.String(), test.says, "%s, %s", program, test.name) {
				told++
			}
			if program == "unbound" && test.name == "right" {
				f.readsKeyFile(t, filepath.Join(dir, "root.key"))
			}
		}
	}
	lab.Bar(t, "dnsroot_resolvers", "%d of %d told", told, 4*len(programs))
}

// readsKeyFile reads what unbound has written.
func (f *realFleet) readsKeyFile(t *testing.T, name string) {
	t.Helper()
	var text []byte
	lab.Eventually(t, time.Minute, "unbound keeps its keys", func() bool {
		text, _ = os.ReadFile(name)
		return strings.Contains(string(text), "VALID")
	})
	anchors, err := dnsroot.ParseAnchors(strings.NewReader(string(text)))
	require.NoError(t, err, string(text))
	require.Len(t, anchors, 1, string(text))
	assert.Equal(t, f.anchors[0].Digest, anchors[0].Digest)
	assert.WithinDuration(t, time.Now(), anchors[0].Checked, time.Hour, string(text))
}
