package why

import (
	"errors"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/reach"
)

// outages are what one who looked from outside could have gathered in outages that
// were published, each with what may be said. Anything else is made up.
func outages() map[string]outage {
	causes := func(list ...Cause) []Cause { return list }
	verdicts := func(list ...Verdict) []Verdict { return list }
	comparisons := func(list ...reach.Comparison) []reach.Comparison { return list }
	connections := func(list ...reach.Connection) []reach.Connection { return list }
	pages := func(list ...reach.HTTPAnswer) []reach.HTTPAnswer { return list }
	down, partly := verdicts(VerdictDown), verdicts(VerdictPartly)
	unproven := verdicts(VerdictDown, VerdictUnknown, VerdictPartly)
	unknown := causes(CauseUnknown)
	// A page that was asked for over https, with the marks of who sent it.
	served := func(status int, marks ...string) Case {
		a := page(v4s, status)
		a.Header = map[string][]string{}
		for i := 0; i < len(marks); i += 2 {
			a.Header[http.CanonicalHeaderKey(marks[i])] = []string{marks[i+1]}
		}
		return Case{DNS: solved, Controls: up, Connections: connections(openTo(v4s)), HTTP: pages(a)}
	}
	plain := func(c Case) Case { // the same over http
		for i := range c.HTTP {
			c.HTTP[i].TLS, c.HTTP[i].URL = nil, "http://"+site+"/"
			c.HTTP[i].Connection, c.Connections[i] = openTo(v4), openTo(v4)
		}
		return c
	}
	works := Case{From: "ber", DNS: solved, Controls: up, Connections: connections(openTo(v4s)), HTTP: pages(page(v4s, 200))}
	and := func(c Case, change func(*Case)) Case { change(&c); return c }
	elsewhere := func(c Case, others ...Case) Case { c.Elsewhere = others; return c }
	named := func(c reach.Comparison, name string, data ...string) reach.Comparison {
		c.Name = name
		for i := range c.Answers {
			c.Answers[i].Data = data
		}
		return c
	}
	leadsTo := func(addresses ...string) reach.Comparison { return named(dns("A", "NOERROR"), site, addresses...) }
	failed := func(change func(*reach.HTTPAnswer)) Case {
		return Case{DNS: solved, Controls: up, Connections: connections(openTo(v4s)), HTTP: pages(answer("https", v4s, change))}
	}
	certificate := func(findings ...reach.TLSFinding) Case {
		return Case{DNS: solved, Controls: up, Connections: connections(openTo(v4s)), HTTP: pages(badAt(v4s, findings...))}
	}
	controlTLS := func(findings ...reach.TLSFinding) []reach.HTTPAnswer {
		return pages(controlOf("https://known.example/", func(a *reach.HTTPAnswer) {
			a.TLS = page(v4s, 200).TLS
			if len(findings) > 0 {
				a.TLS = badAt(v4s, findings...).TLS
			}
		}))
	}
	stopped := func(from string) reach.Trace {
		return reach.Trace{Target: netip.MustParseAddrPort(v4s), Hops: []reach.Hop{{Distance: 1, From: netip.MustParseAddr("203.0.113.1")}, {Distance: 2, From: netip.MustParseAddr(from)}, {Distance: 3}, {Distance: 4}, {Distance: 5}, {Distance: 6}}, End: new(silentTo(v4s)), At: day("2015-12-12")}
	}
	sampled := func(list ...reach.SampleAddress) Case {
		c := Case{DNS: solved, Controls: up, Samples: []reach.Sample{{Name: site, Addresses: list, At: day("2015-12-12")}}}
		return c
	}
	target := netip.MustParseAddrPort
	silent := Case{DNS: solved, Controls: up, Connections: connections(silentTo(v4), silentTo(v4s))}
	bothFamilies := comparisons(dns("A", "NOERROR"), dns("AAAA", "NOERROR"))

	return map[string]outage{
		"facebook 2021-10-04: its routes are gone, and its name servers with them": {Case{DNS: comparisons(dns("A", "SERVFAIL", "SERVFAIL", "SERVFAIL")), Controls: up}, down, causes(CauseResolution)},
		"akamai 2021-07-22: no name, and the address of yesterday serves":          {Case{DNS: comparisons(dns("A", "SERVFAIL", "SERVFAIL")), Controls: up, Connections: connections(openTo(v4s)), HTTP: pages(page(v4s, 200))}, verdicts(VerdictPartly, VerdictDown), causes(CauseResolution)},
		"dyn 2016-10-21: one resolver has it in its cache": {and(works, func(c *Case) {
			c.DNS = comparisons(dns("A", "SERVFAIL", "NOERROR"))
			c.DNS[0].Answers[0].Unchecked = "SERVFAIL"
		}), partly, causes(CauseUnknown, CauseResolution)},
		"azure 2021-04-01: the resolver waits for its name servers in vain": {Case{DNS: comparisons(dns("A", "silence")), Controls: up, ControlDNS: comparisons(named(dns("A", "NOERROR"), "known.example", "203.0.113.80"))}, down, causes(CauseUnknown, CauseResolution)},
		"dynamodb 2025-10-20: an empty record":                              {Case{DNS: comparisons(dns("A", "NODATA", "NODATA"), dns("AAAA", "NODATA", "NODATA")), Controls: up}, down, causes(CauseResolution)},
		"slack 2021-09-30: those that validate see nothing":                 {and(works, func(c *Case) { c.DNS = comparisons(dns("A", "bogus", "NOERROR")) }), partly, causes(CauseResolution, CauseUnknown)},
		".nz 2023-05-29: every validating resolver":                         {Case{DNS: comparisons(dns("A", "bogus", "bogus")), Controls: up}, down, causes(CauseResolution)},
		"nasa.gov 2012-01-18: one's own provider validates":                 {Case{DNS: comparisons(dns("A", "bogus")), Controls: up}, down, causes(CauseResolution)},
		"zoom.us 2025-04-16: the registry holds the domain":                 {Case{DNS: comparisons(dns("A", "NXDOMAIN", "NXDOMAIN"), dns("AAAA", "NXDOMAIN", "NXDOMAIN")), Controls: up}, down, causes(CauseResolution)},
		"site finder 2003: a name that does not exist leads to a page": {and(plain(served(200)), func(c *Case) {
			c.DNS = comparisons(leadsTo("138.0.155.10"))
			c.NoSuchDNS = comparisons(named(dns("A", "NOERROR"), "nxd7k2q.example", "138.0.155.10"))
		}), unproven, causes(CauseUnknown, CauseResolution, CauseResolver, CausePortal)},
		"a blocklist's answer: this very host":                           {Case{DNS: comparisons(leadsTo("127.0.0.1")), Controls: up, Connections: connections(conn("127.0.0.1:443", func(c *reach.Connection) { c.Errno, c.Source = "ECONNREFUSED", netip.MustParseAddr("127.0.0.1") }))}, down, causes(CauseUnknown, CauseResolution, CauseResolver, CauseThisHost)},
		"split horizon without the VPN: an address of another's network": {Case{DNS: comparisons(leadsTo("10.20.30.40")), Controls: up, Connections: connections(silentTo("10.20.30.40:443"))}, down, unknown},
		"the same, and this provider's router knows no way":              {Case{DNS: comparisons(leadsTo("10.20.30.40")), Controls: up, Connections: connections(rejectedBy("10.20.30.40:443", 3, 1, router))}, down, causes(CauseUnknown, CausePath)},
		"myetherwallet 2018-04-24: one resolver leads to strangers": {and(works, func(c *Case) {
			c.DNS = comparisons(dns("A", "NOERROR", "NOERROR"))
			c.DNS[0].Answers[0].Data = []string{"46.161.42.42"}
			c.Connections = append(c.Connections, openTo("46.161.42.42:443"))
			c.HTTP = append(c.HTTP, badAt("46.161.42.42:443", reach.TLSUnknownIssuer))
		}), partly, causes(CauseUnknown, CauseCertificate, CauseResolver, CauseResolution)},
		"a domain that ran out: the registrar's page": {and(certificate(reach.TLSOtherName), func(c *Case) {
			c.DownSince = day("2015-12-11")
			c.Nameservers = &Change{Before: "ns1.example", After: "ns1.parking.example", LastBefore: day("2015-12-10"), Source: "whois"}
			c.Address = &Change{Before: "190.57.233.170", After: "138.0.155.10", LastBefore: day("2015-12-10"), Source: "DNS"}
		}), down, causes(CauseUnknown, CauseCertificate)},

		"fastly 2021-06-08: the edge itself":                       {served(503, "Via", "1.1 varnish", "X-Served-By", "cache-ams21050-AMS", "X-Cache", "MISS"), down, causes(CauseUnknown, CauseApplication)},
		"cloudflare 2019-07-02: its own 502":                       {served(502, "Server", "cloudflare", "Cf-Ray", "4efd-AMS"), down, causes(CauseUnknown, CauseApplication)},
		"cloudflare 2025-11-18: its own 500":                       {served(500, "Server", "cloudflare", "Cf-Ray", "9a0b-AMS"), down, causes(CauseUnknown, CauseApplication)},
		"front door 2025-10-29: an edge without its configuration": {served(503, "X-Azure-Ref", "20251029T1600Z"), down, causes(CauseUnknown, CauseApplication)},
		"cloudflare's 523: no way to the origin":                   {served(523, "Server", "cloudflare", "Cf-Ray", "9a0b-AMS"), down, causes(CauseOrigin)},
		"cloudflare's 526: the origin's certificate":               {served(526, "Server", "cloudflare", "Cf-Ray", "9a0b-AMS"), down, causes(CauseOrigin)},
		"cloudfront's 502 by its origin's certificate":             {served(502, "X-Amz-Cf-Id", "x", "X-Cache", "Error from cloudfront"), down, causes(CauseOrigin)},
		"cloudfront's 503: its capacity, or the origin":            {served(503, "X-Amz-Cf-Id", "x", "X-Cache", "Error from cloudfront"), down, causes(CauseUnknown, CauseApplication)},
		"a load balancer without targets":                          {served(503, "Server", "awselb/2.0"), down, causes(CauseApplication, CauseUnknown)},
		"stack overflow 2016-07-20: the balancer has no server":    {served(503), down, causes(CauseApplication)},
		"google 2020-12-14: whoever logs in":                       {served(500), down, causes(CauseApplication)},
		"flexible TLS: the page leads to itself":                   {served(301, "Location", "https://"+site+"/"), verdicts(VerdictDown, VerdictUnknown), causes(CauseApplication, CauseUnknown)},
		"the page leads to itself, by another spelling":            {served(302, "Location", "/"), verdicts(VerdictDown, VerdictUnknown), causes(CauseApplication, CauseUnknown)},
		"a challenge for robots":                                   {served(403, "Server", "cloudflare", "Cf-Ray", "9a", "Cf-Mitigated", "challenge"), verdicts(VerdictDown, VerdictUnknown, VerdictWorks, VerdictDegraded), causes(CauseUnknown, CauseNothing)},
		"2018-05-25: a newspaper for others only, 451":             {served(451), verdicts(VerdictDown, VerdictUnknown), causes(CauseUnknown, CauseFiltered)},
		"github 2018-10-21: old data":                              {served(200), verdicts(VerdictWorks), causes(CauseNothing)},
		"roblox 2021-10-28: a 503, and the press speaks of work": {and(served(503), func(c *Case) {
			c.Evidence = []Evidence{{Fact: "maintenance", Source: "press", For: []Cause{CauseMaintenance}}}
		}), down, causes(CauseUnknown, CauseApplication)},
		"the same, by its operator": {and(served(503, "Retry-After", "3600"), func(c *Case) {
			c.Evidence = []Evidence{{Fact: "maintenance", Source: "operator", Certain: true, For: []Cause{CauseMaintenance}}}
		}), down, causes(CauseMaintenance)},
		"github 2018-02-28: silent, and the press speaks of a flood": {and(silent, func(c *Case) { c.Evidence = []Evidence{{Fact: "a flood", Source: "press", For: []Cause{CauseAttack}}} }), down, unknown},
		"the provider's proxy refuses all pages": {and(plain(served(503, "X-Squid-Error", "ERR_CONNECT_FAIL 111")), func(c *Case) {
			c.Controls = nil
			c.ControlHTTP = pages(controlOf("http://known.example/", func(a *reach.HTTPAnswer) {
				a.Status, a.Header = 503, map[string][]string{"X-Squid-Error": {"ERR_CONNECT_FAIL 111"}}
			}))
		}), unproven, causes(CauseUnknown, CausePortal, CauseThisHost, CauseEgressFilter)},

		"teams 2020-02-03: a certificate that ran out": {certificate(reach.TLSOutOfTime), down, causes(CauseCertificate)},
		"2021-09-30: an old root, and only here":       {elsewhere(certificate(reach.TLSUnknownIssuer), works), down, causes(CauseUnknown, CauseThisHost)},
		"tick.usno 2012-11-19: this clock went back": {and(certificate(reach.TLSOutOfTime), func(c *Case) {
			c.HTTP[0].At = day("2000-11-19")
			c.HTTP[0].Header = map[string][]string{"Date": {"Mon, 19 Nov 2012 21:12:00 GMT"}}
		}), verdicts(VerdictDown, VerdictUnknown), causes(CauseUnknown, CauseThisHost)},
		"kazakhstan 2019-07-17: another issuer for some sites": {elsewhere(and(certificate(reach.TLSUnknownIssuer), func(c *Case) { c.ControlHTTP = controlTLS() }), works), down, causes(CauseUnknown, CausePortal)},
		"an office that reads TLS":                             {and(certificate(reach.TLSUnknownIssuer), func(c *Case) { c.ControlHTTP = controlTLS(reach.TLSUnknownIssuer) }), down, causes(CausePortal, CauseThisHost)},
		"a hotel: its name for all":                            {and(certificate(reach.TLSOtherName), func(c *Case) { c.Controls, c.ControlHTTP = nil, controlTLS(reach.TLSOtherName) }), down, causes(CausePortal)},

		"china: reset at the server's name": {elsewhere(failed(func(a *reach.HTTPAnswer) { a.TLS, a.Ended = &reach.TLS{ServerName: site}, "ECONNRESET" }), works), down, causes(CauseUnknown, CauseFiltered)},
		"russia 2025-06: 16 KB and no more": {elsewhere(failed(func(a *reach.HTTPAnswer) {
			a.Method, a.Status, a.BodySize, a.BodyEnded = "GET", 200, 16000, "timed_out"
		}), works), verdicts(VerdictDown, VerdictPartly, VerdictUnknown), causes(CauseUnknown, CauseFiltered)},
		"pakistan 2008-02-24: a router knows no way": {elsewhere(Case{DNS: solved, Controls: up, Connections: connections(rejectedBy(v4, 3, 0, router), rejectedBy(v4s, 3, 0, router))}, works), down, causes(CausePath)},
		"a loop between two providers, IPv6":         {Case{DNS: bothFamilies, Controls: up6, Connections: connections(openTo(v4s), rejectedBy(v6s, 3, 0, "2001:db8:1::1")), HTTP: pages(page(v4s, 200))}, partly, causes(CausePath)},
		"cogent and hurricane: no way over IPv6":     {Case{DNS: bothFamilies, Controls: up6, Connections: connections(openTo(v4s), rejectedBy(v6s, 1, 0, "2001:db8:1::1")), HTTP: pages(page(v4s, 200))}, partly, causes(CausePath)},
		"centurylink 2020-08-30: silent from here":   {elsewhere(and(silent, func(c *Case) { c.Traces = []reach.Trace{stopped("4.69.140.1")} }), works), down, causes(CauseUnknown, CausePath)},
		"cloudflare 2022-06-21: another place of theirs works": {elsewhere(silent, and(works, func(c *Case) {
			c.Connections, c.HTTP = connections(openTo("138.0.155.99:443")), pages(page("138.0.155.99:443", 200))
		})), down, unknown},
		"delta 2016-08-08: a building without power":                 {elsewhere(and(silent, func(c *Case) { c.Pings = []reach.Ping{pingOf("138.0.155.10", 0)} }), and(silent, func(c *Case) { c.From = "ber" })), down, unknown},
		"strasbourg 2021-03-10: the last router finds nobody":        {elsewhere(Case{DNS: solved, Controls: up, Connections: connections(rejectedBy(v4s, 3, 1, router))}, Case{From: "ber", Controls: up, Connections: connections(rejectedBy(v4s, 3, 1, router))}), down, causes(CauseHostDown)},
		"rogers 2022-07-08: the gateway is there, nothing behind it": {Case{DNS: comparisons(dns("A", "silence")), Connections: connections(silentTo(v4s)), Controls: connections(silentTo("203.0.113.80:443")), Ways: []reach.Way{way("138.0.155.10", func(*reach.Route) {})}}, down, causes(CauseThisHost)},
		"optus 2023-11-08: nobody else was asked":                    {Case{DNS: comparisons(dns("A", "silence")), Connections: connections(silentTo(v4s)), Ways: []reach.Way{way("138.0.155.10", func(*reach.Route) {})}}, down, causes(CauseUnknown, CauseThisHost)},
		"verizon 2019-06-24: a leak that loses":                      {sampled(reach.SampleAddress{Target: target(v4s), Tried: 200, Opened: 196, Resent: 28, Failed: map[reach.Verdict]int{reach.NoAnswer: 4}, Median: 14 * time.Millisecond, Bound: 3 * time.Second}), verdicts(VerdictDegraded, VerdictPartly), causes(CauseUnknown, CausePath)},
		"google 2019-06-02: one address of three":                    {sampled(reach.SampleAddress{Target: target(v4s), Tried: 100, Opened: 100, Median: 14 * time.Millisecond}, reach.SampleAddress{Target: target("138.0.155.11:443"), Tried: 100, Failed: map[reach.Verdict]int{reach.NoAnswer: 100}}), partly, unknown},

		"a provider without port 25: only the target was asked there": {Case{DNS: solved, Controls: up, Connections: connections(silentTo("138.0.155.10:25"))}, down, unknown},
		"an office without port 22: everybody refuses it":             {Case{DNS: solved, Controls: connections(openTo("203.0.113.80:443"), refusedBy("203.0.113.80:22")), Connections: connections(refusedBy("138.0.155.10:22"), openTo(v4s))}, verdicts(VerdictPartly, VerdictDown), causes(CauseEgressFilter)},
		"firewalld: prohibited over IPv6 alone":                       {Case{DNS: bothFamilies, Controls: up6, Connections: connections(openTo(v4s), rejectedBy(v6s, 1, 1, "2001:db8::10")), HTTP: pages(page(v4s, 200))}, partly, causes(CauseFiltered)},
		"fail2ban: port 22, and only for this host":                   {elsewhere(Case{DNS: solved, Controls: up, Connections: connections(rejectedBy("138.0.155.10:22", 3, 3, "138.0.155.10"), openTo(v4s))}, Case{From: "ber", Connections: connections(openTo("138.0.155.10:22"))}), partly, causes(CauseFiltered)},
		"a queue that is full, on a host that answers":                {Case{DNS: solved, Controls: up, Connections: connections(silentTo(v4s), openTo("138.0.155.10:22")), Pings: []reach.Ping{pingOf("138.0.155.10", 3)}}, verdicts(VerdictDown, VerdictPartly), unknown},
		"this host's own rule drops it": {Case{DNS: solved, Controls: up, Connections: connections(conn(v4s, func(c *reach.Connection) {
			c.TimedOut, c.SYNRetransmits, c.SYNTimeouts, c.SendFailures, c.Took = true, new(3), new(3), new(4), 4*time.Second
		}))}, unproven, causes(CauseThisHost, CauseUnknown)}, // the counter is of the whole namespace
		"no descriptors left here":                          {Case{DNS: solved, Controls: up, Connections: connections(localTo(v4s, "EMFILE"))}, verdicts(VerdictDown, VerdictUnknown), causes(CauseThisHost, CauseUnknown)},
		"PPPoE: the certificate is too big":                 {Case{DNS: solved, Controls: up, Connections: connections(openTo(v4s)), HTTP: pages(muteAt(v4s, true), small(page(v4s, 200)))}, down, causes(CauseMTU)},
		"a tunnel: the request is too big":                  {Case{DNS: solved, Controls: up, Connections: connections(openTo(v4s)), HTTP: pages(muteAt(v4s, false), small(page(v4s, 200)))}, down, causes(CauseMTU)},
		"a tunnel broker: over IPv6 alone, and IPv4 works":  {Case{DNS: bothFamilies, Controls: up6, Connections: connections(openTo(v4s), openTo(v6s)), HTTP: pages(page(v4s, 200), muteAt(v6s, true))}, partly, unknown},
		"the same, asked with small segments":               {Case{DNS: bothFamilies, Controls: up6, Connections: connections(openTo(v4s), openTo(v6s)), HTTP: pages(page(v4s, 200), muteAt(v6s, true), small(page(v6s, 200)))}, partly, causes(CauseMTU)},
		"a flood that the host takes: reset at the request": {failed(func(a *reach.HTTPAnswer) { a.TLS, a.Ended = nil, "ECONNRESET" }), down, unknown},
		"no IPv4 here, no IPv6 there":                       {Case{DNS: solved, Controls: connections(openTo("[2001:db8:80::1]:443")), Connections: connections(localTo(v4s, "ENETUNREACH"))}, down, causes(CauseThisHost, CauseUnknown)},

		"a server that wants the client's certificate (TLS 1.2)": {failed(func(a *reach.HTTPAnswer) {
			a.TLS = &reach.TLS{ServerName: site, Failure: opskit.Fail(&opskit.Error{Op: "handshake", Err: errors.New("remote error: tls: bad certificate")})}
		}), down, causes(CauseUnknown, CauseFiltered)},
		"the same by TLS 1.3: after the handshake": {failed(func(a *reach.HTTPAnswer) {
			a.TLS.Failure = opskit.Fail(&opskit.Error{Op: "handshake", Err: errors.New("remote error: tls: certificate required")})
		}), down, causes(CauseUnknown, CauseFiltered)},
		"one of two servers is broken": {and(works, func(c *Case) {
			c.Connections, c.HTTP = append(c.Connections, openTo("138.0.155.11:443")), append(c.HTTP, page("138.0.155.11:443", 500))
		}), partly, causes(CauseApplication)},
		"one of two has the old certificate": {and(works, func(c *Case) {
			c.Connections, c.HTTP = append(c.Connections, openTo("138.0.155.11:443")), append(c.HTTP, badAt("138.0.155.11:443", reach.TLSOutOfTime))
		}), partly, causes(CauseCertificate)},
		"no echo reply, and the page":   {and(works, func(c *Case) { c.Pings = []reach.Ping{pingOf("138.0.155.10", 0)} }), verdicts(VerdictWorks), causes(CauseNothing)},
		"a control that is down itself": {and(works, func(c *Case) { c.Controls = connections(silentTo("203.0.113.80:443")) }), verdicts(VerdictWorks), causes(CauseNothing)},
		"one resolver of two is silent": {and(works, func(c *Case) { c.DNS = comparisons(dns("A", "NOERROR", "silence")) }), verdicts(VerdictPartly, VerdictDegraded, VerdictWorks), causes(CauseResolver, CauseUnknown)},
		"some see it and some do not":   {elsewhere(silent, works, and(silent, func(c *Case) { c.From = "par" })), down, unknown},
		"behind a SYN proxy, and it serves": {and(works, func(c *Case) {
			c.Connections = connections(conn(v4s, func(c *reach.Connection) { c.Established, c.Window = true, new(0) }))
		}), verdicts(VerdictWorks), causes(CauseNothing)},
		"this provider's own router prohibits port 25": {Case{DNS: solved, Controls: up, Connections: connections(rejectedBy("138.0.155.10:25", 3, 13, "203.0.113.1"))}, down, causes(CauseFiltered, CauseEgressFilter)},
		"firewalld 0.9: host-prohibited by the host":   {Case{DNS: solved, Controls: up, Connections: connections(rejectedBy(v4s, 3, 10, "138.0.155.10"))}, down, causes(CauseFiltered)},
		"a host without TCP: protocol unreachable":     {Case{DNS: solved, Controls: up, Connections: connections(rejectedBy(v4s, 3, 2, "138.0.155.10"))}, down, causes(CauseUnknown, CauseFiltered, CauseServiceDown)},
		"source address failed ingress policy":         {Case{Controls: up6, Connections: connections(rejectedBy(v6s, 1, 5, "2001:db8:1::1"))}, down, causes(CauseFiltered, CauseUnknown, CausePath)},
		"a satellite: the kernel sends twice":          {sampled(reach.SampleAddress{Target: target(v4s), Tried: 40, Opened: 40, Resent: 40, Median: 2900 * time.Millisecond, Bound: 3200 * time.Millisecond}), verdicts(VerdictDegraded), unknown},
		"one server of three, half of the time":        {sampled(reach.SampleAddress{Target: target(v4s), Tried: 100, Opened: 100}, reach.SampleAddress{Target: target("138.0.155.11:443"), Tried: 100, Opened: 51, Failed: map[reach.Verdict]int{reach.NoAnswer: 49}}), verdicts(VerdictDegraded, VerdictPartly), unknown},
		"a service that restarts: a third is refused":  {sampled(reach.SampleAddress{Target: target(v4s), Tried: 90, Opened: 60, Failed: map[reach.Verdict]int{reach.Refused: 30}}), verdicts(VerdictDegraded, VerdictPartly), causes(CauseUnknown, CauseServiceDown, CauseApplication)},
		"a sample that is refused":                     {sampled(reach.SampleAddress{Target: target(v4s), Tried: 30, Failed: map[reach.Verdict]int{reach.Refused: 30}}), down, causes(CauseServiceDown)},
		"a sample that is prohibited":                  {sampled(reach.SampleAddress{Target: target(v4s), Tried: 30, Failed: map[reach.Verdict]int{reach.Prohibited: 30}}), down, causes(CauseFiltered)},
		"a sample without descriptors":                 {sampled(reach.SampleAddress{Target: target(v4s), Tried: 30, Failed: map[reach.Verdict]int{reach.LocalFailure: 30}}), verdicts(VerdictUnknown, VerdictDown), causes(CauseUnknown, CauseThisHost)},
		"geography: other addresses for others": {and(works, func(c *Case) {
			c.DNS = comparisons(dns("A", "NOERROR", "NOERROR"))
			c.DNS[0].Answers[1].Data = []string{"198.51.100.77"}
		}), verdicts(VerdictWorks), causes(CauseNothing)},
		"one of two resolvers blocks it": {and(works, func(c *Case) {
			c.DNS = comparisons(dns("A", "NOERROR", "NOERROR"))
			c.DNS[0].Answers[1].Data = []string{"0.0.0.0"}
		}), partly, causes(CauseUnknown, CauseResolver)},
		"a move of two years ago": {and(silent, func(c *Case) {
			c.Address = &Change{Before: "190.57.233.170", After: "138.0.155.10", LastBefore: day("2013-12-01"), FirstAfter: day("2013-12-02"), Source: "DNS"}
			c.Owner = &Change{Before: "a", After: "b", LastBefore: day("2013-12-01"), FirstAfter: day("2013-12-02"), Source: "whois"}
		}), down, unknown},
		"the network's filter takes one name, and others come": {elsewhere(and(plain(served(200)), func(c *Case) {
			c.HTTP[0].BodySize, c.HTTP[0].BodySHA256, c.HTTP[0].Method = 700, "5ac1", "GET"
			c.ControlHTTP = pages(controlOf("http://known.example/", func(a *reach.HTTPAnswer) { a.BodySize, a.BodySHA256 = 700, "5ac1" }))
		}), works), unproven, causes(CausePortal, CauseUnknown)},

		"an API without a page at its root": {served(404), verdicts(VerdictUnknown), unknown},
		"a page that was lost":              {and(served(404), func(c *Case) { c.URL = "https://" + site + "/" }), down, causes(CauseApplication, CauseUnknown)},
		"a hotel whose resolver has one address for all": {and(plain(served(302, "Location", "http://login.hotel.example/")), func(c *Case) {
			c.Controls, c.DNS = nil, comparisons(leadsTo("10.0.0.1"))
			c.Connections, c.HTTP[0].Connection = connections(openTo("10.0.0.1:80")), openTo("10.0.0.1:80")
			c.ControlDNS = comparisons(named(dns("A", "NOERROR"), "known.example", "10.0.0.1"))
		}), unproven, causes(CauseUnknown, CausePortal)},
		"a hotel that refuses port 443": {and(plain(served(302, "Location", "http://login.hotel.example/")), func(c *Case) {
			c.Controls, c.Connections = nil, append(c.Connections, refusedBy(v4s))
			c.ControlHTTP = pages(controlOf("http://known.example/", func(a *reach.HTTPAnswer) {
				a.Status, a.Header = 302, map[string][]string{"Location": {"http://login.hotel.example/"}}
			}))
		}), down, causes(CausePortal)},
		"an intermediate that is not sent":     {and(certificate(reach.TLSUnknownIssuer), func(c *Case) { c.ControlHTTP = controlTLS() }), down, causes(CauseCertificate, CauseUnknown)},
		"this host's IPv4 gateway, IPv6 works": {Case{Connections: connections(silentTo(v4s), openTo(v6s)), HTTP: pages(page(v6s, 200)), Ways: []reach.Way{way("138.0.155.10", func(r *reach.Route) { r.Neighbour = "failed" })}}, partly, causes(CauseThisHost)},
		"the old address of a move still refuses": {and(works, func(c *Case) {
			c.DNS = comparisons(dns("A", "NOERROR", "NOERROR"))
			c.DNS[0].Answers[1].Data = []string{"190.57.233.170"}
			c.Connections = append(c.Connections, refusedBy("190.57.233.170:443"))
		}), partly, causes(CauseServiceDown, CauseUnknown, CauseMigration)},
		"plain http at a port of TLS":    {plain(served(400)), verdicts(VerdictDown, VerdictUnknown), causes(CauseApplication, CauseUnknown)},
		"expired, and elsewhere as well": {elsewhere(certificate(reach.TLSOutOfTime), and(certificate(reach.TLSOutOfTime), func(c *Case) { c.From = "ber" })), down, causes(CauseCertificate)},
	}
}

type outage struct {
	c        Case
	verdicts []Verdict
	causes   []Cause
}

func TestPublishedOutages(t *testing.T) {
	for name, tt := range outages() {
		t.Run(name, func(t *testing.T) {
			tt.c.Name, tt.c.At = site, day("2015-12-12")
			d := Diagnose(tt.c)
			assert.Contains(t, tt.verdicts, d.Verdict, "%s", d)
			assert.Contains(t, tt.causes, d.Cause, "%s", d)
		})
	}
}
