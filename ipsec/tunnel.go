package ipsec

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/ipsec/conf"
)

// Tunnel is one site-to-site tunnel, described once for both ends. The zero
// values of the fields below Initiator are good choices of today.
//
// It marshals to JSON without its key; a Tunnel read from JSON gives the same
// Check, but needs its PSK set again to be rendered.
type Tunnel struct {
	Name string   `json:"name"` // the connection's name: letters, digits, '.', '_', '-', first a letter
	A    Endpoint `json:"a"`    // left= in both ends' files
	B    Endpoint `json:"b"`    // right= in both ends' files
	PSK  Secret   `json:"psk"`  // see GenerateSecret and NewSecret

	// Initiator is the end that opens the tunnel and opens it again: A unless
	// set. It is one end, because two that both insist fill the daemons with
	// duplicate SAs.
	Initiator Side `json:"initiator,omitempty"`
	// DPD is how the ends notice that the other is gone; on by default.
	DPD DPD `json:"dpd,omitzero"`
	// IKE and ESP are proposals in the notation that all daemons share:
	// cipher-hash-group and cipher-hash. Empty: aes256-sha256-modp2048 and
	// aes256-sha256, which Openswan 2.6 knows too.
	IKE string `json:"ike,omitempty"` // of the IKE SA
	ESP string `json:"esp,omitempty"` // of the Child SA
	// IKEv1 asks for the version of the protocol that RFC 9395 deprecated.
	IKEv1 bool `json:"ikev1,omitempty"`
}

// Endpoint is one end of a Tunnel.
type Endpoint struct {
	Name string `json:"name"` // how findings and comments call it: "eu-west-1"
	// Addr is the address on the gateway's own interface.
	Addr netip.Addr `json:"addr"`
	// Public is the address under which the other end reaches this one, when
	// that is another: behind a 1:1 NAT, an Elastic IP. Invalid: Addr itself.
	Public netip.Addr `json:"public,omitzero"`
	// ID is the IKE identity: an address, a name or user@name. Empty: Addr.
	ID string `json:"id,omitempty"`
	// Subnets are the networks behind this end. Empty: the gateway alone.
	Subnets []netip.Prefix `json:"subnets,omitempty"`
	// Dialect is the software of this end. Unknown is taken for Libreswan.
	Dialect conf.Dialect `json:"dialect"`
}

// DPD is dead peer detection (RFC 3706; liveness checks in IKEv2, RFC 7296
// section 2.4). The zero value is on: every 10 s, peer given up after 60 s.
type DPD struct {
	Off     bool          `json:"off,omitempty"`        // no dead peer detection at all
	Delay   time.Duration `json:"delay_ns,omitempty"`   // whole seconds; 0: 10 s
	Timeout time.Duration `json:"timeout_ns,omitempty"` // whole seconds, IKEv1 only; 0: six delays
}

func (d DPD) delay() time.Duration {
	if d.Delay == 0 {
		return 10 * time.Second
	}
	return d.Delay
}

func (d DPD) timeout() time.Duration {
	if d.Timeout == 0 {
		return 6 * d.delay()
	}
	return d.Timeout
}

// Side names one end of a Tunnel. The zero value counts as SideA.
type Side = opskit.Enum[sideKind]

// The two ends of a Tunnel.
const (
	SideA Side = "a"
	SideB Side = "b"
)

// opposite is the other side.
func opposite(s Side) Side {
	if s == SideB {
		return SideA
	}
	return SideB
}

// end returns one end and the other.
func (t *Tunnel) end(s Side) (own, other *Endpoint) {
	if s == SideB {
		return &t.B, &t.A
	}
	return &t.A, &t.B
}

// opens tells whether a side is the one that opens the tunnel.
func (t *Tunnel) opens(s Side) bool { return (s == SideB) == (t.Initiator == SideB) }

func (t *Tunnel) ike() string {
	if t.IKE == "" {
		return "aes256-sha256-modp2048"
	}
	return t.IKE
}

func (t *Tunnel) esp() string {
	if t.ESP == "" {
		return "aes256-sha256"
	}
	return t.ESP
}

// label is how texts call an end.
func (e *Endpoint) label(s Side) string {
	switch {
	case e.Name != "":
		return e.Name
	case s == SideB:
		return "b"
	}
	return "a"
}

// seen is the address under which the other end reaches this one.
func (e *Endpoint) seen() netip.Addr {
	if e.Public.IsValid() {
		return e.Public
	}
	return e.Addr
}

// id is the identity as it stands in the files: names get the '@' that keeps
// the daemons from resolving them.
func (e *Endpoint) id() string {
	id := e.ID
	if id == "" {
		return e.Addr.String()
	}
	if _, err := netip.ParseAddr(id); err != nil && !strings.Contains(id, "@") {
		return "@" + id
	}
	return id
}

func (e *Endpoint) dialect() conf.Dialect {
	if e.Dialect == conf.DialectUnknown {
		return conf.DialectLibreswan
	}
	return e.Dialect
}

// networks returns the prefixes that the tunnel carries for this end.
func (e *Endpoint) networks() []netip.Prefix {
	if len(e.Subnets) > 0 || !e.Addr.IsValid() {
		return e.Subnets
	}
	return []netip.Prefix{netip.PrefixFrom(e.Addr, e.Addr.BitLen())}
}

// What may stand in a file unquoted; everything that is rendered is one of
// these, a number, an address or a prefix.
var (
	nameSyntax     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]{0,63}$`)
	idSyntax       = regexp.MustCompile(`^@?[A-Za-z0-9][A-Za-z0-9._-]*(@[A-Za-z0-9][A-Za-z0-9._-]*)?$`)
	proposalSyntax = regexp.MustCompile(`^[a-z0-9_]+(-[a-z0-9_]+)*$`)
)

// String returns one line that names both ends, never the key.
func (t *Tunnel) String() string {
	return fmt.Sprintf("tunnel %s: %s (%s) to %s (%s)", opskit.Escape(t.Name),
		opskit.Escape(t.A.label(SideA)), opskit.Escape(t.A.seen().String()), opskit.Escape(t.B.label(SideB)), opskit.Escape(t.B.seen().String()))
}
