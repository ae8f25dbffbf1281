package ipsec

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The lines of swanctl --list-sas and --list-conns (swanctl/commands).
var (
	sasIKE     = regexp.MustCompile(`^(\S+): #(\d+), ([A-Z]+), (IKEv\d)(?:, ([0-9a-f]+)_i\*?(?: ([0-9a-f]+)_r\*?)?)?`)
	sasRemote  = regexp.MustCompile(`^  remote '(.*)' @ (\S+?)\[\d+\]`)
	sasChild   = regexp.MustCompile(`^  (\S+): #(\d+), reqid \d+, ([A-Z]+), ([A-Z]+)(-in-UDP)?(?:, (\S+))?`)
	sasCounter = regexp.MustCompile(`^    (in|out)\s+[0-9a-f]+.*?,\s*(\d+) bytes,\s*(\d+) packets(?:,\s*(\d+)s ago)?`)
	sasTS      = regexp.MustCompile(`^    (local|remote)\s+(\S.*)$`)
	connsHead  = regexp.MustCompile(`^(\S+): (IKEv1|IKEv2|IKEv1/2), (?:no )?reauth`)
	connsChild = regexp.MustCompile(`^  (\S+): (TUNNEL|TRANSPORT|PASS|DROP|BEET)\b`)
	connsTS    = regexp.MustCompile(`^    (local|remote):\s+(\S.*)$`)
	connsPeer  = regexp.MustCompile(`^  remote:\s+(\S.*)$`)
	rawHead    = regexp.MustCompile(`^(list-sa|list-conn) event \{|^(list-sas|list-conns) reply \{`)
)

// swanctl reads a line of swanctl's listings, which are indented by what they
// belong to.
func (p *statusParser) swanctl(line string, n int) bool {
	if rawHead.MatchString(line) {
		return p.rawEvent(line, n)
	}
	if m := sasIKE.FindStringSubmatch(line); m != nil && isIKEState(m[3]) {
		p.inSAs, p.inConns = true, false
		p.ikeSA(m[1], m[2], m[3], m[6], n)
		return true
	}
	if m := connsHead.FindStringSubmatch(line); m != nil {
		p.inConns, p.inSAs, p.conn, p.anyPeer = true, false, m[1], false
		p.s.ConnsListed = true
		p.swanctlRuns()
		p.addConn(m[1], false)
		return true
	}
	switch {
	case p.inConns:
		return p.swanctlConn(line)
	case p.inSAs:
		return p.swanctlSA(line, n)
	}
	return false
}

func (p *statusParser) swanctlRuns() {
	p.running(true)
	p.s.Daemon, p.full = "strongswan", true
}

func (p *statusParser) ikeSA(conn, serial, state, responder string, n int) {
	p.swanctlRuns()
	sa := SA{Conn: conn, State: state, Established: state == "ESTABLISHED" || state == "REKEYING", Line: n}
	sa.Serial, _ = strconv.Atoi(serial) // digits; one too large stays 0
	if responder != "" && !sa.Established {
		answered := strings.Trim(responder, "0") != ""
		sa.Answered = &answered
	}
	p.s.IKE = append(p.s.IKE, sa)
}

func (p *statusParser) swanctlConn(line string) bool {
	if m := connsChild.FindStringSubmatch(line); m != nil {
		p.addConn(m[1], p.anyPeer)
		p.owns(p.conn, m[1])
		p.of = m[1]
		return true
	}
	if m := connsPeer.FindStringSubmatch(line); m != nil {
		p.anyPeer = strings.HasPrefix(m[1], "%any")
		return true
	}
	if m := connsTS.FindStringSubmatch(line); m != nil && p.of != "" && !p.anyPeer {
		p.networks(p.of, m[1], m[2])
		return true
	}
	return strings.HasPrefix(line, "  ")
}

// networks notes one side of what a child is configured for.
func (p *statusParser) networks(child, side, nets string) {
	if p.s.Networks == nil {
		p.s.Networks = map[string]string{}
	}
	local, remote, _ := strings.Cut(p.s.Networks[child], " === ")
	if side == "local" {
		local = nets
	} else {
		remote = nets
	}
	p.s.Networks[child] = local + " === " + remote
}

func (p *statusParser) swanctlSA(line string, n int) bool {
	if m := sasRemote.FindStringSubmatch(line); m != nil {
		sa := &p.s.IKE[len(p.s.IKE)-1]
		sa.PeerID, sa.Instance = m[1], m[2]
		return true
	}
	if m := sasChild.FindStringSubmatch(line); m != nil {
		p.childSA(m[1], m[2], m[3], n)
		if sa := p.last(); sa != nil && m[6] != "" {
			udp := m[5] != ""
			sa.InUDP = &udp
		}
		return true
	}
	if strings.HasPrefix(line, "  ") && strings.Contains(line, ": #") {
		p.unread(n, line, "not an SA as swanctl prints it")
		return true
	}
	sa := p.last()
	if m := sasCounter.FindStringSubmatch(line); m != nil && sa != nil {
		sa.count(m[1] == "in", m[2], m[4])
		return true
	}
	if m := sasTS.FindStringSubmatch(line); m != nil && sa != nil {
		sa.selector(m[1] == "local", m[2])
		return true
	}
	return strings.HasPrefix(line, "  ")
}

// last is the Child SA that is being listed.
func (p *statusParser) last() *SA {
	if len(p.s.Child) == 0 {
		return nil
	}
	return &p.s.Child[len(p.s.Child)-1]
}

func (p *statusParser) childSA(name, serial, state string, n int) {
	parent := p.s.IKE[len(p.s.IKE)-1]
	sa := SA{Conn: name, State: state, IKE: parent.Serial, Instance: parent.Instance, PeerID: parent.PeerID, Line: n}
	sa.Serial, _ = strconv.Atoi(serial) // digits; one too large stays 0
	sa.Established = slices.Contains([]string{"INSTALLED", "REKEYING", "UPDATING"}, state)
	if !isChildState(state) {
		p.unread(n, name+" "+state, "not the state of a Child SA that is known here")
	}
	p.addChild(sa)
	p.addConn(name, false)
	p.owns(parent.Conn, name)
}

// count sets the counter of one direction, and how long ago it last moved.
func (sa *SA) count(in bool, bytes, ago string) {
	v, err := strconv.ParseUint(bytes, 10, 64)
	if err != nil {
		return
	}
	if in {
		sa.InBytes, sa.InAgo = &v, seconds(ago)
	} else {
		sa.OutBytes, sa.OutAgo = &v, seconds(ago)
	}
}

func (sa *SA) selector(local bool, nets string) {
	mine, theirs, _ := strings.Cut(sa.Selectors, " === ")
	if local {
		mine = nets
	} else {
		theirs = nets
	}
	sa.Selectors = mine + " === " + theirs
}

// node is one section of swanctl's --raw output.
type node struct {
	name   string
	values map[string]string
	nodes  []*node
}

// readRaw reads "name {key=value list=[a b] name {...}}", which is one line.
func readRaw(text string) *node {
	root := &node{values: map[string]string{}}
	open := []*node{root}
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimLeft(text, " \t\n") {
		top := open[len(open)-1]
		at := strings.IndexAny(text, "={}")
		if at < 0 {
			return nil
		}
		name := strings.TrimSpace(text[:at])
		switch text[at] {
		case '{':
			next := &node{name: name, values: map[string]string{}}
			top.nodes = append(top.nodes, next)
			open = append(open, next)
			text = text[at+1:]
		case '}':
			if len(open) == 1 || name != "" {
				return nil
			}
			open, text = open[:len(open)-1], text[at+1:]
		default:
			value, rest := text[at+1:], ""
			if strings.HasPrefix(value, "[") {
				value, rest, _ = strings.Cut(value[1:], "]")
			} else if end := rawEnd(value); end >= 0 {
				value, rest = value[:end], value[end:]
			}
			top.values[name], text = strings.TrimSpace(value), rest
		}
	}
	if len(open) != 1 {
		return nil
	}
	return root
}

// rawNext begins what may follow a value that has spaces in it.
var rawNext = regexp.MustCompile(`\s+[\w.%-]+(=| ?\{)|\}`)

// rawEnd is where a value ends: before the next name, or the section's end.
func rawEnd(text string) int {
	if at := rawNext.FindStringIndex(text); at != nil {
		return at[0]
	}
	return -1
}

// rawEvent reads one line of --raw.
func (p *statusParser) rawEvent(line string, n int) bool {
	root := readRaw(line)
	if root == nil || len(root.nodes) == 0 {
		p.unread(n, line, "not what swanctl --raw prints: cut off?")
		return true
	}
	p.swanctlRuns()
	kind, event := root.nodes[0].name, root.nodes[0]
	if strings.HasPrefix(kind, "list-conn") {
		p.s.ConnsListed = true
	}
	for _, conn := range event.nodes {
		if kind == "list-conn event" {
			p.rawConn(conn)
			continue
		}
		if !isIKEState(conn.values["state"]) {
			p.unread(n, conn.name+" "+conn.values["state"], "not the state of an IKE SA that is known here")
			continue
		}
		p.ikeSA(conn.name, conn.values["uniqueid"], conn.values["state"], conn.values["responder-spi"], n)
		sa := &p.s.IKE[len(p.s.IKE)-1]
		sa.PeerID, sa.Instance = conn.values["remote-id"], conn.values["remote-host"]
		for _, children := range conn.nodes {
			for _, c := range children.nodes {
				if children.name == "child-sas" {
					p.rawChild(c, n)
				}
			}
		}
	}
	return true
}

func (p *statusParser) rawChild(c *node, n int) {
	p.childSA(c.values["name"], c.values["uniqueid"], c.values["state"], n)
	sa := p.last()
	if c.values["spi-in"] != "" {
		udp := c.values["encap"] == "yes"
		sa.InUDP = &udp
	}
	sa.count(true, c.values["bytes-in"], c.values["use-in"])
	sa.count(false, c.values["bytes-out"], c.values["use-out"])
	if c.values["local-ts"] != "" || c.values["remote-ts"] != "" {
		sa.Selectors = c.values["local-ts"] + " === " + c.values["remote-ts"]
	}
}

func (p *statusParser) rawConn(conn *node) {
	p.addConn(conn.name, false)
	anyPeer := strings.HasPrefix(conn.values["remote_addrs"], "%any")
	for _, children := range conn.nodes {
		for _, c := range children.nodes {
			if children.name != "children" {
				continue
			}
			p.addConn(c.name, anyPeer)
			p.owns(conn.name, c.name)
			if !anyPeer {
				p.networks(c.name, "local", c.values["local-ts"])
				p.networks(c.name, "remote", c.values["remote-ts"])
			}
		}
	}
}
