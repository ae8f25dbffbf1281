package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/reach/cdn"
	"github.com/opskit-go/opskit/reach/origin"
)

// evidence is what -save writes, and what -from and -since read.
type evidence struct {
	Case   reach.Case       `json:"case"`
	Origin *origin.Exposure `json:"origin,omitempty"`
}

// mostAddresses bounds how many of a name's addresses are asked.
const mostAddresses = 8

// look asks everybody about the site. It contacts the resolvers, the site's
// addresses and the origin that was named, and nobody else.
func (p *options) look(ctx context.Context, arg string) (*evidence, error) {
	u, ports, err := page(arg)
	if err != nil {
		return nil, err
	}
	name := u.Hostname()
	e := &evidence{Case: reach.Case{Name: name, At: time.Now().UTC().Round(0), DownSince: p.since}}
	c := &e.Case
	var addrs []netip.Addr
	if a, err := netip.ParseAddr(name); err == nil {
		addrs = []netip.Addr{a}
	} else if addrs, err = p.resolve(ctx, c, name); err != nil {
		return nil, err
	}
	for _, a := range addrs[:min(len(addrs), mostAddresses)] {
		for _, port := range ports {
			r, err := p.prober.Connect(ctx, netip.AddrPortFrom(a, port))
			if err != nil && !errors.Is(err, reach.ErrLocal) {
				return nil, err
			}
			c.Connections = append(c.Connections, *r)
			if wanted := u.Port() != "" || (port == 443) == (u.Scheme == "https"); r.Verdict != reach.Open || !wanted {
				continue
			}
			h, err := p.prober.HTTP(ctx, reach.HTTPRequest{URL: u.String(), At: netip.AddrPortFrom(a, port)})
			if err != nil && !errors.Is(err, reach.ErrLocal) {
				return nil, err
			}
			c.HTTP = append(c.HTTP, *h)
		}
		r, err := p.prober.Ping(ctx, a, 0)
		if err != nil && !errors.Is(err, reach.ErrLocal) && !errors.Is(err, errors.ErrUnsupported) {
			return nil, err
		}
		c.Pings = append(c.Pings, *r)
	}
	if !p.origin.IsValid() && !p.origin.Addr().IsValid() {
		return e, nil
	}
	q := origin.Question{URL: u.String(), Origin: p.origin}
	for _, a := range addrs {
		if len(cdn.Lookup(a)) > 0 { // an edge to compare with
			q.Edge = netip.AddrPortFrom(a, 0)
			break
		}
	}
	e.Origin, err = origin.Check(ctx, &p.prober, q)
	return e, err
}

// resolve asks the resolvers for the name's addresses and for the name servers
// of the zone that it is in.
func (p *options) resolve(ctx context.Context, c *reach.Case, name string) ([]netip.Addr, error) {
	var addrs []netip.Addr
	for _, kind := range []string{"A", "AAAA"} {
		r, err := p.prober.Compare(ctx, name, kind, p.resolvers...)
		if err != nil {
			return nil, err
		}
		c.DNS = append(c.DNS, *r)
		addrs = append(addrs, r.Addrs()...)
	}
	for zone := name; strings.Contains(zone, "."); _, zone, _ = strings.Cut(zone, ".") {
		r, err := p.prober.Compare(ctx, zone, "NS", p.resolvers...)
		if err != nil {
			return nil, err
		}
		if len(nameservers(r)) > 0 {
			c.DNS = append(c.DNS, *r)
			break
		}
	}
	return addrs, nil
}

func nameservers(c *reach.Comparison) []string {
	var out []string
	for _, a := range c.Answers {
		out = append(out, a.Data...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// changes notes what is not what it was in an earlier run.
func (e *evidence) changes(earlier *evidence) {
	values := func(c *reach.Case, kinds ...string) string {
		var out []string
		for i := range c.DNS {
			if slices.Contains(kinds, c.DNS[i].Type) {
				out = append(out, nameservers(&c.DNS[i])...)
			}
		}
		return strings.Join(out, " ")
	}
	note := func(kinds ...string) *reach.Change {
		before, after := values(&earlier.Case, kinds...), values(&e.Case, kinds...)
		if before == "" || after == "" || before == after {
			return nil
		}
		return &reach.Change{
			Before: before, After: after, LastBefore: earlier.Case.At, FirstAfter: e.Case.At,
			Source: fmt.Sprintf("the run of %s", earlier.Case.At.Format(time.DateOnly)),
		}
	}
	e.Case.Address = note("A", "AAAA")
	e.Case.Nameservers = note("NS")
}
