package ipsec_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/opskit-go/opskit/ipsec"
	"github.com/opskit-go/opskit/ipsec/conf"
)

// What two strongSwan daemons did after each event at the second end, in namespaces:
// whether a packet went through again within 12 s, the absence being longer than the
// one try that they had.
func TestRecoveryPredictsWhatWasMeasured(t *testing.T) {
	opening := []string{"            start_action = start\n", "            dpd_action = restart\n", "            close_action = start\n"}
	for _, c := range []struct {
		opens   string // which end has start, restart and start
		dpd     bool
		event   string
		returns bool
	}{
		{"1", true, "crash", true},
		{"1", true, "long_absence", false},
		{"1", true, "orderly_stop", true},
		{"1", true, "long_stop", false},
		{"1", true, "deleted", true},
		{"1", false, "crash", false},
		{"1", false, "long_absence", false},
		{"1", false, "orderly_stop", true},
		{"1", false, "long_stop", false},
		{"1", false, "deleted", true},
		{"2", true, "crash", true},
		{"2", true, "orderly_stop", true},
		{"2", true, "long_absence", true},
		{"2", true, "deleted", false},
		{"2", false, "crash", true},
	} {
		text := func(end string) string {
			text := strings.Replace(swanctlWest, "keyingtries = 0", "keyingtries = 1", 1)
			if end == "2" {
				text = strings.NewReplacer("192.0.2.1", "192.0.2.2", "192.0.2.2", "192.0.2.1", "west", "east", "east", "west", "10.1.0", "10.2.0", "10.2.0", "10.1.0").Replace(text)
			}
			if end != c.opens {
				for _, line := range opening {
					text = strings.Replace(text, line, "", 1)
				}
			}
			if !c.dpd {
				text = strings.Replace(text, "      dpd_delay = 10s\n", "", 1)
			}
			return text
		}
		ca, err := conf.Parse("1.conf", text("1"), conf.DialectSwanctl)
		require.NoError(t, err)
		cb, err := conf.Parse("2.conf", text("2"), conf.DialectSwanctl)
		require.NoError(t, err)
		found := false
		for _, r := range ipsec.Mirror(ipsec.End{Name: "1", Conf: ca}, ipsec.End{Name: "2", Conf: cb}).Recovery {
			if r.At == "2" && r.Event == c.event {
				found = true
				assert.Equal(t, c.returns, r.Returns, "%v: %s", c, r.Why)
				assert.NotEmpty(t, r.Why)
			}
		}
		assert.True(t, found, fmt.Sprint(c))
	}
}
