//go:build linux && !opskit_portable

package ipsec_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/internal/lab"
	"github.com/opskit-go/opskit/ipsec/conf"
)

// What is predicted of each event is what two daemons do: whether a packet goes through
// again within seven seconds after it. An absence is longer than the one try that an
// end has; the crash and the stop end at once.
func TestBarRecoveryLive(t *testing.T) {
	lab.Need(t, "root", "netns", "tun", "program:ipsec", "program:swanctl", "program:ping")
	right, rows := 0, 0
	for _, opens := range []string{"1", "2", "12"} {
		for _, dpd := range []bool{true, false} {
			for _, event := range []string{"deleted", "crash", "orderly_stop", "long_stop", "long_absence"} {
				row := fmt.Sprintf("%s opens, DPD %v, %s", opens, dpd, event)
				if lab.Bars() != lab.Full && (opens != "1" || !dpd || event != "deleted" && (lab.Bars() == lab.Small || event != "crash")) {
					continue
				}
				a, b := recoveryTexts(opens, dpd)
				predicted := predict(t, a, b, event)
				ends := lab.Gateways(t, [2]string{"10.1.0.1/16", "10.2.0.1/16"}, [2]string{"192.0.2.1", "192.0.2.2"})
				ends[0].Files["swanctl.conf"], ends[1].Files["swanctl.conf"] = a, b
				order := []*lab.Gateway{ends[1], ends[0]}
				if opens == "2" {
					order = []*lab.Gateway{ends[0], ends[1]}
				}
				order[0].Start()
				order[1].Start()
				ping := func() bool { return ends[0].Ping("10.1.0.1", "10.2.0.1", time.Second) }
				lab.Eventually(t, 30*time.Second, row+": the tunnel", ping)
				if event == "deleted" {
					ends[1].Run("swanctl --terminate --ike branch")
				} else {
					ends[1].End(strings.HasSuffix(event, "stop"))
					for range 6 { // a second each, since nobody answers
						if strings.HasPrefix(event, "long") {
							require.False(t, ping(), row)
						}
					}
					ends[1].Start()
				}
				back := false
				for range 7 {
					back = back || ping()
				}
				rows++
				if assert.Equal(t, predicted, back, row) {
					right++
				}
			}
		}
	}
	lab.Bar(t, "recovery-live", "%d of %d predictions as measured", right, rows)
}

// predict is what Mirror says of an event at the second end.
func predict(t *testing.T, a, b, event string) bool {
	t.Helper()
	for _, r := range mirrorTexts(t, a, b, conf.DialectSwanctl).Recovery {
		if r.At == "b" && r.Event == event {
			return r.Returns
		}
	}
	require.Fail(t, "no prediction", event)
	return false
}

// recoveryTexts are a pair of which the named ends open the tunnel, open it again when
// it is closed, and try once.
func recoveryTexts(opens string, dpd bool) (a, b string) {
	a = strings.NewReplacer("keyingtries = 0", "keyingtries = 1", "dpd_delay = 10s", "dpd_delay = 1s",
		"version = 2", "version = 2\n      mobike = no").Replace(swanctlWest) // an update of its addresses shows an end without DPD that the other is gone
	if !dpd {
		a = strings.Replace(a, "      dpd_delay = 1s\n", "", 1)
	}
	b = strings.NewReplacer("192.0.2.1", "192.0.2.2", "192.0.2.2", "192.0.2.1", "west", "east", "east", "west", "10.1.0", "10.2.0", "10.2.0", "10.1.0").Replace(a)
	passive := strings.NewReplacer("            start_action = start\n", "", "            dpd_action = restart\n", "", "            close_action = start\n", "")
	if !strings.Contains(opens, "1") {
		a = passive.Replace(a)
	}
	if !strings.Contains(opens, "2") {
		b = passive.Replace(b)
	}
	return a, b
}
