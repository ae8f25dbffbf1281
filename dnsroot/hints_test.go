package dnsroot_test

import (
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/dnsroottest"
	"github.com/opskit-go/opskit/internal/lab"
)

const someHints = `; This is a hints file in the form of named.root.
;       last update:     March 3, 2021
;       related version of root zone:     2021030301
.                        3600000      NS    A.ROOT-SERVERS.NET.
A.ROOT-SERVERS.NET.      3600000      A     192.0.2.1
A.ROOT-SERVERS.NET.      3600000      AAAA  2001:db8::a
.                        3600000      NS    B.ROOT-SERVERS.NET.
B.ROOT-SERVERS.NET.      3600000      A     192.0.2.2
; End of file`

func TestParseHints(t *testing.T) {
	h, err := dnsroot.ParseHints(strings.NewReader(someHints))
	require.NoError(t, err)
	assert.Equal(t, dnsroot.Hints{
		Updated: time.Date(2021, time.March, 3, 0, 0, 0, 0, time.UTC),
		Serial:  2021030301,
		Servers: []dnsroot.Server{
			{Name: "a.root-servers.net.", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::a")}},
			{Name: "b.root-servers.net.", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.2")}},
		},
	}, h)
}

// The embedded table and Debian's copy of InterNIC's file are the same facts.
func TestDefaultHintsAreThePublishedOnes(t *testing.T) {
	f, err := os.Open(lab.Corpus(t, "dnsroot", "root.hints"))
	require.NoError(t, err)
	defer f.Close()
	h, err := dnsroot.ParseHints(f)
	require.NoError(t, err)
	assert.Equal(t, h, dnsroot.DefaultHints())
}

func TestParseHintsNamesWhatIsWrong(t *testing.T) {
	for name, test := range map[string]struct {
		text, says string
		read       int
	}{
		"empty":               {"", "no name server in it", 0},
		"a comment only":      {"; nothing\n", "no name server in it", 0},
		"not a zone file":     {"<html>404</html>", "line: 1", 0},
		"two zones":           {someHints + "\ncom. 1 NS a.root-servers.net.\n", "NS of . and of com., want one zone", 2},
		"no address":          {". 1 NS a.root-servers.net.\n", "no address for a.root-servers.net.", 0},
		"no NS":               {"a.root-servers.net. 1 A 192.0.2.1\n", "which no NS record names", 0},
		"half of it is right": {someHints + "\n. 1 NS q.example.\n", "q.example.", 2},
		"bad address":         {". 1 NS a.root-servers.net.\na.root-servers.net. 1 A 192.0.2.256\n", "line: 2", 0},
		"another type":        {someHints + "\n. 1 TXT hello\n", "TXT record of .", 2},
		"an include":          {"$INCLUDE /etc/passwd\n", "INCLUDE", 0},
		"very many records":   {strings.Repeat("$GENERATE 0-65535 $.root-servers.net. 1 A 192.0.2.1\n", 1000), "more than 10000 records", 0},
		"much too long":       {strings.Repeat("; padding\n", 200000), "longer than", 0},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := dnsroot.ParseHints(strings.NewReader(test.text))
			require.ErrorIs(t, err, dnsroot.ErrSyntax)
			assert.Contains(t, err.Error(), test.says)
			assert.Len(t, h.Servers, test.read)
		})
	}
}

func TestHintsDiff(t *testing.T) {
	old := dnsroot.DefaultHints()
	assert.Empty(t, old.Diff(dnsroot.DefaultHints()))
	got := dnsroot.DefaultHints()
	got.Servers = got.Servers[:12]                                                                 // m is gone
	got.Servers[1].Addrs = []netip.Addr{netip.MustParseAddr("192.0.2.7"), got.Servers[1].Addrs[1]} // b moved
	var text []string
	for _, c := range old.Diff(got) {
		text = append(text, c.What+" "+c.Old+" > "+c.New)
	}
	assert.Equal(t, []string{
		"b.root-servers.net. address 170.247.170.2 > ", "b.root-servers.net. address  > 192.0.2.7",
		"m.root-servers.net. address 202.12.27.33 > ", "m.root-servers.net. address 2001:dc3::35 > ",
	}, text)
}

func TestFleetFilesAreRead(t *testing.T) {
	fleet := start(t, dnsroottest.Config{})
	h, err := dnsroot.ParseHints(strings.NewReader(fleet.HintsFile()))
	require.NoError(t, err)
	assert.Empty(t, h.Diff(fleet.Hints()))
	anchors, err := dnsroot.ParseAnchors(strings.NewReader(fleet.AnchorsFile()))
	require.NoError(t, err)
	require.Len(t, anchors, 1)
	assert.Equal(t, fleet.Anchors()[0].Digest, anchors[0].Digest)
}

func TestDefaultAnchorsAreThePublishedOnes(t *testing.T) {
	for _, file := range []string{"root.ds", "root.key"} { // the digests, and the keys that have them
		f, err := os.Open(lab.Corpus(t, "dnsroot", file))
		require.NoError(t, err)
		anchors, err := dnsroot.ParseAnchors(f)
		require.NoError(t, f.Close())
		require.NoError(t, err)
		require.Len(t, anchors, 2)
		for i, a := range dnsroot.DefaultAnchors() {
			assert.NotEmpty(t, a.Name)
			assert.False(t, a.ValidFrom.IsZero())
			a.Name, a.ValidFrom = "", time.Time{}
			assert.Equal(t, anchors[i], a, file)
		}
	}
}

func TestParseAnchorsNamesWhatIsWrong(t *testing.T) {
	for name, test := range map[string]struct{ text, says string }{
		"empty":         {"", "no trust anchor in it"},
		"a zone key":    {". IN DNSKEY 256 3 8 AwEAAQ==", "no trust anchor in it"},
		"a revoked key": {". IN DNSKEY 385 3 8 AwEAAQ==", "no trust anchor in it"},
		"another type":  {". IN A 192.0.2.1", "A record, want DS or DNSKEY"},
		"no hex":        {". IN DS 20326 8 2 XYZ", "digest of key tag 20326"},
		"cut":           {". IN DS 20326 8", "line: 1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := dnsroot.ParseAnchors(strings.NewReader(test.text))
			require.ErrorIs(t, err, dnsroot.ErrSyntax)
			assert.Contains(t, err.Error(), test.says)
		})
	}
}

// IANA publishes its anchors as XML; an anchor is used only within its time.
func TestParseAnchorsReadsIANAsXML(t *testing.T) {
	const head = `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<TrustAnchor id="x" source="http://data.iana.org/root-anchors/root-anchors.xml"><Zone>.</Zone>`
	digest := func(attributes, tag, digest string) string {
		return "<KeyDigest " + attributes + "><KeyTag>" + tag + "</KeyTag><Algorithm>8</Algorithm><DigestType>2</DigestType><Digest>" + digest +
			"</Digest><PublicKey>AwEA</PublicKey><Flags>257</Flags></KeyDigest>"
	}
	known := dnsroot.DefaultAnchors()
	const retired = "49AAC11D7B6F6446702E54A1607371607A1A41855200FD2CE1CDDE32F24E8FB5"
	text := head +
		digest(`id="KSK-2010" validFrom="2010-07-15T00:00:00+00:00" validUntil="2019-01-11T00:00:00+00:00"`, "19036", retired) +
		digest(`id="KSK-2017" validFrom="2017-02-02T00:00:00+00:00"`, "20326", known[0].Digest) +
		digest(`validFrom="2024-07-18T02:00:00+02:00" id="KSK-2024"`, "38696", "\n "+strings.ToLower(known[1].Digest[:32])+"\n "+known[1].Digest[32:]+"\n") +
		"</TrustAnchor>\n"
	for _, mark := range []string{"", "\ufeff", "\n "} {
		if mark == "\n " { // a declaration must come first
			text = strings.TrimPrefix(text, `<?xml version="1.0" encoding="UTF-8"?>`)
		}
		anchors, err := dnsroot.ParseAnchors(strings.NewReader(mark + text))
		require.NoError(t, err)
		require.Len(t, anchors, 3)
		assert.Equal(t, known, anchors[1:])
		assert.Equal(t, dnsroot.Anchor{
			Name: "KSK-2010", KeyTag: 19036, Algorithm: 8, DigestType: 2, Digest: retired,
			ValidFrom:  time.Date(2010, time.July, 15, 0, 0, 0, 0, time.UTC),
			ValidUntil: time.Date(2019, time.January, 11, 0, 0, 0, 0, time.UTC),
		}, anchors[0])
	}

	good := digest(`validFrom="2017-02-02T00:00:00+00:00"`, "20326", known[0].Digest)
	for name, test := range map[string]struct {
		text, says string
		read       int
	}{
		"another document":  {"<html><body>moved</body></html>", "want that, or DS or DNSKEY records in master format", 0},
		"cut":               {head + good, "XML that is no TrustAnchor", 0},
		"none":              {head + "</TrustAnchor>", "no trust anchor in it", 0},
		"no validFrom":      {head + good + digest(`id="x"`, "7", "00") + "</TrustAnchor>", "key tag 7: no validFrom", 1},
		"no time":           {head + good + digest(`validFrom="yesterday"`, "7", "00") + "</TrustAnchor>", `key tag 7: parsing time "yesterday"`, 1},
		"no end":            {head + good + digest(`validFrom="2017-02-02T00:00:00Z" validUntil="never"`, "7", "00") + "</TrustAnchor>", `parsing time "never"`, 1},
		"no digest":         {head + good + digest(`validFrom="2017-02-02T00:00:00Z"`, "7", "") + "</TrustAnchor>", "key tag 7: no Digest", 1},
		"no hex":            {head + digest(`validFrom="2017-02-02T00:00:00Z"`, "7", "XY") + "</TrustAnchor>", "digest of key tag 7", 1},
		"key tag too large": {head + digest(`validFrom="2017-02-02T00:00:00Z"`, "70000", "00") + "</TrustAnchor>", "70000", 0},
	} {
		t.Run(name, func(t *testing.T) {
			anchors, err := dnsroot.ParseAnchors(strings.NewReader(test.text))
			require.ErrorIs(t, err, dnsroot.ErrSyntax)
			assert.Contains(t, err.Error(), test.says)
			assert.Len(t, anchors, test.read)
		})
	}
}

func TestParseLetter(t *testing.T) {
	for _, s := range []string{"k", "K", "k.root-servers.net", "K.ROOT-SERVERS.NET."} {
		l, err := dnsroot.ParseLetter(s)
		require.NoError(t, err)
		assert.Equal(t, dnsroot.Letter('k'), l)
		assert.Equal(t, "k.root-servers.net.", l.Name())
	}
	for _, s := range []string{"", "n", "root-servers.net.", "ka", "k.root-servers.org", "\x00"} {
		_, err := dnsroot.ParseLetter(s)
		assert.ErrorIs(t, err, dnsroot.ErrSyntax, s)
	}
	_, err := dnsroot.Letter(0).MarshalText()
	assert.ErrorIs(t, err, dnsroot.ErrSyntax)
	assert.Equal(t, "?", dnsroot.Letter(0).String())
}
