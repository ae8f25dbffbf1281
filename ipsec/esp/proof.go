package esp

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/opskit-go/opskit"
)

type (
	verdictKind struct{}
	placeKind   struct{}
)

// Verdict is whether a tunnel encrypts.
type Verdict = opskit.Enum[verdictKind]

// The verdicts.
const (
	Unknown   Verdict = ""          // cannot tell; the gaps say what would decide
	Encrypted Verdict = "encrypted" // all that was seen of it
	Leaked    Verdict = "leaked"    // some of it went in clear
)

// Place is where a packet in clear was, as far as the capture tells.
type Place = opskit.Enum[placeKind]

// The places.
const (
	PlaceUnknown Place = ""        // inside or outside the tunnel: not told
	PlaceOutside Place = "outside" // where ESP belongs: a leak
	PlaceInside  Place = "inside"  // before the gateway or behind it
	PlaceCopy    Place = "copy"    // the same packet was there as ESP, too
)

var (
	ErrNotCapture = opskit.Sentinel("ipsec_not_capture", "not a packet capture")               // neither pcap nor pcapng
	ErrTruncated  = opskit.Sentinel("ipsec_capture_truncated", "the capture ends in a packet") // what came before was read
	ErrDamaged    = opskit.Sentinel("ipsec_capture_damaged", "the capture is damaged")         // what came before was read
)

// Proof is what a capture shows of a tunnel. The counts are evidence; Judge
// derives the rest.
type Proof struct {
	Tunnel  Tunnel            `json:"tunnel"`            // whose traffic was looked for
	Packets uint64            `json:"packets"`           // of all kinds
	Skipped map[string]uint64 `json:"skipped,omitempty"` // not understood, by reason; not_ip is ARP and the like
	ESP     uint64            `json:"esp"`               // packets of ESP, in UDP or not
	IKE     uint64            `json:"ike"`               // packets of IKE
	Quoted  uint64            `json:"quoted"`            // ICMP errors that quote ESP
	Wrapped uint64            `json:"wrapped,omitempty"` // packets of the gateways that can hold others in clear: GRE, IP in IP, AH, VXLAN and the like
	Others  uint64            `json:"others"`            // packets of hosts that are no gateways, and not of the tunnel's networks
	SAs     []SA              `json:"sas,omitempty"`     // in the order of their first packets
	Clear   []Flow            `json:"clear,omitempty"`   // between the networks without ESP, likewise
	More    uint64            `json:"more,omitempty"`    // packets in clear of further flows
	Failure opskit.Failure    `json:"failure,omitzero"`  // why the capture could not be read to its end

	// Derived by Judge.
	Verdict   Verdict      `json:"verdict"`             // of all of it
	Undecided []opskit.Gap `json:"undecided,omitempty"` // what would decide
}

// Tunnel is the tunnel that is looked for.
type Tunnel struct {
	A     End  `json:"a"`               // one end
	B     End  `json:"b"`               // the other
	Whole bool `json:"whole,omitempty"` // the capture was made without a filter
}

// End is one end of a tunnel.
type End struct {
	Gateways []netip.Addr   `json:"gateways,omitempty"` // its addresses on the wire, before and behind NAT; none: any
	Networks []netip.Prefix `json:"networks,omitempty"` // what is behind it
}

// SA is the packets of one SPI.
type SA struct {
	Src     netip.Addr `json:"src"`              // who sent them
	Dst     netip.Addr `json:"dst"`              // to whom
	SPI     uint32     `json:"spi"`              // as in ip xfrm state
	UDP     bool       `json:"udp,omitempty"`    // in UDP (RFC 3948)
	Packets uint64     `json:"packets"`          // seen
	First   time.Time  `json:"first"`            // when the first was seen
	Last    time.Time  `json:"last"`             // and the last
	FromSeq uint32     `json:"from_seq"`         // the lowest sequence number
	ToSeq   uint32     `json:"to_seq"`           // the highest
	Missing uint64     `json:"missing"`          // numbers between these that were not seen: lost before this place, or by the capture
	Again   uint64     `json:"again,omitempty"`  // numbers seen twice: replayed, or captured twice
	Suites  []string   `json:"suites,omitempty"` // those whose sizes fit all packets
}

// Flow is packets in clear between the tunnel's networks.
type Flow struct {
	Src      netip.Addr `json:"src"`                // who sent them
	Dst      netip.Addr `json:"dst"`                // to whom
	Protocol string     `json:"protocol"`           // icmp, tcp, udp, or its number
	Port     uint16     `json:"port,omitempty"`     // to which
	Packets  uint64     `json:"packets"`            // how many
	First    time.Time  `json:"first"`              // when the first was seen
	Last     time.Time  `json:"last"`               // and the last
	Place    Place      `json:"place"`              // where they were
	After    time.Time  `json:"after_esp,omitzero"` // the last ESP of the same direction, if that was before
}

// Leaks is how many packets went in clear where ESP belongs.
func (p *Proof) Leaks() (n uint64) { return p.in(PlaceOutside) }

func (p *Proof) in(place Place) (n uint64) {
	for _, f := range p.Clear {
		if f.Place == place {
			n += f.Packets
		}
	}
	return n
}

// Seen tells whether any packet was seen.
func (p *Proof) Seen() bool { return p != nil && p.Packets > 0 }

// Level is OK for Encrypted, Problem for Leaked.
func (p *Proof) Level() opskit.Level {
	return map[Verdict]opskit.Level{Encrypted: opskit.OK, Leaked: opskit.Problem}[p.Verdict]
}

// Gaps returns Undecided, or that nothing was looked at.
func (p *Proof) Gaps() []opskit.Gap {
	if p.Level() == opskit.Unknown && len(p.Undecided) == 0 {
		return []opskit.Gap{{What: "whether the tunnel encrypts", Why: "nothing was judged", Need: "a capture between the gateways"}}
	}
	return p.Undecided
}

// Judge derives the verdict from what was counted.
func (p *Proof) Judge() opskit.Level {
	p.Verdict, p.Undecided = Unknown, nil
	gap := func(what, why, need string) {
		p.Undecided = append(p.Undecided, opskit.Gap{What: what, Why: why, Need: need})
	}
	known := true
	if n := p.in(PlaceUnknown) + p.More; n > 0 {
		gap(fmt.Sprintf("%d packets in clear", n), "the capture does not tell on which side of the gateway they were", "a capture on the gateway's outer interface alone, or tcpdump -y LINUX_SLL2 -i any")
		known = false
	}
	if p.Wrapped > 0 {
		gap(fmt.Sprintf("what is in %d packets of another tunnel", p.Wrapped), "the gateways exchange GRE, IP in IP, AH or the like, which is not looked into", "")
		known = false
	}
	both := p.both()
	switch {
	case len(p.Tunnel.A.Networks) == 0 || len(p.Tunnel.B.Networks) == 0:
		gap("packets in clear", "which networks are the tunnel's is not known", "the networks of both ends")
		known = false
	case p.ESP == 0:
		gap("whether anything is encrypted", "no packet of ESP was seen", "a capture on an outer interface while there is traffic")
		known = false
	case !both:
		gap("the other direction", "ESP was seen in one direction only", "a capture where both pass, while there is traffic")
		known = false
	case !p.Tunnel.Whole && p.Others == 0 && p.Leaks() == 0:
		gap("packets in clear that a filter left out", "all packets are the gateways' own, as with a filter for them", "a capture without a filter, and to say that it is one")
		known = false
	}
	odd := uint64(0)
	for why, n := range p.Skipped {
		if why != "not_ip" {
			odd += n
		}
	}
	if odd > 0 {
		gap(fmt.Sprintf("%d packets", odd), "they were cut off, damaged, or parts of others that are missing", "")
		known = known && odd*100 <= p.Packets
	}
	if !p.Failure.IsZero() {
		gap("the rest of the capture", p.Failure.String(), "")
		known = false
	}
	switch {
	case p.Leaks() > 0:
		p.Verdict = Leaked
	case known:
		p.Verdict = Encrypted
	}
	return p.Level()
}

// both tells whether ESP went there and back.
func (p *Proof) both() bool {
	for _, s := range p.SAs {
		for _, o := range p.SAs {
			if s.Src == o.Dst && s.Dst == o.Src {
				return true
			}
		}
	}
	return false
}

// Since tells what an earlier capture showed otherwise.
func (p *Proof) Since(earlier *Proof) (c opskit.Changes) {
	c.Compare("verdict", earlier.Verdict.String(), p.Verdict.String())
	c.Compare("in clear", strconv.FormatBool(earlier.Leaks() > 0), strconv.FormatBool(p.Leaks() > 0))
	return c
}

// String returns the verdict, then what was seen.
func (p *Proof) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d packets in clear between the tunnel's networks, %d of ESP", p.Verdict, p.Leaks(), p.ESP)
	for _, f := range p.Clear {
		fmt.Fprintf(&b, "\n  %s > %s %s", f.Src, f.Dst, opskit.Escape(f.Protocol))
		if f.Port > 0 {
			fmt.Fprintf(&b, " port %d", f.Port)
		}
		fmt.Fprintf(&b, ": %d packets from %s to %s", f.Packets, clock(f.First), clock(f.Last))
		b.WriteString(map[Place]string{PlaceOutside: ", in clear outside", PlaceInside: ", inside", PlaceCopy: ", each beside its ESP"}[f.Place])
		if f.Place == PlaceUnknown {
			b.WriteString(", inside or outside")
		}
		if !f.After.IsZero() {
			fmt.Fprintf(&b, ", after the last ESP of that direction at %s", clock(f.After))
		}
	}
	for _, s := range p.SAs {
		fmt.Fprintf(&b, "\n  SPI %08x %s > %s: %d packets, sequence %d to %d, %d missing", s.SPI, s.Src, s.Dst, s.Packets, s.FromSeq, s.ToSeq, s.Missing)
		if s.Again > 0 {
			fmt.Fprintf(&b, ", %d twice", s.Again)
		}
		if n := len(s.Suites); n > 0 && n <= 6 {
			fmt.Fprintf(&b, "; sizes of %s", opskit.Escape(strings.Join(s.Suites, " ")))
		}
	}
	if p.Leaks() > 0 {
		b.WriteString("\n  next: ip route add blackhole NETWORK metric 4294967295 at the leaking gateway, for each network of the other end")
	}
	b.WriteByte('\n')
	b.WriteString(opskit.NotChecked(p))
	return b.String()
}

func clock(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
