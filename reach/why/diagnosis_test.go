package why

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/internal/contract"
	"github.com/opskit-go/opskit/reach"
)

const (
	v4, v4s, v6s = "138.0.155.10:80", "138.0.155.10:443", "[2001:db8::10]:443"
	router       = "198.51.100.1"
)

var (
	up     = []reach.Connection{openTo("203.0.113.80:443")}
	up6    = []reach.Connection{openTo("203.0.113.80:443"), openTo("[2001:db8:80::1]:443")}
	solved = []reach.Comparison{dns("A", "NOERROR", "NOERROR"), dns("AAAA", "NODATA", "NODATA")}
)

// blog is what the blog's author had in hand on 12 December 2015.
func blog() Case {
	return Case{
		Name: site, At: day("2015-12-12"), DownSince: day("2015-12-08"), DNS: solved, Controls: up,
		Connections: []reach.Connection{silentTo(v4), silentTo("138.0.155.10:22"), silentTo(v4s)},
		Pings:       []reach.Ping{pingOf("138.0.155.10", 0)},
		Address:     &Change{Before: "190.57.233.170", After: "138.0.155.10", LastBefore: day("2015-12-04"), Source: "viewdns.info"},
		Nameservers: &Change{Before: "ns1.example", After: "bill.ns.cloudflare.com edna.ns.cloudflare.com", LastBefore: day("2015-12-04"), Source: "NIC Argentina"},
		Owner:       &Change{Before: "EDITORIAL LA PAGINA S.A.", After: "Gigared S.A.", LastBefore: day("2015-12-04"), Source: "whois"},
		Evidence:    []Evidence{{Fact: "the press says that it is under attack", Source: "press", For: []Cause{CauseAttack}}},
	}
}

func TestTheBlogsSiteMoved(t *testing.T) {
	d := Diagnose(blog())
	require.Equal(t, CauseMigration, d.Cause, "%s", d)
	f := d.Findings[0]
	assert.True(t, f.Dated, "others are left, and it is told by the time of two changes")
	assert.Equal(t, CauseMigration, f.Left[0])
	assert.Contains(t, f.Left, CauseAttack, "the press makes it thinkable")
	assert.Contains(t, d.String(), "the address changed from 190.57.233.170 to 138.0.155.10 after 2015-12-04, shortly before the trouble began [viewdns.info]")
	c := blog()
	c.Controls = nil
	assert.Equal(t, CauseUnknown, Diagnose(c).Cause, "as long as this host is in doubt nobody moved")
	c = blog()
	c.Nameservers, c.Owner = nil, nil
	assert.Equal(t, CauseUnknown, Diagnose(c).Cause, "one record of a change is not enough")
	c = blog()
	c.DownSince = day("2015-12-01")
	assert.Equal(t, CauseUnknown, Diagnose(c).Cause, "what came after the trouble is no cause of it")
	c = blog()
	c.Evidence = []Evidence{{Fact: "its provider counts 80 Gbit/s", Source: "NOC", Certain: true, For: []Cause{CauseAttack}}}
	assert.Equal(t, CauseAttack, Diagnose(c).Cause, "who can know decides")
	c = blog()
	c.Evidence = nil
	assert.NotContains(t, Diagnose(c).Findings[0].Left, CauseAttack, "nothing speaks for it")
}

// Each incident has a set of causes that are right; "" is: cannot tell.
func TestIncidents(t *testing.T) {
	is := func(causes ...Cause) []Cause { return causes }
	conns := func(list ...reach.Connection) []reach.Connection { return list }
	pages := func(list ...reach.HTTPAnswer) []reach.HTTPAnswer { return list }
	both := func(f func(string) reach.Connection) []reach.Connection { return conns(f(v4), f(v4s)) }
	with := func(f func(string, uint8, uint8, string) reach.Connection, kind, code uint8, from string) []reach.Connection {
		return conns(f(v4, kind, code, from), f(v4s, kind, code, from))
	}
	leads := func(target, to string) reach.HTTPAnswer { return marked(target, 302, "Location", to) }
	for name, tt := range map[string]struct {
		c       Case
		verdict Verdict
		causes  []Cause
	}{
		"all silent":                          {Case{DNS: solved, Controls: up, Connections: both(silentTo), Pings: []reach.Ping{pingOf("138.0.155.10", 0)}}, VerdictDown, is(CauseUnknown)},
		"silent, and an echo reply":           {Case{DNS: solved, Controls: up, Connections: both(silentTo), Pings: []reach.Ping{pingOf("138.0.155.10", 3)}}, VerdictDown, is(CauseUnknown)},
		"silent beside another open port":     {Case{DNS: solved, Controls: up, Connections: conns(silentTo(v4s), openTo("138.0.155.10:22"))}, VerdictDown, is(CauseUnknown)},
		"the edge says 521":                   {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(marked(v4s, 521, "Cf-Ray", "8f"))}, VerdictDown, is(CauseOrigin)},
		"the edge says 504":                   {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(marked(v4s, 504, "X-Amz-Cf-Id", "x"))}, VerdictDown, is(CauseOrigin)},
		"522 without an edge's mark":          {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(page(v4s, 522))}, VerdictDown, is(CauseApplication)},
		"gateway dead, no control":            {Case{DNS: solved, Connections: conns(nobody(v4, ""), nobody(v4s, ""))}, VerdictDown, is(CauseUnknown, CauseThisHost)},
		"gateway dead, by the route":          {Case{DNS: solved, Connections: conns(nobody(v4, "203.0.113.1"))}, VerdictDown, is(CauseThisHost)},
		"gateway dead over IPv6":              {Case{Connections: conns(nobody(v6s, "fe80::1"))}, VerdictDown, is(CauseThisHost)},
		"gateway dead, the control too":       {Case{DNS: solved, Connections: conns(nobody(v4, "")), Controls: conns(nobody("203.0.113.80:443", ""))}, VerdictDown, is(CauseThisHost)},
		"silent, and so is the control":       {Case{DNS: solved, Connections: both(silentTo), Controls: conns(silentTo("203.0.113.80:443"))}, VerdictDown, is(CauseThisHost)},
		"the gateway fails, targets time out": {Case{Connections: both(silentTo), Ways: []reach.Way{way("138.0.155.10", func(r *reach.Route) { r.Neighbour = "failed" })}}, VerdictDown, is(CauseThisHost)},
		"the link has no carrier":             {Case{Connections: both(silentTo), Ways: []reach.Way{way("138.0.155.10", func(r *reach.Route) { r.LinkUp = new(false) })}}, VerdictDown, is(CauseThisHost)},
		"the gateway is there":                {Case{Connections: both(silentTo), Ways: []reach.Way{way("138.0.155.10", func(*reach.Route) {})}}, VerdictDown, is(CauseUnknown)},
		"HEAD 405":                            {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(page(v4s, 405))}, VerdictUnknown, is(CauseUnknown)},
		"HEAD 501":                            {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(page(v4s, 501))}, VerdictUnknown, is(CauseUnknown)},
		"HEAD 405, then GET 200": {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(page(v4s, 405), func() reach.HTTPAnswer {
			a := page(v4s, 200)
			a.Method = "GET"
			return a
		}())}, VerdictWorks, is(CauseNothing)},
		"401":                                {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(page(v4s, 401))}, VerdictWorks, is(CauseNothing)},
		"http only, 443 refused":             {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4), refusedBy(v4s)), HTTP: pages(page(v4, 200))}, VerdictWorks, is(CauseNothing)},
		"http leads to https, 443 refused":   {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4), refusedBy(v4s)), HTTP: pages(leads(v4, "https://"+site+"/"))}, VerdictPartly, is(CauseServiceDown)},
		"no page asked, 443 refused":         {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4), refusedBy(v4s))}, VerdictPartly, is(CauseServiceDown)},
		"router: nobody there":               {Case{DNS: solved, Controls: up, Connections: with(rejectedBy, 3, 1, router)}, VerdictDown, is(CauseHostDown)},
		"router: nobody there, IPv6":         {Case{Controls: up6, Connections: conns(rejectedBy(v6s, 1, 3, "2001:db8:1::1"))}, VerdictDown, is(CauseHostDown)},
		"router: nobody there, yet it pings": {Case{DNS: solved, Controls: up, Connections: with(rejectedBy, 3, 1, router), Pings: []reach.Ping{pingOf("138.0.155.10", 3)}}, VerdictDown, is(CauseFiltered)},
		"no network here, by DNS":            {Case{DNS: []reach.Comparison{dns("A", "ENETUNREACH")}}, VerdictDown, is(CauseThisHost)},
		"NXDOMAIN":                           {Case{DNS: []reach.Comparison{dns("A", "NXDOMAIN", "NXDOMAIN")}, Controls: up}, VerdictDown, is(CauseResolution)},
		"no address":                         {Case{DNS: []reach.Comparison{dns("A", "NODATA"), dns("AAAA", "NODATA")}, Controls: up}, VerdictDown, is(CauseResolution)},
		"one family dead":                    {Case{DNS: []reach.Comparison{dns("A", "NOERROR"), dns("AAAA", "NOERROR")}, Controls: up, Connections: conns(openTo(v4s), silentTo(v6s)), HTTP: pages(page(v4s, 200))}, VerdictPartly, is(CauseUnknown)},
		"the other family dead":              {Case{Controls: up6, Connections: conns(silentTo(v4s), openTo(v6s)), HTTP: pages(page(v6s, 200))}, VerdictPartly, is(CauseUnknown)},
		"IPv6 dead here, by its control":     {Case{Controls: conns(openTo("203.0.113.80:443"), silentTo("[2001:db8:80::1]:443")), Connections: conns(openTo(v4s), silentTo(v6s)), HTTP: pages(page(v4s, 200))}, VerdictPartly, is(CauseThisHost)},
		"one address of two refused":         {Case{Controls: up, Connections: conns(openTo(v4s), refusedBy("138.0.155.11:443")), HTTP: pages(page(v4s, 200))}, VerdictPartly, is(CauseServiceDown)},
		"no IPv6 here, IPv4 works":           {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s), localTo(v6s, "ENETUNREACH")), HTTP: pages(page(v4s, 200))}, VerdictWorks, is(CauseNothing)},
		"prohibited on the open connection":  {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(answer("https", v4s, func(a *reach.HTTPAnswer) { a.Ended = "EHOSTUNREACH" }))}, VerdictDown, is(CauseFiltered)},
		"3/13 on data": {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4)), HTTP: pages(answer("http", v4, func(a *reach.HTTPAnswer) {
			a.Ended, a.ICMP = "EHOSTUNREACH", &reach.ICMP{Type: 3, Code: 13}
		}))}, VerdictDown, is(CauseFiltered)},
		"port unreachable by the host": {Case{DNS: solved, Controls: up, Connections: with(rejectedBy, 3, 3, "138.0.155.10")}, VerdictDown, is(CauseFiltered)},
		"port unreachable by a router": {Case{DNS: solved, Controls: up, Connections: with(rejectedBy, 3, 3, router)}, VerdictDown, is(CauseFiltered)},
		"a router's rule":              {Case{DNS: solved, Controls: up, Connections: with(rejectedBy, 3, 13, router)}, VerdictDown, is(CauseFiltered)},
		"a router's rule, IPv6":        {Case{Controls: up6, Connections: conns(rejectedBy(v6s, 1, 1, "2001:db8:1::1"))}, VerdictDown, is(CauseFiltered)},
		"no route on the way":          {Case{DNS: solved, Controls: up, Connections: with(rejectedBy, 3, 0, router)}, VerdictDown, is(CausePath)},
		"a loop":                       {Case{DNS: solved, Controls: up, Connections: with(rejectedBy, 11, 0, router)}, VerdictDown, is(CausePath)},
		"SERVFAIL at one of two":       {Case{DNS: []reach.Comparison{dns("A", "SERVFAIL", "NOERROR")}, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(page(v4s, 200))}, VerdictPartly, is(CauseUnknown, CauseResolution)},
		"bad signatures":               {Case{DNS: []reach.Comparison{dns("A", "bogus")}, Controls: up}, VerdictDown, is(CauseResolution)},
		"SERVFAIL everywhere":          {Case{DNS: []reach.Comparison{dns("A", "SERVFAIL", "SERVFAIL")}, Controls: up}, VerdictDown, is(CauseResolution)},
		"a stub that cannot find out":  {Case{DNS: []reach.Comparison{at("127.0.0.53:53", dns("A", "SERVFAIL"))}}, VerdictDown, is(CauseUnknown)},
		"a resolver that cannot, and can for another name": {Case{DNS: []reach.Comparison{dns("A", "SERVFAIL")}, Controls: up, ControlDNS: []reach.Comparison{func() reach.Comparison {
			c := dns("A", "NOERROR")
			c.Name = "known.example"
			return c
		}()}}, VerdictDown, is(CauseResolution)},
		"a silent resolver":                   {Case{DNS: []reach.Comparison{dns("A", "silence")}}, VerdictDown, is(CauseUnknown)},
		"a silent resolver, and a control":    {Case{DNS: []reach.Comparison{dns("A", "silence")}, Controls: up}, VerdictDown, is(CauseResolver)},
		"a silent resolver that pings":        {Case{DNS: []reach.Comparison{dns("A", "silence")}, Pings: []reach.Ping{pingOf("192.0.2.53", 3)}}, VerdictDown, is(CauseResolver)},
		"a resolver's port is shut":           {Case{DNS: []reach.Comparison{dns("A", "ECONNREFUSED")}}, VerdictDown, is(CauseResolver)},
		"refused beside ssh":                  {Case{DNS: solved, Controls: up, Connections: conns(refusedBy(v4), refusedBy(v4s), openTo("138.0.155.10:22")), Pings: []reach.Ping{pingOf("138.0.155.10", 3)}}, VerdictDown, is(CauseServiceDown)},
		"refused over IPv6":                   {Case{Controls: up6, Connections: conns(refusedBy(v6s))}, VerdictDown, is(CauseServiceDown)},
		"refused, no control":                 {Case{DNS: solved, Connections: conns(refusedBy(v4))}, VerdictDown, is(CauseUnknown)},
		"refused, and everybody at that port": {Case{DNS: solved, Connections: conns(refusedBy("138.0.155.10:25")), Controls: conns(openTo("203.0.113.80:443"), refusedBy("203.0.113.80:25"))}, VerdictDown, is(CauseEgressFilter)},
		"silent, and everybody at that port":  {Case{DNS: solved, Connections: conns(silentTo("138.0.155.10:25")), Controls: conns(openTo("203.0.113.80:443"), silentTo("203.0.113.80:25"))}, VerdictDown, is(CauseEgressFilter)},
		"mute, acknowledged":                  {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(muteAt(v4s, true))}, VerdictDown, is(CauseUnknown)},
		"mute, small segments pass":           {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(muteAt(v4s, true), small(page(v4s, 200)))}, VerdictDown, is(CauseMTU)},
		"mute, small segments too":            {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(muteAt(v4s, true), small(muteAt(v4s, true)))}, VerdictDown, is(CauseApplication)},
		"mute behind a SYN proxy":             {Case{Controls: up, Connections: conns(conn(v4, func(c *reach.Connection) { c.Established, c.Window = true, new(0) })), HTTP: pages(muteAt(v4, false))}, VerdictDown, is(CauseUnknown)},
		"503":                                 {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4)), HTTP: pages(page(v4, 503))}, VerdictDown, is(CauseApplication)},
		"403":                                 {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(page(v4s, 403))}, VerdictDown, is(CauseUnknown)},
		"404":                                 {Case{URL: "https://" + site + "/", DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(page(v4s, 404))}, VerdictDown, is(CauseApplication)},
		"expired, and a 503":                  {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(func() reach.HTTPAnswer { a := badAt(v4s, reach.TLSOutOfTime); a.Status = 503; return a }())}, VerdictDown, is(CauseUnknown, CauseCertificate, CauseApplication)},
		"expired":                             {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(badAt(v4s, reach.TLSOutOfTime))}, VerdictDown, is(CauseCertificate)},
		"another name":                        {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(badAt(v4s, reach.TLSOtherName))}, VerdictDown, is(CauseCertificate)},
		"another name, no control":            {Case{DNS: solved, Connections: conns(openTo(v4s)), HTTP: pages(badAt(v4s, reach.TLSOtherName))}, VerdictDown, is(CauseUnknown)},
		"unknown issuer everywhere": {Case{DNS: solved, Connections: conns(openTo(v4s)), HTTP: pages(badAt(v4s, reach.TLSUnknownIssuer)), ControlHTTP: pages(controlOf("https://known.example/", func(a *reach.HTTPAnswer) {
			a.TLS = badAt(v4s, reach.TLSUnknownIssuer).TLS
		}))}, VerdictDown, is(CausePortal)},
		"no roots here": {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(func() reach.HTTPAnswer {
			a := badAt(v4s)
			a.TLS.Problem = opskit.Fail(reach.ErrLocal)
			return a
		}())}, VerdictUnknown, is(CauseUnknown)},
		"511":                        {Case{DNS: solved, Connections: conns(openTo(v4)), HTTP: pages(page(v4, 511))}, VerdictDown, is(CausePortal)},
		"a page that nothing proves": {Case{DNS: solved, Connections: conns(openTo(v4)), HTTP: pages(page(v4, 200))}, VerdictUnknown, is(CauseUnknown)},
		"a redirect to a stranger":   {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4)), HTTP: pages(leads(v4, "http://login.hotel.example/"))}, VerdictUnknown, is(CauseUnknown)},
		"and a control that is led too": {Case{DNS: solved, Connections: conns(openTo(v4)), HTTP: pages(leads(v4, "http://login.hotel.example/")), ControlHTTP: pages(controlOf("http://known.example/", func(a *reach.HTTPAnswer) {
			a.Status, a.Header = 302, map[string][]string{"Location": {"http://login.hotel.example/"}}
		}))}, VerdictDown, is(CausePortal)},
		"and a control that is proven":    {Case{DNS: solved, Connections: conns(openTo(v4)), HTTP: pages(leads(v4, "http://renamed.example/")), ControlHTTP: pages(controlOf("https://known.example/", func(a *reach.HTTPAnswer) { a.TLS = page(v4s, 200).TLS }))}, VerdictWorks, is(CauseNothing)},
		"a proven redirect":               {Case{DNS: solved, Connections: conns(openTo(v4s)), HTTP: pages(leads(v4s, "https://renamed.example/"))}, VerdictWorks, is(CauseNothing)},
		"works elsewhere":                 {Case{DNS: solved, Controls: up, Connections: both(silentTo), Elsewhere: []Case{{From: "ber", Connections: conns(openTo(v4s)), HTTP: pages(page(v4s, 200))}}}, VerdictDown, is(CauseUnknown)},
		"refused here, works elsewhere":   {Case{DNS: solved, Controls: up, Connections: conns(refusedBy(v4s)), Elsewhere: []Case{{From: "ber", Connections: conns(openTo(v4s)), HTTP: pages(page(v4s, 200))}}}, VerdictDown, is(CauseUnknown, CauseFiltered)},
		"announced work":                  {Case{DNS: solved, Controls: up, Connections: both(refusedBy), Evidence: []Evidence{{Fact: "maintenance until noon", Certain: true, For: []Cause{CauseMaintenance}}}}, VerdictDown, is(CauseMaintenance)},
		"slow":                            {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(func() reach.HTTPAnswer { a := page(v4s, 200); a.FirstByte = 9 * time.Second; return a }())}, VerdictDegraded, is(CauseApplication)},
		"a queue that is full, or a rule": {Case{DNS: solved, Controls: up, Connections: conns(silentTo(v4s), openTo(v4)), HTTP: pages(leads(v4, "https://"+site+"/"))}, VerdictPartly, is(CauseUnknown)},
		"reset after the request":         {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4)), HTTP: pages(answer("http", v4, func(a *reach.HTTPAnswer) { a.Ended = "ECONNRESET" }))}, VerdictDown, is(CauseUnknown)},
		"reset by its server name": {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(answer("https", v4s, func(a *reach.HTTPAnswer) {
			a.TLS, a.Ended = &reach.TLS{Failure: opskit.Fail(reach.ErrMalformed)}, "ECONNRESET"
		}))}, VerdictDown, is(CauseUnknown)},
		"closed without an answer":    {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4)), HTTP: pages(answer("http", v4, func(a *reach.HTTPAnswer) { a.Ended = "closed" }))}, VerdictDown, is(CauseApplication)},
		"no TLS there":                {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(answer("https", v4s, func(a *reach.HTTPAnswer) { a.TLS = &reach.TLS{Failure: opskit.Fail(reach.ErrMalformed)} }))}, VerdictDown, is(CauseApplication)},
		"a body that stops":           {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4)), HTTP: pages(answer("http", v4, func(a *reach.HTTPAnswer) { a.Method, a.Status, a.BodyEnded = "GET", 200, "timed_out" }))}, VerdictDown, is(CauseUnknown)},
		"a body that is cut":          {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4)), HTTP: pages(answer("http", v4, func(a *reach.HTTPAnswer) { a.Method, a.Status, a.BodyEnded = "GET", 200, "closed" }))}, VerdictDown, is(CauseApplication)},
		"everything prohibited here":  {Case{DNS: solved, Connections: with(rejectedBy, 3, 13, "203.0.113.1"), Controls: conns(rejectedBy("203.0.113.80:443", 3, 13, "203.0.113.1"))}, VerdictDown, is(CauseThisHost)},
		"everything prohibited, IPv6": {Case{Connections: conns(rejectedBy(v6s, 1, 1, "2001:db8:9::1")), Controls: conns(rejectedBy("[2001:db8:80::1]:443", 1, 1, "2001:db8:9::1"))}, VerdictDown, is(CauseThisHost)},
		"open, and reset at once":     {Case{DNS: solved, Controls: up, Connections: conns(conn(v4, func(c *reach.Connection) { c.Established, c.Reset = true, true }))}, VerdictDown, is(CauseUnknown)},
		"open by a SYN proxy":         {Case{DNS: solved, Controls: up, Connections: conns(conn(v4, func(c *reach.Connection) { c.Established, c.Window = true, new(0) }))}, VerdictUnknown, is(CauseUnknown)},
		"an old root store here":      {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(badAt(v4s, reach.TLSUnknownIssuer)), Elsewhere: []Case{{From: "ber", Connections: conns(openTo(v4s)), HTTP: pages(page(v4s, 200))}}}, VerdictDown, is(CauseUnknown, CauseThisHost)},
		"one family's resolver":       {Case{DNS: []reach.Comparison{dns("A", "REFUSED")}, Controls: up}, VerdictDown, is(CauseResolver)},
		"NXDOMAIN at one of two":      {Case{DNS: []reach.Comparison{dns("A", "NXDOMAIN", "NOERROR")}, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(page(v4s, 200))}, VerdictPartly, is(CauseUnknown, CauseResolution)},
		"a prohibit route here":       {Case{DNS: solved, Controls: up, Connections: conns(localTo(v4, "EACCES"))}, VerdictDown, is(CauseThisHost)},
		"too short to judge":          {Case{DNS: solved, Controls: up, Connections: conns(conn(v4, func(c *reach.Connection) { c.TimedOut, c.Took = true, time.Second }))}, VerdictUnknown, is(CauseUnknown)},
		"no route in either family":   {Case{Connections: conns(localTo(v4, "ENETUNREACH"), localTo("[2001:db8::10]:80", "ENETUNREACH"))}, VerdictDown, is(CauseThisHost)},
		"IPv6 only, none here":        {Case{DNS: []reach.Comparison{dns("A", "NODATA"), dns("AAAA", "NOERROR")}, Controls: up, Connections: conns(localTo(v6s, "ENETUNREACH"))}, VerdictDown, is(CauseThisHost)},
		"port unreachable, IPv6":      {Case{Controls: up6, Connections: conns(rejectedBy(v6s, 1, 4, "2001:db8::10"))}, VerdictDown, is(CauseFiltered)},
		"two of three addresses dead": {Case{Controls: up, Connections: conns(openTo(v4s), silentTo("138.0.155.11:443"), silentTo("138.0.155.12:443")), HTTP: pages(page(v4s, 200))}, VerdictPartly, is(CauseUnknown)},
		"one of three loses packets":  {Case{Controls: up, Samples: []reach.Sample{{Name: site, Addresses: []reach.SampleAddress{{Target: openTo(v4s).Target, Tried: 100, Opened: 100, Resent: 4, Median: time.Millisecond}}}}}, VerdictDegraded, is(CauseUnknown)},
		"530 at the edge":             {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(marked(v4s, 530, "Server", "cloudflare"))}, VerdictDown, is(CauseOrigin)},
		"410":                         {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(page(v4s, 410))}, VerdictDown, is(CauseApplication)},
		"429":                         {Case{DNS: solved, Controls: up, Connections: conns(openTo(v4s)), HTTP: pages(page(v4s, 429))}, VerdictDown, is(CauseUnknown)},
		"nothing known":               {Case{}, VerdictUnknown, is(CauseUnknown)},
		"only the name":               {Case{DNS: solved, Controls: up}, VerdictUnknown, is(CauseUnknown)},
	} {
		t.Run(name, func(t *testing.T) {
			tt.c.Name = site
			tt.c.At = day("2015-12-12")
			d := Diagnose(tt.c)
			assert.Equal(t, tt.verdict, d.Verdict, "%s", d)
			assert.Contains(t, tt.causes, d.Cause, "%s", d)
			if d.Cause == CauseUnknown {
				assert.True(t, slices.ContainsFunc(d.Gaps(), func(g opskit.Gap) bool { return g.Need != "" }), "what would decide: %s", d)
			}
		})
	}
}

// A partial outage is named by what is dead and what works.
func TestPartialOutageIsNamed(t *testing.T) {
	d := Diagnose(Case{Name: site, Controls: up6, Connections: []reach.Connection{openTo(v4s), silentTo(v6s)}, HTTP: []reach.HTTPAnswer{page(v4s, 200)}})
	head, _, _ := strings.Cut(d.String(), "\n")
	assert.Contains(t, head, "IPv6 2001:db8::10 port 443 broken")
	assert.Contains(t, head, "IPv4 138.0.155.10 port 443 https://"+site+"/ works")
}

// By a wrong clock every certificate looks expired: that is not the site's.
func TestWrongClockIsNoBadCertificate(t *testing.T) {
	leaf := selfSigned(t, day("2015-11-01"), day("2016-02-01"))
	for rule, tt := range map[string]struct {
		here, there, third string
		want               Cause
	}{
		"this host's clock is years ahead":       {"2019-01-01", "2015-12-12", "", CauseUnknown},
		"and a third one agrees with the server": {"2019-01-01", "2015-12-12", "2015-12-12", CauseThisHost},
		"and a third one agrees with this host":  {"2019-01-01", "2015-12-12", "2019-01-01", CauseCertificate},
		"this host's clock is behind":            {"1970-01-01", "2015-12-12", "", CauseUnknown},
		"it has expired by both clocks":          {"2019-01-01", "2019-01-01", "", CauseCertificate},
		"a server that does not tell its day":    {"2019-01-01", "", "", CauseCertificate},
	} {
		t.Run(rule, func(t *testing.T) {
			a := badAt(v4s, reach.TLSOutOfTime)
			a.At, a.TLS.Chain = day(tt.here), [][]byte{leaf}
			if tt.there != "" {
				a.Header = map[string][]string{"Date": {day(tt.there).Format(http.TimeFormat)}}
			}
			c := Case{Name: site, Controls: up, Connections: []reach.Connection{openTo(v4s)}, HTTP: []reach.HTTPAnswer{a}}
			c.Controls = nil
			if tt.third != "" {
				c.ControlHTTP = []reach.HTTPAnswer{controlOf("http://known.example/", func(a *reach.HTTPAnswer) {
					a.Status, a.At, a.Header = 204, day(tt.here), map[string][]string{"Date": {day(tt.third).Format(http.TimeFormat)}}
				})}
			}
			d := Diagnose(c)
			assert.Equal(t, tt.want, d.Cause, "%s", d)
		})
	}
}

// Whose network a site is behind is told by the name that it is an alias of, too.
func TestAliasTellsTheNetwork(t *testing.T) {
	ns := reach.Comparison{Name: site, Type: "NS", Answers: []reach.DNSAnswer{{Resolver: "x", Rcode: "NOERROR", Data: []string{"bill.ns.cloudflare.com."}}}}
	c := Case{Name: site, DNS: []reach.Comparison{dns("A", "NOERROR"), ns}, Controls: up, Connections: []reach.Connection{openTo(v4s)}}
	assert.Contains(t, Diagnose(c).String(), "the site is not behind that network")
	c.DNS[0].Answers[0].CNAMEs = []string{site + ".cdn.cloudflare.net."}
	assert.NotContains(t, Diagnose(c).String(), "the site is not behind that network")
	assert.NotContains(t, Diagnose(c).String(), "nothing takes over")
}

func TestSameSite(t *testing.T) {
	for _, pair := range [][2]string{{"example.org", "www.example.org"}, {"WWW.example.org.", "example.org"}, {"x.pagina12.com.ar", "y.pagina12.com.ar:8080"}, {"192.0.2.1", "192.0.2.1"}} {
		assert.True(t, sameSite(pair[0], pair[1]), pair)
	}
	for _, pair := range [][2]string{{"example.org", "example.net"}, {"a.com.ar", "b.com.ar"}, {"a.co.uk", "b.co.uk"}, {"notexample.org", "example.org"}, {"10.1.2.3", "9.1.2.3"}, {"a.github.io", "b.github.io"}} {
		assert.False(t, sameSite(pair[0], pair[1]), pair)
	}
}

// Every symptom that can be found has a cause, and every cause that is not brought
// by the caller can be asked for or done something about.
func TestTheTableIsWhole(t *testing.T) {
	explained := map[symptom]bool{}
	for _, r := range table() {
		for _, s := range r.explains {
			explained[s] = true
		}
		assert.True(t, r.ask != "" || r.do != "", "%s", r.cause)
		assert.True(t, len(r.excluded) > 0 || r.cause == CauseThisHost, "%s: what excludes it?", r.cause)
	}
	for _, s := range []symptom{silent, refused, prohibited, rejected, nobodyThere, noWay, neighbour, notAsked, shut, mute, unheard, broken, smallPasses, noTLS, expired, byClock, otherName, badChain, serverError, edgeError, notWanted, noPage, stuck, cutOff, edgeDoubt, loop, nowhere, rewritten, alikeDead, onlyHere, lossy, sometimes, login, plainPage, elsewhere, slow, noName, unlikeOthers, bogus, servFail, servFails, stubFails, noResolver, badResolver} {
		assert.True(t, explained[s], "%s", s)
	}
}

func TestContract(t *testing.T) {
	moved, works := blog(), Case{Name: site, At: day("2015-12-12"), DNS: solved, Controls: up, Connections: []reach.Connection{openTo(v4s)}, HTTP: []reach.HTTPAnswer{page(v4s, 200)}, Contact: "noc@example.net"}
	partly := Case{Name: site, Controls: up, Connections: []reach.Connection{openTo(v4s), refusedBy("138.0.155.11:443")}}
	results := map[string]opskit.Result{"moved": Diagnose(moved), "works": Diagnose(works), "partly": Diagnose(partly), "slow": Diagnose(Case{
		Name: site, Controls: up, Connections: []reach.Connection{openTo(v4s)}, HTTP: []reach.HTTPAnswer{func() reach.HTTPAnswer { a := page(v4s, 200); a.FirstByte = 9 * time.Second; return a }()},
	}), "cannot tell": Diagnose(Case{Name: site, Connections: []reach.Connection{silentTo(v4)}})}
	contract.Check(t, contract.Package{Prefix: "reach_", Results: results})
}

func TestSince(t *testing.T) {
	before := Diagnose(Case{Name: site, Controls: up, Connections: []reach.Connection{openTo(v4s)}, HTTP: []reach.HTTPAnswer{page(v4s, 200)}})
	now := Diagnose(Case{Name: site, Controls: up, Connections: []reach.Connection{refusedBy(v4s)}})
	changes := now.Since(before)
	assert.Equal(t, opskit.Warning, changes.Level(), "%s", changes)
	assert.Contains(t, changes.String(), "verdict: works -> down")
	assert.Equal(t, opskit.OK, now.Since(now).Level())
	assert.Equal(t, opskit.Unknown, now.Since(nil).Level())
}

// Whatever stands in a file, judging it panics nowhere, and what is unknown says why.
func FuzzDiagnose(f *testing.F) {
	for _, c := range []Case{blog(), {}, {Name: site, Connections: []reach.Connection{openTo(v4s)}, HTTP: []reach.HTTPAnswer{badAt(v4s, reach.TLSOutOfTime), muteAt(v4s, true)}, ControlHTTP: []reach.HTTPAnswer{controlOf("http://known.example/", func(*reach.HTTPAnswer) {})}, Ways: []reach.Way{way("138.0.155.10", func(*reach.Route) {})}, Elsewhere: []Case{{From: "ber"}}}} {
		text, err := json.Marshal(c)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var c Case
		if json.Unmarshal(text, &c) != nil {
			return
		}
		d := Diagnose(c)
		first := d.String()
		d.Judge()
		if d.String() != first {
			t.Fatalf("twice is not once:\n%s\n%s", first, d)
		}
		if len(d.Gaps()) == 0 || slices.ContainsFunc(strings.Split(first, "\n"), func(l string) bool { return opskit.Escape(l) != l }) {
			t.Fatalf("no gap, or control characters: %q", first)
		}
	})
}
