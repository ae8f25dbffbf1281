package ipsec

import (
	"regexp"
	"strconv"
	"strings"
)

// The lines that pluto's whack prints. Up to libreswan 4, and in Openswan, each
// begins with a code such as "000 ".
var (
	whackCode   = regexp.MustCompile(`^\d{3} ?`)
	whackState  = regexp.MustCompile(`^#(\d+): "([^"]*)"((?:\[\d+\])?)(.*)$`)
	whackPort   = regexp.MustCompile(`^(.*?):(?:[A-Za-z]+/)?\d+(?:\([a-z]+\))? (.+)$`)
	whackBytes  = regexp.MustCompile(`\b(?:ESP|AH)(in|out)=(\d+)([KMGT]?i?B)\b`)
	whackParent = regexp.MustCompile(`; (?:IKE SA|ISAKMP SA|isakmp)[ #]+(\d+);`)
	whackConn   = regexp.MustCompile(`^"([^"]*)"((?:\[\d+\])?): (\S.*)$`)
	whackTrap   = regexp.MustCompile(`; (?:routing: )?(?:prospective erouted|routed[- ]ondemand)\b`)
	whackDetail = regexp.MustCompile(`^"[^"]*"(?:\[\d+\])?:\s{2,}`)
	whackTotals = regexp.MustCompile(`^(Total IPsec connections: loaded|IKE SAs: total\(|IPsec SAs: total\()\s*(\d+)`)
	plutoFirst  = regexp.MustCompile(`(?i)\bsent (IKE_SA_INIT|Main Mode|Aggressive Mode|MI1|AI1)\b|_PARENT_I1\b|STATE_(MAIN|AGGR)_I1\b`)
	trafficIn   = regexp.MustCompile(`, inBytes=(\d+)`)
	trafficOut  = regexp.MustCompile(`, outBytes=(\d+)`)
	trafficType = regexp.MustCompile(`, type=(ESP|AH|IPCOMP)\b`)
	trafficID   = regexp.MustCompile(`, id='(.*)'(?:, lease=[^,]*)?$`)
	plutoFlavor = regexp.MustCompile(`\b(Openswan|Libreswan|OE-Libreswan-)[ ]?(U?[0-9][0-9A-Za-z./-]*)`)
)

// libreswan reads a line of pluto's.
func (p *statusParser) libreswan(line string, n int) bool {
	line = whackCode.ReplaceAllString(line, "")
	switch {
	case strings.HasPrefix(line, "whack: Pluto is not running"):
		p.running(false)
		return true
	case strings.HasPrefix(line, "#"):
		p.daemon("libreswan")
		p.state(line, n)
		return true
	case strings.HasPrefix(line, `"`):
		return p.connection(line)
	}
	if m := whackTotals.FindStringSubmatch(line); m != nil {
		names := map[byte]string{'T': "connections", 'K': "IKE SAs", 'P': "IPsec SAs"}
		key := names[line[0]]
		if line[0] == 'I' {
			key = names[line[1]]
		}
		if total, err := strconv.Atoi(m[2]); err == nil {
			p.totals[key] = total
		}
		p.running(true)
		return true
	}
	if strings.HasPrefix(line, "using kernel interface:") || strings.HasPrefix(line, "pluto_version=") {
		p.running(true)
		p.daemon("libreswan")
		if _, rest, found := strings.Cut(line, "pluto_version="); found {
			p.s.Version, _, _ = strings.Cut(rest, ",")
		}
		return true
	}
	if m := plutoFlavor.FindStringSubmatch(line); m != nil && strings.Contains(line, "pluto") {
		p.daemon(strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(m[1], "OE-"), "-")))
		p.s.Version = m[2]
		return true
	}
	return false
}

// daemon notes which software prints this, unless it has said so itself.
func (p *statusParser) daemon(name string) {
	if p.s.Daemon == "" {
		p.s.Daemon = name
	}
}

// connection reads a line of the list of connections. Each connection has one
// that begins with its two ends, and others, indented, with its details.
func (p *statusParser) connection(line string) bool {
	if whackDetail.MatchString(line) {
		p.full = true
		return true
	}
	m := whackConn.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	p.full = true
	p.running(true)
	p.daemon("libreswan")
	name := m[1] + m[2]
	p.s.Conns = append(p.s.Conns, name)
	if whackTrap.MatchString(line) {
		p.s.Trapped = append(p.s.Trapped, name)
	}
	_, remote, found := strings.Cut(m[3], "...")
	if !found || strings.HasPrefix(remote, "%") || strings.Contains(line, "; their_ip=%") {
		p.s.Templates = append(p.s.Templates, name)
	}
	return true
}

// state reads a line that begins with an SA's serial number.
func (p *statusParser) state(line string, n int) {
	m := whackState.FindStringSubmatch(line)
	if m == nil {
		p.unread(n, line, "not a state as pluto prints it")
		return
	}
	serial, err := strconv.Atoi(m[1])
	if err != nil {
		p.unread(n, line, "not a serial number")
		return
	}
	sa := SA{Conn: m[2], Instance: m[3], Serial: serial, Line: n}
	rest := m[4]
	if trafficType.MatchString(rest) && strings.Contains(rest, ", id='") || strings.Contains(rest, ", inBytes=") {
		p.trafficLine(sa, rest, line)
		return
	}
	if strings.Contains(rest, " Traffic:") || strings.HasPrefix(strings.TrimLeft(rest, " "), "esp.") {
		p.full = true
		p.trafficOf(serial, rest)
		return
	}
	at := whackPort.FindStringSubmatch(rest)
	if at == nil {
		// A detail line of a connection instance without counters.
		if strings.Contains(rest, "@") && !strings.Contains(rest, ";") {
			return
		}
		p.unread(n, line, "not a state as pluto prints it")
		return
	}
	p.full = true
	sa.Instance = strings.TrimSpace(sa.Instance + at[1])
	sa.State, _, _ = strings.Cut(at[2], ";")
	ike, established := plutoState(sa.State)
	sa.Established = established
	if parent := whackParent.FindStringSubmatch(at[2] + ";"); parent != nil && !ike {
		sa.IKE, _ = strconv.Atoi(parent[1]) // digits; one too large stays 0, unknown
	}
	if ike {
		if plutoFirst.MatchString(sa.State) {
			sa.Answered = new(bool)
		}
		p.s.IKE = append(p.s.IKE, sa)
	} else {
		p.addChild(sa)
	}
}

// plutoState tells whose state a text is, an IKE SA's or a Child SA's, and
// whether it is established: in the words of libreswan 5, of libreswan 4 and 3
// with their STATE_ names, and of Openswan.
func plutoState(state string) (ike, established bool) {
	s := strings.ToLower(state)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(s, w) {
				return true
			}
		}
		return false
	}
	switch {
	case has("established child sa", "established_child_sa", "ipsec sa established", "child sa established"):
		return false, true
	case has("established ike sa", "established_ike_sa", "isakmp sa established", "parent sa established", "ike sa established"):
		return true, true
	case has("rekey ike sa", "rekey_ike"):
		return true, false
	case has("create_child_sa", "quick mode", "state_quick", "child sa", "ipsec sa", "v2_create_", "new_child", "rekey_child", "v2_ipsec"):
		return false, false
	}
	return true, false
}

// trafficOf adds the counters that the second line of a Child SA has.
func (p *statusParser) trafficOf(serial int, rest string) {
	sa := p.child(serial)
	if sa == nil {
		return
	}
	for _, m := range whackBytes.FindAllStringSubmatch(rest, -1) {
		v, err := strconv.ParseUint(m[2], 10, 64)
		if err != nil {
			continue
		}
		v *= unit(m[3])
		if m[1] == "in" {
			sa.InBytes = &v
		} else {
			sa.OutBytes = &v
		}
	}
}

// counter reads the number that a pattern found, nil where it found none.
func counter(found []string) *uint64 {
	if found == nil {
		return nil
	}
	v, err := strconv.ParseUint(found[1], 10, 64)
	if err != nil {
		return nil
	}
	return &v
}

// unit is the factor of a unit as pluto prints it.
func unit(s string) uint64 {
	switch s[0] {
	case 'K':
		return 1 << 10
	case 'M':
		return 1 << 20
	case 'G':
		return 1 << 30
	case 'T':
		return 1 << 40
	}
	return 1
}

// trafficLine reads a line of trafficstatus, which has one for each
// established Child SA. Identities may hold commas and quotes.
func (p *statusParser) trafficLine(sa SA, rest, line string) {
	p.traffic = true
	p.running(true)
	in, out := trafficIn.FindStringSubmatch(rest), trafficOut.FindStringSubmatch(rest)
	if !trafficType.MatchString(rest) || (in == nil) != (out == nil) {
		p.unread(sa.Line, line, "not a line of trafficstatus as pluto prints it")
		return
	}
	where, _, _ := strings.Cut(rest, ", ")
	sa.Instance = strings.TrimSpace(sa.Instance + where)
	sa.Established = true
	sa.InBytes, sa.OutBytes = counter(in), counter(out) // a kernel without counters gives none
	if id := trafficID.FindStringSubmatch(rest); id != nil {
		sa.PeerID = id[1]
	}
	if old := p.child(sa.Serial); old != nil {
		old.InBytes, old.OutBytes, old.PeerID = sa.InBytes, sa.OutBytes, sa.PeerID
		return
	}
	p.addChild(sa)
}
