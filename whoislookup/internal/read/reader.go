package read

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/opskit-go/opskit/whoislookup/answer"
	"github.com/opskit-go/opskit/whoislookup/internal/holder"
	"github.com/opskit-go/opskit/whoislookup/internal/message"
	"github.com/opskit-go/opskit/whoislookup/rpsl"
)

// span is a part of a reader's text.
type span struct{ from, to int32 }

func (s span) empty() bool { return s.from >= s.to }

// entry is one line of an answer.
type entry struct {
	line   int32
	indent int16
	kind   rpsl.Kind
	tag    byte
	name   span // without filling; empty unless kind is rpsl.KindAttribute
	value  span
}

// reader holds one answer while it is read. text and low have the same
// length, so a value found in one can be taken from the other: that is how
// lower-case values cost no allocation of their own.
type reader struct {
	text     string // UTF-8
	low      string // text with A-Z in lower case
	ents     []entry
	sources  []answer.Source
	rec      *Facts
	query    answer.Query
	hop      int
	protocol string
	dates    dateOrder
	heard    bool // said is set
	said     message.Sense
	arena    strings.Builder // what has to be put together: dates, addresses
}

// keep returns a string of the bytes in b. All of one answer share a few
// allocations.
func (r *reader) keep(b []byte) string {
	if r.arena.Cap()-r.arena.Len() < len(b) {
		r.arena = strings.Builder{}
		r.arena.Grow(max(2*len(b), 384))
	}
	from := r.arena.Len()
	r.arena.Write(b)
	return r.arena.String()[from:]
}

func (r *reader) in(s span) string    { return r.text[s.from:s.to] }
func (r *reader) lower(s span) string { return r.low[s.from:s.to] }

// bothCases returns data as it is, and with A-Z lowered and everything else as
// it is, which is done eight bytes at a time.
func bothCases(data []byte) (text, low string) {
	var b strings.Builder
	b.Grow(2 * len(data))
	b.Write(data)
	var chunk [256]byte
	for rest := data; len(rest) > 0; {
		n := copy(chunk[:], rest)
		rest = rest[n:]
		for i := 0; i < n; i += 8 {
			word := binary.LittleEndian.Uint64(chunk[i:])
			low7 := word & 0x7f7f7f7f7f7f7f7f
			pastA := low7 + 0x3f3f3f3f3f3f3f3f // sets the top bit of a byte from 'A' on
			pastZ := low7 + 0x2525252525252525 // and from the one after 'Z' on
			upper := (pastA &^ pastZ) &^ word & 0x8080808080808080
			binary.LittleEndian.PutUint64(chunk[i:], word|upper>>2)
		}
		b.Write(chunk[:n])
	}
	return b.String()[:len(data)], b.String()[len(data):]
}

// scan fills r.ents from data, which has the same bytes as r.text.
func (r *reader) scan(data []byte) {
	s := rpsl.NewScanner(data)
	common := int16(1 << 14) // by which all lines are indented
	for s.Next() {
		l := s.Line()
		e := entry{line: int32(l.Number), indent: int16(min(l.Indent, 1<<14)), kind: l.Kind, tag: l.Tag}
		e.name = span{int32(l.Name.From), int32(l.Name.To)}
		e.value = span{int32(l.Value.From), int32(l.Value.To)}
		if l.Kind != rpsl.KindAttribute {
			e.name = span{}
			e.value = span{int32(l.Body.From), int32(l.Body.To)}
		} else if l.Tag == ':' {
			r.rwhois(&e)
		}
		r.ents = append(r.ents, e)
		if l.Kind != rpsl.KindBlank {
			common = min(common, e.indent)
		}
	}
	if common > 0 {
		r.outdent(common)
	}
}

// outdent takes away what all lines of an answer are indented by, as in a mail
// that quotes it. Comments can be told then.
func (r *reader) outdent(common int16) {
	for i := range r.ents {
		e := &r.ents[i]
		if e.kind == rpsl.KindBlank {
			continue
		}
		e.indent -= common
		body := e.value
		if e.kind == rpsl.KindAttribute {
			body = r.whole(e).value
		}
		if e.indent == 0 && strings.IndexByte("%#;", r.text[body.from]) >= 0 {
			e.kind, e.tag, e.name, e.value = rpsl.KindComment, 0, span{}, body
		}
	}
}

// whole is the line as text, label and all.
func (r *reader) whole(e *entry) entry {
	w := *e
	w.kind = rpsl.KindText
	w.value = span{e.name.from, e.value.to}
	if e.value.empty() { // up to the colon
		end := e.name.to
		for int(end) < len(r.text) && r.text[end] != e.tag {
			end++
		}
		w.value.to = min(end+1, int32(len(r.text)))
	}
	return w
}

// rwhois takes apart "class:Attribute;I:value" of RFC 2167 section 3.1.
func (r *reader) rwhois(e *entry) {
	switch r.lower(e.name) {
	case "network", "contact", "organization", "asn", "autonomous-system":
	default:
		return
	}
	if e.value.from != e.name.to+1 {
		return
	}
	name, _, ok := strings.Cut(r.in(e.value), ":")
	if !ok || name == "" || strings.ContainsAny(name, " \t/") {
		return
	}
	from := e.value.from + int32(len(name)) + 1
	bare, _, _ := strings.Cut(name, ";")
	e.name = span{e.value.from, e.value.from + int32(len(bare))}
	for from < e.value.to && (r.text[from] == ' ' || r.text[from] == '\t') {
		from++
	}
	e.value.from = from
}

// note records where a value stands. A field is noted once.
func (r *reader) note(field string, index int, line int32) {
	noted := r.sources
	for i := range noted {
		if s := &noted[i]; len(s.Field) == len(field) && s.Index == index && s.Field == field {
			return
		}
	}
	r.sources = append(r.sources, answer.Source{Field: field, Index: index, Hop: r.hop, Line: int(line)})
}

// set stores the value of e in dst unless dst has one already, and says so in
// the record: what is withheld goes to Redacted, what is empty to Empty.
func (r *reader) set(dst *string, field string, e *entry) bool {
	if *dst != "" {
		return false
	}
	v := r.in(e.value)
	switch {
	case isNothing(r.lower(e.value)):
		r.list(&r.rec.Empty, field)
		return false
	case isRedacted(r.lower(e.value)):
		r.list(&r.rec.Redacted, field)
		return false
	}
	*dst = v
	r.note(field, 0, e.line)
	return true
}

// addLine appends a line to a text of several lines.
func (r *reader) addLine(dst *string, field string, e *entry) {
	switch v := r.in(e.value); {
	case v == "":
	case *dst == "":
		r.set(dst, field, e)
	default:
		if whole := r.arena.String(); strings.HasSuffix(whole, *dst) && r.arena.Cap()-len(whole) > len(v) {
			r.arena.WriteByte('\n')
			r.arena.WriteString(v)
			*dst = r.arena.String()[len(whole)-len(*dst):]
			return
		}
		var buf [256]byte
		*dst = r.keep(append(append(append(buf[:0], *dst...), '\n'), v...))
	}
}

func (r *reader) list(to *[]string, field string) {
	if !slices.Contains(*to, field) {
		if *to == nil {
			*to = make([]string, 0, 12)
		}
		*to = append(*to, field)
	}
}

// isNothing reports whether a value says that there is none.
func isNothing(value string) bool { return len(value) <= 24 && holder.Nobody(value) }

// isRedacted reports whether a value says that it is withheld.
func isRedacted(value string) bool { return holder.Withheld(value) }

// email returns the address in a value with its host part in lower case, or
// false if the value is no address: RFC 5321 atoms only, as anything else in
// these databases is a mistake.
func (r *reader) email(s span) (string, bool) {
	v := strings.TrimPrefix(r.in(s), "mailto:")
	at := strings.IndexByte(v, '@')
	if at <= 0 || v[0] == '.' || at == len(v)-1 || strings.IndexByte(v[at+1:], '@') >= 0 {
		return "", false
	}
	dot := false
	for i := range len(v) {
		c := v[i]
		switch {
		case c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80 || c == '@':
		case i < at && strings.IndexByte("!#$%&'*+-/=?^_`{|}~.", c) >= 0:
		case i > at && (c == '-' || c == '.'):
			dot = dot || c == '.'
		default:
			return "", false
		}
	}
	if !dot {
		return "", false
	}
	host := v[at+1:]
	low := r.low[int(s.to)-len(host) : s.to]
	if low == host {
		return v, true
	}
	var buf [128]byte
	return r.keep(append(append(buf[:0], v[:at+1]...), low...)), true
}

// firstEmail returns the first address inside free text.
func (r *reader) firstEmail(s span) (string, bool) {
	for from := s.from; from < s.to; {
		to := from
		for to < s.to && strings.IndexByte(" \t,;()<>[]'\"", r.text[to]) < 0 {
			to++
		}
		word := span{from, to}
		for !word.empty() && strings.IndexByte(".:", r.text[word.to-1]) >= 0 {
			word.to--
		}
		if m, ok := r.email(word); ok {
			return m, true
		}
		from = to + 1
	}
	return "", false
}
