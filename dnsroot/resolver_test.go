package dnsroot_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit"
	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/dnsroottest"
)

// recursive makes a resolver of a fleet: what it answers is the fleet's, as a
// resolver would say it.
type recursive struct {
	*dnsroottest.Fleet
	validates, sentinels, outdated, rewrites, stripped bool
	loses                                              int // answers with more bytes
}

func (r recursive) Exchange(ctx context.Context, q dnsroot.Query) (dnsroot.Reply, error) {
	query, m := new(dns.Msg), new(dns.Msg)
	if err := query.Unpack(q.Wire); err != nil {
		return dnsroot.Reply{}, err
	}
	q.To = netip.AddrPortFrom(r.Hints().Servers[0].Addrs[0], 53)
	reply, err := r.Fleet.Exchange(ctx, q)
	if err != nil {
		return reply, err
	}
	if err := m.Unpack(reply.Wire); err != nil {
		return reply, err
	}
	name := query.Question[0].Name
	fails := r.outdated && r.validates && !query.CheckingDisabled
	if r.sentinels && r.validates {
		is, not := strings.HasPrefix(name, "root-key-sentinel-is-ta-"), strings.HasPrefix(name, "root-key-sentinel-not-ta-")
		fails = fails || not || is && r.outdated
	}
	m.Authoritative, m.RecursionAvailable, m.AuthenticatedData = false, true, r.validates
	if fails {
		m.Rcode, m.Answer, m.Ns, m.AuthenticatedData = dns.RcodeServerFailure, nil, nil, false
	}
	if r.rewrites && m.Rcode == dns.RcodeNameError {
		m.Rcode = dns.RcodeSuccess
		rr, _ := dns.NewRR(name + " 60 IN A 192.0.2.80")
		m.Answer = []dns.RR{rr}
	}
	if r.stripped {
		var kept []dns.RR
		for _, rr := range m.Answer {
			if rr.Header().Rrtype != dns.TypeRRSIG {
				kept = append(kept, rr)
			}
		}
		m.Answer, m.AuthenticatedData = kept, false
	}
	reply.Wire, err = m.Pack()
	if r.loses > 0 && len(reply.Wire) > r.loses {
		return dnsroot.Reply{}, dnsroot.ErrNoAnswer
	}
	return reply, err
}

func TestCheckResolver(t *testing.T) {
	for name, test := range map[string]struct {
		resolver recursive
		verdict  dnsroot.Verdict
		says     string
	}{
		"right":                      {recursive{validates: true, sentinels: true}, dnsroot.Healthy, "validates (AD), and its answer validates here"},
		"right, without sentinels":   {recursive{validates: true}, dnsroot.Healthy, "it has no sentinels (RFC 8509)"},
		"does not validate":          {recursive{}, dnsroot.Degraded, "does not validate (AD is not set)"},
		"outdated anchors":           {recursive{validates: true, sentinels: true, outdated: true}, dnsroot.Invalid, "its trust anchors are outdated, or its clock is wrong"},
		"rewrites NXDOMAIN":          {recursive{rewrites: true}, dnsroot.Suspicious, "rewrites NXDOMAIN"},
		"signatures stripped":        {recursive{stripped: true}, dnsroot.Suspicious, "something answers in place of the root servers, or strips signatures"},
		"loses large answers":        {recursive{validates: true, sentinels: true, loses: 700}, dnsroot.Degraded, "loses large answers"},
		"intercepted, with its own":  {recursive{validates: true}, dnsroot.Suspicious, "does not validate"},
		"a server and no resolver":   {recursive{}, dnsroot.Lame, "offers no recursion"},
		"silent":                     {recursive{loses: 1}, dnsroot.Unknown, "not checked: the resolver (query . SOA"},
		"knows the keys, and others": {recursive{validates: true, sentinels: true}, dnsroot.Healthy, "trusts key"},
	} {
		t.Run(name, func(t *testing.T) {
			r := test.resolver
			r.Fleet = start(t, dnsroottest.Config{NoIPv6: true})
			client := r.Client()
			client.Exchanger = r
			switch name {
			case "intercepted, with its own":
				client.Anchors = start(t, dnsroottest.Config{NoIPv6: true}).Anchors()
			case "a server and no resolver":
				client.Exchanger = exchangerFunc(func(ctx context.Context, q dnsroot.Query) (dnsroot.Reply, error) {
					q.To = netip.AddrPortFrom(r.Hints().Servers[0].Addrs[0], 53)
					return r.Fleet.Exchange(ctx, q)
				})
			}
			report, err := client.CheckResolver(t.Context(), netip.MustParseAddrPort("192.0.2.200:53"))
			require.NoError(t, err)
			assert.Equal(t, test.verdict, report.Verdict, report.String())
			assert.Contains(t, report.String(), test.says)
			if test.verdict == dnsroot.Healthy && test.resolver.sentinels {
				assert.Equal(t, opskit.OK, report.Level(), report.String())
			}
		})
	}
}

// A question that was lost is no answer: nothing is made of it.
func TestLostQuestionsAreNoAnswersOfAResolver(t *testing.T) {
	fleet := start(t, dnsroottest.Config{NoIPv6: true})
	resolver := recursive{Fleet: fleet, validates: true, sentinels: true}
	for name, lost := range map[string]func(*dns.Msg) bool{
		". SOA, checked": func(m *dns.Msg) bool {
			return m.Question[0].Qtype == dns.TypeSOA && !m.CheckingDisabled && m.IsEdns0() != nil
		},
		". SOA, with checking disabled": func(m *dns.Msg) bool { return m.Question[0].Qtype == dns.TypeSOA && m.CheckingDisabled },
		". DNSKEY":                      func(m *dns.Msg) bool { return m.Question[0].Qtype == dns.TypeDNSKEY },
		". NS":                          func(m *dns.Msg) bool { return m.Question[0].Qtype == dns.TypeNS },
		"the names that are not there":  func(m *dns.Msg) bool { return m.Question[0].Qtype == dns.TypeA },
	} {
		client := fleet.Client()
		client.Exchanger = exchangerFunc(func(ctx context.Context, q dnsroot.Query) (dnsroot.Reply, error) {
			var m dns.Msg
			if err := m.Unpack(q.Wire); err == nil && lost(&m) {
				return dnsroot.Reply{}, dnsroot.ErrRefused
			}
			return resolver.Exchange(ctx, q)
		})
		r, err := client.CheckResolver(t.Context(), netip.MustParseAddrPort("192.0.2.200:53"))
		require.NoError(t, err)
		assert.NotEqual(t, opskit.OK, r.Level(), "%s: %s", name, r)
		assert.Contains(t, []dnsroot.Verdict{dnsroot.Unknown, dnsroot.Degraded, dnsroot.Healthy}, r.Verdict, "%s: %s", name, r)
	}
}

func TestCheckResolverEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	client := &dnsroot.Client{Exchanger: exchangerFunc(func(ctx context.Context, _ dnsroot.Query) (dnsroot.Reply, error) {
		<-ctx.Done()
		return dnsroot.Reply{}, errors.Join(dnsroot.ErrNotSent, ctx.Err())
	})}
	r, err := client.CheckResolver(ctx, netip.MustParseAddrPort("192.0.2.200:53"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Equal(t, dnsroot.Unknown, r.Verdict)
}
