package reach

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"time"
)

// Ping is what came of ICMP echo requests to one address. Its Verdict is one
// of Answered, NoAnswer, Unreachable, Prohibited, LocalFailure and Unknown.
type Ping struct {
	Target  netip.Addr `json:"target"`       // an IPv4-mapped address as IPv4
	Via     netip.Addr `json:"via,omitzero"` // asked in place of Target
	Verdict Verdict    `json:"verdict"`      // set by Judge

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

	// Fault says why this host did not ask, for LocalFailure only.
	Fault *Error `json:"fault,omitempty"`

	At     time.Time     `json:"at"`               // when the first request was sent
	Took   time.Duration `json:"took_ns"`          // until the last reply, or until it was given up
	Unseen []Gap         `json:"unseen,omitempty"` // what could not be seen
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
	fake := netip.AddrPortFrom(r.Target, 1) // an echo request has no port
	if err := checkTarget("ping", fake); err != nil {
		return r, &Error{Op: "ping", Target: r.Target.String(), Err: ErrTarget}
	}
	if count < 0 || count > maxEchoes {
		return r, &Error{Op: "ping", Target: r.Target.String(), Err: fmt.Errorf("count %d is not within 0 to %d: %w", count, maxEchoes, ErrTarget)}
	}
	if count == 0 {
		count = silentEchoes
	}
	if err := ctx.Err(); err != nil {
		return r, &Error{Op: "ping", Target: r.Target.String(), Err: err}
	}
	contact, noted := p.via(fake)
	r.Via = noted.Addr()
	start := time.Now()
	err := p.echo(ctx, r, contact.Addr(), count)
	r.Took = time.Since(start)
	r.Judge()
	switch {
	case err != nil:
		return r, &Error{Op: "ping", Target: r.Target.String(), Err: err}
	case r.Verdict == Unknown && canceled(ctx):
		return r, &Error{Op: "ping", Target: r.Target.String(), Err: ctx.Err()}
	case r.Verdict == LocalFailure && outOfResources(r.Errno):
		return r, r.Fault
	}
	return r, nil
}

// Judge sets Verdict, Fault and Unseen from the other fields; it is pure.
func (r *Ping) Judge() {
	r.Verdict, r.Fault, r.Unseen = Unknown, nil, nil
	contact := r.Target
	if r.Via.IsValid() {
		contact = r.Via
	}
	// The rules for ICMP errors and error numbers are those of a connection.
	c := Connection{
		Target: netip.AddrPortFrom(r.Target, 0), Via: netip.AddrPortFrom(r.Via, 0),
		ICMP: r.ICMP, Errno: r.Errno, Source: r.Source, Immediate: r.ICMP == nil,
	}
	if !r.Via.IsValid() {
		c.Via = netip.AddrPort{}
	}
	switch {
	case len(r.Replies) > 0:
		r.Verdict = Answered
		return
	case r.Method == "":
		r.gap("whether it answers an echo request", "no ICMP socket was to be had", "Linux, and "+pingFix)
		return
	case r.ICMP != nil:
		c.judgeICMP(contact.Is6())
	case r.Errno != "" && r.Errno != "other":
		c.judgeErrno(contact.Is6())
	case r.Sent >= silentEchoes && r.Waited >= silentWait:
		r.Verdict = NoAnswer
		r.gap("whether it is there", "many hosts and firewalls drop echo requests", "Prober.Connect to a port that it serves")
		return
	default:
		r.gap("whether it answers an echo request", fmt.Sprintf("%d requests and %s are too little to judge silence", r.Sent, r.Waited.Round(time.Millisecond)), fmt.Sprintf("%d requests and %s", silentEchoes, silentWait))
		return
	}
	r.Verdict, r.Unseen = c.Verdict, c.Unseen
	if c.Fault != nil {
		r.Fault = &Error{Op: "ping", Target: contact.String(), Err: c.Fault.Err}
	}
}

// pingFix is the line that lets every group open unprivileged ICMP sockets.
const pingFix = `sysctl -w net.ipv4.ping_group_range="0 2147483647"`

func (r *Ping) gap(what, why, need string) {
	r.Unseen = append(r.Unseen, Gap{What: what, Why: why, Need: need})
}

// String returns the verdict, the evidence under it and what was not checked.
func (r *Ping) String() string {
	ev := []string{}
	if r.Via.IsValid() {
		ev = append(ev, fmt.Sprintf("asked %s in its place", r.Via))
	}
	if r.Sent > 0 {
		s := fmt.Sprintf("%d of %d echo requests answered (%s socket)", len(r.Replies), r.Sent, printable(r.Method))
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
	if r.Fault != nil {
		ev = append(ev, printable(r.Fault.Error()))
	}
	return report("ping "+r.Target.String()+": "+r.Verdict.String(), ev, nil, r.Unseen)
}

const tokenSize = 16

// echoRequest builds an ICMP echo request whose payload is the token of this
// call, so that replies to somebody else are never counted.
func echoRequest(v6 bool, id, seq uint16, token [tokenSize]byte) []byte {
	b := make([]byte, 8+tokenSize)
	b[0] = 8
	if v6 {
		b[0] = 128
	}
	b[4], b[5], b[6], b[7] = byte(id>>8), byte(id), byte(seq>>8), byte(seq)
	copy(b[8:], token[:])
	if !v6 { // the kernel fills in ICMPv6's, which covers a pseudo header
		sum := checksum(b)
		b[2], b[3] = byte(sum>>8), byte(sum)
	}
	return b
}

// checksum is the Internet checksum (RFC 1071) of an even number of bytes.
func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(b[i])<<8 | uint32(b[i+1])
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// parseEchoReply returns the sequence number of an echo reply that carries
// token. With header, b begins with an IPv4 header, whose TTL is returned.
func parseEchoReply(b []byte, v6, header bool, token [tokenSize]byte) (seq uint16, ttl int, ok bool) {
	if header {
		if len(b) < 20 || b[0]>>4 != 4 {
			return 0, 0, false
		}
		size := int(b[0]&0xf) * 4
		if size < 20 || len(b) < size {
			return 0, 0, false
		}
		ttl, b = int(b[8]), b[size:]
	}
	reply := byte(0)
	if v6 {
		reply = 129
	}
	if len(b) < 8+tokenSize || b[0] != reply || b[1] != 0 || [tokenSize]byte(b[8:8+tokenSize]) != token {
		return 0, 0, false
	}
	return uint16(b[6])<<8 | uint16(b[7]), ttl, true
}

func newToken() (t [tokenSize]byte) {
	_, _ = rand.Read(t[:]) // never fails (crypto/rand)
	return t
}
