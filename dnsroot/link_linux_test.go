//go:build linux

package dnsroot_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/dnsroot"
	"github.com/opskit-go/opskit/dnsroot/dnsroottest"
	"github.com/opskit-go/opskit/internal/lab"
)

// With this host's only link full no letter is blamed, and the answer is there
// within the time that was set.
func TestBarFullLink(t *testing.T) {
	sweeps := map[lab.Size]int{lab.Small: 0, lab.CI: 1, lab.Full: 20}[lab.Bars()]
	if sweeps == 0 {
		lab.Bar(t, "dnsroot_full_link", "small")
		return
	}
	lab.Need(t, "program:tc")
	if !lab.Inside(t, func() *lab.NS { return lab.NewNS(t) }) {
		return
	}
	fleet := start(t, dnsroottest.Config{})
	client := fleet.Client()
	client.Within = 15 * time.Second
	blamed, longest := 0, time.Duration(0)
	for i := range sweeps {
		rate := 300 + rand.New(rand.NewPCG(uint64(i), 31)).IntN(701)
		command(t, "tc", "qdisc", "replace", "dev", "lo", "root", "tbf", "rate", fmt.Sprintf("%dkbit", rate), "burst", "4000", "latency", "400ms")
		s, err := client.Sweep(t.Context())
		require.NoError(t, err)
		longest = max(longest, s.Took)
		a := dnsroot.Assess(s)
		for _, r := range a.Servers {
			if r.Verdict != dnsroot.Healthy && r.Verdict != dnsroot.Unknown {
				blamed++
				t.Logf("%d kbit: %s", rate, r)
			}
		}
		assert.NotEqual(t, dnsroot.Degraded, a.Verdict, "%d kbit: %s", rate, a)
	}
	assert.Zero(t, blamed)
	assert.Less(t, longest, 2*client.Within)
	lab.Bar(t, "dnsroot_full_link", "%d letters blamed in %d sweeps, the longest of %s where %s were given", blamed, sweeps, longest.Round(100*time.Millisecond), client.Within)
}
