package vpc_test

import (
	"encoding/json"
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/contract"
	"github.com/opskit-go/opskit/ipsec/vpc"
)

const routesJSON = `{"RouteTables": [{
  "RouteTableId": "rtb-hosts", "VpcId": "vpc-1", "PropagatingVgws": [], "Tags": [], "OwnerId": "111122223333",
  "Associations": [{"Main": false, "RouteTableAssociationId": "rtbassoc-1", "RouteTableId": "rtb-hosts", "SubnetId": "subnet-hosts", "AssociationState": {"State": "associated"}}],
  "Routes": [
    {"DestinationCidrBlock": "172.31.0.0/16", "GatewayId": "local", "Origin": "CreateRouteTable", "State": "active"},
    {"DestinationCidrBlock": "10.9.0.0/16", "InstanceId": "i-gw", "InstanceOwnerId": "111122223333", "NetworkInterfaceId": "eni-gw", "Origin": "CreateRoute", "State": "active"},
    {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "Origin": "CreateRoute", "State": "active"}]
 }, {
  "RouteTableId": "rtb-main", "VpcId": "vpc-1",
  "Associations": [{"Main": true, "RouteTableAssociationId": "rtbassoc-2", "RouteTableId": "rtb-main", "AssociationState": {"State": "associated"}}],
  "Routes": [
    {"DestinationCidrBlock": "172.31.0.0/16", "GatewayId": "local", "Origin": "CreateRouteTable", "State": "active"},
    {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "Origin": "CreateRoute", "State": "active"}]
 }]}`

const groupsJSON = `{"SecurityGroups": [{"GroupId": "sg-gw", "GroupName": "gw", "VpcId": "vpc-1",
  "IpPermissions": [
    {"IpProtocol": "udp", "FromPort": 500, "ToPort": 500, "IpRanges": [{"CidrIp": "203.0.113.9/32"}], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []},
    {"IpProtocol": "udp", "FromPort": 4500, "ToPort": 4500, "IpRanges": [{"CidrIp": "203.0.113.9/32"}], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}],
  "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}]}]}`

const instancesJSON = `{"Reservations": [{"Instances": [{
  "InstanceId": "i-gw", "VpcId": "vpc-1", "SubnetId": "subnet-gw", "State": {"Code": 16, "Name": "running"}, "SourceDestCheck": false,
  "NetworkInterfaces": [{"NetworkInterfaceId": "eni-gw", "SubnetId": "subnet-gw", "SourceDestCheck": false, "Groups": [{"GroupId": "sg-gw", "GroupName": "gw"}],
    "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": "172.31.1.10", "Association": {"IpOwnerId": "111122223333", "PublicIp": "198.51.100.7"}}], "Ipv6Addresses": []}]
 }]}, {"Instances": [{
  "InstanceId": "i-host", "VpcId": "vpc-1", "SubnetId": "subnet-hosts", "State": {"Name": "running"},
  "NetworkInterfaces": [{"NetworkInterfaceId": "eni-host", "SubnetId": "subnet-hosts", "SourceDestCheck": true, "Groups": [{"GroupId": "sg-host"}],
    "PrivateIpAddresses": [{"Primary": true, "PrivateIpAddress": "172.31.2.20"}]}]
 }]}]}`

func ends() (own, peer vpc.End) {
	own = vpc.End{
		Name: "dublin", Addr: netip.MustParseAddr("172.31.1.10"), Public: netip.MustParseAddr("198.51.100.7"),
		Subnets: []netip.Prefix{netip.MustParsePrefix("172.31.0.0/16")},
	}
	peer = vpc.End{
		Name: "virginia", Addr: netip.MustParseAddr("10.9.1.10"), Public: netip.MustParseAddr("203.0.113.9"),
		Subnets: []netip.Prefix{netip.MustParsePrefix("10.9.0.0/16")},
	}
	return own, peer
}

// look replaces OLD by NEW in the three answers and checks the end.
func look(t *testing.T, change func(own, peer *vpc.End), oldNew ...string) *vpc.Report {
	t.Helper()
	var e vpc.Evidence
	whole := strings.Join([]string{routesJSON, groupsJSON, instancesJSON}, "\x00")
	for i := 0; i < len(oldNew); i += 2 {
		require.Contains(t, whole, oldNew[i], "the test changes nothing")
		whole = strings.Replace(whole, oldNew[i], oldNew[i+1], 1)
	}
	for text := range strings.SplitSeq(whole, "\x00") {
		if text != "" {
			require.NoError(t, e.Read("answer.json", []byte(text)))
		}
	}
	own, peer := ends()
	if change != nil {
		change(&own, &peer)
	}
	return vpc.Check(own, peer, e)
}

const toGateway = `{"DestinationCidrBlock": "10.9.0.0/16", "InstanceId": "i-gw", "InstanceOwnerId": "111122223333", "NetworkInterfaceId": "eni-gw", "Origin": "CreateRoute", "State": "active"}`

func route(to, target, state string) string {
	return `{"DestinationCidrBlock": "` + to + `", ` + target + `, "Origin": "CreateRoute", "State": "` + state + `"}`
}

func TestEachWayToLoseATunnelInAVPC(t *testing.T) {
	gone := func(text string) []string { return []string{text, ""} }
	host := instancesJSON[strings.Index(instancesJSON, `, {"Instances": [{`+"\n"+`  "InstanceId": "i-host"`):]
	host = strings.TrimSuffix(host, "]}")
	rule := `{"IpProtocol": "udp", "FromPort": 4500, "ToPort": 4500, "IpRanges": [{"CidrIp": "203.0.113.9/32"}], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}`
	withPrefixList := strings.Replace(rule, `"IpRanges": [{"CidrIp": "203.0.113.9/32"}]`, `"IpRanges": []`, 1)
	nat := `{"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "Origin": "CreateRoute", "State": "active"}`
	egress := `{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [], "PrefixListIds": [], "UserIdGroupPairs": []}`
	direct := func(own, peer *vpc.End) {
		own.Public, peer.Public = netip.Addr{}, netip.Addr{}
		peer.Addr = netip.MustParseAddr("203.0.113.9")
	}
	cases := []struct {
		name    string
		change  func(own, peer *vpc.End)
		swap    []string
		verdict vpc.Verdict
		code    string // a finding's, or a word of a gap
	}{
		{"all right", nil, nil, vpc.Clear, ""},
		{"two halves are as good as the whole", nil, []string{toGateway, route("10.9.0.0/17", `"NetworkInterfaceId": "eni-gw"`, "active") + "," + route("10.9.128.0/17", `"NetworkInterfaceId": "eni-gw"`, "active")}, vpc.Clear, ""},
		{"a wider route leads there too", nil, []string{`"10.9.0.0/16"`, `"10.0.0.0/8"`}, vpc.Clear, ""},
		{"no route but the default", nil, []string{toGateway + ",", ""}, vpc.Blocked, "other_way"},
		{"no route at all", nil, []string{toGateway + ",", "", nat, route("192.0.2.0/24", `"GatewayId": "igw-1"`, "active")}, vpc.Blocked, "no_route"},
		{"half of the network only", nil, []string{`"10.9.0.0/16"`, `"10.9.0.0/17"`}, vpc.Blocked, "other_way"},
		{"to another instance", nil, []string{`"InstanceId": "i-gw", "InstanceOwnerId": "111122223333", "NetworkInterfaceId": "eni-gw"`, `"InstanceId": "i-old", "NetworkInterfaceId": "eni-old"`}, vpc.Blocked, "other_instance"},
		{"black hole", nil, []string{toGateway, strings.Replace(toGateway, "active", "blackhole", 1)}, vpc.Blocked, "blackhole"},
		{"a longer prefix wins", nil, []string{toGateway, toGateway + "," + route("10.9.3.0/24", `"NatGatewayId": "nat-1"`, "active")}, vpc.Blocked, "other_way"},
		{"a longer prefix to the same interface", nil, []string{toGateway, toGateway + "," + route("10.9.3.0/24", `"NetworkInterfaceId": "eni-gw"`, "active")}, vpc.Clear, ""},
		{"the static route before the propagated", nil, []string{toGateway, `{"DestinationCidrBlock": "10.9.0.0/16", "GatewayId": "vgw-1", "Origin": "EnableVgwRoutePropagation", "State": "active"},` + toGateway}, vpc.Clear, ""},
		{"a prefix list may take a part", nil, []string{toGateway, toGateway + `,{"DestinationPrefixListId": "pl-1", "TransitGatewayId": "tgw-1", "State": "active"}`}, vpc.Unknown, "pl-1"},
		{"the prefix list of an S3 endpoint takes nothing private", nil, []string{toGateway, toGateway + `,{"DestinationPrefixListId": "pl-1", "GatewayId": "vpce-1", "State": "active"}`}, vpc.Clear, ""},
		{"a peering connection", nil, []string{toGateway, route("10.9.0.0/16", `"VpcPeeringConnectionId": "pcx-1"`, "active")}, vpc.Unknown, "pcx-1"},
		{"a transit gateway may come back here", nil, []string{toGateway, route("10.9.0.0/16", `"TransitGatewayId": "tgw-1"`, "active")}, vpc.Unknown, "tgw-1"},
		{"the networks overlap", func(_, peer *vpc.End) { peer.Subnets = []netip.Prefix{netip.MustParsePrefix("172.31.64.0/20")} }, nil, vpc.Blocked, "overlaps_vpc"},
		{"no host is shown, and the tables differ", nil, gone(host), vpc.Unknown, "rtb-main"},
		{"no host is shown, and all tables are wrong", nil, []string{host, "", toGateway + ",", ""}, vpc.Blocked, "other_way"},
		{"the host's subnet has no table of its own", nil, []string{`"NetworkInterfaceId": "eni-host", "SubnetId": "subnet-hosts"`, `"NetworkInterfaceId": "eni-host", "SubnetId": "subnet-x"`}, vpc.Blocked, "other_way"},
		{"a table that is being taken away", nil, []string{`"SubnetId": "subnet-hosts", "AssociationState": {"State": "associated"}`, `"SubnetId": "subnet-hosts", "AssociationState": {"State": "disassociated"}`}, vpc.Blocked, "other_way"},
		{"source/destination check", nil, []string{`"SourceDestCheck": false, "Groups"`, `"SourceDestCheck": true, "Groups"`}, vpc.Blocked, "source_dest_check"},
		{"the check is not shown", nil, []string{`"SourceDestCheck": false, "Groups"`, `"Groups"`}, vpc.Unknown, "source/destination"},
		{"the gateway alone needs no forwarding", func(own, _ *vpc.End) { own.Subnets = []netip.Prefix{netip.MustParsePrefix("172.31.1.10/32")} }, []string{host, "", `"SourceDestCheck": false, "Groups"`, `"SourceDestCheck": true, "Groups"`, toGateway + ",", "", `"Routes"`, `"Routes"`}, vpc.Blocked, "other_way"},
		{"stopped", nil, []string{`"Name": "running"}, "SourceDestCheck"`, `"Name": "stopped"}, "SourceDestCheck"`}, vpc.Blocked, "not_running"},
		{"4500 is closed", nil, []string{"," + "\n    " + rule, ""}, vpc.Blocked, "closed_udp_4500"},
		{"4500 is open to another peer", nil, []string{rule, strings.Replace(rule, "203.0.113.9/32", "203.0.113.8/32", 1)}, vpc.Blocked, "closed_udp_4500"},
		{"a range of ports", nil, []string{rule, strings.Replace(rule, `"FromPort": 4500, "ToPort": 4500`, `"FromPort": 4000, "ToPort": 5000`, 1)}, vpc.Clear, ""},
		{"TCP is not UDP", nil, []string{rule, strings.Replace(rule, `"udp"`, `"tcp"`, 1)}, vpc.Blocked, "closed_udp_4500"},
		{"all protocols from everywhere", nil, []string{rule, `{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}`}, vpc.Clear, ""},
		{"a prefix list may hold the peer", nil, []string{rule, strings.Replace(withPrefixList, `"PrefixListIds": []`, `"PrefixListIds": [{"PrefixListId": "pl-peers"}]`, 1)}, vpc.Unknown, "pl-peers"},
		{"a group by reference holds no public address", nil, []string{rule, strings.Replace(withPrefixList, `"UserIdGroupPairs": []`, `"UserIdGroupPairs": [{"GroupId": "sg-peers", "UserId": "111122223333"}]`, 1)}, vpc.Blocked, "closed_udp_4500"},
		{"a group that is not in the answer", nil, []string{`"Groups": [{"GroupId": "sg-gw", "GroupName": "gw"}]`, `"Groups": [{"GroupId": "sg-other"}]`}, vpc.Unknown, "sg-other"},
		{"one of two groups permits it", nil, []string{`"Groups": [{"GroupId": "sg-gw", "GroupName": "gw"}]`, `"Groups": [{"GroupId": "sg-other"}, {"GroupId": "sg-gw"}]`}, vpc.Unknown, "sg-other"},
		{"nothing goes out", nil, []string{egress, ""}, vpc.Flawed, "not_out"},
		{"what goes out is not shown", nil, []string{`,` + "\n" + `  "IpPermissionsEgress": [` + egress + `]`, ""}, vpc.Unknown, "IpPermissionsEgress"},
		{"without NAT ESP is needed", direct, nil, vpc.Blocked, "closed_esp"},
		{"an end whose own address is not named", func(own, peer *vpc.End) {
			direct(own, peer)
			peer.Addr, peer.Public = netip.Addr{}, netip.MustParseAddr("203.0.113.9")
		}, nil, vpc.Unknown, "ESP"},
		{"the address belongs to another", func(own, _ *vpc.End) { own.Public = netip.MustParseAddr("198.51.100.8") }, nil, vpc.Blocked, "elastic_address"},
		{"an address that a stop takes away", nil, []string{`"IpOwnerId": "111122223333"`, `"IpOwnerId": "amazon"`}, vpc.Flawed, "address_changes"},
		{"no such instance", func(own, _ *vpc.End) { own.Addr = netip.MustParseAddr("172.31.1.11") }, nil, vpc.Unknown, "instance"},
		{"the way out is a NAT gateway", nil, []string{`"GatewayId": "igw-1"`, `"NatGatewayId": "nat-2"`}, vpc.Flawed, "behind_nat_gateway"},
		{"no way out", nil, []string{"," + "\n    " + `{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1", "Origin": "CreateRoute", "State": "active"}`, ""}, vpc.Blocked, "no_way_out"},
		{"a page is missing", nil, []string{`{"RouteTables"`, `{"NextToken": "x", "RouteTables"`}, vpc.Unknown, "NextToken"},
		{"no answer about groups", nil, gone(groupsJSON), vpc.Unknown, "sg-gw"},
		{"no answer about instances", nil, gone(instancesJSON), vpc.Unknown, "describe-instances"},
		{"no answer about routes", nil, gone(routesJSON), vpc.Unknown, "describe-route-tables"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := look(t, c.change, c.swap...)
			assert.Equal(t, c.verdict, r.Verdict, "%s", r)
			var codes []string
			for _, f := range r.Findings {
				codes = append(codes, f.Code)
			}
			if c.verdict != vpc.Unknown && c.code != "" {
				assert.Contains(t, codes, c.code, "%s", r)
			} else {
				assert.Contains(t, r.String(), c.code)
			}
			if c.code == "" {
				assert.Empty(t, r.Findings)
			}
		})
	}
}

func TestIPv6NeedsNoNATAndNoElasticAddress(t *testing.T) {
	own, peer := netip.MustParseAddr("2001:db8:1::10"), netip.MustParseAddr("2001:db8:9::10")
	network := netip.MustParsePrefix("2001:db8:9::/48")
	swap := []string{
		`"Ipv6Addresses": []`, `"Ipv6Addresses": [{"Ipv6Address": "2001:db8:1::10"}]`,
		toGateway, `{"DestinationIpv6CidrBlock": "2001:db8:9::/48", "NetworkInterfaceId": "eni-gw", "State": "active"}`,
		`{"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": "igw-1"`, `{"DestinationIpv6CidrBlock": "::/0", "GatewayId": "igw-1"`,
		`"IpRanges": [{"CidrIp": "203.0.113.9/32"}], "Ipv6Ranges": []`, `"Ipv6Ranges": [{"CidrIpv6": "2001:db8:9::/48"}]`,
		`"IpRanges": [{"CidrIp": "203.0.113.9/32"}], "Ipv6Ranges": []`, `"Ipv6Ranges": [{"CidrIpv6": "2001:db8:9::/48"}]`,
		`"IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": []`, `"Ipv6Ranges": [{"CidrIpv6": "::/0"}]`,
	}
	change := func(o, p *vpc.End) {
		o.Addr, o.Public, p.Addr, p.Public, p.Subnets = own, netip.Addr{}, peer, netip.Addr{}, []netip.Prefix{network}
	}
	r := look(t, change, swap...)
	require.Len(t, r.Findings, 1, "%s", r)
	assert.Equal(t, "closed_esp", r.Findings[0].Code)
	r = look(t, change, append(swap, `"IpPermissions": [`, `"IpPermissions": [{"IpProtocol": "50", "Ipv6Ranges": [{"CidrIpv6": "2001:db8:9::10/128"}]},`)...)
	assert.Equal(t, vpc.Clear, r.Verdict, "%s", r)
}

func TestTwoVPCs(t *testing.T) {
	other := strings.ReplaceAll(routesJSON, "vpc-1", "vpc-2")
	r := look(t, nil, routesJSON, other)
	assert.Equal(t, vpc.Unknown, r.Verdict, "%s", r)
	both := strings.Replace(routesJSON, `{"RouteTables": [`, `{"RouteTables": [{"RouteTableId": "rtb-2", "VpcId": "vpc-2", "Associations": [{"Main": true}], "Routes": []},`, 1)
	r = look(t, nil, routesJSON, both)
	assert.Equal(t, vpc.Clear, r.Verdict, "another VPC's table is not asked: %s", r)
}

func TestPackageKeepsTheContract(t *testing.T) {
	contract.Check(t, contract.Package{
		Prefix: "ipsec_", Sentinels: []error{vpc.ErrAnswer},
		Results: map[string]opskit.Result{
			"clear": look(t, nil), "unknown": look(t, nil, groupsJSON, ""),
			"blocked": look(t, nil, toGateway+",", ""), "flawed": look(t, nil, `"IpOwnerId": "111122223333"`, `"IpOwnerId": "amazon"`),
		},
	})
}

func TestWhatIsNoAnswerIsRefusedWhole(t *testing.T) {
	var e vpc.Evidence
	for _, text := range []string{
		"", "x", "[]", "{}", `{"Vpcs": []}`, `{"RouteTables": [{"Routes": [{"DestinationCidrBlock": "10.9.0.0"}]}]}`,
		`{"SecurityGroups": [{"IpPermissions": [{"IpRanges": [{"CidrIp": "x"}]}]}]}`,
		`{"Reservations": [{"Instances": [{"NetworkInterfaces": [{"PrivateIpAddresses": [{"PrivateIpAddress": "x"}]}]}]}]}`,
	} {
		require.ErrorIs(t, e.Read("f", []byte(text)), vpc.ErrAnswer, text)
	}
	assert.Equal(t, vpc.Evidence{}, e)
}

func FuzzRead(f *testing.F) {
	for _, text := range []string{routesJSON, groupsJSON, instancesJSON, `{"RouteTables":[{"Routes":[{"DestinationIpv6CidrBlock":"::/0"}]}]}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var e vpc.Evidence
		for _, base := range []string{routesJSON, groupsJSON, instancesJSON} {
			require.NoError(t, e.Read("base", []byte(base)))
		}
		if e.Read("f", text) != nil {
			return
		}
		own, peer := ends()
		r := vpc.Check(own, peer, e)
		level := r.Level()
		assert.Equal(t, level, r.Judge())
		assert.False(t, level == opskit.Unknown && len(r.Undecided) == 0, "%s", r)
		_, err := json.Marshal(r)
		assert.NoError(t, err)
	})
}

func ExampleCheck() {
	var seen vpc.Evidence
	for _, text := range []string{routesJSON, groupsJSON, instancesJSON} {
		text = strings.Replace(text, "10.9.0.0/16", "10.8.0.0/16", 1) // a typing error in the console
		if err := seen.Read("answer.json", []byte(text)); err != nil {
			panic(err)
		}
	}
	own, peer := ends()
	_, _ = os.Stdout.WriteString(vpc.Check(own, peer, seen).String())
	// Output:
	// blocked: dublin (172.31.1.10) towards virginia (10.9.1.10): findings: 1
	//   problem other_way: table rtb-hosts: 10.9.0.0/16 goes to nat-1 by the route for 0.0.0.0/0, out of the VPC and past the tunnel
	//     next: aws ec2 create-route --route-table-id rtb-hosts --destination-cidr-block 10.9.0.0/16 --network-interface-id eni-gw
	// not checked: network ACLs of the subnets (no answer of describe-network-acls is read)
}
