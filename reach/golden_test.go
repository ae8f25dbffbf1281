package reach

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/opskit-go/opskit"
)

func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

// silentTo and the others are evidence as a probe on Linux gathers it.
func silentTo(target string) Connection {
	c := Connection{Target: addr(target), TimedOut: true, SYNRetransmits: new(3), SYNTimeouts: new(3), SendFailures: new(0), At: day("2015-12-12"), Took: 4 * time.Second}
	c.Judge()
	return c
}

func openTo(target string) Connection {
	c := Connection{Target: addr(target), Established: true, SYNRetransmits: new(0), Window: new(65160), RTT: 12 * time.Millisecond, At: day("2015-12-12"), Took: 12 * time.Millisecond}
	c.Judge()
	return c
}

func rejectedWith(target string, icmp ICMP) Connection {
	c := Connection{Target: addr(target), Errno: "EHOSTUNREACH", ICMP: &icmp, SYNRetransmits: new(0), At: day("2015-12-12")}
	c.Judge()
	return c
}

func pingOf(target string, replies int) Ping {
	p := Ping{Target: netip.MustParseAddr(target), Sent: 3, Method: "unprivileged", Waited: 4 * time.Second, At: day("2015-12-12")}
	for i := range replies {
		p.Replies = append(p.Replies, Echo{Seq: i, RTT: time.Millisecond, TTL: 60})
	}
	p.Judge()
	return p
}

func rcodes(names ...string) Comparison {
	c := Comparison{Name: site, Type: "A"}
	for i, n := range names {
		a := DNSAnswer{Resolver: fmt.Sprintf("192.0.2.%d:53", 53+i), Rcode: n}
		if n == "NOERROR" {
			a.Data = []string{"192.0.2.80"}
		}
		c.Answers = append(c.Answers, a)
	}
	c.Judge()
	return c
}

func page(at string, status int) HTTPAnswer {
	a := HTTPAnswer{URL: "http://" + site + "/", Method: "HEAD", Host: site, Connection: openTo(at), Status: status}
	a.Judge()
	return a
}

func certified(at string) HTTPAnswer {
	a := page(at, 302)
	a.Proto, a.Header, a.At = "HTTP/1.1", map[string][]string{"Location": {"/diario/ultimas/index.html"}, "Server": {"Apache"}}, day("2015-12-14")
	problem := &opskit.Error{Op: "verify", Target: site, Err: fmt.Errorf("%w: it ended on 2015-12-13 00:00:00", ErrCertificate)}
	a.TLS = &TLS{ServerName: site, Version: "TLS 1.2", Chain: [][]byte{{0x30, 0}}, Findings: []TLSFinding{TLSOutOfTime}, Problem: opskit.Fail(problem)}
	a.Judge()
	return a
}

func counted() Sample {
	s := Sample{Name: site + ":80", At: day("2015-12-12"), Took: time.Second, Addresses: []SampleAddress{
		{Target: addr("192.0.2.80:80"), Tried: 20, Opened: 20, Resent: 1, Median: time.Millisecond, Bound: time.Second},
		{Target: addr("192.0.2.81:80"), Tried: 20, Failed: map[Verdict]int{NoAnswer: 20}},
	}}
	s.Judge()
	return s
}

func traced() Trace {
	end := silentTo("192.0.2.80:80")
	t := Trace{Target: end.Target, End: &end, At: end.At, Hops: []Hop{{Distance: 1, From: netip.MustParseAddr("203.0.113.1"), Took: time.Millisecond}}}
	t.Judge()
	return t
}

func led() Way {
	w := Way{To: netip.MustParseAddr("192.0.2.80"), Route: &Route{Type: "unicast", Gateway: netip.MustParseAddr("203.0.113.1"), Device: "eth0", LinkUp: new(true), Neighbour: "failed"}}
	w.Judge()
	return w
}

func TestGoldenResults(t *testing.T) {
	c := rejectedWith("138.0.155.10:80", ICMP{Type: 3, Code: 13, Name: "admin-prohibited", From: netip.MustParseAddr("203.0.113.1")})
	golden(t, "connection", &c)
	local := Connection{Target: addr("[2001:db8::1]:443"), Via: addr("127.0.0.1:8443"), Errno: "EMFILE", Immediate: true, At: day("2015-12-12"), Took: 1}
	local.Judge()
	golden(t, "connection-local", &local)
	p := pingOf("138.0.155.10", 2)
	golden(t, "ping", &p)
	a := certified("138.0.155.10:80")
	golden(t, "httpanswer", &a)
	d := rcodes("NOERROR", "SERVFAIL")
	d.Answers[0].CNAMEs, d.Answers[0].TTL = []string{"cdn.example."}, time.Minute
	golden(t, "comparison", &d)
	s, tr, w := counted(), traced(), led()
	golden(t, "sample", &s)
	golden(t, "trace", &tr)
	golden(t, "way", &w)
	golden(t, "preflight", &[]opskit.Capability{{Name: "ping", Why: "raw ICMP socket: operation not permitted", Fix: "setcap cap_net_raw+ep PROGRAM"}})
}
