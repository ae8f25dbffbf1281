package rpsl

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/opskit-go/opskit"
)

// ErrTooLong is matched by the error of [Read] when one object is larger than
// the limit: a dump without blank lines is not a dump of objects.
var ErrTooLong = opskit.Sentinel("whois_object_too_long", "object too long")

// Object is a run of lines between blank lines that has at least one
// attribute. Its zero value is an object without attributes.
type Object struct {
	Line int    // number of the first line, from 1
	Text []byte // its lines, comments included
}

// Attr is one attribute of an object. A continuation line (RFC 2622 section
// 2: it starts with a space, a tab or '+') is an Attr of the same name with
// Continued set, so that nothing has to be copied to join them.
type Attr struct {
	Line      int    // number in the text that the object came from, from 1
	Name      []byte // as written
	Value     []byte // without surrounding blanks
	Continued bool   // the value goes over more lines than one
}

// Attributes yields the attributes in their order, without comments. Names
// keep their case; RFC 2622 compares them without it.
func (o Object) Attributes() iter.Seq[Attr] {
	return func(yield func(Attr) bool) {
		s := NewScanner(o.Text)
		var name []byte
		for s.Next() {
			l := s.Line()
			a := Attr{Line: o.Line + l.Number - 1}
			switch {
			case l.Kind == KindBlank || l.Kind == KindComment:
				continue
			case l.Indent > 0 || o.Text[l.Body.From] == '+':
				if name == nil {
					continue
				}
				body := l.Body
				if o.Text[body.From] == '+' {
					body = trim(o.Text, body.From+1, body.To)
				}
				a.Name, a.Value, a.Continued = name, body.Of(o.Text), true
			case l.Kind == KindAttribute:
				name = l.Name.Of(o.Text)
				a.Name, a.Value = name, l.Value.Of(o.Text)
			default:
				continue
			}
			if !yield(a) {
				return
			}
		}
	}
}

// Class returns the name of the first attribute, which is the class of an
// RPSL object: "inetnum", "aut-num", "route". Empty if there is none.
func (o Object) Class() []byte {
	for a := range o.Attributes() {
		return a.Name
	}
	return nil
}

// Get returns the value of the first attribute with that name, compared
// without case; nil if there is none. Continuation lines are not joined.
func (o Object) Get(name string) []byte {
	for a := range o.Attributes() {
		if len(a.Name) == len(name) && bytes.EqualFold(a.Name, []byte(name)) {
			return a.Value
		}
	}
	return nil
}

// Objects yields the objects of data in their order. The objects point into
// data. Comments between objects are skipped.
func Objects(data []byte) iter.Seq[Object] {
	return func(yield func(Object) bool) {
		s := NewScanner(data)
		var o Object
		from, to, attrs := 0, 0, false
		for s.Next() {
			l := s.Line()
			switch l.Kind {
			case KindBlank:
				if attrs {
					o.Text = data[from:to]
					if !yield(o) {
						return
					}
				}
				o, attrs = Object{}, false
				continue
			case KindComment:
				if o.Line == 0 {
					continue
				}
			case KindAttribute:
				attrs = true
			}
			if o.Line == 0 {
				o.Line, from = l.Number, l.Body.From-l.Indent
			}
			to = l.Body.To
		}
		if attrs {
			o.Text = data[from:to]
			yield(o)
		}
	}
}

// Read yields the objects of a dump that is too large to hold. Each object is
// valid until the next one is asked for. Objects longer than limit bytes (0:
// 1 MiB) end the iteration with an error that matches [ErrTooLong]; a read
// error ends it with that error. It reads no further when the range is left.
func Read(r io.Reader, limit int) iter.Seq2[Object, error] {
	if limit <= 0 {
		limit = 1 << 20
	}
	return func(yield func(Object, error) bool) {
		br := bufio.NewReaderSize(r, 64<<10)
		var text []byte
		number, first := 0, 1
		flush := func() bool {
			for o := range Objects(text) {
				o.Line += first - 1
				if !yield(o, nil) {
					return false
				}
			}
			text = text[:0]
			first = number + 1
			return true
		}
		for {
			chunk, err := br.ReadSlice('\n')
			text = append(text, chunk...)
			if len(text) > limit {
				yield(Object{}, fmt.Errorf("read dump: line %d: %w: more than %d bytes", first, ErrTooLong, limit))
				return
			}
			if errors.Is(err, bufio.ErrBufferFull) {
				continue
			}
			number++
			if err != nil {
				if flush() && !errors.Is(err, io.EOF) {
					yield(Object{}, fmt.Errorf("read dump: line %d: %w", number, err))
				}
				return
			}
			if len(bytes.TrimSpace(chunk)) == 0 && !flush() {
				return
			}
		}
	}
}
