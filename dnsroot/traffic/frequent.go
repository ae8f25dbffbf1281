package traffic

import (
	"cmp"
	"slices"
)

// frequent finds the keys that occur most often in a bounded table: where it is
// full, every count is lowered by the same amount and what falls to zero goes
// (Misra and Gries 1982, in the form of Anderson et al. 2017). It holds the same
// as Space-Saving does (Agarwal et al., "Mergeable summaries", 2012): a key
// occurred between count and count+lost times, and one that is not in it at most
// lost times.
type frequent struct {
	slots, spare []counted // at most half of them in use
	n            int
	lost         uint64
	index        []int32  // of names, beside slots: 1 + where in texts
	texts        [][]byte // of some of them
	free         []int32
	eager        bool // texts are kept from the first time on
}

type counted struct{ hash, count uint64 } // a count of zero is none

// add counts a key. Its text is kept from the second time on: most keys of a
// flood never come again.
func (f *frequent) add(hash, count uint64, text []byte) {
	i := hash >> 32 & (frequentSlots - 1)
	for f.slots[i].hash != hash || f.slots[i].count == 0 {
		if f.slots[i].count == 0 {
			f.slots[i] = counted{hash, count}
			if f.index != nil {
				f.index[i] = 0
				if count > 1 || f.eager {
					f.index[i] = f.keep(text)
				}
			}
			if f.n++; f.n*2 > frequentSlots {
				f.lower()
			}
			return
		}
		i = (i + 1) & (frequentSlots - 1)
	}
	f.slots[i].count += count
	if f.index != nil && f.index[i] == 0 {
		f.index[i] = f.keep(text)
	}
}

// keep returns where a text is kept, 0 if there is none.
func (f *frequent) keep(text []byte) int32 {
	if text == nil {
		return 0
	}
	if k := len(f.free); k > 0 {
		i := f.free[k-1]
		f.free = f.free[:k-1]
		f.texts[i-1] = append(f.texts[i-1][:0], text...)
		return i
	}
	f.texts = append(f.texts, append(make([]byte, 0, max(len(text), 32)), text...))
	return int32(len(f.texts))
}

// lower takes about the median of the counts from all of them.
func (f *frequent) lower() {
	var some [31]uint64
	k := 0
	for i := 0; i < frequentSlots && k < len(some); i += frequentSlots / 64 {
		if f.slots[i].count > 0 {
			some[k] = f.slots[i].count
			k++
		}
	}
	by := uint64(1)
	if k > 0 {
		slices.Sort(some[:k])
		by = some[k/2]
	}
	f.lost += by
	clear(f.spare)
	old, index := f.slots, f.index
	f.slots, f.spare, f.n = f.spare, old, 0
	if index != nil {
		f.index = make([]int32, frequentSlots)
	}
	for k, e := range old {
		if e.count <= by {
			if e.count > 0 && index != nil && index[k] != 0 {
				f.free = append(f.free, index[k])
			}
			continue
		}
		i := e.hash >> 32 & (frequentSlots - 1)
		for f.slots[i].count != 0 {
			i = (i + 1) & (frequentSlots - 1)
		}
		f.slots[i] = counted{e.hash, e.count - by}
		if index != nil {
			f.index[i] = index[k]
		}
		f.n++
	}
}

// merge adds another table: what both may have missed adds up.
func (f *frequent) merge(o *frequent) {
	for _, r := range o.top() {
		f.add(r.hash, r.count, r.text)
	}
	f.lost += o.lost
}

// ranked is an entry with its text, which is nil where none was kept.
type ranked struct {
	counted

	text []byte
}

// top returns the entries, those with the highest counts first.
func (f *frequent) top() []ranked {
	var all []ranked
	for i, e := range f.slots {
		if e.count == 0 {
			continue
		}
		r := ranked{counted: e}
		if f.index != nil && f.index[i] != 0 {
			r.text = f.texts[f.index[i]-1]
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b ranked) int { return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.hash, b.hash)) })
	return all
}

// count is how often a key was counted at least.
func (f *frequent) count(hash uint64) uint64 {
	i := hash >> 32 & (frequentSlots - 1)
	for f.slots[i].count != 0 && f.slots[i].hash != hash {
		i = (i + 1) & (frequentSlots - 1)
	}
	return f.slots[i].count
}

// frequentSlots is the size of every table: it holds 512 keys.
const frequentSlots = 1024

// newFrequent makes a table, of names if texts.
func newFrequent(texts bool) *frequent {
	f := &frequent{slots: make([]counted, frequentSlots), spare: make([]counted, frequentSlots)}
	if texts {
		f.index = make([]int32, frequentSlots)
	}
	return f
}
