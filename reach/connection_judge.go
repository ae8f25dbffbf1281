package reach

import (
	"fmt"
	"slices"
	"time"
)

// What silence must have lasted to be judged. Three SYNs without an answer are
// sent within 2 to 3 s (RFC 6298; Linux's tcp_syn_linear_timeouts). A router
// that looks for the host on its link gives up after three seconds and only
// then sends its ICMP error, so that a shorter wait says less than it seems to.
const (
	silentRetransmits = 2
	silentPortable    = 3200 * time.Millisecond
	neighbourGivesUp  = 3200 * time.Millisecond
)

// Judge sets Verdict, Fault and Unseen from the other fields, which it does
// not change. It is pure: saved evidence gives the same verdict anywhere. A
// note that [Prober.ConnectAll] took from other targets is kept.
func (c *Connection) Judge() {
	kept := slices.DeleteFunc(slices.Clone(c.Unseen), func(g Gap) bool { return g.What != limitedGap })
	c.Verdict, c.Fault, c.Unseen = Unknown, nil, nil
	v6 := c.contact().Addr().Is6()
	switch {
	case c.Established:
		c.Verdict = Open
	case c.ICMP != nil:
		c.judgeICMP(v6)
	case c.Errno != "":
		c.judgeErrno(v6)
	case c.TimedOut:
		c.judgeSilence()
	default:
		c.gap("whether the port answers", "the attempt was ended before anything came back", "")
	}
	if c.Verdict == Refused && !c.contact().Addr().IsLoopback() {
		c.gap("who sent the reset", "a firewall can send it in the host's name", "a capture: compare its TTL with that of an open port")
	}
	if c.Portable {
		switch c.Verdict {
		case Refused, Unreachable, Prohibited:
			c.gap("the ICMP code and its sender", "an ordinary dialer shows only an error number", "Linux, without Prober.Dial")
		}
	}
	if len(kept) > 0 {
		c.Unseen = append(c.Unseen, kept...)
	}
}

func (c *Connection) judgeICMP(v6 bool) {
	own := c.ICMP.From.IsValid() && c.ICMP.From == c.Source && c.Source != c.contact().Addr()
	switch {
	case own && c.ICMP.hostUnreachable(v6):
		// The kernel sends itself this one when no neighbour answers, and a
		// local reject rule can look the same.
		c.Verdict = Unreachable
		c.gap("whether a local packet filter made the error", "it came from this host, as it does when no neighbour answers for the address", "ip neigh; nft list ruleset")
	case own:
		c.Verdict = LocalFailure
		c.Fault = &Error{Op: "connect", Target: c.contact().String(), Err: fmt.Errorf("%s came from this host's own packet filter: %w", c.ICMP.Name, ErrNoRoute)}
		c.gap("whether it answers", "this host did not ask", "")
	case c.ICMP.prohibits(v6):
		c.Verdict = Prohibited
	default:
		c.Verdict = Unreachable
	}
}

func (c *Connection) judgeErrno(v6 bool) {
	switch {
	case outOfResources(c.Errno):
		c.local(ErrLocal, "the verdict on the target is open: retry when this host has room")
	case c.Errno == "ECONNREFUSED", c.Errno == "ECONNRESET":
		c.Verdict = Refused
	case c.Immediate, c.Errno == "EACCES" && !v6, c.Errno == "EPERM":
		c.local(ErrNoRoute, localReason(c.Errno))
	case c.Portable && slices.Contains([]string{"ENETUNREACH", "EHOSTUNREACH", "EACCES"}, c.Errno) && c.Took < time.Millisecond:
		// A local route's answer and a nearby router's cannot be told apart here.
		c.gap("whether this host or a router refused to send", "an ordinary dialer shows only "+c.Errno, "Linux, without Prober.Dial")
	case c.Errno == "EACCES":
		c.Verdict = Prohibited
		c.noICMP()
	case c.Errno == "ETIMEDOUT":
		c.judgeSilence() // the kernel itself gave up, perhaps after a single SYN
	case slices.Contains([]string{"ENETUNREACH", "EHOSTUNREACH", "ENOPROTOOPT", "EPROTO", "EHOSTDOWN", "ENONET", "EOPNOTSUPP"}, c.Errno):
		c.Verdict = Unreachable
		c.noICMP()
	default:
		c.gap("whether the port answers", "the connection failed with "+c.Errno, "")
	}
}

func (c *Connection) judgeSilence() {
	switch {
	case c.SYNRetransmits != nil && *c.SYNRetransmits >= silentRetransmits:
		c.Verdict = NoAnswer
		if c.Took < neighbourGivesUp {
			c.gap("a late \"host unreachable\"", fmt.Sprintf("a router that looks for the host needs 3.1 s, this waited %s", c.Took.Round(time.Millisecond)), "a timeout of 4s")
		}
	case c.SYNRetransmits != nil && *c.SYNRetransmits == 0 && c.SYNTimeouts != nil && *c.SYNTimeouts > 0:
		c.gap("whether the port answers", "no SYN has left this host: the next hop does not answer for its hardware address", "a timeout of 4s, and ip neigh")
	case c.SYNRetransmits != nil:
		c.gap("whether the port answers", fmt.Sprintf("%s is too short to judge: %d of %d SYNs were sent", c.Took.Round(time.Millisecond), *c.SYNRetransmits+1, silentRetransmits+1), "a timeout of 4s")
	case c.Took >= silentPortable:
		c.Verdict = NoAnswer
		c.gap("how often the SYN was sent", "an ordinary dialer does not show it", "Linux, without Prober.Dial")
	default:
		c.gap("whether the port answers", fmt.Sprintf("%s is too short to judge", c.Took.Round(time.Millisecond)), "a timeout of 4s")
	}
}

func (c *Connection) gap(what, why, need string) {
	c.Unseen = append(c.Unseen, Gap{What: what, Why: why, Need: need})
}

func (c *Connection) noICMP() {
	if !c.Portable {
		c.gap("the ICMP code and its sender", "the kernel gave "+c.Errno+" without the packet", "a kernel that reports ICMP errors of TCP sockets")
	}
}

func (c *Connection) local(sentinel error, reason string) {
	c.Verdict = LocalFailure
	c.Fault = &Error{Op: "connect", Target: c.contact().String(), Err: fmt.Errorf("%s: %s: %w", c.Errno, reason, sentinel)}
	c.gap("whether it answers", "this host did not ask", "")
}

// localReason says what an error means that comes from the system call itself.
func localReason(errno string) string {
	switch errno {
	case "ENETUNREACH":
		return "no route to it in this host's routing table"
	case "EHOSTUNREACH":
		return "this host's routing table has an unreachable route for it"
	case "EACCES":
		return "this host's routing table has a prohibit route for it, or a local policy forbids it"
	case "EINVAL":
		return "this host's routing table has a blackhole route for it"
	case "EPERM":
		return "a local packet filter forbids it"
	case "EADDRNOTAVAIL":
		return "no local address or port to send from"
	}
	return "the system call failed"
}

// outOfResources reports whether an error means that this host is short of
// something: never a statement about the target.
func outOfResources(errno string) bool {
	switch errno {
	case "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "EADDRNOTAVAIL", "EADDRINUSE", "EAGAIN", "EAFNOSUPPORT", "ENOSR":
		return true
	}
	return false
}
