package reach

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/opskit-go/opskit"
)

// Prober asks the network. The zero value works, and it holds no state: it may
// be used by any number of goroutines at once.
type Prober struct {
	// Timeout bounds each question (a connection, one DNS exchange, an HTTP
	// request with its connection, the wait for the last echo reply). Zero
	// means 4 s: long enough for three SYNs, for a router to say that it found
	// nobody (3.1 s), and so for silence to be judged. With less, silence is
	// Unknown and not NoAnswer.
	Timeout time.Duration
	// Interval is the time between two echo requests of Ping. Zero means 200 ms.
	Interval time.Duration
	// Window is how many connections ConnectAll has open at once. Zero means
	// 1024; half of the process's limit of open files is never exceeded.
	Window int
	// Via, where set, returns the address that is really contacted in place of
	// a target: a forwarded port, or a laboratory on loopback. Results keep the
	// target and name the other address too. It is asked for resolvers as well,
	// and by Ping with port 1. Nil, or the target itself returned, contacts the
	// target.
	Via func(target netip.AddrPort) netip.AddrPort
	// DialContext, where set, makes the TCP connections: a proxy, or a network
	// stack in the process. There is less evidence then, and every result says so.
	DialContext func(ctx context.Context, network, address string) (net.Conn, error)
	// Resolvers are asked for the names that Dial, DialAll and Sample are given,
	// and by Compare where it is given none. None means the system's: /etc/hosts
	// and nsswitch.conf(5) too, but for Compare.
	Resolvers []Resolver
	// Observer is told of each result of ConnectAll and Sample, with how many are done.
	Observer opskit.Observer
}

// Timeouts and limits that a Prober's zero value means.
const (
	defaultTimeout  = 4 * time.Second
	defaultInterval = 200 * time.Millisecond
	defaultWindow   = 1024
)

func (p *Prober) timeout() time.Duration {
	if p.Timeout > 0 {
		return p.Timeout
	}
	return defaultTimeout
}

// deadline is when a question asked now must end. A context that ends sooner
// only shortens the time.
func (p *Prober) deadline(ctx context.Context) time.Time {
	d := time.Now().Add(p.timeout())
	if c, ok := ctx.Deadline(); ok && c.Before(d) {
		return c
	}
	return d
}

// via returns the address to contact for target, and the same again for the
// result's Via if it is another.
func (p *Prober) via(target netip.AddrPort) (contact, noted netip.AddrPort) {
	if p.Via == nil {
		return target, netip.AddrPort{}
	}
	contact = clean(p.Via(target))
	if !contact.IsValid() || contact == target {
		return target, netip.AddrPort{}
	}
	return contact, contact
}

// clean turns an IPv4-mapped IPv6 address into the IPv4 address that it means.
func clean(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// checkTarget returns an ErrTarget for what no packet can be sent to.
func checkTarget(op string, a netip.AddrPort) error {
	why := ""
	switch ip := a.Addr(); {
	case !ip.IsValid():
		why = "no address given"
	case a.Port() == 0:
		why = "port 0 is no port to connect to"
	case ip.IsUnspecified():
		why = "the unspecified address means no particular host"
	case ip.IsMulticast():
		why = "a multicast address is no host"
	case ip.Is6() && ip.IsLinkLocalUnicast() && ip.Zone() == "":
		why = "a link-local address needs its link, as in fe80::1%eth0"
	default:
		return nil
	}
	return fail(op, a, fmt.Errorf("%s: %w", why, ErrTarget))
}

// canceled reports whether the caller gave up, which is not an observation. A
// context whose deadline passed only shortened the time, which is one.
func canceled(ctx context.Context) bool {
	return errors.Is(ctx.Err(), context.Canceled)
}

// now is the time of an observation as results keep it.
func now() time.Time { return time.Now().UTC().Round(0) }
