package bulk_test

import (
	"encoding/json"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/bulk"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

// shelf is a Cache as a program writes it to a file: all of it is JSON.
type shelf struct {
	mu   sync.Mutex
	kept [][]byte
}

func (s *shelf) Get(addr netip.Addr) (out bulk.Kept, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.kept {
		var k bulk.Kept
		if json.Unmarshal(b, &k) == nil && k.Range.Contains(addr) {
			out, ok = k, true
		}
	}
	return out, ok
}

func (s *shelf) Put(k bulk.Kept) {
	b, err := json.Marshal(k)
	if err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(s.kept, b)
}

func TestSeveralProgramsShareACache(t *testing.T) {
	srv, err := whoistest.NewServer(whoistest.Blog())
	require.NoError(t, err)
	defer srv.Close()
	shared := &shelf{}
	ask := func(addr string) bulk.Result {
		many := &bulk.Bulk{Client: srv.Client(), Cache: shared}
		res, err := many.IP(t.Context(), netip.MustParseAddr(addr))
		require.NoError(t, err)
		return res
	}
	first := ask("138.0.155.10")
	asked := len(srv.Queries())
	again := ask("138.0.152.1")
	assert.Len(t, srv.Queries(), asked, "the range is known")
	assert.Equal(t, first.Record.Holder, again.Record.Holder)
	assert.Equal(t, first.Range(), again.Range())

	var k bulk.Kept
	require.NoError(t, json.Unmarshal(shared.kept[0], &k))
	for rule, spoil := range map[string]func(*bulk.Kept){
		"too old":      func(k *bulk.Kept) { k.Until = time.Now().Add(-time.Second) },
		"nothing seen": func(k *bulk.Kept) { k.Record.Hops = nil },
		"no record":    func(k *bulk.Kept) { k.Record = nil },
		"about another network": func(k *bulk.Kept) {
			k.Range = whoislookup.Range{From: netip.MustParseAddr("190.57.233.160"), To: netip.MustParseAddr("190.57.233.175")}
		},
	} {
		bad := k
		if k.Record != nil {
			rec := *k.Record
			bad.Record = &rec
		}
		spoil(&bad)
		lone := &shelf{}
		lone.Put(bad)
		before := len(srv.Queries())
		many := &bulk.Bulk{Client: srv.Client(), Cache: lone}
		addr, holder := "138.0.155.10", "Gigared S.A."
		if !bad.Range.Contains(netip.MustParseAddr(addr)) {
			addr, holder = "190.57.233.170", "EDITORIAL LA PAGINA S.A."
		}
		res, err := many.IP(t.Context(), netip.MustParseAddr(addr))
		require.NoError(t, err, rule)
		assert.Greater(t, len(srv.Queries()), before, rule)
		assert.Equal(t, holder, res.Record.Holder.Name, rule)
	}
}
