package ipsec

import (
	"strings"

	"github.com/opskit-go/opskit/ipsec/conf"
)

// inClear reports what leaves packets unencrypted, or the other end unknown,
// although both ends agree on it: a comparison alone would find it sound.
func (v *view) inClear(r *outcome) {
	kind := v.get("type")
	severity := SeverityProblem
	if !conf.Strong(v.conn.Dialect) {
		severity = SeverityFatal // pluto then opens nothing at all
	}
	switch strings.ToLower(kind.Value) {
	case "passthrough", "pass":
		r.add("not_encrypted", severity, "type", "write type=tunnel", []Ref{v.ref(kind)}, "%s lets the traffic through in clear", v.label)
	case "drop", "reject":
		r.add("no_traffic", severity, "type", "write type=tunnel", []Ref{v.ref(kind)}, "%s lets no traffic through at all", v.label)
	}
	for _, name := range []string{"installpolicy", "policies"} {
		if p := v.get(name); strings.EqualFold(p.Value, "no") {
			r.add("no_traffic", SeverityProblem, name, "write "+name+"=yes", []Ref{v.ref(p)}, "%s installs no policies: nothing sends packets into the tunnel", v.label)
		}
	}
	if p := v.get("authby"); strings.EqualFold(p.Value, "never") {
		r.add("no_traffic", SeverityFatal, "authby", "write authby=secret", []Ref{v.ref(p)}, "%s never negotiates", v.label)
	} else if strings.Contains(p.Value, "|") && !conf.Strong(v.conn.Dialect) {
		r.add("bad_value", SeverityProblem, "authby", "write the two with a comma", []Ref{v.ref(p)}, "%s: libreswan 4 loads nothing with authby=%s", v.label, p.Value)
	}
	for _, name := range []string{"esp", "phase2alg"} {
		if p := v.get(name); nullCipher(p.Value) {
			r.add("not_encrypted", SeverityProblem, name, "name a cipher, such as aes256-sha256", []Ref{v.ref(p)}, "%s offers ESP that does not encrypt", v.label)
		}
	}
	if protocol, p := v.protocol(); protocol == "ah" {
		r.add("not_encrypted", SeverityProblem, p.Name, "use ESP", []Ref{v.ref(p)}, "%s protects packets by AH, which does not encrypt", v.label)
	}
	for _, name := range []string{"negotiationshunt", "failureshunt"} {
		if p := v.get(name); strings.EqualFold(p.Value, "passthrough") {
			r.add("leaks", SeverityWarning, name, "write "+name+"=drop", []Ref{v.ref(p)}, "%s sends in clear while the tunnel is not up", v.label)
		}
	}
	for i := range v.sides {
		if p := &v.sides[i]; p.auth == authNull {
			r.add("no_authentication", SeverityProblem, p.authOf.Name, "authenticate by keys or a pre-shared key", []Ref{v.ref(p.authOf)}, "%s takes anybody for the gateway at %s", v.label, p.word)
		}
	}
}

// nullCipher reports whether one of the proposals names null as its cipher,
// which is the first part; behind AES-GCM it is the missing hash.
func nullCipher(proposals string) bool {
	for one := range strings.SplitSeq(strings.ToLower(strings.TrimSuffix(strings.TrimSpace(proposals), "!")), ",") {
		cipher, _, _ := strings.Cut(strings.TrimSpace(one), "-")
		if cipher == "null" || cipher == "esp_null" {
			return true
		}
	}
	return false
}
