package main

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/examples/internal/program"
	"github.com/opskit-go/opskit/whoislookup"
	"github.com/opskit-go/opskit/whoislookup/bulk"
	"github.com/opskit-go/opskit/whoislookup/servers"
)

// grouping is how -by groups.
type grouping struct {
	key       string // holder, asn or country
	nft       bool
	announced bool // the AS is the one that announces, as a third party sees it
}

// from tells where the AS of a group was read. A registry names an origin; BGP
// may have another, for space that somebody else announces and after a move.
func (g grouping) from() string {
	switch {
	case g.key != "asn":
		return ""
	case g.announced:
		return "announced"
	}
	return "registered"
}

// unasked is what "-by asn" without -announced leaves open.
func unasked() opskit.Gap {
	return opskit.Gap{What: "which AS announces them", Why: "only registered origins were read", Need: "-announced, which asks whois.cymru.com"}
}

// keyOf returns the group of an address for which registries were asked.
func keyOf(res bulk.Result, key string) string {
	s := res.Country()
	if res.Record == nil {
		res.Record = &whoislookup.Record{} // answered from a file
	}
	switch key {
	case "holder":
		s = res.Record.Holder.Name
	case "asn":
		s = origins(res.Record.Network)
	}
	if s == "" {
		return "not published"
	}
	return s
}

// origins names every AS that a registry gives as origin of a network.
func origins(n *whoislookup.Network) string {
	if n == nil {
		return ""
	}
	var list []string
	for _, as := range n.Origin {
		list = append(list, fmt.Sprintf("AS%d", as))
	}
	for _, route := range n.Routes {
		list = append(list, fmt.Sprintf("AS%d", route.Origin))
	}
	slices.Sort(list)
	return strings.Join(slices.Compact(list), " and ")
}

// announcers asks a third party, and names it before. Addresses that only the
// caller's own network can have are not told to it.
func announcers(ctx context.Context, many *bulk.Bulk, p *program.Program, requests map[netip.Addr]int) (keys map[netip.Addr]string, code int) {
	keys = map[netip.Addr]string{}
	var asked []netip.Addr
	for a := range requests {
		if _, special := servers.Special(netip.PrefixFrom(a, a.BitLen())); special {
			keys[a] = "special-purpose space, not asked for"
		} else {
			asked = append(asked, a)
		}
	}
	if len(asked) == 0 {
		return keys, program.Healthy
	}
	fmt.Fprintf(p.Stderr, "asking whois.cymru.com (Team Cymru, a third party) who announces %d addresses\n", len(asked))
	seen, failed := map[netip.Addr][]string{}, 0
	for o, err := range many.Origins(ctx, slices.Values(asked)) {
		switch {
		case err != nil:
			if failed++; failed == 1 { // they fail together
				fmt.Fprintln(p.Stderr, err)
			}
			keys[o.Addr], code = "not known", program.CannotTell
		case o.ASN == 0:
			keys[o.Addr] = "not announced"
		default:
			seen[o.Addr] = append(seen[o.Addr], strings.TrimSpace(fmt.Sprintf("AS%d %s", o.ASN, o.Name)))
		}
	}
	if failed > 1 {
		fmt.Fprintf(p.Stderr, "and no answer for %d more addresses\n", failed-1)
	}
	for a, list := range seen { // several may announce one, in any order
		slices.Sort(list)
		keys[a] = strings.Join(slices.Compact(list), " and ")
	}
	return keys, code
}
