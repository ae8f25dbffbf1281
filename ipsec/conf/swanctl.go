package conf

import (
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
)

// block is a section of swanctl.conf.
type block struct {
	name   string
	at     position
	refs   []string // sections whose settings it takes over, by their whole names
	params []Param
	blocks []*block
}

func (b *block) child(name string) *block {
	for _, c := range b.blocks {
		if c.name == name {
			return c
		}
	}
	return nil
}

// get is a setting that is not empty; the later of two stands.
func (b *block) get(name string) Param {
	for _, p := range slices.Backward(b.params) {
		if p.Name == name {
			return p
		}
	}
	return Param{}
}

// parseSwanctl reads swanctl.conf(5): sections in braces, settings to the end of
// the line, templates named behind a colon, include lines anywhere. Each child of
// each connection becomes a section of its own, in the words of ipsec.conf. Keys
// are not kept.
func (r *reader) parseSwanctl(name, text string) {
	root := &block{}
	r.blocks(name, text, root)
	connections := root.child("connections")
	if connections == nil {
		return
	}
	seen := map[string]bool{}
	for _, c := range connections.blocks {
		r.swanctlConn(root, c, seen)
	}
}

// blocks reads one file into a section.
func (r *reader) blocks(name, text string, root *block) {
	r.conf.Files = append(r.conf.Files, name)
	s := scanner{text: text, line: 1}
	open := []*block{root}
	for {
		s.skipBlank()
		if s.done() {
			break
		}
		at, top := position{name, s.line}, open[len(open)-1]
		if s.text[s.pos] == '}' {
			s.pos++
			if len(open) == 1 {
				r.fail(at, "", "}", "a brace that closes nothing")
				continue
			}
			open = open[:len(open)-1]
			continue
		}
		word := s.setting(" \t\r\n={}:#\"")
		s.skipInline()
		switch c := s.peek(); {
		case c == '=':
			s.pos++
			p := Param{Name: word, Value: s.value(), File: name, Line: at.line}
			if !isKey(word) {
				top.params = append(top.params, p)
			}
		case c == '{', c == ':', c == '\n' && s.opens():
			next := top.child(word)
			if next == nil {
				next = &block{name: word, at: at}
				top.blocks = append(top.blocks, next)
			}
			if c == ':' {
				s.pos++
				for ref := range strings.SplitSeq(s.setting("{\n#"), ",") {
					next.refs = append(next.refs, strings.TrimSpace(ref))
				}
			}
			s.skipBlank()
			if s.peek() != '{' {
				r.fail(at, word, word, "expected { behind the name of a section")
				continue
			}
			s.pos++
			open = append(open, next)
		case word == "include":
			pattern := strings.Trim(s.value(), `"`)
			r.follow(at, pattern, func(name, text string) { r.blocks(name, text, top) })
		default:
			r.fail(at, word, word, "expected name = value, name { or include FILE")
			s.pos = max(s.pos+strings.IndexByte(s.text[s.pos:]+"\n", '\n'), s.pos)
			if word == "" && !s.done() && s.peek() != '\n' {
				s.pos++
			}
		}
	}
	if len(open) > 1 {
		r.fail(open[len(open)-1].at, open[len(open)-1].name, open[len(open)-1].name, "a section that is not closed")
	}
}

// isKey tells settings that hold a key.
func isKey(name string) bool { return strings.HasPrefix(name, "secret") || name == "pin" }

func (s *scanner) peek() byte {
	if s.done() {
		return 0
	}
	return s.text[s.pos]
}

// skipBlank moves behind white space, line ends and comments.
func (s *scanner) skipBlank() {
	for !s.done() {
		switch s.text[s.pos] {
		case '#':
			s.skipLine()
			continue
		case '\n':
			s.line++
		case ' ', '\t', '\r':
		default:
			return
		}
		s.pos++
	}
}

func (s *scanner) skipInline() {
	for !s.done() && strings.IndexByte(" \t\r", s.text[s.pos]) >= 0 {
		s.pos++
	}
}

// opens tells whether the next thing that stands there is an opening brace.
func (s *scanner) opens() bool {
	ahead := *s
	ahead.skipBlank()
	return ahead.peek() == '{'
}

// setting reads up to one of the characters.
func (s *scanner) setting(end string) string {
	begin := s.pos
	for !s.done() && strings.IndexByte(end, s.text[s.pos]) < 0 {
		s.pos++
	}
	return s.text[begin:s.pos]
}

// value reads a value to the end of its line, a section's end or a comment.
func (s *scanner) value() string {
	s.skipInline()
	if s.peek() == '"' {
		text, _ := s.quoted() // one that is not closed ends with the file
		return text
	}
	return strings.TrimSpace(s.setting("\n}#"))
}

// resolved is a section with what its templates give it: its own settings come
// last, and stand.
func (b *block) resolved(root *block, depth int) *block {
	out := &block{name: b.name, at: b.at}
	for _, ref := range b.refs {
		from := root
		for part := range strings.SplitSeq(ref, ".") {
			if from = from.child(part); from == nil {
				break
			}
		}
		if from != nil && depth < maxInclude {
			from = from.resolved(root, depth+1)
			out.params = append(out.params, from.params...)
			out.blocks = append(out.blocks, from.blocks...)
		} else {
			out.params = append(out.params, Param{Name: "also", Value: ref, File: b.at.file, Line: b.at.line})
		}
	}
	out.params = append(out.params, b.params...)
	for _, c := range b.blocks {
		merged := c.resolved(root, depth)
		if at := slices.IndexFunc(out.blocks, func(o *block) bool { return o.name == c.name }); at >= 0 {
			before := out.blocks[at]
			merged.params = append(slices.Clone(before.params), merged.params...)
			merged.blocks = append(slices.Clone(before.blocks), merged.blocks...)
			out.blocks[at] = merged
			continue
		}
		out.blocks = append(out.blocks, merged)
	}
	return out
}

// swanctlNames are the settings that a comparison rests on, and the words of
// ipsec.conf for them.
var swanctlNames = map[string]string{
	"local_addrs": "left", "remote_addrs": "right", "proposals": "ike", "esp_proposals": "esp", "ah_proposals": "ah",
	"local_ts": "leftsubnet", "remote_ts": "rightsubnet", "dpd_delay": "dpddelay", "dpd_action": "dpdaction",
	"close_action": "closeaction", "keyingtries": "keyingtries", "mode": "type", "aggressive": "aggressive",
	"vips": "leftsourceip", "pools": "rightsourceip",
}

// swanctlConn makes one section of each child of a connection.
func (r *reader) swanctlConn(root, c *block, seen map[string]bool) {
	c = c.resolved(root, 0)
	common := r.settings(c, wordsOf().swanctl["connection"])
	version := c.get("version")
	version.Value = map[string]string{"1": "ikev1", "2": "ikev2"}[version.Value]
	version.Name = "keyexchange"
	common = append(common, version)
	children := &block{}
	for _, b := range c.blocks {
		switch side := strings.TrimRight(strings.TrimPrefix(strings.TrimPrefix(b.name, "local"), "remote"), "0123456789"); {
		case b.name == "children":
			children = b
		case strings.HasPrefix(b.name, "local") && (side == "" || side[0] == '-' || side[0] == '_'):
			common = append(common, r.auth(b, "left")...)
		case strings.HasPrefix(b.name, "remote") && (side == "" || side[0] == '-' || side[0] == '_'):
			common = append(common, r.auth(b, "right")...)
		default:
			common = append(common, Param{Name: unknownSetting + b.name, File: b.at.file, Line: b.at.line})
		}
	}
	for _, child := range children.blocks {
		params := append(slices.Clone(common), r.settings(child, wordsOf().swanctl["child"])...)
		start := child.get("start_action")
		auto, known := map[string]string{"": "add", "none": "add", "start": "start", "trap": "route", "trap|start": "start", "start|trap": "start"}[start.Value]
		if !known {
			auto = start.Value
		}
		if start.Name == "" {
			start = Param{File: child.at.file, Line: child.at.line}
		}
		start.Name, start.Value = "auto", auto
		name := child.name
		if seen[name] {
			name = c.name + "/" + child.name
		}
		seen[name] = true
		r.conf.Sections = append(r.conf.Sections, Section{Kind: "conn", Name: name, File: child.at.file, Line: child.at.line, Params: append(params, start)})
	}
	if len(children.blocks) == 0 {
		r.conf.Sections = append(r.conf.Sections, Section{Kind: "conn", Name: c.name, File: c.at.file, Line: c.at.line, Params: common})
	}
}

// unknownSetting begins the name of a setting that swanctl.conf(5) does not have.
const unknownSetting = "unknown "

// settings are those of a section in the words of ipsec.conf.
func (r *reader) settings(b *block, known []string) []Param {
	var out []Param
	for _, p := range b.params {
		switch name, mapped := swanctlNames[p.Name]; {
		case mapped && slices.Contains(known, p.Name):
			p.Name = name
			out = append(out, p)
		case p.Name == "version", p.Name == "start_action": // read by swanctlConn
		case p.Name == "also", slices.Contains(known, p.Name):
			out = append(out, p)
		default:
			p.Name = unknownSetting + p.Name
			out = append(out, p)
		}
	}
	return out
}

// auth are the settings of a local or remote section.
func (r *reader) auth(b *block, side string) []Param {
	var out []Param
	for _, p := range b.params {
		switch p.Name {
		case "auth", "id":
			p.Name = side + p.Name
			out = append(out, p)
		case "certs", "pubkeys":
			p.Name = side + "cert"
			out = append(out, p)
		default:
			if !slices.Contains(wordsOf().swanctl["auth"], p.Name) {
				p.Name = unknownSetting + p.Name
				out = append(out, p)
			}
		}
	}
	for _, c := range b.blocks {
		if !strings.HasPrefix(c.name, "cert") && !strings.HasPrefix(c.name, "cacert") {
			out = append(out, Param{Name: unknownSetting + opskit.Escape(c.name), File: c.at.file, Line: c.at.line})
		}
	}
	return out
}

// Unknown returns the name of a setting that the file's dialect does not have, as
// it is written; false for all others.
func (p Param) Unknown() (string, bool) { return strings.CutPrefix(p.Name, unknownSetting) }
