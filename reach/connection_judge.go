package reach

import (
	"fmt"
	"slices"
	"time"

	"github.com/opskit-go/opskit"
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

// Judge sets Verdict, Fault and Undecided from the other fields, which it does
// not change. It is pure: saved evidence gives the same verdict anywhere.
func (c *Connection) Judge() opskit.Level {
	c.Verdict, c.Fault, c.Undecided = Unknown, opskit.Failure{}, nil
	v6 := c.contact().Addr().Is6()
	switch {
	case c.Established:
		c.Verdict = Open
		if c.Window != nil && *c.Window == 0 {
			c.gap("whether anything serves behind the handshake", "it takes no data yet (window 0), as a SYN proxy that answers in its place does", "a request over it")
		}
	case c.ICMP != nil:
		c.judgeICMP(v6)
	case c.Errno != "":
		c.judgeErrno(v6)
	case c.TimedOut:
		c.judgeSilence()
	default:
		c.gap("whether the port answers", "nothing was asked, or it was ended before anything came back", "a new attempt")
	}
	if c.Verdict == Refused && !c.contact().Addr().IsLoopback() {
		c.gap("who sent the reset", "a firewall can send it in the host's name", "a capture: compare its TTL with that of an open port")
	}
	if c.Portable {
		switch c.Verdict {
		case Refused, Unreachable, Prohibited:
			c.gap("the ICMP code and its sender", "an ordinary dialer shows only an error number", "Linux, without a dialer of one's own")
		}
	}
	return c.Level()
}

// ours tells whether the error was made by this host, which is not the target.
func (c *Connection) ours() bool {
	return c.ICMP != nil && c.ICMP.From.IsValid() && c.ICMP.From == c.Source && c.Source != c.contact().Addr()
}

func (c *Connection) judgeICMP(v6 bool) {
	switch {
	case c.ours() && c.ICMP.HostUnreachable(v6) && c.Route != nil && c.Route.Gateway.IsValid():
		c.local(ErrNoRoute, fmt.Sprintf("the gateway %s does not answer on this host's own link (%s)", c.Route.Gateway, c.Route.Device))
	case c.ours() && c.ICMP.HostUnreachable(v6):
		// The kernel sends itself this one when no neighbour answers, and a
		// local reject rule can look the same.
		c.Verdict = Unreachable
		if c.Route == nil {
			c.gap("whether it is the target or the gateway that does not answer", "the error came from this host, and its route was not looked up", "ip route get "+c.contact().Addr().String())
		}
		c.gap("whether a local packet filter made the error", "it came from this host, as it does when no neighbour answers for the address", "ip neigh; nft list ruleset")
	case c.ours():
		c.local(ErrNoRoute, c.ICMP.name()+" came from this host's own packet filter")
	case c.ICMP.prohibits(v6):
		c.Verdict = Prohibited
	default:
		c.Verdict = Unreachable
	}
}

func (c *Connection) judgeErrno(v6 bool) {
	switch {
	case outOfResources(c.Errno):
		c.local(ErrLocal, c.Errno+": the verdict on the target is open: retry when this host has room")
	case c.Errno == "ECONNREFUSED", c.Errno == "ECONNRESET":
		c.Verdict = Refused
	case c.Immediate, c.Errno == "EACCES" && !v6, c.Errno == "EPERM":
		c.local(ErrNoRoute, c.Errno+": "+c.localReason())
	case c.Portable && slices.Contains([]string{"ENETUNREACH", "EHOSTUNREACH", "EACCES"}, c.Errno) && c.Took < time.Millisecond:
		// A local route's answer and a nearby router's cannot be told apart here.
		c.gap("whether this host or a router refused to send", "an ordinary dialer shows only "+c.Errno, "Linux, without a dialer of one's own")
	case c.Errno == "EACCES":
		c.Verdict = Prohibited
		c.noICMP()
	case c.Errno == "ETIMEDOUT":
		c.judgeSilence() // the kernel itself gave up, perhaps after a single SYN
	case unreachableErrno(c.Errno):
		c.Verdict = Unreachable
		c.noICMP()
	default:
		c.gap("whether the port answers", "the connection failed with "+c.Errno, "")
	}
}

// unreachableErrno tells the errors that an ICMP error becomes.
func unreachableErrno(name string) bool {
	return slices.Contains([]string{"ENETUNREACH", "EHOSTUNREACH", "ENOPROTOOPT", "EPROTO", "EHOSTDOWN", "ENONET", "EOPNOTSUPP"}, name)
}

func (c *Connection) judgeSilence() {
	const port, longer = "whether the port answers", "a timeout of 4s"
	took := c.Took.Round(time.Millisecond)
	sent := c.SYNRetransmits
	switch {
	case c.Strays > 0:
		c.gap(port, fmt.Sprintf("something came back that this host's kernel did not accept (segments: %d), such as a reset for another connection", c.Strays), "a capture: tcpdump host "+c.contact().Addr().String())
	case sent != nil && *sent == 0 && c.SYNTimeouts != nil && *c.SYNTimeouts > 0:
		who := "the next hop"
		if c.Route != nil && c.Route.Gateway.IsValid() {
			who = "the gateway " + c.Route.Gateway.String()
		}
		c.gap(port, "no SYN has left this host: "+who+" does not answer for its hardware address", longer+", and ip neigh")
	case sent != nil && c.SendFailures != nil && *c.SendFailures > 0 && *c.SendFailures >= *sent:
		c.gap(port, fmt.Sprintf("this host's kernel could not send %d segments meanwhile (TCPRetransFail), as many as it was to send again, as with a local packet filter that drops them", *c.SendFailures), "nft list ruleset; iptables-save")
	case sent != nil && *sent >= silentRetransmits:
		c.Verdict = NoAnswer
		if c.Took < neighbourGivesUp {
			c.gap("a late \"host unreachable\"", fmt.Sprintf("a router that looks for the host needs 3.1 s, this waited %s", took), longer)
		}
	case sent != nil:
		c.gap(port, fmt.Sprintf("%s is too short to judge: %d of %d SYNs were sent", took, *sent+1, silentRetransmits+1), longer)
	case c.Took >= silentPortable:
		c.Verdict = NoAnswer
		c.gap("how often the SYN was sent", "an ordinary dialer does not show it", "Linux, without a dialer of one's own")
	default:
		c.gap(port, fmt.Sprintf("%s is too short to judge", took), longer)
	}
}

func (c *Connection) gap(what, why, need string) {
	c.Undecided = append(c.Undecided, opskit.Gap{What: what, Why: why, Need: need})
}

func (c *Connection) noICMP() {
	if !c.Portable {
		c.gap("the ICMP code and its sender", "the kernel gave "+c.Errno+" without the packet", "a kernel that reports ICMP errors of TCP sockets")
	}
}

func (c *Connection) local(sentinel error, reason string) {
	c.Verdict = LocalFailure
	c.Fault = opskit.Fail(fail("connect", c.contact(), fmt.Errorf("%s: %w", reason, sentinel)))
	c.gap("whether it answers", "this host did not ask", "")
}

// localReason says what an error means that comes from the system call itself,
// by the kernel's own answer on the route where there is one.
func (c *Connection) localReason() string {
	if c.Route != nil && c.Route.Type != "" && c.Route.Type != "unicast" {
		return "this host's routing says of the address: " + c.Route.Type
	}
	switch c.Errno {
	case "ENETUNREACH":
		return "no route to it in this host's routing tables, or it is an address that TCP cannot connect to"
	case "EHOSTUNREACH":
		return "this host's routing has an unreachable route for it"
	case "EACCES":
		return "this host's routing has a prohibit route for it, or a local policy forbids it"
	case "EINVAL":
		return "the kernel does not take the address: a blackhole route, or one that lacks its link"
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
