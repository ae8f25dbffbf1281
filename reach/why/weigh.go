package why

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/reach"
)

// weighing is one judgement of a case.
type weighing struct {
	c        *Case
	rows     []row
	world    map[string]map[fact]string // by family, "" for any: what holds for all that is asked
	life     map[netip.Addr]string      // signs of life that an address gives
	changes  []backing                  // what speaks for a migration
	findings []Finding
	gaps     []opskit.Gap

	nowhere   map[netip.Addr]string // addresses where names lead that nobody has
	siteAsked int                   // how many findings are about the site itself
	nameScope string                // the finding that only says that the name resolves
}

// backing is a fact that the caller brought for a cause.
type backing struct {
	cause   Cause
	text    string
	certain bool
	recent  bool // it lies between the last time it worked and the first that it did not
}

func newWeighing(c *Case) *weighing {
	w := &weighing{c: c, rows: table(), world: map[string]map[fact]string{"": {}, "IPv4": {}, "IPv6": {}}, life: map[netip.Addr]string{}}
	w.controls()
	w.controlPages()
	w.ways()
	w.otherHosts()
	w.signsOfLife()
	w.whatChanged()
	return w
}

func (w *weighing) gap(what, why, need string) {
	g := opskit.Gap{What: what, Why: why, Need: need}
	if !slices.Contains(w.gaps, g) {
		w.gaps = append(w.gaps, g)
	}
}

// controls notes whether other targets can be reached from here.
func (w *weighing) controls() {
	down := map[string][]string{}
	for i := range w.c.Controls {
		c := &w.c.Controls[i]
		f := family(c.Target.Addr())
		switch c.Verdict {
		case reach.Open, reach.Refused:
			w.world[f][controlUp] = fmt.Sprintf("%s can be reached from here", c.Target)
			w.world[""][anyControl] = w.world[f][controlUp]
		case reach.NoAnswer, reach.Unreachable, reach.Prohibited, reach.LocalFailure:
			down[f] = append(down[f], c.Target.String())
		}
	}
	for i := range w.c.Connections { // one address that answers is a control for the others
		c := &w.c.Connections[i]
		if f := family(c.Target.Addr()); w.world[f][controlUp] == "" && (c.Verdict == reach.Open || c.Verdict == reach.Refused) {
			w.world[f][controlUp] = fmt.Sprintf("%s is %s from here", c.Target, c.Verdict)
		}
	}
	for f, list := range down {
		if w.world[f][controlUp] == "" {
			w.world[f][controlDown] = fmt.Sprintf("%s cannot be reached from here either", list[0])
		}
	}
	if len(w.world[""])+len(down) == 0 && len(w.c.ControlHTTP) == 0 {
		w.gap("whether this host reaches anything else", "no control was asked", "another target that is known to be up (whydown -control)")
	}
}

// atPort adds what controls at the same port show.
func (w *weighing) atPort(facts map[fact]string, f string, ports []uint16) {
	for i := range w.c.Connections {
		if c := &w.c.Connections[i]; slices.Contains(ports, c.Target.Port()) && family(c.Target.Addr()) == f && c.Verdict == reach.Open {
			facts[controlPort] = fmt.Sprintf("%s is open from here", c.Target)
			return
		}
	}
	for i := range w.c.Controls {
		c := &w.c.Controls[i]
		if !slices.Contains(ports, c.Target.Port()) || family(c.Target.Addr()) != f {
			continue
		}
		if c.Verdict == reach.Open {
			facts[controlPort] = fmt.Sprintf("%s can be reached from here, at the same port", c.Target)
			delete(facts, portDead)
			return
		}
		if _, up := facts[controlUp]; up && c.Verdict != reach.Unknown {
			facts[portDead] = fmt.Sprintf("%s, which is known to be up, cannot be reached at this port either", c.Target)
		}
	}
}

// ways notes what this host's own side shows.
func (w *weighing) ways() {
	for i := range w.c.Ways {
		way := &w.c.Ways[i]
		if way.Verdict == reach.LocalFailure {
			w.world[family(way.To)][ownSideDead] = way.Reason()
		}
	}
}

// otherHosts notes whether the same works from elsewhere.
func (w *weighing) otherHosts() {
	for _, c := range w.c.Elsewhere {
		from := c.From
		if from == "" {
			from = "another host"
		}
		switch d := Diagnose(c); d.Verdict {
		case VerdictWorks, VerdictDegraded:
			w.world[""][worksElsewhere] = "it works from " + from
		case VerdictDown:
			if d.Cause != CauseThisHost && d.Level() == opskit.Problem {
				w.world[""][deadElsewhere] = "it does not work from " + from + " either"
			}
		}
	}
	if w.world[""][worksElsewhere] != "" {
		delete(w.world[""], deadElsewhere) // some can and some cannot: that excludes nothing of ours
	}
}

// signsOfLife notes what the addresses answer besides what is asked of them.
func (w *weighing) signsOfLife() {
	for i := range w.c.Pings {
		if p := &w.c.Pings[i]; p.Verdict == reach.Answered || p.Verdict == reach.Lossy {
			w.life[p.Target] = p.Target.String() + " answers echo requests"
		}
	}
	for i := range w.c.Connections {
		c := &w.c.Connections[i]
		if c.Verdict == reach.Open || c.Verdict == reach.Refused {
			w.life[c.Target.Addr()] = fmt.Sprintf("%s is %s", c.Target, c.Verdict)
		}
	}
}

// recentChange is how long before the trouble a change still explains it.
const recentChange = 30 * 24 * time.Hour

func (w *weighing) whatChanged() {
	w.change("address", w.c.Address)
	w.change("name servers", w.c.Nameservers)
	w.change("holder of the address", w.c.Owner)
	if w.c.Address == nil && w.c.Nameservers == nil && w.c.Owner == nil {
		w.gap("what changed lately", "no history was brought", "an earlier run (-since), whois, a history of DNS")
	}
	for _, e := range w.c.Evidence {
		for _, cause := range e.For {
			w.changes = append(w.changes, backing{cause: cause, text: sourced(e.Fact, e.Source), certain: e.Certain})
		}
	}
}

// change looks at one change by its time: an old one, and one that came after the
// trouble, explains nothing.
func (w *weighing) change(what string, ch *Change) {
	if ch == nil || ch.Before == ch.After {
		return
	}
	b := backing{cause: CauseMigration, text: fmt.Sprintf("the %s changed from %s to %s", what, ch.Before, ch.After)}
	began := w.c.DownSince
	if began.IsZero() {
		began = w.c.At
	}
	known := !began.IsZero()
	switch {
	case known && !ch.LastBefore.IsZero() && ch.LastBefore.After(began):
		w.gap("whether the "+what+" has to do with it", "it changed after the trouble began", "")
		return
	case known && !ch.FirstAfter.IsZero() && began.Sub(ch.FirstAfter) > recentChange:
		return
	case !known || ch.LastBefore.IsZero():
		b.text += ", nobody knows when"
	case began.Sub(ch.LastBefore) > recentChange:
		b.text += ", at some time after " + ch.LastBefore.Format(time.DateOnly)
	default:
		b.text += fmt.Sprintf(" after %s, shortly before the trouble began", ch.LastBefore.Format(time.DateOnly))
		b.recent = true
	}
	b.text = sourced(b.text, ch.Source)
	w.changes = append(w.changes, b)
}

func sourced(text, source string) string {
	if source == "" {
		return text
	}
	return text + " [" + source + "]"
}

// find eliminates: of the causes that can explain a symptom those go that a fact
// excludes. facts are what holds of this scope alone.
func (w *weighing) find(scope, f string, s symptom, state State, facts map[fact]string, seen ...string) {
	holds := map[fact]string{}
	for _, set := range []map[fact]string{w.world[""], w.world[f], facts} {
		maps.Copy(holds, set)
	}
	out := Finding{Scope: scope, State: state, Seen: seen}
	ask, do := map[Cause]string{}, map[Cause]string{}
	for _, r := range w.rows {
		if !slices.Contains(r.explains, s) || r.backed && !w.backs(r.cause) {
			continue
		}
		by := w.against(r.cause)
		for _, x := range r.excluded {
			if text, ok := holds[x]; ok && by == "" {
				by = text
			}
		}
		if by != "" {
			out.Struck = append(out.Struck, Struck{r.cause, by})
			continue
		}
		out.Left = append(out.Left, r.cause)
		ask[r.cause], do[r.cause] = r.ask, r.do
	}
	w.decide(&out, s)
	out.do = do[out.Cause]
	if out.Cause == CauseUnknown {
		for _, cause := range out.Left {
			if ask[cause] != "" && out.Ask == "" && cause != CauseMigration && cause != CauseNothing {
				out.Ask = ask[cause]
			}
		}
	}
	if out.Cause == CauseNothing && out.State == StateUnknown {
		out.State = StateWorks
	} else if out.Cause != CauseUnknown && out.State == StateUnknown {
		out.State = StateBroken
	}
	w.findings = append(w.findings, out)
}

// decide tells the cause: the only one that is left; of several the only one that
// somebody who can know speaks for; or the move, where two records of it lie
// between the last time it worked and the first that it did not. Who cannot prove
// the name may as well have taken it over.
func (w *weighing) decide(f *Finding, s symptom) {
	var certain []Cause
	dated := 0
	for _, b := range w.changes {
		if !slices.Contains(f.Left, b.cause) {
			continue
		}
		f.Seen = append(f.Seen, b.text)
		if b.certain && !slices.Contains(certain, b.cause) {
			certain = append(certain, b.cause)
		}
		if b.recent && b.cause == CauseMigration && s != otherName && s != badChain {
			dated++
		}
	}
	switch {
	case len(f.Left) == 1:
		f.Cause = f.Left[0]
	case len(certain) == 1:
		f.Cause = certain[0]
	case len(certain) == 0 && dated >= 2 && !slices.Contains(f.Left, CauseThisHost):
		f.Cause, f.Dated = CauseMigration, true
	}
	if f.Cause != CauseUnknown { // it stands first
		f.Left = append([]Cause{f.Cause}, slices.DeleteFunc(f.Left, func(c Cause) bool { return c == f.Cause })...)
	}
}

func (w *weighing) backs(c Cause) bool {
	return slices.ContainsFunc(w.changes, func(b backing) bool { return b.cause == c })
}

// against is what somebody who can know says against a cause.
func (w *weighing) against(c Cause) string {
	for _, e := range w.c.Evidence {
		if e.Certain && slices.Contains(e.Against, c) {
			return sourced(e.Fact, e.Source)
		}
	}
	return ""
}

// works adds a finding that needs no cause.
func (w *weighing) works(scope string, state State, seen ...string) {
	w.findings = append(w.findings, Finding{Scope: scope, State: state, Seen: seen})
}
