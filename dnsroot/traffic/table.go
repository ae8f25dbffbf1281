package traffic

import (
	"cmp"
	"math"
	"slices"
)

// table counts keys, by their hash, in bounded memory and in one of two ways.
//
// A sample keeps, with exact counts, every key whose hash ends in Level zero bits,
// and raises Level where they become more than bound (Gibbons, "Distinct sampling",
// VLDB 2001). At level zero it is all keys. As Level depends on nothing but the set
// of keys, the sample of parts put together is that of the whole. It takes the place
// of a HyperLogLog: at the same price it is as good, and knows besides how often the
// keys occur and which they are.
//
// A ranking finds the keys that occur most often: where it is full, every count is
// lowered by the same amount and what falls to zero goes (Misra and Gries 1982, in
// the form of Anderson et al. 2017). It holds the same as Space-Saving does (Agarwal
// et al., "Mergeable summaries", 2012): a key occurred between Count and Count+Lost
// times, and one that is not in it at most Lost times.
//
// Once it has its size, neither way allocates anything.
type table struct {
	Slots []slot // a power of two, at most half in use
	Texts []byte // of the keys, each behind a byte with its length
	Level uint8  // of a sample
	Lost  uint64 // of a ranking

	n, bound   int
	ranks      bool // a ranking
	texts      bool // each key's is kept, else that of keys counted more than once: most of a flood's never come again
	spare      []slot
	spareTexts []byte
}

// slot is a key with its count; a Count of zero is none.
type slot struct {
	Hash  uint64 `json:",omitzero"`
	Count uint64 `json:",omitzero"`
	Text  uint32 `json:",omitzero"` // 1 + where in the table's Texts, 0 where it is not kept
}

func sample(bound int, texts bool) table {
	return table{Slots: make([]slot, 64), bound: bound, texts: texts}
}

// ranked is how many keys a ranking holds.
const ranked = 512

func ranking(texts bool) table {
	return table{Slots: make([]slot, 64), bound: ranked, ranks: true, texts: texts}
}

// add counts a key, if the sample takes it: nearly never, once it is full.
func (t *table) add(hash, count uint64, text []byte) {
	if t.takes(hash) {
		t.put(hash, count, text)
	}
}

func (t *table) takes(hash uint64) bool { return hash&(1<<t.Level-1) == 0 }

func (t *table) put(hash, count uint64, text []byte) {
	s := t.find(hash)
	fresh := s.Count == 0
	if fresh {
		s.Hash, s.Text = hash, 0
	}
	s.Count += count
	if s.Text == 0 && len(text) > 0 && (t.texts || s.Count > 1) {
		s.Text = t.keep(text)
	}
	if !fresh {
		return
	}
	switch t.n++; {
	case t.n > t.bound && t.ranks:
		t.lower()
	case t.n > t.bound:
		for ; t.n > t.bound; t.rebuild(len(t.Slots), 0) {
			t.Level++
		}
	case t.n*2 > len(t.Slots):
		t.rebuild(len(t.Slots)*2, 0)
	}
}

// find returns the place of a key, or the free one where it belongs.
func (t *table) find(hash uint64) *slot {
	mask := uint64(len(t.Slots) - 1)
	for i := hash >> 32 & mask; ; i = (i + 1) & mask {
		if s := &t.Slots[i]; s.Hash == hash || s.Count == 0 {
			return s
		}
	}
}

func (t *table) keep(text []byte) uint32 {
	at := len(t.Texts)
	t.Texts = append(append(t.Texts, byte(len(text))), text...)
	return uint32(at + 1)
}

// text is that of a key, nil where none was kept.
func (t *table) text(s slot) []byte {
	if s.Text == 0 || int(s.Text) > len(t.Texts) {
		return nil
	}
	b := t.Texts[s.Text:]
	return b[:min(len(b), int(t.Texts[s.Text-1]))]
}

// lower takes about the median of the counts from all of them.
func (t *table) lower() {
	var room [32]uint64
	some := room[:0]
	for i := 0; i < len(t.Slots) && len(some) < cap(some)-1; i += 2 * ranked / 64 {
		if n := t.Slots[i].Count; n > 0 {
			some = append(some, n)
		}
	}
	by := uint64(1)
	if len(some) > 0 {
		slices.Sort(some)
		by = some[len(some)/2]
	}
	t.Lost += by
	t.rebuild(len(t.Slots), by)
}

// rebuild keeps what the sample still takes and what is counted more than by.
func (t *table) rebuild(size int, by uint64) {
	if len(t.spare) != size {
		t.spare = make([]slot, size)
	}
	clear(t.spare)
	old := *t
	t.Slots, t.spare, t.n = old.spare, old.Slots, 0
	t.Texts, t.spareTexts = old.spareTexts[:0], old.Texts
	for _, s := range old.Slots {
		if s.Count <= by || !t.takes(s.Hash) {
			continue
		}
		kept := t.find(s.Hash)
		*kept = slot{Hash: s.Hash, Count: s.Count - by}
		if text := old.text(s); text != nil {
			kept.Text = t.keep(text)
		}
		t.n++
	}
}

// merge adds another table of its kind; what two rankings may have missed adds up.
func (t *table) merge(o *table) {
	if o.Level > t.Level {
		t.Level = o.Level
		t.rebuild(len(t.Slots), 0)
	}
	texts := t.texts
	t.texts = true // what the other kept is kept
	for _, s := range o.top() {
		t.add(s.Hash, s.Count, o.text(s))
	}
	t.texts = texts
	t.Lost += o.Lost
}

// top returns the keys, those with the highest counts first.
func (t *table) top() []slot {
	all := slices.DeleteFunc(slices.Clone(t.Slots), func(s slot) bool { return s.Count == 0 })
	slices.SortFunc(all, func(a, b slot) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Hash, b.Hash)) })
	return all
}

// scale is how many keys one in a sample stands for.
func (t *table) scale() float64 { return math.Ldexp(1, int(t.Level)) }

// distinct estimates how many different keys a sample saw. A key is in it with
// probability p = 2^-Level, so that the number in it is binomial; the 95 % interval
// is Wilson's for a count (exact at level zero).
func (t *table) distinct() Count {
	if t.Level == 0 {
		return Count{Low: uint64(t.n), Value: uint64(t.n), High: uint64(t.n)}
	}
	const z2 = 1.96 * 1.96
	n, q := float64(t.n), 1-1/t.scale()
	mid, half := n+z2*q/2, 1.96*math.Sqrt(q*(n+z2*q/4))
	return Count{Low: uint64((mid - half) * t.scale()), Value: uint64(n * t.scale()), High: uint64(math.Ceil((mid + half) * t.scale()))}
}
