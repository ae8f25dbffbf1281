package main

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup"
)

// "it moved" needs another holder, or a network apart from the earlier one.
func TestItMoved(t *testing.T) {
	record := func(prefix, holder string) *whoislookup.Record {
		r := &whoislookup.Record{Verdict: whoislookup.VerdictFound, Server: "whois.lacnic.net", Holder: whoislookup.Holder{Name: holder}}
		if prefix != "" {
			p := netip.MustParsePrefix(prefix)
			last := p.Addr().As4()
			last[3] |= byte(1<<(32-p.Bits()) - 1)
			r.Network = &whoislookup.Network{Prefixes: []netip.Prefix{p}, Range: whoislookup.Range{From: p.Addr(), To: netip.AddrFrom4(last)}}
		}
		return r
	}
	none := &whoislookup.Record{Verdict: whoislookup.VerdictNotFound, Server: "whois.lacnic.net"}
	before := record("192.0.2.0/24", "Example S.A.")
	for name, c := range map[string]struct {
		now  *whoislookup.Record
		want string
	}{
		"the same network":                      {record("192.0.2.0/24", "Example S.A."), "known"},
		"a smaller registration of it":          {record("192.0.2.16/28", "Example S.A."), "known"},
		"a smaller one of another holder":       {record("192.0.2.16/28", "Else Ltd"), "it moved"},
		"another network of the holder":         {record("198.51.100.0/24", "Example S.A."), "it moved"},
		"another network, holder not told":      {record("198.51.100.0/24", ""), "it moved"},
		"a smaller one, holder not told":        {record("192.0.2.16/28", ""), "known"},
		"the holder's name in other letters":    {record("192.0.2.0/24", "EXAMPLE  S.A."), "known"},
		"nobody has the address: not elsewhere": {none, "cannot tell"},
	} {
		t.Run(name, func(t *testing.T) {
			st := new(story).holders(&evidence{Before: before, Now: []*whoislookup.Record{c.now}})
			assert.Equal(t, c.want, st.Verdict)
		})
	}
	require.Nil(t, moved(before, record("192.0.2.0/24", "EXAMPLE  S.A."), nil), "the same name")
	require.NotNil(t, moved(before, record("192.0.2.0/24", "Else Ltd"), nil))
}
