package reach

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit/reach/cause"
)

// facts turns a case into weighed evidence, and says what is missing. The
// weights stand beside the observation that they are for.
func (c *Case) facts() ([]Evidence, []Gap) {
	w := &weighing{c: c}
	w.portal()
	w.resolution()
	w.controls()
	w.addresses()
	w.pings()
	w.answers()
	w.changes()
	for _, e := range c.Evidence {
		e.Weight = min(8, max(1, e.Weight))
		w.evidence = append(w.evidence, e)
	}
	w.unseen = append(w.unseen, Gap{
		What: "the target's own traffic and maintenance plans",
		Why:  "neither an attack nor a migration is visible from outside",
		Need: "whoever runs it",
	})
	seen := map[Gap]bool{}
	w.unseen = slices.DeleteFunc(w.unseen, func(g Gap) bool {
		twice := seen[g]
		seen[g] = true
		return twice
	})
	return w.evidence, w.unseen
}

type weighing struct {
	c        *Case
	login    bool // this network answers in the place of others until somebody logs in
	evidence []Evidence
	unseen   []Gap
}

func (w *weighing) add(weight int, fact string, causes ...cause.Cause) {
	w.evidence = append(w.evidence, Evidence{Fact: fact, Weight: weight, For: causes})
}

func (w *weighing) not(weight int, fact string, causes ...cause.Cause) {
	w.evidence = append(w.evidence, Evidence{Fact: fact, Weight: weight, Against: causes})
}

func (w *weighing) gap(what, why, need string) {
	w.unseen = append(w.unseen, Gap{What: what, Why: why, Need: need})
}

// resolution weighs what the resolvers said about addresses. A missing AAAA
// beside an A is how most names are.
func (w *weighing) resolution() {
	var best *Comparison
	rank := func(v Verdict) int {
		return slices.Index([]Verdict{Unknown, NoData, NXDomain, Refused, OtherRcode, Malformed, Unreachable, NoAnswer, LocalFailure, ServFail, Disagree, Answered}, v)
	}
	for i := range w.c.DNS {
		d := &w.c.DNS[i]
		w.unseen = append(w.unseen, d.Unseen...)
		if d.Type != "A" && d.Type != "AAAA" {
			continue
		}
		if best == nil || rank(d.Verdict) > rank(best.Verdict) {
			best = d
		}
	}
	if best == nil {
		w.gap("whether the name resolves", "no resolver was asked for its addresses", "Prober.Compare")
		return
	}
	n := len(best.Answers)
	switch best.Verdict {
	case Answered:
		w.not(6, fmt.Sprintf("%d of %d resolvers give the same addresses", count(best, Answered), n), cause.Resolution)
	case Disagree:
		if count(best, Answered) == n {
			w.add(1, fmt.Sprintf("%d resolvers give different addresses", n), cause.Migration, cause.Resolution)
		} else {
			w.add(4, fmt.Sprintf("only %d of %d resolvers give an address", count(best, Answered), n), cause.Resolution)
			w.add(1, "some resolvers have another answer than others", cause.Migration)
		}
	case NXDomain:
		w.add(8, fmt.Sprintf("%d of %d resolvers say that the name does not exist", count(best, NXDomain), n), cause.Resolution)
	case NoData:
		w.add(6, "the name exists without an address", cause.Resolution)
	case ServFail:
		if stubs(best) {
			// That is also what it says of every name when this host is cut off.
			w.add(4, "the resolver of this host itself cannot find out (SERVFAIL)", cause.Resolution, cause.ThisHost)
			return
		}
		w.add(8, fmt.Sprintf("%d of %d resolvers cannot find out (SERVFAIL)", count(best, ServFail), n), cause.Resolution)
	case NoAnswer, Unreachable, LocalFailure:
		w.add(4, fmt.Sprintf("none of %d resolvers can be reached: %s", n, best.Verdict), cause.ThisHost, cause.Resolution)
	case Refused, OtherRcode, Malformed:
		w.add(2, fmt.Sprintf("the resolvers do not serve this host: %s", best.Verdict), cause.ThisHost, cause.Resolution)
	}
}

// stubs reports whether everybody who was asked is a resolver on this host,
// such as systemd-resolved or dnsmasq at 127.0.0.53.
func stubs(c *Comparison) bool {
	for i := range c.Answers {
		a, err := netip.ParseAddrPort(c.Answers[i].Resolver)
		if err != nil || !a.Addr().IsLoopback() || a.Port() != 53 {
			return false
		}
	}
	return true
}

func count(c *Comparison, v Verdict) int {
	n := 0
	for i := range c.Answers {
		if c.Answers[i].Verdict == v {
			n++
		}
	}
	return n
}

// controls weighs whether other targets can be reached from here.
func (w *weighing) controls() {
	up, down := 0, 0
	for _, c := range w.c.Controls {
		switch c.Verdict {
		case Open, Refused:
			up++
		case NoAnswer, Unreachable, Prohibited, LocalFailure:
			down++
		}
	}
	switch {
	case up > 0:
		w.not(8, fmt.Sprintf("%d other targets can be reached from here", up), cause.ThisHost)
	case down > 0:
		w.add(6, fmt.Sprintf("none of %d other targets can be reached from here", down), cause.ThisHost)
	case len(w.c.Connections) > 0:
		w.gap("whether this host reaches anything else", "no control target was asked", "Case.Controls")
	}
}

// addresses weighs the connections, address by address.
func (w *weighing) addresses() {
	var order []netip.Addr
	by := map[netip.Addr][]Connection{}
	missing := missingFamily(w.c.Connections)
	for _, c := range w.c.Connections {
		a := c.Target.Addr()
		if missing != "" && c.Verdict == LocalFailure && family(c) == missing {
			w.gap("its addresses over "+missing, "this host has no "+missing+" ("+c.Errno+")", "a host with "+missing)
			continue
		}
		if by[a] == nil {
			order = append(order, a)
		}
		by[a] = append(by[a], c)
		if c.Verdict != LocalFailure { // that it was not asked is evidence here
			w.unseen = append(w.unseen, c.Unseen...)
		}
	}
	if len(order) == 0 {
		w.gap("whether its addresses can be reached", "no connection was tried", "Prober.Connect")
	}
	silent := 0
	for _, a := range order {
		if w.address(a, by[a]) {
			silent++
		}
	}
	if silent > 0 && silent < len(order) {
		w.not(6, fmt.Sprintf("%d of %d addresses do not answer", silent, len(order)), cause.Nothing)
	}
}

// missingFamily returns "IPv4" or "IPv6" if this host sent nothing over that
// family, because it does not have it, while the other one worked. That says
// nothing about the target and nothing about what the other one found.
func missingFamily(cs []Connection) string {
	sent, missing := map[string]bool{}, map[string]bool{}
	for _, c := range cs {
		if c.Verdict != LocalFailure {
			sent[family(c)] = true
		} else if slices.Contains([]string{"ENETUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT"}, c.Errno) {
			missing[family(c)] = true
		}
	}
	for f := range missing {
		if !sent[f] && len(sent) > 0 {
			return f
		}
	}
	return ""
}

func family(c Connection) string {
	if c.contact().Addr().Is4() {
		return "IPv4"
	}
	return "IPv6"
}

// address weighs the connections to one address, and reports whether none of
// them got any answer.
func (w *weighing) address(a netip.Addr, cs []Connection) bool {
	ports := map[Verdict][]string{}
	for _, c := range cs {
		ports[c.Verdict] = append(ports[c.Verdict], fmt.Sprint(c.Target.Port()))
	}
	list := func(v Verdict) string { return a.String() + " port " + strings.Join(ports[v], ", ") }
	if len(ports[Open]) > 0 && !w.login {
		w.not(8, list(Open)+" is open", cause.HostDown, cause.ServiceDown, cause.Path, cause.ThisHost)
		w.not(4, list(Open)+" is open", cause.Migration)
	}
	if len(ports[Refused]) > 0 {
		w.not(8, list(Refused)+" was refused, so something is there", cause.HostDown, cause.Path)
		w.add(6, list(Refused)+" was refused", cause.ServiceDown)
		w.add(1, "a firewall can refuse in the host's name", cause.Filtered)
		w.not(8, list(Refused)+" was refused", cause.Nothing)
	}
	if len(ports[LocalFailure]) > 0 {
		w.add(8, list(LocalFailure)+" was not asked: this host does not send there", cause.ThisHost)
		w.not(8, "it could not be asked", cause.Nothing)
	}
	for _, c := range cs {
		w.icmp(c)
	}
	if len(ports[NoAnswer]) == 0 {
		return false
	}
	fact := list(NoAnswer) + " does not answer"
	if len(ports[Open])+len(ports[Refused])+len(ports[Prohibited]) > 0 {
		// Dropped by a rule, or by a queue that is full.
		w.add(3, fact+", another port does", cause.Filtered)
		w.add(2, fact+", another port does", cause.Application, cause.Attack)
		w.not(4, fact, cause.Nothing)
		return false
	}
	w.not(8, fact, cause.Nothing)
	w.add(3, fact, cause.HostDown, cause.Filtered)
	w.add(2, fact, cause.Attack, cause.Path)
	w.add(1, fact, cause.Migration)
	return true
}

// icmp weighs the error that a router sent for one connection.
func (w *weighing) icmp(c Connection) {
	if c.ICMP == nil || (c.Verdict != Unreachable && c.Verdict != Prohibited) {
		return
	}
	v6 := c.contact().Addr().Is6()
	fact := fmt.Sprintf("%s: %s", c.Target, c.ICMP)
	w.not(8, fact, cause.Nothing)
	switch {
	case c.Verdict == Prohibited:
		w.add(8, fact, cause.Filtered)
	case c.ICMP.portUnreachable(v6) && c.ICMP.From == c.contact().Addr():
		w.add(4, fact+", the host itself", cause.Filtered, cause.ServiceDown)
		w.not(8, fact, cause.HostDown, cause.Path)
	case c.ICMP.portUnreachable(v6):
		w.add(6, fact+", not the host: a rule", cause.Filtered)
	case c.ICMP.timeExceeded(v6):
		w.add(8, fact+": a loop, or too long a way", cause.Path)
	case c.ICMP.hostUnreachable(v6):
		w.add(6, fact+": the last router finds nobody there", cause.HostDown)
		w.add(2, fact, cause.Path, cause.Migration)
	default:
		w.add(6, fact, cause.Path)
	}
}

// pings weighs echo replies: a reply says much, silence next to nothing.
func (w *weighing) pings() {
	for _, p := range w.c.Pings {
		switch p.Verdict {
		case Answered:
			w.not(8, p.Target.String()+" answers echo requests", cause.HostDown, cause.Path, cause.ThisHost)
		case NoAnswer:
			w.add(1, p.Target.String()+" answers no echo request (many hosts do not)", cause.HostDown, cause.Filtered)
		case Unknown:
			w.unseen = append(w.unseen, p.Unseen...)
		}
	}
}

// recentChange is how long before the trouble a change still explains it.
const recentChange = 30 * 24 * time.Hour
