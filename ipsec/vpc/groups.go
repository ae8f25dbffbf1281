package vpc

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
)

// pass is whether rules let something through.
type pass int

const (
	refused   pass = iota
	notShown       // a rule may let it through whose meaning is not shown
	permitted      // a rule does
)

// service is what a tunnel needs of a packet filter.
type service struct {
	name     string
	closed   string // the code of the finding
	protocol string // as EC2 writes it
	number   string // of IANA, which EC2 takes too
	port     int
}

func services() []service {
	return []service{
		{"UDP 500", "closed_udp_500", "udp", "17", 500},
		{"UDP 4500", "closed_udp_4500", "udp", "17", 4500},
		{"protocol 50 (ESP)", "closed_esp", "50", "50", 0},
	}
}

// checkGroups: what the peer sends comes in, and what the end sends goes out.
// Groups are stateful: what one direction began, the other may answer.
func (j *judge) checkGroups() {
	var groups []SecurityGroup
	for _, id := range j.face.Groups {
		i := slices.IndexFunc(j.Evidence.SecurityGroups, func(g SecurityGroup) bool { return g.ID == id })
		if i < 0 {
			j.unseen("security group "+id+" of "+j.face.ID, "it is not in the answer", "aws ec2 describe-security-groups --group-ids "+id)
			continue
		}
		groups = append(groups, j.Evidence.SecurityGroups[i])
	}
	if len(j.face.Groups) == 0 {
		j.unseen("the security groups of "+j.face.ID, "the answer of describe-instances names none", "aws ec2 describe-instances without --query")
	}
	peer := j.Peer.outside()
	if len(groups) < len(j.face.Groups) && len(groups) == 0 || !peer.IsValid() {
		return
	}
	whole := len(groups) == len(j.face.Groups) // else another group may permit it
	for _, s := range services() {
		needed := s.port == 500 || j.needs(s)
		in, via := refused, ""
		out, outVia := refused, ""
		for _, g := range groups {
			if p, why := j.permits(g.In, "IpPermissions", s, peer); p > in {
				in, via = p, why
			}
			if p, why := j.permits(g.Out, "IpPermissionsEgress", s, peer); p > out {
				out, outVia = p, why
			}
		}
		switch {
		case !needed || in == permitted && out == permitted:
		case in == notShown:
			j.unseen(s.name+" from "+peer.String(), via, "what it does not show")
		case in == refused && whole:
			j.closed(s, peer, out == permitted)
		}
		if needed && in == permitted && out == refused && whole {
			j.add("not_out", opskit.Warning, "", "the groups of %s (%s) let no %s out to %s: only the peer can begin", j.face.ID, strings.Join(j.face.Groups, ", "), s.name, peer)
		}
		if needed && out == notShown {
			j.unseen(s.name+" to "+peer.String(), outVia, "what it does not show")
		}
	}
}

// needs tells which of UDP 4500 and ESP carries the tunnel: ESP only where no NAT
// is between the ends, which both have to say.
func (j *judge) needs(s service) bool {
	translated := j.Own.translated() || j.Peer.translated()
	unsure := !j.Own.Addr.IsValid() || !j.Peer.Addr.IsValid()
	if s.port == 4500 {
		return true // charon and pluto turn to it as soon as they see a NAT
	}
	if unsure && !translated {
		j.unseen("whether ESP goes in UDP", "the own address of an end is not named", "both ends' own and public addresses")
		return false
	}
	return !translated
}

// closed reports a service that nobody lets in. With the way out open, what this
// end begins is answered for as long as the connection is tracked.
func (j *judge) closed(s service, peer netip.Addr, out bool) {
	tail := ""
	if out {
		tail = "; what this end sends first is answered only while that is tracked"
	}
	fix := ""
	if len(j.face.Groups) > 0 {
		ranges := "IpRanges=[{CidrIp=%s/32}]"
		if peer.Is6() {
			ranges = "Ipv6Ranges=[{CidrIpv6=%s/128}]"
		}
		ports := fmt.Sprintf("FromPort=%d,ToPort=%d,", s.port, s.port)
		if s.port == 0 {
			ports = ""
		}
		fix = fmt.Sprintf("aws ec2 authorize-security-group-ingress --group-id %s --ip-permissions 'IpProtocol=%s,%s"+ranges+"'", j.face.Groups[0], s.protocol, ports, peer)
	}
	j.add(s.closed, opskit.Problem, fix, "no group of %s (%s) lets %s in from the peer %s%s", j.face.ID, strings.Join(j.face.Groups, ", "), s.name, peer, tail)
}

// permits tells whether rules let a service through for the peer's address. A
// reference to a group means the private addresses of its members, so it says
// nothing of a public one.
func (j *judge) permits(list *[]Rule, member string, s service, peer netip.Addr) (pass, string) {
	if list == nil {
		return notShown, "the answer lacks " + member + " of a group"
	}
	found, why := refused, ""
	for _, r := range *list {
		all := r.Protocol == "-1"
		if !all && r.Protocol != s.protocol && r.Protocol != s.number {
			continue
		}
		if !all && s.port != 0 && r.From != nil && r.To != nil && *r.From >= 0 && (s.port < *r.From || s.port > *r.To) {
			continue
		}
		switch {
		case within(r.Nets, peer), within(r.Nets6, peer):
			return permitted, ""
		case len(r.PrefixLists) > 0:
			found, why = notShown, "a rule names the prefix list "+strings.Join(r.PrefixLists, ", ")+", whose entries are not shown"
		case len(r.Groups) > 0 && !public(peer):
			if j.member(r.Groups, peer) {
				return permitted, ""
			}
			found, why = notShown, "a rule names the group "+strings.Join(r.Groups, ", ")+", and whether the peer's interface is in it is not shown"
		}
	}
	return found, why
}

// public tells whether an address cannot be the private one of an interface.
// 100.64.0.0/10 (RFC 6598) can be that of a VPC.
func public(addr netip.Addr) bool {
	shared := netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10)
	return addr.Is4() && !addr.IsPrivate() && !shared.Contains(addr)
}

// member tells whether an interface with that address is seen in one of the groups.
func (j *judge) member(groups []string, addr netip.Addr) bool {
	for _, instance := range j.Evidence.Instances {
		for _, face := range instance.Interfaces {
			if face.has(addr) && slices.ContainsFunc(face.Groups, func(g string) bool { return slices.Contains(groups, g) }) {
				return true
			}
		}
	}
	return false
}
