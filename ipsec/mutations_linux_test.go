//go:build linux && !opskit_portable

package ipsec_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/conf"
)

const sharedKey = ": PSK \"k9Xo2aMSVn1pDz0Wf3yHq7LkTbUcR5eJg\"\n"

// What the table of mutations says of strongSwan is what two daemons do. Left out are
// a tunnel that waits for a packet and a file with which the daemon does not start.
func TestBarMutationsLive(t *testing.T) {
	lab.Need(t, "root", "netns", "tun", "program:ipsec", "program:swanctl")
	step := map[lab.Size]int{lab.Small: 1000, lab.CI: 17, lab.Full: 1}[lab.Bars()]
	tried, came := 0, 0
	for i, m := range mutations(t) {
		if !conf.Strong(m.dialect) || i%step != 0 || m.right == "odd" || strings.Contains(m.changes, "auto=route") || strings.Contains(m.changes, "also=") {
			continue
		}
		t.Run(m.changes, func(t *testing.T) {
			ends := lab.Gateways(t, [2]string{"10.1.0.1/16", "10.2.0.1/16"}, [2]string{"192.0.2.10", "198.51.100.20"}, [2]string{"192.0.2.1", "192.0.2.2"})
			ends[0].NS.Run("ip", "address", "add", "10.3.0.1/16", "dev", "lo")
			a, b := m.texts(t)
			for i, text := range []string{a, b} {
				name := "ipsec.conf"
				if m.dialect == conf.DialectSwanctl {
					name = "swanctl.conf"
				}
				ends[i].Files = map[string]string{name: text, "ipsec.secrets": sharedKey}
			}
			ends[1].Start()
			ends[0].Start()
			up := false
			looks := 0
			lab.Eventually(t, time.Minute, "an end", func() bool {
				looks++
				s, err := ipsec.ParseStatus("ipsec statusall", ends[0].Run("ipsec statusall"))
				up = err == nil && slices.ContainsFunc(s.Child, func(sa ipsec.SA) bool { return sa.Established })
				return up || looks > 40 || slices.ContainsFunc([]string{"_CHOSEN notify", "_FAILED notify", "no config named", "no CHILD_SA built", "giving up after"},
					func(end string) bool { return strings.Contains(ends[0].Log(), end) })
			})
			tried++
			if up {
				came++
			}
			assert.Equal(t, m.right == "up" || m.right == "sound", up, "%s: %s", m.changes, m.why)
		})
	}
	lab.Bar(t, "mutations-live", "%d pairs of strongSwan, of which %d came up, as the table says", tried, came)
}
