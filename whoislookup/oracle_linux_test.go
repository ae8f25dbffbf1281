package whoislookup_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/whoislookup"
)

// asked1 is the first question of a client.
type asked1 struct{ server, line string }

// catchAll is a DNS server that gives every name an address of its own, and a
// WHOIS server behind all of them that knows nothing.
type catchAll struct {
	mu    sync.Mutex
	addrs map[string]string
	names map[string]string
	got   []asked1
}

func (c *catchAll) address(name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if a, ok := c.addrs[name]; ok {
		return a
	}
	n := len(c.addrs) + 1
	a := fmt.Sprintf("127.78.%d.%d", n>>8, n&255)
	c.addrs[name], c.names[a] = a, name
	return a
}

func (c *catchAll) ServeDNS(w dns.ResponseWriter, r *dns.Msg) {
	m := new(dns.Msg)
	m.SetReply(r)
	if q := r.Question[0]; q.Qtype == dns.TypeA {
		m.Answer = append(m.Answer, &dns.A{
			Hdr: dns.RR_Header{Name: q.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60}, A: net.ParseIP(c.address(q.Name)),
		})
	}
	_ = w.WriteMsg(m)
}

func (c *catchAll) serveWHOIS(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		line, _ := bufio.NewReader(conn).ReadString('\n')
		host, _, _ := net.SplitHostPort(conn.LocalAddr().String())
		c.mu.Lock()
		c.got = append(c.got, asked1{c.names[host], strings.TrimSuffix(line, "\r\n")})
		c.mu.Unlock()
		_, _ = io.WriteString(conn, "% nothing\r\n")
		conn.Close()
	}
}

// start runs both inside the namespace of the test.
func (c *catchAll) start(t *testing.T) {
	t.Helper()
	pc, err := net.ListenPacket("udp", "127.0.0.1:53")
	require.NoError(t, err)
	ready := make(chan struct{})
	srv := &dns.Server{PacketConn: pc, Handler: c, NotifyStartedFunc: func() { close(ready) }}
	var wg sync.WaitGroup
	wg.Go(func() { _ = srv.ActivateAndServe() })
	<-ready
	l, err := net.Listen("tcp", "0.0.0.0:43")
	require.NoError(t, err)
	wg.Go(func() { c.serveWHOIS(l) })
	t.Cleanup(func() {
		_ = srv.Shutdown()
		l.Close()
		wg.Wait()
	})
}

// whois runs Debian's client and returns what it asked first.
func (c *catchAll) whois(t *testing.T, resolv, query string) (asked1, bool) {
	t.Helper()
	c.mu.Lock()
	c.got = nil
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", "--mount", "sh", "-c", `mount --bind "$0" /etc/resolv.conf && exec whois -- "$1"`, resolv, query)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	_ = cmd.Run() // its exit status tells only whether something was found
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.got) == 0 {
		return asked1{}, false
	}
	return c.got[0], true
}

// ours returns what our client asks first; false if nobody is asked.
func ours(t *testing.T, query string) (asked1, bool) {
	t.Helper()
	c := &whoislookup.Client{Protocols: []string{"whois"}, Dial: func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		go func() {
			_, _ = bufio.NewReader(far).ReadString('\n')
			_, _ = io.WriteString(far, "% nothing\r\n")
			far.Close()
		}()
		return near, nil
	}}
	rec, err := c.Lookup(t.Context(), query)
	require.NotNil(t, rec, "%s: %v", query, err)
	h := rec.Hops[0]
	return asked1{h.Server, h.Sent}, h.Protocol != "local"
}

// facts are the tables of the corpus, by which a difference is judged.
type facts struct {
	zones    map[string]struct{ Host string }
	prefixes map[string]struct{ Host string }
	iana     string
}

func readFacts(t *testing.T) (f facts) {
	t.Helper()
	read := func(name string, v any) {
		data, err := os.ReadFile(lab.Corpus(t, "whoislookup", "servers", name))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, v))
	}
	read("weppos-tld.json", &f.zones)
	read("weppos-ipv4.json", &f.prefixes)
	data, err := os.ReadFile(lab.Corpus(t, "whoislookup", "servers", "iana-ipv4-address-space.csv"))
	require.NoError(t, err)
	f.iana = string(data)
	return f
}

// questions returns names in every zone of the table and in the generic
// domains, addresses all over IPv4 and IPv6, and AS numbers.
func (f facts) questions(t *testing.T, size int) (out []string) {
	t.Helper()
	table, err := os.ReadFile("servers/tld.txt")
	require.NoError(t, err)
	zones := map[string]bool{}
	for line := range strings.Lines(string(table)) {
		if zone, _, _ := strings.Cut(line, " "); zone != "#" {
			zones[zone] = true
		}
	}
	for zone := range f.zones {
		zones[zone] = zone != "_"
	}
	r := rand.New(rand.NewPCG(1, 2))
	var names []string
	for zone, ok := range zones {
		if ok {
			names = append(names, "example."+zone)
		}
	}
	slices.Sort(names)
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	out = append(out, names[:min(size, len(names))]...)
	blocks := []string{"2001:200::/23", "2001:400::/23", "2001:600::/23", "2001:4200::/23", "2003::/18", "2400::/12", "2600::/12", "2610::/23", "2620::/23", "2800::/12", "2a00::/12", "2c00::/12"}
	for range size {
		a := netip.AddrFrom4([4]byte{byte(1 + r.IntN(223)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))})
		out = append(out, a.String())
	}
	for i := range size / 4 {
		b := netip.MustParsePrefix(blocks[i%len(blocks)]).Addr().As16()
		b[15] = byte(1 + r.IntN(255))
		out = append(out, netip.AddrFrom16(b).String())
	}
	for range size / 2 {
		out = append(out, fmt.Sprintf("AS%d", 1+r.IntN(64000)))
	}
	return out
}

// cause tells why another server than Debian's is right, or "".
func (f facts) cause(query string, deb, our asked1) string {
	addr, err := netip.ParseAddr(query)
	switch {
	case deb.server == our.server:
		return ""
	case strings.HasPrefix(query, "AS"):
		return "AS numbers moved between registries"
	case err == nil && (our.server == "whois.nic.or.kr" || our.server == "whois.twnic.net"):
		return "Korea's and Taiwan's blocks in APNIC's delegated file"
	case err == nil && our.server == "whois.arin.net":
		return "recovered space that ARIN refers on"
	case err == nil:
		row := fmt.Sprintf(`(?m)^0*%d/8,.*,%s,`, addr.As4()[0], regexp.QuoteMeta(our.server))
		if regexp.MustCompile(row).MatchString(f.iana) {
			return "IANA's IPv4 registry"
		}
		return ""
	}
	zone := strings.TrimPrefix(query, "example.")
	host := f.zones[zone].Host
	switch {
	case host == our.server || host == "whois.centralnic.com" && our.server == "whois.centralnic.net":
		return "a host that weppos' table of 2025 has"
	case slices.Contains(rootZone, zone):
		return "IANA's root zone database of 2026"
	case our.server == "whois.flexireg.net" || zone == "co.nl":
		return "a zone whose names somebody else than the registry rents out"
	}
	return ""
}

// rootZone are the domains for which IANA's root zone database of 2026-08-07
// names another host, or none any more, than the tables and Debian's client of
// 2023; gi, lc, pr, sc and vc have left their operator's old host since.
var rootZone = []string{
	"bm", "cm", "dk", "gi", "gov", "info", "lc", "ml", "mobi", "mt", "mu", "org", "post", "pr", "sc", "sd", "to", "vc",
	"xn--clchc0ea0b2g2a9gcd", "xn--fiqs8s", "xn--fiqz9s", "xn--yfro4i67o",
}

// TestBarOracle asks Debian's whois, whichever version is installed, and our
// client the same questions. Debian's choice is no source of ours, so what
// differs has to be explained by a registry's own data.
func TestBarOracle(t *testing.T) {
	lab.Need(t, "root", "netns", "program:whois")
	size := map[lab.Size]int{lab.Small: 12, lab.CI: 160, lab.Full: 4000}[lab.Bars()]
	f := readFacts(t)
	if !lab.Inside(t, func() *lab.NS { return lab.NewNS(t) }) {
		return
	}
	world := &catchAll{addrs: map[string]string{}, names: map[string]string{}}
	world.start(t)
	resolv := filepath.Join(t.TempDir(), "resolv.conf")
	require.NoError(t, os.WriteFile(resolv, []byte("nameserver 127.0.0.1\n"), 0o644))

	tag := regexp.MustCompile(`^-V \S+ `)
	both, equal := 0, 0
	causes := map[string]int{}
	for _, q := range f.questions(t, size) {
		deb, asks := world.whois(t, resolv, q)
		our, asksToo := ours(t, q)
		if !asks || !asksToo {
			continue
		}
		both++
		deb.line = tag.ReplaceAllString(deb.line, "")
		if deb.server == our.server && strings.TrimPrefix(deb.line, "--charset UTF-8 ") == strings.TrimPrefix(our.line, "--charset UTF-8 ") {
			equal++ // 5.5.17 does not ask RIPE for UTF-8 yet
			continue
		}
		why := f.cause(q, deb, our)
		assert.NotEmpty(t, why, "%s: Debian asks %s %q, we %s %q", q, deb.server, deb.line, our.server, our.line)
		causes[why]++
	}
	require.Positive(t, both)
	if lab.Bars() != lab.Small {
		assert.GreaterOrEqual(t, 100*float64(equal)/float64(both), 90.0)
	}
	lab.Bar(t, "whois-oracle", "%d of %d questions (%.1f %%) go to the server that Debian's whois asks, with the same bytes; the others: %v", equal, both, 100*float64(equal)/float64(both), causes)
}
