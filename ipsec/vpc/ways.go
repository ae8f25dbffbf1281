package vpc

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
)

// checkRoutes: the other side's networks lead to the end's interface, in every
// table that a host behind the end is seen to use.
func (j *judge) checkRoutes() {
	if j.Evidence.RouteTables == nil {
		j.unseen("the routes", "no answer of describe-route-tables", "aws ec2 describe-route-tables --output json")
		return
	}
	if len(j.Peer.Subnets) == 0 {
		j.unseen("the routes", "the peer names no network", "the networks behind the peer")
		return
	}
	used := j.tablesOfHosts()
	wrong, right := map[string][]Finding{}, 0
	for _, table := range j.Evidence.RouteTables {
		if table.VPC != j.gateway.VPC || !slices.ContainsFunc(table.Associations, Association.holds) {
			continue
		}
		before, gaps, open := len(j.Findings), len(j.Undecided), j.open
		for _, network := range j.Peer.Subnets {
			j.checkTable(table, network.Masked())
		}
		if len(j.Findings) == before && len(j.Undecided) == gaps {
			right++
		}
		if len(used) > 0 && !used[table.ID] { // no host is seen to use it
			j.Undecided, j.open = j.Undecided[:gaps], open
			j.Findings = j.Findings[:before]
		} else if len(used) == 0 && len(j.Findings) > before {
			wrong[table.ID] = slices.Clone(j.Findings[before:])
			j.Findings = j.Findings[:before]
		}
	}
	if len(used) > 0 {
		for id := range used {
			if id == "" {
				j.unseen("the routes of a subnet behind the end", "the answer has no table for it", "the answer for the whole VPC")
			}
		}
		return
	}
	// No host is shown: which tables matter is not known, unless they all agree.
	var ids []string
	for _, table := range j.Evidence.RouteTables {
		if findings := wrong[table.ID]; findings != nil {
			ids = append(ids, table.ID)
			if right == 0 {
				j.Findings = append(j.Findings, findings...)
			}
		}
	}
	switch {
	case len(ids) > 0 && right > 0:
		j.unseen("which subnets hold hosts behind "+j.Own.label(),
			"tables "+strings.Join(ids, ", ")+" do not lead to the tunnel and others do, and no instance in the networks behind is shown",
			"the instances behind the end in describe-instances")
	case len(ids) == 0 && right == 0 && !j.open:
		j.unseen("the routes", "the answer has no table of "+j.gateway.VPC, "the answer for its region")
	}
}

// tablesOfHosts are the IDs of the tables that instances in the end's networks
// use, "" for one that is not shown.
func (j *judge) tablesOfHosts() map[string]bool {
	used := map[string]bool{}
	for _, instance := range j.Evidence.Instances {
		for _, face := range instance.Interfaces {
			behind := func(a netip.Addr) bool {
				return within(j.Own.Subnets, a) && (instance.VPC == j.gateway.VPC || !j.local(a))
			}
			if instance.ID == j.gateway.ID || !slices.ContainsFunc(face.IPv6, behind) && !slices.ContainsFunc(face.IPv4, func(a Address) bool { return behind(a.Addr) }) {
				continue
			}
			if instance.VPC != j.gateway.VPC {
				j.unseen("the routes of "+instance.ID, "it is behind the end and in another VPC, "+instance.VPC, "a look at what joins the two")
			} else if table := j.Evidence.tableOf(instance.VPC, face.Subnet); table != nil {
				used[table.ID] = true
			} else {
				used[""] = true
			}
		}
	}
	return used
}

// local tells whether an address is one of the gateway's own VPC.
func (j *judge) local(addr netip.Addr) bool {
	return slices.ContainsFunc(j.Evidence.RouteTables, func(t RouteTable) bool {
		return t.VPC == j.gateway.VPC && slices.ContainsFunc(t.Routes, func(r Route) bool { return r.Target == "local" && r.To.Contains(addr) })
	})
}

func within(networks []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// ours tells whether a route leads to the end's interface, or to its instance.
func (j *judge) ours(r *Route) bool {
	if strings.HasPrefix(r.Target, "eni-") {
		return r.Target == j.face.ID
	}
	return r.Target == j.gateway.ID
}

// checkTable follows one network through one table.
func (j *judge) checkTable(table RouteTable, network netip.Prefix) {
	if lists := hidden(table, network); len(lists) > 0 {
		j.unseen("what "+table.ID+" does with "+network.String(), "the entries of prefix list "+strings.Join(lists, ", ")+" are not shown",
			"aws ec2 get-managed-prefix-list-entries --prefix-list-id "+lists[0])
		return
	}
	said := map[string]bool{}
	for _, leg := range legs(table, network) {
		code, text, decided := j.follow(leg)
		part := leg.part
		if leg.route != nil && leg.route.To.Bits() < network.Bits() || leg.route == nil && len(said) == 0 {
			part = network
		}
		where := fmt.Sprintf("table %s: %s", table.ID, text)
		switch {
		case code == "" || said[where]:
		case !decided:
			j.unseen("what becomes of "+part.String()+" in "+table.ID, text, "a look at what lies behind it")
		default:
			j.add(code, opskit.Problem, j.routeLine(table, part, code), "%s", where)
		}
		said[where] = true
	}
}

// follow says what is wrong with where a route leads; nothing is decided of
// things that forward by tables of their own.
func (j *judge) follow(l leg) (code, text string, decided bool) {
	if l.route == nil {
		return "no_route", "nothing leads to " + l.part.String(), true
	}
	r := l.route
	text = fmt.Sprintf("%s goes to %s by the route for %s", l.part, r.Target, r.To)
	kind, _, _ := strings.Cut(r.Target, "-")
	other := slices.IndexFunc(j.gateway.Interfaces, func(i Interface) bool { return i.ID == r.Target })
	switch {
	case r.State == "blackhole":
		return "blackhole", fmt.Sprintf("the route for %s is a black hole: its target %s is gone or stopped", r.To, r.Target), true
	case r.State != "active":
		return "route_state", fmt.Sprintf("the route for %s is %s", r.To, r.State), false
	case j.ours(r):
		return "", "", true
	case other >= 0: // its kernel passes on what comes in by any interface
		if check := j.gateway.Interfaces[other].Check; check != nil {
			return map[bool]string{true: "source_dest_check"}[*check], text + " of the same instance, whose source/destination check is on", true
		}
		return "source_dest_check", text + " of the same instance, whose source/destination check is not shown", false
	case r.Target == "local":
		return "overlaps_vpc", fmt.Sprintf("%s is part of this VPC (%s is local): it never leaves for the tunnel", l.part, r.To), true
	case kind == "eni" || kind == "i":
		owner := ""
		if r.Instance != "" {
			owner = " of " + r.Instance
		}
		return "other_instance", fmt.Sprintf("%s goes to %s%s, not to %s of %s, by the route for %s", l.part, r.Target, owner, j.face.ID, j.gateway.ID, r.To), true
	case kind == "igw" || kind == "nat" || kind == "eigw" || kind == "cagw":
		return "other_way", text + ", out of the VPC and past the tunnel", true
	case r.Target == "":
		return "other_way", fmt.Sprintf("the route for %s names a target that is not known", r.To), false
	}
	return "other_way", text + ", and what lies behind that is not shown", false
}

// routeLine is the command that leads a part to the end's interface.
func (j *judge) routeLine(table RouteTable, part netip.Prefix, code string) string {
	verb := "create-route"
	switch {
	case code == "overlaps_vpc":
		return ""
	case slices.ContainsFunc(table.Routes, func(r Route) bool { return r.To == part && !r.propagated() }):
		verb = "replace-route"
	}
	flag := "--destination-cidr-block"
	if part.Addr().Is6() {
		flag = "--destination-ipv6-cidr-block"
	}
	return fmt.Sprintf("aws ec2 %s --route-table-id %s %s %s --network-interface-id %s", verb, table.ID, flag, part, j.face.ID)
}

// checkWayOut: the end's own subnet leads to the peer.
func (j *judge) checkWayOut() {
	peer := j.Peer.outside()
	if !peer.IsValid() {
		j.unseen("the way to the peer", "the peer names no address", "the peer's public address")
		return
	}
	if j.Evidence.RouteTables == nil {
		return // said by checkRoutes
	}
	table := j.Evidence.tableOf(j.gateway.VPC, j.face.Subnet)
	if table == nil {
		j.unseen("the way to the peer", "no table of subnet "+j.face.Subnet+" is shown", "the answer for the whole VPC")
		return
	}
	host := netip.PrefixFrom(peer, peer.BitLen())
	if lists := hidden(*table, host); len(lists) > 0 {
		j.unseen("the way to the peer", "the entries of prefix list "+strings.Join(lists, ", ")+" are not shown", "aws ec2 get-managed-prefix-list-entries")
		return
	}
	r := best(*table, host)
	switch kind := ""; {
	case r == nil:
		j.add("no_way_out", opskit.Problem, "", "table %s of the end's own subnet: nothing leads to the peer %s", table.ID, peer)
	case r.State == "blackhole":
		j.add("no_way_out", opskit.Problem, "", "table %s of the end's own subnet: the route for %s to the peer is a black hole", table.ID, r.To)
	case j.ours(r):
		j.add("no_way_out", opskit.Problem, "", "table %s of the end's own subnet: the peer %s itself is sent into the tunnel's interface", table.ID, peer)
	default:
		kind, _, _ = strings.Cut(r.Target, "-")
		switch kind {
		case "igw", "local":
		case "nat", "eigw":
			j.add("behind_nat_gateway", opskit.Warning, "", "table %s: packets to the peer leave through %s, which lets nobody outside begin: the peer cannot open the tunnel", table.ID, r.Target)
		default:
			j.unseen("the way to the peer", "it leads to "+r.Target+", and what lies behind that is not shown", "a look at what lies behind it")
		}
	}
}
