package ipsec

import (
	"slices"
	"strings"
)

// readNames are the parameters that a comparison rests on, left's for right's
// too: one that is misspelled is not there.
func readNames() []string {
	return []string{
		"left", "leftid", "leftsubnet", "leftsubnets", "leftauth", "leftcert", "leftprotoport", "leftsourceip", "leftrsasigkey",
		"auto", "authby", "type", "keyexchange", "ikev2", "phase2", "phase2alg", "pfs", "aggressive", "aggrmode", "narrowing",
		"dpddelay", "dpdaction", "dpdtimeout", "closeaction",
	}
}

// otherNames are parameters of one daemon or another that differ from one of
// readNames by a letter, ipsec.conf(5).
func otherNames() []string {
	return []string{"auth", "ikev1", "leftauth2", "leftca", "leftcert2", "leftid2", "xauthby"}
}

// misspelled reports parameters that no daemon knows and that look like one of
// those that the comparison rests on.
func (v *view) misspelled(r *outcome) {
	for p := range v.conn.All() {
		name := strings.NewReplacer("-", "", "_", "").Replace(p.Name)
		if rest, ok := strings.CutPrefix(name, "right"); ok {
			name = "left" + rest
		}
		names := readNames()
		i := slices.IndexFunc(names, func(n string) bool { return nearly(name, n) })
		if i < 0 || len(name) < 4 || slices.Contains(names, name) || slices.Contains(otherNames(), name) {
			continue
		}
		meant := names[i]
		if strings.HasPrefix(p.Name, "right") {
			meant = "right" + strings.TrimPrefix(meant, "left")
		}
		r.add("misspelled_parameter", SeverityProblem, p.Name, "write "+meant+", or take the line out", []Ref{v.ref(p)},
			"%s: %s is no parameter: libreswan loads no file that has it, strongSwan passes over it", v.label, p.Name)
	}
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
