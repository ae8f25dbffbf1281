package dnsroot

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"

	"github.com/miekg/dns"

	"github.com/opskit-go/opskit"
)

const (
	// maxWalk bounds the questions of one walk, and maxDepth how many zones deep
	// the addresses of name servers are looked for: loops of delegations end.
	maxWalk  = 200
	maxDepth = 4
	// walkTries is how many servers of a zone are asked one question.
	walkTries = 4
)

// Delegation asks from the servers of Client.Hints, which are the root's, down to
// the zone for its parent's view of it: hints with the name servers and their
// addresses, looked for where the parent has none, and the DS records as trust
// anchors where a chain of signatures from Client.Anchors proves them. A client
// with both sweeps the zone. A server without an address is in the hints too, and
// a gap of the sweep.
//
// It asks the servers of the zones on the way, some ten questions, at most 200.
// The error matches [ErrRcode] if there is no such zone, or what the last server
// failed with.
func (c *Client) Delegation(ctx context.Context, zone string) (Hints, []Anchor, error) {
	w := &walk{client: c, pace: c.pacer(), cuts: map[string]*cut{}}
	w.cuts["."] = &cut{hints: Hints{Servers: slices.Clone(c.hints().Servers)}, anchors: c.anchors()}
	zone = dns.CanonicalName(zone)
	at, _, err := w.find(ctx, question{name: zone, qtype: dns.TypeNS}, 0)
	if err != nil {
		return Hints{}, nil, &opskit.Error{Op: "find servers", Target: zone, Err: err}
	}
	for i := range at.hints.Servers {
		w.addresses(ctx, &at.hints.Servers[i], 0)
	}
	return at.hints, at.anchors, c.over(ctx, "find servers")
}

// walk follows referrals.
type walk struct {
	client *Client
	pace   *pacer
	asked  int
	cuts   map[string]*cut // that are known, by the zone's name
}

// cut is a zone as its parent sees it.
type cut struct {
	hints   Hints
	anchors []Anchor // nil: not signed, or not proved
	keys    []*dns.DNSKEY
}

// find asks for records from the deepest zone on that is known; for the NS records
// of a zone it ends at its parent.
func (w *walk) find(ctx context.Context, q question, depth int) (*cut, *dns.Msg, error) {
	zone := "."
	for name := range w.cuts {
		if dns.IsSubDomain(name, q.name) && dns.CountLabel(name) > dns.CountLabel(zone) {
			zone = name
		}
	}
	for at := w.cuts[zone]; ; at = w.cuts[zone] {
		if q.qtype == dns.TypeNS && zone == q.name {
			return at, nil, nil
		}
		m, err := w.query(ctx, at, q, depth)
		if err != nil {
			return nil, nil, err
		}
		section := m.Ns
		if set, _ := zoneSet(m, q.name, q.qtype); len(set) > 0 {
			if q.qtype != dns.TypeNS {
				return at, m, nil
			}
			section = m.Answer // it serves the parent and the zone
		}
		child := delegated(section, m.Extra, zone, q.name)
		if child == nil {
			return nil, nil, fmt.Errorf("%w: %s for %s from the servers of %s, and no referral", ErrRcode, rcodeText(m.Rcode), q, zone)
		}
		if child.anchors, err = w.prove(ctx, at, child.hints.Zone, m, depth); err != nil {
			return nil, nil, err
		}
		zone = child.hints.Zone
		w.cuts[zone] = child
	}
}

// delegated reads a referral to a zone below one and not below the name.
func delegated(section, extra []dns.RR, below, name string) *cut {
	child := &cut{}
	addrs := map[string][]netip.Addr{}
	for _, rr := range section {
		owner := dns.CanonicalName(rr.Header().Name)
		ns, ok := rr.(*dns.NS)
		if !ok || owner == below || !dns.IsSubDomain(below, owner) || !dns.IsSubDomain(owner, name) {
			continue
		}
		server := dns.CanonicalName(ns.Ns)
		addrs[server] = nil
		child.hints.Zone = owner
		child.hints.Servers = append(child.hints.Servers, Server{Name: server})
	}
	if child.hints.Zone == "" {
		return nil
	}
	glue(extra, addrs)
	for i := range child.hints.Servers {
		s := &child.hints.Servers[i]
		s.Addrs = addrs[s.Name]
	}
	return child
}

// prove returns the DS records of a zone that its parent's keys have signed.
func (w *walk) prove(ctx context.Context, parent *cut, zone string, referral *dns.Msg, depth int) ([]Anchor, error) {
	above := parent.hints.zone()
	if len(parent.anchors) == 0 {
		return nil, nil
	}
	if parent.keys == nil {
		m, err := w.query(ctx, parent, askDNSKEY(above), depth)
		if err != nil {
			return nil, err
		}
		var v Validation
		if parent.keys, v = trustedKeys(m, above, parent.anchors, w.client.now()); v.Security != SecuritySecure {
			return nil, v.Why.Err()
		}
	}
	m := &dns.Msg{Answer: referral.Ns}
	if len(referral.Answer) > 0 { // both zones are served there: the DS records stand by themselves
		var err error
		if m, err = w.query(ctx, parent, question{name: zone, qtype: dns.TypeDS}, depth); err != nil {
			return nil, err
		}
	}
	set, _ := zoneSet(m, zone, dns.TypeDS)
	if len(set) == 0 {
		return nil, nil
	}
	if v := verifySet(m, zone, above, dns.TypeDS, parent.keys, w.client.now()); v.Security != SecuritySecure {
		return nil, v.Why.Err()
	}
	var anchors []Anchor
	for _, rr := range set {
		ds := rr.(*dns.DS)
		anchors = append(anchors, Anchor{Zone: zone, KeyTag: ds.KeyTag, Algorithm: ds.Algorithm, DigestType: ds.DigestType, Digest: strings.ToUpper(ds.Digest)})
	}
	return anchors, nil
}

// query asks some servers of a zone until one gives an answer or a referral.
func (w *walk) query(ctx context.Context, at *cut, q question, depth int) (*dns.Msg, error) {
	last := fmt.Errorf("%w: the servers of %s have no address", ErrNotSent, at.hints.zone())
	answered := 0
	for _, i := range rand.Perm(len(at.hints.Servers)) {
		s := &at.hints.Servers[i]
		w.addresses(ctx, s, depth)
		for _, addr := range s.Addrs {
			if w.asked++; w.asked > maxWalk || answered == walkTries {
				return nil, last
			}
			a := w.client.ask(ctx, w.pace, q, netip.AddrPortFrom(addr, w.client.port()), TransportUDP)
			if a.err == nil && (a.msg.Rcode == dns.RcodeSuccess || a.msg.Rcode == dns.RcodeNameError) {
				return a.msg, nil
			}
			if !errors.Is(a.err, ErrNotSent) {
				answered++
			}
			if a.err == nil {
				a.err = fmt.Errorf("%w: %s", ErrRcode, rcodeText(a.msg.Rcode))
			}
			last = &opskit.Error{Op: "query " + q.String(), Target: addr.String(), Err: a.err}
		}
	}
	return nil, last
}

// addresses looks for those of a server that came without.
func (w *walk) addresses(ctx context.Context, s *Server, depth int) {
	if len(s.Addrs) > 0 || depth >= maxDepth {
		return
	}
	for _, qtype := range []uint16{dns.TypeA, dns.TypeAAAA} {
		if _, m, err := w.find(ctx, question{name: s.Name, qtype: qtype}, depth+1); err == nil {
			addrs := map[string][]netip.Addr{s.Name: s.Addrs}
			glue(m.Answer, addrs)
			s.Addrs = addrs[s.Name]
		}
	}
	slices.SortFunc(s.Addrs, netip.Addr.Compare)
}
