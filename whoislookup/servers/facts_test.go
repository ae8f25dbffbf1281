package servers_test

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"math"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/whoislookup/servers"
)

// lines returns the fields of the lines of a table's file, without comments.
func lines(t *testing.T, name string) (out [][]string) {
	t.Helper()
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, "#") {
			out = append(out, strings.Fields(line))
		}
	}
	return out
}

func TestEveryLineIsTheOnlyOneOfItsKey(t *testing.T) {
	for name, fields := range map[string]int{"tld.txt": 2, "ip.txt": 2, "asn.txt": 3, "rdap.txt": 2} {
		seen := map[string]bool{}
		for _, f := range lines(t, name) {
			require.Len(t, f, fields, "%s: %s", name, f)
			key := strings.Join(f[:fields-1], " ")
			assert.False(t, seen[key], "%s: %s stands twice", name, key)
			seen[key] = true
			if name == "ip.txt" {
				p, err := netip.ParsePrefix(key)
				require.NoError(t, err)
				assert.Equal(t, p.Masked(), p, "host bits would widen or move the block")
			}
		}
	}
}

// TestIANAsBlocksAreAskedWhereIANASays compares the last address of every /8
// for which no exception stands in the table.
func TestIANAsBlocksAreAskedWhereIANASays(t *testing.T) {
	file, err := os.Open(lab.Corpus(t, "whoislookup", "servers", "iana-ipv4-address-space.csv"))
	require.NoError(t, err)
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	table := map[string]string{}
	for _, f := range lines(t, "ip.txt") {
		table[f[0]] = f[1]
	}
	whole := map[string]string{"133": "whois.nic.ad.jp"} // all of it is Japan's, in APNIC's delegated file
	for _, r := range records[1:] {
		block, _, _ := strings.Cut(r[0], "/")
		block = strings.TrimLeft(block, "0")
		want := r[3]
		if host, ok := whole[block]; ok {
			want = host
		}
		if block != "" {
			assert.Equal(t, want, table[block+".0.0.0/8"], block)
		}
	}
}

// TestNationalRegistriesKeepNoneButTheirOwn holds the blocks of the registries
// inside APNIC's region against the countries of APNIC's delegated file.
func TestNationalRegistriesKeepNoneButTheirOwn(t *testing.T) {
	file, err := os.Open(lab.Corpus(t, "whoislookup", "bulk", "delegated-apnic-extended-latest.gz"))
	require.NoError(t, err)
	defer file.Close()
	plain, err := gzip.NewReader(file)
	require.NoError(t, err)
	country := map[string]string{"whois.nic.or.kr": "KR", "whois.nic.ad.jp": "JP", "whois.twnic.net": "TW"}
	var table servers.Table
	checked := 0
	for s := bufio.NewScanner(plain); s.Scan(); {
		f := strings.Split(s.Text(), "|")
		if len(f) < 6 || len(f[1]) != 2 || f[2] == "ipv6" {
			continue
		}
		var host string
		if n, err := strconv.ParseUint(f[3], 10, 32); f[2] == "asn" && err == nil {
			require.LessOrEqual(t, n, uint64(math.MaxUint32))
			host, _ = table.ASN(uint32(n))
		} else if a, err := netip.ParseAddr(f[3]); err == nil {
			host, _ = table.Addr(a)
		}
		if want, ok := country[host]; ok {
			checked++
			assert.Equal(t, want, f[1], "%s is asked about %s", host, f[3])
		}
	}
	assert.Greater(t, checked, 400)
}

// TestEveryBlockOfIANAsSpecialRegistriesIsKnown compares with the registries
// themselves, first and last address of each block.
func TestEveryBlockOfIANAsSpecialRegistriesIsKnown(t *testing.T) {
	// Globally reachable, and registered by ARIN like any other network.
	ordinary := map[string]bool{"192.31.196.0/24": true, "192.52.193.0/24": true, "192.175.48.0/24": true, "2620:4f:8000::/48": true}
	for _, name := range []string{"iana-ipv4-special-registry.csv", "iana-ipv6-special-registry.csv"} {
		file, err := os.Open(lab.Corpus(t, "whoislookup", "servers", name))
		require.NoError(t, err)
		defer file.Close()
		records, err := csv.NewReader(file).ReadAll()
		require.NoError(t, err)
		for _, r := range records[1:] {
			for block := range strings.SplitSeq(r[0], ",") {
				block, _, _ = strings.Cut(strings.TrimSpace(block), " ")
				p, err := netip.ParsePrefix(block)
				require.NoError(t, err)
				got, ok := servers.Special(p)
				require.Equal(t, !ordinary[block], ok, block)
				if ok && block != "::ffff:0:0/96" { // whose addresses count as those of IPv4
					assert.Equal(t, p, got.Prefix)
					assert.Contains(t, r[2], "["+strings.ReplaceAll(got.RFC, " ", "")+"]", block)
					single, ok := servers.Special(netip.PrefixFrom(p.Addr(), p.Addr().BitLen()))
					assert.True(t, ok && single.Prefix.Bits() >= p.Bits(), block)
				}
			}
		}
	}
}
