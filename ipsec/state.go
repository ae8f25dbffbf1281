package ipsec

import (
	"fmt"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
)

// State is what the tunnels of a host are in, derived from a Status.
type State struct {
	Verdict   Link          `json:"verdict"`             // on all tunnels together
	Tunnels   []TunnelState `json:"tunnels,omitempty"`   // one per connection, or per child of it
	Findings  []Finding     `json:"findings,omitempty"`  // what is odd about them, worst first
	Status    *Status       `json:"status,omitzero"`     // the evidence
	Conns     []string      `json:"conns,omitempty"`     // the connections that State was asked for
	Undecided []opskit.Gap  `json:"undecided,omitempty"` // what the output does not show
}

// TunnelState is the state of one connection.
type TunnelState struct {
	Conn      string       `json:"conn"`                // the connection's name; with swanctl the child's
	Verdict   Link         `json:"verdict"`             // never LinkPartial
	IKE       int          `json:"ike"`                 // established IKE SAs
	Child     int          `json:"child"`               // established Child SAs
	InBytes   *uint64      `json:"in_bytes,omitempty"`  // of all of them, since each was made; nil: not printed
	OutBytes  *uint64      `json:"out_bytes,omitempty"` // of all of them, since each was made; nil: not printed
	Undecided []opskit.Gap `json:"undecided,omitempty"` // what the output does not show of it
}

// State says which tunnels are up. conns names the connections that the host's
// configuration has, all of them (Conf.TunnelNames): those that the status does
// not mention are then not loaded or down, and a bare count of SAs can be laid to
// the one connection there is. Without conns the connections that the status lists
// are judged. A connection that libreswan loads once for each pair of networks is
// judged pair by pair, one with several children child by child. It is pure; a
// Status that was saved gives the same State.
func (s *Status) State(conns ...string) *State {
	st := &State{Status: s, Conns: conns}
	st.Judge()
	return st
}

// linkLevel is what each Link means to a monitor.
func linkLevel(l Link, findings []Finding) opskit.Level {
	switch l {
	case LinkUp:
		if rank(worst(findings)) >= rank(SeverityWarning) {
			return opskit.Warning
		}
		return opskit.OK
	case LinkOneWay:
		return opskit.Warning
	case LinkStopped, LinkNotLoaded, LinkDown, LinkConnecting, LinkIKEOnly, LinkPartial:
		return opskit.Problem
	}
	return opskit.Unknown
}

// Level is that of the verdict; see the package's documentation.
func (st *State) Level() opskit.Level { return linkLevel(st.Verdict, st.Findings) }

// Gaps returns what the output does not show, of every tunnel too.
func (st *State) Gaps() []opskit.Gap {
	var gaps []opskit.Gap
	if st.Status != nil {
		gaps = slices.Clone(st.Status.Unseen)
	}
	gaps = append(gaps, st.Undecided...)
	for _, t := range st.Tunnels {
		gaps = append(gaps, t.Undecided...)
	}
	return orNothing(gaps, st.Level())
}

// Seen tells whether a status was read.
func (st *State) Seen() bool { return st != nil && st.Status != nil && st.Status.Source != "" }

// Level is that of the verdict; see the package's documentation.
func (t TunnelState) Level() opskit.Level { return linkLevel(t.Verdict, nil) }

// Gaps returns Undecided.
func (t TunnelState) Gaps() []opskit.Gap { return orNothing(t.Undecided, t.Level()) }

// String prints the state on one line, then what was not seen of it.
func (t TunnelState) String() string { return t.line() + "\n" + opskit.NotChecked(t) }

func (t TunnelState) line() string {
	line := fmt.Sprintf("%s: %s, %d IKE SA, %d Child SA", t.Verdict, opskit.Escape(t.Conn), t.IKE, t.Child)
	if t.InBytes != nil && t.OutBytes != nil {
		line += fmt.Sprintf(", %d bytes in, %d out", *t.InBytes, *t.OutBytes)
	}
	return line
}

// Judge derives the state from the saved status.
func (st *State) Judge() opskit.Level {
	st.Verdict, st.Tunnels, st.Findings, st.Undecided = LinkUnknown, nil, nil, nil
	if st.Status == nil {
		st.Undecided = []opskit.Gap{{What: "the status", Why: "the state holds no evidence"}}
		return st.Level()
	}
	j := &judging{State: st, ike: map[string][]*SA{}, child: map[string][]*SA{}, serial: map[int]*SA{}, parent: map[string]string{}, networks: st.Status.Networks}
	for _, name := range j.index() {
		st.Tunnels = append(st.Tunnels, j.tunnel(name))
	}
	j.count()
	j.duplicates()
	j.settle()
	st.Findings = settled(st.Findings)
	return st.Level()
}

// judging is a State under way, with the SAs of its Status by connection.
type judging struct {
	*State

	ike, child map[string][]*SA // by connection; a child's connection is the child's own name
	serial     map[int]*SA      // IKE SAs
	networks   map[string]string
	parent     map[string]string // by child
	loaded     map[string]bool
	trapped    map[string]bool
}

// index sorts the SAs by connection and returns the names to judge.
func (j *judging) index() []string {
	s := j.Status
	var names []string
	listed := map[string]bool{}
	add := func(name string) {
		if name, _, _ = strings.Cut(name, "["); !listed[name] {
			listed[name] = true
			names = append(names, name)
		}
	}
	j.loaded, j.trapped = map[string]bool{}, map[string]bool{}
	templates, parents := map[string]bool{}, map[string]bool{}
	pairs := map[string][]string{} // a connection's children, or its pairs of networks
	for _, t := range s.Templates {
		templates[t] = true
	}
	for _, t := range s.Trapped {
		j.trapped[t] = true
	}
	for conn, children := range s.Children {
		if !slices.Contains(children, conn) {
			parents[conn] = true
		}
		pairs[conn] = append(pairs[conn], children...)
		for _, child := range children {
			j.parent[child] = conn
		}
	}
	for _, c := range s.Conns {
		base, _, _ := strings.Cut(c, "[")
		j.loaded[base] = true
		if at := strings.LastIndexByte(base, '/'); at > 0 && !slices.Contains(pairs[base[:at]], base) {
			pairs[base[:at]] = append(pairs[base[:at]], base)
			j.loaded[base[:at]] = true
		}
		if !templates[c] && !parents[base] {
			add(c)
		}
	}
	for i := range s.IKE {
		sa := &s.IKE[i]
		j.ike[sa.Conn] = append(j.ike[sa.Conn], sa)
		j.serial[sa.Serial] = sa
	}
	carrying := map[int]bool{}
	for i := range s.Child {
		sa := &s.Child[i]
		j.child[sa.Conn] = append(j.child[sa.Conn], sa)
		carrying[sa.IKE] = true
		if at := strings.LastIndexByte(sa.Conn, '/'); at > 0 && !slices.Contains(pairs[sa.Conn[:at]], sa.Conn) {
			pairs[sa.Conn[:at]] = append(pairs[sa.Conn[:at]], sa.Conn)
		}
		// libreswan lets one IKE SA carry other connections too.
		if parent := j.serial[sa.IKE]; parent != nil && s.Daemon == "strongswan" && !slices.Contains(pairs[parent.Conn], sa.Conn) {
			pairs[parent.Conn] = append(pairs[parent.Conn], sa.Conn)
		}
		add(sa.Conn)
	}
	if len(j.Conns) > 0 {
		names, listed = nil, map[string]bool{}
		for _, conn := range j.Conns {
			if len(pairs[conn]) == 0 {
				add(conn)
			}
			for _, pair := range pairs[conn] {
				add(pair)
			}
		}
		return names
	}
	for i := range s.IKE {
		if sa := &s.IKE[i]; !carrying[sa.Serial] && !parents[sa.Conn] {
			add(sa.Conn)
		}
	}
	return names
}

// ikeOf returns the IKE SAs that a tunnel uses.
func (j *judging) ikeOf(name string) []*SA {
	sas := slices.Clone(j.ike[name])
	base := name
	if at := strings.LastIndexByte(name, '/'); at > 0 {
		base = name[:at]
		sas = append(sas, j.ike[base]...)
	}
	if parent := j.parent[name]; parent != "" && parent != base {
		sas = append(sas, j.ike[parent]...)
	}
	for _, sa := range j.child[name] {
		if parent := j.serial[sa.IKE]; parent != nil && !slices.Contains(sas, parent) {
			sas = append(sas, parent)
		}
	}
	return sas
}

func (j *judging) tunnel(name string) TunnelState {
	s, t := j.Status, TunnelState{Conn: name}
	var refs []Ref
	var up []*SA
	for _, sa := range j.child[name] {
		if sa.Established {
			up = append(up, sa)
			t.InBytes, t.OutBytes = plus(t.InBytes, sa.InBytes), plus(t.OutBytes, sa.OutBytes)
			refs = append(refs, s.ref(sa))
		}
	}
	t.Child = len(up)
	connecting := (*SA)(nil)
	for _, sa := range j.ikeOf(name) {
		switch {
		case sa.Established:
			t.IKE++
		case !leaving(sa.State):
			connecting = sa
		}
	}
	switch {
	case t.Child > 0:
		t.Verdict = LinkUp
		j.passes(&t, up, refs)
		j.carries(name, up, refs)
	case len(s.Unseen) > 0 && (s.Running == nil || *s.Running):
		t.Undecided = append(t.Undecided, opskit.Gap{
			What: "whether " + name + " is up", Why: "lines of the output were not read, and one of them may be its SA", Need: "the whole output",
		})
	case t.IKE > 0:
		t.Verdict = LinkIKEOnly
		j.add("ike_only", SeverityProblem, "compare networks and esp= of both ends (Mirror) and read the log of the end that answers", nil,
			"%s: the ends have authenticated, but no Child SA is established: nothing is carried", name)
	case s.Running != nil && !*s.Running:
		t.Verdict = LinkStopped
	case connecting != nil:
		t.Verdict = LinkConnecting
		if connecting.Answered != nil && !*connecting.Answered {
			j.add("no_answer", SeverityProblem, "look whether the other end's daemon runs, and whether UDP 500 passes both ways", []Ref{s.ref(connecting)},
				"%s waits for the first answer: the other end has never answered, not even with a refusal", name)
		}
	case s.ConnsListed && !j.loaded[name]:
		t.Verdict = LinkNotLoaded
		j.add("not_loaded", SeverityProblem, "load it, and write auto=add or auto=start (swanctl: swanctl --load-all)", nil, "%s is not among the connections that the daemon has", name)
	case s.Listed, s.Counted != nil && *s.Counted == 0:
		t.Verdict = LinkDown
		if j.trapped[name] {
			j.add("trapped", SeverityNote, "", nil, "%s has no SA and opens when a packet wants through", name)
		}
	default:
		t.Undecided = append(t.Undecided, opskit.Gap{What: "whether " + name + " is up", Why: "the output lists no SAs", Need: "ipsec statusall, ipsec status, or swanctl --list-sas"})
	}
	return t
}

// leaving tells an SA that is on its way out.
func leaving(state string) bool {
	return strings.HasPrefix(state, "DELET") || strings.HasPrefix(state, "DESTROY") || state == "REKEYED"
}

func (j *judging) add(code string, s Severity, fix string, refs []Ref, format string, args ...any) {
	j.Findings = append(j.Findings, Finding{Code: code, Severity: s, Fix: fix, Refs: refs, Message: fmt.Sprintf(format, args...)})
}

func (s *Status) ref(sa *SA) Ref {
	return Ref{File: s.Source, Line: sa.Line, Text: fmt.Sprintf("#%d %s %s", sa.Serial, sa.Conn, sa.State)}
}

// count explains Openswan's "N tunnels up", which counts SAs.
func (j *judging) count() {
	s := j.Status
	if s.Counted == nil {
		return
	}
	n, of := *s.Counted, ""
	if len(s.Child)+len(s.IKE) == 0 && n > 0 {
		if len(j.Tunnels) == 1 {
			t := &j.Tunnels[0]
			t.Verdict, t.Child = LinkUp, n
			of = fmt.Sprintf(": this is one tunnel with %d SAs", n)
			t.Undecided = []opskit.Gap{{What: "whether packets take " + t.Conn, Why: "the output shows no counters", Need: "ipsec auto --status, or a capture"}}
		} else {
			j.Undecided = append(j.Undecided, opskit.Gap{What: "which tunnels are up", Why: "the service status prints only a count of SAs", Need: "ipsec auto --status"})
		}
	}
	j.add("counts_sas", SeverityNote, "", []Ref{{File: s.Source, Text: fmt.Sprintf("%d tunnels up", n)}},
		"\"%d tunnels up\" counts established IPsec SAs, not tunnels%s", n, of)
}

// duplicates reports connections with more than one SA for the same peer and
// networks.
func (j *judging) duplicates() {
	refs := map[[3]string][]Ref{}
	var keys [][3]string
	for i := range j.Status.Child {
		sa := &j.Status.Child[i]
		if !sa.Established {
			continue
		}
		key := [3]string{sa.Conn, sa.Instance, sa.Selectors}
		if refs[key] == nil {
			keys = append(keys, key)
		}
		refs[key] = append(refs[key], j.Status.ref(sa))
	}
	duplicate := func(conn string, n int, refs []Ref) {
		j.add("duplicate_sa", SeverityWarning, "look again after a minute; if there are still as many, let one end only open it", refs,
			"%s is one tunnel with %d SAs: a rekey is under way, or both ends open it", conn, n)
	}
	for _, key := range keys {
		if n := len(refs[key]); n > 1 {
			duplicate(key[0], n, refs[key])
		}
	}
	if len(keys) == 0 && len(j.Tunnels) == 1 && j.Tunnels[0].Child > 1 {
		duplicate(j.Tunnels[0].Conn, j.Tunnels[0].Child, nil)
	}
}

// settle folds the tunnels to the verdict on the host.
func (j *judging) settle() {
	s, n := j.Status, map[Link]int{}
	for _, t := range j.Tunnels {
		n[t.Verdict]++
	}
	if s.ChildOnly {
		j.Undecided = append(j.Undecided, opskit.Gap{What: "IKE SAs and connections without an SA", Why: "trafficstatus lists established Child SAs only", Need: "ipsec status"})
	}
	works := n[LinkUp] + n[LinkOneWay]
	switch {
	case s.Running != nil && !*s.Running:
		j.Verdict = LinkStopped
	case n[LinkUnknown] > 0:
	case len(j.Tunnels) > 0 && works == len(j.Tunnels):
		if j.Verdict = LinkUp; n[LinkOneWay] > 0 {
			j.Verdict = LinkOneWay
		}
	case works > 0:
		j.Verdict = LinkPartial
	case len(j.Tunnels) > 0:
		for _, l := range []Link{LinkIKEOnly, LinkConnecting, LinkDown, LinkNotLoaded} {
			if n[l] > 0 {
				j.Verdict = l
				return
			}
		}
	case len(s.Unseen) > 0:
	case s.ConnsListed && len(s.Conns) == 0:
		j.Verdict = LinkNotLoaded
	case s.Listed, s.Counted != nil && *s.Counted == 0:
		j.Verdict = LinkDown
	}
	if j.Verdict == LinkUnknown && len(s.Unseen)+len(j.Undecided)+n[LinkUnknown] == 0 {
		j.Undecided = append(j.Undecided, opskit.Gap{What: "which tunnels are up", Why: "the output lists no SAs", Need: "ipsec statusall, ipsec status, or swanctl --list-sas"})
	}
}

// Since tells what changed from an earlier state: each tunnel's verdict, and how
// many SAs it has.
func (st *State) Since(earlier *State) opskit.Changes {
	var c opskit.Changes
	if !st.Seen() || !earlier.Seen() {
		c.Unseen = []opskit.Gap{{What: "what changed", Why: "one of the two states holds no evidence"}}
		return c
	}
	c.Compare("verdict", earlier.Verdict.String(), st.Verdict.String())
	facts := func(list []TunnelState) (names []string, of map[string]string) {
		of = map[string]string{}
		for _, t := range list {
			names = append(names, t.Conn)
			of[t.Conn] = fmt.Sprintf("%s with %d SAs", t.Verdict, t.Child)
		}
		return names, of
	}
	before, old := facts(earlier.Tunnels)
	now, current := facts(st.Tunnels)
	for _, name := range before {
		c.Compare("tunnel "+name, old[name], current[name])
	}
	for _, name := range now {
		if _, there := old[name]; !there {
			c.Compare("tunnel "+name, "", current[name])
		}
	}
	compareFindings(&c, earlier.Findings, st.Findings)
	return c
}

// String prints the verdict, each tunnel, the findings and what was not seen.
func (st *State) String() string {
	var b strings.Builder
	b.WriteString(st.Verdict.String())
	if st.Status != nil {
		fmt.Fprintf(&b, ": %s", opskit.Escape(st.Status.Source))
	}
	b.WriteByte('\n')
	for _, t := range st.Tunnels {
		fmt.Fprintf(&b, "  tunnel %s\n", t.line())
	}
	writeFindings(&b, st.Findings)
	return b.String() + opskit.NotChecked(st)
}
