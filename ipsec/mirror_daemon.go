package ipsec

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/opskit-go/opskit/ipsec/conf"
)

// versions is the set of IKE versions that an end speaks for this connection,
// 0 where the file leaves it to the daemon's default.
func (v *view) versions() (set int, p conf.Param) {
	const v1, v2 = 1, 2
	switch kx := v.get("keyexchange"); strings.ToLower(kx.Value) {
	case "ikev1":
		return v1, kx
	case "ikev2":
		return v2, kx
	}
	switch x := v.get("ikev2"); strings.ToLower(x.Value) {
	case "no", "never":
		return v1, x
	case "insist", "yes":
		return v2, x
	}
	return 0, conf.Param{}
}

func (m *mirror) version() {
	a, pa := m.a.versions()
	b, pb := m.b.versions()
	if a != 0 && b != 0 && a != b {
		m.add("version_differs", SeverityFatal, pa.Name, "use IKEv2 at both ends", m.both(pa, pb),
			"%s speaks IKEv%d only and %s IKEv%d only", m.a.label, a, m.b.label, b)
	}
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

// options compares what makes a rekey fail rather than the start.
func (m *mirror) options() {
	pa, pb := m.a.get("pfs"), m.b.get("pfs")
	if a, b := m.a.value("yes", "pfs"), m.b.value("yes", "pfs"); a != b && !conf.Strong(m.a.conn.Dialect) && !conf.Strong(m.b.conn.Dialect) {
		m.add("pfs_differs", SeverityWarning, "pfs", "write the same at both ends", m.both(pa, pb),
			"%s has pfs=%s and %s has pfs=%s: a rekey may be refused", m.a.label, a, m.b.label, b)
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
	d.on = positive(delay.Value) && d.action != "none"
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
			name := map[string]string{eventStop: "closeaction", eventAbsence: "keyingtries"}[e]
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
		if v.conn.Dialect != conf.DialectOpenswan || !v.end.Conf.HasSetup() || len(v.end.Log) > 0 {
			continue
		}
		set := slices.ContainsFunc(v.end.Conf.Setup(), func(p conf.Param) bool { return p.Name == "protostack" && p.Value != "" })
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
