package bulk

import (
	"container/list"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/opskit-go/opskit/whoislookup"
)

// cache keeps answers by the range that they are about, the least recently used
// go first. The zero value is ready.
type cache struct {
	mu       sync.Mutex
	prefixes map[netip.Prefix]*list.Element
	lengths  [2][129]int // prefixes of each length, IPv4 and IPv6
	recent   list.List   // of *answer, the last used in front
}

// answer is what one query brought.
type answer struct {
	asked   netip.Addr // the address that was queried
	about   whoislookup.Range
	leaf    bool // the registry hands out nothing smaller inside
	rec     *whoislookup.Record
	err     error
	expires time.Time
}

// get returns the answer about the smallest range that holds a.
func (c *cache) get(a netip.Addr, now time.Time) (*answer, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !a.IsValid() {
		return nil, false
	}
	for bits := a.BitLen(); bits >= 0; bits-- {
		if c.lengths[family(a)][bits] == 0 {
			continue
		}
		p, _ := a.Prefix(bits)
		e := c.prefixes[p]
		if e == nil {
			continue
		}
		ans := e.Value.(*answer)
		if !ans.expires.After(now) {
			c.drop(e)
			continue
		}
		c.recent.MoveToFront(e)
		return ans, true
	}
	return nil, false
}

// put keeps an answer, and as many others as limit allows.
func (c *cache) put(ans *answer, limit int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.prefixes == nil {
		c.prefixes = map[netip.Prefix]*list.Element{}
	}
	e := c.recent.PushFront(ans)
	for p := range ans.about.Prefixes() {
		old := c.prefixes[p]
		if old != nil && old.Value.(*answer).about != ans.about && ans.about.Covers(old.Value.(*answer).about) {
			continue // what is there is more specific
		}
		if old == nil {
			c.lengths[family(p.Addr())][p.Bits()]++
		}
		c.prefixes[p] = e
	}
	for c.recent.Len() > limit {
		c.drop(c.recent.Back())
	}
}

func (c *cache) drop(e *list.Element) {
	for p := range e.Value.(*answer).about.Prefixes() {
		if c.prefixes[p] == e {
			delete(c.prefixes, p)
			c.lengths[family(p.Addr())][p.Bits()]--
		}
	}
	c.recent.Remove(e)
}

func family(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

// worthKeeping returns what an answer may be used for again: false if it says
// nothing about the address (throttled, denied, unreachable), or only what a
// server above the one that did not answer knows.
//
// A range is believed only as far as it holds the address, is smaller than
// what IANA hands to registries, and lies within the delegation; otherwise the
// answer counts for this address alone.
func worthKeeping(a netip.Addr, rec *whoislookup.Record, err error, d *Delegation) (about whoislookup.Range, ok bool) {
	alone := whoislookup.Range{From: a, To: a}
	if rec == nil || len(rec.Hops) == 0 || !rec.Hops[len(rec.Hops)-1].Failure.IsZero() {
		return alone, false
	}
	switch {
	case err != nil:
		return alone, false
	case rec.Verdict == whoislookup.VerdictNotFound:
		return alone, true
	case rec.Verdict == whoislookup.VerdictReserved: // only the addresses inside cost queries
		return alone, len(rec.Embedded) > 0 && len(rec.Gaps()) == 0
	case rec.Verdict != whoislookup.VerdictFound || rec.Network == nil || !rec.Network.Range.Contains(a):
		return alone, false
	}
	about = rec.Network.Range
	for _, gap := range rec.Gaps() {
		if strings.HasPrefix(gap.What, "the answer of ") {
			return alone, false
		}
		if gap.What == "the network's range" {
			about = alone
		}
	}
	if d != nil && about.Covers(d.Range) {
		about = d.Range
	}
	// IANA hands out /8 of IPv4, some of them to holders, and /12 of IPv6 or
	// larger, to registries only.
	widest := 8
	if a.Is6() {
		widest = 13
	}
	if block, _ := a.Prefix(widest); !rangeOf(block).Covers(about) {
		about = alone
	}
	return about, true
}

// isLeaf reports whether the registry says that this is assigned to who uses
// it. What is allocated is there to be handed on.
func isLeaf(rec *whoislookup.Record) bool {
	return rec != nil && rec.Network != nil && strings.Contains(strings.ToLower(rec.Network.Status), "assign")
}
