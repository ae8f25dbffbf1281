package ipsec

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ipsec/conf"
)

// Status is what one or several status commands of one host printed, in one
// form for Openswan, libreswan and strongSwan. It is the evidence of a State.
// It marshals to JSON and back without loss and is safe for concurrent reading.
type Status struct {
	Source  string `json:"source"`            // the command, as given to ParseStatus
	Daemon  string `json:"daemon,omitempty"`  // openswan, libreswan or strongswan, where the output shows it
	Version string `json:"version,omitempty"` // as printed
	Running *bool  `json:"running,omitempty"` // nil: the output does not say
	PID     int    `json:"pid,omitempty"`     // of the daemon; 0: not printed
	// Conns are the loaded connections, as named in the output; an instance of
	// a connection for one peer is "name[1]".
	Conns []string `json:"conns,omitempty"`
	// Templates are those of Conns that wait for any peer, or hold no tunnel.
	Templates []string `json:"templates,omitempty"`
	// Trapped are connections that open when a packet wants through: policies
	// without an SA, as the output shows them.
	Trapped []string `json:"trapped,omitempty"`
	// Children are what each connection's IKE SA carries, by its name, where they
	// bear names of their own (strongSwan).
	Children map[string][]string `json:"children,omitempty"`
	// ConnsListed tells that the output lists the loaded connections: one that is
	// not there is not loaded.
	ConnsListed bool `json:"conns_listed,omitempty"`
	// Networks are what a connection is configured to carry, by its name, where
	// the output shows that (strongSwan's statusall).
	Networks map[string]string `json:"networks,omitempty"`
	IKE      []SA              `json:"ike,omitempty"`   // IKE SAs (ISAKMP SAs)
	Child    []SA              `json:"child,omitempty"` // Child SAs (IPsec SAs)
	// Counted is the number before "tunnels up" in Openswan's service status,
	// which counts established IPsec SAs, not tunnels.
	Counted *int `json:"counted,omitempty"`
	// Listed tells that the output lists SAs: one that is not there is not up.
	Listed bool `json:"listed,omitempty"`
	// ChildOnly is set for commands that do not print IKE SAs.
	ChildOnly bool         `json:"child_only,omitempty"`
	Unseen    []opskit.Gap `json:"unseen,omitempty"` // lines and totals that do not fit
}

// SA is one security association as printed.
type SA struct {
	Conn        string         `json:"conn"`                 // the connection, without instance
	Instance    string         `json:"instance,omitempty"`   // which peer or network of it, as printed
	Serial      int            `json:"serial"`               // the daemon's number for it
	State       string         `json:"state,omitempty"`      // as printed
	Established bool           `json:"established"`          // it can be used
	IKE         int            `json:"ike,omitempty"`        // of a Child SA: serial of its IKE SA
	InBytes     *uint64        `json:"in_bytes,omitempty"`   // nil: not printed
	OutBytes    *uint64        `json:"out_bytes,omitempty"`  // nil: not printed
	InAgo       *time.Duration `json:"in_ago_ns,omitempty"`  // since the last packet in; nil: not printed
	OutAgo      *time.Duration `json:"out_ago_ns,omitempty"` // since the last packet out; nil: not printed
	Answered    *bool          `json:"answered,omitempty"`   // of an IKE SA being opened: whether the peer ever answered; nil: not printed
	PeerID      string         `json:"peer_id,omitempty"`    // as printed
	Selectors   string         `json:"selectors,omitempty"`  // networks, as printed
	InUDP       *bool          `json:"in_udp,omitempty"`     // of a Child SA: ESP in UDP; nil: not printed
	Line        int            `json:"line"`                 // of the output
}

// ParseStatus reads the output of service ipsec status (Openswan), of ipsec
// auto --status, status, showstates and trafficstatus (libreswan 4 and 5, and
// Openswan where they exist there), and of ipsec status and statusall and of swanctl
// --list-sas and --list-conns, with --raw or without (strongSwan). Outputs of one host may be joined into one text. source names
// the command; "trafficstatus" or "showstates" in it makes an empty output mean
// that there are no SAs, which it does not for the others.
//
// The error matches ErrNoStatus when no line is known. Lines that look like an
// SA and cannot be read are in Unseen.
func ParseStatus(source, text string) (*Status, error) {
	s := &Status{Source: source}
	p := statusParser{s: s, totals: map[string]int{}, known: map[string]bool{}, serials: map[int]int{}}
	known := 0
	line := 0
	for raw := range strings.SplitSeq(text, "\n") {
		line++
		raw = strings.TrimRight(raw, "\r \t")
		if p.openswan(raw) || p.libreswan(raw, line) || p.swanctl(raw, line) || p.strongswan(raw, line) {
			known++
		}
	}
	s.ChildOnly = strings.Contains(source, "trafficstatus") || p.traffic && len(s.IKE) == 0 && !p.full
	listsOnly := s.ChildOnly || strings.Contains(source, "showstates") || strings.Contains(source, "list-sas")
	if known == 0 && (strings.TrimSpace(text) != "" || !listsOnly) {
		return s, &opskit.Error{Op: "parse status", Target: source, Err: fmt.Errorf("%w: %s", ErrNoStatus, firstLine(text))}
	}
	s.Listed = p.full || listsOnly
	s.ConnsListed = s.ConnsListed || p.counts("connections", len(s.Conns))
	p.footer()
	return s, nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	if line == "" {
		return "it is empty; a daemon that does not run prints nothing"
	}
	if len(line) > 80 {
		line = line[:80]
	}
	if conf.HoldsKeys(text) {
		return "it may hold keys, and is not shown"
	}
	return "it begins " + strconv.Quote(line)
}

// statusParser reads line after line.
type statusParser struct {
	s              *Status
	totals         map[string]int  // what the daemon's own footer says
	known          map[string]bool // connections
	serials        map[int]int     // index of a Child SA by its serial
	traffic        bool            // lines of trafficstatus were read
	full           bool            // the output has a list of connections or states
	conn           string          // strongSwan's connection being listed
	of             string          // swanctl's child being listed
	inSAs, inConns bool            // which of swanctl's lists is being read
	anyPeer        bool            // strongSwan's connection being listed waits for any peer
}

func (p *statusParser) unread(line int, raw, why string) {
	if conf.HoldsKeys(raw) {
		raw = "(not shown)"
	}
	if len(raw) > 80 {
		raw = raw[:80]
	}
	p.s.Unseen = append(p.s.Unseen, opskit.Gap{What: fmt.Sprintf("line %d of %s, %q", line, p.s.Source, raw), Why: why})
}

func (p *statusParser) running(yes bool) { p.s.Running = &yes }

// counts tells whether the daemon's own total is that number.
func (p *statusParser) counts(name string, n int) bool {
	total, said := p.totals[name]
	return said && total == n
}

// child returns the Child SA of a serial, nil when there is none.
func (p *statusParser) child(serial int) *SA {
	if i, ok := p.serials[serial]; ok {
		return &p.s.Child[i]
	}
	return nil
}

// addChild adds a Child SA.
func (p *statusParser) addChild(sa SA) {
	p.serials[sa.Serial] = len(p.s.Child)
	p.s.Child = append(p.s.Child, sa)
}

// footer compares the daemon's own totals with the lines that were read.
func (p *statusParser) footer() {
	established := func(list []SA) int {
		n := 0
		for _, sa := range list {
			// charon counts as up whatever is beyond the first exchanges.
			beyond := p.s.Daemon == "strongswan" && sa.State != "CREATED" && sa.State != "CONNECTING"
			if sa.Established || beyond || p.s.Daemon != "strongswan" {
				n++
			}
		}
		return n
	}
	for _, c := range []struct {
		name string
		read int
	}{
		{"connections", len(p.s.Conns)},
		{"IKE SAs", established(p.s.IKE)},
		{"IPsec SAs", established(p.s.Child)},
	} {
		if want, ok := p.totals[c.name]; ok && want != c.read {
			p.s.Unseen = append(p.s.Unseen, opskit.Gap{
				What: c.name, Why: fmt.Sprintf("the daemon counts %d and %d were read from its lines", want, c.read),
				Need: "the whole output",
			})
		}
	}
}
