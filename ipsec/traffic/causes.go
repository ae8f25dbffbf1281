package traffic

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/conf"
	"github.com/opskit-go/opskit/ipsec/suite"
)

// usual are the causes of a loss that the looks do not show.
func usual(v Verdict) string {
	return map[Verdict]string{
		NotEntering:  "look at the route of the hosts to this gateway, at its FORWARD rules, and at NAT that comes before the tunnel",
		NotArriving:  "look at the packet filters between the ends, and at the kernel's counters in /proc/net/xfrm_stat of the receiver",
		NotAnswered:  "look at forwarding, at the routes behind this end and those of its hosts back to it, and at the FORWARD rules",
		NotReturning: "look at the packet filters between the ends, and at the kernel's counters in /proc/net/xfrm_stat of the receiver",
		NoReply:      "look twice at the other end too: it tells whether they arrive there, and whether they are answered",
		Beside:       "look whether the networks of the connection hold both addresses, and whether NAT comes before the tunnel",
		Partly:       "ping in several sizes; look at the host that was asked, and at the loss of the path between the gateways",
	}[v]
}

// lost reports the leg that loses.
func (t travel) lost(v Verdict, s ipsec.Severity, format string, args ...any) Verdict {
	t.add(string(v), s, usual(v), format, args...)
	return v
}

// add reports a finding; {own} and {other} in its text are the ends' names.
func (t travel) add(code string, s ipsec.Severity, fix, format string, args ...any) {
	other := "the other end"
	if t.other >= 0 {
		other = t.Ends[t.other].label(t.other)
	}
	text := strings.NewReplacer("{own}", t.Ends[t.own].label(t.own), "{other}", other).Replace(fmt.Sprintf(format, args...))
	t.Findings = append(t.Findings, ipsec.Finding{Code: code, Severity: s, Fix: fix, Message: text})
}

// networks are those of the end's SAs: its own, and the other end's.
func (l End) networks() (own, other []netip.Prefix) {
	read := func(words string) (list []netip.Prefix) {
		for word := range strings.FieldsFuncSeq(words, func(r rune) bool { return r == ' ' || r == ',' }) {
			word, _, _ = strings.Cut(word, "[")
			if p, err := netip.ParsePrefix(word); err == nil {
				list = append(list, p.Masked())
			} else if a, err := netip.ParseAddr(word); err == nil {
				list = append(list, netip.PrefixFrom(a, a.BitLen()))
			}
		}
		return list
	}
	for _, sa := range append(l.sas(l.Before), l.sas(l.After)...) {
		mine, theirs, _ := strings.Cut(sa.Selectors, " === ")
		own, other = append(own, read(mine)...), append(other, read(theirs)...)
	}
	return own, other
}

// stopped tells that the daemon does not run.
func (l End) stopped() bool {
	s := l.After.Status
	return s != nil && s.Running != nil && !*s.Running || s == nil && l.After.Listeners.Seen() && l.After.Listeners.Verdict == ipsec.Broken
}

// without tells that the daemon answers and has no SA of the connection.
func (l End) without() bool {
	s := l.After.Status
	return s != nil && s.Listed && len(s.Unseen) == 0 && len(l.sas(l.After)) == 0 && l.one(l.After) && !l.stopped()
}

// host looks for what keeps an end from passing on what its hosts send, or what
// is sent to them, and tells whether it found any.
func (t travel) host(i int) bool {
	before := len(t.Findings)
	end := t.Ends[i]
	label := end.label(i)
	if end.without() {
		t.add("no_sa", ipsec.SeverityProblem, "open it there, and ask its log why it is not open (package explain)", "%s has no SA of the connection", label)
	}
	if end.After.Sysctls == nil {
		t.gap("forwarding at "+label, "its settings were not read", "net.ipv4.ip_forward there")
	}
	for _, s := range end.After.Sysctls.Differing() {
		forwarding := strings.HasSuffix(s.Key, "ip_forward") || strings.HasSuffix(s.Key, "all.forwarding")
		switch {
		case s.Unset && forwarding:
			t.gap(s.Key+" at "+label, "it could not be read", "")
		case forwarding:
			t.add("no_forwarding", ipsec.SeverityProblem, "sysctl -w "+s.Key+"="+s.Want, "%s forwards nothing: %s is %s", label, s.Key, s.Have)
		case strings.HasSuffix(s.Key, ".rp_filter") && s.Have == "1":
			t.add("rp_filter", ipsec.SeverityWarning, "sysctl -w "+s.Key+"="+s.Want, "%s: %s is 1: %s", label, s.Key, s.Why)
		}
	}
	for _, flow := range end.After.Translated {
		t.add("masqueraded", ipsec.SeverityProblem, "exempt the tunnel's networks from NAT, before that rule: iptables -t nat -I POSTROUTING -m policy --dir out --pol ipsec -j ACCEPT",
			"%s changes the addresses of what the tunnel should carry: %s", label, flow)
	}
	own, _ := end.networks()
	if routes := end.After.Routes; routes == nil {
		t.gap("the routes of "+label, "they were not read", "ip route there")
	} else if lost := slices.DeleteFunc(t.behind(i, own), func(p netip.Prefix) bool { return slices.ContainsFunc(*routes, p.Overlaps) }); len(lost) > 0 {
		t.add("no_route", ipsec.SeverityProblem, "ip route add "+lost[0].String()+" via ROUTER", "%s: no route of the main table leads to %s behind it", label, strings.Trim(fmt.Sprint(lost), "[]"))
	}
	return serious(t.Findings[before:])
}

// behind are the hosts of an end that the other end's hosts asked, else its networks.
func (t travel) behind(i int, networks []netip.Prefix) (list []netip.Prefix) {
	if i != t.own {
		for _, p := range t.Ends[t.own].Pings {
			if p.To.IsValid() {
				list = append(list, netip.PrefixFrom(p.To, p.To.BitLen()))
			}
		}
	}
	if len(list) > 0 {
		return list
	}
	return networks
}

// receiver looks for what keeps an end from taking ESP, and tells whether it found any.
func (t travel) receiver(i int) bool {
	end, label := t.Ends[i], t.Ends[i].label(i)
	switch {
	case end.stopped():
		t.add("peer_stopped", ipsec.SeverityProblem, "start it, and set auto=start or dpdaction=restart (DPD tells the other end)", "the daemon of %s does not run", label)
	case end.without():
		t.add("no_sa", ipsec.SeverityProblem, "open it once more from one end, and let DPD (dpddelay, dpdaction) find such a loss", "%s has no SA of the connection: what comes in is not decrypted", label)
	case end.After.Listeners.Seen() && end.After.Listeners.Verdict == ipsec.Broken:
		t.add("no_listener", ipsec.SeverityProblem, "look at the daemon's log and its listen= line", "nothing listens on UDP 500 or 4500 at %s", label)
	default:
		return false
	}
	return true
}

// dropped names the wire that ESP is lost on, where both ends have an SA.
func (t travel) dropped(sender int, way string) {
	what := "ESP, protocol 50 or in UDP 4500,"
	for _, sa := range t.Ends[sender].sas(t.Ends[sender].After) {
		if sa.InUDP != nil {
			what = map[bool]string{true: "ESP in UDP 4500", false: "ESP, protocol 50,"}[*sa.InUDP]
		}
	}
	t.add("esp_dropped", ipsec.SeverityProblem, "let it pass at every packet filter between, and at the receiver: security groups, the provider, INPUT rules",
		"both ends have an SA, and %s does not get from %s", what, way)
}

// size tells the largest packet and the line to paste, and whether larger ones are lost.
func (t travel) size() {
	end := t.Ends[t.own]
	passed, lost := 0, 0
	for _, p := range end.Pings {
		if p.Answered > 0 {
			passed = max(passed, p.Size)
		}
	}
	for _, p := range end.Pings {
		if p.Sent > 0 && p.Answered == 0 && p.Size > passed && passed > 0 && (lost == 0 || p.Size < lost) {
			lost = p.Size
		}
	}
	fix, fits := "", ""
	if offer := suite.Parse(end.ESP, suite.ProtocolESP, conf.DialectStrongSwan); end.ESP != "" && len(offer.Proposals) > 0 {
		if esp, ok := offer.Proposals[0].Sizes(); ok {
			udp := slices.ContainsFunc(end.sas(end.After), func(sa ipsec.SA) bool { return sa.InUDP == nil || *sa.InUDP })
			fits = fmt.Sprintf("; %s over IPv4 leaves %d of a link of 1500", end.ESP, esp.InnerMTU(1500, 20, udp))
			fix = fmt.Sprintf("iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -m policy --dir out --pol ipsec -j TCPMSS --set-mss %d", esp.MSS(1500, 20, udp))
		}
	}
	switch {
	case lost > 0:
		t.add("mtu", ipsec.SeverityProblem, fix, "{own}: packets of %d bytes pass and those of %d do not%s", passed, lost, fits)
	case fix != "":
		t.add("mss", ipsec.SeverityNote, fix, "{own}: the largest packet%s", fits)
	}
}
