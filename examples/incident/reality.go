package main

import (
	"context"
	"net/netip"
	"time"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/procstate"
	"github.com/opskit-go/opskit/reach"
	"github.com/opskit-go/opskit/reach/why"
	"github.com/opskit-go/opskit/whoislookup"
)

// reality looks at one host of the real world, and at this machine's processes.
type reality struct {
	host    string
	earlier *evidence // from -since, nil without
}

// plan says what look will contact, before it does.
func (r reality) plan() []string {
	return []string{
		"will contact: the 13 root servers, about twelve small DNS questions to each address",
		"will contact: the system's resolvers, for the addresses of " + r.host + " and the name servers of " + parent(r.host),
		"will contact: the addresses of " + r.host + ", TCP ports 80 and 443, without sending anything over them",
		"will contact: the WHOIS servers of the registries that keep those addresses",
		"will read: /proc, for zombies of this machine",
	}
}

// addresses limits how many addresses of one name are tried and looked up.
const addresses = 4

func (r reality) look(ctx context.Context) (*evidence, error) {
	e := &evidence{Host: r.host, At: time.Now().UTC()}
	var err error
	e.Roots, err = new(dnsroot.Client).Sweep(ctx)
	e.fail("roots", err)

	prober := new(reach.Prober)
	compare(ctx, e, prober, nil)
	var found []netip.Addr
	for _, c := range e.DNS {
		if c.Type != "NS" {
			found = append(found, c.Addrs()...)
		}
	}
	found = found[:min(len(found), addresses)]
	var targets []netip.AddrPort
	for _, addr := range found {
		targets = append(targets, netip.AddrPortFrom(addr, 80), netip.AddrPortFrom(addr, 443))
	}
	connect(ctx, e, prober, targets)

	client := new(whoislookup.Client)
	for _, addr := range found {
		record, err := client.IP(ctx, addr)
		e.fail("holders", err)
		if record != nil {
			e.Now = append(e.Now, record)
		}
	}
	r.since(e)

	e.Zombies, err = new(procstate.Scanner).Zombies(ctx)
	e.fail("zombies", err)
	return e, ctx.Err()
}

// since turns what an earlier run saw into the changes that a diagnosis weighs.
func (r reality) since(e *evidence) {
	if r.earlier == nil || r.earlier.Host != e.Host || len(r.earlier.Now) == 0 || len(e.Now) == 0 {
		return
	}
	e.Before = r.earlier.Now[0]
	before, now := e.Before.Query.Text, e.Now[0].Query.Text
	if before != now {
		e.Change.Address = &why.Change{Before: before, After: now, LastBefore: r.earlier.At, FirstAfter: e.At, Source: "this program's earlier run"}
	}
	e.Change.Owner = moved(e.Before, e.Now[0], e.Change.Address)
}
