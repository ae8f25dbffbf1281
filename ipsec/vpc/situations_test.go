package vpc_test

import (
	"encoding/json"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ipsec/vpc"
)

// What the documentation of the three calls and of VPC's route tables says of
// each of these; where the answers cannot show it, nothing is decided.
func TestSituationsOfTheDocumentation(t *testing.T) {
	const (
		out      = `{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "Origin": "CreateRoute", "State": "active"}`
		face     = `{"NetworkInterfaceId": "eni-gw", "SubnetId": "subnet-gw", "SourceDestCheck": false`
		private  = `{"Primary": true, "PrivateIpAddress": "172.31.1.10", "Association": {"IpOwnerId": "111122223333", "PublicIp": "198.51.100.7"}}`
		open4500 = `"FromPort": 4500, "ToPort": 4500, "IpRanges": [{"CidrIp": "203.0.113.9/32"}], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []`
		egress   = `{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}`
		hostFace = `"NetworkInterfaceId": "eni-host", "SubnetId": "subnet-hosts"`
	)
	second := func(check string) string {
		return `{"NetworkInterfaceId": "eni-in", "SubnetId": "subnet-hosts", "SourceDestCheck": ` + check + `, "Groups": [{"GroupId": "sg-gw"}], "PrivateIpAddresses": [{"PrivateIpAddress": "172.31.2.10"}]}, `
	}
	toSecond := strings.Replace(toGateway, "eni-gw", "eni-in", 1)
	v6 := func(own, peer *vpc.End) {
		own.Addr, own.Public = netip.MustParseAddr("2001:db8:1::10"), netip.Addr{}
		peer.Addr, peer.Public, peer.Subnets = netip.MustParseAddr("2001:db8:9::10"), netip.Addr{}, []netip.Prefix{netip.MustParsePrefix("2001:db8:9::/48")}
	}
	cases := []struct {
		name   string
		change func(own, peer *vpc.End)
		swap   []string
		want   vpc.Verdict
		word   string // of the text
	}{
		{"a table of an internet gateway serves no subnet", nil, []string{
			`{"RouteTables": [`, `{"RouteTables": [{"RouteTableId": "rtb-edge", "VpcId": "vpc-1", "Associations": [{"Main": false, "GatewayId": "igw-1", "AssociationState": {"State": "associated"}}],
			 "Routes": [{"DestinationCidrBlock": "172.31.0.0/16", "GatewayId": "local", "State": "active"}]},`,
			`"RouteTableId": "rtb-main", "VpcId": "vpc-1",`, `"RouteTableId": "rtb-main", "VpcId": "vpc-1", "Tags": [],`, hostFace, `"NetworkInterfaceId": "eni-host", "SubnetId": "subnet-hosts", "Status": "in-use"`,
		}, vpc.Clear, ""},
		{"the same where no host is shown", nil, []string{
			`{"RouteTables": [`, `{"RouteTables": [{"RouteTableId": "rtb-edge", "VpcId": "vpc-1", "Associations": [{"GatewayId": "igw-1"}], "Routes": []},`,
			`"PrivateIpAddress": "172.31.2.20"`, `"PrivateIpAddress": "192.168.2.20"`, out, out + "," + toGateway,
		}, vpc.Clear, ""},
		{"another interface of the same instance, which forwards", nil, []string{toGateway, toSecond, face, second("false") + face}, vpc.Clear, ""},
		{"another interface of the same instance, which drops what is not its own", nil, []string{toGateway, toSecond, face, second("true") + face}, vpc.Blocked, "eni-in"},
		{"another interface of the same instance, whose check is not shown", nil, []string{toGateway, toSecond, face, strings.Replace(second("true"), `"SourceDestCheck": true, `, "", 1) + face}, vpc.Unknown, "eni-in"},
		{"an egress-only gateway lets no peer begin", v6, []string{
			`"Ipv6Addresses": []`, `"Ipv6Addresses": [{"Ipv6Address": "2001:db8:1::10"}]`, toGateway, `{"DestinationIpv6CidrBlock": "2001:db8:9::/48", "NetworkInterfaceId": "eni-gw", "State": "active"}`,
			out, `{"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1", "State": "active"}`,
			`"IpPermissions": [`, `"IpPermissions": [{"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "2001:db8:9::10/128"}]},`, `"IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": []`, `"Ipv6Ranges": [{"CidrIpv6": "::/0"}]`,
		}, vpc.Flawed, "eigw-1"},
		{"hosts in another VPC", func(own, _ *vpc.End) { own.Subnets = append(own.Subnets, netip.MustParsePrefix("172.20.0.0/16")) }, []string{
			`]}, {"Instances": [{`, `]}, {"Instances": [{"InstanceId": "i-far", "VpcId": "vpc-2", "SubnetId": "subnet-far", "State": {"Name": "running"},
			 "NetworkInterfaces": [{"NetworkInterfaceId": "eni-far", "SubnetId": "subnet-far", "Groups": [], "PrivateIpAddresses": [{"PrivateIpAddress": "172.20.1.1"}]}]}]}, {"Instances": [{`,
		}, vpc.Unknown, "i-far"},
		{"a VPC of the same numbers is another's", nil, []string{
			`]}, {"Instances": [{`, `]}, {"Instances": [{"InstanceId": "i-far", "VpcId": "vpc-2", "SubnetId": "subnet-far",
			 "NetworkInterfaces": [{"NetworkInterfaceId": "eni-far", "SubnetId": "subnet-far", "Groups": [], "PrivateIpAddresses": [{"PrivateIpAddress": "172.31.2.20"}]}]}]}, {"Instances": [{`,
		}, vpc.Clear, ""},
		{"a prefix list that leads to the gateway, and nothing else does", nil, []string{toGateway, `{"DestinationPrefixListId": "pl-peer", "NetworkInterfaceId": "eni-gw", "State": "active"}`}, vpc.Unknown, "pl-peer"},
		{"behind a NAT gateway whose address is not shown", nil, []string{`"GatewayId": "igw-1"`, `"NatGatewayId": "nat-2"`, `, "Association": {"IpOwnerId": "111122223333", "PublicIp": "198.51.100.7"}`, ""}, vpc.Unknown, "nat-2"},
		{"a longer prefix that is propagated wins", nil, []string{toGateway, toGateway + `,{"DestinationCidrBlock": "10.9.3.0/24", "GatewayId": "vgw-1", "Origin": "EnableVgwRoutePropagation", "State": "active"}`}, vpc.Unknown, "vgw-1"},
		{"a black hole that is longer than the way to the gateway", nil, []string{`"10.9.0.0/16"`, `"10.0.0.0/8"`, `"Routes": [`, `"Routes": [{"DestinationCidrBlock": "10.9.0.0/16", "NetworkInterfaceId": "eni-old", "State": "blackhole"},`}, vpc.Blocked, "blackhole"},
		{"a black hole that is wider is not asked", nil, []string{toGateway, toGateway + "," + route("10.0.0.0/8", `"NetworkInterfaceId": "eni-old"`, "blackhole")}, vpc.Clear, ""},
		{"the elastic address is on a second private one", func(own, _ *vpc.End) { own.Addr = netip.MustParseAddr("172.31.1.11") }, []string{
			private, `{"Primary": true, "PrivateIpAddress": "172.31.1.10"}, {"Primary": false, "PrivateIpAddress": "172.31.1.11", "Association": {"IpOwnerId": "111122223333", "PublicIp": "198.51.100.7"}}`,
		}, vpc.Clear, ""},
		{"the elastic address is on the first private one, the tunnel on the second", func(own, _ *vpc.End) { own.Addr = netip.MustParseAddr("172.31.1.11") }, []string{
			private, private + `, {"Primary": false, "PrivateIpAddress": "172.31.1.11"}`,
		}, vpc.Blocked, "elastic_address"},
		{"UDP of all ports", nil, []string{`"udp", ` + open4500, `"udp", ` + strings.Replace(open4500, `"FromPort": 4500, "ToPort": 4500`, `"FromPort": 0, "ToPort": 65535`, 1)}, vpc.Clear, ""},
		{"open to IPv6 only", nil, []string{open4500, strings.NewReplacer(`"IpRanges": [{"CidrIp": "203.0.113.9/32"}]`, `"IpRanges": []`, `"Ipv6Ranges": []`, `"Ipv6Ranges": [{"CidrIpv6": "::/0"}]`).Replace(open4500)}, vpc.Blocked, "closed_udp_4500"},
		{"open to the peer's private address, which never shows", nil, []string{open4500, strings.Replace(open4500, "203.0.113.9/32", "10.9.1.10/32", 1)}, vpc.Blocked, "closed_udp_4500"},
		{"only the two ports may go out", nil, []string{egress, `{"IpProtocol": "udp", "FromPort": 500, "ToPort": 500, "IpRanges": [{"CidrIp": "203.0.113.9/32"}]}, {"IpProtocol": "udp", "FromPort": 4500, "ToPort": 4500, "IpRanges": [{"CidrIp": "203.0.113.0/24"}]}`}, vpc.Clear, ""},
		{"rules that a query left out are not closed", nil, []string{`"IpPermissions": [`, `"IpPermissionsX": [`}, vpc.Unknown, "IpPermissions"},
		{"over a peering connection a group of the other account may hold the peer", func(_, peer *vpc.End) { peer.Public = netip.Addr{} }, []string{
			open4500, strings.NewReplacer(`"IpRanges": [{"CidrIp": "203.0.113.9/32"}]`, `"IpRanges": []`, `"UserIdGroupPairs": []`, `"UserIdGroupPairs": [{"GroupId": "sg-far", "UserId": "444455556666", "VpcId": "vpc-2", "VpcPeeringConnectionId": "pcx-1", "PeeringStatus": "active"}]`).Replace(open4500),
			`"GatewayId": "igw-1"`, `"VpcPeeringConnectionId": "pcx-1"`, `"FromPort": 500, "ToPort": 500, "IpRanges": [{"CidrIp": "203.0.113.9/32"}]`, `"FromPort": 500, "ToPort": 500, "IpRanges": [{"CidrIp": "10.9.0.0/16"}]`,
		}, vpc.Unknown, "sg-far"},
		{"a route more specific than local leads to the gateway", func(_, peer *vpc.End) { peer.Subnets = []netip.Prefix{netip.MustParsePrefix("172.31.64.0/20")} }, []string{toGateway, route("172.31.64.0/20", `"NetworkInterfaceId": "eni-gw"`, "active")}, vpc.Clear, ""},
		{"the VPC's second block is the peer's", nil, []string{`"Routes": [`, `"Routes": [{"DestinationCidrBlock": "10.9.0.0/17", "GatewayId": "local", "Origin": "CreateRouteTable", "State": "active"},`}, vpc.Blocked, "overlaps_vpc"},
		{"stopping", nil, []string{`"Name": "running"}, "SourceDestCheck"`, `"Name": "stopping"}, "SourceDestCheck"`}, vpc.Blocked, "not_running"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := look(t, c.change, c.swap...)
			assert.Equal(t, c.want, r.Verdict, "%s", r)
			assert.Contains(t, r.String(), c.word)
		})
	}
}

func TestNothingIsKeptThatIsNotAskedFor(t *testing.T) {
	const sentinel = "PSK-x7Q-sentinel"
	r := look(t, nil, `"SourceDestCheck": false,`+"\n", `"SourceDestCheck": false, "KeyName": "`+sentinel+`", "UserData": "`+sentinel+`", "Tags": [{"Key": "psk", "Value": "`+sentinel+`"}],`+"\n",
		`"GroupName": "gw", "VpcId"`, `"Description": "`+sentinel+`", "VpcId"`)
	data, err := json.Marshal(r)
	require.NoError(t, err)
	assert.NotContains(t, string(data)+r.String(), sentinel)
}
