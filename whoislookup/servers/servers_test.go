package servers_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/whoislookup/servers"
)

func TestTableChoosesTheMostSpecific(t *testing.T) {
	var table servers.Table
	for addr, want := range map[string]string{
		"138.0.155.10": "whois.arin.net", "190.57.233.170": "whois.lacnic.net", "104.20.75.37": "whois.arin.net",
		"24.132.0.1": "whois.ripe.net", "24.0.0.1": "whois.arin.net", "221.137.0.1": "whois.apnic.net", "27.184.0.1": "whois.apnic.net", "202.11.0.1": "whois.nic.ad.jp",
		"2001:4860:4860::8888": "whois.arin.net", "2a00::1": "whois.ripe.net", "::ffff:190.57.233.170": "whois.lacnic.net",
	} {
		got, ok := table.Addr(netip.MustParseAddr(addr))
		assert.True(t, ok, addr)
		assert.Equal(t, want, got, addr)
	}
	for name, want := range map[string]string{
		"example.com": "whois.verisign-grs.com", "com": "whois.verisign-grs.com", "a.b.example.co.uk": "whois.nic.uk",
		"example.gov.uk": "whois.gov.uk", "example.uk.com": "whois.centralnic.net", "example.com.ru": "whois.flexireg.net", "example.mil": "whois.iana.org", "example.xn--qxam": "whois.iana.org", "example.newtld": "whois.nic.newtld",
	} {
		got, ok := table.Domain(name)
		assert.True(t, ok, name)
		assert.Equal(t, want, got, name)
	}
	for _, name := range []string{"", "example.qq"} {
		_, ok := table.Domain(name)
		assert.False(t, ok, name)
	}
	for n, want := range map[uint32]string{1: "whois.arin.net", 1101: "whois.ripe.net", 9990: "whois.nic.ad.jp", 131900: "whois.nic.ad.jp", 2497: "whois.nic.ad.jp", 262145: "whois.lacnic.net", 64000: "whois.apnic.net", 64098: "whois.apnic.net", 400000: "whois.arin.net"} {
		got, ok := table.ASN(n)
		assert.True(t, ok, n)
		assert.Equal(t, want, got, n)
	}
	_, ok := table.ASN(4000000000)
	assert.False(t, ok)
	assert.Regexp(t, `^\d{4}-\d{2}$`, table.Date())
}

func TestTableOfOnesOwn(t *testing.T) {
	table := servers.Table{Zones: "example whois.one\nsub.example whois.two\n", Addresses: "192.0.2.0/24 whois.three\n", Numbers: "1 9 whois.four\n5 5 whois.five\n"}
	host, _ := table.Domain("x.sub.example")
	assert.Equal(t, "whois.two", host)
	host, _ = table.Domain("xsub.example")
	assert.Equal(t, "whois.one", host)
	host, _ = table.Addr(netip.MustParseAddr("192.0.2.1"))
	assert.Equal(t, "whois.three", host)
	_, ok := table.Addr(netip.MustParseAddr("192.0.3.1"))
	assert.False(t, ok)
	host, _ = table.ASN(5)
	assert.Equal(t, "whois.five", host)
}

func TestLineIsWhatTheRegistryDocuments(t *testing.T) {
	for _, c := range []struct {
		server string
		kind   servers.Kind
		text   string
		want   string
	}{
		{"whois.arin.net", servers.KindAddr, "192.0.2.1", "n + 192.0.2.1"},
		{"whois.arin.net", servers.KindASN, "as1", "a 1"},
		{"whois.arin.net", servers.KindHandle, "GOGL", "GOGL"},
		{"whois.ripe.net", servers.KindASN, "as1101", "--charset UTF-8 as1101"},
		{"whois.nic.ad.jp", servers.KindASN, "as9990", "AS 9990/e"},
		{"whois.jprs.jp", servers.KindDomain, "example.jp", "example.jp/e"},
		{"WHOIS.DENIC.DE:43", servers.KindDomain, "example.de", "-T dn,ace example.de"},
		{"ccwhois.verisign-grs.com", servers.KindDomain, "example.cc", "domain example.cc"},
		{"whois.nic.name", servers.KindDomain, "example.name", "example.name"},
		{"whois.lacnic.net", servers.KindAddr, "192.0.2.1", "192.0.2.1"},
	} {
		assert.Equal(t, c.want, servers.Line(c.server, c.kind, c.text), c.server)
	}
}

func TestSpecialPurposeSpace(t *testing.T) {
	for addr, rfc := range map[string]string{
		"10.1.2.3": "RFC 1918", "127.0.0.1": "RFC 1122", "169.254.169.254": "RFC 3927", "224.0.0.1": "RFC 5771", "255.255.255.255": "RFC 8190",
		"fe80::1": "RFC 4291", "fd00::1": "RFC 4193", "2001:db8::1": "RFC 3849", "2002::1": "RFC 3056", "::1": "RFC 4291", "ff02::1": "RFC 4291",
	} {
		a := netip.MustParseAddr(addr)
		p, ok := servers.Special(netip.PrefixFrom(a, a.BitLen()))
		require.True(t, ok, addr)
		assert.Equal(t, rfc, p.RFC, addr)
	}
	for _, addr := range []string{"138.0.155.10", "2001:4860::1", "192.175.48.1", "2620:4f:8000::1"} {
		a := netip.MustParseAddr(addr)
		_, ok := servers.Special(netip.PrefixFrom(a, a.BitLen()))
		assert.False(t, ok, addr)
	}
	for _, wide := range []string{"0.0.0.0/0", "10.0.0.0/7", "::ffff:10.0.0.0/103", "2000::/3"} {
		_, ok := servers.Special(netip.MustParsePrefix(wide))
		assert.False(t, ok, "more than a special block is not special: %s", wide)
	}
	mapped, ok := servers.Special(netip.MustParsePrefix("::ffff:10.1.0.0/112"))
	require.True(t, ok)
	assert.Equal(t, "10.0.0.0/8", mapped.Prefix.String())
	p, ok := servers.SpecialASN(64512)
	assert.True(t, ok)
	assert.Equal(t, "RFC 6996", p.RFC)
	_, ok = servers.SpecialASN(13335)
	assert.False(t, ok)
}

func TestBootstrapFiles(t *testing.T) {
	read := func(name string) servers.Bootstrap {
		data, err := os.ReadFile(lab.Corpus(t, "whoislookup", "bootstrap", name))
		require.NoError(t, err)
		b, err := servers.ParseBootstrap(data)
		require.NoError(t, err, name)
		return b
	}
	url, ok := read("ipv4.json").Addr(netip.MustParseAddr("41.0.0.1"))
	assert.True(t, ok)
	assert.True(t, strings.HasPrefix(url, "https://") && strings.HasSuffix(url, "/"), url)
	_, ok = read("ipv6.json").Addr(netip.MustParseAddr("2001:4860::1"))
	assert.True(t, ok)
	_, ok = read("asn.json").ASN(2856)
	assert.True(t, ok)

	files, err := filepath.Glob(filepath.Join(lab.Corpus(t, "whoislookup", "bootstrap", "malformed"), "*"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		servers.ParseBootstrap(data) // whatever it says, it returns
	}
}

func FuzzParseBootstrap(f *testing.F) {
	f.Add([]byte(`{"version":"1.0","publication":"2026-01-01T00:00:00Z","services":[[["net","com"],["https://rdap.example.net/"]],[["1.0.0.0/8"],["http://x/"]]]}`))
	f.Add([]byte(`{"version":"1.0","services":[[["me@example.net"],["EX"],["https://rdap.example.net"]]]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, _ := servers.ParseBootstrap(data)
		for _, name := range []string{"example.com", "com", ""} {
			if url, ok := b.Domain(name); ok && !strings.HasPrefix(url, "https://") {
				t.Fatalf("%s leads to %s", name, url)
			}
		}
		b.Addr(netip.MustParseAddr("1.2.3.4"))
		b.ASN(1)
	})
}

func Example() {
	var table servers.Table
	host, _ := table.Addr(netip.MustParseAddr("138.0.155.10"))
	os.Stdout.WriteString(host + "\n" + servers.Line(host, servers.KindAddr, "138.0.155.10") + "\n")
	// Output:
	// whois.arin.net
	// n + 138.0.155.10
}
