package rpsl

import "bytes"

// Kind says what a line is, by its form alone.
type Kind uint8

// The forms of a line.
const (
	KindBlank     Kind = iota // nothing but spaces and tabs
	KindComment               // starts with '%', '#' or ';' in the first column
	KindAttribute             // has a label: "name: value", "name....: value" or "[name] value"
	KindText                  // anything else, such as a continuation or a sentence
)

// Span is a part of the scanned text: data[From:To].
type Span struct {
	From int // offset of the first byte
	To   int // offset behind the last one
}

// Of returns the part of data that s stands for.
func (s Span) Of(data []byte) []byte { return data[s.From:s.To] }

// Len returns the number of bytes in s.
func (s Span) Len() int { return s.To - s.From }

// Line is one line, as offsets into the scanned text.
type Line struct {
	Number int  // from 1; "\n", "\r\n" and "\r\r\n" end a line
	Indent int  // bytes of leading space, a tab counting as one
	Kind   Kind // by form
	Body   Span // the whole line without surrounding blanks
	Name   Span // the label of an Attribute, else empty
	Value  Span // what follows the label, without surrounding blanks; may be empty
	Tag    byte // ':' or ']' for an Attribute, else 0
}

// Scanner walks over the lines of a text. The zero value scans nothing. It
// allocates nothing and is not safe for concurrent use.
type Scanner struct {
	data []byte
	pos  int
	line Line
}

// NewScanner returns a scanner of data, which it keeps and never changes. A
// byte order mark at the start is skipped.
func NewScanner(data []byte) Scanner {
	s := Scanner{data: data}
	if bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		s.pos = 3
	}
	return s
}

// Next moves to the next line and reports whether there is one. A last line
// without a line break counts.
func (s *Scanner) Next() bool {
	if s.pos >= len(s.data) {
		return false
	}
	start, end := s.pos, len(s.data)
	if i := bytes.IndexByte(s.data[start:], '\n'); i >= 0 {
		end = start + i
		s.pos = end + 1
	} else {
		s.pos = end
	}
	s.line = Line{Number: s.line.Number + 1}
	s.line.parse(s.data, start, end)
	return true
}

// Line returns the line that the last call of Next moved to.
func (s *Scanner) Line() Line { return s.line }

func blank(c byte) bool {
	return c <= ' ' && (c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f' || c == 0)
}

func trim(data []byte, from, to int) Span {
	for from < to && blank(data[from]) {
		from++
	}
	for to > from && blank(data[to-1]) {
		to--
	}
	return Span{from, to}
}

// parse fills l, which has its number only, from data[start:end].
func (l *Line) parse(data []byte, start, end int) {
	body := trim(data, start, end)
	l.Body = body
	if body.Len() == 0 {
		return
	}
	l.Indent = body.From - start
	first := data[body.From]
	if l.Indent == 0 && (first == '%' || first == '#' || first == ';') {
		l.Kind = KindComment
		return
	}
	l.Kind = KindText
	if open := bracket(data, body); open >= 0 {
		if i := bytes.IndexByte(data[open:body.To], ']'); i > 1 {
			l.Kind, l.Tag = KindAttribute, ']'
			l.Name = trim(data, open+1, open+i)
			l.Value = trim(data, open+i+1, body.To)
			return
		}
	}
	colon := bytes.IndexByte(data[body.From:body.To], ':')
	if colon <= 0 {
		return
	}
	name := Span{body.From, body.From + colon}
	for name.To > name.From && (blank(data[name.To-1]) || data[name.To-1] == '.') {
		name.To--
	}
	if name.Len() == 0 || bytes.HasPrefix(data[body.From+colon:body.To], []byte("://")) {
		return
	}
	l.Kind, l.Tag = KindAttribute, ':'
	l.Name = name
	l.Value = trim(data, body.From+colon+1, body.To)
}

// bracket returns where the '[' of a label stands: "[Name]" or "a. [Name]" or
// "a [Name]", the forms that JPNIC, JPRS and MYNIC write. -1 if there is none.
func bracket(data []byte, body Span) int {
	b := body.Of(data)
	if b[0] == '[' {
		return body.From
	}
	if len(b) < 4 || b[0] < 'a' || b[0] > 'z' {
		return -1
	}
	i := 1
	if b[i] == '.' {
		i++
	}
	if b[i] == ' ' && b[i+1] == '[' {
		return body.From + i + 1
	}
	return -1
}
