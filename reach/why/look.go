package why

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/reach"
)

// Question is what to look at.
type Question struct {
	// Target is a name, an address or an http or https URL. A name means its page
	// over http, and its ports 80 and 443.
	Target string
	// Controls are other targets that are known to be up: "HOST:PORT", or the URL
	// of a page. Nobody but the resolvers, the target and this host's own gateway
	// is asked without them.
	Controls []string
	// DownSince is when the trouble began, where that is known.
	DownSince time.Time
}

// What a look at a name asks at most.
const (
	mostAddresses = 8
	smallSegment  = 536 // RFC 9293, 3.7.1: what every host takes
	bigPacket     = 1500
)

// Look gathers a case and judges it: the resolvers, each address, the page, and
// where something fails the questions that separate its causes: this host's own
// way, an echo request, GET where HEAD is not known or showed no big packet, small
// segments after silence, a trace to a silent port, a name that nobody has.
//
// The error is not nil for an unusable question (reach.ErrTarget) and where ctx
// was canceled; the diagnosis is then of what was seen, and never nil.
func Look(ctx context.Context, p *reach.Prober, q Question) (*Diagnosis, error) {
	l := &look{p: p, c: Case{At: time.Now().UTC().Round(0), DownSince: q.DownSince}, method: http.MethodHead}
	if slices.ContainsFunc(q.Controls, func(c string) bool { return strings.HasPrefix(c, "http://") }) {
		l.method = http.MethodGet
	}
	err := l.gather(ctx, q)
	if err == nil && ctx.Err() != nil {
		err = &opskit.Error{Op: "look", Target: q.Target, Err: ctx.Err()}
	}
	return Diagnose(l.c), err
}

type look struct {
	p      *reach.Prober
	c      Case
	method string // GET where a control's page is to be compared with the target's
}

func (l *look) gather(ctx context.Context, q Question) error {
	u, ports, err := readTarget(q.Target)
	if err != nil {
		return err
	}
	l.c.Name = u.Hostname()
	if strings.Contains(q.Target, "://") {
		l.c.URL = u.String()
	}
	addrs, err := l.resolve(ctx, l.c.Name)
	if err != nil {
		return err
	}
	for _, a := range addrs[:min(len(addrs), mostAddresses)] {
		l.address(ctx, a, u, ports)
	}
	if n := len(addrs) - mostAddresses; n > 0 {
		l.c.Unseen = append(l.c.Unseen, opskit.Gap{What: "its other addresses", Why: fmt.Sprintf("%d of %d were asked", mostAddresses, len(addrs))})
	}
	l.noSuchName(ctx, addrs)
	for _, control := range q.Controls {
		if err := l.control(ctx, control); err != nil {
			return err
		}
	}
	return nil
}

// noSuchName asks for a name that nobody has, beside one that leads somewhere and is
// not proven there: some resolvers have an address for every name.
func (l *look) noSuchName(ctx context.Context, addrs []netip.Addr) {
	dot := strings.LastIndexByte(strings.TrimSuffix(l.c.Name, "."), '.')
	if len(l.c.DNS) == 0 || len(addrs) == 0 || dot < 0 || slices.ContainsFunc(l.c.HTTP, func(a reach.HTTPAnswer) bool { return a.TLS.Proven() }) {
		return
	}
	kind := map[bool]string{true: "A", false: "AAAA"}[addrs[0].Is4()]
	if r, err := l.p.Compare(ctx, strings.ToLower(rand.Text()[:16])+l.c.Name[dot:], kind); err == nil {
		l.c.NoSuchDNS = append(l.c.NoSuchDNS, *r)
	}
}

// readTarget returns the URL to ask for and the ports to try.
func readTarget(target string) (*url.URL, []uint16, error) {
	if !strings.Contains(target, "://") {
		if a, err := netip.ParseAddr(target); err == nil && a.Is6() {
			target = "[" + target + "]"
		}
		target = "http://" + target + "/"
	}
	u, err := url.Parse(target)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, nil, &opskit.Error{Op: "read name", Target: target, Err: fmt.Errorf("want a name or an http URL: %w", reach.ErrTarget)}
	}
	if u.Port() == "" {
		return u, []uint16{80, 443}, nil
	}
	if portOf(u) == 0 {
		return nil, nil, &opskit.Error{Op: "read name", Target: target, Err: fmt.Errorf("port %q is none: %w", u.Port(), reach.ErrTarget)}
	}
	return u, []uint16{portOf(u)}, nil
}

// resolve asks the resolvers for the name's addresses and for the name servers of
// the zone that it is in, and looks at the way to a resolver that is silent.
func (l *look) resolve(ctx context.Context, name string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{a}, nil
	}
	var addrs []netip.Addr
	for _, kind := range []string{"A", "AAAA"} {
		r, err := l.p.Compare(ctx, name, kind)
		if err != nil {
			return nil, err
		}
		l.c.DNS = append(l.c.DNS, *r)
		addrs = append(addrs, r.Addrs()...)
	}
	l.resolvers(ctx)
	for zone := name; len(addrs) > 0 && strings.Contains(zone, "."); _, zone, _ = strings.Cut(zone, ".") {
		r, err := l.p.Compare(ctx, zone, "NS")
		if err != nil {
			return nil, err
		}
		if r.Verdict == reach.DNSAnswered || r.Verdict == reach.DNSDisagree {
			l.c.DNS = append(l.c.DNS, *r)
			break
		}
	}
	return addrs, nil
}

// resolvers looks at this host's own way to those that gave no answer.
func (l *look) resolvers(ctx context.Context) {
	for _, a := range l.c.DNS[0].Answers {
		at, err := netip.ParseAddrPort(a.Resolver)
		if err != nil || !slices.Contains([]reach.DNSVerdict{"", reach.DNSNoAnswer, reach.DNSUnreachable, reach.DNSLocalFailure}, a.Verdict) {
			continue
		}
		l.way(ctx, at.Addr())
		if r, _ := l.p.Ping(ctx, at.Addr(), 0); r.Seen() {
			l.c.Pings = append(l.c.Pings, *r)
		}
	}
}

// way looks once a family at this host's own side.
func (l *look) way(ctx context.Context, to netip.Addr) {
	if slices.ContainsFunc(l.c.Ways, func(w reach.Way) bool { return family(w.To) == family(to) }) {
		return
	}
	if w, _ := l.p.Way(ctx, to); w.Route != nil { // what it could not see is in it
		l.c.Ways = append(l.c.Ways, *w)
	}
}

// address asks one address: its ports, and the page where that opens.
func (l *look) address(ctx context.Context, a netip.Addr, u *url.URL, ports []uint16) {
	shut, quiet := false, netip.AddrPort{}
	for _, port := range ports {
		at := netip.AddrPortFrom(a, port)
		c, err := l.p.Connect(ctx, at)
		if err != nil && !c.Seen() {
			continue
		}
		l.c.Connections = append(l.c.Connections, *c)
		shut = shut || c.Verdict != reach.Open
		if c.Verdict == reach.NoAnswer {
			quiet = at
		}
		if port == portOf(u) && c.Verdict == reach.Open {
			l.page(ctx, u, at)
		}
	}
	if !shut || ctx.Err() != nil {
		return
	}
	l.way(ctx, a)
	if r, _ := l.p.Ping(ctx, a, 0); r.Seen() {
		l.c.Pings = append(l.c.Pings, *r)
	}
	if !quiet.IsValid() || len(l.c.Traces) > 1 {
		return
	}
	if t, err := l.p.Trace(ctx, quiet); err == nil {
		l.c.Traces = append(l.c.Traces, *t)
	}
}

// page asks for the page at one address, and once more as what came asks for.
func (l *look) page(ctx context.Context, u *url.URL, at netip.AddrPort) {
	ask := func(u *url.URL, at netip.AddrPort, method string, segment int) *reach.HTTPAnswer {
		a, err := l.p.HTTP(ctx, reach.HTTPRequest{URL: u.String(), At: at, Method: method, MaxSegment: segment})
		if err != nil && !a.Seen() {
			return nil
		}
		l.c.HTTP = append(l.c.HTTP, *a)
		return a
	}
	a := ask(u, at, l.method, 0)
	if a != nil && a.Method == http.MethodHead && (a.Status == http.StatusMethodNotAllowed || a.Status == http.StatusNotImplemented) {
		a = ask(u, at, http.MethodGet, 0)
	}
	if a == nil {
		return
	}
	if a.Method == http.MethodHead && a.Status == http.StatusOK && chainSize(a) < bigPacket {
		if b := ask(u, at, http.MethodGet, 0); b != nil { // nothing that fills a packet has come yet
			a = b
		}
	}
	if a.Verdict == reach.Silent || a.Verdict == reach.Malformed && (a.TimedOut || a.BodyEnded == "timed_out") {
		ask(u, at, a.Method, smallSegment)
	}
	if to := within(a); to != nil && to.String() != u.String() {
		ask(to, netip.AddrPortFrom(at.Addr(), portOf(to)), l.method, 0)
	}
}

func chainSize(a *reach.HTTPAnswer) (n int) {
	if a.TLS != nil {
		for _, der := range a.TLS.Chain {
			n += len(der)
		}
	}
	return n
}

// control asks another target that is known to be up.
func (l *look) control(ctx context.Context, target string) error {
	if strings.Contains(target, "://") {
		return l.controlPage(ctx, target)
	}
	host, _, err := net.SplitHostPort(target)
	if err != nil {
		return &opskit.Error{Op: "read control", Target: target, Err: fmt.Errorf("want HOST:PORT or a URL: %w", reach.ErrTarget)}
	}
	l.controlName(ctx, host)
	s, err := l.p.Dial(ctx, target)
	l.c.Controls = append(l.c.Controls, s.Connections...)
	if err != nil && len(s.Unresolved) > 0 { // that it has no address here says something too
		l.c.Unseen = append(l.c.Unseen, opskit.Gap{What: "the control " + target, Why: err.Error(), Need: "a control by its address"})
		return nil
	}
	return err
}

func (l *look) controlPage(ctx context.Context, target string) error {
	u, _, err := readTarget(target)
	if err != nil {
		return err
	}
	addrs := l.controlName(ctx, u.Hostname())
	if len(addrs) == 0 {
		l.c.Unseen = append(l.c.Unseen, opskit.Gap{What: "the control " + target, Why: "its name has no address here", Need: "a control by its address"})
		return nil
	}
	families := map[string]bool{}
	for _, a := range addrs {
		if families[family(a)] {
			continue
		}
		families[family(a)] = true
		h, err := l.p.HTTP(ctx, reach.HTTPRequest{URL: u.String(), At: netip.AddrPortFrom(a, 0), Method: http.MethodGet})
		if err != nil && !h.Seen() {
			return err
		}
		l.c.ControlHTTP = append(l.c.ControlHTTP, *h)
		l.c.Controls = append(l.c.Controls, h.Connection)
	}
	return nil
}

// controlName resolves a control, which shows whether the resolvers work.
func (l *look) controlName(ctx context.Context, host string) (addrs []netip.Addr) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}
	}
	for _, kind := range []string{"A", "AAAA"} {
		if r, err := l.p.Compare(ctx, host, kind); err == nil || errors.Is(err, context.Canceled) {
			l.c.ControlDNS = append(l.c.ControlDNS, *r)
			addrs = append(addrs, r.Addrs()...)
		}
	}
	return addrs
}

// Changed notes what is not what it was in an earlier case of the same name: a
// fact that [Diagnose] thinks of.
func (c *Case) Changed(earlier *Case) {
	note := func(kinds ...string) *Change {
		before, after := earlier.values(kinds...), c.values(kinds...)
		if before == "" || after == "" || before == after {
			return nil
		}
		return &Change{
			Before: before, After: after, LastBefore: earlier.At, FirstAfter: c.At,
			Source: "the look of " + earlier.At.Format(time.DateOnly),
		}
	}
	if earlier == nil || earlier.Name != c.Name {
		return
	}
	c.Address, c.Nameservers = note("A", "AAAA"), note("NS")
}

func (c *Case) values(kinds ...string) string {
	var out []string
	for i := range c.DNS {
		if !slices.Contains(kinds, c.DNS[i].Type) {
			continue
		}
		for _, a := range c.DNS[i].Answers {
			out = append(out, a.Data...)
		}
	}
	slices.Sort(out)
	return strings.Join(slices.Compact(out), " ")
}
