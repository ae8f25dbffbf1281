package reach

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/reach/reachtest"

	"github.com/opskit-go/opskit"
)

const site = "www.pagina12.com.ar"

func startDNS(t *testing.T, zone reachtest.Zone) *reachtest.DNS {
	d, err := reachtest.StartDNS(zone)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

func a(addrs ...string) reachtest.Reply {
	r := reachtest.Reply{}
	for _, ip := range addrs {
		r.Records = append(r.Records, site+". 300 IN A "+ip)
	}
	return r
}

func TestCompareTellsRcodesApart(t *testing.T) {
	t.Parallel()
	for rule, tt := range map[string]struct {
		reply reachtest.Reply
		want  DNSVerdict
		rcode string
	}{
		"data":                        {a("138.0.155.10"), DNSAnswered, "NOERROR"},
		"nxdomain":                    {reachtest.Reply{Rcode: "NXDOMAIN"}, DNSNXDomain, "NXDOMAIN"},
		"servfail":                    {reachtest.Reply{Rcode: "SERVFAIL"}, DNSServFail, "SERVFAIL"},
		"refused":                     {reachtest.Reply{Rcode: "REFUSED"}, DNSRefused, "REFUSED"},
		"notimp":                      {reachtest.Reply{Rcode: "NOTIMP"}, DNSOtherRcode, "NOTIMP"},
		"nodata":                      {reachtest.Reply{}, DNSNoData, "NOERROR"},
		"silence":                     {reachtest.Reply{Drop: true}, DNSNoAnswer, ""},
		"garbage":                     {reachtest.Reply{Raw: []byte("\x80\x00 this is no DNS message")}, DNSMalformed, ""},
		"an alias that leads nowhere": {reachtest.Reply{Records: []string{site + ". 60 IN CNAME old.example."}}, DNSNoData, "NOERROR"},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			d := startDNS(t, reachtest.Zone{site + " A": tt.reply})
			p := &Prober{Timeout: silentResolver + 200*time.Millisecond}
			c, err := p.Compare(t.Context(), site, "a", Resolver{Addr: d.Addr()})
			require.NoError(t, err)
			assert.Equal(t, tt.want, c.Verdict, "%s", c)
			require.Len(t, c.Answers, 1)
			assert.Equal(t, tt.want, c.Answers[0].Verdict)
			assert.Equal(t, tt.rcode, c.Answers[0].Rcode)
			assert.Equal(t, d.Addr().String(), c.Answers[0].Resolver)
			if tt.want == DNSNoAnswer {
				assert.Equal(t, queriesUDP, c.Answers[0].Queries)
				assert.Len(t, d.Queries(), queriesUDP, "what it says it sent has come")
			}
		})
	}
}

func TestCompareShortSilenceIsUnknown(t *testing.T) {
	d := startDNS(t, reachtest.Zone{site + " A": {Drop: true}})
	c, err := (&Prober{Timeout: 100 * time.Millisecond}).Compare(t.Context(), site, "A", Resolver{Name: "slow", Addr: d.Addr()})
	require.NoError(t, err)
	assert.Empty(t, c.Verdict)
	assert.Contains(t, c.String(), "too short to judge")
}

func TestCompareResolverThatIsNotThere(t *testing.T) {
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	dead := addr(l.LocalAddr().String())
	require.NoError(t, l.Close())
	c, err := new(Prober).Compare(t.Context(), site, "A", Resolver{Addr: dead})
	require.NoError(t, err)
	assert.Equal(t, DNSUnreachable, c.Verdict, "an ICMP error, and no silence: %s", c)
}

func TestCompareSeveral(t *testing.T) {
	one := startDNS(t, reachtest.Zone{site + " A": a("104.20.76.37", "104.20.75.37")})
	turned := startDNS(t, reachtest.Zone{site + " A": a("104.20.75.37", "104.20.76.37")})
	stale := startDNS(t, reachtest.Zone{site + " A": a("138.0.155.10")})
	broken := startDNS(t, reachtest.Zone{site + " A": {Rcode: "SERVFAIL"}})
	none := startDNS(t, nil)
	ask := func(ds ...*reachtest.DNS) *Comparison {
		var rs []Resolver
		for _, d := range ds {
			rs = append(rs, Resolver{Addr: d.Addr()})
		}
		c, err := new(Prober).Compare(t.Context(), site, "A", rs...)
		require.NoError(t, err)
		return c
	}
	c := ask(one, turned)
	assert.Equal(t, DNSAnswered, c.Verdict, "a set has no order")
	assert.Equal(t, []netip.Addr{netip.MustParseAddr("104.20.75.37"), netip.MustParseAddr("104.20.76.37")}, c.Addrs())
	assert.Equal(t, DNSDisagree, ask(one, stale).Verdict, "other addresses")
	assert.Equal(t, DNSDisagree, ask(one, none).Verdict, "data and NXDOMAIN")
	assert.Equal(t, DNSNXDomain, ask(none, none).Verdict)
	c = ask(broken, one)
	assert.Equal(t, DNSAnswered, c.Verdict, "one that cannot find out does not disagree")
	assert.Contains(t, c.String(), "it gave no answer: servfail")
	assert.Equal(t, DNSServFail, ask(broken, broken).Verdict)
}

func TestCompareViaSaysWhereItAsked(t *testing.T) {
	d := startDNS(t, reachtest.Zone{site + " A": a("138.0.155.10")})
	p := &Prober{Via: func(netip.AddrPort) netip.AddrPort { return d.Addr() }}
	c, err := p.Compare(t.Context(), site, "A", Resolver{Addr: addr("192.0.2.53:53")})
	require.NoError(t, err)
	assert.Equal(t, d.Addr(), c.Answers[0].Via)
	assert.Equal(t, "192.0.2.53:53 (asked at "+d.Addr().String()+"): answered 138.0.155.10\nnot checked: nothing more", c.Answers[0].String())
	assert.Contains(t, c.String(), "192.0.2.53:53 (asked at "+d.Addr().String()+"): answered 138.0.155.10")
}

func TestCompareFollowsAliasesInAnyOrder(t *testing.T) {
	d := startDNS(t, reachtest.Zone{site + " A": {Records: []string{
		"edge.example. 20 IN A 192.0.2.2", "stranger.example. 20 IN A 192.0.2.99", "cdn.example. 60 IN CNAME EDGE.example.",
		strings.ToUpper(site) + ". 300 IN CNAME cdn.example.", "edge.example. 10 IN A 192.0.2.1",
	}}})
	c, err := new(Prober).Compare(t.Context(), site, "A", Resolver{Addr: d.Addr()})
	require.NoError(t, err)
	assert.Equal(t, []string{"192.0.2.1", "192.0.2.2"}, c.Answers[0].Data, "and only records at the end of the chain")
	assert.Equal(t, []string{"cdn.example.", "edge.example."}, c.Answers[0].CNAMEs)
	assert.Equal(t, 10*time.Second, c.Answers[0].TTL)
}

// What comes before the answer with another id is late or forged.
func TestCompareWaitsForItsOwnAnswer(t *testing.T) {
	l, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 2048)
		n, from, err := l.ReadFrom(b)
		if err != nil {
			return
		}
		m := new(dns.Msg)
		if m.Unpack(b[:n]) != nil {
			return
		}
		for _, answer := range []struct {
			id   uint16
			data string
		}{{m.Id + 1, "203.0.113.66"}, {m.Id, "138.0.155.10"}} {
			r := new(dns.Msg)
			r.SetReply(m)
			r.Id = answer.id
			rr, err := dns.NewRR(site + ". 60 IN A " + answer.data)
			if err != nil {
				return
			}
			r.Answer = append(r.Answer, rr)
			packed, err := r.Pack()
			if err != nil {
				return
			}
			_, _ = l.WriteTo([]byte{1, 2, 3}, from) // and a runt before each
			_, _ = l.WriteTo(packed, from)
		}
	}()
	c, err := new(Prober).Compare(t.Context(), site, "A", Resolver{Addr: addr(l.LocalAddr().String())})
	require.NoError(t, err)
	<-done
	require.NoError(t, l.Close())
	assert.Equal(t, []string{"138.0.155.10"}, c.Answers[0].Data, "%s", c)
}

func TestCompareUsesTCPWhenTheAnswerIsCut(t *testing.T) {
	cut := a("138.0.155.10")
	cut.Cut = true
	d := startDNS(t, reachtest.Zone{site + " A": cut})
	c, err := new(Prober).Compare(t.Context(), site, "A", Resolver{Addr: d.Addr()})
	require.NoError(t, err)
	assert.Equal(t, DNSAnswered, c.Verdict, "%s", c)
	assert.True(t, c.Answers[0].TCP)
}

type exchange func(context.Context, []byte) ([]byte, error)

func (f exchange) Exchange(ctx context.Context, q []byte) ([]byte, error) { return f(ctx, q) }

func TestCompareWithAnExchanger(t *testing.T) {
	d := startDNS(t, reachtest.Zone{"pagina12.com.ar NS": {Records: []string{
		"pagina12.com.ar. 2084 IN NS EDNA.ns.cloudflare.com.", "pagina12.com.ar. 2084 IN NS bill.ns.cloudflare.com.",
	}}})
	c, err := new(Prober).Compare(t.Context(), "pagina12.com.ar", "NS", Resolver{Name: "ours", Exchanger: d})
	require.NoError(t, err)
	assert.Equal(t, []string{"bill.ns.cloudflare.com.", "edna.ns.cloudflare.com."}, c.Answers[0].Data)

	forged := func(change func(*dns.Msg)) DNSVerdict {
		x := exchange(func(_ context.Context, q []byte) ([]byte, error) {
			m := new(dns.Msg)
			if err := m.Unpack(q); err != nil {
				return nil, err
			}
			m.Response = true
			change(m)
			return m.Pack()
		})
		c, err := new(Prober).Compare(t.Context(), site, "A", Resolver{Name: "x", Exchanger: x})
		require.NoError(t, err)
		return c.Verdict
	}
	assert.Equal(t, DNSNoData, forged(func(*dns.Msg) {}))
	assert.Equal(t, DNSMalformed, forged(func(m *dns.Msg) { m.Id++ }))
	assert.Equal(t, DNSMalformed, forged(func(m *dns.Msg) { m.Response = false }))
	assert.Equal(t, DNSMalformed, forged(func(m *dns.Msg) { m.Question[0].Name = "www.example.org." }))
	assert.Equal(t, DNSMalformed, forged(func(m *dns.Msg) { m.Question = nil }))
	assert.Equal(t, DNSMalformed, forged(func(m *dns.Msg) { m.Truncated = true }), "half an answer is none")
	assert.Equal(t, DNSNoData, forged(func(m *dns.Msg) { m.Question[0].Name = strings.ToUpper(site) + "." }))

	c, err = new(Prober).Compare(t.Context(), site, "A", Resolver{Name: "down", Exchanger: exchange(func(context.Context, []byte) ([]byte, error) {
		return nil, errors.New("no session")
	})})
	require.NoError(t, err)
	assert.Empty(t, c.Verdict)
	assert.Contains(t, c.String(), "no session")
}

func TestCompareBadQuestions(t *testing.T) {
	r := Resolver{Addr: addr("127.0.0.1:53")}
	for _, q := range []struct{ name, kind string }{{"", "A"}, {site, "NOSUCH"}, {site, ""}, {strings.Repeat("a", 64) + ".example", "A"}, {"a..b", "A"}} {
		_, err := new(Prober).Compare(t.Context(), q.name, q.kind, r)
		require.ErrorIs(t, err, ErrTarget, "%v", q)
	}
	_, err := new(Prober).Compare(t.Context(), site, "A", Resolver{Name: "nowhere"})
	require.ErrorIs(t, err, ErrTarget)
	ctx, cancel := context.WithCancel(t.Context())
	d := startDNS(t, reachtest.Zone{site + " A": {Drop: true}})
	time.AfterFunc(30*time.Millisecond, cancel)
	_, err = new(Prober).Compare(ctx, site, "A", Resolver{Addr: d.Addr()})
	require.ErrorIs(t, err, context.Canceled)
}

func TestParseResolvConf(t *testing.T) {
	rs := parseResolvConf([]byte("# made by hand\nsearch example.org\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\n nameserver\t2001:db8::53 # no comment here\nnameserver not-an-address\nnameserver 192.0.2.54\noptions ndots:2\n"))
	var got []string
	for _, r := range rs {
		got = append(got, r.Addr.String())
	}
	assert.Equal(t, []string{"192.0.2.53:53", "[fe80::1%eth0]:53", "[2001:db8::53]:53"}, got, "at most three, as the C library")
}

func FuzzParseResolvConf(f *testing.F) {
	f.Add([]byte("nameserver 192.0.2.53\noptions edns0 trust-ad\nsearch .\n"))
	f.Add([]byte("nameserver ::1\r\n;nameserver 192.0.2.1\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, r := range parseResolvConf(b) {
			if !r.Addr.IsValid() {
				t.Fatal("a resolver without an address")
			}
		}
	})
}

func FuzzParseAnswer(f *testing.F) {
	query, err := newQuery(site+".", dns.TypeA, false)
	if err != nil {
		f.Fatal(err)
	}
	for _, records := range [][]string{nil, {site + ". 300 IN A 192.0.2.1"}, {site + ". 1 IN CNAME a.example.", "a.example. 1 IN CNAME " + site + "."}} {
		m := new(dns.Msg)
		if err := m.Unpack(query); err != nil {
			f.Fatal(err)
		}
		m.Response = true
		for _, s := range records {
			rr, err := dns.NewRR(s)
			if err != nil {
				f.Fatal(err)
			}
			m.Answer = append(m.Answer, rr)
		}
		b, err := m.Pack()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a := DNSAnswer{Resolver: "fuzz"}
		if err := a.parseAnswer(site+".", dns.TypeA, query, b); err != nil {
			a.Fault = opskit.Fail(&opskit.Error{Err: err})
		}
		a.Judge()
		if a.Verdict == DNSAnswered && len(a.Addrs()) != len(a.Data) {
			t.Fatalf("data of another type: %q", a.Data)
		}
		if strings.Contains(a.String(), "\x1b") {
			t.Fatalf("control bytes: %q", a.String())
		}
	})
}

// exchangeAddresses is a resolver that has these IPv4 addresses for any name.
func exchangeAddresses(addresses ...string) Exchanger {
	return exchange(func(_ context.Context, q []byte) ([]byte, error) {
		m := new(dns.Msg)
		if err := m.Unpack(q); err != nil {
			return nil, err
		}
		m.Response = true
		for _, a := range addresses {
			if m.Question[0].Qtype != dns.TypeA {
				break
			}
			rr, err := dns.NewRR(m.Question[0].Name + " 60 IN A " + a)
			if err != nil {
				return nil, err
			}
			m.Answer = append(m.Answer, rr)
		}
		return m.Pack()
	})
}
