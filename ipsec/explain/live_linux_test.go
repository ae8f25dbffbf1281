//go:build linux && !opskit_portable

package explain_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/ipsec/explain"
)

func TestMain(m *testing.M) { lab.Main(m) }

// gateway is one end with a daemon of its own.
type gateway struct {
	ns     *lab.NS
	dir    string
	addr   string
	daemon *lab.Daemon
}

const charonConf = `charon {
  load_modular = no
  load = aes sha1 sha2 hmac kdf gmp curve25519 random nonce kernel-libipsec kernel-netlink socket-default stroke updown
  retransmit_tries = 2
  retransmit_timeout = 0.5
  retransmit_base = 1.2
  filelog { stderr { default = 1 } }
}
starter { load_warning = no }
`

func (g *gateway) start(t *testing.T, conn, secrets string) {
	t.Helper()
	for name, text := range map[string]string{"ipsec.conf": conn, "ipsec.secrets": secrets, "strongswan.conf": charonConf} {
		require.NoError(t, os.WriteFile(filepath.Join(g.dir, name), []byte(text), 0o600))
	}
	require.NoError(t, os.MkdirAll(filepath.Join(g.dir, "run"), 0o700))
	script := fmt.Sprintf(`set -e
mount --bind %[1]s/ipsec.conf /etc/ipsec.conf
mount --bind %[1]s/ipsec.secrets /etc/ipsec.secrets
mount --bind %[1]s/run /run
export STRONGSWAN_CONF=%[1]s/strongswan.conf
exec unshare --pid --fork --kill-child ipsec start --nofork`, g.dir)
	g.daemon = g.ns.Daemon("unshare", "--mount", "--propagation", "private", "bash", "-c", script)
}

// conf is one end's ipsec.conf: what differs between the cases is given.
func conf(own, peer string, changes ...string) string {
	values := map[string]string{
		"left": own, "right": peer, "leftsubnet": "10." + own[len(own)-1:] + ".0.0/16", "rightsubnet": "10." + peer[len(peer)-1:] + ".0.0/16",
		"ike": "aes256-sha256-modp2048!", "esp": "aes256-sha256!", "keyexchange": "ikev2", "authby": "secret", "keyingtries": "1",
		"auto": "add", "mobike": "no", "forceencaps": "yes",
	}
	for _, change := range changes {
		name, value, _ := strings.Cut(change, "=")
		values[name] = value
	}
	var text strings.Builder
	text.WriteString("conn tunnel\n")
	for name, value := range values {
		if value != "" {
			text.WriteString("\t" + name + "=" + value + "\n")
		}
	}
	return text.String()
}

const key = "x7Q-sentinel-key-of-this-test"

// Thirteen ways not to come up, between two real daemons: with both logs the one
// step, with one log a set that holds the truth; the key stands in no answer.
func TestBarExplainsLiveFailures(t *testing.T) {
	lab.Need(t, "root", "netns", "nftables", "tun", "program:ipsec")
	const west, east = "198.51.100.1", "198.51.100.2"
	secret := func(a, b, key string) string { return fmt.Sprintf("%s %s : PSK \"%s\"\n", a, b, key) }
	drop := func(rule string) string {
		return "table ip opskit {\n chain in { type filter hook input priority filter; " + rule + " drop; }\n}"
	}
	cases := []struct {
		name                  string
		west, east            []string
		westSecret, eastInput string // default: the key; nothing dropped
		eastSecret            string
		bare                  bool // no address in the networks: the policies cannot be installed
		cause                 explain.Cause
		most                  int // causes that one log of west may leave
	}{
		{name: "wrong key", eastSecret: secret(east, west, "another"), cause: "keys_differ", most: 3},
		{name: "no key there", eastSecret: secret("192.0.2.9", "192.0.2.8", key), cause: "no_key", most: 3},
		{name: "no key here", westSecret: secret("192.0.2.9", "192.0.2.8", key), cause: "no_key", most: 1},
		{name: "identity", east: []string{"rightid=@other"}, cause: "identity", most: 3},
		{name: "selectors", east: []string{"leftsubnet=10.77.0.0/16"}, cause: "traffic_selectors", most: 2},
		{name: "kernel", east: []string{"leftsubnet=10.2.0.0/16,10.78.0.0/16"}, west: []string{"rightsubnet=10.2.0.0/16,10.78.0.0/16"}, bare: true, cause: "kernel", most: 2},
		{name: "ike proposal", east: []string{"ike=aes128-sha1-modp2048!"}, cause: "ike_proposal", most: 2},
		{name: "esp proposal", east: []string{"esp=aes128-sha1!"}, cause: "esp_proposal", most: 2},
		{name: "not loaded", east: []string{"auto=ignore"}, cause: "no_connection", most: 2},
		{name: "another version", east: []string{"keyexchange=ikev1"}, cause: "no_connection", most: 2},
		{name: "UDP 500 dropped", eastInput: drop("udp dport 500"), cause: "udp_500", most: 3},
		{name: "UDP 4500 dropped", eastInput: drop("udp dport 4500"), cause: "udp_4500", most: 1},
		{name: "IKEv1 with a wrong key", west: []string{"keyexchange=ikev1"}, east: []string{"keyexchange=ikev1"}, eastSecret: secret(east, west, "another"), cause: "keys_differ", most: 2},
		{name: "up", cause: "", most: 0},
	}
	right, small := 0, lab.Bars() == lab.Small
	if small {
		cases = cases[:1]
	}
	for _, c := range cases {
		a, b := &gateway{ns: lab.NewNS(t), dir: t.TempDir(), addr: west}, &gateway{ns: lab.NewNS(t), dir: t.TempDir(), addr: east}
		lab.Veth(t, a.ns, west+"/24", b.ns, east+"/24")
		if !c.bare {
			a.ns.Run("ip", "addr", "add", "10.1.0.1/16", "dev", "lo")
			b.ns.Run("ip", "addr", "add", "10.2.0.1/16", "dev", "lo")
		}
		if c.eastInput != "" {
			b.ns.Nft(c.eastInput)
		}
		if c.westSecret == "" {
			c.westSecret = secret(west, east, key)
		}
		if c.eastSecret == "" {
			c.eastSecret = secret(east, west, key)
		}
		b.start(t, conf(east, west, c.east...), c.eastSecret)
		lab.Eventually(t, 20*time.Second, "the answering daemon to start", func() bool { return strings.Contains(b.daemon.Output(), "started after") })
		lab.Eventually(t, 20*time.Second, "its connection", func() bool {
			return c.east != nil && c.east[0] == "auto=ignore" || strings.Contains(b.daemon.Output(), "added configuration")
		})
		a.start(t, conf(west, east, append([]string{"auto=start"}, c.west...)...), c.westSecret)
		read := func() (one, both *explain.Answer) {
			w, e := explain.ReadLog("west", a.daemon.Output()), explain.ReadLog("east", b.daemon.Output())
			return explain.Why(w), explain.Why(w, e)
		}
		lab.Eventually(t, 30*time.Second, c.name+": an end", func() bool {
			one, _ := read()
			return one.Verdict != explain.Unknown
		})
		one, both := read()
		context := fmt.Sprintf("%s\nwest:\n%s\neast:\n%s\none: %s\nboth: %s", c.name, a.daemon.Output(), b.daemon.Output(), one, both)
		if c.cause == "" {
			assert.Equal(t, explain.Established, both.Verdict, context)
		} else if assert.Equal(t, []explain.Cause{c.cause}, both.Causes, context) {
			right++
		}
		if c.cause != "" {
			assert.Contains(t, one.Causes, c.cause, context)
			assert.LessOrEqual(t, len(one.Causes), c.most, context)
		}
		assert.NotContains(t, one.String()+both.String(), key)
		a.daemon.Stop()
		b.daemon.Stop()
	}
	lab.Bar(t, "explain-live", "%d of %d failures explained by both logs", right, len(cases)-min(1, len(cases)-1))
}
