package dnsroot_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/dnsroottest"
	"github.com/opskit-go/opskit/internal/lab"
)

// One letter that loses a third of one path is not healthy; a fleet that loses
// one datagram in 200 is.
func TestBarLoss(t *testing.T) {
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
	lab.Bar(t, "dnsroot_forged", "suspicious in %d of %d, both answers named", named, sweeps)
}
