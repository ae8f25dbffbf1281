package main

import (
	"context"
	"errors"
	"io"
	"maps"
	"net"
	"net/netip"
	"slices"

	"github.com/opskit-go/opskit/dnsroot/dnsroottest"
	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/reach/origin"
	"github.com/opskit-go/opskit/reach/reachtest"
	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/whoistest"
)

// world is December 2015 on loopback: thirteen root servers, two resolvers, a
// host that answers no SYN, the same host as origin server two days later, and
// two registries. Nothing in it leaves this machine.
type world struct {
	fleet  *dnsroottest.Fleet
	dns    [2]*reachtest.DNS
	silent *reachtest.Silent
	origin *reachtest.HTTP
	whois  *whoistest.Server
	close  []func() error
}

// newWorld starts the world; Close ends it.
func newWorld() (*world, error) {
	w := &world{}
	err := errors.Join(
		start(w, &w.fleet, func() (*dnsroottest.Fleet, error) { return dnsroottest.Start(dnsroottest.Config{}) }),
		start(w, &w.dns[0], func() (*reachtest.DNS, error) { return reachtest.StartDNS(zone) }),
		start(w, &w.dns[1], func() (*reachtest.DNS, error) { return reachtest.StartDNS(zone) }),
		start(w, &w.origin, func() (*reachtest.HTTP, error) { return reachtest.StartHTTP(originSite) }),
	)
	// Only where a full queue of connections makes the system silent; see hanging.
	_ = start(w, &w.silent, reachtest.StartSilent)
	registries, whoisErr := whoistest.NewServer(whoistest.Blog())
	if whoisErr == nil {
		w.whois = registries
		w.close = append(w.close, func() error { registries.Close(); return nil })
	}
	if err = errors.Join(err, whoisErr); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

func start[S io.Closer](w *world, server *S, begin func() (S, error)) error {
	s, err := begin()
	if err == nil {
		*server = s
		w.close = append(w.close, s.Close)
	}
	return err
}

// Close ends every server of the world.
func (w *world) Close() error {
	var err error
	for _, end := range slices.Backward(w.close) {
		err = errors.Join(err, end())
	}
	return err
}

// look gathers the evidence of 12 December 2015, and of the 14th for what was
// found after the move.
func (w *world) look(ctx context.Context) (*evidence, error) {
	e := &evidence{Host: site, At: noticed, Demo: true, Change: changes{DownSince: downSince, Address: &addressChange}}
	var err error
	e.Roots, err = w.fleet.Client().Sweep(ctx)
	e.fail("roots", err)

	silent := w.hanging()
	resolvers := []reach.Resolver{{Name: "resolver-1", Addr: w.dns[0].Addr()}, {Name: "resolver-2", Addr: w.dns[1].Addr()}}
	compare(ctx, e, &reach.Prober{}, resolvers)
	connect(ctx, e, silent, []netip.AddrPort{netip.AddrPortFrom(newAddr, 80), netip.AddrPortFrom(newAddr, 443), netip.AddrPortFrom(newAddr, 22)})

	client := w.whois.Client()
	now := w.lookup(ctx, e, client, "holders", newAddr)
	e.Before = w.lookup(ctx, e, client, "holders", oldAddr)
	if now != nil {
		e.Now = []*whoislookup.Record{now}
	}
	e.Change.Owner = moved(e.Before, now, e.Change.Address)

	e.Network = w.lookup(ctx, e, client, "cdn", edgeAddr)
	two := &reach.Prober{Via: func(netip.AddrPort) netip.AddrPort { return w.origin.Addr() }}
	e.Exposure, err = origin.Check(ctx, two, origin.Question{URL: "http://" + site + "/index.php", Origin: netip.AddrPortFrom(newAddr, 80)})
	e.fail("origin", err)

	e.tunnelEnds()
	e.ownZombies(ctx)
	e.demoSnapshot(ctx)
	return e, ctx.Err()
}

// hanging asks a host that answers no SYN: a real one, or on systems where
// loopback cannot be silent, a dialer that waits in vain.
func (w *world) hanging() *reach.Prober {
	if w.silent != nil {
		return &reach.Prober{Via: func(netip.AddrPort) netip.AddrPort { return w.silent.Addr() }}
	}
	return &reach.Prober{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
}

func (w *world) lookup(ctx context.Context, e *evidence, client *whoislookup.Client, step string, addr netip.Addr) *whoislookup.Record {
	record, err := client.IP(ctx, addr)
	e.fail(step, err)
	return record
}

// compare asks every resolver for the host's addresses and its domain's name servers.
func compare(ctx context.Context, e *evidence, p *reach.Prober, resolvers []reach.Resolver) {
	for _, q := range [][2]string{{e.Host, "A"}, {e.Host, "AAAA"}, {parent(e.Host), "NS"}} {
		c, err := p.Compare(ctx, q[0], q[1], resolvers...)
		if c != nil && err == nil {
			e.DNS = append(e.DNS, c)
		}
		e.fail("dns", err)
	}
}

// connect tries every target side by side.
func connect(ctx context.Context, e *evidence, p *reach.Prober, targets []netip.AddrPort) {
	found := map[netip.AddrPort]*reach.Connection{}
	for c, err := range p.ConnectAll(ctx, slices.Values(targets)) {
		e.fail("site", err)
		if c != nil {
			found[c.Target] = c
		}
	}
	for _, target := range slices.SortedFunc(maps.Keys(found), netip.AddrPort.Compare) {
		e.Connections = append(e.Connections, found[target])
	}
}
