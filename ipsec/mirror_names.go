package ipsec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/opskit-go/opskit/ipsec/conf"
)

// misspelled reports parameters and values that the daemon does not take.
func (v *view) misspelled(r *outcome) {
	strong := conf.Strong(v.conn.Dialect)
	for p := range v.conn.All() {
		if name, unknown := p.Unknown(); unknown {
			p.Name = name
			v.unknownName(r, p)
			continue
		}
		byPluto, byStrong := conf.Knows(p.Name)
		refs := []Ref{v.ref(p)}
		switch {
		case v.conn.Dialect == conf.DialectSwanctl, strong && byStrong, !strong && byPluto:
			switch {
			case !conf.Takes(v.conn.Dialect, p):
				r.add("bad_value", SeverityFatal, p.Name, "write a value of ipsec.conf(5)", refs, "%s: %s loads nothing with %s=%s", v.label, v.conn.Dialect, p.Name, p.Value)
			case !conf.ReadableNumber(p):
				r.unread(fmt.Sprintf("%s: %s=%s", v.label, p.Name, p.Value), "no number or time that can be read here", "the daemon's log of a start")
			case !p.Weighed():
				r.unread(fmt.Sprintf("%s: what %s=%s does", v.label, p.Name, p.Value), "no rule here weighs it", "the daemon's log of an attempt")
			}
		case strong && p.SetupOnly():
			r.add("misspelled_parameter", SeverityFatal, p.Name, "put it under config setup", refs, "%s: %s belongs under config setup: strongSwan ignores a connection that has it", v.label, p.Name)
		case byPluto:
			r.add("other_daemons", SeverityWarning, p.Name, "take the line out", refs, "%s: strongSwan has no %s and passes over it", v.label, p.Name)
		case byStrong && v.conn.Dialect == conf.DialectLibreswan:
			r.add("other_daemons", SeverityFatal, p.Name, "take the line out", refs, "%s: libreswan has no %s and loads no file that has it", v.label, p.Name)
		case byStrong:
			r.unread(fmt.Sprintf("%s: %s=", v.label, p.Name), "a parameter of strongSwan", "the daemon's log of a start")
		default:
			v.unknownName(r, p)
		}
	}
}

// unknownName tells a slip of the pen from a parameter that is not known here.
func (v *view) unknownName(r *outcome, p conf.Param) {
	name := strings.NewReplacer("-", "", "_", "").Replace(p.Name)
	left, isRight := strings.CutPrefix(name, "right")
	if isRight {
		name = "left" + left
	}
	names := conf.Parameters(v.conn.Dialect)
	if v.conn.Dialect == conf.DialectSwanctl {
		name, isRight = p.Name, false
	}
	i := slices.IndexFunc(names, func(n string) bool { return nearly(name, n) })
	if i < 0 || len(name) < 4 {
		r.unread(fmt.Sprintf("%s: %s=", v.label, p.Name), "no parameter that is known here", "the daemon's log of a start")
		return
	}
	meant := names[i]
	if isRight {
		meant = "right" + strings.TrimPrefix(meant, "left")
	}
	severity := SeverityProblem
	text := "%s: %s is no parameter: libreswan loads no file that has it, strongSwan passes over it"
	switch v.conn.Dialect {
	case conf.DialectLibreswan:
		severity = SeverityFatal
	case conf.DialectSwanctl:
		severity, text = SeverityFatal, "%s: %s is no setting: strongSwan loads no connection that has it"
	}
	r.add("misspelled_parameter", severity, p.Name, "write "+meant+", or take the line out", []Ref{v.ref(p)}, text, v.label, p.Name)
}

// nearly reports whether two names differ by one letter too many, too few or
// wrong, or by two neighbours exchanged.
func nearly(a, b string) bool {
	if len(a) < len(b) {
		a, b = b, a
	}
	if a == b || len(a)-len(b) > 1 {
		return false
	}
	i := 0
	for i < len(b) && a[i] == b[i] {
		i++
	}
	if len(a) > len(b) {
		return a[i+1:] == b[i:]
	}
	return a[i+1:] == b[i+1:] || i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
