package ipsec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/opskit-go/opskit/ipsec/conf"
)

// The versions of IKE as sets.
const v1, v2 = 1, 2

// speaks is the set of IKE versions that an end opens this connection with, and
// that it answers; 0 where the file leaves it to the daemon's default, which differs.
func (v *view) speaks() (opens, answers int, p conf.Param) {
	kx, x := v.get("keyexchange"), v.get("ikev2")
	switch strings.ToLower(kx.Value) {
	case "ikev1":
		return v1, v1, kx
	case "ikev2":
		return v2, v2, kx
	}
	if conf.Strong(v.conn.Dialect) {
		return v2, v1 | v2, kx
	}
	switch strings.ToLower(x.Value) {
	case "no", "never":
		return v1, v1, x
	case "insist", "yes":
		return v2, v2, x
	}
	if v.conn.Dialect == conf.DialectOpenswan && x.Value != "propose" {
		return v1, v1 | v2, x
	}
	return 0, 0, x
}

// versions is the one IKE version that an end speaks for this connection, 0 where it
// answers both or the file does not say.
func (v *view) versions() (set int, p conf.Param) {
	opens, answers, p := v.speaks()
	if opens != answers {
		return 0, p
	}
	return answers, p
}

// version compares what the end that opens the tunnel speaks with what the other
// answers.
func (m *mirror) version() {
	ways, clash := 0, 0
	var opener, answerer *view
	for _, x := range [][2]*view{{m.a, m.b}, {m.b, m.a}} {
		own, peer := x[0].role(), x[1].role()
		if !own.starts && !own.trapped && (peer.starts || peer.trapped) {
			continue
		}
		ways++
		opens, _, _ := x[0].speaks()
		if _, answers, _ := x[1].speaks(); opens != 0 && answers != 0 && opens&answers == 0 {
			clash++
			opener, answerer = x[0], x[1]
		}
	}
	if clash == 0 {
		return
	}
	s := SeverityFatal
	if clash < ways {
		s = SeverityProblem
	}
	opens, _, pa := opener.speaks()
	_, answers, pb := answerer.speaks()
	m.add("version_differs", s, quotedOr(pa.Name, "keyexchange"), "use IKEv2 at both ends", []Ref{opener.ref(pa), answerer.ref(pb)},
		"%s opens with IKEv%d, and %s answers IKEv%d only", opener.label, opens, answerer.label, answers)
}

// mode compares tunnel or transport, ESP or AH, and IKEv1's two exchanges.
func (m *mirror) mode() {
	for _, x := range []struct {
		code, def string
		names     []string
	}{
		{"type_differs", "tunnel", []string{"type"}},
		{"exchange_differs", "no", []string{"aggressive", "aggrmode"}},
	} {
		a, b := m.a.value(x.def, x.names...), m.b.value(x.def, x.names...)
		va, _ := m.a.versions()
		vb, _ := m.b.versions()
		if x.code == "exchange_differs" && max(va, vb) == 2 {
			continue // IKEv2 has no aggressive mode
		}
		if s := SeverityFatal; a != b {
			if x.code == "type_differs" && (a == "beet" || b == "beet") && a != "transport" && b != "transport" {
				s = SeverityWarning // it falls back to tunnel mode
			}
			m.add(x.code, s, x.names[0], "write the same at both ends", m.both(m.a.get(x.names...), m.b.get(x.names...)),
				"%s has %s=%s and %s has %s", m.a.label, x.names[0], a, m.b.label, b)
		}
	}
	a, pa := m.a.protocol()
	b, pb := m.b.protocol()
	if a != b {
		m.add("protocol_differs", SeverityFatal, "phase2", "use ESP at both ends", m.both(pa, pb),
			"%s protects packets by %s and %s by %s", m.a.label, a, m.b.label, b)
	}
}

func (v *view) protocol() (string, conf.Param) {
	if p := v.get("phase2", "auth"); p.Value != "" {
		return strings.ToLower(p.Value), p
	}
	if ah := v.get("ah"); ah.Value != "" && v.get("esp").Value == "" {
		return "ah", ah
	}
	return "esp", v.get("esp")
}

// clashes are values that two ends must not have of one parameter, and what comes of
// it: seen with two daemons of strongSwan 5.9 or libreswan 4.
var clashes = []struct {
	names    []string
	one      []string
	other    []string
	severity Severity
	what     string
}{
	{[]string{"ppk"}, []string{"insist"}, []string{"no", "never", ""}, SeverityFatal, "the one end insists on a post-quantum key and the other has none"},
	{[]string{"ppk_required"}, []string{"yes"}, []string{"no", ""}, SeverityFatal, "the one end insists on a post-quantum key and the other does not"},
	{[]string{"childless"}, []string{"force"}, []string{"never"}, SeverityFatal, "the one end makes the IKE SA without a Child SA and the other never does"},
	{[]string{"sha2-truncbug", "sha256_96"}, []string{"yes"}, []string{"no", ""}, SeverityProblem, "with SHA-256 neither end accepts the other's packets: they cut its check value to different lengths"},
}

// options compares what must be alike although the first messages do not show it.
func (m *mirror) options() {
	pa, pb := m.a.get("pfs"), m.b.get("pfs")
	if a, b := m.a.value("yes", "pfs"), m.b.value("yes", "pfs"); a != b && !conf.Strong(m.a.conn.Dialect) && !conf.Strong(m.b.conn.Dialect) {
		m.add("pfs_differs", SeverityWarning, "pfs", "write the same at both ends", m.both(pa, pb),
			"%s has pfs=%s and %s has pfs=%s: a rekey may be refused", m.a.label, a, m.b.label, b)
	}
	for _, c := range clashes {
		a, b := m.a.value("", c.names...), m.b.value("", c.names...)
		if slices.Contains(c.one, a) && slices.Contains(c.other, b) || slices.Contains(c.one, b) && slices.Contains(c.other, a) {
			m.add("option_differs", c.severity, c.names[0], "write the same at both ends", m.both(m.a.get(c.names...), m.b.get(c.names...)), "%s", c.what)
		}
	}
	for p := range 2 {
		a, b := m.of(p)
		la, lb := m.a.get(a.word+"sourceip"), m.b.get(b.word+"sourceip")
		if conf.Strong(m.a.conn.Dialect) && conf.Strong(m.b.conn.Dialect) && (la.Value == "") != (lb.Value == "") {
			m.add("lease_differs", SeverityFatal, a.word+"sourceip", "ask for an address at one end and hand one out at the other, or do neither", m.both(la, lb),
				"one end asks for an address in the tunnel or hands one out, and the other does not: the Child SA is refused")
		}
	}
	for _, v := range []*view{m.a, m.b} {
		if opens, answers, p := v.speaks(); v.conn.Dialect == conf.DialectLibreswan && opens == v1 && answers == v1 && v.end.read.hasSetup &&
			!slices.ContainsFunc(v.end.read.setup, func(p conf.Param) bool { return p.Name == "ikev1-policy" && p.Value == "accept" }) {
			m.add("ikev1", SeverityWarning, "ikev1-policy", "use IKEv2, or write ikev1-policy=accept under config setup", []Ref{v.ref(p)},
				"%s: libreswan from 4.10 on loads no connection of IKEv1 unless ikev1-policy=accept", v.label)
		}
		for _, name := range []string{"mark", "mark_in", "mark_out", "mark-in", "mark-out", "if_id_in", "if_id_out", "interface", "ipsec-interface"} {
			if p := v.get(name); p.Value != "" && p.Value != "no" && p.Value != "0" {
				m.beyond(fmt.Sprintf("%s: whether packets come with %s=%s", v.label, name, p.Value), "the mark or the interface is made outside of these files", "ip rule, ip link, and the firewall's rules")
			}
		}
	}
}

// role is what an end does by itself.
type role struct {
	loaded  bool
	starts  bool // opens the tunnel when it is loaded
	trapped bool // opens it when a packet wants through
	auto    conf.Param
}

func (v *view) role() role {
	p := v.get("auto")
	switch strings.ToLower(p.Value) {
	case "start", "up", "keep":
		return role{loaded: true, starts: true, auto: p}
	case "route", "ondemand", "trap":
		return role{loaded: true, trapped: true, auto: p}
	case "add":
		return role{loaded: true, auto: p}
	}
	return role{auto: p} // ignore, manual or nothing
}

// loading reports ends that never load the connection, and who opens it.
func (m *mirror) loading() {
	a, b := m.a.role(), m.b.role()
	for _, x := range []struct {
		v *view
		r role
	}{{m.a, a}, {m.b, b}} {
		if x.r.loaded {
			continue
		}
		text := "has no auto=, which means auto=ignore"
		if x.r.auto.Value != "" {
			text = "has auto=" + x.r.auto.Value
		}
		m.add("not_loaded", SeverityProblem, "auto", "write auto=add, or auto=start at the end that opens the tunnel", []Ref{x.v.ref(x.r.auto)},
			"%s %s: the connection is not loaded when the daemon starts, so it neither opens nor answers until somebody adds it by hand", x.v.label, text)
	}
	for _, x := range []*view{m.a, m.b} {
		if r := x.role(); (r.starts || r.trapped) && !x.dialable() {
			other := m.a
			if x == m.a {
				other = m.b
			}
			s := SeverityWarning
			if o := other.role(); !o.starts && !o.trapped || !other.dialable() {
				s = SeverityProblem
			}
			text := "%s is to open the tunnel and does not know where the other end is: it only answers"
			if s == SeverityProblem {
				text = "nobody can open the tunnel: " + text
			}
			m.add("cannot_dial", s, "right", "write the other end's address where the tunnel is to be opened", []Ref{x.ref(x.sides[1].addr), x.ref(r.auto)},
				text, x.label)
		}
	}
	switch {
	case a.loaded && b.loaded && !a.starts && !b.starts && !a.trapped && !b.trapped:
		m.add("nobody_opens", SeverityProblem, "auto", "write auto=start at one end", m.both(a.auto, b.auto), "both ends wait for the other to open the tunnel")
	case a.starts && b.starts:
		m.add("both_open", SeverityWarning, "auto", "write auto=add at one end", m.both(a.auto, b.auto),
			"both ends open the tunnel: expect two SAs for it, and with closeaction=restart one after the other for ever")
	}
}

// dpd is how an end notices that the other is gone.
type dpd struct {
	on     bool
	action string
	param  conf.Param
}

func (v *view) dpd() dpd {
	delay, action := v.get("dpddelay"), v.get("dpdaction")
	d := dpd{action: strings.ToLower(action.Value), param: delay}
	if conf.Strong(v.conn.Dialect) {
		if v.conn.Dialect == conf.DialectSwanctl {
			d.on = positive(delay.Value)
			d.action = v.value("clear", "dpdaction")
			return d
		}
		d.on = d.action != "" && d.action != "none" && (delay.Value == "" || positive(delay.Value))
		d.param = action
		return d
	}
	d.on = positive(delay.Value) && d.action != "none" && (v.conn.Dialect != conf.DialectOpenswan || positive(v.get("dpdtimeout").Value)) // which needs both
	return d
}

// positive reports whether a time value is one above zero; what cannot be read
// counts as one, since somebody wrote it to have the check.
func positive(s string) bool {
	if s == "" {
		return false
	}
	if n, err := strconv.Atoi(s); err == nil {
		return n > 0
	}
	d, err := time.ParseDuration(s)
	return err != nil || d > 0
}

// recovery reports the events after which the tunnel stays down.
func (m *mirror) recovery() {
	a, b := m.a.behaviour(), m.b.behaviour()
	m.table = recoveries(a, b)
	if told := len(m.findings) > 0 && slices.ContainsFunc(m.findings, func(f Finding) bool { return f.Code == "cannot_dial" && f.Severity == SeverityProblem }); !told {
		m.unrecovered(m.table, func(at string, e string) []Ref {
			gone, left := m.a, m.b
			if at == b.label {
				gone, left = m.b, m.a
			}
			name := map[string]string{eventStop: "closeaction", eventAbsence: "keyingtries", eventAway: "keyingtries"}[e]
			param := left.get(name)
			if e == eventCrash {
				param = left.dpd().param
			}
			return []Ref{left.ref(param), gone.ref(gone.role().auto)}
		})
	}
	for _, v := range []*view{m.a, m.b} {
		if d := v.dpd(); !d.on {
			m.add("no_dpd", SeverityWarning, "dpddelay", "write dpddelay=10, dpdtimeout=60 and dpdaction=restart (clear at the end that waits)", []Ref{v.ref(d.param)},
				"%s does not notice when the other end is gone: dead peer detection is off", v.label)
		}
	}
}

// stack reports what the daemon is told, or not told, about the kernel.
func (m *mirror) stack() {
	for _, v := range []*view{m.a, m.b} {
		m.findings = append(m.findings, logFindings(v.label, v.end.Log)...)
		if v.conn.Dialect != conf.DialectOpenswan || !v.end.read.hasSetup || len(v.end.Log) > 0 {
			continue
		}
		set := slices.ContainsFunc(v.end.read.setup, func(p conf.Param) bool { return p.Name == "protostack" && p.Value != "" })
		if !set {
			m.add("protostack_unset", SeverityWarning, "protostack", "write protostack=netkey under config setup", v.setupRef(),
				"%s does not set protostack: Openswan asks for KLIPS first, which current kernels do not have", v.label)
		}
	}
}

// setupRef points at the first config setup section.
func (v *view) setupRef() []Ref {
	for _, s := range v.end.Conf.Sections {
		if s.Kind == "config" {
			return []Ref{{End: v.label, File: s.File, Line: s.Line, Text: "config setup"}}
		}
	}
	return nil
}
