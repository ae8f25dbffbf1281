package vpc

import (
	"net/netip"
	"slices"
)

// leg is where one part of a network is sent by one table.
type leg struct {
	part  netip.Prefix
	route *Route // nil: nothing leads there
}

// legs splits a network by what a table does with its parts: the longest prefix
// wins, and of two alike the static one (Amazon VPC user guide, "Route priority").
func legs(table RouteTable, part netip.Prefix) []leg {
	inside := slices.ContainsFunc(table.Routes, func(r Route) bool {
		return r.To.IsValid() && r.To.Bits() > part.Bits() && part.Contains(r.To.Addr())
	})
	if !inside {
		return []leg{{part, best(table, part)}}
	}
	low, high := halves(part)
	return append(legs(table, low), legs(table, high)...)
}

// best is the route for a network that no route divides.
func best(table RouteTable, part netip.Prefix) *Route {
	var found *Route
	for i, r := range table.Routes {
		if !r.To.IsValid() || r.To.Bits() > part.Bits() || !r.To.Contains(part.Addr()) {
			continue
		}
		if found == nil || r.To.Bits() > found.To.Bits() || r.To.Bits() == found.To.Bits() && found.propagated() && !r.propagated() {
			found = &table.Routes[i]
		}
	}
	return found
}

func halves(p netip.Prefix) (low, high netip.Prefix) {
	bits := p.Bits()
	raw := p.Masked().Addr().AsSlice()
	raw[bits/8] |= 0x80 >> (bits % 8)
	top, _ := netip.AddrFromSlice(raw)
	return netip.PrefixFrom(p.Masked().Addr(), bits+1), netip.PrefixFrom(top, bits+1)
}

// hidden lists the prefix lists of a table that may take a part of a network
// away. Those of a gateway endpoint (vpce-) hold public addresses of AWS.
func hidden(table RouteTable, part netip.Prefix) []string {
	var lists []string
	for _, r := range table.Routes {
		endpoint := len(r.Target) > 5 && r.Target[:5] == "vpce-"
		if r.PrefixList != "" && !(endpoint && part.Addr().IsPrivate()) {
			lists = append(lists, r.PrefixList)
		}
	}
	return lists
}

// tableOf is the table that a subnet uses, nil where none is shown.
func (e *Evidence) tableOf(vpc, subnet string) *RouteTable {
	var main *RouteTable
	for i, t := range e.RouteTables {
		for _, a := range t.Associations {
			switch {
			case !a.holds():
			case a.Subnet == subnet && subnet != "":
				return &e.RouteTables[i]
			case a.Main && t.VPC == vpc:
				main = &e.RouteTables[i]
			}
		}
	}
	return main
}

// holds tells whether subnets use the table by it: not one that is being taken
// away, nor a gateway's (an edge association).
func (a Association) holds() bool {
	return (a.State == "" || a.State == "associated") && (a.Main || a.Subnet != "")
}
