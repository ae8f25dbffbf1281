package why

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/opskit-go/opskit/reach"
)

// endpoint is one address and port that was asked, with all that is known of it.
type endpoint struct {
	at    netip.AddrPort
	conn  *reach.Connection
	pages []*reach.HTTPAnswer
}

// site finds how each address of the site stands. What was asked is the page's
// port; another port that is open or closed is a sign of life and no more.
func (w *weighing) site() {
	asked, absent := w.asked()
	byAddress := map[netip.Addr][]*endpoint{}
	var order []netip.Addr
	for _, e := range asked {
		if absent == family(e.at.Addr()) {
			w.gap("its addresses over "+absent, "this host has no "+absent+" ("+e.conn.Errno+")", "a host with "+absent)
			continue
		}
		if byAddress[e.at.Addr()] == nil {
			order = append(order, e.at.Addr())
		}
		byAddress[e.at.Addr()] = append(byAddress[e.at.Addr()], e)
	}
	for _, a := range order {
		w.address(a, byAddress[a])
	}
	w.samples()
	if len(asked) == 0 && len(w.c.HTTP)+len(w.nowhere) == 0 {
		w.gap("whether its addresses can be reached", "no connection was tried", "a connection to them")
	}
	if len(w.c.HTTP) == 0 && len(asked) > 0 {
		w.gap("whether the site answers", "no HTTP request was made", "a request for its page")
	}
}

// asked lists what the question was about, and the family that this host lacks.
func (w *weighing) asked() (list []*endpoint, absent string) {
	by := map[netip.AddrPort]*endpoint{}
	get := func(at netip.AddrPort) *endpoint {
		if by[at] == nil {
			by[at] = &endpoint{at: at}
			list = append(list, by[at])
		}
		return by[at]
	}
	for i := range w.c.Connections {
		c := &w.c.Connections[i]
		get(c.Target).conn = c
	}
	ports := w.ports()
	for i := range w.c.HTTP {
		a := &w.c.HTTP[i]
		e := get(a.Connection.Target)
		e.pages = append(e.pages, a)
		if e.conn == nil || a.Connection.Verdict != reach.Open && a.Connection.Verdict != reach.Unknown {
			e.conn = &a.Connection
		}
	}
	list = slices.DeleteFunc(list, func(e *endpoint) bool {
		return !slices.Contains(ports, e.at.Port()) || w.nowhere[e.at.Addr()] != ""
	})
	sent, missing := map[string]bool{}, map[string]bool{}
	for _, e := range list {
		if f := family(e.at.Addr()); e.conn.Verdict != reach.LocalFailure {
			sent[f] = true
		} else if slices.Contains([]string{"ENETUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT"}, e.conn.Errno) {
			missing[f] = true
		}
	}
	for f := range missing {
		if !sent[f] && len(sent) > 0 {
			absent = f
		}
	}
	return list, absent
}

// ports are those that the question is about: the URL's; else those that a page
// was asked at; else the web's, of those that were tried, and those that are not
// open; else all.
func (w *weighing) ports() (ports []uint16) {
	if u, err := url.Parse(w.c.URL); err == nil && u.Host != "" {
		ports = append(ports, portOf(u))
	}
	for i := range w.c.HTTP {
		a := &w.c.HTTP[i]
		if len(ports) == 0 || w.c.URL == "" {
			ports = append(ports, a.Connection.Target.Port())
		}
		if to := within(a); to != nil { // the site itself sends everybody there
			ports = append(ports, portOf(to))
		}
	}
	if len(ports) > 0 {
		return ports
	}
	var asked, rest []uint16
	for i := range w.c.Connections {
		c := &w.c.Connections[i]
		if p := c.Target.Port(); p == 80 || p == 443 || c.Verdict != reach.Open {
			asked = append(asked, p)
		} else {
			rest = append(rest, p)
		}
	}
	if len(asked) > 0 {
		return asked
	}
	return rest
}

func portOf(u *url.URL) uint16 {
	if a, err := netip.ParseAddrPort("127.0.0.1:" + u.Port()); err == nil {
		return a.Port()
	}
	if u.Port() != "" {
		return 0
	}
	return map[string]uint16{"http": 80, "https": 443}[u.Scheme]
}

// address finds how one address stands: ports that show the same are one finding.
func (w *weighing) address(a netip.Addr, list []*endpoint) {
	grouped := map[string][]*endpoint{}
	var order []string
	for _, e := range list {
		key := e.conn.Verdict.String()
		if e.conn.ICMP != nil {
			key += e.conn.ICMP.String()
		}
		if e.conn.Verdict == reach.Open {
			key += e.at.String() // each is asked for its page
		}
		if grouped[key] == nil {
			order = append(order, key)
		}
		grouped[key] = append(grouped[key], e)
	}
	for _, key := range order {
		group := grouped[key]
		ports := make([]uint16, len(group))
		for i, e := range group {
			ports[i] = e.at.Port()
		}
		w.siteAsked++
		facts := map[fact]string{}
		maps.Copy(facts, w.world[family(a)])
		w.atPort(facts, family(a), ports)
		w.otherSigns(facts, a, ports)
		if group[0].conn.Verdict == reach.Open {
			w.open(group[0], facts)
			continue
		}
		w.closed(scopeOf(a, ports), group[0].conn, facts)
	}
}

func scopeOf(a netip.Addr, ports []uint16) string {
	var words []string
	for _, p := range ports {
		words = append(words, fmt.Sprint(p))
	}
	return fmt.Sprintf("%s %s port %s", family(a), a, strings.Join(words, ", "))
}

// otherSigns adds the signs of life that the address gives besides these ports.
func (w *weighing) otherSigns(facts map[fact]string, a netip.Addr, ports []uint16) {
	for i := range w.c.Pings {
		if p := &w.c.Pings[i]; p.Target == a && len(p.Replies) > 0 {
			facts[alive] = a.String() + " answers echo requests"
		}
	}
	for i := range w.c.Connections {
		c := &w.c.Connections[i]
		if c.Target.Addr() == a && !slices.Contains(ports, c.Target.Port()) && (c.Verdict == reach.Open || c.Verdict == reach.Refused) {
			facts[alive] = fmt.Sprintf("%s is %s", c.Target, c.Verdict)
		}
	}
}

// closed finds why a connection does not open.
func (w *weighing) closed(scope string, c *reach.Connection, facts map[fact]string, more ...string) {
	seen := append([]string{c.Verdict.String()}, more...)
	if c.ICMP != nil {
		seen[0] += ": " + c.ICMP.String()
	}
	if private(c.Target.Addr()) {
		w.gap("whether this host is in the network of "+c.Target.Addr().String(), "many networks have that address", "the VPN or network that it belongs to")
	}
	s, state := symptom(""), StateBroken
	switch c.Verdict {
	case reach.NoAnswer:
		s = silent
		seen = append(seen, w.traced(c.Target.Addr())...)
	case reach.Refused:
		if s = refused; w.world[""][worksElsewhere] != "" {
			s = cutOff // a reset for this host alone
		}
	case reach.Prohibited:
		s = prohibited
	case reach.LocalFailure:
		s = notAsked
		seen = append(seen, c.Fault.String())
	case reach.Unreachable:
		s = unreachable(c, facts)
	default:
		state = StateUnknown
		for _, g := range c.Gaps() {
			w.gaps = append(w.gaps, g)
			seen = append(seen, g.Why)
		}
	}
	if down := facts[controlDown]; down != "" && state == StateBroken && s != notAsked && s != neighbour {
		s, seen = alikeDead, append(seen, down)
	}
	if facts[portDead] != "" && state == StateBroken {
		s, seen = shut, append(seen, facts[portDead])
	}
	if c.Verdict == reach.Refused && s == refused {
		if up := w.world[""][anyControl]; up != "" { // filters that reset one port and pass another are rare
			facts[controlPort] = up
		}
		w.gap("who sent the reset", "a firewall can send it in the host's name", "a capture: compare its TTL with that of an open port")
	}
	w.find(scope, family(c.Target.Addr()), s, state, facts, seen...)
}

// unreachable tells ICMP errors apart that are no prohibition by name. A host
// that gives a sign of life is there, so that the error is a rule's.
func unreachable(c *reach.Connection, facts map[fact]string) symptom {
	v6 := c.Target.Addr().Is6()
	own := c.ICMP != nil && c.ICMP.From.IsValid() && c.ICMP.From == c.Source
	switch {
	case c.ICMP == nil && c.Errno == "EHOSTUNREACH" && facts[alive] == "":
		return nobodyThere
	case c.ICMP == nil:
		return noWay
	case own && c.ICMP.HostUnreachable(v6):
		return neighbour
	case c.ICMP.From == c.Target.Addr():
		return rejected // a host that says of itself that it cannot be reached
	case c.ICMP.PortUnreachable(v6):
		return rejected // RFC 9293, 3.10.7.1: TCP itself sends a reset
	case c.ICMP.HostUnreachable(v6) && facts[alive] != "":
		return rejected
	case private(c.Target.Addr()) && c.ICMP.From.IsValid() && !private(c.ICMP.From):
		return noWay // a router of the Internet has no neighbours in another's network
	case c.ICMP.HostUnreachable(v6):
		return nobodyThere
	}
	return noWay
}

// private tells addresses that many networks have (RFC 1918, 4193, 6598).
func private(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLinkLocalUnicast() || netip.MustParsePrefix("100.64.0.0/10").Contains(a)
}

// traced says where the way to a silent address ends.
func (w *weighing) traced(a netip.Addr) (seen []string) {
	for i := range w.c.Traces {
		if t := &w.c.Traces[i]; t.Target.Addr() == a {
			seen = append(seen, t.Where())
		}
	}
	return seen
}

// samples finds what many connections to one target came to.
func (w *weighing) samples() {
	for i := range w.c.Samples {
		s := &w.c.Samples[i]
		for _, a := range s.Addresses {
			scope := fmt.Sprintf("%s %s, sampled", family(a.Target.Addr()), a.Target)
			parts := []string{fmt.Sprintf("%d of %d connections opened, %d after a SYN was sent again, median %s", a.Opened, a.Tried, a.Resent, a.Median)}
			failed := slices.SortedFunc(maps.Keys(a.Failed), func(x, y reach.Verdict) int { return cmp.Or(a.Failed[y]-a.Failed[x], cmp.Compare(x, y)) })
			for _, v := range failed {
				parts = append(parts, fmt.Sprintf("%s %d", v, a.Failed[v]))
			}
			seen := strings.Join(parts, ", ")
			switch {
			case a.Tried == 0:
			case a.Opened == 0 && len(failed) > 0:
				w.closed(scope, &reach.Connection{Target: a.Target, Verdict: failed[0]}, maps.Clone(w.world[family(a.Target.Addr())]), seen)
			case len(failed) > 0 && failed[0] == reach.Refused:
				w.find(scope, family(a.Target.Addr()), sometimes, StateDegraded, nil, seen)
			case s.Verdict == reach.Slow, s.Verdict == reach.Lossy, a.Opened < a.Tried:
				w.find(scope, family(a.Target.Addr()), lossy, StateDegraded, nil, seen)
			default:
				w.works(scope, StateWorks, seen)
			}
			w.siteAsked++
		}
	}
}
