package lab

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const charonConf = `charon {
  load_modular = no
  load = aes des sha1 sha2 md5 hmac kdf gmp curve25519 random nonce openssl gcm ccm ctr chapoly xcbc cmac kernel-libipsec kernel-netlink socket-default stroke vici updown
  retransmit_tries = 2
  retransmit_timeout = 0.5
  retransmit_base = 1.2
  install_virtual_ip = no
  filelog { stderr { default = 1 } }
}
starter { load_warning = no }
swanctl { load = random openssl pem pkcs1 pubkey }
`

// Gateway is one end in a network namespace, with a directory of its own in place
// of /etc's files and of /run.
type Gateway struct {
	NS *NS // its namespace
	// Files are what the daemon reads: ipsec.conf, ipsec.secrets or swanctl.conf.
	Files map[string]string

	t         testing.TB
	directory string
	daemon    *Daemon
	past      string // what daemons before this one printed
}

// NewGateway makes an end without files and without a daemon. Addresses and links
// are the caller's.
func NewGateway(t testing.TB) *Gateway {
	t.Helper()
	Need(t, "root", "netns", "tun", "program:ipsec", "program:swanctl")
	return &Gateway{NS: NewNS(t), Files: map[string]string{}, t: t, directory: t.TempDir()}
}

// Gateways makes two ends that see each other under each of the pairs of addresses, and
// gives each an address of its network, written as 10.1.0.1/16, on its loopback device.
func Gateways(t testing.TB, networks [2]string, addresses ...[2]string) [2]*Gateway {
	t.Helper()
	ends := [2]*Gateway{NewGateway(t), NewGateway(t)}
	var devices [2]string
	devices[0], devices[1] = Veth(t, ends[0].NS, "169.254.7.1/30", ends[1].NS, "169.254.7.2/30")
	for i, g := range ends {
		for _, pair := range addresses {
			g.NS.Run("ip", "address", "add", pair[i]+"/32", "dev", devices[i])
			g.NS.Run("ip", "route", "add", pair[1-i]+"/32", "dev", devices[i], "src", pair[i])
		}
		g.NS.Run("ip", "address", "add", networks[i], "dev", "lo")
	}
	for i, g := range ends { // each other's link address is known without asking
		for _, pair := range addresses {
			mac := strings.TrimSpace(ends[1-i].NS.Run("cat", "/sys/class/net/"+devices[1-i]+"/address"))
			g.NS.Run("ip", "neighbour", "replace", pair[1-i], "lladdr", mac, "dev", devices[i])
		}
	}
	return ends
}

// shell is a command that sees the gateway's files.
func (g *Gateway) shell(command string) []string {
	var script strings.Builder
	script.WriteString("set -e\n")
	for _, name := range []string{"ipsec.conf", "ipsec.secrets"} {
		fmt.Fprintf(&script, "mount --bind %s/%s /etc/%s\n", g.directory, name, name)
	}
	fmt.Fprintf(&script, "mount --bind %[1]s/run /run\nexport STRONGSWAN_CONF=%[1]s/strongswan.conf\n%[2]s", g.directory, command)
	return []string{"unshare", "--mount", "--propagation", "private", "bash", "-c", script.String()}
}

// Start writes the files and starts strongSwan: the starter with ipsec.conf, or
// charon with swanctl.conf, and waits until the connections are loaded or refused.
func (g *Gateway) Start() {
	g.t.Helper()
	files := map[string]string{"ipsec.conf": "", "ipsec.secrets": "", "swanctl.conf": "", "strongswan.conf": charonConf}
	maps.Copy(files, g.Files)
	if err := os.MkdirAll(filepath.Join(g.directory, "run"), 0o700); err != nil {
		g.t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(g.directory, name), []byte(text), 0o600); err != nil {
			g.t.Fatal(err)
		}
	}
	if g.daemon != nil {
		g.past += g.daemon.Output()
	}
	command := "exec unshare --pid --fork --kill-child ipsec start --nofork"
	if files["swanctl.conf"] != "" {
		command = fmt.Sprintf("rm -f /run/charon.vici\nexec unshare --pid --fork --kill-child sh -c '/usr/lib/ipsec/charon & "+
			"until swanctl --stats >/dev/null 2>&1; do sleep 0.02; done; swanctl --load-all --file %s/swanctl.conf --noprompt; echo connections are loaded; wait'", g.directory)
	}
	g.daemon = g.NS.Daemon(g.shell(command)...)
	Eventually(g.t, 30*time.Second, "the connections of a daemon to be loaded", func() bool {
		out := g.daemon.Output()
		if files["swanctl.conf"] != "" {
			return strings.Contains(out, "connections are loaded")
		}
		return strings.Contains(out, "charon (") && strings.Contains(out, "started after") && strings.Contains(g.Run("ipsec statusall"), "Connections:")
	})
}

// Log is what the daemon has printed, the earlier ones too.
func (g *Gateway) Log() string {
	if g.daemon == nil {
		return g.past
	}
	return g.past + g.daemon.Output()
}

// Run runs a shell command where the gateway's daemon is the host's, and returns what
// it prints; its exit code is not looked at.
func (g *Gateway) Run(command string) string {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, _ := g.NS.Command(ctx, g.shell(command)...).CombinedOutput()
	return string(out)
}

// Ping tells whether one packet from one address to another is answered in time.
func (g *Gateway) Ping(from, to string, wait time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), wait+5*time.Second)
	defer cancel()
	return g.NS.Command(ctx, "ping", "-n", "-q", "-c", "1", "-W", fmt.Sprint(max(1, int(wait.Seconds()))), "-I", from, to).Run() == nil
}

// End ends the daemon and waits for it: in good order, so that it tells the peer, or
// as in a crash, without a word.
func (g *Gateway) End(orderly bool) {
	g.t.Helper()
	signal := syscall.SIGKILL
	if orderly {
		signal = syscall.SIGTERM
	}
	charons := func() (pids []int) {
		for pid := range strings.FieldsSeq(run(g.t, "ip", "netns", "pids", g.NS.Name)) {
			if comm, err := os.ReadFile("/proc/" + pid + "/comm"); err == nil && string(comm) == "charon\n" {
				n, _ := strconv.Atoi(pid)
				pids = append(pids, n)
			}
		}
		return pids
	}
	for _, pid := range charons() {
		_ = syscall.Kill(pid, signal)
	}
	Eventually(g.t, 20*time.Second, "charon to end", func() bool { return len(charons()) == 0 })
	g.daemon.Stop()
}
