package cdn

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
)

var update = flag.Bool("update", false, "rewrite the golden file")

func TestAsOfIsTheOldestList(t *testing.T) {
	table, err := Parse([]byte("provider A\nas-of 2026-01-02\n192.0.2.0/24\nprovider B\nas-of 2025-12-31\n198.51.100.0/24\n"))
	require.NoError(t, err)
	assert.Equal(t, "2025-12-31", table.AsOf())
	assert.Empty(t, new(Table).AsOf())
}

func TestEmbeddedTableIsDatedAndWhole(t *testing.T) {
	table := Embedded()
	assert.Equal(t, []string{"Cloudflare", "Fastly", "Imperva", "Amazon CloudFront"}, table.Providers())
	for _, m := range table.all {
		day, err := time.Parse(time.DateOnly, m.AsOf)
		require.NoError(t, err, "%s", m.Prefix)
		assert.Greater(t, day.Year(), 2024)
		assert.NotEmpty(t, m.Source)
		assert.NotEqual(t, 0, m.Prefix.Bits(), "a range of everything")
	}
	assert.Len(t, Prefixes("cloudflare"), 22)
	assert.Nil(t, Prefixes("nobody"))
}

func TestAddressesOfTheBlog(t *testing.T) {
	for addr, want := range map[string]string{
		"104.20.76.37":         "Cloudflare 104.16.0.0/13",
		"104.20.75.37":         "Cloudflare 104.16.0.0/13",
		"::ffff:104.20.75.37":  "Cloudflare 104.16.0.0/13",
		"2606:4700::6814:4b25": "Cloudflare 2606:4700::/32",
		"138.0.155.10":         "",
		"190.57.233.170":       "",
		"3.10.17.129":          "Amazon CloudFront 3.10.17.128/25",
		"3.8.0.1":              "", // Amazon's, and no CloudFront
		"151.101.1.140":        "Fastly 151.101.0.0/16",
		"127.0.0.1":            "",
	} {
		got := Lookup(netip.MustParseAddr(addr))
		if want == "" {
			assert.Empty(t, got, addr)
			continue
		}
		require.Len(t, got, 1, addr)
		assert.True(t, strings.HasPrefix(got[0].String(), want+" (list of 20"), "%s: %s", addr, got[0])
	}
	assert.Empty(t, Lookup(netip.Addr{}), "no address is in no range")
	assert.Empty(t, Lookup(netip.MustParseAddr("fe80::1%eth0")))
}

func TestOverlapsAreAllReportedLongestFirst(t *testing.T) {
	table, err := Parse([]byte("provider Big\nas-of 2026-01-01\nsource x\n34.64.0.0/10\nprovider Small\nas-of 2026-01-01\nsource x\n34.95.148.131/32\nprovider Also\n34.64.0.0/10\n"))
	require.NoError(t, err)
	for range 1000 {
		got := table.Lookup(netip.MustParseAddr("34.95.148.131"))
		require.Len(t, got, 3)
		require.Equal(t, []string{"Small", "Also", "Big"}, []string{got[0].Provider, got[1].Provider, got[2].Provider})
	}
}

func TestParseNamesTheBadLineAndKeepsTheRest(t *testing.T) {
	table, err := Parse([]byte("10.0.0.0/8\nprovider A\n192.0.2.1/24\nnonsense here\n198.51.100.0/24\n"))
	require.ErrorContains(t, err, "line 1")
	assert.Equal(t, []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24")}, table.Prefixes("A"))
}

// Every prefix that the corpus lists for a provider is in the table, and an
// address just outside all of them is not.
func TestCorpusRangesAreFound(t *testing.T) {
	table := Embedded()
	for _, name := range []string{"cloudflare-ipv4.txt", "cloudflare-ipv6.txt"} {
		b, err := os.ReadFile(lab.Corpus(t, "reach", "cdn", name))
		require.NoError(t, err)
		for line := range strings.Lines(string(b)) {
			if line = strings.TrimSpace(line); line == "" {
				continue
			}
			p := netip.MustParsePrefix(line)
			got := table.Lookup(p.Addr())
			require.NotEmpty(t, got, line)
			assert.Equal(t, "Cloudflare", got[0].Provider)
			last := p.Addr()
			for next := last; p.Contains(next); next = beyond(next) {
				last = next
			}
			assert.NotEmpty(t, table.Lookup(last), line)
		}
	}
}

// beyond jumps far enough to leave a prefix in a few steps.
func beyond(a netip.Addr) netip.Addr {
	b := a.AsSlice()
	b[1]++
	if b[1] == 0 {
		b[0]++
	}
	out, _ := netip.AddrFromSlice(b)
	return out
}

func TestGoldenMatch(t *testing.T) {
	b, err := json.MarshalIndent(Lookup(netip.MustParseAddr("104.20.75.37")), "", "  ")
	require.NoError(t, err)
	b = append(b, '\n')
	file := filepath.Join("testdata", "match.golden.json")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, b, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(b))
	var back []Match
	require.NoError(t, json.Unmarshal(b, &back))
	assert.Equal(t, Lookup(netip.MustParseAddr("104.20.75.37")), back)
}

func ExampleLookup() {
	for _, m := range Lookup(netip.MustParseAddr("104.20.75.37")) {
		fmt.Println(m)
	}
	// Output: Cloudflare 104.16.0.0/13 (list of 2026-01-02)
}

func ExamplePrefixes() {
	fmt.Println(len(Prefixes("Cloudflare")), "ranges to let in")
	// Output: 22 ranges to let in
}

func FuzzParse(f *testing.F) {
	f.Add(ranges[:900])
	f.Add([]byte("provider A\nas-of 2026-01-01\nsource x\n10.0.0.0/8\n"))
	f.Add([]byte("# nothing\n\n2001:db8::/200\nprovider\n::/0\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		table, _ := Parse(b)
		for _, m := range table.all {
			if len(table.Lookup(m.Prefix.Addr())) == 0 {
				t.Fatalf("%s does not hold its own first address", m.Prefix)
			}
		}
	})
}

func TestLookupAllocatesNothing(t *testing.T) {
	listed, unlisted := netip.MustParseAddr("104.20.75.37"), netip.MustParseAddr("138.0.155.10")
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if len(Lookup(listed)) != 1 || len(Lookup(unlisted)) != 0 {
			t.Fail()
		}
	}))
	first := Embedded()
	assert.Same(t, first, Embedded(), "it is read once")
}

func TestMarks(t *testing.T) {
	for value, want := range map[string]string{"cloudflare": "Cloudflare", "AkamaiGHost": "Akamai", "Apache": ""} {
		assert.Equal(t, want, Mark(map[string][]string{"Server": {value}}))
	}
	assert.Equal(t, "Amazon CloudFront", Mark(map[string][]string{"X-Amz-Cf-Id": {"x"}}))
	assert.Equal(t, "Cloudflare", NameServer("bill.ns.cloudflare.com."))
	assert.Empty(t, Alias("bill.ns.cloudflare.com."), "who serves the name need not serve the site")
	assert.Equal(t, "Amazon CloudFront", Alias("d111111abcdef8.CloudFront.net."))
	assert.Empty(t, Alias("notcloudfront.net"))
	for _, m := range marks() {
		assert.Contains(t, []string{"header", "server", "cname", "ns"}, m.kind, m)
		assert.Equal(t, strings.ToLower(m.value), m.value, "it would never match")
	}
}
