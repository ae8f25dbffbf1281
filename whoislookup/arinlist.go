package whoislookup

import (
	"strings"

	"github.com/opskit-go/opskit/whoislookup/rpsl"
)

// arinList reads the list that ARIN gives instead of records when several
// networks hold an address: "Holder NETNAME (NET-192-0-2-0-1) 192.0.2.0 -
// 192.0.2.255", one a line, in no order. The most specific one counts.
func (r *reader) arinList() bool {
	var best, parent *entry
	var bestRange, parentRange Range
	for i := range r.ents {
		e := &r.ents[i]
		if e.kind != rpsl.Text {
			continue
		}
		_, got, ok := r.arinListed(e)
		switch {
		case !ok || !r.wanted(got):
		case best == nil || got.smaller(bestRange):
			parent, parentRange = best, bestRange
			best, bestRange = e, got
		case got != bestRange && (parent == nil || got.smaller(parentRange)):
			parent, parentRange = e, got
		}
	}
	if best == nil {
		return false
	}
	n := &Network{Range: bestRange, Prefixes: bestRange.prefixes()}
	r.rec.Network = n
	r.note("network.range", 0, best.line)
	at, _, _ := r.arinListed(best)
	part := func(from, to int32) *entry {
		return &entry{line: best.line, value: span{from, to}}
	}
	r.set(&n.Handle, "network.handle", part(at.from, at.to))
	label := strings.TrimSpace(r.text[best.value.from : at.from-1])
	name := best.value.from + int32(strings.LastIndexByte(label, ' ')+1)
	r.set(&n.Name, "network.name", part(name, best.value.from+int32(len(label))))
	if name > best.value.from && r.set(&r.rec.Holder.Name, "holder.name", part(best.value.from, name-1)) {
		r.rec.Holder.From = "list"
	}
	if parent != nil && parentRange.Covers(bestRange) {
		n.Parent = parentRange
		r.note("network.parent", 0, parent.line)
	}
	return true
}

// arinListed finds the handle and the range in a line of ARIN's list.
func (r *reader) arinListed(e *entry) (handle span, got Range, ok bool) {
	text := r.in(e.value)
	open := strings.LastIndex(text, " (NET")
	if open < 0 {
		return span{}, Range{}, false
	}
	end := strings.IndexByte(text[open:], ')')
	if end < 0 {
		return span{}, Range{}, false
	}
	got, ok = parseRange(text[open+end+1:])
	return span{e.value.from + int32(open) + 2, e.value.from + int32(open+end)}, got, ok
}
