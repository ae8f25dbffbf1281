package vpc

import (
	"encoding/json"
	"fmt"
	"net/netip"

	"github.com/opskit-go/opskit"
)

// Evidence is what three calls of EC2 answered, read from the JSON that the AWS
// command line prints. A member that no file gave is nil, which is not the same
// as an empty list: nothing is concluded from it.
type Evidence struct {
	RouteTables    []RouteTable    `json:"route_tables,omitempty"`    // of the region
	SecurityGroups []SecurityGroup `json:"security_groups,omitempty"` // of the region
	Instances      []Instance      `json:"instances,omitempty"`       // of the region
	Cut            []string        `json:"cut,omitempty"`             // calls whose answer had a next page
}

// RouteTable is one table of DescribeRouteTables.
type RouteTable struct {
	ID      string   `json:"id"`                // as EC2 names it
	VPC     string   `json:"vpc"`               // that it lies in
	Main    bool     `json:"main,omitempty"`    // serves every subnet without a table of its own
	Subnets []string `json:"subnets,omitempty"` // that it is associated with
	Routes  []Route  `json:"routes,omitempty"`  // in the order of the answer
}

// Route is one route of a table.
type Route struct {
	To         netip.Prefix `json:"to,omitzero"`           // IPv4 or IPv6; absent where a prefix list is meant
	PrefixList string       `json:"prefix_list,omitempty"` // whose entries the answer does not show
	Target     string       `json:"target"`                // "local", "igw-...", "eni-...", "pcx-...": the interface rather than the instance
	Instance   string       `json:"instance,omitempty"`    // the instance that the interface belongs to
	State      string       `json:"state"`                 // active, blackhole
	Propagated bool         `json:"propagated,omitempty"`  // by a virtual private gateway: a static one is preferred
}

// SecurityGroup is one group of DescribeSecurityGroups.
type SecurityGroup struct {
	ID     string `json:"id"`                      // as EC2 names it
	In     []Rule `json:"in,omitempty"`            // what may come in
	Out    []Rule `json:"out,omitempty"`           // what may go out
	OutNot bool   `json:"out_not_shown,omitempty"` // the answer lacks IpPermissionsEgress
}

// Rule is one permission of a group.
type Rule struct {
	Protocol    string         `json:"protocol"`               // "udp", "50", "-1" for all
	From        int            `json:"from,omitempty"`         // the first port
	To          int            `json:"to,omitempty"`           // the last port
	AllPorts    bool           `json:"all_ports,omitempty"`    // no port is named
	Nets        []netip.Prefix `json:"nets,omitempty"`         // of either family
	Groups      []string       `json:"groups,omitempty"`       // whose members' private addresses are meant
	PrefixLists []string       `json:"prefix_lists,omitempty"` // whose entries the answer does not show
}

// Instance is one instance of DescribeInstances.
type Instance struct {
	ID         string      `json:"id"`                   // as EC2 names it
	VPC        string      `json:"vpc,omitempty"`        // that it lies in
	State      string      `json:"state,omitempty"`      // running, stopped
	Interfaces []Interface `json:"interfaces,omitempty"` // those attached
}

// Interface is one network interface of an instance.
type Interface struct {
	ID     string       `json:"id"`                          // as EC2 names it
	Subnet string       `json:"subnet,omitempty"`            // that it lies in
	Check  *bool        `json:"source_dest_check,omitempty"` // absent: not shown
	Groups []string     `json:"groups,omitempty"`            // its security groups
	Addrs  []netip.Addr `json:"addrs,omitempty"`             // private ones, and those of IPv6
	Public []Public     `json:"public,omitempty"`            // those mapped to it
}

// Public is a public IPv4 address that is mapped to a private one.
type Public struct {
	Addr    netip.Addr `json:"addr"`              // the public one
	Private netip.Addr `json:"private,omitzero"`  // the one that it is mapped to
	Elastic bool       `json:"elastic,omitempty"` // allocated by the account: it survives a stop and start
}

// The forms of the AWS command line's JSON, as far as they are used. Their names
// are matched whatever the case of their letters.
type (
	awsAnswer struct {
		NextToken      string
		RouteTables    *[]awsTable
		SecurityGroups *[]awsGroup
		Reservations   *[]struct{ Instances []awsInstance }
	}
	awsTable struct {
		RouteTableID, VpcID string
		Associations        []struct {
			Main             bool
			SubnetID         string
			AssociationState struct{ State string }
		}
		Routes []awsRoute
	}
	awsRoute struct {
		DestinationCidrBlock, DestinationIpv6CidrBlock, DestinationPrefixListID       string
		GatewayID, NatGatewayID, TransitGatewayID, VpcPeeringConnectionID             string
		EgressOnlyInternetGatewayID, CarrierGatewayID, LocalGatewayID, CoreNetworkArn string
		OdbNetworkArn, NetworkInterfaceID, InstanceID, State, Origin                  string
	}
	awsGroup struct {
		GroupID             string
		IPPermissions       []awsRule
		IPPermissionsEgress *[]awsRule
	}
	awsRule struct {
		IPProtocol       string
		FromPort, ToPort *int
		IPRanges         []struct{ CidrIP string }
		IPv6Ranges       []struct{ CidrIpv6 string }
		PrefixListIDs    []struct{ PrefixListID string }
		UserIDGroupPairs []struct{ GroupID string }
	}
	awsInstance struct {
		InstanceID, VpcID string
		State             struct{ Name string }
		NetworkInterfaces []struct {
			NetworkInterfaceID, SubnetID string
			SourceDestCheck              *bool
			Groups                       []struct{ GroupID string }
			PrivateIPAddresses           []struct {
				PrivateIPAddress string
				Association      struct{ PublicIP, IPOwnerID string }
			}
			Ipv6Addresses []struct{ Ipv6Address string }
		}
	}
)

// Read adds the answer of describe-route-tables, describe-security-groups or
// describe-instances, in the form that "aws ec2 ... --output json" prints without
// a --query. It tells them apart by their content. An error matches [ErrAnswer],
// and then nothing of the file was added.
func (e *Evidence) Read(name string, text []byte) error {
	var answer awsAnswer
	fail := func(format string, args ...any) error {
		return &opskit.Error{Op: "read", Target: name + ": " + fmt.Sprintf(format, args...), Err: ErrAnswer}
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return fail("%v", err)
	}
	add, call := *e, ""
	var err error
	switch {
	case answer.RouteTables != nil:
		call, err = "describe-route-tables", add.tables(*answer.RouteTables)
	case answer.SecurityGroups != nil:
		call, err = "describe-security-groups", add.groups(*answer.SecurityGroups)
	case answer.Reservations != nil:
		call = "describe-instances"
		add.Instances = append([]Instance{}, e.Instances...)
		for _, r := range *answer.Reservations {
			for _, instance := range r.Instances {
				if err == nil {
					err = add.instance(instance)
				}
			}
		}
	default:
		return fail("it has none of RouteTables, SecurityGroups and Reservations")
	}
	if err != nil {
		return fail("%v", err)
	}
	if answer.NextToken != "" {
		add.Cut = append(add.Cut, call)
	}
	*e = add
	return nil
}

func (e *Evidence) tables(tables []awsTable) error {
	e.RouteTables = append([]RouteTable{}, e.RouteTables...)
	for _, t := range tables {
		table := RouteTable{ID: t.RouteTableID, VPC: t.VpcID}
		for _, a := range t.Associations {
			if a.AssociationState.State != "" && a.AssociationState.State != "associated" {
				continue
			}
			table.Main = table.Main || a.Main
			if a.SubnetID != "" {
				table.Subnets = append(table.Subnets, a.SubnetID)
			}
		}
		for _, r := range t.Routes {
			route := Route{
				PrefixList: r.DestinationPrefixListID, Instance: r.InstanceID, State: r.State,
				Propagated: r.Origin == "EnableVgwRoutePropagation",
				Target: first(r.NetworkInterfaceID, r.InstanceID, r.NatGatewayID, r.TransitGatewayID, r.VpcPeeringConnectionID,
					r.EgressOnlyInternetGatewayID, r.CarrierGatewayID, r.LocalGatewayID, r.CoreNetworkArn, r.OdbNetworkArn, r.GatewayID),
			}
			var err error
			if text := first(r.DestinationCidrBlock, r.DestinationIpv6CidrBlock); text != "" {
				if route.To, err = netip.ParsePrefix(text); err != nil {
					return fmt.Errorf("%s: %w", t.RouteTableID, err)
				}
				route.To = route.To.Masked()
			}
			table.Routes = append(table.Routes, route)
		}
		e.RouteTables = append(e.RouteTables, table)
	}
	return nil
}

func (e *Evidence) groups(groups []awsGroup) error {
	e.SecurityGroups = append([]SecurityGroup{}, e.SecurityGroups...)
	for _, g := range groups {
		group := SecurityGroup{ID: g.GroupID, OutNot: g.IPPermissionsEgress == nil}
		var err error
		if group.In, err = rules(g.IPPermissions); err != nil {
			return fmt.Errorf("%s: %w", g.GroupID, err)
		}
		if g.IPPermissionsEgress != nil {
			if group.Out, err = rules(*g.IPPermissionsEgress); err != nil {
				return fmt.Errorf("%s: %w", g.GroupID, err)
			}
		}
		e.SecurityGroups = append(e.SecurityGroups, group)
	}
	return nil
}

func rules(list []awsRule) ([]Rule, error) {
	var out []Rule
	for _, r := range list {
		rule := Rule{Protocol: r.IPProtocol, AllPorts: true}
		if r.FromPort != nil && r.ToPort != nil && *r.FromPort >= 0 {
			rule.From, rule.To, rule.AllPorts = *r.FromPort, *r.ToPort, false
		}
		var texts []string
		for _, net := range r.IPRanges {
			texts = append(texts, net.CidrIP)
		}
		for _, net := range r.IPv6Ranges {
			texts = append(texts, net.CidrIpv6)
		}
		for _, text := range texts {
			net, err := netip.ParsePrefix(text)
			if err != nil {
				return nil, err
			}
			rule.Nets = append(rule.Nets, net.Masked())
		}
		for _, list := range r.PrefixListIDs {
			rule.PrefixLists = append(rule.PrefixLists, list.PrefixListID)
		}
		for _, pair := range r.UserIDGroupPairs {
			rule.Groups = append(rule.Groups, pair.GroupID)
		}
		out = append(out, rule)
	}
	return out, nil
}

func (e *Evidence) instance(i awsInstance) error {
	instance := Instance{ID: i.InstanceID, VPC: i.VpcID, State: i.State.Name}
	for _, n := range i.NetworkInterfaces {
		face := Interface{ID: n.NetworkInterfaceID, Subnet: n.SubnetID, Check: n.SourceDestCheck}
		for _, g := range n.Groups {
			face.Groups = append(face.Groups, g.GroupID)
		}
		for _, a := range n.PrivateIPAddresses {
			private, err := netip.ParseAddr(a.PrivateIPAddress)
			if err != nil {
				return fmt.Errorf("%s: %w", i.InstanceID, err)
			}
			face.Addrs = append(face.Addrs, private)
			if a.Association.PublicIP != "" {
				public, err := netip.ParseAddr(a.Association.PublicIP)
				if err != nil {
					return fmt.Errorf("%s: %w", i.InstanceID, err)
				}
				face.Public = append(face.Public, Public{public, private, a.Association.IPOwnerID != "amazon"})
			}
		}
		for _, a := range n.Ipv6Addresses {
			addr, err := netip.ParseAddr(a.Ipv6Address)
			if err != nil {
				return fmt.Errorf("%s: %w", i.InstanceID, err)
			}
			face.Addrs = append(face.Addrs, addr)
		}
		instance.Interfaces = append(instance.Interfaces, face)
	}
	e.Instances = append(e.Instances, instance)
	return nil
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
