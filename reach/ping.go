package reach

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"github.com/opskit-go/opskit"
)

// Ping is what came of ICMP echo requests to one address. Its Verdict is one
// of Answered, Lossy, NoAnswer, Unreachable, Prohibited, LocalFailure and Unknown.
type Ping struct {
	Name    string     `json:"name,omitempty"` // as it was given, where the target is an address of it
	Target  netip.Addr `json:"target"`         // an IPv4-mapped address as IPv4
	Via     netip.Addr `json:"via,omitzero"`   // asked in place of Target
	Verdict Verdict    `json:"verdict"`        // set by Judge

	Sent    int    `json:"sent"`              // echo requests that left this process
	Replies []Echo `json:"replies,omitempty"` // in the order of their arrival, each request once
	// Duplicates counts further replies to a request already answered.
	Duplicates int `json:"duplicates,omitempty"`
	// ICMP is the error that came back in place of a reply.
	ICMP *ICMP `json:"icmp,omitempty"`
	// Errno is the name of the kernel's error where it gave one.
	Errno string `json:"errno,omitempty"`
	// Waited is how long the last request had for its reply.
	Waited time.Duration `json:"waited_ns"`
	// Method is "unprivileged" (SOCK_DGRAM, icmp(7)) or "raw" (needs
	// CAP_NET_RAW); empty where neither kind of socket was to be had.
	Method string     `json:"method,omitempty"`
	Source netip.Addr `json:"source,omitzero"` // the local address that the kernel chose

	// Route is this host's own way to the address, looked up where nothing came back.
	Route *Route `json:"route,omitempty"`

	// Fault says why this host did not ask, for LocalFailure only; set by Judge.
	Fault opskit.Failure `json:"fault,omitzero"`

	At        time.Time     `json:"at"`                  // when the first request was sent
	Took      time.Duration `json:"took_ns"`             // until the last reply, or until it was given up
	Unseen    []opskit.Gap  `json:"unseen,omitempty"`    // what who looked could not see
	Undecided []opskit.Gap  `json:"undecided,omitempty"` // what the evidence leaves open; set by Judge
}

// Echo is the reply to one echo request.
type Echo struct {
	Seq int `json:"seq"` // of the request, from 0
	// RTT is measured on the monotonic clock of this process and so includes
	// the time until it was woken up: tens of microseconds when idle, far more
	// when the program that embeds this package is busy.
	RTT time.Duration `json:"rtt_ns"`
	TTL int           `json:"ttl,omitempty"` // hop limit of the reply as it arrived
}

// What silence must have been like to be judged.
const (
	silentEchoes = 3
	silentWait   = time.Second
	habitEchoes  = 20
	maxEchoes    = 1000
)

// Ping sends count ICMP echo requests (0 means 3, at most 1000), Interval
// apart, and waits for replies until all have come or Timeout has passed since
// the last one. It tries an unprivileged socket first, which the kernel gives
// to the groups in net.ipv4.ping_group_range, then a raw one, which needs
// CAP_NET_RAW; where it gets neither the verdict is Unknown and Unseen says
// what would help. An ICMP error ends it early.
//
// The error is not nil for an unusable target (ErrTarget), where this host is
// short of resources (ErrLocal), when ctx was canceled, and outside Linux,
// where it matches errors.ErrUnsupported. The result is never nil.
//
// No reply proves little: many hosts and firewalls drop echo requests.
func (p *Prober) Ping(ctx context.Context, target netip.Addr, count int) (*Ping, error) {
	r := &Ping{Target: target.Unmap(), At: now()}
	stop := func(err error) (*Ping, error) {
		r.Judge()
		return r, fail("ping", r.Target, err)
	}
	fake := netip.AddrPortFrom(r.Target, 1) // an echo request has no port
	if err := checkTarget("ping", fake); err != nil {
		return stop(errors.Unwrap(err))
	}
	if count < 0 || count > maxEchoes {
		return stop(fmt.Errorf("count %d is not within 0 to %d: %w", count, maxEchoes, ErrTarget))
	}
	if count == 0 {
		count = silentEchoes
	}
	if err := ctx.Err(); err != nil {
		return stop(err)
	}
	contact, noted := p.via(fake)
	r.Via = noted.Addr()
	start := time.Now()
	err := p.echo(ctx, r, contact.Addr(), count)
	r.Took = time.Since(start)
	if len(r.Replies) == 0 {
		r.Route = routeTo(contact.Addr())
	}
	r.Judge()
	switch {
	case err != nil:
		return stop(err)
	case r.Verdict == Unknown && canceled(ctx):
		return stop(ctx.Err())
	case r.Verdict == LocalFailure && outOfResources(r.Errno):
		return r, r.Fault.Err()
	}
	return r, nil
}

// Judge sets Verdict, Fault and Undecided from the other fields; it is pure.
func (r *Ping) Judge() opskit.Level {
	r.Verdict, r.Fault, r.Undecided = Unknown, opskit.Failure{}, nil
	// The rules for ICMP errors and error numbers are those of a connection.
	c := Connection{
		Target: netip.AddrPortFrom(r.Target, 1), ICMP: r.ICMP, Errno: r.Errno, Source: r.Source, Route: r.Route, Immediate: r.ICMP == nil,
	}
	if r.Via.IsValid() {
		c.Via = netip.AddrPortFrom(r.Via, 1)
	}
	v6 := c.contact().Addr().Is6()
	switch {
	case len(r.Replies) > 0 && len(r.Replies) < r.Sent:
		r.Verdict = Lossy
		if r.Sent < habitEchoes {
			r.gap("whether the loss is a habit", fmt.Sprintf("%d requests are too few to tell it from one that was lost by chance", r.Sent), fmt.Sprintf("%d requests", habitEchoes))
		}
	case len(r.Replies) > 0:
		r.Verdict = Answered
	case r.Method == "":
		r.gap("whether it answers an echo request", "no ICMP socket was to be had", "Linux, and "+pingFix)
	case r.ICMP != nil:
		c.judgeICMP(v6)
	case r.Errno != "" && r.Errno != "other":
		c.judgeErrno(v6)
	case r.Sent >= silentEchoes && r.Waited >= silentWait:
		r.Verdict = NoAnswer
		r.gap("whether it is there", "many hosts and firewalls drop echo requests", "a connection to a port that it serves")
	default:
		r.gap("whether it answers an echo request", fmt.Sprintf("%d requests and %s are too little to judge silence", r.Sent, r.Waited.Round(time.Millisecond)), fmt.Sprintf("%d requests and %s", silentEchoes, silentWait))
	}
	if c.Verdict != Unknown || len(c.Undecided) > 0 {
		r.Verdict, r.Undecided = c.Verdict, append(r.Undecided, c.Undecided...)
		if c.Fault.Err() != nil {
			r.Fault = opskit.Fail(&opskit.Error{Op: "ping", Target: c.contact().Addr().String(), Err: errors.Unwrap(c.Fault.Err())})
		}
	}
	return r.Level()
}

// Level is OK where every request was answered, Warning where some were, Unknown
// where this host did not ask or cannot tell, and else Problem.
func (r *Ping) Level() opskit.Level { return level(r.Verdict) }

// Gaps returns Unseen and Undecided.
func (r *Ping) Gaps() []opskit.Gap { return gaps(r.Level(), r.Unseen, r.Undecided) }

// Seen tells whether anything was observed.
func (r *Ping) Seen() bool { return r != nil && (r.Sent > 0 || r.ICMP != nil || r.Errno != "") }

// pingFix is the line that lets every group open unprivileged ICMP sockets.
const pingFix = `sysctl -w net.ipv4.ping_group_range="0 2147483647"`

func (r *Ping) gap(what, why, need string) {
	r.Undecided = append(r.Undecided, opskit.Gap{What: what, Why: why, Need: need})
}

// String returns the verdict, the evidence under it and what was not checked.
func (r *Ping) String() string {
	ev := []string{}
	if r.Via.IsValid() {
		ev = append(ev, fmt.Sprintf("asked %s in its place", r.Via))
	}
	if r.Sent > 0 {
		s := fmt.Sprintf("%d of %d echo requests answered (%s socket)", len(r.Replies), r.Sent, short(r.Method))
		if r.Duplicates > 0 {
			s += fmt.Sprintf(", %d duplicates", r.Duplicates)
		}
		ev = append(ev, s)
	}
	if len(r.Replies) > 0 {
		least, most := r.Replies[0].RTT, r.Replies[0].RTT
		for _, e := range r.Replies {
			least, most = min(least, e.RTT), max(most, e.RTT)
		}
		ev = append(ev, fmt.Sprintf("round trip %s to %s", least, most))
	}
	if r.ICMP != nil {
		ev = append(ev, r.ICMP.String())
	}
	if !r.Fault.IsZero() {
		ev = append(ev, short(r.Fault.String()))
	}
	target := r.Target.String()
	if r.Name != "" {
		target = short(r.Name) + " (" + target + ")"
	}
	return report(r, "ping "+target+": "+r.Verdict.String(), ev)
}

const tokenSize = 16

// echoRequest builds an ICMP echo request whose payload is the token of this
// call, so that replies to somebody else are never counted.
func echoRequest(v6 bool, id, seq uint16, token [tokenSize]byte) []byte {
	m := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{ID: int(id), Seq: int(seq), Data: token[:]}}
	if v6 {
		m.Type = ipv6.ICMPTypeEchoRequest
	}
	packet, err := m.Marshal(nil) // the kernel fills in ICMPv6's checksum
	if err != nil {
		return nil // an Echo always marshals
	}
	return packet
}

// parseEchoReply returns the sequence number of an echo reply that carries
// token. With header, b begins with an IPv4 header, whose TTL is returned.
func parseEchoReply(b []byte, v6, header bool, token [tokenSize]byte) (seq uint16, ttl int, ok bool) {
	if header {
		h, err := icmp.ParseIPv4Header(b)
		if err != nil || h.Version != 4 || h.Len < ipv4.HeaderLen || len(b) < h.Len {
			return 0, 0, false
		}
		ttl, b = h.TTL, b[h.Len:]
	}
	protocol, reply := 1, icmp.Type(ipv4.ICMPTypeEchoReply)
	if v6 {
		protocol, reply = 58, ipv6.ICMPTypeEchoReply
	}
	m, err := icmp.ParseMessage(protocol, b)
	if err != nil || m.Type != reply || m.Code != 0 {
		return 0, 0, false
	}
	echo, ok := m.Body.(*icmp.Echo)
	if !ok || !bytes.HasPrefix(echo.Data, token[:]) {
		return 0, 0, false
	}
	return uint16(echo.Seq), ttl, true
}

func newToken() (t [tokenSize]byte) {
	_, _ = rand.Read(t[:]) // never fails (crypto/rand)
	return t
}
