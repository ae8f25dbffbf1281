package traffic

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ipsec"
)

// growth is what a counter gained between two looks.
type growth struct {
	bytes uint64 // at least
	sure  bool   // and not more: no SA went away with its last count
}

func (g growth) none() bool { return g.sure && g.bytes == 0 }

func (g growth) String() string {
	if !g.sure {
		return fmt.Sprintf("at least %d bytes", g.bytes)
	}
	return fmt.Sprintf("%d bytes", g.bytes)
}

// sas are the Child SAs that an end has for the connection at a look.
func (l End) sas(look Look) []ipsec.SA {
	if look.Status == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(look.Status.Child), func(sa ipsec.SA) bool {
		return l.Conn != "" && sa.Conn != l.Conn && !strings.HasPrefix(sa.Conn, l.Conn+"/") && !slices.Contains(look.Status.Children[l.Conn], sa.Conn)
	})
}

// one tells whether the counters are of one connection: several that are taken
// together, or a name that the daemon does not know, say nothing of a tunnel.
func (l End) one(look Look) bool {
	all := append(l.sas(l.Before), l.sas(l.After)...)
	if l.Conn == "" {
		return !slices.ContainsFunc(all, func(sa ipsec.SA) bool { return sa.Conn != all[0].Conn })
	}
	s := look.Status
	return len(all) > 0 || s == nil || len(s.Child) == 0 || slices.Contains(s.Conns, l.Conn) || len(s.Children[l.Conn]) > 0
}

// growth counts SA by SA: a rekey begins new counters and takes the old ones away.
func (l End) growth() (in, out growth) {
	before, after := l.Before.Status, l.After.Status
	if before == nil || after == nil {
		return in, out
	}
	in.sure = before.Listed && after.Listed && len(before.Unseen)+len(after.Unseen) == 0
	out.sure = in.sure
	old := map[int]ipsec.SA{}
	if before.PID == after.PID { // else another daemon counts its SAs anew
		for _, sa := range l.sas(l.Before) {
			old[sa.Serial] = sa
		}
	}
	for _, sa := range l.sas(l.After) {
		in.add(old[sa.Serial].InBytes, sa.InBytes)
		out.add(old[sa.Serial].OutBytes, sa.OutBytes)
		delete(old, sa.Serial)
	}
	complete := len(old) == 0 && before.PID == after.PID
	in.sure, out.sure = in.sure && complete, out.sure && complete
	return in, out
}

func (g *growth) add(before, after *uint64) {
	switch {
	case after == nil:
		g.sure = false
	case before == nil:
		g.bytes += *after
	case *before > *after: // another SA of the same number
		g.bytes, g.sure = g.bytes+*after, false
	default:
		g.bytes += *after - *before
	}
}

// Judge derives the verdict from the looks: of the end whose hosts sent pings
// first, then of the other.
func (r *Report) Judge() opskit.Level {
	r.Verdict, r.Findings, r.Undecided = Unknown, nil, nil
	var order []int
	for i, e := range r.Ends {
		if order = append(order, i); len(e.Pings) > 0 && len(r.Ends[0].Pings) == 0 {
			slices.Reverse(order)
		}
	}
	if len(r.Ends) > 2 {
		order = nil
		r.gap("which ends a tunnel has", fmt.Sprintf("%d ends were looked at", len(r.Ends)), "two looks at one end, or at two")
	}
	for _, i := range order {
		t := travel{Report: r, own: i, other: -1}
		if len(r.Ends) == 2 {
			t.other = 1 - i
		}
		v := t.judge()
		if v != Unknown && (r.Verdict == Unknown || v != Passes) {
			r.Verdict = v
		}
		if r.Level() == opskit.Problem || v == NotAnswered || v == NoReply {
			break
		}
	}
	if r.Level() == opskit.OK {
		r.Undecided = []opskit.Gap{{What: "single hosts and ports", Why: "the counters are of all packets of the tunnel"}}
	}
	severities := []ipsec.Severity{ipsec.SeverityProblem, ipsec.SeverityWarning, ipsec.SeverityNote}
	slices.SortStableFunc(r.Findings, func(a, b ipsec.Finding) int {
		return cmp.Or(slices.Index(severities, a.Severity)-slices.Index(severities, b.Severity), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	r.Findings = slices.CompactFunc(r.Findings, func(a, b ipsec.Finding) bool { return a.Code == b.Code && a.Message == b.Message })
	return r.Level()
}

func (r *Report) gap(what, why, need string) {
	r.Undecided = append(r.Undecided, opskit.Gap{What: what, Why: why, Need: need})
}

// travel is what is sent at one end, and what comes back.
type travel struct {
	*Report

	own, other int // indices of Ends; other is -1 where it was not looked at
}

func (t travel) judge() Verdict {
	own, label := &t.Ends[t.own], t.Ends[t.own].label(t.own)
	in, out := own.growth()
	sent, answered, bytes := 0, 0, uint64(0)
	for _, p := range own.Pings {
		sent, answered, bytes = sent+p.Sent, answered+p.Answered, bytes+uint64(max(0, p.Answered*p.Size))
	}
	t.size()
	switch {
	case own.Before.Status == nil || own.After.Status == nil:
		t.gap("the counters of "+label, "its daemon was not asked twice, or did not answer", "ipsec statusall, ipsec trafficstatus or swanctl --list-sas, twice")
		return Unknown
	case !own.one(own.After) || t.other >= 0 && !t.Ends[t.other].one(t.Ends[t.other].After):
		t.gap("the counters of one connection", "several have SAs, or the daemon has none of that name", "the connection's name at each end")
		return Unknown
	case answered > 0 && out.sure && out.bytes < max(1, bytes/4): // a daemon may count without headers, or compressed
		return t.lost(Beside, ipsec.SeverityProblem, "{own}: %d pings were answered, and its SAs took %s: traffic goes beside the tunnel, in clear", answered, out)
	case sent > 0 && answered == sent && out.bytes > 0:
		return Passes
	case sent > 0 && answered == sent:
		t.gap("whether the pings of "+label+" that were answered went through the tunnel", "an SA took its last count away, or the output shows no counters",
			"two more looks, between rekeys, or a capture")
		return Unknown
	case answered > 0:
		return t.lost(Partly, ipsec.SeverityWarning, "{own}: %d of %d pings were answered", answered, sent)
	case sent > 0 && out.none():
		t.host(t.own)
		return t.lost(NotEntering, ipsec.SeverityProblem, "{own}: %d pings were sent, and no byte entered the tunnel", sent)
	case out.bytes == 0:
		why, need := "nothing was seen to enter the tunnel there, and nobody says that something was sent", "pings to the other network between the looks, counted"
		if !out.sure {
			why, need = "an SA took its last count away, or the output shows no counters", "two more looks, between rekeys"
		}
		t.gap("whether packets of "+label+" pass", why, need)
		return Unknown
	}
	return t.beyond(in, out, sent)
}

// beyond follows what left one end, and is not known to be answered.
func (t travel) beyond(in, out growth, sent int) Verdict {
	if t.other >= 0 {
		if v := t.arrives(in, out, sent); v != Unknown {
			return v
		}
	}
	label := t.Ends[t.own].label(t.own)
	watch := func() {
		t.gap("where packets of "+label+" are lost, if they are", "an SA took its last count away, or the receiver was not watched while they were sent",
			"two more looks at both ends, the receiver's first and last")
	}
	switch {
	case in.none():
		severity := ipsec.SeverityWarning
		if t.other >= 0 && t.receiver(t.other) || sent > 0 {
			severity = ipsec.SeverityProblem
		} else if t.other >= 0 {
			watch()
		}
		return t.lost(NoReply, severity, "{own} has sent %s and received nothing", out)
	case in.bytes > 0 && sent > 0:
		return t.lost(Partly, ipsec.SeverityWarning, "{own}: none of %d pings was answered, while %s came in", sent, in)
	case in.bytes > 0 && t.other < 0:
		t.gap("whether what "+label+" sends arrives", "what comes in need not be an answer", "two looks at the other end, or pings, counted")
	default:
		watch()
	}
	return Unknown
}

// arrives compares the counters of two ends. Nothing is concluded from what a
// receiver did not count while it was not watched.
func (t travel) arrives(in, out growth, sent int) Verdict {
	own, other := t.Ends[t.own], t.Ends[t.other]
	there, back := other.growth()
	within := func(a, b End) bool {
		return sent > 0 || !b.Before.Time.After(a.Before.Time) && !b.After.Time.Before(a.After.Time)
	}
	gone := other.without()
	switch {
	case in.none() && (gone || there.none() && within(own, other)):
		if !t.receiver(t.other) {
			t.dropped(t.own, "{own} to {other}")
		}
		return t.lost(NotArriving, ipsec.SeverityProblem, "{own} has sent %s, of which {other} has received nothing", out)
	case there.bytes > 0 && back.none():
		t.host(t.other)
		severity := ipsec.SeverityWarning
		if sent > 0 {
			severity = ipsec.SeverityProblem
		}
		return t.lost(NotAnswered, severity, "{other} has received %s from {own}, and sent nothing back into the tunnel", there)
	case there.bytes > 0 && back.bytes > 0 && in.none() && within(other, own):
		if !t.receiver(t.own) {
			t.dropped(t.other, "{other} to {own}")
		}
		return t.lost(NotReturning, ipsec.SeverityProblem, "{other} has sent %s back, of which {own} has received nothing", back)
	case there.bytes > 0 && back.bytes > 0 && in.bytes > 0 && sent == 0:
		return Passes
	case there.bytes > 0 && back.bytes > 0 && sent > 0: // what comes back may be errors of the other gateway
		if before := len(t.Findings); t.host(t.other) {
			return t.lost(NotAnswered, ipsec.SeverityProblem, "{other} has received %s from {own}, and no ping was answered", there)
		} else {
			t.Findings = t.Findings[:before]
		}
	}
	return Unknown
}
