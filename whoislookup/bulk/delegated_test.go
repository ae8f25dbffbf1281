package bulk_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/bulk"
)

func TestDelegatedStatistics(t *testing.T) {
	d := load(t, delegatedText)
	for _, c := range []struct{ rule, addr, want string }{
		{"first of a range", "101.0.0.0", "101.0.0.0/22 AU 2011-08-11 assigned A91A0001"},
		{"last of a range", "101.0.3.255", "101.0.0.0/22 AU 2011-08-11 assigned A91A0001"},
		{"between two", "101.0.4.0", ""},
		{"a count that is no power of two", "101.1.2.255", "101.1.0.0 - 101.1.2.255 JP 2011-08-12 allocated A91A0002"},
		{"mapped", "::ffff:101.1.0.1", "101.1.0.0 - 101.1.2.255 JP 2011-08-12 allocated A91A0002"},
		{"kept by the registry", "101.2.0.1", "101.2.0.0/24   available "},
		{"ZZ is no country", "2401:1::9", "2401:1::/32  2011-08-13 allocated A91A0003"},
		{"before all", "1.0.0.0", ""},
		{"behind all", "fe80::1", ""},
	} {
		t.Run(c.rule, func(t *testing.T) {
			e, ok := d.Addr(netip.MustParseAddr(c.addr))
			assert.Equal(t, c.want != "", ok)
			if ok {
				assert.Equal(t, c.want, strings.Join([]string{e.Range.String(), e.Country, string(e.Date), e.Status, e.Holder}, " "))
				assert.Equal(t, "apnic", e.Registry)
			}
		})
	}
	e, ok := d.ASN(4609)
	require.True(t, ok)
	assert.Equal(t, bulk.Delegation{Registry: "apnic", Country: "CN", FromASN: 4608, ToASN: 4609, Status: "allocated", Holder: "A91A0001"}, e)
	_, ok = d.ASN(4610)
	assert.False(t, ok)
	_, ok = (*bulk.Delegated)(nil).Addr(netip.MustParseAddr("101.0.0.1"))
	assert.False(t, ok)
}

func TestBadLinesAreNamedAndTheRestIsLoaded(t *testing.T) {
	for _, bad := range []string{
		"apnic|AU|ipv4|101.0.0.0|1024|20110811",
		"apnic|AU|ipv4|101.0.0|1024|20110811|assigned",
		"apnic|AU|ipv4|2401::|1024|20110811|assigned",
		"apnic|AU|ipv4|255.255.255.0|257|20110811|assigned",
		"apnic|AU|ipv4|101.0.0.0|0|20110811|assigned",
		"apnic|AU|ipv4|101.0.0.0|-1|20110811|assigned",
		"apnic|AU|ipv6|2401::|129|20110811|assigned",
		"apnic|AU|ipv6|2401::1|32|20110811|assigned",
		"apnic|AU|asn|4294967295|2|20110811|assigned",
		"apnic|AU|asn|1|0|20110811|assigned",
		"<html>",
	} {
		d := new(bulk.Delegated)
		err := d.Load(strings.NewReader("2|apnic|20130417|1|19830613|20130416|+1000\n" + bad + "\napnic|AU|ipv4|1.0.0.0|256|20110811|assigned\n"))
		require.ErrorIs(t, err, whoislookup.ErrGarbage, bad)
		assert.Contains(t, err.Error(), "line 2", bad)
		assert.Len(t, slices.Collect(d.All()), 1, bad)
	}
	require.ErrorIs(t, new(bulk.Delegated).Load(strings.NewReader("")), whoislookup.ErrGarbage)
}

// TestAFileThatWasCutOffIsTold: the addresses of its missing lines would look
// as if nobody had them.
func TestAFileThatWasCutOffIsTold(t *testing.T) {
	const head = "2|apnic|20261122|3|19830613|20261121|+1000\napnic|*|ipv4|*|2|summary\napnic|*|asn|*|1|summary\n"
	const one, two, three = "apnic|AU|ipv4|1.0.0.0|256|20110811|assigned\n", "apnic|JP|ipv4|1.0.1.0|768|20301122|allocated|X\n", "apnic|JP|asn|7|1|20110811|allocated\n"
	require.NoError(t, new(bulk.Delegated).Load(strings.NewReader(head+one+two+three)))
	require.NoError(t, new(bulk.Delegated).Load(strings.NewReader(head+one+two+three+three)), "more than announced")
	require.NoError(t, new(bulk.Delegated).Load(strings.NewReader(strings.Replace(head, "|3|", "|9|", 1)+one+two+three)), "the first line counts otherwise in some files")
	d := new(bulk.Delegated)
	err := d.Load(strings.NewReader(head + one + two))
	require.ErrorIs(t, err, whoislookup.ErrGarbage)
	assert.Contains(t, err.Error(), "2 records of 3")
	assert.Len(t, slices.Collect(d.All()), 2, "what is there is loaded")
}

func TestOddLinesOfStatistics(t *testing.T) {
	d := load(t, "iana|ZZ|ipv4|0.0.0.0|16777216|19810901|reserved|ietf|iana\napnic|AU|ipv4|1.0.0.0|256|20111341|ASSIGNED|X\n"+
		"apnic||ipv4|1.0.1.0|3||quarantined\nripencc|EU|ipv6|2001:db8::|29|20990101|allocated|Y|e-stats\r\narin||asn|4294967295|1||reserved\n")
	for _, c := range []struct{ addr, want string }{
		{"0.1.2.3", "iana  1981-09-01 reserved"},
		{"1.0.0.9", "apnic AU  ASSIGNED"}, // there is no such day
		{"1.0.1.2", "apnic   quarantined"},
		{"1.0.1.3", ""},
		{"2001:db8::1", "ripencc EU 2099-01-01 allocated"},
	} {
		e, ok := d.Addr(netip.MustParseAddr(c.addr))
		assert.Equal(t, c.want != "", ok, c.addr)
		if ok {
			assert.Equal(t, c.want, strings.Join([]string{e.Registry, e.Country, string(e.Date), e.Status}, " "))
		}
	}
	e, ok := d.ASN(4294967295)
	assert.True(t, ok)
	assert.Equal(t, "reserved", e.Status)
	// Only what was handed out gets into a block list.
	b := &bulk.Bulk{Delegated: d, Offline: true}
	for addr, want := range map[string]string{"0.1.2.3": "", "1.0.0.9": "1.0.0.0/24", "1.0.1.2": "", "2001:db8::1": "2001:db8::/29"} {
		res, err := b.IP(t.Context(), netip.MustParseAddr(addr))
		require.NoError(t, err)
		assert.Equal(t, want, res.Range().String(), addr)
	}
}

func TestDelegatedCorpus(t *testing.T) {
	d := corpus(t)
	// The counts that the file itself states in its summary lines.
	counts := map[string]int{}
	for e := range d.All() {
		switch {
		case !e.Range.IsValid():
			counts["asn"]++
		case e.Range.From.Is4():
			counts["ipv4"]++
		default:
			counts["ipv6"]++
		}
	}
	assert.Equal(t, map[string]int{"asn": 5146 + 337, "ipv4": 14078 + 7509 + 13 + 604, "ipv6": 2277 + 620 + 15849 + 163}, counts)
	for e := range d.All() {
		if e.Range.IsValid() {
			got, ok := d.Addr(e.Range.To)
			require.True(t, ok)
			require.Equal(t, e, got)
		}
	}
}

func TestFewestPrefixes(t *testing.T) {
	ranges := func(texts ...string) []whoislookup.Range {
		var list []whoislookup.Range
		for _, text := range texts {
			var r whoislookup.Range
			require.NoError(t, r.UnmarshalText([]byte(text)))
			list = append(list, r)
		}
		return list
	}
	for _, c := range []struct {
		rule string
		in   []whoislookup.Range
		want string
	}{
		{"nothing", ranges(""), "[]"},
		{"adjacent ones join", ranges("10.0.1.0/24", "10.0.0.0/24"), "[10.0.0.0/23]"},
		{"one inside another adds nothing", ranges("10.0.0.0/8", "10.1.0.0/16", "10.2.0.0 - 11.0.0.0"), "[10.0.0.0/8 11.0.0.0/32]"},
		{"the wide one comes first", ranges("10.0.0.0/8", "10.1.0.0/16"), "[10.0.0.0/8]"},
		{"families stay apart", ranges("::/0", "255.0.0.0/8", "0.0.0.0/8"), "[0.0.0.0/8 255.0.0.0/8 ::/0]"},
		{"a range of five blocks", ranges("196.11.239.0 - 196.11.246.255"), "[196.11.239.0/24 196.11.240.0/22 196.11.244.0/23 196.11.246.0/24]"},
		{"up to the last address", ranges("255.255.255.255/32", "255.255.255.0/24"), "[255.255.255.0/24]"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			var list []string
			for _, p := range bulk.Prefixes(slices.Values(c.in)) {
				list = append(list, p.String())
			}
			assert.Equal(t, c.want, "["+strings.Join(list, " ")+"]")
		})
	}
}

func FuzzDelegated(f *testing.F) {
	f.Add(delegatedText)
	f.Add("ripencc|*|asn|*|29474|summary\nripencc|EU|ipv4|2.0.0.0|1048576|20100712|allocated|8f2d\n")
	f.Add("arin|US|ipv6|2001:400::|32|19990803|allocated|b5\narin|US|asn|1|1|20010920|assigned|e5")
	f.Fuzz(func(t *testing.T, text string) {
		d := new(bulk.Delegated)
		_ = d.Load(strings.NewReader(text))
		for e := range d.All() {
			if !e.Range.IsValid() {
				require.LessOrEqual(t, e.FromASN, e.ToASN)
				continue
			}
			got, ok := d.Addr(e.Range.From)
			require.True(t, ok)
			require.True(t, got.Range.Contains(e.Range.From))
		}
	})
}
