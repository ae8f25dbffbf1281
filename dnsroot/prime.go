package dnsroot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/opskit-go/opskit"
)

// Priming is the outcome of priming queries (RFC 9609): the servers as three of
// them list them, compared with the hints. The lists are the evidence; all else
// is derived by Judge.
type Priming struct {
	Hints  Hints            `json:"hints"`            // what is compared
	Lists  []Listing        `json:"lists,omitempty"`  // what the servers answered
	Tried  []opskit.Failure `json:"tried,omitempty"`  // who was asked and did not answer
	Unseen []opskit.Gap     `json:"unseen,omitempty"` // what could not be asked

	Verdict   Verdict         `json:"verdict"`             // Healthy: the hints hold; Stale: they do not; Invalid: the list is not proved
	Changes   []opskit.Change `json:"changes,omitempty"`   // what the hints have differently
	Disagree  []string        `json:"disagree,omitempty"`  // what the servers list differently, a sentence each
	Undecided []opskit.Gap    `json:"undecided,omitempty"` // what could not be told
}

// Listing is what one server answered.
type Listing struct {
	Server    string         `json:"server"`           // who answered
	Addr      netip.AddrPort `json:"addr"`             // on which address
	Transport Transport      `json:"transport"`        // TCP if the answer over UDP was truncated
	RTT       time.Duration  `json:"rtt_ns"`           // monotonic
	NS        Validation     `json:"ns"`               // of the list of names; their addresses are never signed
	Servers   []Server       `json:"servers,omitzero"` // what it lists
	Absent    []string       `json:"absent,omitempty"` // "m.root-servers.net. AAAA": it says with authority that there is none
	Untold    []string       `json:"untold,omitempty"` // left out of the answer, and not to be had from it
}

const (
	// primings is how many servers are asked, so that one that leaves out what
	// others tell, or tells something else, shows.
	primings = 3
	// maxPriming bounds how many addresses are asked before priming gives up.
	maxPriming = 8
)

// Prime asks three servers of the zone for their own list, as a resolver does
// when it starts: ". NS" to addresses of the hints taken at random, other ones if
// they do not answer, TCP if an answer is truncated, and the addresses that an
// answer leaves out (RFC 9609 allows that) one by one. Only an authoritative
// answer without the record says that an address is gone; a referral, as a
// server gives that has no more than the zone, says nothing.
//
// It blocks for at most eight timeouts for dead addresses, plus one for each kind
// of address left out. The error matches what the last address failed with,
// such as [ErrNoAnswer], or [ErrNotSent] if this host could send nothing; it is
// nil if one server answered.
func (c *Client) Prime(ctx context.Context) (*Priming, error) {
	type target struct {
		server string
		addr   netip.AddrPort
	}
	p := &Priming{Hints: c.hints()}
	zone := p.Hints.zone()
	var targets []target
	for _, s := range p.Hints.Servers {
		for _, a := range s.Addrs {
			targets = append(targets, target{s.Name, netip.AddrPortFrom(a.Unmap(), c.port())})
		}
	}
	if len(targets) == 0 {
		return nil, &opskit.Error{Op: "prime", Err: fmt.Errorf("%w: the hints name no address", ErrSyntax)}
	}
	rand.Shuffle(len(targets), func(i, j int) { targets[i], targets[j] = targets[j], targets[i] })

	pace := c.pacer()
	var last error
	asked, tried := 0, 0
	for _, t := range targets {
		if len(p.Lists) == primings || asked == maxPriming || ctx.Err() != nil {
			break
		}
		if slices.ContainsFunc(p.Lists, func(l Listing) bool { return l.Server == t.server }) {
			continue
		}
		a := c.ask(ctx, pace, askNS(zone), t.addr, TransportUDP)
		if a.err == nil {
			a.err = priming(a.msg, zone)
		}
		if a.err == nil {
			l := Listing{Server: t.server, Addr: t.addr, Transport: TransportUDP, RTT: a.reply.RTT}
			if a.truncated {
				l.Transport = TransportTCP
			}
			c.readListing(ctx, pace, &l, zone, a)
			p.Lists = append(p.Lists, l)
			continue
		}
		tried++
		p.Tried = append(p.Tried, opskit.Fail(&opskit.Error{Op: "prime from " + label(t.server), Target: t.addr.String(), Err: a.err}))
		if !errors.Is(a.err, ErrNotSent) {
			asked, last = asked+1, a.err // a server's failure says more than a missing route
		} else if last == nil {
			last = a.err
		}
	}
	if len(p.Lists) == 0 {
		return nil, &opskit.Error{Op: "prime", Err: fmt.Errorf("%d addresses asked, last: %w", tried, last)}
	}
	p.Judge()
	return p, nil
}

// priming tells whether the answer is one that RFC 9609 section 4 allows.
func priming(m *dns.Msg, zone string) error {
	set, _ := zoneSet(m, zone, dns.TypeNS)
	switch {
	case m.Rcode != dns.RcodeSuccess || len(set) == 0:
		return fmt.Errorf("%w: %s, %d NS records", ErrRcode, rcodeText(m.Rcode), len(set))
	case !m.Authoritative:
		return fmt.Errorf("%w: not authoritative, as if a resolver answered in the server's place", ErrRcode)
	}
	return nil
}

func (c *Client) readListing(ctx context.Context, pace *pacer, l *Listing, zone string, a answer) {
	keys := c.ask(ctx, pace, askDNSKEY(zone), l.Addr, TransportUDP)
	if keys.err != nil {
		l.NS = unproven(SecurityUnknown, "validate "+askNS(zone).String(), fmt.Errorf("no key set: %w", keys.err))
	} else {
		l.NS = Validate(a.reply.Wire, keys.reply.Wire, c.anchors(), c.now())
	}
	addrs := map[string][]netip.Addr{}
	listed := servers(a.msg, zone)
	for _, name := range listed {
		addrs[name] = nil
	}
	glue(a.msg.Extra, addrs)
	whole := func(name string) bool {
		return slices.ContainsFunc(addrs[name], netip.Addr.Is4) && slices.ContainsFunc(addrs[name], netip.Addr.Is6)
	}
	if !a.truncated && slices.ContainsFunc(listed, func(name string) bool { return !whole(name) }) {
		if full := c.ask(ctx, pace, askNS(zone), l.Addr, TransportTCP); full.err == nil { // where there is room for all
			glue(full.msg.Extra, addrs)
		}
	}
	for _, name := range listed {
		for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA} {
			if slices.ContainsFunc(addrs[name], func(a netip.Addr) bool { return a.Is4() == (qtype == dns.TypeA) }) {
				continue
			}
			q := question{name: name, qtype: qtype}
			extra := c.ask(ctx, pace, q, l.Addr, TransportUDP)
			before := len(addrs[name])
			if extra.err == nil {
				glue(extra.msg.Answer, addrs)
			}
			switch {
			case len(addrs[name]) > before:
			case extra.err == nil && extra.msg.Authoritative && (extra.msg.Rcode == dns.RcodeSuccess || extra.msg.Rcode == dns.RcodeNameError):
				l.Absent = append(l.Absent, q.String())
			default:
				l.Untold = append(l.Untold, q.String())
			}
		}
		slices.SortFunc(addrs[name], netip.Addr.Compare)
		l.Servers = append(l.Servers, Server{Name: name, Addrs: slices.Compact(addrs[name])})
	}
}

// glue takes the addresses of the servers that are listed.
func glue(records []dns.RR, addrs map[string][]netip.Addr) {
	for _, rr := range records {
		name := strings.ToLower(rr.Header().Name)
		if _, listed := addrs[name]; !listed || rr.Header().Class != dns.ClassINET {
			continue
		}
		switch rr := rr.(type) {
		case *dns.A:
			addrs[name] = address(addrs[name], rr.A)
		case *dns.AAAA:
			addrs[name] = address(addrs[name], rr.AAAA)
		}
	}
}

// said is what the servers say of one address, or of one name.
type said struct{ yes, no []string }

// Judge derives all but the lists anew.
func (p *Priming) Judge() opskit.Level {
	p.Verdict, p.Changes, p.Disagree, p.Undecided = Unknown, nil, nil, nil
	if len(p.Lists) == 0 {
		p.Undecided = []opskit.Gap{{What: "the servers' own list", Why: "none of them was asked", Need: "a server that answers"}}
		return p.Level()
	}
	got := Hints{Zone: p.Hints.Zone}
	hinted := p.Hints.byName()
	names := map[string]bool{}
	for name := range hinted {
		names[name] = true
	}
	for _, l := range p.Lists {
		for _, s := range l.Servers {
			names[s.Name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		server := Server{Name: name}
		all := slices.Clone(hinted[name])
		list := said{}
		for _, l := range p.Lists {
			if addrs, ok := l.addrs(name); ok {
				list.yes = append(list.yes, label(l.Server))
				all = append(all, addrs...)
			} else {
				list.no = append(list.no, label(l.Server))
			}
		}
		p.disagree(name, list)
		slices.SortFunc(all, netip.Addr.Compare)
		for _, a := range slices.Compact(all) {
			says := p.says(name, a)
			switch {
			case len(says.yes) > 0 || len(says.no) == 0 && slices.Contains(hinted[name], a):
				server.Addrs = append(server.Addrs, a)
			}
			if len(list.no) == 0 {
				p.disagree(name+" "+a.String(), says)
			}
			if len(says.yes)+len(says.no) == 0 && len(list.yes) > 0 {
				p.Undecided = append(p.Undecided, opskit.Gap{What: fmt.Sprintf("%s of %s", a, name), Why: "all that were asked leave it out of their answers and refer to others", Need: "a server that has the addresses, or the hints file of today"})
			}
		}
		if len(list.yes) > 0 {
			got.Servers = append(got.Servers, server)
		}
	}
	p.Changes = p.Hints.Diff(got)
	for name := range names {
		if _, was := hinted[name]; !was && len(got.byName()[name]) == 0 {
			p.Changes = append(p.Changes, opskit.Change{What: "name server", New: name})
		}
	}
	slices.SortFunc(p.Changes, func(a, b opskit.Change) int { return strings.Compare(a.What+a.Old+a.New, b.What+b.Old+b.New) })
	p.judgeProof()
	return p.Level()
}

// judgeProof weighs whether the lists are proved.
func (p *Priming) judgeProof() {
	secure, bad := 0, 0
	for _, l := range p.Lists {
		switch l.NS.Security {
		case SecuritySecure:
			secure++
		case SecurityBogus, SecurityUnsigned:
			bad++
		}
	}
	switch {
	case bad > 0 && !trusted(p.Lists[0].NS):
		p.Verdict = Invalid
	case secure == 0:
		p.Undecided = append(p.Undecided, opskit.Gap{What: "whether the lists are the zone's own", Why: "none of them was validated", Need: "the zone's trust anchors"})
	case len(p.Changes) > 0:
		p.Verdict = Stale
	case len(p.Disagree) > 0:
		p.Verdict = Degraded
	case len(p.Undecided) == 0:
		p.Verdict = Healthy
	}
}

// addrs are what the list has for a name.
func (l *Listing) addrs(name string) ([]netip.Addr, bool) {
	for _, s := range l.Servers {
		if s.Name == name {
			return s.Addrs, true
		}
	}
	return nil, false
}

// says tells who lists the address and who says that it is not there: by other
// addresses of its kind, or by an authoritative answer that there are none.
func (p *Priming) says(name string, a netip.Addr) (s said) {
	kind := name + " " + map[bool]string{true: "A", false: "AAAA"}[a.Unmap().Is4()]
	for _, l := range p.Lists {
		addrs, listed := l.addrs(name)
		switch {
		case slices.Contains(addrs, a):
			s.yes = append(s.yes, label(l.Server))
		case slices.ContainsFunc(addrs, func(b netip.Addr) bool { return b.Is4() == a.Is4() }), slices.Contains(l.Absent, kind), !listed:
			s.no = append(s.no, label(l.Server))
		}
	}
	return s
}

func (p *Priming) disagree(what string, s said) {
	if len(s.yes) > 0 && len(s.no) > 0 {
		p.Disagree = append(p.Disagree, fmt.Sprintf("%s is listed by %s and not by %s", what, strings.Join(s.yes, " "), strings.Join(s.no, " ")))
	}
}

// Level is what the verdict means to a monitor.
func (p *Priming) Level() opskit.Level { return level(p.Verdict, len(p.Gaps())) }

// Gaps returns what could not be asked or told.
func (p *Priming) Gaps() []opskit.Gap {
	gaps := append(slices.Clip(p.Unseen), p.Undecided...)
	if len(gaps) == 0 && level(p.Verdict, 0) == opskit.Unknown {
		gaps = append(gaps, opskit.Gap{What: "the servers' own list", Why: "it was not judged"})
	}
	return gaps
}

// Seen reports whether any server answered.
func (p *Priming) Seen() bool { return p != nil && len(p.Lists) > 0 }

// String prints whether the hints hold, who answered, and every difference.
func (p *Priming) String() string {
	head := map[Verdict]string{
		Healthy: "the hints hold", Stale: fmt.Sprintf("the hints differ in %d places", len(p.Changes)),
		Invalid: "the servers' lists do not validate", Degraded: "the servers disagree",
	}[p.Verdict]
	if head == "" {
		head = "cannot tell whether the hints hold"
	}
	lines := []string{"priming: " + head}
	for _, l := range p.Lists {
		line := fmt.Sprintf("  %s lists %d servers, %s, from %s over %s in %s", label(l.Server), len(l.Servers), l.NS.Security, l.Addr, l.Transport, l.RTT.Round(time.Microsecond))
		if !l.NS.Why.IsZero() {
			line += ": " + l.NS.Why.String()
		}
		lines = append(lines, opskit.Escape(line))
	}
	for _, ch := range p.Changes {
		text := ch.What + ": " + ch.Old + " is gone"
		if ch.New != "" {
			text = ch.What + ": " + ch.New + " is new"
		}
		lines = append(lines, "  "+opskit.Escape(text))
	}
	for _, text := range p.Disagree {
		lines = append(lines, "  "+opskit.Escape(text))
	}
	for _, f := range p.Tried {
		lines = append(lines, "  "+f.String())
	}
	if p.Verdict == Stale && p.Hints.zone() == "." {
		lines = append(lines, "next: fetch the current hints file from https://www.internic.net/domain/named.root")
	}
	return strings.Join(append(lines, opskit.NotChecked(p)), "\n")
}
