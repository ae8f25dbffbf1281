package conf

import (
	_ "embed"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed words.txt
var wordsText string

// wordTable is what words.txt says.
type wordTable struct {
	pluto, strong []string
	swanctl       map[string][]string    // settings of a connection, a child and an auth section
	choices       map[string][2][]string // pluto's values and strongSwan's
	known         map[string]bool        // pluto's by plain name; strongSwan's behind "strong "
	setup         []string               // strongSwan's words of config setup alone
	weighed       map[string]bool        // read by a rule, or harmless: plain names, or name=value
}

var wordsOf = sync.OnceValue(func() (t wordTable) {
	t.choices, t.swanctl, t.weighed, t.known = map[string][2][]string{}, map[string][]string{}, map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(wordsText) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		switch f[0] {
		case "pluto":
			t.pluto = append(t.pluto, f[1:]...)
			for _, w := range f[1:] {
				t.known[plain(w)] = true
			}
		case "strong":
			t.strong = append(t.strong, f[1:]...)
			for _, w := range f[1:] {
				t.known["strong "+w] = true
			}
		case "connection", "child", "auth":
			t.swanctl[f[0]] = append(t.swanctl[f[0]], f[1:]...)
		case "setup":
			t.setup = append(t.setup, f[1:]...)
		case "read", "harmless":
			for _, w := range f[1:] {
				t.weighed[plain(w)] = true
			}
		case "choice":
			at := slices.Index(f, "|")
			t.choices[f[1]] = [2][]string{f[2:at], f[at+1:]}
		}
	}
	return t
})

// left is a parameter's name as the left side has it.
func left(name string) string {
	if rest, ok := strings.CutPrefix(name, "right"); ok {
		return "left" + rest
	}
	return name
}

// plain is a name as pluto looks it up: of the left side, without separators.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' {
			return -1
		}
		return r
	}, left(name))
}

// Weighed tells whether what a parameter says is read by a rule of package ipsec, or
// can keep neither two ends from agreeing nor packets from going.
func (p Param) Weighed() bool {
	value := strings.ToLower(p.Value)
	off := slices.Contains([]string{"no", "never", "none", "off", "false", "0"}, value)
	w, name := wordsOf().weighed, plain(p.Name)
	return off || w[name] || w[name+"="+value] || isComment(p.Name) || strings.HasPrefix(p.Name, "x-") || strings.HasPrefix(p.Name, "x_")
}

// SetupOnly tells a parameter that strongSwan takes under config setup alone.
func (p Param) SetupOnly() bool { return slices.Contains(wordsOf().setup, p.Name) }

// Knows tells whether the two families of daemons have a parameter of a connection
// of that name, which is in lower case.
func Knows(name string) (pluto, strongSwan bool) {
	t := wordsOf()
	strongSwan = t.known["strong "+left(name)]
	return t.known[plain(name)] || isComment(name) || strings.HasPrefix(name, "x-") || strings.HasPrefix(name, "x_"), strongSwan
}

// Parameters lists what a dialect has: swanctl's settings, or what either family
// of ipsec.conf knows.
func Parameters(d Dialect) []string {
	t := wordsOf()
	if d == DialectSwanctl {
		return slices.Concat(t.swanctl["connection"], t.swanctl["child"], t.swanctl["auth"], []string{"local", "remote", "children"})
	}
	return append(slices.Clone(t.pluto), t.strong...)
}

// Takes tells whether a daemon takes a value of a parameter that is a choice; true
// for all others.
func Takes(d Dialect, p Param) bool {
	choice, is := wordsOf().choices[p.Name]
	values := choice[0]
	if Strong(d) {
		values = choice[1]
	}
	if d == DialectSwanctl {
		values = append(slices.Clone(values), "trap", "start", "iptfs", "0", "no", "1", "yes")
	}
	return !is || len(values) == 0 || slices.Contains(values, strings.ToLower(p.Value))
}

// number is a count or a time of ipsec.conf(5): "3", "%forever", "10s", "1m".
var number = regexp.MustCompile(`^(-?\d+|%forever|\d+(ms|us|s|m|h|d|w)?)$`)

// ReadableNumber tells whether the value of a parameter that is a count or a time is
// one; true for all others.
func ReadableNumber(p Param) bool {
	switch p.Name {
	case "dpddelay", "dpdtimeout", "keyingtries":
		return number.MatchString(strings.ToLower(p.Value))
	}
	return true
}

// recognised is the family whose parameters a configuration has, where it has some
// that only one of them knows.
func (c *Conf) recognised() Dialect {
	pluto, strongs := 0, 0
	for _, s := range c.Sections {
		for _, p := range s.Params {
			if s.Kind == "config" {
				switch p.Name {
				case "protostack", "plutodebug", "logfile", "virtual_private", "virtual-private", "nat_traversal", "oe":
					pluto++
				case "charondebug", "charonstart", "strictcrlpolicy":
					strongs++
				}
				continue
			}
			byPluto, byStrong := Knows(p.Name)
			switch strict := strings.HasSuffix(p.Value, "!") && (p.Name == "ike" || p.Name == "esp"); {
			case byPluto && !byStrong || p.Name == "ike" && strings.Contains(p.Value, ";"):
				pluto++
			case byStrong && !byPluto || strict:
				strongs++
			}
		}
	}
	switch {
	case pluto > 0 && strongs == 0:
		return DialectLibreswan
	case strongs > 0 && pluto == 0:
		return DialectStrongSwan
	}
	return DialectUnknown
}
