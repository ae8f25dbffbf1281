package reach

import (
	"context"
	"fmt"
	"net/netip"
	"time"
)

// Connection is what came of one attempt to open a TCP connection. Its
// Verdict is one of Open, Refused, NoAnswer, Unreachable, Prohibited,
// LocalFailure and Unknown. The other fields are the evidence; what was not
// observed is absent (zero or nil).
type Connection struct {
	Target  netip.AddrPort `json:"target"`       // IPv4-mapped addresses as IPv4
	Via     netip.AddrPort `json:"via,omitzero"` // contacted in place of Target
	Verdict Verdict        `json:"verdict"`      // set by Judge

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
	// SYNRetransmits counts the SYNs that were sent again (tcpi_total_retrans),
	// SYNTimeouts how often the kernel wanted to (tcpi_retransmits). With
	// timeouts and without retransmits, nothing has left this host.
	SYNRetransmits *int `json:"syn_retransmits,omitempty"`
	SYNTimeouts    *int `json:"syn_timeouts,omitempty"` // how often the kernel wanted to send a SYN again
	// RTT is the kernel's own measurement of the handshake (tcpi_rtt, 1 us
	// resolution), absent when a SYN was sent twice: then it is ambiguous.
	RTT time.Duration `json:"rtt_ns,omitempty"`
	// Source is the local address that the kernel chose.
	Source netip.Addr `json:"source,omitzero"`
	// Portable: the evidence is that of an ordinary dialer, not of a socket
	// with IP_RECVERR and TCP_INFO.
	Portable bool `json:"portable,omitempty"`

	// Fault says why this host did not ask, for LocalFailure only. It wraps
	// ErrLocal or ErrNoRoute.
	Fault *Error `json:"fault,omitempty"`

	At     time.Time     `json:"at"`               // when the attempt began
	Took   time.Duration `json:"took_ns"`          // until the answer, or until it was given up
	Unseen []Gap         `json:"unseen,omitempty"` // what could not be seen
}

// Connect tries to open a TCP connection to target and closes it again. It
// sends SYNs and, where the handshake completes, nothing but the ACK and a FIN.
//
// On Linux it needs no privilege to see each ICMP unreachable code with the
// router that sent it (IP_RECVERR, ip(7)) and how often the SYN was sent
// again (TCP_INFO, tcp(7)). Elsewhere, and with Dial set, it falls back to an
// ordinary dialer; the result then says what is missing.
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
	return c, p.attempt(ctx, c, nil)
}

// attempt fills c. With keep set, an open connection is handed to it.
func (p *Prober) attempt(ctx context.Context, c *Connection, keep *kept) error {
	if err := checkTarget("connect", c.Target); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return &Error{Op: "connect", Target: c.Target.String(), Err: err}
	}
	var contact netip.AddrPort
	contact, c.Via = p.via(c.Target)
	if err := checkTarget("connect", contact); err != nil {
		return err
	}
	start := time.Now()
	if p.Dial != nil || !kernelEvidence {
		p.dialPortable(ctx, c, contact, keep)
	} else {
		p.dialKernel(ctx, c, contact, keep)
	}
	c.Took = time.Since(start)
	c.Judge()
	switch {
	case c.Verdict == Unknown && canceled(ctx):
		return &Error{Op: "connect", Target: c.Target.String(), Err: ctx.Err()}
	case c.Verdict == LocalFailure && outOfResources(c.Errno):
		return c.Fault
	}
	return nil
}

// contact is the address that was really contacted.
func (c *Connection) contact() netip.AddrPort {
	if c.Via.IsValid() {
		return c.Via
	}
	return c.Target
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
	if c.Fault != nil {
		add("%s", printable(c.Fault.Error()))
	} else if c.Errno != "" {
		add("%s after %s", printable(c.Errno), c.Took)
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
	if c.TimedOut {
		s := fmt.Sprintf("given up after %s", c.Took.Round(time.Millisecond))
		if c.SYNRetransmits != nil {
			s = fmt.Sprintf("%d SYNs sent, %s", *c.SYNRetransmits+1, s)
		}
		add("%s", s)
	} else if c.SYNRetransmits != nil && *c.SYNRetransmits > 0 {
		add("%d SYNs sent", *c.SYNRetransmits+1)
	}
	return report(c.Target.String()+": "+c.Verdict.String(), ev, nil, c.Unseen)
}
