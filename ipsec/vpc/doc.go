// Package vpc tells whether Amazon's network is in the way of a tunnel that ends
// on an EC2 instance, from what three read-only calls print: nothing is asked and
// nothing is changed.
//
//	var seen vpc.Evidence
//	err := seen.Read("routes.json", text) // and those of the groups and instances
//	fmt.Println(vpc.Check(own, peer, seen))
//
// prints, for a route that was forgotten,
//
//	blocked: dublin (i-0a1, 172.31.20.132) towards virginia: 1 finding
//	  problem no_route: table rtb-1 (main): nothing leads to 10.9.0.0/16
//	    next: aws ec2 create-route --route-table-id rtb-1 --destination-cidr-block 10.9.0.0/16 --network-interface-id eni-0a1
//	not checked: network ACLs of the subnets (no answer of describe-network-acls is read)
//
// # Usage
//
// Save the answers of "aws ec2 describe-route-tables", "describe-security-groups"
// and "describe-instances" (--output json, without --query) of the region of one
// end, add them with [Evidence.Read], and call [Check] with the two ends. Its
// [Report] goes beside that of ipsec.Mirror: the files of both ends can be right
// while the network between them drops every packet.
//
// Checked are: the routes towards the other side's networks, whose longest prefix
// wins; the source/destination check of the interface; UDP 500 and 4500 and, where
// no NAT is between, protocol 50; the elastic address; the way to the peer.
//
//	verdict   level     when
//	clear     ok        all of this was seen to let the tunnel through
//	flawed    warning   it works, but only until something usual happens, or in one direction
//	blocked   problem   something was seen that keeps packets from the tunnel
//	unknown   unknown   nothing blocks, and something that could was not shown
//
// # Privileges
//
// None; the three calls need ec2:Describe permissions, made by whoever runs them.
//
// # Platforms
//
// All.
//
// # Testing
//
// Evidence is a plain value and can be written as a literal.
package vpc
