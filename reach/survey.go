package reach

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
)

// Survey is what became of a list of targets: every address of every name.
type Survey struct {
	Connections []Connection `json:"connections,omitempty"` // in the order of the list
	Pings       []Ping       `json:"pings,omitempty"`       // the same for echo requests
	Unresolved  []Unresolved `json:"unresolved,omitempty"`  // what has no address here
}

// Unresolved is a target that could not be asked, with the reason.
type Unresolved struct {
	Target  string         `json:"target"`           // as it was given
	Failure opskit.Failure `json:"failure,omitzero"` // why
}

// named is an address with the name that it was given by.
type named struct {
	name string
	at   netip.AddrPort
}

// Dial connects to every address of targets such as "www.example.org:443",
// "192.0.2.1:22,80,8000-8010" or "[2001:db8::1]:https": to each port of each
// address, at once, as [Prober.ConnectAll] does. Ports are numbers, ranges and the
// names of /etc/services. Names are asked of Resolvers, or of the system.
//
// A target without an address is in Unresolved, and the others are asked all the
// same. The error is not nil where ctx ended before all were asked, and for a
// single target that cannot be asked. The result is never nil.
func (p *Prober) Dial(ctx context.Context, targets ...string) (*Survey, error) {
	s := &Survey{}
	list, err := p.targets(ctx, s, targets)
	var addresses []netip.AddrPort
	place := map[netip.AddrPort]int{}
	for i, t := range list {
		if _, twice := place[t.at]; !twice {
			place[t.at] = i
			addresses = append(addresses, t.at)
		}
	}
	for c, failed := range p.ConnectAll(ctx, slices.Values(addresses)) {
		if t := list[place[c.Target]]; t.name != c.Target.Addr().String() {
			c.Name = t.name
		}
		if errors.Is(failed, ErrTarget) {
			s.Unresolved = append(s.Unresolved, Unresolved{c.Target.String(), opskit.Fail(failed)})
			continue
		}
		s.Connections = append(s.Connections, *c)
		p.Observer.Report(opskit.Phase{Op: "dial", Target: c.Target.String(), Name: "answer", Done: len(s.Connections), Total: len(addresses)})
	}
	slices.SortStableFunc(s.Connections, func(a, b Connection) int { return place[a.Target] - place[b.Target] })
	if err == nil && ctx.Err() != nil {
		err = &opskit.Error{Op: "dial", Err: ctx.Err()}
	}
	return s, err
}

// targets resolves a list.
func (p *Prober) targets(ctx context.Context, s *Survey, words []string) (list []named, err error) {
	for _, w := range words {
		found, failed := p.resolve(ctx, w)
		if failed != nil {
			s.Unresolved = append(s.Unresolved, Unresolved{w, opskit.Fail(failed)})
			if len(words) == 1 {
				err = failed
			}
		}
		list = append(list, found...)
	}
	return list, err
}

// PingAll sends echo requests to every address of names; see [Prober.Dial] for
// what becomes of one that has none, and for the error.
func (p *Prober) PingAll(ctx context.Context, count int, names ...string) (*Survey, error) {
	s := &Survey{}
	words := make([]string, len(names))
	for i, n := range names {
		words[i] = net.JoinHostPort(strings.Trim(n, "[]"), "1")
	}
	list, err := p.targets(ctx, s, words)
	for _, t := range list {
		r, failed := p.Ping(ctx, t.at.Addr(), count)
		if t.name != r.Target.String() {
			r.Name = t.name
		}
		if failed != nil && !r.Seen() {
			s.Unresolved = append(s.Unresolved, Unresolved{t.name, opskit.Fail(failed)})
			continue
		}
		s.Pings = append(s.Pings, *r)
	}
	if err == nil && ctx.Err() != nil {
		err = &opskit.Error{Op: "ping", Err: ctx.Err()}
	}
	return s, err
}

// resolve turns "host:ports" into addresses: all of a name, since one family can
// hide the other's trouble.
func (p *Prober) resolve(ctx context.Context, target string) ([]named, error) {
	host, services, err := net.SplitHostPort(target)
	if err != nil || host == "" {
		return nil, &opskit.Error{Op: "read target", Target: target, Err: fmt.Errorf("want HOST:PORT: %w", ErrTarget)}
	}
	ports, err := readPorts(services)
	if err != nil {
		return nil, &opskit.Error{Op: "read target", Target: target, Err: err}
	}
	var addresses []netip.Addr
	if a, err := netip.ParseAddr(host); err == nil {
		addresses = []netip.Addr{a}
	} else if addresses, err = p.lookup(ctx, host); err != nil {
		return nil, &opskit.Error{Op: "resolve", Target: host, Err: err}
	}
	var out []named
	for _, a := range addresses {
		for _, port := range ports {
			out = append(out, named{host, netip.AddrPortFrom(a.Unmap(), port)})
		}
	}
	return out, nil
}

func (p *Prober) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if len(p.Resolvers) == 0 {
		return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	}
	var out []netip.Addr
	var said []string
	for _, kind := range []string{"A", "AAAA"} {
		c, err := p.Compare(ctx, host, kind)
		if err != nil {
			return nil, err
		}
		out, said = append(out, c.Addrs()...), append(said, kind+" "+c.Verdict.String())
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("the resolvers give no address (%s): %w", strings.Join(said, ", "), ErrTarget)
	}
	return out, nil
}

// readPorts reads "22", "80,443", "8000-8010" and "https".
func readPorts(text string) (ports []uint16, err error) {
	for word := range strings.SplitSeq(text, ",") {
		low, high, ok := strings.Cut(word, "-")
		first, errLow := strconv.ParseUint(low, 10, 16)
		last := first
		var errHigh error
		if ok {
			last, errHigh = strconv.ParseUint(high, 10, 16)
		}
		if errLow != nil { // a name, which may hold a dash
			n, err := net.LookupPort("tcp", word)
			if err != nil {
				return nil, fmt.Errorf("no port %q: %w", word, ErrTarget)
			}
			first, last, errHigh = uint64(n), uint64(n), nil
		}
		if errHigh != nil || first == 0 || last < first {
			return nil, fmt.Errorf("%q is no port and no range of ports: %w", word, ErrTarget)
		}
		for n := first; n <= last; n++ {
			ports = append(ports, uint16(n))
		}
	}
	return ports, nil
}

// Results lists everything in s, one by one.
func (s *Survey) Results() iter.Seq[opskit.Result] {
	return func(yield func(opskit.Result) bool) {
		for i := range s.Connections {
			if !yield(&s.Connections[i]) {
				return
			}
		}
		for i := range s.Pings {
			if !yield(&s.Pings[i]) {
				return
			}
		}
		for i := range s.Unresolved {
			if !yield(&s.Unresolved[i]) {
				return
			}
		}
	}
}

// Judge judges every part again and returns the worst level.
func (s *Survey) Judge() opskit.Level {
	for i := range s.Connections {
		s.Connections[i].Judge()
	}
	for i := range s.Pings {
		s.Pings[i].Judge()
	}
	return s.Level()
}

// Level is the worst of all parts.
func (s *Survey) Level() opskit.Level {
	var levels []opskit.Level
	for r := range s.Results() {
		levels = append(levels, r.Level())
	}
	return opskit.Worst(levels...)
}

// Gaps returns those of all parts, each once.
func (s *Survey) Gaps() []opskit.Gap {
	var all []opskit.Gap
	for r := range s.Results() {
		for _, g := range r.Gaps() {
			if !slices.Contains(all, g) {
				all = append(all, g)
			}
		}
	}
	return gaps(s.Level(), all, nil)
}

// Seen tells whether anything was observed.
func (s *Survey) Seen() bool { return s != nil && len(s.Connections)+len(s.Pings) > 0 }

// Since tells what differs from an earlier survey.
func (s *Survey) Since(earlier *Survey) opskit.Changes {
	var c opskit.Changes
	if earlier == nil {
		return c
	}
	before, now := earlier.verdicts(), s.verdicts()
	for _, target := range slices.Sorted(maps.Keys(now)) {
		if old, ok := before[target]; ok {
			c.Compare(target, old, now[target])
			continue
		}
		c.Unseen = append(c.Unseen, opskit.Gap{What: target, Why: "it was not asked at the earlier look"})
	}
	for _, target := range slices.Sorted(maps.Keys(before)) {
		if _, ok := now[target]; !ok {
			c.Unseen = append(c.Unseen, opskit.Gap{What: target, Why: "it was not asked at this look"})
		}
	}
	return c
}

func (s *Survey) verdicts() map[string]string {
	out := map[string]string{}
	for i := range s.Connections {
		out[s.Connections[i].Target.String()] = s.Connections[i].Verdict.String()
	}
	for i := range s.Pings {
		out["ping "+s.Pings[i].Target.String()] = s.Pings[i].Verdict.String()
	}
	for _, u := range s.Unresolved {
		out[u.Target] = "unresolved"
	}
	return out
}

// String returns how many came to each verdict, who sent errors, and what was not
// checked.
func (s *Survey) String() string {
	counts, senders := map[string]int{}, map[string]int{}
	for i := range s.Connections {
		c := &s.Connections[i]
		counts[c.Verdict.String()]++
		if c.ICMP != nil && c.ICMP.From.IsValid() {
			senders[c.ICMP.String()]++
		}
	}
	for i := range s.Pings {
		counts["ping "+s.Pings[i].Verdict.String()]++
	}
	if n := len(s.Unresolved); n > 0 {
		counts["not asked"] = n
	}
	var parts, ev []string
	for _, v := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%s %d", v, counts[v]))
	}
	for _, who := range slices.Sorted(maps.Keys(senders)) {
		ev = append(ev, fmt.Sprintf("%s: %d targets", who, senders[who]))
	}
	if len(parts) == 0 {
		parts = []string{"unknown"}
	}
	return report(s, "targets: "+strings.Join(parts, ", "), ev)
}

// Level is Unknown: nothing was asked.
func (u *Unresolved) Level() opskit.Level { return opskit.Unknown }

// Gaps says why.
func (u *Unresolved) Gaps() []opskit.Gap {
	why := u.Failure.String()
	if why == "" {
		why = "it was not asked"
	}
	return []opskit.Gap{{What: "whether it can be reached", Why: why, Need: "an address"}}
}

// String returns the target and the reason.
func (u *Unresolved) String() string { return report(u, short(u.Target)+": unknown", nil) }

// At is when the survey was made: the time of its first part.
func (s *Survey) At() (at time.Time) {
	for i := range s.Connections {
		if t := s.Connections[i].At; at.IsZero() || t.Before(at) {
			at = t
		}
	}
	for i := range s.Pings {
		if t := s.Pings[i].At; at.IsZero() || t.Before(at) {
			at = t
		}
	}
	return at
}
