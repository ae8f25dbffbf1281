package bulk_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/contract"
	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/bulk"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden[T any](t *testing.T, name string, v T) {
	t.Helper()
	got, err := json.MarshalIndent(v, "", "  ")
	require.NoError(t, err)
	got = append(got, '\n')
	file := filepath.Join("testdata", name+".golden.json")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
	var back T
	require.NoError(t, json.Unmarshal(want, &back))
	again, err := json.MarshalIndent(back, "", "  ")
	require.NoError(t, err)
	assert.Equal(t, string(want), string(again)+"\n", "decodes from its own JSON and encodes to the same bytes")
}

func TestGolden(t *testing.T) {
	srv, err := whoistest.NewServer(whoistest.Answers{"whois.apnic.net": {
		"101.1.0.1": "inetnum: 101.1.0.0 - 101.1.2.255\nnetname: NET\ndescr: Holder\x1b[31m\ncountry: JP\nstatus: ALLOCATED PORTABLE\nsource: APNIC\n",
	}})
	require.NoError(t, err)
	defer srv.Close()
	b := &bulk.Bulk{Client: srv.Client(), Delegated: load(t, delegatedText)}
	_, err = b.IP(t.Context(), netip.MustParseAddr("101.1.0.1"))
	require.NoError(t, err)
	res, err := b.IP(t.Context(), netip.MustParseAddr("101.1.2.2"))
	require.NoError(t, err)
	res.Record.Hops[0].Asked = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	res.Record.Hops[0].Latency = 120 * time.Millisecond
	golden(t, "result", res)
	assert.Equal(t, `101.1.2.2: Holder, JP
  network: 101.1.0.0 - 101.1.2.255
  delegation: apnic 101.1.0.0 - 101.1.2.255 JP 2011-08-12 allocated
  from an earlier answer
not checked: a smaller network inside 101.1.0.0 - 101.1.2.255 (the registry does not call it assigned, and only 101.1.0.1 was asked for; need: Bulk.Exact)`, res.String())

	o, ok := bulk.ParseOrigin("13335 | 104.20.75.37 | 104.20.64.0/20 | US | arin | 2014-03-28 | CLOUDFLARENET, US")
	require.True(t, ok)
	golden(t, "origin", o)
	golden(t, "origin_unannounced", bulk.Origin{Addr: netip.MustParseAddr("10.0.0.1")})
}

func TestWhatNobodyKnows(t *testing.T) {
	assert.Equal(t, "invalid IP: unknown\nnot checked: the holder (nobody was asked; need: a look-up)", bulk.Result{}.String())
	res := bulk.Result{Addr: netip.MustParseAddr("10.0.0.1"), Record: &whoislookup.Record{Verdict: whoislookup.VerdictReserved}}
	assert.True(t, strings.HasPrefix(res.String(), "10.0.0.1: reserved, no holder\n"))
}

func TestResultsWithoutARecordAreRead(t *testing.T) {
	b := &bulk.Bulk{Delegated: load(t, delegatedText), Offline: true}
	res, err := b.IP(t.Context(), netip.MustParseAddr("101.0.0.1"))
	require.NoError(t, err)
	require.Nil(t, res.Record)
	assert.Empty(t, res.Holder())
	assert.Equal(t, "AU", res.Country())
	res.Record = &whoislookup.Record{Holder: whoislookup.Holder{Name: "H"}}
	assert.Equal(t, "H", res.Holder())
}

func TestSpaceThatNobodyHoldsHasNoRange(t *testing.T) {
	b := &bulk.Bulk{Delegated: load(t, delegatedText)}
	private, err := b.IP(t.Context(), netip.MustParseAddr("10.0.0.1"))
	require.NoError(t, err)
	require.NotNil(t, private.Record.Network, "the block is told")
	assert.False(t, private.Range().IsValid())

	b = &bulk.Bulk{Delegated: load(t, delegatedText), Offline: true}
	for addr, want := range map[string]string{"101.0.0.1": "101.0.0.0/22", "101.1.0.1": "101.1.0.0 - 101.1.2.255", "101.2.0.1": ""} {
		res, err := b.IP(t.Context(), netip.MustParseAddr(addr))
		require.NoError(t, err)
		assert.Equal(t, want, res.Range().String(), addr)
	}
}

func ExampleBulk_Lookup() {
	srv, err := whoistest.NewServer(whoistest.Blog())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	b := &bulk.Bulk{Client: srv.Client(), Workers: 1}
	for res, err := range b.Lookup(context.Background(), each("138.0.155.10", "138.0.155.11")) {
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(res.Addr, res.Holder(), res.Range(), res.Cached)
	}
	// Unordered output:
	// 138.0.155.10 Gigared S.A. 138.0.152.0/22 false
	// 138.0.155.11 Gigared S.A. 138.0.152.0/22 true
}

func ExampleBulk_IP() {
	srv, err := whoistest.NewServer(whoistest.Blog())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer srv.Close()
	b := &bulk.Bulk{Client: srv.Client()}
	res, err := b.IP(context.Background(), netip.MustParseAddr("138.0.155.10"))
	fmt.Println(res.Holder(), res.Country(), err)
	// Output: Gigared S.A. AR <nil>
}

func ExampleBulk_Origins() {
	c := &cymru{lines: map[string]string{
		"104.20.75.37": "13335 | 104.20.75.37 | 104.20.64.0/20 | US | arin | 2014-03-28 | CLOUDFLARENET, US\n",
	}}
	b := &bulk.Bulk{Client: &whoislookup.Client{Dial: c.dial}}
	for o, err := range b.Origins(context.Background(), each("104.20.75.37")) {
		fmt.Println(o.ASN, o.Prefix, o.Name, err)
	}
	// Output: 13335 104.20.64.0/20 CLOUDFLARENET, US <nil>
}

func ExampleDelegated() {
	var d bulk.Delegated
	err := d.Load(strings.NewReader("apnic|AU|ipv4|101.0.0.0|1024|20110811|assigned|A91A0001\n"))
	e, ok := d.Addr(netip.MustParseAddr("101.0.2.1"))
	fmt.Println(e.Registry, e.Country, e.Range, e.Date, ok, err)
	// Output: apnic AU 101.0.0.0/22 2011-08-11 true <nil>
}

func ExamplePrefixes() {
	var a, b whoislookup.Range
	_ = a.UnmarshalText([]byte("196.11.239.0 - 196.11.246.255"))
	_ = b.UnmarshalText([]byte("196.11.247.0/24"))
	fmt.Println(bulk.Prefixes(slices.Values([]whoislookup.Range{a, b})))
	// Output: [196.11.239.0/24 196.11.240.0/21]
}

func TestContract(t *testing.T) {
	found, _ := whoislookup.Parse("whois.lacnic.net", []byte("inetnum: 138.0.152/22\nowner: Gigared S.A.\ncountry: AR\n"))
	addr := netip.MustParseAddr("138.0.155.10")
	d := load(t, delegatedText)
	known, ok := d.Addr(netip.MustParseAddr("101.0.0.1"))
	require.True(t, ok)
	contract.Check(t, contract.Package{Prefix: "whois_", Results: map[string]opskit.Result{
		"found":   &bulk.Result{Addr: addr, Record: found},
		"gap":     &bulk.Result{Addr: addr, Record: found, Unseen: []opskit.Gap{{What: "a smaller network", Why: "not asked for"}}},
		"offline": &bulk.Result{Addr: netip.MustParseAddr("101.0.0.1"), Delegation: &known, Unseen: []opskit.Gap{{What: "the holder", Why: "nobody was asked"}}},
	}})
}
