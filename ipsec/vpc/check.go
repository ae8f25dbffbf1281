package vpc

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/opskit-go/opskit"
)

// ErrAnswer: a text is no answer of one of the three calls.
var ErrAnswer = opskit.Sentinel("ipsec_vpc_answer", "not an answer of EC2 that is read here")

// End is one end of the tunnel, as its configuration has it.
type End struct {
	Name     string         `json:"name"`               // how findings call it: "eu-west-1"
	Instance string         `json:"instance,omitempty"` // "i-..."; empty: the one that has Addr
	Addr     netip.Addr     `json:"addr,omitzero"`      // on the gateway's own interface
	Public   netip.Addr     `json:"public,omitzero"`    // under which the other end reaches it, if that is another
	Subnets  []netip.Prefix `json:"subnets,omitempty"`  // the networks behind it
}

// outside is the address that the other end sends to.
func (e End) outside() netip.Addr {
	if e.Public.IsValid() {
		return e.Public
	}
	return e.Addr
}

// translated tells whether a NAT stands before the end: ESP then goes in UDP 4500.
func (e End) translated() bool {
	return e.Public.IsValid() && e.Addr.IsValid() && e.Public != e.Addr
}

type verdictKind struct{}

// Verdict is what the network around one end comes to.
type Verdict = opskit.Enum[verdictKind]

// The verdicts; see the package's documentation.
const (
	Unknown Verdict = ""
	Clear   Verdict = "clear"
	Flawed  Verdict = "flawed"
	Blocked Verdict = "blocked"
)

// Finding is one thing that is in the way.
type Finding struct {
	Code    string       `json:"code"`          // stable, snake_case
	Level   opskit.Level `json:"level"`         // problem or warning
	Message string       `json:"message"`       // what, and where in the answers it stands
	Fix     string       `json:"fix,omitempty"` // a line to paste, where one would do
}

// Report is what the network of one end does with the tunnel. It holds its
// evidence.
type Report struct {
	Own       End          `json:"own"`                 // the end that was asked about
	Peer      End          `json:"peer"`                // the other end
	Evidence  Evidence     `json:"evidence"`            // what EC2 answered
	Verdict   Verdict      `json:"verdict"`             // follows from findings and gaps
	Findings  []Finding    `json:"findings,omitempty"`  // problems first
	Undecided []opskit.Gap `json:"undecided,omitempty"` // what would decide, or was not shown
}

// Check judges the network around own, which is an EC2 instance, towards peer.
func Check(own, peer End, evidence Evidence) *Report {
	r := &Report{Own: own, Peer: peer, Evidence: evidence}
	r.Judge()
	return r
}

// Level is that of the verdict.
func (r *Report) Level() opskit.Level {
	switch r.Verdict {
	case Clear:
		return opskit.OK
	case Flawed:
		return opskit.Warning
	case Blocked:
		return opskit.Problem
	}
	return opskit.Unknown
}

// Gaps returns what was not shown; network ACLs never are.
func (r *Report) Gaps() []opskit.Gap {
	return append(slices.Clip(r.Undecided), opskit.Gap{
		What: "network ACLs of the subnets", Why: "no answer of describe-network-acls is read",
	})
}

// Seen tells whether anything of EC2 was read.
func (r *Report) Seen() bool {
	return r != nil && len(r.Evidence.RouteTables)+len(r.Evidence.SecurityGroups)+len(r.Evidence.Instances) > 0
}

// String prints the verdict, the findings, and what was not checked.
func (r *Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s towards %s: findings: %d\n", r.Verdict, opskit.Escape(r.Own.label()), opskit.Escape(r.Peer.label()), len(r.Findings))
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "  %s %s: %s\n", f.Level, opskit.Escape(f.Code), opskit.Escape(f.Message))
		if f.Fix != "" {
			fmt.Fprintf(&b, "    next: %s\n", opskit.Escape(f.Fix))
		}
	}
	return b.String() + opskit.NotChecked(r)
}

func (e End) label() string {
	var known []string
	if e.Instance != "" {
		known = append(known, e.Instance)
	}
	if e.Addr.IsValid() {
		known = append(known, e.Addr.String())
	}
	return strings.TrimSpace(cmp.Or(e.Name, "the end") + " (" + strings.Join(known, ", ") + ")")
}

// judge collects findings and gaps; gaps that could hide a problem are open.
type judge struct {
	*Report
	gateway *Instance
	face    *Interface // that has the end's own address
	open    bool
}

// Judge derives verdict and findings from the evidence.
func (r *Report) Judge() opskit.Level {
	r.Verdict, r.Findings, r.Undecided = Unknown, nil, nil
	j := &judge{Report: r}
	for _, call := range r.Evidence.Cut {
		j.unseen("the rest of "+call, "the answer has a NextToken", "the whole answer, without --max-items")
	}
	if j.findGateway() {
		j.checkInterface()
		j.checkAddress()
		j.checkRoutes()
		j.checkWayOut()
		j.checkGroups()
	}
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.Code, b.Code)) // problem before warning
	})
	levels := []opskit.Level{opskit.OK}
	for _, f := range r.Findings {
		levels = append(levels, f.Level)
	}
	if j.open {
		levels = append(levels, opskit.Unknown)
	}
	r.Verdict = map[opskit.Level]Verdict{opskit.OK: Clear, opskit.Warning: Flawed, opskit.Problem: Blocked}[opskit.Worst(levels...)]
	return r.Level()
}

func (j *judge) add(code string, level opskit.Level, fix, format string, args ...any) {
	j.Findings = append(j.Findings, Finding{Code: code, Level: level, Message: fmt.Sprintf(format, args...), Fix: fix})
}

// unseen notes what could hide a problem.
func (j *judge) unseen(what, why, need string) {
	j.Undecided = append(j.Undecided, opskit.Gap{What: what, Why: why, Need: need})
	j.open = true
}

// findGateway looks for the end's instance and the interface with its address.
func (j *judge) findGateway() bool {
	if j.Evidence.Instances == nil {
		j.unseen("the instance of the end", "no answer of describe-instances", "aws ec2 describe-instances --output json")
		return false
	}
	for i := range j.Evidence.Instances {
		instance := &j.Evidence.Instances[i]
		for k := range instance.Interfaces {
			has := instance.Interfaces[k].has(j.Own.Addr)
			named := instance.ID == j.Own.Instance
			if has && (named || j.Own.Instance == "") || named && !j.Own.Addr.IsValid() && j.face == nil {
				if j.gateway != nil && j.gateway.ID != instance.ID {
					j.unseen("which instance the end is", fmt.Sprintf("%s and %s both have %s", j.gateway.ID, instance.ID, j.Own.Addr), "the end's instance ID")
					return false
				}
				j.gateway, j.face = instance, &instance.Interfaces[k]
			}
		}
	}
	if j.gateway == nil {
		j.unseen("the instance of the end", "no instance in the answer has "+j.Own.label(), "the answer for its region and account")
		return false
	}
	if state := j.gateway.State; state != "running" && state != "" {
		j.add("not_running", opskit.Problem, "", "%s is %s", j.gateway.ID, state)
	}
	return true
}

// checkInterface: an instance that forwards for others needs the check off.
func (j *judge) checkInterface() {
	behind := slices.ContainsFunc(j.Own.Subnets, func(p netip.Prefix) bool { return !p.IsSingleIP() || p.Addr() != j.Own.Addr })
	if !behind {
		return
	}
	switch {
	case j.face.Check == nil:
		j.unseen("the source/destination check of "+j.face.ID, "the answer does not show it", "aws ec2 describe-instances without --query")
	case *j.face.Check:
		j.add("source_dest_check", opskit.Problem,
			"aws ec2 modify-network-interface-attribute --network-interface-id "+j.face.ID+" --no-source-dest-check",
			"%s of %s drops what is not its own: its source/destination check is on", j.face.ID, j.gateway.ID)
	}
}

// checkAddress: the address that the peer sends to is this interface's.
func (j *judge) checkAddress() {
	want := j.Own.outside()
	if !want.IsValid() {
		j.unseen("the public address", "the end names none", "the address that the peer's configuration has")
		return
	}
	if j.face.has(want) {
		return
	}
	has := "no public address"
	for _, a := range j.face.IPv4 {
		if a.Public.Addr != want {
			if a.Public.Addr.IsValid() {
				has = a.Public.Addr.String()
			}
			continue
		}
		if j.Own.Addr.IsValid() && a.Addr != j.Own.Addr {
			j.add("elastic_address", opskit.Problem, "", "%s is mapped to %s of %s, not to %s", want, a.Addr, j.face.ID, j.Own.Addr)
		}
		if a.Public.Owner == "amazon" {
			j.add("address_changes", opskit.Warning, "aws ec2 allocate-address --domain vpc",
				"%s of %s is not an elastic address: a stop and start gives another one", want, j.gateway.ID)
		}
		return
	}
	for _, instance := range j.Evidence.Instances {
		for _, face := range instance.Interfaces {
			if slices.ContainsFunc(face.IPv4, func(a Address) bool { return a.Public.Addr == want }) {
				j.add("elastic_address", opskit.Problem, "", "%s belongs to %s of %s, not to %s", want, face.ID, instance.ID, j.face.ID)
				return
			}
		}
	}
	if table := j.Evidence.tableOf(j.gateway.VPC, j.face.Subnet); table != nil && j.Peer.outside().IsValid() {
		if r := best(*table, netip.PrefixFrom(j.Peer.outside(), j.Peer.outside().BitLen())); r != nil && strings.HasPrefix(r.Target, "nat-") {
			j.unseen("whether "+want.String()+" is the address of "+r.Target, "no answer of describe-nat-gateways is read", "aws ec2 describe-nat-gateways")
			return
		}
	}
	j.add("elastic_address", opskit.Problem, "", "%s is not an address of %s, which has %s", want, j.face.ID, has)
}
