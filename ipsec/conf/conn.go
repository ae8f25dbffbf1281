package conf

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
)

// Conn is one connection with everything that it inherits resolved.
type Conn struct {
	Name    string  // of the section
	File    string  // where the section begins
	Line    int     // where the section begins, counted from 1
	Dialect Dialect // of the configuration
	// Duplicates holds parameters that stand twice where the dialect takes only
	// one; the daemons differ in which of the two they take, and libreswan 4
	// does not load such a connection.
	Duplicates []Param

	params map[string]Param
}

// Get returns the parameter that takes effect under name, which is in lower
// case; false when the connection and all that it inherits leave it out or
// empty.
func (c *Conn) Get(name string) (Param, bool) {
	p, ok := c.params[name]
	return p, ok && p.Value != ""
}

// All yields every parameter that takes effect, by name.
func (c *Conn) All() iter.Seq[Param] {
	return func(yield func(Param) bool) {
		for _, name := range slices.Sorted(maps.Keys(c.params)) {
			if p, ok := c.Get(name); ok && !yield(p) {
				return
			}
		}
	}
}

// Params returns how many parameters take effect.
func (c *Conn) Params() int { return len(c.params) }

// Conn resolves the connection of that name: its own parameters come before
// those of the sections that it names by also= or alsoflip=, and these before
// those of %default. It returns what it could resolve together with an error
// matching ErrNoSection when the connection, or a section that it names, was
// not read. Whoever asks for many uses Resolver.
func (c *Conf) Conn(name string) (*Conn, error) { return c.Resolver()(name) }

// Resolver returns Conn for a configuration that does not change any more: the
// sections are looked through once.
func (c *Conf) Resolver() func(name string) (*Conn, error) {
	byName := map[string][]*Section{}
	for i := range c.Sections {
		if s := &c.Sections[i]; s.Kind == "conn" {
			byName[s.Name] = append(byName[s.Name], s)
		}
	}
	return func(name string) (*Conn, error) {
		own := byName[name]
		if len(own) == 0 {
			return nil, fmt.Errorf("find conn %q: %w", name, ErrNoSection)
		}
		conn := &Conn{Name: name, Dialect: c.Dialect, File: own[0].File, Line: own[0].Line}
		res := resolver{conns: byName, conn: conn, seen: map[string]bool{}}
		conn.params = res.section(name, false)
		for _, s := range byName["%default"] {
			for _, p := range s.Params {
				if _, ok := conn.params[p.Name]; !ok && !isAlso(p.Name) {
					conn.params[p.Name] = p
				}
			}
		}
		return conn, res.err
	}
}

// resolver follows also= lines.
type resolver struct {
	conns map[string][]*Section
	conn  *Conn
	seen  map[string]bool // sections appended: none is appended twice, so a circle ends
	err   error
}

// section returns the parameters of all sections of one name with what they
// inherit.
func (r *resolver) section(name string, flip bool) map[string]Param {
	own := map[string]Param{}
	if r.seen[name] {
		return own
	}
	r.seen[name] = true
	type reference struct {
		param Param
		flip  bool
	}
	strong := Strong(r.conn.Dialect)
	var also []reference
	for _, s := range r.conns[name] {
		for _, p := range s.Params {
			if isAlso(p.Name) {
				also = append(also, reference{p, flip != (p.Name == "alsoflip")})
				continue
			}
			if flip {
				p.Name = flipped(p.Name)
			}
			if p.Value == "" && !strong {
				continue // no line at all, as far as libreswan is concerned
			}
			if before, ok := own[p.Name]; ok && !strong && before.Value != p.Value {
				r.conn.Duplicates = append(r.conn.Duplicates, p)
			}
			own[p.Name] = p
		}
	}
	inherited := map[string]Param{}
	for _, ref := range also {
		if len(r.conns[ref.param.Value]) == 0 {
			if r.err == nil {
				r.err = fmt.Errorf("%s:%d: also=%s: %w", opskit.Escape(ref.param.File), ref.param.Line, opskit.Escape(ref.param.Value), ErrNoSection)
			}
			continue
		}
		for key, p := range r.section(ref.param.Value, ref.flip) {
			// strongSwan overrides in the order of the also= lines, libreswan
			// keeps the first.
			if before, ok := inherited[key]; !ok || strong {
				inherited[key] = p
			} else {
				r.twice(before, p)
			}
		}
	}
	for key, p := range inherited {
		if before, ok := own[key]; !ok {
			own[key] = p
		} else {
			r.twice(before, p)
		}
	}
	return own
}

// twice notes a parameter of an appended section that stands there already
// with another value: to libreswan it is as if both stood in one section, to
// strongSwan the one overrides the other.
func (r *resolver) twice(before, p Param) {
	swan := r.conn.Dialect == DialectLibreswan || r.conn.Dialect == DialectOpenswan
	if swan && before.Value != p.Value && !slices.Contains(r.conn.Duplicates, p) {
		r.conn.Duplicates = append(r.conn.Duplicates, p)
	}
}

func isAlso(name string) bool { return name == "also" || name == "alsoflip" }

// flipped exchanges left and right in a parameter's name.
func flipped(name string) string {
	if rest, ok := strings.CutPrefix(name, "left"); ok {
		return "right" + rest
	}
	if rest, ok := strings.CutPrefix(name, "right"); ok {
		return "left" + rest
	}
	return name
}
