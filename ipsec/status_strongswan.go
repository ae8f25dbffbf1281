package ipsec

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The lines that strongSwan's stroke prints (stroke_list.c).
var (
	charonHead  = regexp.MustCompile(`^Status of IKE charon daemon \((?:strong|weak)Swan ([^,)]+)`)
	charonUp    = regexp.MustCompile(`^Security Associations \((\d+) up, (\d+) connecting\):$`)
	charonConn  = regexp.MustCompile(`^ +(\S+):  (.+)\.\.\.(.+?)  IKEv`)
	charonChild = regexp.MustCompile(`^ +(\S+):   child:  (.+)$`)
	charonNets  = regexp.MustCompile(`^(.+ === .+) (?:TUNNEL|TRANSPORT(?:_PROXY)?|BEET)\b`)
	charonIKE   = regexp.MustCompile(`^ *(\S+)\[(\d+)\]: ([A-Z]+)(?: .+? ago)?, (.+)$`)
	charonPeer  = regexp.MustCompile(`\.\.\.(\S+?)\[(.*)\]$`)
	charonSA    = regexp.MustCompile(`^ *(\S+)\{(\d+)\}: +([A-Z]+), ([A-Z_]+)(?:, reqid \d+)?(.*)$`)
	charonMore  = regexp.MustCompile(`^ *(\S+)(?:\[\d+\]|\{(\d+)\}): +(.*)$`)
	charonBytes = regexp.MustCompile(`, (\d+) bytes_([io])\b(?: \((?:\d+ pkts?, )?(\d+)s ago\))?`)
	charonSPIs  = regexp.MustCompile(`^IKEv\d SPIs: [0-9a-f]+_i\S* ([0-9a-f]+)_r`)
)

// strongswan reads a line of ipsec status or statusall.
func (p *statusParser) strongswan(line string, n int) bool {
	if m := charonHead.FindStringSubmatch(line); m != nil {
		p.running(true)
		p.s.Daemon, p.s.Version, p.full = "strongswan", m[1], true
		return true
	}
	if m := charonUp.FindStringSubmatch(line); m != nil {
		p.running(true)
		p.s.Daemon, p.full = "strongswan", true
		if up, err := strconv.Atoi(m[1]); err == nil {
			p.totals["IKE SAs"] = up
		}
		return true
	}
	if line == "Connections:" {
		p.full, p.s.ConnsListed = true, true
		return true
	}
	if m := charonChild.FindStringSubmatch(line); m != nil {
		p.addConn(m[1], p.anyPeer)
		p.owns(p.conn, m[1])
		if nets := charonNets.FindStringSubmatch(m[2]); nets != nil && !p.anyPeer {
			if p.s.Networks == nil {
				p.s.Networks = map[string]string{}
			}
			p.s.Networks[m[1]] = nets[1]
		}
		return true
	}
	if m := charonConn.FindStringSubmatch(line); m != nil {
		p.anyPeer = strings.HasPrefix(m[3], "%any") || strings.HasPrefix(m[3], "0.0.0.0/0")
		p.conn = m[1]
		p.addConn(m[1], p.anyPeer)
		return true
	}
	if m := charonIKE.FindStringSubmatch(line); m != nil && isIKEState(m[3]) {
		p.charonIKE(m, n)
		return true
	}
	if m := charonSA.FindStringSubmatch(line); m != nil && isChildState(m[3]) {
		p.charonChild(m, n)
		return true
	}
	m := charonMore.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	if m[2] != "" {
		p.charonDetail(m[2], m[3])
		return p.full
	}
	if spis := charonSPIs.FindStringSubmatch(m[3]); spis != nil && len(p.s.IKE) > 0 {
		if sa := &p.s.IKE[len(p.s.IKE)-1]; !sa.Established {
			answered := strings.Trim(spis[1], "0") != ""
			sa.Answered = &answered
		}
	}
	if first, _, _ := strings.Cut(m[3], ","); first == strings.ToUpper(first) && !strings.Contains(first, " ") && first != "" {
		p.unread(n, line, "not an IKE SA as charon prints it")
	}
	return p.full
}

// isIKEState knows the states of an IKE SA in stroke's listings
// (ike_sa_state_t).
func isIKEState(s string) bool {
	switch s {
	case "CREATED", "CONNECTING", "ESTABLISHED", "PASSIVE", "REKEYING", "REKEYED", "DELETING", "DESTROYING":
		return true
	}
	return false
}

// isChildState knows those of a Child SA (child_sa_state_t).
func isChildState(s string) bool {
	switch s {
	case "CREATED", "ROUTED", "INSTALLING", "INSTALLED", "UPDATING", "REKEYING", "REKEYED", "RETRYING", "DELETING", "DELETED", "DESTROYING":
		return true
	}
	return false
}

func (p *statusParser) addConn(name string, template bool) {
	if p.known[name] {
		return
	}
	p.known[name] = true
	p.s.Conns = append(p.s.Conns, name)
	if template {
		p.s.Templates = append(p.s.Templates, name)
	}
}

// owns notes a child of a connection.
func (p *statusParser) owns(conn, child string) {
	if conn == "" || slices.Contains(p.s.Children[conn], child) {
		return
	}
	if p.s.Children == nil {
		p.s.Children = map[string][]string{}
	}
	p.s.Children[conn] = append(p.s.Children[conn], child)
}

// seconds reads an age in whole seconds, nil where none is printed.
func seconds(digits string) *time.Duration {
	n, err := strconv.ParseInt(digits, 10, 33)
	if err != nil {
		return nil
	}
	d := time.Duration(n) * time.Second
	return &d
}

func (p *statusParser) charonIKE(m []string, n int) {
	p.s.Daemon, p.full = "strongswan", true
	sa := SA{Conn: m[1], State: m[3], Established: m[3] == "ESTABLISHED" || m[3] == "REKEYING", Line: n}
	sa.Serial, _ = strconv.Atoi(m[2]) // digits; one too large stays 0
	if peer := charonPeer.FindStringSubmatch(m[4]); peer != nil {
		sa.Instance, sa.PeerID = peer[1], peer[2]
	}
	p.s.IKE = append(p.s.IKE, sa)
}

// charonChild reads the first line of a Child SA, which charon prints below its
// IKE SA. A routed connection is a trap in the kernel, not an SA.
func (p *statusParser) charonChild(m []string, n int) {
	p.s.Daemon, p.full = "strongswan", true
	if m[3] == "ROUTED" || m[4] == "PASS" || m[4] == "DROP" {
		p.addConn(m[1], false)
		if m[3] == "ROUTED" && !slices.Contains(p.s.Trapped, m[1]) {
			p.s.Trapped = append(p.s.Trapped, m[1])
		}
		return
	}
	sa := SA{Conn: m[1], State: m[3], Line: n}
	sa.Serial, _ = strconv.Atoi(m[2]) // digits; one too large stays 0
	sa.Established = m[3] == "INSTALLED" || m[3] == "REKEYING" || m[3] == "UPDATING"
	if strings.Contains(m[5], "SPIs:") {
		udp := strings.Contains(m[5], " in UDP ")
		sa.InUDP = &udp
	}
	if k := len(p.s.IKE); k > 0 {
		sa.IKE, sa.Instance, sa.PeerID = p.s.IKE[k-1].Serial, p.s.IKE[k-1].Instance, p.s.IKE[k-1].PeerID
	}
	p.addChild(sa)
}

// charonDetail reads a further line of a Child SA: its counters or its networks.
func (p *statusParser) charonDetail(serial, rest string) {
	n, err := strconv.Atoi(serial)
	if err != nil || len(p.s.Child) == 0 {
		return
	}
	sa := &p.s.Child[len(p.s.Child)-1]
	if sa.Serial != n {
		return
	}
	if strings.Contains(rest, " === ") {
		sa.Selectors = rest
	}
	for _, m := range charonBytes.FindAllStringSubmatch(rest, -1) {
		v, err := strconv.ParseUint(m[1], 10, 64)
		if err != nil {
			continue
		}
		ago := seconds(m[3])
		if m[2] == "i" {
			sa.InBytes, sa.InAgo = &v, ago
		} else {
			sa.OutBytes, sa.OutAgo = &v, ago
		}
	}
}
