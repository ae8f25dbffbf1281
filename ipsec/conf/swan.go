package conf

import "strings"

// parseSwan reads libreswan's and Openswan's syntax: one statement a line,
// sections begin in the first column, their parameters are indented, a value
// with white space stands in double quotes or braces.
func (r *reader) parseSwan(name, text string) {
	r.conf.Files = append(r.conf.Files, name)
	section := -1
	line := 0
	for raw := range strings.SplitSeq(text, "\n") {
		line++
		raw = strings.TrimRight(raw, "\r")
		body := strings.TrimLeft(raw, " \t")
		if body == "" || body[0] == '#' {
			continue
		}
		at := position{name, line}
		if len(body) < len(raw) {
			if section < 0 {
				r.fail(at, "", body, "a parameter outside of any section; begin with a line \"conn NAME\" in the first column")
				continue
			}
			if p, ok := r.swanParam(at, body); ok && !isKey(p.Name) {
				r.conf.Sections[section].Params = append(r.conf.Sections[section].Params, p)
			}
			continue
		}
		next, ok := r.swanHead(at, body)
		if ok && next == nil { // version or include
			section = -1
			continue
		}
		if !ok {
			section = r.orphan(at)
			continue
		}
		r.conf.Sections = append(r.conf.Sections, *next)
		section = len(r.conf.Sections) - 1
	}
}

// swanHead reads a line that begins in the first column. It returns nil and
// true for a line that opens no section.
func (r *reader) swanHead(at position, body string) (*Section, bool) {
	words := strings.FieldsFunc(uncomment(body), isBlank)
	kind := words[0]
	switch {
	case kind == "version":
		return nil, true
	case kind == "include":
		if len(words) != 2 {
			r.fail(at, kind, body, "expected one file name or pattern")
			return nil, false
		}
		r.include(at, strings.Trim(words[1], `"`))
		return nil, true
	case kind == "config" && len(words) == 2 && words[1] == "setup":
		return &Section{Kind: "config", Name: "setup", File: at.file, Line: at.line}, true
	case kind == "conn" && len(words) == 2:
		return &Section{Kind: "conn", Name: strings.Trim(words[1], `"`), File: at.file, Line: at.line}, true
	case kind == "conn":
		r.fail(at, kind, body, "expected one name after conn")
	case kind == "config":
		r.fail(at, kind, body, "expected \"config setup\"")
	case kind == "ca":
		r.fail(at, kind, body, "ca sections exist in strongSwan only")
	case strings.Contains(kind, "=") || len(words) > 1 && strings.HasPrefix(words[1], "="):
		field, _, _ := strings.Cut(kind, "=")
		r.fail(at, field, body, "a parameter in the first column; indent it by white space")
	default:
		r.fail(at, kind, body, "expected config setup, conn NAME, include FILE or an indented parameter")
	}
	return nil, false
}

// swanParam reads one indented line.
func (r *reader) swanParam(at position, body string) (Param, bool) {
	end := strings.IndexAny(body, "= \t\"")
	if end < 0 {
		r.fail(at, clip(body), body, "expected name=value")
		return Param{}, false
	}
	name := strings.ToLower(body[:end])
	rest := strings.TrimLeft(body[end:], " \t")
	if name == "" || rest == "" || rest[0] != '=' {
		r.fail(at, clip(name), body, "expected name=value")
		return Param{}, false
	}
	p := Param{Name: name, File: at.file, Line: at.line}
	rest = strings.TrimLeft(rest[1:], " \t")
	if isComment(name) {
		p.Value = strings.TrimRight(rest, " \t")
		return p, true
	}
	var problem string
	p.Value, rest, problem = swanValue(rest)
	if problem != "" {
		r.fail(at, name, body, problem)
		return Param{}, false
	}
	if rest = strings.TrimLeft(rest, " \t"); rest != "" && rest[0] != '#' {
		r.fail(at, name, rest, "text after the value; put a value with white space in double quotes")
		return Param{}, false
	}
	return p, true
}

// swanValue cuts one value off and returns what follows it.
func swanValue(s string) (value, rest, problem string) {
	switch {
	case s == "":
		return "", s, ""
	case s[0] == '#':
		return "", "", "a value that begins with #, where libreswan sees no comment; a comment stands on a line of its own"
	case s[0] == '"':
		value, rest, found := strings.Cut(s[1:], `"`)
		if !found {
			return "", "", "a double quote that is not closed on this line"
		}
		if rest != "" && !isBlank(rune(rest[0])) {
			return "", "", "text after a closing quote: libreswan takes the quotes for part of the value or refuses the file"
		}
		return value, rest, ""
	case s[0] == '{':
		// Greedy as in the daemons' lexer: the last brace ends the value.
		if end := strings.LastIndexByte(s, '}'); end > 0 {
			if rest := s[end+1:]; rest != "" && !isBlank(rune(rest[0])) {
				return "", "", "text after a closing brace: libreswan takes the braces for part of the value or refuses the file"
			}
			return s[1:end], s[end+1:], ""
		}
		return "", "", "a brace that is not closed on this line"
	}
	end := strings.IndexAny(s, " \t")
	if end < 0 {
		end = len(s)
	}
	if strings.Contains(s[:end], `"`) {
		return "", "", "a double quote inside a value"
	}
	return s[:end], s[end:], ""
}

// isComment reports whether the rest of the line is the value, whatever it
// holds: the parameters reserved for remarks.
func isComment(name string) bool {
	return strings.HasPrefix(name, "x-comment") || strings.HasPrefix(name, "x_comment")
}

// uncomment cuts a comment off a line that opens a section.
func uncomment(s string) string {
	for i := 1; i < len(s); i++ {
		if s[i] == '#' && (s[i-1] == ' ' || s[i-1] == '\t') {
			return s[:i]
		}
	}
	return s
}

// isBlank knows the white space of the syntax: no other separates words.
func isBlank(r rune) bool { return r == ' ' || r == '\t' }
