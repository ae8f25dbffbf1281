package conf

import "strings"

// parseStrong reads the syntax of strongSwan's starter: as libreswan's, but '#'
// begins a comment anywhere outside of quotes, unquoted values may hold single
// spaces, and a quoted string knows escapes and may span lines.
func (r *reader) parseStrong(name, text string) {
	r.conf.Files = append(r.conf.Files, name)
	s := scanner{text: text, line: 1}
	section := -1
	for !s.done() {
		at := position{name, s.line}
		indented := s.skipSpace()
		if s.atEOL() {
			s.skipLine()
			continue
		}
		begin := s.pos
		words, problem := s.words()
		read := clip(s.text[begin:s.pos])
		s.skipLine()
		switch {
		case problem != "":
			field := ""
			if len(words) > 0 {
				field = words[0].text
			}
			r.fail(at, clip(field), read, problem)
		case words[0].text == "version" && !words[0].quoted:
		case words[0].text == "include" && !words[0].quoted && len(words) == 2:
			r.include(at, words[1].text)
		case indented:
			if section < 0 {
				r.fail(at, "", read, "a parameter outside of any section; begin with a line \"conn NAME\" in the first column")
				continue
			}
			if p, ok := r.strongParam(at, words, read); ok && !isKey(p.Name) {
				r.conf.Sections[section].Params = append(r.conf.Sections[section].Params, p)
			}
		default:
			sec, ok := r.strongHead(at, words, read)
			if !ok {
				section = r.orphan(at)
				continue
			}
			r.conf.Sections = append(r.conf.Sections, sec)
			section = len(r.conf.Sections) - 1
		}
	}
}

func (r *reader) strongHead(at position, words []word, read string) (Section, bool) {
	kind := words[0].text
	sec := Section{Kind: kind, File: at.file, Line: at.line}
	switch {
	case kind == "config" && len(words) == 2 && words[1].text == "setup":
		sec.Name = "setup"
		return sec, true
	case (kind == "conn" || kind == "ca") && len(words) == 2 && words[1].text != "":
		sec.Name = words[1].text
		return sec, true
	case kind == "conn" || kind == "ca":
		r.fail(at, kind, read, "expected one name after "+kind)
	case len(words) > 1 && words[1].equals:
		r.fail(at, kind, read, "a parameter in the first column; indent it by white space")
	default:
		r.fail(at, clip(kind), read, "expected config setup, conn NAME, ca NAME, include FILE or an indented parameter")
	}
	return sec, false
}

func (r *reader) strongParam(at position, words []word, read string) (Param, bool) {
	if len(words) < 2 || !words[1].equals || words[0].text == "" || words[0].equals {
		r.fail(at, clip(words[0].text), read, "expected name=value")
		return Param{}, false
	}
	values := make([]string, 0, len(words)-2)
	for _, w := range words[2:] {
		if w.equals {
			r.fail(at, words[0].text, read, "'=' inside a value; put the value in double quotes")
			return Param{}, false
		}
		values = append(values, w.text)
	}
	name := strings.ToLower(words[0].text)
	return Param{Name: name, Value: strings.Join(values, " "), File: at.file, Line: at.line}, true
}

// word is one token of a statement.
type word struct {
	text   string
	quoted bool
	equals bool // the token '='
}

// scanner walks through a text and counts lines.
type scanner struct {
	text string
	pos  int
	line int
}

func (s *scanner) done() bool { return s.pos >= len(s.text) }

func (s *scanner) atEOL() bool {
	return s.done() || s.text[s.pos] == '\n' || s.text[s.pos] == '#' ||
		s.text[s.pos] == '\r' && (s.pos+1 == len(s.text) || s.text[s.pos+1] == '\n')
}

func (s *scanner) skipSpace() bool {
	begin := s.pos
	for !s.done() && (s.text[s.pos] == ' ' || s.text[s.pos] == '\t') {
		s.pos++
	}
	return s.pos > begin
}

// skipLine moves behind the next line end.
func (s *scanner) skipLine() {
	for !s.done() {
		s.pos++
		if s.text[s.pos-1] == '\n' {
			s.line++
			return
		}
	}
}

// words reads the tokens up to the end of the statement. With a problem it
// returns the tokens before it.
func (s *scanner) words() ([]word, string) {
	var words []word
	for !s.atEOL() {
		switch c := s.text[s.pos]; c {
		case '=':
			s.pos++
			words = append(words, word{text: "=", equals: true})
		case '"':
			text, ok := s.quoted()
			if !ok {
				return words, "a double quote that is not closed"
			}
			words = append(words, word{text: text, quoted: true})
		default:
			begin := s.pos
			if strings.HasPrefix(s.text[s.pos:], "@#") { // a key ID, not a comment
				s.pos += 2
			}
			for !s.atEOL() && !strings.ContainsRune("\"= \t", rune(s.text[s.pos])) {
				s.pos++
			}
			words = append(words, word{text: s.text[begin:s.pos]})
		}
		s.skipSpace()
	}
	return words, ""
}

// quoted reads a string from its opening to its closing quote.
func (s *scanner) quoted() (string, bool) {
	var b strings.Builder
	for s.pos++; !s.done(); s.pos++ {
		c := s.text[s.pos]
		switch {
		case c == '"':
			s.pos++
			return b.String(), true
		case c == '\n':
			s.line++
			b.WriteByte(c)
		case c == '\\' && s.pos+1 < len(s.text):
			s.pos++
			s.escape(&b)
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}

// escape reads what stands behind a backslash.
func (s *scanner) escape(b *strings.Builder) {
	switch c := s.text[s.pos]; {
	case c == 'n':
		b.WriteByte('\n')
	case c == 'r':
		b.WriteByte('\r')
	case c == 't':
		b.WriteByte('\t')
	case c == 'b':
		b.WriteByte('\b')
	case c == 'f':
		b.WriteByte('\f')
	case c == '\n': // joins two lines
		s.line++
	case c == '\r' && s.pos+1 < len(s.text) && s.text[s.pos+1] == '\n':
		s.pos++
		s.line++
	default:
		b.WriteByte(c)
	}
}
