package cdn

import (
	"bufio"
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
)

//go:embed ranges.txt
var ranges []byte

// Match is one listed range that holds an address.
type Match struct {
	Provider string       `json:"provider"` // as in Providers
	Prefix   netip.Prefix `json:"prefix"`   // the listed range
	AsOf     string       `json:"as_of"`    // day of the list, as in 2026-01-02
	Source   string       `json:"source"`   // whose list it is
}

// String returns "provider prefix (list of day)".
func (m Match) String() string {
	return fmt.Sprintf("%s %s (list of %s)", m.Provider, m.Prefix, m.AsOf)
}

// Table is a set of ranges, safe for concurrent use. The zero value is empty.
type Table struct {
	all     []Match
	at      map[netip.Prefix][]Match // what holds a listed prefix, longest first
	lengths []int                    // of the prefixes in it, longest first
}

// Embedded returns the table that this package brings. It is read once.
func Embedded() *Table { return embedded() }

var embedded = sync.OnceValue(func() *Table {
	t, err := Parse(ranges)
	if err != nil {
		return &Table{} // a test shows that it parses
	}
	return t
})

// Lookup looks an address up in the embedded table; see [Table.Lookup].
func Lookup(a netip.Addr) []Match { return Embedded().Lookup(a) }

// AsOf is the day of the oldest list in the embedded table.
func AsOf() string { return Embedded().AsOf() }

// Prefixes returns the ranges of one provider in the embedded table, named as
// in [Match], IPv4 first; nil if it is not listed.
func Prefixes(provider string) []netip.Prefix { return Embedded().Prefixes(provider) }

// Lookup returns every range that holds a, the longest prefix first and then
// by provider, so that the order never varies. An IPv4-mapped IPv6 address is
// looked up as the IPv4 address that it means; a zone is ignored. It allocates
// nothing; the caller must not change what it returns.
func (t *Table) Lookup(a netip.Addr) []Match {
	a = a.Unmap().WithZone("")
	for _, bits := range t.lengths {
		if p, err := a.Prefix(bits); err == nil {
			if found, ok := t.at[p]; ok {
				return found
			}
		}
	}
	return nil
}

// index makes, for every prefix, the list of what holds it.
func (t *Table) index() {
	t.at = map[netip.Prefix][]Match{}
	for _, m := range t.all {
		if t.at[m.Prefix] != nil {
			continue
		}
		var found []Match
		for _, other := range t.all {
			if other.Prefix.Bits() <= m.Prefix.Bits() && other.Prefix.Contains(m.Prefix.Addr()) {
				found = append(found, other)
			}
		}
		slices.SortFunc(found, func(x, y Match) int {
			return cmp.Or(y.Prefix.Bits()-x.Prefix.Bits(), strings.Compare(x.Provider, y.Provider))
		})
		t.at[m.Prefix] = slices.Clip(found)
		if !slices.Contains(t.lengths, m.Prefix.Bits()) {
			t.lengths = append(t.lengths, m.Prefix.Bits())
		}
	}
	slices.SortFunc(t.lengths, func(x, y int) int { return y - x })
}

// Prefixes returns the ranges of one provider, in the order of the table.
func (t *Table) Prefixes(provider string) []netip.Prefix {
	var out []netip.Prefix
	for _, m := range t.all {
		if strings.EqualFold(m.Provider, provider) {
			out = append(out, m.Prefix)
		}
	}
	return out
}

// Providers returns the names in the table, in its order.
func (t *Table) Providers() []string {
	var out []string
	for _, m := range t.all {
		if !slices.Contains(out, m.Provider) {
			out = append(out, m.Provider)
		}
	}
	return out
}

// AsOf returns the day of the oldest list in the table, as in 2026-01-02: what
// is in no list may have been added since. It is empty for an empty table.
func (t *Table) AsOf() string {
	oldest := ""
	for _, m := range t.all {
		if oldest == "" || m.AsOf < oldest {
			oldest = m.AsOf
		}
	}
	return oldest
}

// Parse reads a table: for each provider the lines "provider NAME", "as-of
// DAY" and "source TEXT", then one prefix a line; "#" begins a comment line.
// It returns what it read, and an error that names the first line it could
// not read.
func Parse(b []byte) (*Table, error) {
	t := &Table{}
	var current Match
	var bad error
	lines := bufio.NewScanner(bytes.NewReader(b))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		key, value, _ := strings.Cut(line, " ")
		value = strings.TrimSpace(value)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case key == "provider":
			current = Match{Provider: value}
		case key == "as-of":
			current.AsOf = value
		case key == "source":
			current.Source = value
		default:
			p, err := netip.ParsePrefix(line)
			switch {
			case err == nil && current.Provider != "" && !p.Addr().Is4In6():
				current.Prefix = p.Masked()
				t.all = append(t.all, current)
			case bad == nil:
				bad = fmt.Errorf("parse ranges: line %d: %q is no prefix of a provider", n, line)
			}
		}
	}
	if err := lines.Err(); err != nil && bad == nil {
		bad = fmt.Errorf("parse ranges: %w", err)
	}
	t.index()
	return t, bad
}
