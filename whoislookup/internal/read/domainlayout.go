package read

import (
	"strings"

	"github.com/opskit-go/opskit/whoislookup/internal/labels"
	"github.com/opskit-go/opskit/whoislookup/internal/lex"
	"github.com/opskit-go/opskit/whoislookup/rpsl"
)

// dotted reads "Nom de domaine#. . . . . example.dz": dots where others have a
// colon.
func (d *domainReader) dotted(e *entry, p *Part) bool {
	v := d.in(e.value)
	i := dots(v)
	if i <= 0 { // or two blanks: "Domain-name         example.sk"
		if i = twoBlanks(v); i <= 0 {
			if i = strings.IndexByte(v, '\t'); i <= 0 { // or a tab
				if i = strings.IndexByte(v, '='); i <= 0 || v[i-1] != ' ' {
					return d.sentence(e, v)
				}
			}
		}
	}
	end := i
	for end < len(v) && strings.IndexByte(". \t|=", v[end]) >= 0 {
		end++
	}
	split := *e
	split.kind, split.tag = rpsl.KindAttribute, ':'
	split.name = d.trim(span{e.value.from, e.value.from + int32(i)})
	for !split.name.empty() && strings.IndexByte("# .", d.reader.text[split.name.to-1]) >= 0 {
		split.name.to--
	}
	if j := twoBlanks(v[end:]); v[i] == ' ' && j > 0 && j < labels.Max { // "Domain  name    example.md"
		longer := d.trim(span{e.value.from, e.value.from + int32(end+j)})
		if _, at := labels.Of(labels.Canon(d.key[:0], d.lower(longer))); at != labels.None && at < labels.Name {
			for end += j; end < len(v) && v[end] == ' '; {
				end++
			}
			split.name = longer
		}
	}
	split.value = span{e.value.from + int32(end), e.value.to}
	if split.name.empty() {
		return false
	}
	if lex.IsHost(d.lower(split.name)) {
		return false
	}
	ro, at := d.label(split.name)
	leader := strings.ContainsAny(v[i:end], ".|=\t") && (v[i] != '\t' || e.indent == 0)
	if ro == labels.NoRole && (at == labels.None || at >= labels.Name && !leader) || at == labels.Self && !leader && (end-i < 4 || d.section != labels.NoRole || d.d.Name == "") {
		return false
	}
	d.line(&split, p)
	return true
}

// dots returns where the first "..." or ". . ." starts, or -1.
func dots(v string) int {
	first := strings.IndexByte(v, '.')
	if first < 0 {
		return -1
	}
	for i := first; i+2 < len(v); i++ {
		if v[i] == '.' && (v[i+1] == '.' && v[i+2] == '.' || strings.HasPrefix(v[i+1:], " . .")) {
			return i
		}
	}
	return -1
}

// twoBlanks returns where the first "  " starts, or -1. strings.Index is slow
// at it: it stops at every blank.
func twoBlanks(v string) int {
	for i := range len(v) - 1 {
		if v[i] == ' ' && v[i+1] == ' ' {
			return i
		}
	}
	return -1
}

// sentence reads "Domain EXAMPLE.KG (ACTIVE)".
func (d *domainReader) sentence(e *entry, v string) bool {
	low := d.lower(e.value)
	if d.d.Name != "" {
		return false
	}
	for _, start := range [...]string{"information about '", "informations about '"} {
		if name, ok := strings.CutPrefix(low, start); ok { // "Informations about 'example.pf' :"
			end := strings.IndexByte(name, '\'')
			if end < 0 || !lex.IsHost(name[:end]) {
				return false
			}
			n := *e
			n.value = span{e.value.from + int32(len(start)), e.value.from + int32(len(start)+end)}
			d.name(&n)
			return true
		}
	}
	rest, ok := strings.CutPrefix(low, "domain ")
	if !ok {
		return false
	}
	name, after, _ := strings.Cut(rest, " ")
	if name = strings.TrimRight(name, ".:"); !lex.IsHost(name) || strings.IndexByte(name, '.') < 0 || after != "" && after[0] != '(' {
		return false
	}
	n := *e
	n.value = span{e.value.from + 7, e.value.from + 7 + int32(len(name))}
	d.name(&n)
	if len(after) > 2 && after[len(after)-1] == ')' {
		n.value = span{n.value.to + 2, e.value.to - 1}
		d.statusLine(&n)
	}
	return true
}

// phrase reads a date in a sentence: "Record created on 22-Apr-2003".
func (d *domainReader) phrase(e *entry, low string, p *Part) bool {
	if e.indent == 0 && d.blank && strings.HasPrefix(low, "last updated on ") {
		return false // the registry's database, not the domain
	}
	head := low
	if len(low) > labels.Max && strings.IndexByte(low, '(') < 0 {
		head = low[:labels.Max] // what is longer is no label, but for what stands in brackets
	}
	for _, mark := range [...]string{" on ", " at ", " until "} {
		i := strings.Index(head, mark)
		if i <= 0 {
			continue
		}
		end := i + len(mark)
		_, at := labels.Of(labels.Canon(d.key[:0], low[:end]))
		if at == labels.None && mark == " at " { // "Record last updated at"
			_, at = labels.Of(labels.Canon(d.key[:0], low[:i]))
		}
		if at == labels.Created || at == labels.Updated || at == labels.Expires {
			if d.dateBehind(e, end, at, p) {
				return true
			}
		}
	}
	// "Record last updated 01-20-2011"
	if i := strings.IndexAny(head, "0123456789"); i > 1 && head[i-1] == ' ' && strings.HasPrefix(head, "record ") {
		if _, at := labels.Of(labels.Canon(d.key[:0], low[:i])); at == labels.Created || at == labels.Updated || at == labels.Expires {
			return d.dateBehind(e, i, at, p)
		}
	}
	return false
}

// dateBehind reads what stands from byte i of a line on, if that is a date.
func (d *domainReader) dateBehind(e *entry, i int, at labels.Attr, p *Part) bool {
	v := *e
	v.value = d.trim(span{e.value.from + int32(i), e.value.to})
	for !v.value.empty() && d.reader.text[v.value.to-1] == '.' {
		v.value.to--
	}
	if _, ok := d.readDate(d.in(v.value), d.lower(v.value)); !ok {
		return false
	}
	d.domainField(&v, at, p)
	return true
}
