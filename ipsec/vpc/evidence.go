package vpc

import (
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
)

// Evidence is what three calls of EC2 answered, read from the JSON that the AWS
// command line prints. A member that no file gave is nil, which is not the same
// as an empty list: nothing is concluded from it.
type Evidence struct {
	RouteTables    []RouteTable    `json:"route_tables,omitempty"`    // of the region
	SecurityGroups []SecurityGroup `json:"security_groups,omitempty"` // of the region
	Instances      []Instance      `json:"instances,omitempty"`       // of the region
	Cut            []string        `json:"cut,omitempty"`             // files whose answer had a next page
}

// RouteTable is one table of DescribeRouteTables.
type RouteTable struct {
	ID           string        `json:"id"`                     // as EC2 names it
	VPC          string        `json:"vpc"`                    // that it lies in
	Associations []Association `json:"associations,omitempty"` // whom it serves
	Routes       []Route       `json:"routes,omitempty"`       // in the order of the answer
}

// Association is what one table serves.
type Association struct {
	Main   bool   `json:"main,omitempty"`   // every subnet without a table of its own
	Subnet string `json:"subnet,omitempty"` // this subnet
	State  string `json:"state,omitempty"`  // associated, associating; absent: not shown
}

// Route is one route of a table.
type Route struct {
	To         netip.Prefix `json:"to,omitzero"`           // IPv4 or IPv6; absent where a prefix list is meant
	PrefixList string       `json:"prefix_list,omitempty"` // whose entries the answer does not show
	Target     string       `json:"target,omitempty"`      // "local", "igw-...", "eni-...", "pcx-...": the interface rather than the instance
	Instance   string       `json:"instance,omitempty"`    // the instance that the interface belongs to
	State      string       `json:"state"`                 // active, blackhole
	Origin     string       `json:"origin,omitempty"`      // CreateRoute, EnableVgwRoutePropagation
}

// propagated tells a route that a virtual private gateway made: a static one is preferred.
func (r Route) propagated() bool { return r.Origin == "EnableVgwRoutePropagation" }

// SecurityGroup is one group of DescribeSecurityGroups.
type SecurityGroup struct {
	ID  string  `json:"id"`            // as EC2 names it
	In  *[]Rule `json:"in,omitempty"`  // what may come in; nil: not shown
	Out *[]Rule `json:"out,omitempty"` // what may go out; nil: not shown
}

// Rule is one permission of a group.
type Rule struct {
	Protocol    string         `json:"protocol"`               // "udp", "50", "-1" for all
	From        *int           `json:"from,omitempty"`         // the first port; nil or -1: all
	To          *int           `json:"to,omitempty"`           // the last port
	Nets        []netip.Prefix `json:"nets,omitempty"`         // of IPv4
	Nets6       []netip.Prefix `json:"nets6,omitempty"`        // of IPv6
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
	IPv4   []Address    `json:"ipv4,omitempty"`              // private ones, with what is mapped to them
	IPv6   []netip.Addr `json:"ipv6,omitempty"`              // as they are
}

// Address is a private IPv4 address, and what is mapped to it.
type Address struct {
	Addr   netip.Addr `json:"addr"`            // the private one
	Public Public     `json:"public,omitzero"` // that is mapped to it
}

// Public is a public IPv4 address.
type Public struct {
	Addr  netip.Addr `json:"addr"`            // as the Internet sees it
	Owner string     `json:"owner,omitempty"` // the account; "amazon": not elastic, a stop and start gives another one
}

// has tells whether an address is the interface's own.
func (i Interface) has(addr netip.Addr) bool {
	return slices.Contains(i.IPv6, addr) || slices.ContainsFunc(i.IPv4, func(a Address) bool { return a.Addr == addr })
}

// names are EC2's names of what is read, each with its name in Evidence: where
// one name means two things, with the list that it stands in. What is not here
// is not taken over.
const names = `RouteTables=route_tables RouteTableId=id VpcId=vpc Associations=associations Main=main SubnetId=subnet
AssociationState=state State=state Routes=routes DestinationCidrBlock=to DestinationIpv6CidrBlock=to
DestinationPrefixListId=prefix_list GatewayId=target NatGatewayId=target TransitGatewayId=target VpcPeeringConnectionId=target
EgressOnlyInternetGatewayId=target CarrierGatewayId=target LocalGatewayId=target CoreNetworkArn=target OdbNetworkArn=target
Routes.NetworkInterfaceId=target Routes.InstanceId=instance Origin=origin
SecurityGroups=security_groups GroupId=id IpPermissions=in IpPermissionsEgress=out IpProtocol=protocol FromPort=from ToPort=to
IpRanges=nets Ipv6Ranges=nets6 PrefixListIds=prefix_lists UserIdGroupPairs=groups
Instances=instances InstanceId=id NetworkInterfaces=interfaces NetworkInterfaceId=id SourceDestCheck=source_dest_check Groups=groups
PrivateIpAddresses=ipv4 PrivateIpAddress=addr Association=public PublicIp=addr IpOwnerId=owner Ipv6Addresses=ipv6`

// picks are members of which one text is taken in place of an object.
const picks = `AssociationState=State State=Name IpRanges=CidrIp Ipv6Ranges=CidrIpv6 PrefixListIds=PrefixListId
UserIdGroupPairs=GroupId Groups=GroupId Ipv6Addresses=Ipv6Address`

// pairs reads names and picks.
func pairs(text string) map[string]string {
	m := map[string]string{}
	for pair := range strings.FieldsSeq(text) {
		name, value, _ := strings.Cut(pair, "=")
		m[name] = value
	}
	return m
}

// renaming turns EC2's answer into the form of Evidence.
type renaming struct{ names, picks map[string]string }

// of renames what stands in a member of that name.
func (r renaming) of(member string, value any) any {
	switch v := value.(type) {
	case []any:
		list := []any{}
		for _, item := range v {
			list = append(list, r.of(member, item))
		}
		return list
	case map[string]any:
		if one, ok := r.picks[member]; ok {
			return v[one]
		}
		object := map[string]any{}
		for key, item := range v {
			name, ok := r.names[member+"."+key]
			if !ok {
				name, ok = r.names[key]
			}
			if ok {
				object[name] = r.of(key, item)
			}
		}
		return object
	}
	return value
}

// Read adds the answer of describe-route-tables, describe-security-groups or
// describe-instances, in the form that "aws ec2 ... --output json" prints without
// a --query. It tells them apart by their content. An error matches [ErrAnswer],
// and then nothing of the file was added.
func (e *Evidence) Read(name string, text []byte) error {
	answer, add := map[string]any{}, Evidence{}
	err := json.Unmarshal(text, &answer)
	delete(answer, "Instances")
	if list, ok := answer["Reservations"].([]any); ok {
		instances := []any{}
		for _, item := range list {
			reservation, _ := item.(map[string]any)
			some, _ := reservation["Instances"].([]any)
			instances = append(instances, some...)
		}
		answer["Instances"] = instances
	}
	if err == nil {
		var renamed []byte
		if renamed, err = json.Marshal(renaming{pairs(names), pairs(picks)}.of("", answer)); err == nil {
			err = json.Unmarshal(renamed, &add)
		}
	}
	if err == nil && add.RouteTables == nil && add.SecurityGroups == nil && add.Instances == nil {
		err = errors.New("it has none of RouteTables, SecurityGroups and Reservations")
	}
	if err != nil {
		return &opskit.Error{Op: "read", Target: name + ": " + err.Error(), Err: ErrAnswer}
	}
	if token, _ := answer["NextToken"].(string); token != "" {
		e.Cut = append(slices.Clip(e.Cut), name)
	}
	e.RouteTables = joined(e.RouteTables, add.RouteTables)
	e.SecurityGroups = joined(e.SecurityGroups, add.SecurityGroups)
	e.Instances = joined(e.Instances, add.Instances)
	return nil
}

// joined appends to a list; two that are nil stay nil, which is not the same as empty.
func joined[T any](list, more []T) []T {
	if list == nil {
		return more
	}
	return append(slices.Clip(list), more...)
}
