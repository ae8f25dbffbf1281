package ipsec

import (
	"fmt"
	"slices"
	"strings"
)

// TunnelVerdict is what a status comes to, of one tunnel or of a host. The zero
// value says that it cannot be told.
type TunnelVerdict uint8

// The verdicts on a tunnel.
const (
	TunnelUnknown TunnelVerdict = iota
	Stopped                     // the daemon does not run
	Down                        // no SA is established
	IKEOnly                     // the ends have authenticated, but no Child SA carries packets
	Partial                     // some of the tunnels are up
	Up                          // an established Child SA carries packets
)

var tunnelText = []string{"unknown", "stopped", "down", "ike_only", "partial", "up"}

// String returns the verdict in lower case.
func (v TunnelVerdict) String() string { return enumText(tunnelText, uint8(v), "tunnel verdict") }

// MarshalText returns the verdict in lower case.
func (v TunnelVerdict) MarshalText() ([]byte, error) {
	return marshalEnum(tunnelText, uint8(v), "tunnel verdict")
}

// UnmarshalText accepts what MarshalText returns.
func (v *TunnelVerdict) UnmarshalText(text []byte) error {
	n, err := unmarshalEnum(tunnelText, text, "tunnel verdict")
	*v = TunnelVerdict(n)
	return err
}

// State is what the tunnels of a host are in, derived from a Status.
type State struct {
	Verdict  TunnelVerdict `json:"verdict"`            // on all tunnels together
	Tunnels  []TunnelState `json:"tunnels,omitempty"`  // one per connection
	Findings []Finding     `json:"findings,omitempty"` // what is odd about them
	Status   *Status       `json:"status,omitzero"`    // the evidence
	Conns    []string      `json:"conns,omitempty"`    // the connections that State was asked for
	Unseen   []Gap         `json:"unseen,omitempty"`   // what the output does not show
}

// TunnelState is the state of one connection.
type TunnelState struct {
	Conn     string        `json:"conn"`                // the connection's name
	Verdict  TunnelVerdict `json:"verdict"`             // never Partial
	IKE      int           `json:"ike"`                 // established IKE SAs
	Child    int           `json:"child"`               // established Child SAs
	InBytes  *uint64       `json:"in_bytes,omitempty"`  // of all of them; nil: not printed
	OutBytes *uint64       `json:"out_bytes,omitempty"` // of all of them; nil: not printed
}

// State says which tunnels are up. conns names the connections that the host's
// configuration has, all of them (Conf.ConnNames): those that the status does
// not mention are then down, and a bare count of SAs can be laid to the one
// connection there is. Without conns the connections that the status lists are
// judged. A connection that libreswan loads once for each pair of networks is
// judged pair by pair. It is pure; a Status that was saved gives the same State.
func (s *Status) State(conns ...string) *State {
	st := &State{Status: s, Conns: conns, Unseen: slices.Clone(s.Unseen)}
	names := s.pairs(conns)
	if len(conns) == 0 {
		names = s.tunnelNames()
	}
	for _, name := range names {
		st.Tunnels = append(st.Tunnels, s.tunnel(st, name))
	}
	s.count(st)
	st.duplicates()
	st.settle()
	return st
}

// pairs replaces a connection by those that libreswan has made of it for each
// pair of networks ("name/1x2"): each is up or down by itself.
func (s *Status) pairs(conns []string) []string {
	var names []string
	for _, conn := range conns {
		found := false
		for _, loaded := range s.Conns {
			base, _, _ := strings.Cut(loaded, "[")
			if strings.HasPrefix(base, conn+"/") && !slices.Contains(names, base) {
				names, found = append(names, base), true
			}
		}
		if !found {
			names = append(names, conn)
		}
	}
	return names
}

// tunnelNames are the connections to judge: those that are loaded for one known
// peer, and those that have SAs.
func (s *Status) tunnelNames() []string {
	var names []string
	add := func(name string) {
		base, _, _ := strings.Cut(name, "[")
		if !slices.Contains(names, base) {
			names = append(names, base)
		}
	}
	for _, c := range s.Conns {
		if !slices.Contains(s.Templates, c) {
			add(c)
		}
	}
	for _, sa := range s.Child {
		add(sa.Conn)
	}
	for _, sa := range s.IKE {
		if !slices.ContainsFunc(s.Child, func(c SA) bool { return c.IKE == sa.Serial }) {
			add(sa.Conn)
		}
	}
	return names
}

// of reports whether an SA belongs to a connection: itself, or one of those
// that libreswan makes of it for each pair of networks ("name/1x2").
func (sa *SA) of(conn string) bool {
	return sa.Conn == conn || strings.HasPrefix(sa.Conn, conn+"/")
}

func (s *Status) tunnel(st *State, name string) TunnelState {
	t := TunnelState{Conn: name}
	parents := map[int]bool{}
	var refs []Ref
	for i := range s.Child {
		sa := &s.Child[i]
		if !sa.of(name) {
			continue
		}
		parents[sa.IKE] = true
		if !sa.Established {
			continue
		}
		t.Child++
		t.InBytes, t.OutBytes = plus(t.InBytes, sa.InBytes), plus(t.OutBytes, sa.OutBytes)
		refs = append(refs, s.ref(sa))
	}
	// Of all SAs together: with two, packets may leave by one and come by the other.
	if t.InBytes != nil && t.OutBytes != nil && *t.InBytes == 0 && *t.OutBytes > 0 {
		st.Findings = append(st.Findings, Finding{
			Code: "one_way", Severity: Warning,
			Message: fmt.Sprintf("%s has sent %d bytes and received none", name, *t.OutBytes),
			Fix:     "look at the other end's counters, its routes and its firewall",
			Refs:    refs,
		})
	}
	for i := range s.IKE {
		if sa := &s.IKE[i]; sa.Established && (sa.of(name) || parents[sa.Serial]) {
			t.IKE++
		}
	}
	s.carries(st, &t, refs)
	switch {
	case t.Child > 0:
		t.Verdict = Up
	case t.IKE > 0:
		t.Verdict = IKEOnly
	case s.Running != nil && !*s.Running:
		t.Verdict = Stopped
	case s.Listed, s.Counted != nil && *s.Counted == 0:
		t.Verdict = Down
	}
	return t
}

// unused says that an established SA may carry nothing.
func (st *State) unused(conn, why string) {
	st.Unseen = append(st.Unseen, Gap{
		What: "whether packets take " + conn, Why: why + ": traffic can also pass it by, in clear",
		Need: "a packet to the other network, and the counters or a capture after it",
	})
}

// carries adds what an established SA alone does not show: whether packets take
// it, and whether it is for everything that the connection names; and that a
// connection without an SA opens by itself.
func (s *Status) carries(st *State, t *TunnelState, refs []Ref) {
	if t.Child == 0 {
		if slices.Contains(s.Trapped, t.Conn) && t.IKE == 0 {
			st.Findings = append(st.Findings, Finding{
				Code: "trapped", Severity: Note,
				Message: t.Conn + " has no SA and opens when a packet wants through",
			})
		}
		return
	}
	switch {
	case t.InBytes == nil || t.OutBytes == nil:
		st.unused(t.Conn, "the output shows no counters")
	case *t.InBytes == 0 && *t.OutBytes == 0:
		st.unused(t.Conn, "no byte has gone through yet")
	}
	local, remote, known := strings.Cut(s.Networks[t.Conn], " === ")
	if !known {
		return
	}
	carried := map[string]bool{}
	for i := range s.Child {
		sa := &s.Child[i]
		if !sa.Established || sa.Conn != t.Conn {
			continue
		}
		mine, theirs, both := strings.Cut(sa.Selectors, " === ")
		if !both {
			return // not printed
		}
		for w := range strings.FieldsSeq(mine) {
			carried["local "+w] = true
		}
		for w := range strings.FieldsSeq(theirs) {
			carried["remote "+w] = true
		}
	}
	var left []string
	for side, nets := range map[string]string{"local ": local, "remote ": remote} {
		if strings.Contains(nets, "dynamic") {
			continue
		}
		for w := range strings.FieldsSeq(nets) {
			if !carried[side+w] {
				left = append(left, side+w)
			}
		}
	}
	if len(left) == 0 {
		return
	}
	slices.Sort(left)
	st.Findings = append(st.Findings, Finding{
		Code: "narrowed", Severity: Warning,
		Message: fmt.Sprintf("%s is configured for %s, and its SAs are for less: %s is not carried whole", t.Conn, s.Networks[t.Conn], listed(left)),
		Fix:     "write the same networks at both ends (Mirror shows the difference)",
		Refs:    refs,
	})
}

func plus(sum, v *uint64) *uint64 {
	if v == nil {
		return sum
	}
	total := *v
	if sum != nil {
		total += *sum
	}
	return &total
}

func (s *Status) ref(sa *SA) Ref {
	return Ref{File: s.Source, Line: sa.Line, Text: fmt.Sprintf("#%d %s %s", sa.Serial, sa.Conn, sa.State)}
}

// count explains Openswan's "N tunnels up", which counts SAs.
func (s *Status) count(st *State) {
	if s.Counted == nil {
		return
	}
	n := *s.Counted
	f := Finding{
		Code: "counts_sas", Severity: Note,
		Message: fmt.Sprintf("\"%d tunnels up\" counts established IPsec SAs, not tunnels", n),
		Refs:    []Ref{{File: s.Source, Text: fmt.Sprintf("%d tunnels up", n)}},
	}
	if len(s.Child)+len(s.IKE) == 0 && n > 0 {
		if len(st.Tunnels) == 1 {
			st.Tunnels[0].Verdict, st.Tunnels[0].Child = Up, n
			f.Message += fmt.Sprintf(": this is one tunnel with %d SAs", n)
			st.unused(st.Tunnels[0].Conn, "the output shows no counters")
		} else {
			st.Unseen = append(st.Unseen, Gap{What: "which tunnels are up", Why: "the service status prints only a count of SAs", Need: "ipsec auto --status"})
		}
	}
	st.Findings = append(st.Findings, f)
}

// duplicates reports connections with more than one SA for the same peer and
// networks.
func (st *State) duplicates() {
	counts, refs := map[string]int{}, map[string][]Ref{}
	var keys []string
	for i := range st.Status.Child {
		sa := &st.Status.Child[i]
		if !sa.Established {
			continue
		}
		key := strings.Join([]string{sa.Conn, sa.Instance, sa.Selectors}, "\x00")
		if counts[key] == 0 {
			keys = append(keys, key)
		}
		counts[key]++
		refs[key] = append(refs[key], st.Status.ref(sa))
	}
	duplicate := func(conn string, n int, refs []Ref) {
		st.Findings = append(st.Findings, Finding{
			Code: "duplicate_sa", Severity: Warning,
			Message: fmt.Sprintf("%s is one tunnel with %d SAs: a rekey is under way, or both ends open it", conn, n),
			Fix:     "look again after a minute; if there are still as many, write auto=add at one end",
			Refs:    refs,
		})
	}
	for _, key := range keys {
		if counts[key] > 1 {
			conn, _, _ := strings.Cut(key, "\x00")
			duplicate(conn, counts[key], refs[key])
		}
	}
	if len(keys) == 0 && len(st.Tunnels) == 1 && st.Tunnels[0].Child > 1 {
		duplicate(st.Tunnels[0].Conn, st.Tunnels[0].Child, nil)
	}
}

// settle sets the verdict on the host.
func (st *State) settle() {
	s := st.Status
	up, ike, unknown := 0, 0, 0
	for _, t := range st.Tunnels {
		switch t.Verdict {
		case Up:
			up++
		case IKEOnly:
			ike++
			st.Findings = append(st.Findings, Finding{
				Code: "ike_only", Severity: Problem,
				Message: fmt.Sprintf("%s: the ends have authenticated, but no Child SA is established: nothing is carried", t.Conn),
				Fix:     "compare networks and esp= of both ends (Mirror) and read the log of the end that answers",
			})
		case TunnelUnknown:
			unknown++
		}
	}
	if s.ChildOnly {
		st.Unseen = append(st.Unseen, Gap{What: "IKE SAs and connections without an SA", Why: "trafficstatus lists established Child SAs only", Need: "ipsec status"})
	}
	switch {
	case s.Running != nil && !*s.Running:
		st.Verdict = Stopped
	case unknown > 0:
		st.Verdict = TunnelUnknown
	case len(st.Tunnels) > 0 && up == len(st.Tunnels):
		st.Verdict = Up
	case up > 0:
		st.Verdict = Partial
	case ike > 0:
		st.Verdict = IKEOnly
	case s.Listed, s.Counted != nil && *s.Counted == 0:
		st.Verdict = Down
	}
}

// Judge derives the state once more from the saved evidence.
func (st *State) Judge() *State {
	if st.Status == nil {
		return &State{Unseen: []Gap{{What: "the status", Why: "the state holds no evidence"}}}
	}
	return st.Status.State(st.Conns...)
}

// String prints the verdict, each tunnel, the findings and what was not seen.
func (st *State) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", st.Verdict)
	if st.Status != nil {
		fmt.Fprintf(&b, ": %s", printable(st.Status.Source))
	}
	b.WriteByte('\n')
	for _, t := range st.Tunnels {
		fmt.Fprintf(&b, "  tunnel %s: %s, %d IKE SA, %d Child SA", printable(t.Conn), t.Verdict, t.IKE, t.Child)
		if t.InBytes != nil && t.OutBytes != nil {
			fmt.Fprintf(&b, ", %d bytes in, %d out", *t.InBytes, *t.OutBytes)
		}
		b.WriteByte('\n')
	}
	for _, f := range st.Findings {
		fmt.Fprintf(&b, "  %s %s: %s\n", f.Severity, printable(f.Code), printable(f.Message))
		for _, ref := range f.Refs {
			fmt.Fprintf(&b, "    %s\n", ref)
		}
		if f.Fix != "" {
			fmt.Fprintf(&b, "    next: %s\n", printable(f.Fix))
		}
	}
	notChecked(&b, st.Unseen)
	return b.String()
}
