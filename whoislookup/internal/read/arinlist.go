package read

import (
	"slices"
	"strings"

	"github.com/opskit-go/opskit/whoislookup/answer"
	"github.com/opskit-go/opskit/whoislookup/rpsl"
)

// listed is one network of a list of ARIN's.
type listed struct {
	text   entry // the whole line
	handle span
	about  answer.Range
	line   int32 // of the range
}

// arinList reads the list that ARIN gives instead of records when several
// networks hold an address: "Holder NETNAME (NET-192-0-2-0-1) 192.0.2.0 -
// 192.0.2.255", one a line, in no order. The most specific one counts.
func (r *reader) arinList() bool {
	var best, parent listed
	for i := range r.ents {
		l, ok := r.arinListed(i)
		switch {
		case !ok || !r.wanted(l.about):
		case !best.about.IsValid() || l.about.Smaller(best.about):
			parent, best = best, l
		case l.about != best.about && (!parent.about.IsValid() || l.about.Smaller(parent.about)):
			parent = l
		}
	}
	if !best.about.IsValid() {
		return false
	}
	n := &answer.Network{Range: best.about, Prefixes: slices.Collect(best.about.Prefixes())}
	r.rec.Network = n
	r.note("network.range", 0, best.line)
	from := best.text.value.from
	part := func(from, to int32) *entry {
		return &entry{line: best.text.line, value: span{from, to}}
	}
	r.set(&n.Handle, "network.handle", part(best.handle.from, best.handle.to))
	label := strings.TrimSpace(r.text[from : best.handle.from-1])
	name := from + int32(strings.LastIndexByte(label, ' ')+1)
	r.set(&n.Name, "network.name", part(name, from+int32(len(label))))
	if name > from && r.set(&r.rec.Holder.Name, "holder.name", part(from, name-1)) {
		r.rec.Holder.From = "list"
	}
	if parent.about.Covers(best.about) {
		n.Parent = parent.about
		r.note("network.parent", 0, parent.line)
	}
	return true
}

// arinListed takes a line of ARIN's list apart. Until 2010 the range stood on
// a line of its own behind it.
func (r *reader) arinListed(i int) (l listed, ok bool) {
	l.text = r.listLine(i)
	text := r.in(l.text.value)
	open := strings.LastIndex(text, " (NET")
	if open < 0 {
		return l, false
	}
	end := strings.IndexByte(text[open:], ')')
	if end < 0 {
		return l, false
	}
	l.handle = span{l.text.value.from + int32(open) + 2, l.text.value.from + int32(open+end)}
	l.line = l.text.line
	rest := text[open+end+1:]
	if rest == "" && i+1 < len(r.ents) && r.ents[i+1].indent > 0 {
		next := r.listLine(i + 1)
		rest, l.line = r.in(next.value), next.line
	}
	l.about, ok = answer.ParseRange(rest)
	return l, ok
}

// listLine returns a line as text: the colons of an IPv6 address make no label.
func (r *reader) listLine(i int) entry {
	if r.ents[i].kind == rpsl.KindAttribute {
		return r.whole(&r.ents[i])
	}
	return r.ents[i]
}
