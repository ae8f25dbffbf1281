package bulk

import (
	"net/netip"
	"time"

	"github.com/opskit-go/opskit/whoislookup"
)

// Cache keeps answers for longer than one Bulk lives, or for several programs. Both
// methods are called by several goroutines, and must not block for long.
type Cache interface {
	// Get returns the answer about the narrowest range that holds addr.
	Get(addr netip.Addr) (Kept, bool)
	// Put keeps an answer until its time is over.
	Put(Kept)
}

// Kept is an answer in a Cache. It is marshalled like any record.
type Kept struct {
	Range  whoislookup.Range   `json:"range"`            // where to look it up
	Record *whoislookup.Record `json:"record,omitempty"` // must not be changed
	Until  time.Time           `json:"until"`            // when it is too old
}

// kept asks the Cache. What it gives is believed only as far as the same answer of a
// server would be: the record is judged anew, and by itself tells what it is about.
func (b *Bulk) kept(res Result) (*answer, bool) {
	if b.Cache == nil {
		return nil, false
	}
	k, ok := b.Cache.Get(res.Addr)
	if !ok || k.Record == nil || !k.Until.After(time.Now()) || !k.Record.Seen() {
		return nil, false
	}
	rec := *k.Record
	rec.Judge()
	if q := rec.Query; q.Kind != whoislookup.KindIP || rec.Verdict != whoislookup.VerdictFound && q.Prefix.Addr() != res.Addr {
		return nil, false
	}
	about, ok := worthKeeping(res.Addr, &rec, nil, res.Delegation)
	if !ok {
		return nil, false
	}
	return b.keep(rec.Query.Prefix.Addr(), about, &rec, k.Until), true
}

// keep puts an answer into the cache of this Bulk.
func (b *Bulk) keep(asked netip.Addr, about whoislookup.Range, rec *whoislookup.Record, until time.Time) *answer {
	ans := &answer{asked: asked, about: about, leaf: isLeaf(rec), rec: rec, expires: until}
	if b.Exact && !ans.leaf {
		ans.about = whoislookup.Range{From: asked, To: asked}
	}
	b.cache.put(ans, or(b.CacheSize, 1<<16))
	return ans
}
