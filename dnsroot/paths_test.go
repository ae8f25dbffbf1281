package dnsroot_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/dnsroottest"
	"github.com/opskit-go/opskit/internal/lab"
)

// One letter that loses a third of one path is not healthy; a fleet that loses
// one datagram in 200 is.
func TestBarLoss(t *testing.T) {
	t.Parallel()
	sweeps := map[lab.Size]int{lab.Small: 1, lab.CI: 3, lab.Full: 50}[lab.Bars()]
	healthy, whole := 0, 0
	for i := range sweeps {
		rng := rand.New(rand.NewPCG(uint64(i), 30))
		fleet := start(t, dnsroottest.Config{NoIPv6: true})
		client := fleet.Client()
		client.Timeout = 400 * time.Millisecond
		client.Exchanger = losing(fleet, rng, func(q dnsroot.Query) float64 {
			if q.To.Addr() == fleet.Hints().Servers[10].Addrs[0] && q.Over == dnsroot.TransportUDP {
				return 0.3
			}
			return 0
		})
		if report(t, dnsroot.Assess(sweep(t, client)), "k").Verdict == dnsroot.Healthy {
			healthy++
		}
		client.Exchanger = losing(fleet, rng, func(q dnsroot.Query) float64 { return map[bool]float64{true: 0.005}[q.To.Addr().Is4()] })
		if a := dnsroot.Assess(sweep(t, client)); a.Verdict == dnsroot.Healthy {
			whole++
		} else {
			t.Log(a)
		}
	}
	assert.LessOrEqual(t, healthy, max(1, sweeps/50))
	assert.GreaterOrEqual(t, whole, sweeps-max(1, sweeps/25))
	lab.Bar(t, "dnsroot_loss", "30 %% lost on one path: healthy in %d of %d; one datagram in 200 of all: healthy in %d of %d", healthy, sweeps, whole, sweeps)
}

// A forged answer before the true one, with the right id: both are named.
func TestBarForgedFirst(t *testing.T) {
	t.Parallel()
	sweeps := map[lab.Size]int{lab.Small: 1, lab.CI: 5, lab.Full: 100}[lab.Bars()]
	named := 0
	for range sweeps {
		fleet := start(t, dnsroottest.Config{NoIPv6: true})
		require.NoError(t, fleet.Set("k", dnsroottest.Fault{Transport: dnsroot.TransportUDP, Forged: true}))
		client := fleet.Client()
		client.Hints.Servers = client.Hints.Servers[8:]
		a := dnsroot.Assess(sweep(t, client))
		if report(t, a, "k").Verdict == dnsroot.Suspicious && report(t, a, "j").Verdict == dnsroot.Healthy {
			named++
		}
		assert.Contains(t, a.String(), "bogus, after")
		assert.Contains(t, a.String(), "secure, after")
	}
	assert.Equal(t, sweeps, named)
	normal := 0
	fleet := start(t, dnsroottest.Config{NoIPv6: true})
	client := fleet.Client()
	client.Linger = 20 * time.Millisecond
	for normal < 100*sweeps {
		s := sweep(t, client)
		for _, p := range s.Probes {
			normal += len(p.RTT)
			assert.Empty(t, p.Doubled)
			assert.Empty(t, p.Discarded)
		}
		for _, r := range dnsroot.Assess(s).Servers {
			assert.NotEqual(t, dnsroot.Suspicious, r.Verdict, r)
		}
	}
	lab.Bar(t, "dnsroot_forged", "suspicious in %d of %d, both answers named, and in none of %d normal answers", named, sweeps, normal)
}

// Where everything loses some, all are asked on three times, each time at the
// same pace: the answer is there within half a minute, or within what is given,
// and nobody is blamed for what there was no time to ask.
func TestAskingOnIsBounded(t *testing.T) {
	for _, within := range []time.Duration{0, 10 * time.Millisecond, 300 * time.Millisecond, 3 * time.Second, 8 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			var asked sync.Map // of each path, so that none loses more than the others
			client := &dnsroot.Client{Within: within, Exchanger: exchangerFunc(func(ctx context.Context, q dnsroot.Query) (dnsroot.Reply, error) {
				n, _ := asked.LoadOrStore(fmt.Sprint(q.To, q.Over), new(atomic.Int64))
				if n.(*atomic.Int64).Add(1)%12 == 0 {
					<-ctx.Done()
					return dnsroot.Reply{}, dnsroot.ErrNoAnswer
				}
				var m dns.Msg
				if err := m.Unpack(q.Wire); err != nil {
					return dnsroot.Reply{}, err
				}
				m.SetReply(&m).Authoritative = true
				if m.Question[0].Qtype == dns.TypeSOA {
					m.Answer = append(m.Answer, &dns.SOA{Hdr: dns.RR_Header{Name: ".", Rrtype: dns.TypeSOA, Class: dns.ClassINET}, Ns: ".", Mbox: ".", Serial: 1})
				}
				wire, err := m.Pack()
				return dnsroot.Reply{Wire: wire, RTT: time.Millisecond}, err
			})}
			s := sweep(t, client)
			most := 0
			for _, p := range s.Probes {
				most = max(most, p.Small.Sent+p.Large.Sent)
			}
			a := dnsroot.Assess(s)
			if within == 0 {
				assert.GreaterOrEqual(t, most, 64, "asked on to the end")
				assert.Less(t, s.Took, 30*time.Second)
				return
			}
			assert.LessOrEqual(t, s.Took, within)
			assert.Contains(t, a.String(), "what was not asked yet (the sweep was ended after "+within.String())
			for _, r := range a.Servers {
				assert.Equal(t, dnsroot.Unknown, r.Verdict, "%s: %s", within, r)
			}
		})
	}
}

// What twelve of thirteen letters show alike is this host's or the path's,
// whoever of them is left out.
func TestMostLettersAlikeAreThePath(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault    dnsroottest.Fault
		letters  dnsroot.Verdict
		together dnsroot.Verdict
	}{
		"unsigned":                       {dnsroottest.Fault{Unsigned: true}, dnsroot.Unknown, dnsroot.Unknown},
		"unsigned over UDP":              {dnsroottest.Fault{Unsigned: true, Transport: dnsroot.TransportUDP}, dnsroot.Unknown, dnsroot.Unknown},
		"signed by another":              {dnsroottest.Fault{Rogue: true}, dnsroot.Unknown, dnsroot.Unknown},
		"changed":                        {dnsroottest.Fault{WrongAnswer: true}, dnsroot.Unknown, dnsroot.Unknown},
		"refused":                        {dnsroottest.Fault{Rcode: 5}, dnsroot.Unknown, dnsroot.Unknown},
		"rewritten":                      {dnsroottest.Fault{Rewritten: true}, dnsroot.Suspicious, dnsroot.Suspicious},
		"the thirteenth's identity":      {dnsroottest.Fault{Identity: "m1.ams.m.root"}, dnsroot.Suspicious, dnsroot.Suspicious},
		"an identity that names nobody":  {dnsroottest.Fault{Identity: "dns-cache-4"}, dnsroot.Suspicious, dnsroot.Suspicious},
		"the thirteenth's, in its words": {dnsroottest.Fault{Identity: "m4-nrt"}, dnsroot.Suspicious, dnsroot.Suspicious},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fleet := start(t, dnsroottest.Config{NoIPv6: true})
			for _, s := range fleet.Hints().Servers[:12] {
				require.NoError(t, fleet.Set(s.Name, test.fault))
			}
			a := dnsroot.Assess(sweep(t, patient(fleet, test.fault)))
			assert.Equal(t, test.together, a.Verdict, a.String())
			assert.Contains(t, a.String(), "  path IPv4")
			for _, r := range a.Servers[:12] {
				assert.Equal(t, test.letters, r.Verdict, r.String())
			}
			assert.Equal(t, dnsroot.Healthy, a.Servers[12].Verdict, a.String())
		})
	}
}
