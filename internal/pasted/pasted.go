package pasted

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"regexp"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Kind is a kind of change, in words: "no-break space read as a space".
type Kind string

// What Clean changes.
const (
	UTF16     Kind = "UTF-16 read as UTF-8"
	Mark      Kind = "byte order mark left out"
	LineEnd   Kind = "line end of another system read as a line feed"
	Space     Kind = "no-break or typographic space read as a space"
	Unseen    Kind = "character without width left out"
	Quote     Kind = "typographic quote read as a plain one"
	Hyphen    Kind = "typographic hyphen or dash read as a plain one"
	Colour    Kind = "terminal's control sequence left out"
	Prompt    Kind = "line of a terminal's prompt left out"
	Quotation Kind = "mark of a quotation in a mail left out"
)

// Change is what was changed, how often, and on which line first.
type Change struct {
	Kind  Kind
	Count int
	Line  int // from 1
}

// String returns "line 3: no-break space read as a space (12 times)".
func (c Change) String() string {
	text := fmt.Sprintf("line %d: %s", c.Line, c.Kind)
	if c.Count > 1 {
		text += fmt.Sprintf(" (%d times)", c.Count)
	}
	return text
}

// Clean returns the text that was pasted, and what had to be changed for it.
// Text without such things is returned itself, and raw is never written to. Line
// n of the one is line n of the other: what is left out as a whole leaves an empty
// line. Clean of clean text changes nothing.
func Clean(raw []byte) (clean []byte, changes []Change) {
	c := cleaner{}
	text := raw
	if decoded, ok := fromUTF16(raw); ok {
		text = decoded
		c.note(UTF16, 1)
	} else if bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")) {
		text = raw[3:]
		c.note(Mark, 1)
	}
	end := byte('\n')
	if bytes.IndexByte(text, '\n') < 0 && bytes.IndexByte(text, '\r') >= 0 {
		end = '\r'
	}
	c.foreign = !utf8.Valid(text)
	if !plain(text) || bytes.IndexByte(text, '\r') >= 0 {
		text = c.lines(text, end, c.characters)
	}
	for before := -1; before != c.changed; {
		before = c.changed
		if commands(text) {
			text = c.lines(text, '\n', c.prompts)
		}
		if quotation(text) {
			text = c.lines(text, '\n', c.quotations)
		}
	}
	if c.changed == 0 {
		return raw, nil
	}
	return text, c.changes
}

type cleaner struct {
	out     []byte
	changes []Change
	changed int
	foreign bool // not UTF-8
}

func (c *cleaner) note(kind Kind, line int) {
	c.changed++
	for i := range c.changes {
		if c.changes[i].Kind == kind {
			c.changes[i].Count++
			c.changes[i].Line = min(c.changes[i].Line, line)
			return
		}
	}
	c.changes = append(c.changes, Change{kind, 1, line})
}

// lines gives each line to mend, which appends what it makes of it to c.out.
func (c *cleaner) lines(text []byte, end byte, mend func(line []byte, number int)) []byte {
	c.out = make([]byte, 0, len(text))
	for number := 1; len(text) > 0; number++ {
		line, rest, more := bytes.Cut(text, []byte{end})
		mend(line, number)
		if text = rest; more {
			c.out = append(c.out, '\n')
			if end != '\n' {
				c.note(LineEnd, number)
			}
		}
	}
	return c.out
}

// commands tells whether a line of the text is one of a terminal's own.
func commands(text []byte) bool {
	for line := range bytes.Lines(text) {
		if _, ok := Command(line); ok {
			return true
		}
	}
	return false
}

func (c *cleaner) prompts(line []byte, number int) {
	if _, ok := Command(line); ok {
		c.note(Prompt, number)
		return
	}
	c.out = append(c.out, line...)
}

func (c *cleaner) quotations(line []byte, number int) {
	if rest, ok := bytes.CutPrefix(line, []byte(">")); ok {
		c.note(Quotation, number)
		line = bytes.TrimPrefix(rest, []byte(" "))
	}
	c.out = append(c.out, line...)
}

func (c *cleaner) characters(line []byte, number int) {
	start := len(c.out)
	if plain(line) {
		c.out = append(c.out, line...)
	} else {
		c.runes(line, number)
	}
	if n := len(c.out); n > start && c.out[n-1] == '\r' {
		c.note(LineEnd, number)
		for n > start && c.out[n-1] == '\r' {
			n--
		}
		c.out = c.out[:n]
	}
}

func plain(line []byte) bool {
	for _, b := range line {
		if b >= utf8.RuneSelf || b == '\x1b' {
			return false
		}
	}
	return true
}

func (c *cleaner) runes(line []byte, number int) {
	before := rune(' ')
	for i := 0; i < len(line); {
		if n := controlSequence(line[i:]); n > 0 {
			c.note(Colour, number)
			i += n
			continue
		}
		r, size := utf8.DecodeRune(line[i:])
		if r == utf8.RuneError && size == 1 && c.foreign {
			r = singleByte(line[i])
		}
		after, _ := utf8.DecodeRune(line[i+size:])
		kind, as := standsFor(r, before, after)
		switch {
		case kind == "":
			c.out = append(c.out, line[i:i+size]...)
			before = r
		case as != 0:
			c.out = append(c.out, as)
			before = rune(as)
		}
		if kind != "" {
			c.note(kind, number)
		}
		i += size
	}
}

// standsFor tells what a character was before a page was set with it: a byte, or
// nothing at all (0); no kind if it stands for itself.
func standsFor(r, before, after rune) (Kind, byte) {
	switch {
	case r < utf8.RuneSelf:
	case r == 0xA0, r == 0x1680, r >= 0x2000 && r <= 0x200A, r == 0x202F, r == 0x205F:
		return Space, ' '
	case r == 0x200C, r == 0x200D: // joiners mean something inside Persian or Indic words
		if !joins(before) || !joins(after) {
			return Unseen, 0
		}
	case r == 0xAD, r == 0x200B, r == 0x200E, r == 0x200F, r >= 0x202A && r <= 0x202E,
		r >= 0x2060 && r <= 0x2064, r >= 0x2066 && r <= 0x2069, r == 0xFEFF:
		return Unseen, 0
	case r == 0x2018, r == 0x2019, r == 0x201A, r == 0x201B:
		return Quote, '\''
	case r == 0x201C, r == 0x201D, r == 0x201E, r == 0x201F:
		return Quote, '"'
	case r == 0x2010, r == 0x2011, r == 0x2012, r == 0x2013, r == 0x2212:
		return Hyphen, '-'
	}
	return "", 0
}

func joins(r rune) bool { return r >= 0x600 && (unicode.IsLetter(r) || unicode.IsMark(r)) }

// singleByte is what a byte that is no UTF-8 is in Latin-1 and in Windows-1252,
// as far as Clean looks at it.
func singleByte(b byte) rune {
	switch b {
	case 0x91, 0x92:
		return 0x2019
	case 0x93, 0x94:
		return 0x201D
	case 0xA0:
		return 0xA0
	}
	return utf8.RuneError
}

// sequence is what follows ESC in ECMA-48 (section 5.4, CSI) and in xterm's titles.
var sequence = regexp.MustCompile("^\x1b(?:\\[[0-?]*[ -/]*[@-~]|\\][^\a\x1b]*(?:\a|\x1b\\\\))")

// controlSequence returns the length of the escape sequence that text begins with,
// 0 for none.
func controlSequence(text []byte) int {
	if text[0] != '\x1b' {
		return 0
	}
	if m := sequence.Find(text); m != nil {
		return len(m)
	}
	return 1
}

// quotation tells whether every line is quoted as mails are: "> line". One line
// is no quotation, and neither are the ">>>" of a registry's last line.
func quotation(text []byte) bool {
	quoted := 0
	for line := range bytes.Lines(text) {
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if line[0] != '>' {
			return false
		}
		quoted++
	}
	return quoted > 1
}

func fromUTF16(raw []byte) ([]byte, bool) {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(raw, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(raw, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return nil, false
	}
	var units []uint16
	for rest := raw[2:]; len(rest) >= 2; rest = rest[2:] {
		units = append(units, order.Uint16(rest))
	}
	return []byte(string(utf16.Decode(units))), true
}
