package why

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/reach"
)

const site = "www.pagina12.com.ar"

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

var here = map[bool]netip.Addr{false: netip.MustParseAddr("203.0.113.9"), true: netip.MustParseAddr("2001:db8:9::9")}

// Evidence as a probe on Linux gathers it.
func conn(target string, change func(*reach.Connection)) reach.Connection {
	at := netip.MustParseAddrPort(target)
	c := reach.Connection{Target: at, Source: here[at.Addr().Is6()], SYNRetransmits: new(0), At: day("2015-12-12"), Took: 12 * time.Millisecond}
	change(&c)
	c.Judge()
	return c
}

func silentTo(target string) reach.Connection {
	return conn(target, func(c *reach.Connection) {
		c.TimedOut, c.SYNRetransmits, c.SYNTimeouts, c.Took = true, new(3), new(3), 4*time.Second
	})
}

func openTo(target string) reach.Connection {
	return conn(target, func(c *reach.Connection) {
		c.Established, c.RTT, c.Window = true, 12*time.Millisecond, new(65160)
	})
}

func refusedBy(target string) reach.Connection {
	return conn(target, func(c *reach.Connection) { c.Errno = "ECONNREFUSED" })
}

func rejectedBy(target string, kind, code uint8, from string) reach.Connection {
	return conn(target, func(c *reach.Connection) {
		c.Errno, c.ICMP = "EHOSTUNREACH", &reach.ICMP{Type: kind, Code: code, From: netip.MustParseAddr(from)}
	})
}

// nobody is the error that this host sends itself when no neighbour answers.
func nobody(target, gateway string) reach.Connection {
	return conn(target, func(c *reach.Connection) {
		kind, code := uint8(3), uint8(1)
		if c.Target.Addr().Is6() {
			kind, code = 1, 3
		}
		c.Errno, c.ICMP = "EHOSTUNREACH", &reach.ICMP{Type: kind, Code: code, From: c.Source}
		if gateway != "" {
			c.Route = &reach.Route{Type: "unicast", Gateway: netip.MustParseAddr(gateway), Device: "eth0"}
		}
	})
}

func localTo(target, errno string) reach.Connection {
	return conn(target, func(c *reach.Connection) { c.Errno, c.Immediate, c.SYNRetransmits = errno, true, nil })
}

func pingOf(target string, replies int) reach.Ping {
	p := reach.Ping{Target: netip.MustParseAddr(target), Sent: 3, Method: "unprivileged", Waited: 4 * time.Second, At: day("2015-12-12")}
	for i := range replies {
		p.Replies = append(p.Replies, reach.Echo{Seq: i, RTT: time.Millisecond, TTL: 60})
	}
	return p
}

func dns(kind string, rcodes ...string) reach.Comparison {
	c := reach.Comparison{Name: site, Type: kind}
	for i, rcode := range rcodes {
		a := reach.DNSAnswer{Resolver: fmt.Sprintf("192.0.2.%d:53", 53+i), Rcode: rcode, At: day("2015-12-12")}
		switch rcode {
		case "NOERROR":
			a.Data = []string{map[string]string{"A": "138.0.155.10", "AAAA": "2001:db8::10"}[kind]}
		case "NODATA":
			a.Rcode = "NOERROR"
		case "silence":
			a.Rcode, a.TimedOut, a.Queries, a.Took = "", true, 3, 4*time.Second
		case "ENETUNREACH", "ECONNREFUSED":
			a.Rcode, a.Errno = "", rcode
		case "bogus":
			a.Rcode, a.Unchecked = "SERVFAIL", "NOERROR"
		}
		c.Answers = append(c.Answers, a)
	}
	c.Judge()
	return c
}

// at gives all answers to one resolver.
func at(resolver string, c reach.Comparison) reach.Comparison {
	for i := range c.Answers {
		c.Answers[i].Resolver = resolver
	}
	return c
}

func answer(scheme, target string, change func(*reach.HTTPAnswer)) reach.HTTPAnswer {
	a := reach.HTTPAnswer{URL: scheme + "://" + site + "/", Method: "HEAD", Host: site, Connection: openTo(target), At: day("2015-12-12"), FirstByte: 20 * time.Millisecond, Took: 40 * time.Millisecond}
	if scheme == "https" {
		a.TLS = &reach.TLS{ServerName: site, Version: "TLS 1.3", Chain: [][]byte{{0x30, 0}}}
	}
	change(&a)
	a.Judge()
	return a
}

func page(target string, status int) reach.HTTPAnswer {
	scheme := "http"
	if netip.MustParseAddrPort(target).Port() == 443 {
		scheme = "https"
	}
	return answer(scheme, target, func(a *reach.HTTPAnswer) { a.Status, a.Proto = status, "HTTP/1.1" })
}

func marked(target string, status int, name, value string) reach.HTTPAnswer {
	a := page(target, status)
	a.Header = map[string][]string{name: {value}}
	return a
}

func muteAt(target string, acked bool) reach.HTTPAnswer {
	a := page(target, 0)
	a.Status, a.FirstByte, a.TimedOut, a.RequestAcked, a.Took = 0, 0, true, &acked, 4*time.Second
	return a
}

func small(a reach.HTTPAnswer) reach.HTTPAnswer {
	a.MaxSegment = 536
	return a
}

func badAt(target string, findings ...reach.TLSFinding) reach.HTTPAnswer {
	a := page(target, 200)
	a.TLS.Findings = findings
	a.TLS.Problem = opskit.Fail(&opskit.Error{Op: "verify", Target: site, Err: fmt.Errorf("%w: %v", reach.ErrCertificate, findings)})
	return a
}

func controlOf(url string, change func(*reach.HTTPAnswer)) reach.HTTPAnswer {
	return answer("http", "203.0.113.80:80", func(a *reach.HTTPAnswer) {
		a.URL, a.Host, a.Method, a.Status = url, "known.example", "GET", 200
		change(a)
	})
}

func way(to string, change func(*reach.Route)) reach.Way {
	w := reach.Way{To: netip.MustParseAddr(to), Route: &reach.Route{Type: "unicast", Gateway: netip.MustParseAddr("203.0.113.1"), Device: "eth0", LinkUp: new(true), Neighbour: "reachable"}}
	change(w.Route)
	w.Judge()
	return w
}
