package reach

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/opskit-go/opskit"
)

// Connection is what came of one attempt to open a TCP connection. Its
// Verdict is one of Open, Refused, NoAnswer, Unreachable, Prohibited,
// LocalFailure and Unknown. The other fields are the evidence; what was not
// observed is absent (zero or nil).
type Connection struct {
	Name    string         `json:"name,omitempty"` // as it was given, where the target is an address of it
	Target  netip.AddrPort `json:"target"`         // IPv4-mapped addresses as IPv4
	Via     netip.AddrPort `json:"via,omitzero"`   // contacted in place of Target
	Verdict Verdict        `json:"verdict"`        // set by Judge

	// ICMP is the error that ended the attempt, with the router that sent it.
	ICMP *ICMP `json:"icmp,omitempty"`
	// Errno is the name of the error that the kernel gave, such as
	// "ECONNREFUSED".
	Errno string `json:"errno,omitempty"`
	// Immediate: the error came from the system call itself, before any answer
	// could have come back from another host.
	Immediate bool `json:"immediate,omitempty"`
	// Established: the handshake completed. Reset: and was reset at once.
	Established bool `json:"established,omitempty"`
	Reset       bool `json:"reset,omitempty"` // the handshake was followed by a reset at once
	// TimedOut: the attempt was given up after Took.
	TimedOut bool `json:"timed_out,omitempty"`
	// SYNRetransmits counts how often the kernel sent the SYN again
	// (tcpi_total_retrans), SYNTimeouts how often it was due
	// (tcpi_retransmits). With timeouts and without retransmits, nothing has
	// left this host.
	SYNRetransmits *int `json:"syn_retransmits,omitempty"`
	SYNTimeouts    *int `json:"syn_timeouts,omitempty"` // how often the kernel wanted to send a SYN again
	// SendFailures counts what this host's kernel could not send again during
	// the attempt, over all connections of this network namespace
	// (TCPRetransFail of /proc/net/netstat); SYNRetransmits counts such a try too.
	SendFailures *int `json:"send_failures,omitempty"`
	// Strays counts segments that came back and that the kernel did not accept
	// as an answer (tcpi_segs_in of a connection that did not open).
	Strays int `json:"strays,omitempty"`
	// Window is what the other side said at first that it can take
	// (tcpi_snd_wnd). Zero is what a SYN proxy says.
	Window *int `json:"window,omitempty"`
	// RTT is the kernel's own measurement of the handshake (tcpi_rtt, 1 us
	// resolution), absent when a SYN was sent twice: then it is ambiguous.
	RTT time.Duration `json:"rtt_ns,omitempty"`
	// Source is the local address that the kernel chose.
	Source netip.Addr `json:"source,omitzero"`
	// Route is this host's own way to the address, looked up where the
	// connection did not open.
	Route *Route `json:"route,omitempty"`
	// Portable: the evidence is that of an ordinary dialer, not of a socket
	// with IP_RECVERR and TCP_INFO.
	Portable bool `json:"portable,omitempty"`

	// Fault says why this host did not ask, for LocalFailure only; set by Judge.
	// It wraps ErrLocal or ErrNoRoute.
	Fault opskit.Failure `json:"fault,omitzero"`

	At        time.Time     `json:"at"`                  // when the attempt began
	Took      time.Duration `json:"took_ns"`             // until the answer, or until it was given up
	Unseen    []opskit.Gap  `json:"unseen,omitempty"`    // what who looked could not see
	Undecided []opskit.Gap  `json:"undecided,omitempty"` // what the evidence leaves open; set by Judge

	sourcePort uint16
}

// Connect tries to open a TCP connection to target and closes it again. It
// sends SYNs and, where the handshake completes, nothing but the ACK and a FIN.
//
// On Linux it needs no privilege to see each ICMP unreachable code with the
// router that sent it (IP_RECVERR, ip(7)) and how often the SYN was sent
// again (TCP_INFO, tcp(7)). Elsewhere, and with DialContext set, it falls back
// to an ordinary dialer; the result then says what is missing.
//
// A refusal, silence or an ICMP error is an answer and comes with a nil error.
// The error is not nil when the question was not asked: an unusable target
// (ErrTarget), a lack of resources here (ErrLocal; the verdict is then
// LocalFailure), or a context that was canceled. A context whose deadline
// passes only shortens the time. The result is never nil.
//
// The closing FIN leaves the connection in TIME_WAIT here for a minute: one who
// connects to a single port by the ten thousand runs out of local ports, which
// is then LocalFailure.
//
// What it cannot see: whether a reset came from the host or from a firewall
// in its name, and whether anything serves behind a handshake (a SYN proxy
// completes it too); ask with [Prober.HTTP] for that.
func (p *Prober) Connect(ctx context.Context, target netip.AddrPort) (*Connection, error) {
	c := &Connection{Target: clean(target), At: now()}
	return c, p.attempt(ctx, c, manner{})
}

// manner is how an attempt is made.
type manner struct {
	keep       *kept      // receives an open connection
	maxSegment int        // the largest segment that is asked for
	ttl        int        // how many routers the packets may pass
	from       netip.Addr // with fromPort: where they come from
	fromPort   uint16
}

// attempt fills c.
func (p *Prober) attempt(ctx context.Context, c *Connection, m manner) error {
	err := checkTarget("connect", c.Target)
	var contact netip.AddrPort
	if err == nil {
		contact, c.Via = p.via(c.Target)
		err = checkTarget("connect", contact)
	}
	if err == nil && ctx.Err() != nil {
		err = fail("connect", c.Target, ctx.Err())
	}
	if err != nil {
		c.Judge()
		return err
	}
	start := time.Now()
	if p.DialContext != nil || !kernelEvidence {
		p.dialPortable(ctx, c, contact, m)
	} else {
		p.dialKernel(ctx, c, contact, m)
	}
	c.Took = time.Since(start)
	c.Judge()
	switch {
	case c.Verdict == Unknown && canceled(ctx):
		return fail("connect", c.Target, ctx.Err())
	case c.Verdict == LocalFailure && outOfResources(c.Errno):
		return c.Fault.Err()
	}
	return nil
}

// fail is an error of this package.
func fail(op string, target fmt.Stringer, err error) error {
	return &opskit.Error{Op: op, Target: target.String(), Err: err}
}

// contact is the address that was really contacted.
func (c *Connection) contact() netip.AddrPort {
	if c.Via.IsValid() {
		return c.Via
	}
	return c.Target
}

// Level is OK for Open, Unknown where this host did not ask or cannot tell, and
// else Problem.
func (c *Connection) Level() opskit.Level { return level(c.Verdict) }

// Gaps returns Unseen and Undecided.
func (c *Connection) Gaps() []opskit.Gap { return gaps(c.Level(), c.Unseen, c.Undecided) }

// Seen tells whether anything was observed.
func (c *Connection) Seen() bool {
	return c != nil && (c.Established || c.Errno != "" || c.ICMP != nil || c.TimedOut)
}

// String returns the verdict, the evidence under it and what was not checked.
func (c *Connection) String() string {
	ev := []string{}
	add := func(format string, args ...any) { ev = append(ev, fmt.Sprintf(format, args...)) }
	if c.Via.IsValid() {
		add("contacted %s in its place", c.Via)
	}
	if c.ICMP != nil {
		add("%s", c.ICMP)
	}
	if !c.Fault.IsZero() {
		add("%s", short(c.Fault.String()))
	} else if c.Errno != "" {
		add("%s after %s", short(c.Errno), c.Took)
	}
	if c.Established {
		s := "handshake completed"
		if c.RTT > 0 {
			s += fmt.Sprintf(", round trip %s", c.RTT)
		}
		if c.Reset {
			s += ", reset at once"
		}
		add("%s", s)
	}
	if c.Strays > 0 && !c.Established {
		add("segments that this host's kernel did not accept as an answer: %d", c.Strays)
	}
	if s := c.sent(); c.TimedOut {
		add("%sgiven up after %s", s, c.Took.Round(time.Millisecond))
	} else if s != "" && *c.SYNRetransmits > 0 {
		add("%s", s[:len(s)-2])
	}
	target := c.Target.String()
	if c.Name != "" {
		target = short(c.Name) + " (" + target + ")"
	}
	return report(c, target+": "+c.Verdict.String(), ev)
}

// sent says how many SYNs left this host, as far as that is known.
func (c *Connection) sent() string {
	switch {
	case c.SYNRetransmits == nil:
		return ""
	case c.SendFailures != nil && *c.SendFailures > 0:
		return fmt.Sprintf("%d SYNs tried, %d segments of this host could not be sent meanwhile, ", *c.SYNRetransmits+1, *c.SendFailures)
	case *c.SYNRetransmits == 0 && c.SYNTimeouts != nil && *c.SYNTimeouts > 0:
		return "no SYN sent, "
	}
	return fmt.Sprintf("%d SYNs sent, ", *c.SYNRetransmits+1)
}
